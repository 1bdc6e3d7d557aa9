"""One connection to a broker: requests, their versions, error codes.

Python 3.9, standard library only. Each request has the newest version without "flexible" encoding;
Kafka 2.1 to 4.x support these versions (KIP-896 removed older ones in Kafka 4.0). The broker's
answer to ApiVersions is checked before a request is sent.
"""

from __future__ import annotations

import socket  # noqa: TC003 - annotations only, but one import is simpler
from typing import Dict, NamedTuple, Tuple

from kafka_codec import CodecError, Reader, Writer

CLIENT_ID = "learnflow-verify"
_MOST_BYTES = 64 << 20


class Api(NamedTuple):
    """A request's key, and the version that this client sends."""

    name: str
    key: int
    version: int


PRODUCE = Api("Produce", 0, 7)
FETCH = Api("Fetch", 1, 4)
METADATA = Api("Metadata", 3, 4)
OFFSET_COMMIT = Api("OffsetCommit", 8, 5)
OFFSET_FETCH = Api("OffsetFetch", 9, 3)
FIND_COORDINATOR = Api("FindCoordinator", 10, 2)
API_VERSIONS = Api("ApiVersions", 18, 0)
CREATE_TOPICS = Api("CreateTopics", 19, 4)
DELETE_TOPICS = Api("DeleteTopics", 20, 3)
DELETE_GROUPS = Api("DeleteGroups", 42, 1)

ERRORS = {
    1: "OFFSET_OUT_OF_RANGE",
    2: "CORRUPT_MESSAGE",
    3: "UNKNOWN_TOPIC_OR_PARTITION",
    5: "LEADER_NOT_AVAILABLE",
    6: "NOT_LEADER_OR_FOLLOWER",
    7: "REQUEST_TIMED_OUT",
    14: "COORDINATOR_LOAD_IN_PROGRESS",
    15: "COORDINATOR_NOT_AVAILABLE",
    16: "NOT_COORDINATOR",
    17: "INVALID_TOPIC_EXCEPTION",
    19: "NOT_ENOUGH_REPLICAS",
    20: "NOT_ENOUGH_REPLICAS_AFTER_APPEND",
    29: "TOPIC_AUTHORIZATION_FAILED",
    30: "GROUP_AUTHORIZATION_FAILED",
    31: "CLUSTER_AUTHORIZATION_FAILED",
    35: "UNSUPPORTED_VERSION",
    36: "TOPIC_ALREADY_EXISTS",
    37: "INVALID_PARTITIONS",
    38: "INVALID_REPLICATION_FACTOR",
    41: "NOT_CONTROLLER",
    44: "POLICY_VIOLATION",
    56: "KAFKA_STORAGE_ERROR",
    68: "NON_EMPTY_GROUP",
    69: "GROUP_ID_NOT_FOUND",
    72: "LISTENER_NOT_FOUND",
    89: "THROTTLING_QUOTA_EXCEEDED",
}
"""Names of the error codes that a check may receive."""

TRANSIENT = frozenset((3, 5, 6, 14, 15, 16, 41))
"""Codes while a topic or coordinator is being set up: nothing was written, a retry helps."""


class KafkaError(Exception):
    """The broker answered with an error code.

    Attributes:
        code: the protocol's error code.
    """

    def __init__(self, what: str, code: int, message: str = "") -> None:
        name = ERRORS.get(code, "error")
        super().__init__(f"{what}: {name} ({code})" + (f": {message}" if message else ""))
        self.code = code


def require(what: str, code: int, message: str = "") -> None:
    """Raise KafkaError unless `code` is 0."""
    if code:
        raise KafkaError(what, code, message)


class Connection:
    """A connection to a broker; `versions` are the lowest and highest that it supports, by key."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._sent = 0
        self.versions: Dict[int, Tuple[int, int]] = {}

    def negotiate(self) -> None:
        """Request the versions that the broker supports; `call` then refuses others."""
        answer = self.call(API_VERSIONS, b"")
        require("ApiVersions", answer.number("h"))
        offered = answer.array(lambda r: (r.number("h"), r.number("h"), r.number("h")))
        self.versions = {key: (low, high) for key, low, high in offered}

    def call(self, api: Api, body: bytes) -> Reader:
        """Send a request and return its answer, after the header.

        Raises:
            KafkaError: the broker does not support the version (UNSUPPORTED_VERSION).
            OSError: the connection broke or timed out.
            CodecError: the answer is malformed, or belongs to another request.
        """
        low, high = self.versions.get(api.key, (0, -1) if self.versions else (0, api.version))
        if not low <= api.version <= high:
            raise KafkaError(
                f"{api.name} version {api.version}", 35, f"the broker supports {low} to {high}"
            )
        self._sent += 1
        head = Writer().pack("hhi", api.key, api.version, self._sent).string(CLIENT_ID)
        self._socket.sendall(Writer().blob(head.raw(body).done()).done())
        answer = Reader(self._receive())
        if answer.number("i") != self._sent:
            raise CodecError(f"the answer to {api.name} is the answer to another request")
        return answer

    def _receive(self) -> bytes:
        size = Reader(self._exactly(4)).number("i")
        if not 4 <= size <= _MOST_BYTES:  # noqa: PLR2004
            raise CodecError(f"an answer of {size} bytes: this is not a Kafka broker")
        return self._exactly(size)

    def _exactly(self, count: int) -> bytes:
        parts = []
        while count:
            part = self._socket.recv(count)
            if not part:
                raise ConnectionError("the broker closed the connection")
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    def close(self) -> None:
        """End the connection."""
        self._socket.close()
