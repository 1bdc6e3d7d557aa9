"""HTML as a tree of elements, so that no text can become markup."""

import unicodedata
from collections.abc import Iterable
from xml.etree.ElementTree import Element, tostring

Content = str | Element


def h(tag: str, *content: Content | None, **attributes: object) -> Element:
    """An element of HTML or SVG.

    Args:
        tag: its name.
        content: texts and elements in order; None is left out.
        attributes: `class_` is `class`, `aria_hidden` is `aria-hidden`; None is left out.
    """
    element = Element(
        tag,
        {
            key.rstrip("_").replace("_", "-"): clean(str(value))
            for key, value in attributes.items()
            if value is not None
        },
    )
    return put(element, *content)


def put(element: Element, *content: Content | None) -> Element:
    """Append texts and elements to an element, and return it."""
    for item in content:
        if isinstance(item, Element):
            element.append(item)
        elif item is not None and len(element):
            element[-1].tail = (element[-1].tail or "") + clean(item)
        elif item is not None:
            element.text = (element.text or "") + clean(item)
    return element


def each(tag: str, contents: Iterable[Content], **attributes: object) -> list[Element]:
    """An element for each content."""
    return [h(tag, content, **attributes) for content in contents]


def clean(text: str) -> str:
    """A text without characters that HTML or UTF-8 cannot hold, or that change its direction."""
    return "".join(map(_shown, text))


def _shown(char: str) -> str:
    if char in "\n\t" or not unicodedata.category(char).startswith("C"):
        return char
    return "" if char == "\r" else "\N{REPLACEMENT CHARACTER}"


def page(root: Element) -> str:
    """The document of a root element."""
    return "<!doctype html>\n" + tostring(root, encoding="unicode", method="html") + "\n"
