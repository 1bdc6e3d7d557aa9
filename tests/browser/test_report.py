"""The report's page as a browser shows it: to eyes, to keyboards, to screen readers, on paper."""

import copy
import itertools

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.unit.outputs.test_report import HOSTILE, SAMPLE, failed, put_everywhere

SCHEMES = ("light", "dark")
KINDS = ("done", "under-way", "failed")
LONG = "a-very-long-name-without-any-place-to-break-" * 8


def crowded(count=1000):
    """A release of many pods, each of which has lived through many states."""
    report = copy.deepcopy(SAMPLE)
    states = [
        {"at": 4 + number / 2, "state": state, "message": "waits"}
        for number, state in zip(range(12), itertools.cycle(("InProgress", "Failed")), strict=False)
    ]
    pod = {"step": "release/kafka", "owner": "", "states": states}
    report["objects"] = [{**pod, "object": f"Pod/kafka-{number}"} for number in range(count)]
    return report


REPORTS = {
    "done": SAMPLE,
    "failed": failed(),
    "crowded": crowded(50),
    "long": put_everywhere(failed(), LONG),
    "hostile": put_everywhere(failed(), " ".join(HOSTILE)),
}


def channels(colour):
    """Red, green and blue from 0 to 1, of a colour as getComputedStyle says it."""
    return [int(part) / 255 for part in colour.split("(")[1].rstrip(")").split(",")[:3]]


def contrast(one, other):
    """Ratio of two colours' luminances (WCAG 2.2, "contrast ratio")."""

    def luminance(colour):
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    darker, lighter = sorted((luminance(channels(one)), luminance(channels(other))))
    return (lighter + 0.05) / (darker + 0.05)


def style(page, selector, name):
    return page.eval_on_selector(selector, f"element => getComputedStyle(element).{name}")


@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("name", REPORTS)
def test_nothing_is_wider_than_the_window(show, name, width):
    page = show(REPORTS[name], width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    too_wide = page.evaluate(
        """width => [...document.querySelectorAll("main *, header *")]
            .filter(element => element.getBoundingClientRect().right > width + 1)
            .map(element => element.outerHTML)""",
        width,
    )
    assert too_wide == []


def described(rules):
    return [(rule["id"], node["html"], node["any"]) for rule in rules for node in rule["nodes"]]


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", REPORTS)
def test_axe_finds_nothing(show, name, scheme):
    found = Axe().run(show(REPORTS[name], scheme=scheme)).response
    assert described(found["violations"]) == []
    unsure = [text for _, text, _ in described(found["incomplete"]) if not text.startswith("<text")]
    assert unsure == []  # text of SVG is computed below
    assert {"color-contrast", "html-has-lang"} <= {rule["id"] for rule in found["passes"]}


def test_axe_would_find_something(show):
    page = show(SAMPLE)
    page.evaluate("document.documentElement.removeAttribute('lang')")
    page.evaluate("document.querySelector('h1').style.color = '#cccccc'")
    found = Axe().run(page).response
    assert {"html-has-lang", "color-contrast"} <= {rule["id"] for rule in found["violations"]}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_text_and_bars_stand_out_from_the_ground(show, scheme):
    page = show(failed(), scheme=scheme)
    ground = style(page, "html", "backgroundColor")
    assert (contrast(ground, "rgb(255, 255, 255)") < 1.1) == (scheme == "light")
    for selector in ("body", "dt", ".note", "caption"):
        assert contrast(style(page, selector, "color"), ground) >= 4.5, selector
    for selector in ("rect.done", "rect.under-way", "rect.failed", "svg text"):
        assert contrast(style(page, selector, "fill"), ground) >= 4.5, selector


def test_bars_differ_by_more_than_colour(show):
    page = show(failed())
    done, busy, failed_ = (page.locator(f"rect.{kind}").first for kind in KINDS)
    assert done.bounding_box()["height"] > 1.5 * busy.bounding_box()["height"]
    split = failed_.locator("xpath=..").locator(".split").bounding_box()
    assert failed_.bounding_box()["y"] < split["y"]
    assert split["width"] == pytest.approx(failed_.bounding_box()["width"], abs=3)


def test_bars_lie_where_their_times_say(show):
    page = show(SAMPLE)
    step = next(step for step in SAMPLE["steps"] if step["step"] == "release/kafka")
    row = page.get_by_role("row", name=step["title"])
    ground, bar = row.locator("line.ground").bounding_box(), row.locator("rect").bounding_box()
    left = (bar["x"] - ground["x"]) / ground["width"]
    assert left == pytest.approx(step["start"] / SAMPLE["seconds"], abs=0.01)
    share = (step["end"] - step["start"]) / SAMPLE["seconds"]
    assert bar["width"] / ground["width"] == pytest.approx(share, abs=0.02)


def test_a_screen_reader_finds_landmarks_headings_and_tables(show):
    page = show(failed())
    for landmark in ("banner", "main"):
        assert page.get_by_role(landmark).count() == 1
    levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3')].map(e => +e.tagName[1])")
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    table = page.get_by_role("table", name="Steps, in seconds since the deploy began")
    assert table.get_by_role("rowheader").count() == len(SAMPLE["steps"])
    assert table.get_by_role("columnheader").count() == 3
    on_path = table.get_by_role("rowheader", name="Release kafka (on the critical path)")
    assert on_path.count() == 1
    owned = page.get_by_role("rowheader", name="Pod/kafka-0 (owned by StatefulSet/kafka)")
    assert owned.count() == 1
    assert page.get_by_role("img").count() == 0


def test_the_keyboard_reaches_the_content_and_its_place_is_seen(show):
    page = show(SAMPLE)
    page.keyboard.press("Tab")
    link = page.locator(":focus")
    assert link.inner_text() == "Skip to content"
    box = link.bounding_box()
    assert box["x"] >= 0
    assert box["y"] >= 0
    assert style(page, ":focus", "outlineStyle") == "solid"
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#content"


def test_nothing_moves(show):
    page = show(SAMPLE, reduced_motion="no-preference")
    assert page.evaluate("document.getAnimations().length") == 0
    moving = """[...document.querySelectorAll("*")].filter(element => {
        const style = getComputedStyle(element)
        return style.transitionDuration !== "0s" || style.animationName !== "none"
    }).length"""
    assert page.evaluate(moving) == 0


def test_paper_is_white_whatever_the_scheme(show):
    page = show(failed(), scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    assert style(page, "html", "backgroundColor") == "rgb(255, 255, 255)"
    assert style(page, "body", "color") == "rgb(0, 0, 0)"
    assert page.pdf().startswith(b"%PDF-")


def test_a_thousand_pods_are_shown_within_a_few_seconds(show):
    page = show(crowded())
    assert page.get_by_text("Pod/kafka-999").is_visible()
    spent = page.evaluate("performance.getEntriesByType('navigation')[0].domComplete")
    assert spent < 10_000
