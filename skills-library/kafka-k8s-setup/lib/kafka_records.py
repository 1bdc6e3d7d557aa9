"""Record batches of format 2, uncompressed. Python 3.9, standard library only.

Source: https://kafka.apache.org/documentation/#recordbatch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Optional, Sequence

from kafka_codec import CodecError, Reader, Writer, crc32c

MAGIC = 2
_BEFORE_CRC = 21
"""Bytes of baseOffset, batchLength, partitionLeaderEpoch, magic and crc."""


@dataclass(frozen=True)
class Record:
    """One record; `offset` is -1 until the broker has assigned one."""

    key: Optional[bytes]
    value: Optional[bytes]
    timestamp: int = 0
    """Milliseconds since the epoch."""
    offset: int = -1


def encode(records: Sequence[Record]) -> bytes:
    """Return one batch of at least one record, without producer id, for a Produce request."""
    first = records[0].timestamp
    body = Writer()
    body.pack("h", 0).pack("i", len(records) - 1)  # attributes, last offset delta
    body.pack("qq", first, max(record.timestamp for record in records))
    body.pack("qhi", -1, -1, -1)  # producer id, its epoch, first sequence number
    body.pack("i", len(records))
    for delta, record in enumerate(records):
        fields = Writer().pack("b", 0).varint(record.timestamp - first).varint(delta)
        fields.varblob(record.key).varblob(record.value).varint(0)  # no headers
        body.varblob(fields.done())
    checked = body.done()
    head = Writer().pack("qi", 0, len(checked) + 9).pack("ib", -1, MAGIC)
    return head.pack("I", crc32c(checked)).raw(checked).done()


def decode(data: bytes) -> List[Record]:
    """Return the records of a Fetch response's batches, except those of an incomplete last batch.

    Raises:
        CodecError: a wrong checksum, an old format, or a compressed batch.
    """
    records: List[Record] = []
    reader = Reader(data)
    while reader.left >= 12:  # noqa: PLR2004 - baseOffset and batchLength
        base, length = reader.number("q"), reader.number("i")
        if reader.left < length:
            break
        records += _batch(base, reader.raw(length))
    return records


def _batch(base: int, data: bytes) -> List[Record]:
    reader = Reader(data)
    _epoch, magic, crc = reader.number("i"), reader.number("b"), reader.number("I")
    if magic != MAGIC:
        raise CodecError(f"a batch has format {magic}, not {MAGIC}")
    if crc32c(data[_BEFORE_CRC - 12 :]) != crc:
        raise CodecError(f"the batch at offset {base} has a wrong checksum")
    attributes = reader.number("h")
    reader.number("i")
    first = reader.number("q")
    reader.raw(8 + 8 + 2 + 4)
    count = reader.number("i")
    if attributes & 0x20:  # a transaction's control batch, not data
        return []
    if attributes & 0x07:
        raise CodecError("a batch is compressed, but this client wrote it without compression")
    return [_record(base, first, Reader(reader.varblob() or b"")) for _ in range(count)]


def _record(base: int, first: int, reader: Reader) -> Record:
    reader.number("b")
    timestamp, offset = first + reader.varint(), base + reader.varint()
    return Record(reader.varblob(), reader.varblob(), timestamp, offset)
