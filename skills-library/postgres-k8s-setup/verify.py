#!/usr/bin/env python3
"""Prove that PostgreSQL works: log in, write, commit, read back; inside the cluster and from here.

Alone under Python 3.9 with the standard library and kubectl. --help tells the options; exit
codes: 0 everything held, 2 usage, 4 the cluster was not reached, 8 a check failed.
"""

from __future__ import annotations

import os
import sys
from typing import Any, Callable

sys.dont_write_bytecode = True  # nothing may appear beside the skills
_HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(_HERE, "lib"), os.path.join(_HERE, "..", "common")]

import verification  # noqa: E402
from kubectl import ApiError  # noqa: E402
from pg_checks import Database  # noqa: E402
from verification import CheckFailed, Verification  # noqa: E402

SKILL, ENDPOINT = "postgres-k8s-setup", "postgres"


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
