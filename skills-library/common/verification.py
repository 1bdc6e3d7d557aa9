"""Shared by every skill's verify.py: arguments, checks, the JSON document.

A verify.py adds this folder to sys.path, sets sys.dont_write_bytecode (nothing may be written
beside the skills), and ends with

    raise SystemExit(verification.main("kafka-k8s-setup", run_checks))

where run_checks(v: Verification) calls v.check(name, vantage, function) for each check. The
function returns the message of success, or raises CheckFailed or any other error.
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
CONNECT_SECONDS = 20.0
"""How long a refused connection is retried: a Service's rules are set just after readiness, and a
pod without probes is ready before its server listens."""
CLEAN_UP_SECONDS = 10.0
"""How long an interrupted run may clean up; further signals are ignored meanwhile."""

STOPPING = (signal.SIGINT, signal.SIGTERM)

Dial = Callable[[str, int], socket.socket]
"""(host, port) -> connected socket with a timeout; raises OSError."""


class Verification:
    """One run: the cluster, the vantages, and the finished checks.

    Attributes:
        kubectl: the cluster and namespace.
        vantages: "inside", "host" or both, in this order.
        checks: one dict per finished check, as in the printed document.
        unchecked: why, by vantage, nothing was checked from there.
    """

    def __init__(self, kubectl: Kubectl, vantages: Sequence[str], timeout: float) -> None:
        self.kubectl = kubectl
        self.vantages = tuple(vantages)
        self.checks: list[dict[str, Any]] = []
        self.unchecked: dict[str, str] = {}
        self._deadline = time.monotonic() + timeout
        self._lock = threading.Lock()
        self._endpoints: list[dict[str, Any]] = []
        self._fatal: list[BaseException] = []
        self._ends: list[threading.Event] = []

    def remaining(self, most: float = 1e9) -> float:
        """Seconds until the run's timeout: at most `most`, at least 2 (for cleaning up)."""
        return max(2.0, min(most, self._deadline - time.monotonic()))

    def check(self, name: str, vantage: str, function: Callable[[], str]) -> bool:
        """Run one check, record and print it.

        Args:
            name: short, with dashes, the same in every vantage.
            vantage: "inside", "host" or "cluster".
            function: returns the message of success; any error fails the check.

        Returns:
            whether the check passed.

        Raises:
            ClusterUnreachableError: the function raised it; it ends the whole run.
        """
        begin = time.monotonic()
        try:
            message, passed = function(), True
        except ClusterUnreachableError:
            raise
        except Exception as error:  # noqa: BLE001 - any error is a failed check
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
            ClusterUnreachableError: a function raised it.
        """
        for ended in [self._begin(function) for function in functions]:
            while not ended.wait(0.5):  # returns to Python, so that signal handlers run
                pass
        if self._fatal:
            raise self._fatal[0]

    def wind_up(self, seconds: float) -> None:
        """End every wait, and give running checks at most `seconds` to clean up."""
        self._deadline = time.monotonic()
        end = time.monotonic() + seconds
        while not all(each.is_set() for each in self._ends) and time.monotonic() < end:
            time.sleep(0.02)

    def _begin(self, function: Callable[[], object]) -> threading.Event:
        """Start a thread; the event is set when it ends (an interrupted join may never return)."""
        ended = threading.Event()
        self._ends.append(ended)
        threading.Thread(target=self._guard, args=(function, ended), daemon=True).start()
        return ended

    def _guard(self, function: Callable[[], object], ended: threading.Event) -> None:
        try:
            function()
        except BaseException as error:  # noqa: BLE001 - raised again in the calling thread
            self._fatal.append(error)
        finally:
            ended.set()

    def load_endpoints(self, source: str) -> str:
        """Read the endpoints document from a file, stdin ("-") or the cluster's ConfigMap.

        Raises:
            CheckFailed: the document does not exist, or is not of kind Endpoints.
        """
        where = "standard input" if source == "-" else source or f"ConfigMap {CONFIG_MAP}"
        try:
            self._endpoints = findings.endpoints(self._endpoints_text(source))
        except (OSError, ValueError) as error:
            raise CheckFailed(f"{where} is not a document of kind Endpoints: {error}") from error
        return f"{len(self._endpoints)} read from {where}"

    def _endpoints_text(self, source: str) -> str:
        if source == "-":
            return sys.stdin.read()
        if source:
            with open(source, encoding="utf-8") as file:
                return file.read()
        try:
            data = self.kubectl.get(f"configmaps/{CONFIG_MAP}").get("data") or {}
        except ApiError as error:
            if error.reason != "NotFound":
                raise CheckFailed(f"the recorded endpoints cannot be read: {error}") from error
            raise CheckFailed(
                f"no endpoints are recorded in namespace {self.kubectl.namespace} ({error}); "
                "run: learnflow-infra deploy"
            ) from error
        return str(data.get("endpoints.json", ""))

    def endpoint(self, name: str) -> dict[str, Any]:
        """Return an endpoint of the endpoints document.

        Raises:
            CheckFailed: the document lacks it, or it lacks a required key.
        """
        return findings.endpoint(self._endpoints, name)

    def vantages_of(self, endpoint: dict[str, Any]) -> tuple[str, ...]:
        """Return the vantages from which an endpoint has an address, and note the others.

        A vantage that was asked for alone, and has no address, is a failed check.
        """
        has = {"inside": "inCluster" in endpoint, "host": "host" in endpoint}
        for vantage in self.vantages:
            if not has[vantage]:
                self._leave_out(vantage, endpoint.get("withoutHost", "no address is recorded"))
        return tuple(vantage for vantage in self.vantages if has[vantage])

    def _leave_out(self, vantage: str, why: str) -> None:
        self.unchecked[vantage] = why
        if self.vantages == (vantage,):
            self.record(
                "address", vantage, f"there is no way from the {vantage}: {why}", passed=False
            )
        else:
            print(f"--   {vantage:7} not checked  {why}", file=sys.stderr)

    def check_pods(
        self, endpoint: dict[str, Any], matches: Callable[[dict[str, Any]], bool] = lambda _: True
    ) -> list[str]:
        """Check that an endpoint's pods are ready and their volumes bound.

        Args:
            endpoint: has the labels of its pods.
            matches: False for pods that are none of the server's.

        Returns:
            the names of the pods; none if one is not ready.
        """
        labels = findings.selector(endpoint)
        pods: list[dict[str, Any]] = []
        names: list[str] = []

        def ready() -> str:
            pods.extend(filter(matches, self.kubectl.get("pods", labels)["items"]))
            names.extend(findings.ready_pods(pods, labels))
            return ", ".join(names) + " ready"

        self.check("pods-ready", "cluster", ready)
        self.check("volume-bound", "cluster", lambda: self._bound_volumes(pods))
        return names

    def _bound_volumes(self, pods: Sequence[dict[str, Any]]) -> str:
        claims = self.kubectl.get("persistentvolumeclaims")["items"] if pods else []
        return findings.bound_volumes(pods, claims)

    def dial(self, vantage: str, pod: str = "") -> Dial:
        """Return a function that connects from a vantage; "inside" connects from the given pod.

        It retries a refused connection for CONNECT_SECONDS, then raises OSError.
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
        body: runs the checks; not called if the endpoints cannot be loaded.
        argv: arguments after the program's name; None means sys.argv.

    Returns:
        the exit code: 0 all checks passed, 8 one failed or none ran, 4 the cluster was not
        reached, 130 interrupted. (Wrong options exit with 3.)
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
    except CheckFailed as error:  # raised outside of a check, for example for a missing endpoint
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
    ran = [check for check in run.checks if check["name"] != "endpoints"]
    passed = bool(ran) and all(check["passed"] for check in run.checks)
    print(json.dumps(_document(skill, options.namespace, passed, run), indent=1))
    return code if code is not None else EXIT_PASSED if passed else EXIT_FAILED


def _document(skill: str, namespace: str, passed: bool, run: Verification) -> dict[str, Any]:
    unchecked = [{"from": vantage, "why": why} for vantage, why in run.unchecked.items()]
    return {
        "apiVersion": "learnflow.infra/v1",
        "kind": "VerifyResult",
        "skill": skill,
        "namespace": namespace,
        "passed": passed,
        "checks": run.checks,
        **({"unchecked": unchecked} if unchecked else {}),
    }


def _describe(error: Exception) -> str:
    if isinstance(error, (CheckFailed, ApiError)):
        return str(error)
    return f"{type(error).__name__}: {error}"


def _interrupt(_number: int, _frame: object) -> None:
    """End the run at the first signal, and ignore others, which would end the cleaning up."""
    for each in STOPPING:
        signal.signal(each, lambda *_: None)  # not SIG_IGN: kubectl would inherit it
    raise KeyboardInterrupt
