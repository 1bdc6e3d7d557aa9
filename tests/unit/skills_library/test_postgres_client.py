"""The client against an imitated server on a socket pair."""

import base64
import hashlib
import hmac
import socket
import struct
import threading
from contextlib import contextmanager

import pg_wire
import pytest
from pg_client import Connection, PostgresError
from pg_scram import ScramError
from pg_wire import ProtocolError, message

READY = message("Z", b"I")
PARAMETER = message("S", b"server_version\x0017.12\0")


class Server:
    """Plays a server: `talk` receives this object and speaks with `say` and `hear`."""

    def __init__(self, channel):
        self.channel, self.buffer, self.heard = channel, bytearray(), []

    def startup(self):
        (length,) = struct.unpack("!i", self._exactly(4))
        return self._exactly(length - 4)

    def hear(self):
        while (got := pg_wire.take(self.buffer)) is None:
            self._more()
        self.heard.append(got.kind)
        return got

    def say(self, *parts):
        self.channel.sendall(b"".join(parts))

    def authentication(self, kind, data=b""):
        self.say(message("R", struct.pack("!i", kind) + data))

    def _exactly(self, count):
        while len(self.buffer) < count:
            self._more()
        taken = bytes(self.buffer[:count])
        del self.buffer[:count]
        return taken

    def _more(self):
        data = self.channel.recv(4096)
        if not data:
            raise EOFError
        self.buffer += data

    def scram(self, password):
        self.authentication(10, b"SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0")
        first = self.hear().body.split(b"\0", 1)[1][4:].decode()
        bare = first[3:]
        challenge = f"r={bare.split('r=')[1]}xyz,s={base64.b64encode(b'salt').decode()},i=4096"
        self.authentication(11, challenge.encode())
        final = self.hear().body.decode()
        auth_message = f"{bare},{challenge},{final.rsplit(',p=', 1)[0]}".encode()
        salted = hashlib.pbkdf2_hmac("sha256", password.encode(), b"salt", 4096)
        server = hmac.new(salted, b"Server Key", "sha256").digest()
        proof = hmac.new(server, auth_message, "sha256").digest()
        self.authentication(12, b"v=" + base64.b64encode(proof))


@contextmanager
def serving(talk):
    ours, theirs = socket.socketpair()
    ours.settimeout(5)
    theirs.settimeout(5)
    server = Server(theirs)
    failures = []

    def run():
        try:
            server.startup()
            talk(server)
        except EOFError:
            pass
        except BaseException as error:  # noqa: BLE001 - shown by the test
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield ours, server
    finally:
        ours.close()
        thread.join()
        theirs.close()
    assert not failures


def log_in(server):
    server.scram("pencil")
    server.authentication(0)
    server.say(PARAMETER, message("K", bytes(8)), READY)


def connect(channel):
    return Connection(channel, "app", "pencil", "app")


def row(*cells):
    data = b"".join(struct.pack("!i", len(c)) + c for c in cells)
    return message("D", struct.pack("!h", len(cells)) + data)


def test_log_in_query_and_a_clean_goodbye():
    def talk(server):
        log_in(server)
        assert server.hear().body == b"SELECT 1\0"
        names = struct.pack("!h", 1) + b"one\0" + bytes(18)
        server.say(message("N", b"SNOTICE\0\0"), message("T", names), row(b"1"))
        server.say(message("C", b"SELECT 1\0"), READY)
        server.hear()

    with serving(talk) as (channel, server):
        with connect(channel) as session:
            assert session.authenticated
            assert session.parameters == {"server_version": "17.12"}
            (result,) = session.simple("SELECT 1")
        assert (result.columns, result.rows, result.tag) == (["one"], [["1"]], "SELECT 1")
    assert server.heard[-1] == "X"


def test_many_rows_go_in_one_round_trip():
    def talk(server):
        log_in(server)
        while server.hear().kind != "S":
            pass
        server.say(message("1"))
        for _ in range(3):
            server.say(message("2"), message("n"), message("C", b"INSERT 0 1\0"))
        server.say(READY)
        server.hear()

    with serving(talk) as (channel, server), connect(channel) as session:
        results = session.execute_many("INSERT INTO t VALUES ($1)", [["a"], [None], [3]])
        assert [result.tag for result in results] == ["INSERT 0 1"] * 3
        assert server.heard == list("ppPBDEBDEBDES")


def test_an_error_leaves_the_session_in_step():
    def talk(server):
        log_in(server)
        server.hear()
        server.say(message("E", b"SERROR\0C42P01\0Mno such table\0Dgone\0\0"), READY)
        server.hear()
        server.say(message("C", b"SELECT 0\0"), READY)
        server.hear()

    with serving(talk) as (channel, _), connect(channel) as session:
        with pytest.raises(PostgresError, match=r"ERROR 42P01: no such table \(gone\)") as raised:
            session.simple("SELECT * FROM gone")
        assert raised.value.sqlstate == "42P01"
        assert session.simple("SELECT")[0].tag == "SELECT 0"


def test_a_wrong_password_is_an_error_with_its_code():
    def talk(server):
        server.authentication(10, b"SCRAM-SHA-256\0\0")
        server.hear()
        server.say(message("E", b"SFATAL\0C28P01\0Mpassword authentication failed\0\0"))

    with serving(talk) as (channel, _), pytest.raises(PostgresError) as raised:
        connect(channel)
    assert raised.value.sqlstate == "28P01"


def test_a_server_that_does_not_know_the_password_is_refused():
    with serving(lambda server: server.scram("other")) as (channel, _), pytest.raises(ScramError):
        connect(channel)


@pytest.mark.parametrize(("kind", "data"), [(3, b""), (5, b"salt"), (10, b"OTHER\0\0"), (7, b"")])
def test_the_password_is_not_sent_by_a_weaker_method(kind, data):
    def talk(server):
        server.authentication(kind, data)
        server.hear()

    with serving(talk) as (channel, server), pytest.raises(ProtocolError, match="not SCRAM"):
        connect(channel)
    assert server.heard == []


def test_a_server_that_asks_for_nothing_is_noticed():
    def talk(server):
        server.authentication(0)
        server.say(READY)
        server.hear()

    with serving(talk) as (channel, _), connect(channel) as session:
        assert not session.authenticated


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 400 Bad Request\r\n", message("Z", b"I")])
def test_an_answer_of_another_protocol_is_an_error(answer):
    def talk(server):
        server.say(answer)
        server.channel.shutdown(socket.SHUT_WR)

    with serving(talk) as (channel, _), pytest.raises((ProtocolError, ConnectionError)):
        connect(channel)
    assert channel.fileno() == -1
