"""The report's page: what it says, what its time hung on, and that no text becomes markup."""

import base64
import copy
import hashlib
import itertools
import json
import re
from html.parser import HTMLParser

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from learnflow_infra import documents
from learnflow_infra.outputs.report import html
from learnflow_infra.outputs.report.timeline import Span, critical_path, spans, total
from learnflow_infra.paths import repo_root

TABLES = repo_root() / "tests/unit/tables"
SAMPLE = json.loads((TABLES / "deploy-report.json").read_text())
"""Of a real deploy."""
PATHS = yaml.safe_load((TABLES / "critical-path.yaml").read_text())
CAUSE = {
    "step": "release/kafka",
    "code": "ImageNotFound",
    "object": "Pod/kafka-0",
    "container": "kafka",
    "message": "the image learnflow.local/kafka:9 does not exist",
    "evidence": ["Event Failed: manifest unknown", "2 times in 30 s"],
    "remedy": "Set another tag: --set kafka.image.tag=...",
}
ERROR = {
    "what": "kafka is not ready.",
    "why": "Pod/kafka-0\n  no image",
    "remedy": "learnflow-infra diagnose",
    "exitCode": 5,
}


def failed():
    report = copy.deepcopy(SAMPLE) | {"result": "failed", "error": ERROR, "causes": [CAUSE]}
    report["steps"][-1] |= {"result": "failed"}
    report["objects"][0]["gone"] = 12.0
    del report["steps"][-2]["end"], report["steps"][-2]["result"]
    return report


