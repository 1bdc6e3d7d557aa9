"""Kafka's encoding: published vectors, bytes that librdkafka wrote, round trips, cut-off input."""

import contextlib
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka_codec import CodecError, Reader, Writer, crc32c
from kafka_connection import METADATA, PRODUCE, Connection, KafkaError
from kafka_records import Record, decode, encode

INT64 = st.integers(-(1 << 63), (1 << 63) - 1)
TIMES = st.integers(0, 1 << 42)
FIELD = st.none() | st.binary(max_size=60)
RECORDS = st.lists(st.builds(Record, FIELD, FIELD, TIMES), min_size=1, max_size=20)

LIBRDKAFKA = bytes.fromhex(
    "0000000000000000000000590000000002ae68a04f000000000001000001a206bf38ce000001a206bf38ce"
    "ffffffffffffffffffffffffffff000000021a000000046b310a66697273740032000002046b32227a7765"
    "697465722c206772c3b6c39f65720000000000000000020000003e000000000235c015f500000000000000"
    "0001a206bf3ad3000001a206bf3ad3ffffffffffffffffffffffffffff0000000118000000046b33010202"
    "680276"
)
"""Two batches as fetched from Kafka 4.3.1: two records, and one with a header and a null value."""
FIRST_BATCH = 12 + 0x59


@pytest.mark.parametrize(
    ("data", "crc"),
    [  # RFC 3720, B.4, and the check value of CRC-32C
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (bytes(range(31, -1, -1)), 0x113FDB5C),
        (b"123456789", 0xE3069283),
        (b"", 0),
    ],
)
def test_crc32c_gives_the_published_values(data, crc):
    assert crc32c(data) == crc


@pytest.mark.parametrize(
    ("value", "data"),
    [  # Protocol Buffers' zigzag encoding, which Kafka's VARINT is
        (0, "00"),
        (-1, "01"),
        (1, "02"),
        (-2, "03"),
        (63, "7e"),
        (64, "8001"),
        (-65, "8101"),
        (300, "d804"),
        (2147483647, "feffffff0f"),
        (-2147483648, "ffffffff0f"),
        (-(1 << 63), "ffffffffffffffffff01"),
    ],
)
def test_varints_have_the_published_bytes(value, data):
    assert Writer().varint(value).done().hex() == data
    assert Reader(bytes.fromhex(data)).varint() == value


def test_batches_of_another_client_are_read():
    assert decode(LIBRDKAFKA) == [
        Record(b"k1", b"first", 1795409524942, 0),
        Record(b"k2", "zweiter, größer".encode(), 1795409524942, 1),
        Record(b"k3", None, 1795409525459, 2),
    ]


def test_a_batch_is_written_as_another_client_writes_it():
    ours = encode(decode(LIBRDKAFKA[:FIRST_BATCH]))
    assert ours[:12] + ours[16:] == LIBRDKAFKA[:12] + LIBRDKAFKA[16:FIRST_BATCH]
    assert ours[12:16] == b"\xff" * 4  # the leader's epoch, which only the broker knows


@given(RECORDS)
def test_records_survive_a_round_trip(records):
    found = decode(encode(records))
    assert [(r.key, r.value, r.timestamp) for r in found] == [
        (r.key, r.value, r.timestamp) for r in records
    ]
    assert [r.offset for r in found] == list(range(len(records)))


@given(RECORDS, st.data())
def test_a_cut_off_batch_is_left_out(records, data):
    whole = encode(records)
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    assert decode(whole + cut) == decode(whole)


@given(RECORDS, st.data())
def test_a_changed_byte_is_noticed(records, data):
    whole = bytearray(encode(records))
    at = data.draw(st.integers(17, len(whole) - 1))  # the checksum and all that it covers
    whole[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(CodecError, match="checksum"):
        decode(bytes(whole))


@given(INT64, st.none() | st.text(), st.binary(), st.lists(INT64))
def test_fields_survive_a_round_trip(number, text, data, numbers):
    written = Writer().varint(number).string(text).blob(data).varblob(data)
    written.array(numbers, lambda w, n: w.pack("q", n))
    reader = Reader(written.done())
    assert (reader.varint(), reader.string(), reader.blob(), reader.varblob()) == (
        number,
        text,
        data,
        data,
    )
    assert reader.array(lambda r: r.number("q")) == numbers
    assert reader.left == 0


@given(st.binary(max_size=200))
def test_any_bytes_end_in_a_codec_error_at_worst(data):
    for read in (decode, lambda d: Reader(d).varblob(), lambda d: Reader(d).string()):
        with contextlib.suppress(CodecError, UnicodeDecodeError):
            read(data)


@contextlib.contextmanager
def answered(*answers):
    """A connection whose broker has already answered with these bytes, and says no more."""
    ours, theirs = socket.socketpair()
    with theirs, contextlib.closing(Connection(ours)) as connection:
        for answer in answers:
            theirs.sendall(answer)
        theirs.shutdown(socket.SHUT_WR)
        yield connection


def versions(low, high):
    body = Writer().pack("ih", 1, 0).array([3], lambda w, key: w.pack("hhh", key, low, high))
    return Writer().blob(body.done()).done()


@pytest.mark.parametrize("offered", [(METADATA.version + 1, 20), (0, METADATA.version - 1)])
def test_a_version_that_the_broker_does_not_speak_is_refused(offered):
    with answered(versions(*offered)) as connection:
        connection.negotiate()
        with pytest.raises(KafkaError, match=r"Metadata version 4: UNSUPPORTED_VERSION"):
            connection.call(METADATA, b"")
        with pytest.raises(KafkaError, match="Produce"):
            connection.call(PRODUCE, b"")


@pytest.mark.parametrize(
    ("answer", "error", "message"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n", CodecError, "not a Kafka broker"),
        (b"", ConnectionError, "closed"),
        (b"\0\0\0\x0a\0\0", ConnectionError, "closed"),
        (b"\0\0\0\x04\0\0\0\x63", CodecError, "another request"),
    ],
)
def test_an_invalid_answer_is_an_error(answer, error, message):
    with answered(answer) as connection, pytest.raises(error, match=message):
        connection.negotiate()
