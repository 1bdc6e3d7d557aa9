#!/usr/bin/env python3
"""Check that PostgreSQL works: write and read rows, from inside the cluster and from this host.

Needs only Python 3.9 with its standard library, and kubectl. --help lists the options. Exit codes:
0 all checks passed, 3 wrong options, 4 the cluster was not reached, 8 a check failed.
"""

from __future__ import annotations

import os
import sys
from typing import Any, Callable

sys.dont_write_bytecode = True  # no file may be written beside the skills
_HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(_HERE, "lib"), os.path.join(_HERE, "..", "common")]

import verification  # noqa: E402
from kubectl import ApiError  # noqa: E402
from pg_checks import Database  # noqa: E402
from verification import CheckFailed, Verification  # noqa: E402

SKILL, ENDPOINT = "postgres-k8s-setup", "postgres"


def run_checks(run: Verification) -> None:
    """Check pods, volume and Secret, then the database from both vantages in parallel."""
    endpoint = run.endpoint(ENDPOINT)
    pods: list[str] = []
    passwords: list[str] = []

    def credentials() -> str:
        passwords.append(_password(run, endpoint))
        return f"password in Secret {endpoint['credentials']['secret']}"

    run.together(
        lambda: pods.extend(run.check_pods(endpoint)),
        lambda: run.check("credentials", "cluster", credentials),
    )
    if pods and passwords:
        vantages = run.vantages_of(endpoint)
        run.together(*(_from(run, endpoint, passwords[0], pods[0], name) for name in vantages))


def _password(run: Verification, endpoint: dict[str, Any]) -> str:
    secret = endpoint["credentials"]
    if not secret or "password" not in secret["keys"]:
        raise CheckFailed("the password is in no Secret, so nothing can log in with it")
    try:
        return run.kubectl.secret(secret["secret"], secret["keys"]["password"])
    except ApiError as error:
        raise CheckFailed(f"{error}; run: learnflow-infra deploy") from error


def _from(
    run: Verification, endpoint: dict[str, Any], password: str, pod: str, vantage: str
) -> Callable[[], None]:
    dial = run.dial(vantage, pod)
    database = Database(endpoint, password, dial, inside=vantage == "inside")

    def log_in_then_write() -> None:
        if run.check("connect", vantage, database.connects):
            with database.session:
                run.check("write-read", vantage, database.keeps_rows)

    def check() -> None:
        run.together(
            log_in_then_write,
            lambda: run.check("wrong-password", vantage, database.refuses_wrong_password),
        )

    return check


if __name__ == "__main__":
    raise SystemExit(verification.main(SKILL, run_checks))
