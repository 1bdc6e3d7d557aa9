"""The report's tables: steps and objects as text, with bars beside them."""

from collections.abc import Iterator, Sequence
from xml.etree.ElementTree import Element

from learnflow_infra.outputs.contracts import ObjectReport, StepReport
from learnflow_infra.outputs.report import bars
from learnflow_infra.outputs.report.elements import h
from learnflow_infra.outputs.report.timeline import Span, span, spans

SHORT = 0.01
"""Share of the deploy's time below which a step of the critical path is not named."""
LAST = 6
"""States of an object that are shown as text; its bars show all states."""
MARKS = {"done": "✓", "failed": "✗", "Current": "✓", "Failed": "✗"}


def name(step: StepReport) -> str:
    """A step's title, or its id if it has no title."""
    return str(step.get("title") or step["step"])


def seconds(step: StepReport, until: float) -> str:
    """The duration of a step."""
    return f"{span(step, until).seconds:.1f} s"


def long_enough(step: StepReport, until: float) -> bool:
    """Whether a step of the critical path is named."""
    return span(step, until).seconds >= SHORT * until


def steps(items: Sequence[StepReport], critical: Sequence[str], until: float) -> Element:
    """A row for each step, in the order of their start."""
    rows = [_step(step, until, critical=step["step"] in critical) for step in items]
    return _table("Steps, in seconds since the deploy began", "StepReport", rows, until)


def _step(step: StepReport, until: float, *, critical: bool) -> Element:
    interval = span(step, until)
    text = " · ".join(
        filter(None, (f"{MARKS.get(interval.state, '…')} {interval.state}", step.get("note")))
    )
    return _row(h("th", *_marked(name(step), critical), _small(text)), [interval], until, critical)


def _marked(title: str, critical: bool) -> tuple[str, ...] | tuple[str, Element]:
    """A name; on the critical path with a mark, and a text for screen readers."""
    if not critical:
        return (title,)
    return f"◆ {title}", h("span", " (on the critical path)", class_="hidden")


def objects(items: Sequence[ObjectReport], caption: str, critical: str, until: float) -> Element:
    """A row for each object, above those that it owns; `critical` is on the critical path."""
    rows = [
        _row(
            _object(item, depth, critical=item["object"] == critical),
            spans(item, until),
            until,
            item["object"] == critical,
        )
        for depth, item in _tree(items)
    ]
    return _table(f"{caption}, in seconds since the deploy began", "Object", rows, until)


def _object(item: ObjectReport, depth: int, *, critical: bool) -> Element:
    last = item["states"][-1]
    state = "gone" if "gone" in item else last["state"]
    text = f"{MARKS.get(state, '…')} {state}: {last['message']}".removesuffix(": ")
    owner = h("span", f" (owned by {item['owner']})", class_="hidden") if depth else None
    marked = _marked(item["object"], critical)
    return h("th", *marked, owner, _small(text), class_=f"depth-{min(depth, 3)}")


def _tree(items: Sequence[ObjectReport]) -> Iterator[tuple[int, ObjectReport]]:
    """Depth and object, owners before the objects they own; each once, even in a cycle."""
    remaining = {item["object"]: item for item in items}
    names = set(remaining)
    owned: dict[str, list[str]] = {}
    for item in items:
        owned.setdefault(item["owner"] if item["owner"] in names else "", []).append(item["object"])
    stack = [(0, name) for name in reversed([*owned.get("", ()), *remaining])]
    while stack:
        depth, name = stack.pop()
        if name in remaining:
            yield depth, remaining.pop(name)
            stack += [(depth + 1, child) for child in reversed(owned.get(name, ()))]


def _table(caption: str, first: str, rows: Sequence[Element], until: float) -> Element:
    heads = (
        h("th", first, scope="col"),
        h("th", "Seconds", scope="col"),
        h("th", h("span", "When", class_="hidden"), bars.axis(until), scope="col"),
    )
    return h(
        "table",
        h("caption", caption),
        h("thead", h("tr", *heads)),
        h("tbody", *rows),
    )


def _row(head: Element, intervals: Sequence[Span], until: float, critical: bool) -> Element:
    head.set("scope", "row")
    text = [h("div", _interval(item, alone=len(intervals) == 1)) for item in intervals[-LAST:]]
    drawing = bars.chart(intervals, until)
    return h("tr", head, h("td", *text), h("td", drawing), class_="critical" if critical else None)


def _interval(item: Span, *, alone: bool) -> str:
    text = f"{item.start:.1f}\N{EN DASH}{item.end:.1f}"
    return text if alone else f"{item.state} {text}"


def _small(text: str) -> Element:
    return h("span", text, class_="note")
