"""Messages of PostgreSQL's protocol 3.0, as bytes and back; no input or output here.

Source: PostgreSQL documentation, "Frontend/Backend Protocol". Python 3.9, standard library only.
"""

from __future__ import annotations

import struct
from typing import NamedTuple, Optional, Sequence

PROTOCOL_VERSION = 3 << 16
MAX_MESSAGE = 1 << 28
"""Bytes. A longer length means that the server is not PostgreSQL."""

Cell = Optional[str]
"""A value as text, or None for NULL."""

ERROR_FIELDS = {
    "S": "severity",
    "C": "sqlstate",
    "M": "message",
    "D": "detail",
    "H": "hint",
    "P": "position",
}


class ProtocolError(Exception):
    """The server's message violates the protocol."""


class Message(NamedTuple):
    """One message of the server: its type byte and its body."""

    kind: str
    body: bytes


def startup(user: str, database: str, **parameters: str) -> bytes:
    """Return StartupMessage; further parameters are settings of the session."""
    pairs = {"user": user, "database": database, **parameters}
    body = b"".join(_text(part) for pair in pairs.items() for part in pair) + b"\0"
    return struct.pack("!ii", len(body) + 8, PROTOCOL_VERSION) + body


def message(kind: str, body: bytes = b"") -> bytes:
    """Return any typed message."""
    return kind.encode("ascii") + struct.pack("!i", len(body) + 4) + body


def sasl_initial(mechanism: str, first: bytes) -> bytes:
    """Return SASLInitialResponse."""
    return message("p", _text(mechanism) + struct.pack("!i", len(first)) + first)


def query(sql: str) -> bytes:
    """Return Query: one or more statements without parameters."""
    return message("Q", _text(sql))


def parse(sql: str) -> bytes:
    """Return Parse of the unnamed statement; the server infers the parameters' types."""
    return message("P", b"\0" + _text(sql) + struct.pack("!h", 0))


def bind(values: Sequence[Cell]) -> bytes:
    """Return Bind of the unnamed portal, all values and results as text."""
    cells = b"".join(_cell(value) for value in values)
    return message("B", b"\0\0" + struct.pack("!hh", 0, len(values)) + cells + struct.pack("!h", 0))


def describe_and_execute() -> bytes:
    """Return Describe and Execute of the unnamed portal, all rows."""
    return message("D", b"P\0") + message("E", b"\0" + struct.pack("!i", 0))


def sync() -> bytes:
    """Return Sync, which the server answers with ReadyForQuery."""
    return message("S")


def terminate() -> bytes:
    """Return Terminate."""
    return message("X")


def take(buffer: bytearray) -> Message | None:
    """Remove the first whole message from the buffer.

    Returns:
        None while the buffer holds no whole message.

    Raises:
        ProtocolError: the length is impossible.
    """
    if len(buffer) < 5:  # noqa: PLR2004 - type byte and length
        return None
    kind, length = struct.unpack_from("!ci", buffer)
    if not 4 <= length <= MAX_MESSAGE:  # noqa: PLR2004 - the length counts itself
        raise ProtocolError(f"message of {length} bytes: this is not PostgreSQL")
    if len(buffer) < length + 1:
        return None
    body = bytes(buffer[5 : length + 1])
    del buffer[: length + 1]
    return Message(kind.decode("latin-1"), body)


def error_fields(body: bytes) -> dict[str, str]:
    """Read ErrorResponse or NoticeResponse; names as in ERROR_FIELDS, others by their letter."""
    parts = body.decode("utf-8", "replace").split("\0")
    return {ERROR_FIELDS.get(part[0], part[0]): part[1:] for part in parts if part}


def columns(body: bytes) -> list[str]:
    """Read the names of RowDescription.

    Raises:
        ProtocolError: the message is cut short.
    """
    try:
        (count,) = struct.unpack_from("!h", body)
        names, offset = [], 2
        for _ in range(count):
            end = body.index(b"\0", offset)
            names.append(body[offset:end].decode("utf-8"))
            offset = end + 19  # its NUL, table, column, type, size, modifier, format
    except (struct.error, ValueError) as error:
        raise ProtocolError("malformed row description") from error
    return names


def row(body: bytes) -> list[Cell]:
    """Read DataRow.

    Raises:
        ProtocolError: the message is cut short, or has text that is not UTF-8.
    """
    try:
        (count,) = struct.unpack_from("!h", body)
        cells: list[Cell] = []
        offset = 2
        for _ in range(count):
            (length,) = struct.unpack_from("!i", body, offset)
            offset += 4
            if length > len(body) - offset:
                raise ProtocolError("a value is cut short")
            cells.append(None if length < 0 else body[offset : offset + length].decode("utf-8"))
            offset += max(length, 0)
    except (struct.error, UnicodeDecodeError) as error:
        raise ProtocolError("malformed row") from error
    return cells


def _text(text: str) -> bytes:
    if "\0" in text:
        raise ValueError("PostgreSQL's text cannot hold a NUL character")
    return text.encode("utf-8") + b"\0"


def _cell(value: Cell) -> bytes:
    if value is None:
        return struct.pack("!i", -1)
    data = value.encode("utf-8")
    return struct.pack("!i", len(data)) + data
