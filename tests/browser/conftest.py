"""A real Chromium without a window: Debian's, driven through the DevTools protocol."""

import dataclasses

import pytest
from playwright.sync_api import sync_playwright

from learnflow_infra import events
from learnflow_infra.clusters.embedded.host import packages, requirements
from learnflow_infra.outputs.report import html

CHROMIUM = "chromium-headless-shell"
MILLISECONDS = 30_000
"""Longest wait for the browser to start, and for each thing asked of it."""


@pytest.fixture(scope="session")
def browser():
    packages.ensure_packages({CHROMIUM: CHROMIUM}, emit=events.ignore)
    with sync_playwright() as driver:
        # Its sandbox does not run as root; the pages are ours and may load nothing.
        found = driver.chromium.launch(
            executable_path=requirements.program(CHROMIUM),
            args=["--no-sandbox"],
            timeout=MILLISECONDS,
        )
        yield found
        found.close()


@dataclasses.dataclass(kw_only=True)
class Heard:
    """The messages and requests of a page during a test."""

    messages: list = dataclasses.field(default_factory=list)
    asked: list = dataclasses.field(default_factory=list)


@pytest.fixture
def show(browser, tmp_path):
    """Open a report as a file, as people do; it must load nothing else and say nothing."""
    contexts, heard = [], []

    def opened(report, width=1280, scheme="light", **options):
        (tmp_path / "deploy-report.html").write_text(html(report), encoding="utf-8")
        address = (tmp_path / "deploy-report.html").as_uri()
        size = {"width": width, "height": 800}
        context = browser.new_context(viewport=size, color_scheme=scheme, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(MILLISECONDS)
        ear = Heard()
        heard.append((ear, address))
        page.on("console", lambda message: ear.messages.append(message.text))
        page.on("pageerror", lambda error: ear.messages.append(str(error)))
        page.on("dialog", lambda dialog: ear.messages.append(dialog.message) or dialog.dismiss())
        page.on("request", lambda request: ear.asked.append(request.url))
        page.goto(address)
        return page

    yield opened
    for context in contexts:
        context.close()
    for ear, address in heard:
        assert ear.messages == []
        assert ear.asked == [address]
