"""The sections of the report's page, made from the report's document alone."""

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from learnflow_infra.outputs.contracts import (
    CauseReport,
    DeployReport,
    EndpointDocument,
    ErrorReport,
    ObjectReport,
    StepReport,
)
from learnflow_infra.outputs.endpoints import proof_of, without_host
from learnflow_infra.outputs.report import tables
from learnflow_infra.outputs.report.elements import each, h, put
from learnflow_infra.outputs.report.timeline import critical_path, waited_for


def title(report: DeployReport, until: float) -> str:
    """The title: target, result and duration of the deploy."""
    ended = "failed after" if _failed(report) else "done in"
    return f"Deploy of {report['namespace']} {ended} {until:.1f} s"


def _failed(report: DeployReport) -> bool:
    return report.get("result") == "failed" or "error" in report


def _changed(report: DeployReport) -> str:
    if report["changed"]:
        return "yes"
    return "nothing" if _failed(report) else "nothing: all was up to date"


def facts(report: DeployReport, until: float) -> Element:
    """The target of the deploy, and when it started."""
    values = {
        "Result": "✗ failed" if _failed(report) else "✓ done",
        "Changed": _changed(report),
        "Cluster": f"context {report['context']}, namespace {report['namespace']}",
        "Started": report["started"],
        "Took": f"{until:.1f} s",
    }
    pairs = [h("div", h("dt", name), h("dd", value)) for name, value in values.items()]
    return h("section", h("h2", "Summary"), h("dl", *pairs))


def error(report: DeployReport) -> Element | None:
    """The error that ended the deploy; its `why` is left out if there are causes."""
    failure = report.get("error")
    if not failure:
        return None
    return put(
        h("section", h("h2", "Error"), class_="error"),
        h("p", h("strong", failure["what"]), f" (exit code {failure['exitCode']})"),
        h("pre", failure["why"]) if failure.get("why") and not report.get("causes") else None,
        *_remedy(failure),
    )


def _remedy(item: ErrorReport | CauseReport) -> Iterator[Element]:
    if item.get("remedy"):
        yield h("h3", "Next") if "exitCode" in item else h("p", "Next:")
        yield h("pre", item["remedy"], class_="remedy")


def causes(report: DeployReport) -> Element | None:
    """The causes why objects were not ready, the root cause first."""
    items = report.get("causes")
    if not items:
        return None
    section = h("section", h("h2", "Causes"))
    return put(section, *map(_cause, items))


def _cause(cause: CauseReport) -> Element:
    evidence = [line for line in cause.get("evidence", ()) if line]
    location = " container ".join(filter(None, (cause["object"], cause.get("container"))))
    article = h("article", h("h3", f"{cause['code']}: {location}"))
    return put(
        article,
        h("p", cause["message"]),
        h("p", "Evidence:") if evidence else None,
        h("pre", "\n".join(evidence)) if evidence else None,
        *_remedy(cause),
    )


def timeline(report: DeployReport, until: float) -> Element:
    """All steps, and the critical path through them."""
    path = [step for step in _path(report) if tables.long_enough(step, until)]
    return put(
        h("section", h("h2", "Timeline")),
        h(
            "p",
            "The critical path: the steps that determined the duration. Short ones are omitted.",
        ),
        h("ol", *each("li", [_reason(report, step, until) for step in path])),
        _legend(),
        tables.steps(report["steps"], [step["step"] for step in path], until),
    )


def _path(report: DeployReport) -> list[StepReport]:
    steps = {step["step"]: step for step in report["steps"]}
    return [steps[name] for name in critical_path(report["steps"])]


def _reason(report: DeployReport, step: StepReport, until: float) -> str:
    text = f"{tables.name(step)}: {tables.seconds(step, until)}"
    last = waited_for(report, step)
    if not last:
        return text
    ended = f"until {last} was ready" if step.get("result") == "done" else f"{last} was not ready"
    return f"{text}, {ended}"


def _objects(report: DeployReport, step: StepReport) -> list[ObjectReport]:
    return [item for item in report.get("objects", ()) if item["step"] == step["step"]]


def _legend() -> Element:
    return h(
        "p",
        "Bars: tall is done or ready, thin is under way, two stripes failed. "
        "An outline of a bar, and ◆ before a name, mark the critical path.",
        class_="legend",
    )


def releases(report: DeployReport, until: float) -> Iterator[Element]:
    """A table for each step with objects: their states."""
    path = _path(report)
    for step in report["steps"]:
        objects = _objects(report, step)
        if objects:
            heading = f"Objects of {tables.name(step)}"
            last = waited_for(report, step) if step in path else ""
            table = tables.objects(objects, heading, last, until)
            yield h("section", h("h2", heading), table)


def endpoints(report: DeployReport) -> Element | None:
    """The endpoints."""
    items = report.get("endpoints")
    if not items:
        return None
    section = h("section", h("h2", "Endpoints"))
    return put(section, *map(_endpoint, items))


def _endpoint(endpoint: EndpointDocument) -> Element:
    inside, host = endpoint["inCluster"], endpoint.get("host")
    credentials = endpoint.get("credentials")
    addresses = {
        "In the cluster": f"{inside['host']}:{inside['port']}",
        "From this host": f"{host['host']}:{host['port']}" if host else without_host(endpoint),
        **({"Credentials": f"Secret {credentials['secret']}"} if credentials else {}),
        "Proof": proof_of(endpoint),
    }
    pairs = [h("div", h("dt", name), h("dd", h("code", text))) for name, text in addresses.items()]
    lines = [*endpoint.get("tunnel", ()), *endpoint.get("connect", ())]
    article = h("article", h("h3", f"{endpoint['name']} ({endpoint['protocol']})"), h("dl", *pairs))
    return put(article, *each("pre", lines))
