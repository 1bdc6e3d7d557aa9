"""deploy-report.html: the last deploy as one page that loads nothing."""

import base64
import functools
import hashlib
from importlib import resources
from xml.etree.ElementTree import Element

from learnflow_infra.outputs.contracts import DeployReport
from learnflow_infra.outputs.report import sections
from learnflow_infra.outputs.report.elements import h, page, put
from learnflow_infra.outputs.report.timeline import total

__all__ = ["html"]


def html(report: DeployReport) -> str:
    """The page of a report, which deploy-report.schema.json describes."""
    until = total(report)
    title = sections.title(report, until)
    main = put(
        h("main", id="content"),
        sections.facts(report, until),
        sections.error(report),
        sections.causes(report),
        sections.timeline(report, until),
        *sections.releases(report, until),
        sections.endpoints(report),
    )
    skip = h("a", "Skip to content", href="#content", class_="skip")
    body = h("body", skip, h("header", h("h1", title)), main)
    return page(h("html", _head(title), body, lang="en"))


def _head(title: str) -> Element:
    """The Content-Security-Policy: the page loads nothing, and has this one style."""
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return h(
        "head",
        h("meta", charset="utf-8"),
        h("meta", http_equiv="Content-Security-Policy", content=policy),
        h("meta", name="viewport", content="width=device-width, initial-scale=1"),
        h("meta", name="color-scheme", content="light dark"),
        h("meta", name="referrer", content="no-referrer"),
        h("title", title),
        h("style", _style()),
    )


@functools.cache
def _style() -> str:
    return resources.files(__name__).joinpath("style.css").read_text(encoding="utf-8")
