"""Kafka's primitive types and CRC-32C. Python 3.9, standard library only.

Source: https://kafka.apache.org/protocol (types), https://kafka.apache.org/documentation/#messages
(record batch), RFC 3720 appendix B.4 (CRC-32C vectors).
"""

from __future__ import annotations

import struct
from typing import Callable, List, Optional, TypeVar

T = TypeVar("T")


class CodecError(ValueError):
    """The bytes violate the protocol."""


def _crc_table() -> List[int]:
    table = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = (value >> 1) ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return table


_TABLE = _crc_table()


def crc32c(data: bytes) -> int:
    """Return the Castagnoli CRC of `data`, unsigned 32 bits."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = (crc >> 8) ^ _TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


class Writer:
    """Bytes of a message, appended field by field; every method returns the writer."""

    def __init__(self) -> None:
        self._parts: List[bytes] = []

    def pack(self, form: str, *values: int) -> Writer:
        """Append big-endian integers in the notation of struct ("b", "h", "i", "q")."""
        self._parts.append(struct.pack(">" + form, *values))
        return self

    def raw(self, data: bytes) -> Writer:
        """Append bytes as they are."""
        self._parts.append(data)
        return self

    def string(self, text: Optional[str]) -> Writer:
        """STRING or, for None, NULLABLE_STRING."""
        if text is None:
            return self.pack("h", -1)
        data = text.encode("utf-8")
        return self.pack("h", len(data)).raw(data)

    def blob(self, data: bytes) -> Writer:
        """BYTES: length in four bytes."""
        return self.pack("i", len(data)).raw(data)

    def array(self, items: List[T], each: Callable[[Writer, T], object]) -> Writer:
        """ARRAY: count in four bytes, then `each` writes every item."""
        self.pack("i", len(items))
        for item in items:
            each(self, item)
        return self

    def varint(self, value: int) -> Writer:
        """VARINT or VARLONG: zigzag, seven bits a byte, lowest first."""
        rest = (value << 1) ^ (value >> 63)
        data = bytearray()
        while rest >= 0x80:  # noqa: PLR2004
            data.append(rest & 0x7F | 0x80)
            rest >>= 7
        data.append(rest)
        return self.raw(bytes(data))

    def varblob(self, data: Optional[bytes]) -> Writer:
        """Bytes of a record's field: length as VARINT, -1 for None."""
        if data is None:
            return self.varint(-1)
        return self.varint(len(data)).raw(data)

    def done(self) -> bytes:
        """All that was appended."""
        return b"".join(self._parts)


class Reader:
    """Fields of a message, taken in order.

    Every method raises CodecError if the message ends too early.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def left(self) -> int:
        """Number of bytes not yet taken."""
        return len(self._data) - self._at

    def raw(self, count: int) -> bytes:
        """Take `count` bytes."""
        if count < 0 or count > self.left:
            raise CodecError(f"a field needs {count} bytes, and the message has {self.left} left")
        self._at += count
        return self._data[self._at - count : self._at]

    def number(self, form: str) -> int:
        """Take one integer in the notation of struct."""
        value: int = struct.unpack(">" + form, self.raw(struct.calcsize(form)))[0]
        return value

    def string(self) -> Optional[str]:
        """STRING or NULLABLE_STRING."""
        count = self.number("h")
        return None if count < 0 else self.raw(count).decode("utf-8")

    def text(self) -> str:
        """STRING, with null read as the empty string."""
        return self.string() or ""

    def blob(self) -> bytes:
        """BYTES, with null read as empty."""
        return self.raw(max(0, self.number("i")))

    def array(self, each: Callable[[Reader], T]) -> List[T]:
        """ARRAY, with null read as empty."""
        return [each(self) for _ in range(max(0, self.number("i")))]

    def varint(self) -> int:
        """VARINT or VARLONG."""
        value = shift = 0
        while True:
            byte = self.number("B")
            value |= (byte & 0x7F) << shift
            if byte < 0x80:  # noqa: PLR2004
                return (value >> 1) ^ -(value & 1)
            shift += 7
            if shift > 63:  # noqa: PLR2004
                raise CodecError("an integer of more than ten bytes")

    def varblob(self) -> Optional[bytes]:
        """Bytes of a record's field."""
        count = self.varint()
        return None if count < 0 else self.raw(count)
