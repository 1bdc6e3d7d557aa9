"""What is checked of Kafka from one vantage: addresses, records, offsets, and cleaning up.

Python 3.9, standard library only. Each function of Vantage is a check: it returns what to say
of success, and raises otherwise.
"""

from __future__ import annotations

import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Callable, Dict, List, TypeVar

from kafka_client import Address, Client
from kafka_codec import CodecError
from kafka_connection import KafkaError
from kafka_records import Record
from verification import CheckFailed, Dial, Verification

T = TypeVar("T")

PARTITIONS = 3
RECORDS = 100
GONE = (3, 69)
"""Codes that say that what is to be deleted is not there."""


class Vantage:
    """The checks of one run from one vantage, with a topic and a group of their own.

    Args:
        run: the run, for its time limit.
        name: "inside" or "host".
        dial: connects from there.
        bootstrap: the recorded address for it.
        brokers: how many brokers there have to be.
    """

    def __init__(
        self, run: Verification, name: str, dial: Dial, bootstrap: Address, brokers: int
    ) -> None:
        self._client = Client(dial, bootstrap, run.remaining)
        self._bootstrap = bootstrap
        self._wanted = brokers
        self._name = f"learnflow-verify-{name}-{uuid.uuid4().hex[:12]}"
        self._brokers: Dict[int, Address] = {}
        self._leaders: Dict[int, int] = {}
        self._written: Dict[int, List[Record]] = {}
        self._undo: List[Callable[[], None]] = []

    def reaches_brokers(self) -> str:
        """Follow the address of every broker that the bootstrap address names."""
        self._brokers = self._client.metadata().brokers
        if len(self._brokers) != self._wanted:
            count = f"{len(self._brokers)} of {self._wanted}"
            raise CheckFailed(f"{count} brokers are registered: {self._addresses()}")
        with ThreadPoolExecutor() as pool:  # from a pod, each takes a kubectl
            list(pool.map(self._reach, self._brokers))
        return f"{_text(self._bootstrap)} leads to {self._addresses()}"

    def creates_topic(self) -> str:
        """Create the topic; every partition gets a leader."""
        replicas = min(3, len(self._brokers))
        self._undo.append(self._delete_topic)
        self._leaders = self._client.create_topic(self._name, PARTITIONS, replicas)
        leaders = sorted(set(self._leaders.values()))
        return f"{PARTITIONS} partitions, {replicas} replicas, led by {leaders}"

    def keeps_records(self) -> str:
        """Write records with acks=all through their leaders, and read the same ones in order."""
        for partition in range(PARTITIONS):
            self._written[partition] = self._write(partition)
        for partition, written in self._written.items():
            _compare(partition, written, self._read(partition, len(written)))
        return (
            f"{RECORDS} records with unique keys over {PARTITIONS} partitions, equal and in order"
        )

    def keeps_offsets(self) -> str:
        """Commit offsets of a consumer group and read them back."""
        offsets = {partition: len(written) for partition, written in self._written.items()}
        self._undo.append(self._delete_group)
        self._coordinated(lambda at: self._client.commit(at, self._name, self._name, offsets))
        found = self._coordinated(
            lambda at: self._client.committed(at, self._name, self._name, sorted(offsets))
        )
        if found != offsets:
            raise CheckFailed(f"committed {offsets}, read back {found}")
        return f"{sum(offsets.values())} over {len(offsets)} partitions read back"

    def cleans_up(self) -> str:
        """Delete the group and the topic, where they were made; close the connections."""
        count = len(self._undo)
        try:
            while self._undo:
                try:
                    self._undo.pop()()
                except KafkaError as error:
                    if error.code not in GONE:
                        raise
        finally:
            self._client.close()
        return f"{count} of its own things deleted"

    @property
    def anything_made(self) -> bool:
        """Whether there is something to clean up."""
        return bool(self._undo)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _reach(self, node: int) -> None:
        try:
            self._client.connection(self._brokers[node])
        except (OSError, CodecError, KafkaError) as error:
            raise CheckFailed(
                f"broker {node} advertises {_text(self._brokers[node])} to clients of "
                f"{_text(self._bootstrap)}, and no Kafka broker is reached there: {error}"
            ) from error

    def _addresses(self) -> str:
        return ", ".join(f"{node}={_text(at)}" for node, at in sorted(self._brokers.items()))

    def _leader(self, partition: int) -> Address:
        return self._brokers[self._leaders[partition]]

    def _write(self, partition: int) -> List[Record]:
        now = int(time.time() * 1000)
        records = [
            Record(
                f"{self._name}/{number}".encode(), f"récord {number} {uuid.uuid4()}".encode(), now
            )
            for number in range(partition, RECORDS, PARTITIONS)
        ]
        leader = self._leader(partition)
        begin = self._client.settled(
            lambda: self._client.produce(leader, self._name, partition, records)
        )
        if begin != 0:
            raise CheckFailed(f"the first record of a new partition was given offset {begin}")
        return records

    def _read(self, partition: int, count: int) -> List[Record]:
        found: List[Record] = []
        fetch = partial(self._client.fetch, self._leader(partition), self._name, partition)
        while len(found) < count:
            more = self._client.settled(partial(fetch, offset=len(found)))
            if not more:
                raise CheckFailed(
                    f"partition {partition}: {len(found)} of {count} records came back"
                )
            found += more
        return found

    def _coordinated(self, call: Callable[[Address], T]) -> T:
        return self._client.settled(lambda: call(self._client.coordinator(self._name)))

    def _delete_topic(self) -> None:
        self._client.settled(lambda: self._client.delete_topic(self._name), 2)

    def _delete_group(self) -> None:
        self._coordinated(lambda at: self._client.delete_group(at, self._name))


def _compare(partition: int, written: List[Record], read: List[Record]) -> None:
    if [record.offset for record in read] != list(range(len(written))):
        raise CheckFailed(f"partition {partition}: the offsets have gaps or another order")
    for ours, theirs in zip(written, read):  # noqa: B905 - Python 3.9; both are equally long here
        if (ours.key, ours.value, ours.timestamp) != (theirs.key, theirs.value, theirs.timestamp):
            raise CheckFailed(
                f"partition {partition}, offset {theirs.offset}: not what was written"
            )


def _text(address: Any) -> str:
    return f"{address[0]}:{address[1]}"
