"""A small PostgreSQL client over any connected socket. Python 3.9, standard library only."""

from __future__ import annotations

import contextlib
import struct
from typing import TYPE_CHECKING, Any, Iterable, NamedTuple, Sequence

import pg_wire
from pg_scram import ScramClient
from pg_wire import Cell, Message, ProtocolError

if TYPE_CHECKING:
    import socket

AUTH_OK, AUTH_SASL, AUTH_SASL_CONTINUE, AUTH_SASL_FINAL = 0, 10, 11, 12


class PostgresError(Exception):
    """The server answered with an error.

    Attributes:
        fields: severity, sqlstate, message; detail, hint and position if the server sent them.
    """

    def __init__(self, fields: dict[str, str]) -> None:
        self.fields = fields
        self.sqlstate = fields.get("sqlstate", "")
        text = f"{fields.get('severity', 'ERROR')} {self.sqlstate}: {fields.get('message', '')}"
        super().__init__(f"{text} ({fields['detail']})" if "detail" in fields else text)


class Result(NamedTuple):
    """The result of one statement: column names, rows, and the command tag ("INSERT 0 1")."""

    columns: list[str]
    rows: list[list[Cell]]
    tag: str


class Connection:
    """A session. As a context manager it sends Terminate and closes at the end.

    Args:
        channel: a connected socket with a timeout; closed by this object, also on failure.
        user: the role that logs in.
        password: sent only as a SCRAM proof; the server has to prove that it knows it, too.
        database: the database to open.

    Attributes:
        parameters: the server's settings: server_version, server_encoding, ...
        authenticated: whether the server asked for a password.

    Raises:
        PostgresError: the server refused (28P01: wrong password).
        ProtocolError, ScramError: it is no PostgreSQL server, or it does not know the password.
        OSError: the connection broke or timed out.
    """

    def __init__(self, channel: socket.socket, user: str, password: str, database: str) -> None:
        self._channel = channel
        self._buffer = bytearray()
        self.parameters: dict[str, str] = {}
        self.authenticated = False
        try:
            channel.sendall(pg_wire.startup(user, database, client_encoding="UTF8"))
            self._log_in(ScramClient(password))
            self._until_ready()
        except BaseException:
            channel.close()
            raise

    def __enter__(self) -> Connection:  # noqa: PYI034 - Self came with Python 3.11
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Send Terminate and close; further calls do nothing."""
        with contextlib.suppress(OSError):
            self._channel.sendall(pg_wire.terminate())
        self._channel.close()

    def simple(self, sql: str) -> list[Result]:
        """Run statements without parameters (the simple protocol).

        Raises:
            PostgresError: the first statement that failed.
        """
        self._channel.sendall(pg_wire.query(sql))
        return self._until_ready()

    def execute(self, sql: str, *values: Any) -> Result:
        """Run one statement with parameters $1, $2, ... (the extended protocol).

        Raises:
            PostgresError: the statement failed.
        """
        return self.execute_many(sql, [values])[0]

    def execute_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> list[Result]:
        """Run one statement for each row of parameters, in a single round trip.

        Raises:
            PostgresError: the first row that failed; later rows were not run.
        """
        out = [pg_wire.parse(sql)]
        for values in rows:
            out.append(pg_wire.bind([None if v is None else str(v) for v in values]))
            out.append(pg_wire.describe_and_execute())
        self._channel.sendall(b"".join([*out, pg_wire.sync()]))
        return self._until_ready()

    def _log_in(self, scram: ScramClient) -> None:
        while True:
            answer = self._expect("R")
            (kind,) = struct.unpack_from("!i", answer.body)
            data = answer.body[4:]
            if kind == AUTH_OK:
                return
            if kind == AUTH_SASL and scram.mechanism in data.decode("ascii").split("\0"):
                self._channel.sendall(pg_wire.sasl_initial(scram.mechanism, scram.first()))
            elif kind == AUTH_SASL_CONTINUE:
                self._channel.sendall(pg_wire.message("p", scram.final(data)))
            elif kind == AUTH_SASL_FINAL:
                scram.finish(data)
                self.authenticated = True
            else:
                raise ProtocolError(f"the server asks for authentication {kind}, not SCRAM-SHA-256")

    def _expect(self, kind: str) -> Message:
        got = self._next()
        if got.kind == "E":
            raise PostgresError(pg_wire.error_fields(got.body))
        if got.kind != kind:
            raise ProtocolError(f"the server sent message {got.kind!r} instead of {kind!r}")
        return got

    def _until_ready(self) -> list[Result]:
        """Collect results until ReadyForQuery, and only then raise an error of a statement."""
        results: list[Result] = []
        error: PostgresError | None = None
        names: list[str] = []
        rows: list[list[Cell]] = []
        while True:
            kind, body = self._next()
            if kind == "T":
                names = pg_wire.columns(body)
            elif kind == "D":
                rows.append(pg_wire.row(body))
            elif kind in {"C", "I"}:
                results.append(Result(names, rows, body.rstrip(b"\0").decode("utf-8", "replace")))
                names, rows = [], []
            elif kind == "E":
                error = error or PostgresError(pg_wire.error_fields(body))
                if error.fields.get("severity") in {"FATAL", "PANIC"}:
                    raise error
            elif kind == "Z":
                break
        if error:
            raise error
        return results

    def _next(self) -> Message:
        """Read the next message; notices, parameters and notifications are handled here."""
        while True:
            got = pg_wire.take(self._buffer)
            if got is None:
                data = self._channel.recv(65536)
                if not data:
                    raise ConnectionError("the server closed the connection")
                self._buffer += data
            elif got.kind == "S":
                name, value = got.body.decode("utf-8", "replace").split("\0")[:2]
                self.parameters[name] = value
            elif got.kind not in {"N", "A", "K"}:
                return got
