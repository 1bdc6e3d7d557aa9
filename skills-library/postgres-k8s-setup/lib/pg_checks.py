"""The checks of a PostgreSQL database from one vantage. Python 3.9, standard library."""

from __future__ import annotations

import contextlib
import secrets
import time
from typing import TYPE_CHECKING, Any, Iterator

from pg_client import Connection, PostgresError
from verification import CheckFailed

if TYPE_CHECKING:
    from verification import Dial

PREFIX = "learnflow_verify_"
ROWS = 100
LEFTOVER_SECONDS = 3600
"""A table that a killed verification left is dropped after this age."""
REFUSALS = ("28P01", "28000")
"""SQLSTATE of a wrong password, and of any other refused log-in."""
STARTING, STARTING_SECONDS = "57P03", 20.0
"""SQLSTATE of a server that still starts, and how long it is waited for: a pod may lack probes."""
TEXTS = ("plain", "", 'it\'s "quoted" \\ %s $1', "two\nlines\ttab", "Grüße, Ωμέγα, 漢字, 🐘", None)


class Database:
    """The checks of one database from one vantage.

    Args:
        endpoint: an entry of the endpoints document.
        password: of the application's user.
        dial: connects from this vantage.
        inside: use the endpoint's address in the cluster, not the one for the host.

    Attributes:
        session: the session that connects() opens and keeps_rows() uses.
    """

    session: Connection

    def __init__(
        self, endpoint: dict[str, Any], password: str, dial: Dial, *, inside: bool
    ) -> None:
        address = endpoint["inCluster" if inside else "host"]
        self._address: tuple[str, int] = (address["host"], int(address["port"]))
        self._user = endpoint["parameters"]["username"]
        self._database = endpoint["parameters"]["database"]
        self._password, self._dial = password, dial

    def connects(self) -> str:
        """The application's credentials open a session in a UTF-8 database."""
        try:
            self.session = session = self._session(self._password)
        except PostgresError as error:
            if error.sqlstate != REFUSALS[0]:  # a rule of pg_hba.conf, say
                raise
            raise CheckFailed(
                f"{error}: the volume keeps the password of its first start, and the Secret has "
                "another; restore the Secret's old value, or change the password with ALTER ROLE"
            ) from error
        try:
            return self._describe(session)
        except BaseException:
            session.close()
            raise

    def _describe(self, session: Connection) -> str:
        version = session.parameters.get("server_version", "")
        encoding = session.parameters.get("server_encoding", "")
        ((current, answer),) = session.execute("SELECT current_user, $1::int + 1", 41).rows
        if not session.authenticated:
            raise CheckFailed(
                "the server accepted a log-in without a password; check its pg_hba.conf"
            )
        if encoding != "UTF8":
            raise CheckFailed(f"the database's encoding is {encoding}, not UTF8")
        if (current, answer) != (self._user, "42"):
            raise CheckFailed(f"as {current}, 41 + 1 is {answer}")
        host, port = self._address
        return f"PostgreSQL {version.split()[0]}, {encoding}, as {current} at {host}:{port}"

    def refuses_wrong_password(self) -> str:
        """The server refuses a wrong password."""
        try:
            self._session(self._password + secrets.token_hex(4)).close()
        except PostgresError as error:
            if error.sqlstate in REFUSALS:
                return f"refused ({error.sqlstate})"
            raise
        raise CheckFailed("the server accepted a wrong password; check its pg_hba.conf")

    def keeps_rows(self) -> str:
        """A new session reads committed rows, and no rows that were rolled back."""
        rows = [[str(number), TEXTS[number % len(TEXTS)]] for number in range(1, ROWS + 1)]
        with self._table() as table:
            self.session.simple("BEGIN")
            insert = f"INSERT INTO {table} VALUES ($1, $2)"  # noqa: S608 - a generated name
            self.session.execute_many(insert, rows)
            self.session.simple("COMMIT")
            with self._session(self._password) as reader:
                _compare(reader, table, rows, "after the commit")
                self.session.simple("BEGIN")
                self.session.execute(insert, ROWS + 1, "never")
                self.session.simple("ROLLBACK")
                _compare(reader, table, rows, "after a rollback")
        return f"{ROWS} rows committed, read back equal and in order; rollback and drop work"

    def _session(self, password: str) -> Connection:
        give_up = time.monotonic() + STARTING_SECONDS
        while True:
            try:
                return Connection(self._dial(*self._address), self._user, password, self._database)
            except PostgresError as error:
                if error.sqlstate != STARTING or time.monotonic() >= give_up:
                    raise
                time.sleep(0.2)

    @contextlib.contextmanager
    def _table(self) -> Iterator[str]:
        """Create a table, and drop it in any case, by a new session if this one fails."""
        table = f"{PREFIX}{int(time.time()):x}_{secrets.token_hex(6)}"
        try:
            _drop_leftovers(self.session)
            self.session.simple(f"CREATE TABLE {table} (number int PRIMARY KEY, body text)")
            yield table
            _drop(self.session, table)
        except BaseException:
            self.session.close()  # which releases its locks
            with contextlib.suppress(Exception), self._session(self._password) as another:
                _drop(another, table)
            raise


def _compare(session: Connection, table: str, expected: list[list[Any]], when: str) -> None:
    rows = session.execute(f"SELECT number, body FROM {table} ORDER BY number").rows  # noqa: S608
    if rows != expected:
        same = sum(a == b for a, b in zip(rows, expected))  # noqa: B905 - Python 3.9
        raise CheckFailed(f"{when}: {len(rows)} rows, and {same} of {len(expected)} are as written")


def _drop(session: Connection, table: str) -> None:
    session.simple(f"DROP TABLE IF EXISTS {table}")
    if session.execute("SELECT to_regclass($1) IS NULL", table).rows != [["t"]]:
        raise CheckFailed(f"table {table} is still there after DROP TABLE")


def _drop_leftovers(session: Connection) -> None:
    """Drop the tables of verifications that were killed before they could clean up."""
    tables = session.execute(
        "SELECT tablename FROM pg_tables WHERE tableowner = current_user AND schemaname = 'public'"
        " AND tablename ~ ('^' || $1 || '[0-9a-f]{1,12}_[0-9a-f]{12}$')",
        PREFIX,
    )
    for (table,) in tables.rows:
        created = int(str(table)[len(PREFIX) :].split("_")[0], 16)
        if created < time.time() - LEFTOVER_SECONDS:
            session.simple(f"DROP TABLE IF EXISTS {table}")
