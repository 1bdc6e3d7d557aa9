"""What every skill's verify.py shares: arguments, checks, the document they print.

A verify.py puts this folder on sys.path relative to its own file, sets
sys.dont_write_bytecode (nothing may be written beside the skills), and ends with

    raise SystemExit(verification.main("kafka-k8s-setup", run_checks))

where run_checks(v: Verification) calls v.check(name, vantage, function) for each check; the
function returns what to say of success and raises CheckFailed (or any error) otherwise.
Python 3.9, standard library only.
"""

from __future__ import annotations

import json
import signal
import socket
import sys
import threading
import time
from typing import Any, Callable, Sequence

import arguments
import findings
from findings import CheckFailed
from kubectl import ApiError, ClusterUnreachableError, Kubectl

__all__ = ["ApiError", "CheckFailed", "Dial", "Verification", "main"]

EXIT_PASSED, EXIT_UNREACHABLE, EXIT_FAILED, EXIT_INTERRUPTED = 0, 4, 8, 130
CONFIG_MAP = "learnflow-endpoints"
CONNECT_SECONDS = 5.0
"""How long a refused connection is tried again: a Service's rules follow readiness by a moment."""
CLEAN_UP_SECONDS = 10.0
"""How long an interrupted run may take to remove what it made; signals are not heard meanwhile."""

STOPPING = (signal.SIGINT, signal.SIGTERM)

Dial = Callable[[str, int], socket.socket]
"""(host, port) -> connected socket with a timeout; raises OSError."""


class Verification:
    """One run: where to look, what was found.

    Attributes:
        kubectl: the cluster and namespace.
        vantages: "inside", "host" or both, in this order.
        checks: one dict per finished check, as in the printed document.
    """

    def __init__(self, kubectl: Kubectl, vantages: Sequence[str], timeout: float) -> None:
        self.kubectl = kubectl
        self.vantages = tuple(vantages)
        self.checks: list[dict[str, Any]] = []
        self._deadline = time.monotonic() + timeout
        self._lock = threading.Lock()
        self._endpoints: list[dict[str, Any]] = []
        self._fatal: list[BaseException] = []
        self._ends: list[threading.Event] = []

    def remaining(self, most: float = 1e9) -> float:
        """Seconds until the run's timeout, at most `most`, at least 2 (to clean up)."""
        return max(2.0, min(most, self._deadline - time.monotonic()))

    def check(self, name: str, vantage: str, function: Callable[[], str]) -> bool:
        """Run one check, record and print it.

        Args:
            name: short, with dashes, the same in every vantage.
            vantage: "inside", "host" or "cluster".
            function: returns the message of success; any error is the check's failure.

        Returns:
            whether it held.

        Raises:
            ClusterUnreachableError: from the function; it ends the whole run.
        """
        begin = time.monotonic()
        try:
            message, passed = function(), True
        except ClusterUnreachableError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever went wrong is the finding
            message, passed = _describe(error), False
        self.record(name, vantage, message, passed=passed, seconds=time.monotonic() - begin)
        return passed

    def record(
        self, name: str, vantage: str, message: str, *, passed: bool, seconds: float = 0.0
    ) -> None:
        """Add a finished check and print its line for people; safe from any thread."""
        entry = {"name": name, "from": vantage, "passed": passed, "message": message}
        mark = "ok  " if passed else "FAIL"
        with self._lock:
            self.checks.append({**entry, "seconds": round(seconds, 3)})
            print(f"{mark} {vantage:7} {name}  {message} ({seconds:.2f}s)", file=sys.stderr)

    def together(self, *functions: Callable[[], object]) -> None:
        """Run functions in threads and wait for all.

        Raises:
            ClusterUnreachableError: when one of them did.
        """
        for ended in [self._begin(function) for function in functions]:
            while not ended.wait(0.5):  # returns to Python, so that a signal is seen
                pass
        if self._fatal:
            raise self._fatal[0]

    def wind_up(self, seconds: float) -> None:
        """Let every wait end now and what runs remove what it made, for at most `seconds`."""
        self._deadline = time.monotonic()
        end = time.monotonic() + seconds
        while not all(each.is_set() for each in self._ends) and time.monotonic() < end:
            time.sleep(0.02)

    def _begin(self, function: Callable[[], object]) -> threading.Event:
        """Start a thread; the event tells its end (a join that is interrupted may not)."""
        ended = threading.Event()
        self._ends.append(ended)
        threading.Thread(target=self._guard, args=(function, ended), daemon=True).start()
        return ended

    def _guard(self, function: Callable[[], object], ended: threading.Event) -> None:
        try:
            function()
        except BaseException as error:  # noqa: BLE001 - carried over to the calling thread
            self._fatal.append(error)
        finally:
            ended.set()

    def load_endpoints(self, source: str) -> str:
        """Read the endpoints document from a file, "-" (stdin) or else the cluster's ConfigMap.

        Raises:
            CheckFailed: there is none, or it is not a document of kind Endpoints.
        """
        where = "standard input" if source == "-" else source or f"ConfigMap {CONFIG_MAP}"
        try:
            self._endpoints = findings.endpoints(self._endpoints_text(source))
        except (OSError, ValueError) as error:
            raise CheckFailed(f"{where} is not a document of kind Endpoints: {error}") from error
        return f"{len(self._endpoints)} recorded in {where}"

    def _endpoints_text(self, source: str) -> str:
        if source == "-":
            return sys.stdin.read()
        if source:
            with open(source, encoding="utf-8") as file:
                return file.read()
        try:
            data = self.kubectl.get(f"configmaps/{CONFIG_MAP}").get("data") or {}
        except ApiError as error:
            raise CheckFailed(
                f"no endpoints are recorded in namespace {self.kubectl.namespace} ({error}); "
                "run: learnflow-infra deploy"
            ) from error
        return str(data.get("endpoints.json", ""))

    def endpoint(self, name: str) -> dict[str, Any]:
        """Return an endpoint of the endpoints document.

        Raises:
            CheckFailed: it is not recorded there, or not as specs/ describes it.
        """
        return findings.endpoint(self._endpoints, name)

    def ready_pods(
        self, selector: str, wanted: Callable[[dict[str, Any]], bool] = lambda _: True
    ) -> list[str]:
        """Return the names of the selected (and wanted) pods, all of them Ready.

        Raises:
            CheckFailed: there is none, or one is not Ready (it is named, with its reason).
        """
        pods = [pod for pod in self.kubectl.get("pods", selector)["items"] if wanted(pod)]
        return findings.ready_pods(pods, selector)

    def bound_volumes(self, selector: str) -> str:
        """Say what the selected volume claims are bound to.

        Raises:
            CheckFailed: there is none, or one is not Bound.
        """
        claims = self.kubectl.get("persistentvolumeclaims", selector)["items"]
        return findings.bound_volumes(claims, selector)

    def dial(self, vantage: str, pod: str = "") -> Dial:
        """Return how to connect from a vantage; "inside" begins in the given pod.

        A refused connection is tried again for CONNECT_SECONDS, then raises OSError.
        """

        def once(host: str, port: int) -> socket.socket:
            wait = self.remaining(10)
            if vantage == "inside":
                return self.kubectl.connect_from(pod, (host, port), wait)
            return socket.create_connection((host, port), wait)

        def dial(host: str, port: int) -> socket.socket:
            give_up = time.monotonic() + self.remaining(CONNECT_SECONDS)
            while True:
                try:
                    return once(host, port)
                except OSError as error:
                    if time.monotonic() >= give_up or isinstance(error, socket.gaierror):
                        raise type(error)(f"cannot connect to {host}:{port}: {error}") from error
                    time.sleep(0.2)

        return dial


