"""A small Kafka client. It connects to leaders and coordinators at their advertised addresses.

Python 3.9, standard library only. For verification only: no compression, no security, no
rebalancing, one request at a time.
"""

from __future__ import annotations

import time
from typing import Callable, Dict, List, NamedTuple, Sequence, Tuple, TypeVar

import kafka_connection as kafka
import kafka_records
from kafka_codec import Reader, Writer
from kafka_connection import Connection, KafkaError, require
from kafka_records import Record

T = TypeVar("T")
Address = Tuple[str, int]


class Metadata(NamedTuple):
    """What the cluster reports to clients of one listener."""

    brokers: Dict[int, Address]
    """Node id to advertised address."""
    leaders: Dict[int, int]
    """Partition of the requested topic to its leader's node id."""


class Client:
    """The brokers of one cluster; a connection is opened at its first use and kept.

    Args:
        dial: opens a socket to (host, port); raises OSError.
        bootstrap: the first address; also used for metadata and administration.
        remaining: seconds until the run's timeout, at most its argument.
    """

    def __init__(
        self,
        dial: Callable[[str, int], object],
        bootstrap: Address,
        remaining: Callable[[float], float],
    ) -> None:
        self._dial = dial
        self._bootstrap = bootstrap
        self._remaining = remaining
        self._open: Dict[Address, Connection] = {}

    def connection(self, address: Address) -> Connection:
        """Return the connection to an address; the first call opens it.

        Raises:
            OSError: the address cannot be reached.
        """
        if address not in self._open:
            connection = Connection(self._dial(*address))  # type: ignore[arg-type]
            try:
                connection.negotiate()
            except BaseException:
                connection.close()
                raise
            self._open[address] = connection
        return self._open[address]

    def begin(self) -> Connection:
        """Return the connection to the bootstrap address."""
        return self.connection(self._bootstrap)

    def close(self) -> None:
        """Close every connection."""
        for connection in self._open.values():
            connection.close()
        self._open.clear()

    def settled(self, attempt: Callable[[], T], most: float = 10) -> T:
        """Return the result of `attempt`; retry it while its error code is transient.

        Args:
            attempt: a call of this client.
            most: seconds, within the run's own timeout.

        Raises:
            KafkaError: a permanent error, or a transient one that lasted too long.
        """
        end = time.monotonic() + self._remaining(most)
        while True:
            try:
                return attempt()
            except KafkaError as error:
                if error.code not in kafka.TRANSIENT or time.monotonic() >= end:
                    raise
                time.sleep(0.03)

    def metadata(self, topic: str = "") -> Metadata:
        """Request the brokers and, for a topic, the leaders of its partitions.

        Raises:
            KafkaError: the topic, or the leader of a partition, does not exist (yet).
        """
        body = Writer().array([topic] if topic else [], lambda w, name: w.string(name)).pack("b", 0)
        answer = self.begin().call(kafka.METADATA, body.done())
        answer.number("i")
        brokers = answer.array(lambda r: (r.number("i"), (r.text(), r.number("i")), r.string()))
        answer.string()
        answer.number("i")
        leaders: Dict[int, int] = {}
        for code, partitions in answer.array(_topic):
            require(f"metadata of {topic}", code)
            for code_of_partition, partition, leader in partitions:
                require(f"leader of {topic}-{partition}", code_of_partition)
                leaders[partition] = leader
        return Metadata({node: address for node, address, _rack in brokers}, leaders)

    def create_topic(self, name: str, partitions: int, replicas: int) -> Dict[int, int]:
        """Create a topic, wait for its leaders, and return them by partition.

        Raises:
            KafkaError: the cluster refused the request.
        """
        # Defaults of the brokers would change the records, or delete them before they are read.
        settings = [
            ("compression.type", "producer"),
            ("cleanup.policy", "delete"),
            ("message.timestamp.type", "CreateTime"),
            ("retention.ms", "3600000"),
            ("retention.bytes", "-1"),
        ]
        body = Writer().pack("i", 1).string(name).pack("ihi", partitions, replicas, 0)
        body.array(settings, lambda w, pair: w.string(pair[0]).string(pair[1]))
        body.pack("ib", 10_000, 0)
        answer = self.begin().call(kafka.CREATE_TOPICS, body.done())
        answer.number("i")
        for _name, code, message in answer.array(lambda r: (r.string(), r.number("h"), r.text())):
            require(f"creating topic {name}", code, message)

        def all_led() -> Dict[int, int]:
            leaders = self.metadata(name).leaders
            if len(leaders) != partitions:
                raise KafkaError(f"{len(leaders)} of {partitions} partitions", 5)
            return leaders

        return self.settled(all_led)

    def delete_topic(self, name: str) -> None:
        """Delete a topic.

        Raises:
            KafkaError: the cluster refused the request.
        """
        body = Writer().pack("i", 1).string(name).pack("i", 10_000).done()
        answer = self.begin().call(kafka.DELETE_TOPICS, body)
        answer.number("i")
        for _name, code in answer.array(lambda r: (r.string(), r.number("h"))):
            require(f"deleting topic {name}", code)

    def produce(
        self, leader: Address, topic: str, partition: int, records: Sequence[Record]
    ) -> int:
        """Write records with acks=all and return the offset of the first.

        Raises:
            KafkaError: not all in-sync replicas acknowledged the records.
        """
        body = Writer().string(None).pack("hi", -1, 10_000)  # no transaction, acks=all, 10 s
        body.pack("i", 1).string(topic).pack("ii", 1, partition).blob(kafka_records.encode(records))
        answer = self.connection(leader).call(kafka.PRODUCE, body.done())
        results = answer.array(
            lambda r: (
                r.string(),
                r.array(lambda p: (p.number("i"), p.number("h"), p.number("q"), p.raw(16))),
            )
        )
        _partition, code, offset, _times = results[0][1][0]
        require(f"producing to {topic}-{partition}", code)
        return offset

    def fetch(self, leader: Address, topic: str, partition: int, offset: int) -> List[Record]:
        """Read records from `offset` on, at most 1 MiB; wait up to 0.5 s for the first.

        Raises:
            KafkaError: the broker refused the request.
        """
        body = Writer().pack("iiiib", -1, 500, 1, 1 << 20, 0)
        body.pack("i", 1).string(topic).pack("iiqi", 1, partition, offset, 1 << 20)
        answer = self.connection(leader).call(kafka.FETCH, body.done())
        answer.number("i")
        topics = answer.array(lambda r: (r.string(), r.array(_fetched)))
        code, data = topics[0][1][0]
        require(f"fetching {topic}-{partition}", code)
        return [record for record in kafka_records.decode(data) if record.offset >= offset]

    def coordinator(self, group: str) -> Address:
        """Return the address of a consumer group's coordinator.

        Raises:
            KafkaError: the group has no coordinator (yet).
        """
        body = Writer().string(group).pack("b", 0).done()
        answer = self.begin().call(kafka.FIND_COORDINATOR, body)
        answer.number("i")
        require(f"coordinator of {group}", answer.number("h"), answer.text())
        answer.number("i")
        return answer.text(), answer.number("i")

    def commit(self, where: Address, group: str, topic: str, offsets: Dict[int, int]) -> None:
        """Commit offsets by partition, as a consumer without members does.

        Raises:
            KafkaError: the coordinator refused the offsets.
        """
        body = Writer().string(group).pack("i", -1).string("").pack("i", 1).string(topic)
        body.array(sorted(offsets.items()), lambda w, pair: w.pack("iq", *pair).string(""))
        answer = self.connection(where).call(kafka.OFFSET_COMMIT, body.done())
        answer.number("i")
        for _topic, partitions in answer.array(
            lambda r: (r.string(), r.array(lambda p: (p.number("i"), p.number("h"))))
        ):
            for partition, code in partitions:
                require(f"committing {topic}-{partition}", code)

    def committed(
        self, where: Address, group: str, topic: str, partitions: List[int]
    ) -> Dict[int, int]:
        """Read committed offsets back, by partition.

        Raises:
            KafkaError: the coordinator refused the request.
        """
        body = Writer().string(group).pack("i", 1).string(topic)
        body.array(partitions, lambda w, partition: w.pack("i", partition))
        answer = self.connection(where).call(kafka.OFFSET_FETCH, body.done())
        answer.number("i")
        topics = answer.array(lambda r: (r.string(), r.array(_committed)))
        require(f"offsets of {group}", answer.number("h"))
        for partition, _offset, code in topics[0][1]:
            require(f"offset of {topic}-{partition}", code)
        return {partition: offset for partition, offset, _code in topics[0][1]}

    def delete_group(self, where: Address, group: str) -> None:
        """Delete a consumer group.

        Raises:
            KafkaError: the coordinator refused the request.
        """
        answer = self.connection(where).call(
            kafka.DELETE_GROUPS, Writer().pack("i", 1).string(group).done()
        )
        answer.number("i")
        for _group, code in answer.array(lambda r: (r.string(), r.number("h"))):
            require(f"deleting group {group}", code)


def _topic(reader: Reader) -> Tuple[int, List[Tuple[int, int, int]]]:
    code = reader.number("h")
    reader.string()
    reader.number("b")
    return code, reader.array(_partition)


def _partition(reader: Reader) -> Tuple[int, int, int]:
    code, partition, leader = reader.number("h"), reader.number("i"), reader.number("i")
    reader.array(lambda r: r.number("i"))  # replicas
    reader.array(lambda r: r.number("i"))  # in-sync replicas
    return code, partition, leader


def _fetched(reader: Reader) -> Tuple[int, bytes]:
    reader.number("i")
    code = reader.number("h")
    reader.raw(16)  # high watermark, last stable offset
    reader.array(lambda r: r.raw(16))
    return code, reader.blob()


def _committed(reader: Reader) -> Tuple[int, int, int]:
    partition, offset = reader.number("i"), reader.number("q")
    reader.string()
    return partition, offset, reader.number("h")
