"""Bars of a timeline as small SVGs: positions are attributes, so that no inline style is needed."""

from collections.abc import Sequence
from xml.etree.ElementTree import Element

from learnflow_infra.outputs.report.elements import h, put
from learnflow_infra.outputs.report.timeline import Span

HEIGHT = 16
STATES = {"done": "done", "failed": "failed", "Current": "done", "Failed": "failed"}
"""Class of a bar by the state of a step or an object; other states are in progress."""
THIN = 5
"""Height of a bar in progress, which differs by shape and not only by colour."""


def chart(spans: Sequence[Span], until: float) -> Element:
    """The bars of a row; hidden from screen readers, as the row has a text."""
    drawing = h("svg", width="100%", height=HEIGHT, aria_hidden="true", focusable="false")
    put(drawing, h("line", x1="0", x2="100%", y1=HEIGHT - 1, y2=HEIGHT - 1, class_="ground"))
    return put(drawing, *(_bar(span, until) for span in spans))


def _bar(span: Span, until: float) -> Element:
    kind = STATES.get(span.state, "under-way")
    height = THIN if kind == "under-way" else HEIGHT - 5
    left, width = f"{span.start / until:.3%}", f"{max(span.seconds / until, 0.004):.3%}"
    bar = h("rect", x=left, y=14 - height, width=width, height=height, class_=kind)
    if kind != "failed":
        return bar
    # Two stripes, so that a failed bar differs by shape, too.
    return h("g", bar, h("rect", x=left, y=7, width=width, height=3, class_="split"))


def axis(until: float) -> Element:
    """Labels for the start, the middle and the end of the deploy."""
    drawing = h("svg", width="100%", height=HEIGHT, aria_hidden="true", focusable="false")
    for share, anchor in ((0.0, "start"), (0.5, "middle"), (1.0, "end")):
        text = f"{share * until:.3g} s" if share else "0"
        put(drawing, h("text", text, x=f"{share:.0%}", y="12", text_anchor=anchor, class_=anchor))
    return drawing
