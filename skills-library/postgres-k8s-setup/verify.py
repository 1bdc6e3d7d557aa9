#!/usr/bin/env python3
"""Prove that PostgreSQL works: log in, write, commit, read back; inside the cluster and from here.

Alone under Python 3.9 with the standard library and kubectl. --help tells the options; exit
codes: 0 everything held, 2 usage, 4 the cluster was not reached, 8 a check failed.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
import time
from typing import Any, Callable, Iterator

sys.dont_write_bytecode = True  # nothing may appear beside the skills
_HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(_HERE, "lib"), os.path.join(_HERE, "..", "common")]

import verification  # noqa: E402
from kubectl import ApiError  # noqa: E402
from pg_client import Connection, PostgresError  # noqa: E402
from verification import CheckFailed, Dial, Verification  # noqa: E402

SKILL, ENDPOINT = "postgres-k8s-setup", "postgres"
PREFIX = "learnflow_verify_"
ROWS = 100
LEFTOVER_SECONDS = 3600
"""Tables of verifications that were killed are dropped after this age."""
REFUSALS = ("28P01", "28000")
"""SQLSTATE of a wrong password, and of any other refused log-in."""
TEXTS = ("plain", "", 'it\'s "quoted" \\ %s $1', "two\nlines\ttab", "Grüße, Ωμέγα, 漢字, 🐘", None)


def run_checks(run: Verification) -> None:
    """Check pods, volume and Secret, then the database from each vantage at once."""
    endpoint = run.endpoint(ENDPOINT)
    selector = f"app.kubernetes.io/instance={endpoint['release']}"
    found: dict[str, Any] = {}

    def pods() -> str:
        found["pods"] = run.ready_pods(selector)
        return ", ".join(found["pods"]) + " ready"

    def credentials() -> str:
        found["password"] = _password(run, endpoint)
        return f"password in Secret {endpoint['credentials']['secret']}"

    run.together(
        lambda: run.check("pods-ready", "cluster", pods),
        lambda: run.check("volume-bound", "cluster", lambda: run.bound_volumes(selector)),
        lambda: run.check("credentials", "cluster", credentials),
    )
    if "pods" in found and "password" in found:
        run.together(*(_vantage(run, endpoint, found, vantage) for vantage in run.vantages))


def _password(run: Verification, endpoint: dict[str, Any]) -> str:
    place = endpoint["credentials"]
    try:
        return run.kubectl.secret(place["secret"], place["keys"]["password"])
    except ApiError as error:
        raise CheckFailed(f"{error}; run: learnflow-infra deploy") from error


def _vantage(
    run: Verification, endpoint: dict[str, Any], found: dict[str, Any], vantage: str
) -> Callable[[], None]:
    database = Database(
        endpoint, found["password"], run.dial(vantage, found["pods"][0]), inside=vantage == "inside"
    )

    def log_in_then_write() -> None:
        if run.check("connect", vantage, database.connects):
            run.check("write-read", vantage, database.keeps_rows)

    def check() -> None:
        run.together(
            log_in_then_write,
            lambda: run.check("wrong-password", vantage, database.refuses_wrong_password),
        )

    return check


class Database:
    """The checks of one database from one vantage.

    Args:
        endpoint: an entry of the endpoints document.
        password: of the application's user.
        dial: how to connect.
        inside: which of the endpoint's two addresses.
    """

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
        with self._session(self._password) as session:
            version = session.parameters.get("server_version", "")
            encoding = session.parameters.get("server_encoding", "")
            ((current, answer),) = session.execute("SELECT current_user, $1::int + 1", 41).rows
        if not session.authenticated:
            raise CheckFailed("the server let us in without a password; look at its pg_hba.conf")
        if encoding != "UTF8":
            raise CheckFailed(f"the database's encoding is {encoding}, not UTF8")
        if (current, answer) != (self._user, "42"):
            raise CheckFailed(f"as {current}, 41 + 1 is {answer}")
        host, port = self._address
        return f"PostgreSQL {version.split()[0]}, {encoding}, as {current} at {host}:{port}"

    def refuses_wrong_password(self) -> str:
        """The server does check passwords."""
        try:
            self._session(self._password + secrets.token_hex(4)).close()
        except PostgresError as error:
            if error.sqlstate in REFUSALS:
                return f"refused ({error.sqlstate})"
            raise
        raise CheckFailed("a wrong password was accepted; look at the server's pg_hba.conf")

    def keeps_rows(self) -> str:
        """Committed rows are there in a new session, rolled back ones are not."""
        rows = [[str(number), TEXTS[number % len(TEXTS)]] for number in range(1, ROWS + 1)]
        with self._table() as (writer, table):
            writer.simple("BEGIN")
            writer.execute_many(f"INSERT INTO {table} VALUES ($1, $2)", rows)  # noqa: S608
            writer.simple("COMMIT")
            with self._session(self._password) as reader:
                _compare(reader, table, rows, "after the commit")
                _roll_back(writer, table)
                _compare(reader, table, rows, "after a rollback")
        return f"{ROWS} rows committed, read back equal and in order; rollback and drop work"

    def _session(self, password: str) -> Connection:
        return Connection(self._dial(*self._address), self._user, password, self._database)

    @contextlib.contextmanager
    def _table(self) -> Iterator[tuple[Connection, str]]:
        """Lend a new table, which is dropped whatever happens, by a new session if need be."""
        table = f"{PREFIX}{int(time.time()):x}_{secrets.token_hex(6)}"
        writer = self._session(self._password)
        try:
            _drop_leftovers(writer)
            writer.simple(f"CREATE TABLE {table} (number int PRIMARY KEY, body text)")
            yield writer, table
            _drop(writer, table)
        except BaseException:
            with contextlib.suppress(Exception):
                writer.close()  # its locks go with it
                with self._session(self._password) as broom:
                    _drop(broom, table)
            raise
        finally:
            writer.close()


def _compare(session: Connection, table: str, expected: list[list[Any]], when: str) -> None:
    rows = session.execute(f"SELECT number, body FROM {table} ORDER BY number").rows  # noqa: S608
    if rows != expected:
        same = sum(a == b for a, b in zip(rows, expected))  # noqa: B905 - Python 3.9
        raise CheckFailed(f"{when}: {len(rows)} rows, {same} of {len(expected)} as written")


def _roll_back(session: Connection, table: str) -> None:
    session.simple("BEGIN")
    session.execute(f"INSERT INTO {table} VALUES ($1, $2)", ROWS + 1, "never")  # noqa: S608
    session.simple("ROLLBACK")


def _drop(session: Connection, table: str) -> None:
    session.simple(f"DROP TABLE IF EXISTS {table}")
    if session.execute("SELECT to_regclass($1) IS NULL", table).rows != [["t"]]:
        raise CheckFailed(f"table {table} is still there after DROP TABLE")


def _drop_leftovers(session: Connection) -> None:
    """Drop our own tables of verifications that were killed before they could clean up."""
    found = session.execute(
        "SELECT tablename FROM pg_tables WHERE tableowner = current_user AND schemaname = 'public'"
        " AND tablename ~ ('^' || $1 || '[0-9a-f]{1,12}_[0-9a-f]{12}$')",
        PREFIX,
    )
    for (table,) in found.rows:
        made = int(str(table)[len(PREFIX) :].split("_")[0], 16)
        if made < time.time() - LEFTOVER_SECONDS:
            session.simple(f"DROP TABLE IF EXISTS {table}")


if __name__ == "__main__":
    raise SystemExit(verification.main(SKILL, run_checks))
