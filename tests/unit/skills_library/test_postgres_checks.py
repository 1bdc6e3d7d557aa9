"""What the checks of a database say."""

import pg_checks
import pytest
from pg_client import PostgresError

ENDPOINT = {
    "host": {"host": "h", "port": 1},
    "parameters": {"username": "u", "database": "d"},
}


@pytest.mark.parametrize(
    ("code", "text", "of_the_volume"),
    [
        ("28P01", "password authentication failed", True),
        ("28000", "pg_hba.conf rejects connection", False),
        ("53300", "too many clients", False),
    ],
)
def test_only_a_wrong_password_is_explained_by_the_volume(monkeypatch, code, text, of_the_volume):
    def refuse(*_):
        raise PostgresError({"severity": "FATAL", "sqlstate": code, "message": text})

    monkeypatch.setattr(pg_checks, "Connection", refuse)
    database = pg_checks.Database(ENDPOINT, "p", lambda *_: None, inside=False)
    with pytest.raises(Exception, match=f"FATAL {code}: {text}") as raised:
        database.connects()
    assert ("the volume keeps" in str(raised.value)) is of_the_volume
