"""Messages to bytes and back, however the network cuts them."""

import contextlib
import struct

import pg_wire
import pytest
from hypothesis import given
from hypothesis import strategies as st

MESSAGES = st.lists(
    st.tuples(st.sampled_from("RKSZTDCEN1n"), st.binary(max_size=200)), min_size=1, max_size=8
)
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)
CELLS = st.lists(st.none() | TEXT, max_size=8)


@given(MESSAGES, st.data())
def test_messages_survive_any_cutting(messages, data):
    stream = b"".join(pg_wire.message(kind, body) for kind, body in messages)
    buffer, got = bytearray(), []
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        buffer += stream[:size]
        stream = stream[size:]
        while (message := pg_wire.take(buffer)) is not None:
            got.append(tuple(message))
    assert got == messages
    assert not buffer


@pytest.mark.parametrize("length", [-1, 0, 3, pg_wire.MAX_MESSAGE + 1])
def test_an_impossible_length_is_refused(length):
    with pytest.raises(pg_wire.ProtocolError, match="not PostgreSQL"):
        pg_wire.take(bytearray(b"R" + struct.pack("!i", length)))


def test_http_is_recognised_as_something_else():
    with pytest.raises(pg_wire.ProtocolError):
        pg_wire.take(bytearray(b"HTTP/1.1 400 Bad Request\r\n"))


@given(CELLS)
def test_bound_values_come_back_as_a_row(cells):
    bound = pg_wire.bind(cells)
    assert pg_wire.row(bound[9:-2]) == cells  # type, length, portal, statement, formats; results


@given(st.lists(TEXT, max_size=6))
def test_column_names(names):
    body = struct.pack("!h", len(names))
    body += b"".join(name.encode() + b"\0" + bytes(18) for name in names)
    assert pg_wire.columns(body) == names


@given(CELLS.filter(bool), st.data())
def test_a_row_that_is_cut_short_is_an_error(cells, data):
    body = pg_wire.bind(cells)[9:-2]
    cut = data.draw(st.integers(0, len(body) - 1))
    with pytest.raises(pg_wire.ProtocolError):
        pg_wire.row(body[:cut])


@given(st.binary(max_size=60))
def test_rubbish_is_an_error_or_a_row_and_nothing_else(body):
    for read in (pg_wire.row, pg_wire.columns):
        with contextlib.suppress(pg_wire.ProtocolError):
            read(body)
    pg_wire.error_fields(body)


def test_error_fields_by_name():
    body = b"SFATAL\0VFATAL\0C28P01\0Mpassword authentication failed\0Dwhy\0\0"
    assert pg_wire.error_fields(body) == {
        "severity": "FATAL",
        "V": "FATAL",
        "sqlstate": "28P01",
        "message": "password authentication failed",
        "detail": "why",
    }


def test_startup_names_protocol_3_and_its_pairs():
    made = pg_wire.startup("me", "db", client_encoding="UTF8")
    assert struct.unpack_from("!ii", made) == (len(made), 3 << 16)
    assert made[8:] == b"user\0me\0database\0db\0client_encoding\0UTF8\0\0"


def test_a_nul_cannot_be_smuggled_in():
    with pytest.raises(ValueError, match="NUL"):
        pg_wire.query("SELECT 1;\0DROP TABLE x")