def main(
    skill: str, body: Callable[[Verification], None], argv: Sequence[str] | None = None
) -> int:
    """Parse arguments, load the endpoints, run the skill's checks, print the document.

    Args:
        skill: the skill's name, for the document.
        body: runs the checks; not called where the endpoints cannot be loaded.
        argv: arguments after the program's name; None means sys.argv.

    Returns:
        the exit code: 0 something was checked and all of it held, 8 not, 4 the cluster was not
        reached, 130 interrupted. (argparse itself exits with 2.)
    """
    options = arguments.parse(skill, CONFIG_MAP, argv)
    kubectl = Kubectl(options.kubeconfig, options.context, options.namespace)
    vantages = ("inside", "host") if options.vantage == "both" else (options.vantage,)
    run = Verification(kubectl, vantages, options.timeout)
    for each in STOPPING:
        signal.signal(each, _interrupt)
    code = None
    try:
        if run.check("endpoints", "cluster", lambda: run.load_endpoints(options.endpoints)):
            body(run)
    except CheckFailed as error:  # outside of any check, for example a missing endpoint
        run.record("endpoints", "cluster", str(error), passed=False)
    except ClusterUnreachableError as error:
        why = f"{error}; run: learnflow-infra cluster status"
        run.record("cluster-reachable", "cluster", why, passed=False)
        code = EXIT_UNREACHABLE
    except KeyboardInterrupt:
        run.wind_up(CLEAN_UP_SECONDS)
        for each in STOPPING:
            signal.signal(each, signal.SIG_DFL)
        run.record("interrupted", "cluster", "before all checks ended", passed=False)
        code = EXIT_INTERRUPTED
    proved = [check for check in run.checks if check["name"] != "endpoints"]
    passed = bool(proved) and all(check["passed"] for check in run.checks)
    print(json.dumps(_document(skill, options.namespace, passed, run.checks), indent=1))
    return code if code is not None else EXIT_PASSED if passed else EXIT_FAILED


def _document(
    skill: str, namespace: str, passed: bool, checks: list[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "apiVersion": "learnflow.infra/v1",
        "kind": "VerifyResult",
        "skill": skill,
        "namespace": namespace,
        "passed": passed,
        "checks": checks,
    }


def _describe(error: Exception) -> str:
    if isinstance(error, (CheckFailed, ApiError)):
        return str(error)
    return f"{type(error).__name__}: {error}"


def _interrupt(_number: int, _frame: object) -> None:
    """End the run by the first signal; more of them would end the cleaning up."""
    for each in STOPPING:
        signal.signal(each, lambda *_: None)  # not SIG_IGN, which kubectl would inherit
    raise KeyboardInterrupt