class Page(HTMLParser):
    """The elements and the texts of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.text, self.attributes = [], "", []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.text += data


@pytest.mark.parametrize("case", PATHS, ids=lambda case: case["name"])
def test_critical_paths_of_the_table(case):
    assert critical_path(case["steps"]) == case["path"]


timed = st.floats(0, 100).map(lambda number: round(number, 3))
some_steps = st.lists(
    st.fixed_dictionaries(
        {"step": st.sampled_from("abcdefgh"), "start": timed, "length": timed},
        optional={"needs": st.lists(st.sampled_from("abcdefgh"), max_size=3)},
    ),
    unique_by=lambda step: step["step"],
)


@given(some_steps)
def test_a_critical_path_never_overlaps_and_ends_last(drawn):
    steps = {step["step"]: {**step, "end": step["start"] + step["length"]} for step in drawn}
    path = [steps[name] for name in critical_path(list(steps.values()))]
    assert bool(path) == bool(steps)
    assert not path or path[-1]["end"] == max(step["end"] for step in steps.values())
    for before, after in itertools.pairwise(path):
        assert before["end"] <= after["start"] + 0.0011


def test_states_of_an_object_follow_each_other_up_to_its_end():
    states = [
        {"at": 1, "state": "InProgress", "message": "a"},
        {"at": 2, "state": "InProgress", "message": "b"},
        {"at": 5, "state": "Current", "message": ""},
    ]
    busy, ready = Span(start=1, end=5, state="InProgress"), Span(start=5, end=9, state="Current")
    assert spans({"states": states}, 9) == [busy, ready]
    assert spans({"states": states, "gone": 7}, 9)[-1].end == 7


def test_the_page_has_the_critical_path_and_the_last_object():
    items = re.findall("<li>(.*?)</li>", html(SAMPLE))
    assert items == [
        "Load images into the cluster: 3.1 s",
        "Release kafka: 10.3 s, until Job/kafka-topics-9889554e was ready",
        "Verify kafka-k8s-setup: 1.2 s",
    ]
    outlined = re.findall('<tr class="critical">.*?◆ ([^<]*)', html(SAMPLE))
    assert outlined == [
        "Load images into the cluster",
        "Release kafka",
        "Verify kafka-k8s-setup",
        "Job/kafka-topics-9889554e",
    ]


def test_a_release_that_failed_waited_for_the_first_cause():
    report = failed()
    kafka = next(step for step in report["steps"] if step["step"] == "release/kafka")
    kafka["result"] = "failed"
    assert "Release kafka: 10.3 s, Pod/kafka-0 was not ready" in html(report)
    assert "◆ Pod/kafka-0<" in html(report)
    assert ERROR["why"] in html({**report, "causes": []})


def test_both_samples_keep_to_the_schema():
    for report in (SAMPLE, failed()):
        assert documents.schema_faults(report, "deploy-report") == []


@pytest.mark.parametrize("report", [SAMPLE, failed()], ids=["done", "failed"])
def test_the_page_has_every_part_of_the_report(report):
    text = Page(html(report)).text
    wanted = [report["context"], report["namespace"], f"{total(report):.1f} s"]
    wanted += [step["title"] for step in report["steps"]]
    wanted += [item["object"] for item in report["objects"]]
    wanted += [item["connect"][0] for item in report["endpoints"]]
    for cause in report["causes"]:
        wanted += [f"{cause['code']}: {cause['object']} container {cause['container']}"]
        wanted += [cause["message"], *cause["evidence"], cause["remedy"]]
    error = report.get("error", {})
    wanted += [str(error[key]) for key in error if key != "why" or not report["causes"]]
    assert [words for words in wanted if words not in text] == []


def test_a_report_without_anything_is_a_page():
    least = {key: SAMPLE[key] for key in ("started", "changed", "context", "namespace")}
    assert "Timeline" in Page(html({**least, "steps": []})).text


def test_the_page_may_load_nothing_and_its_style_is_the_one_it_names():
    text = html(SAMPLE)
    policy = re.search('http-equiv="Content-Security-Policy" content="([^"]*)"', text)[1]
    style = re.search("<style>(.*)</style>", text, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
    page = Page(text)
    assert {"script", "link", "img", "iframe"}.isdisjoint(page.tags)
    names = {name for name, _ in page.attributes}
    assert {"src", "style", "srcset"}.isdisjoint(names)
    assert {value for name, value in page.attributes if name == "href"} == {"#content"}
    assert "url(" not in style
    assert "@import" not in style


names = st.sampled_from([f"Pod/p{number}" for number in range(6)])
STATES = ("Current", "InProgress", "Failed", "Unknown")
some_objects = st.lists(
    st.fixed_dictionaries(
        {
            "step": st.just("release/kafka"),
            "object": names,
            "owner": names | st.just(""),
            "states": st.lists(
                st.fixed_dictionaries(
                    {"at": timed, "state": st.sampled_from(STATES), "message": st.just("a message")}
                ),
                min_size=1,
                max_size=9,
            ),
        },
        optional={"gone": timed, "created": st.floats(-100, 100)},
    ),
    unique_by=lambda item: item["object"],
)


@given(some_objects, timed, st.booleans())
def test_whatever_the_clocks_and_owners_say_each_object_has_a_row_with_bars_in_it(
    objects, seconds, ended
):
    step = {"step": "release/kafka", "title": "Release kafka", "start": 1.0}
    report = {**SAMPLE, "objects": objects, "seconds": seconds, "steps": [step]}
    step |= {"end": 2.0, "result": "done"} if ended else {}
    assert documents.schema_faults(report, "deploy-report") == []
    text = html(report)
    rows = re.findall(r"<tr[^>]*><th[^>]*>(?:◆ )?(Pod/p\d)", text)
    assert sorted(rows) == sorted(item["object"] for item in objects)
    for left, width in re.findall(r'<rect x="([^"]*)%" y="[^"]*" width="([^"]*)%"', text):
        assert 0 <= float(left) <= 100
        assert 0 < float(width) <= 100.5 - float(left)


def put_everywhere(node, text):
    """A report each of whose free texts is this one; what the schema fixes stays."""
    if isinstance(node, dict):
        fixed = {"state", "result", "step", "needs", "owner", "kind", "apiVersion"}
        return {k: v if k in fixed else put_everywhere(v, text) for k, v in node.items()}
    if isinstance(node, list):
        return [put_everywhere(item, text) for item in node]
    return text if isinstance(node, str) else node


HOSTILE = (
    "<script>alert(1)</script>",
    "</style><img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "' onmouseover='alert(1)",
    "]]></title><h1>",
    "&lt;b&gt; &amp; \x00 \ud800 \u202e \x1b[31m",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_becomes_markup(text):
    _holds_as_text(text)


@given(st.text(st.characters() | st.sampled_from("<>&\"'/!-="), min_size=1, max_size=30))
def test_no_random_text_becomes_markup(text):
    _holds_as_text(text)


PLAIN = Page(html(put_everywhere(failed(), "x")))


def _holds_as_text(text):
    page_text = html(put_everywhere(failed(), text))
    page_text.encode()
    page = Page(page_text)
    assert sorted(page.tags) == sorted(PLAIN.tags)
    assert len(page.attributes) == len(PLAIN.attributes)
