"""The checks of Kafka from one vantage: addresses, records, offsets, and cleaning up.

Python 3.9, standard library only. Each public method of Vantage is a check: it returns the message
of success, and raises an error otherwise.
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
"""Codes for a topic or group that does not exist, so there is nothing to delete."""


class Vantage:
    """The checks from one vantage, with a topic and a consumer group of its own.

    Args:
        run: the run, for its time limit.
        name: "inside" or "host".
        dial: connects from this vantage.
        bootstrap: the recorded address for this vantage.
        brokers: the expected number of brokers.
    """

    def __init__(
        self, run: Verification, name: str, dial: Dial, bootstrap: Address, brokers: int
    ) -> None:
        self._client = Client(dial, bootstrap, run.remaining)
        self._bootstrap = bootstrap
        self._expected = brokers
        self._name = f"learnflow-verify-{name}-{uuid.uuid4().hex[:12]}"
        self._brokers: Dict[int, Address] = {}
        self._leaders: Dict[int, int] = {}
        self._written: Dict[int, List[Record]] = {}
        self._undo: List[Callable[[], None]] = []

    def reaches_brokers(self) -> str:
        """Connect to the advertised address of every broker, starting at the bootstrap address."""
        self._brokers = self._client.metadata().brokers
        if len(self._brokers) != self._expected:
            count = f"{len(self._brokers)} of {self._expected}"
            raise CheckFailed(f"{count} brokers are registered: {self._addresses()}")
        with ThreadPoolExecutor() as pool:  # from a pod, each connection needs a kubectl
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
        """Write records with acks=all, and read the same records back in order."""
        for partition in range(PARTITIONS):
            self._written[partition] = self._write(partition)
        for partition, written in self._written.items():
            _compare(partition, written, self._read(partition, len(written)))
        return (
            f"{RECORDS} records with unique keys over {PARTITIONS} partitions, equal and in order"
        )

    def keeps_offsets(self) -> str:
        """Commit offsets for a consumer group, and read them back."""
        offsets = {partition: len(written) for partition, written in self._written.items()}
        self._undo.append(self._delete_group)
        self._coordinated(lambda at: self._client.commit(at, self._name, self._name, offsets))
        committed = self._coordinated(
            lambda at: self._client.committed(at, self._name, self._name, sorted(offsets))
        )
        if committed != offsets:
            raise CheckFailed(f"committed {offsets}, read back {committed}")
        return f"{sum(offsets.values())} over {len(offsets)} partitions read back"

    def cleans_up(self) -> str:
        """Delete the group and the topic if they were created; close the connections."""
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
        return f"{count} of its own objects deleted"

    @property
    def needs_cleaning(self) -> bool:
        """Whether a topic or group was created and not yet deleted."""
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
            raise CheckFailed(f"the first record of a new partition has offset {begin}, not 0")
        return records

    def _read(self, partition: int, count: int) -> List[Record]:
        records: List[Record] = []
        fetch = partial(self._client.fetch, self._leader(partition), self._name, partition)
        while len(records) < count:
            more = self._client.settled(partial(fetch, offset=len(records)))
            if not more:
                raise CheckFailed(
                    f"partition {partition}: {len(records)} of {count} records were read back"
                )
            records += more
        return records

    def _coordinated(self, call: Callable[[Address], T]) -> T:
        return self._client.settled(lambda: call(self._client.coordinator(self._name)))

    def _delete_topic(self) -> None:
        self._client.settled(lambda: self._client.delete_topic(self._name), 2)

    def _delete_group(self) -> None:
        self._coordinated(lambda at: self._client.delete_group(at, self._name))


def _compare(partition: int, written: List[Record], read: List[Record]) -> None:
    if [record.offset for record in read] != list(range(len(written))):
        raise CheckFailed(f"partition {partition}: the offsets have gaps or another order")
    for sent, got in zip(written, read):  # noqa: B905 - Python 3.9; both have the same length
        if (sent.key, sent.value, sent.timestamp) != (got.key, got.value, got.timestamp):
            raise CheckFailed(
                f"partition {partition}, offset {got.offset}: differs from the record written"
            )


def _text(address: Any) -> str:
    return f"{address[0]}:{address[1]}"
