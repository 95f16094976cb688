"""HTML made of functions: whatever is not HTML already is escaped."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from html import escape

_EMPTY = frozenset({"input", "link", "meta"})
"""Elements without content."""


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


Child = str | Iterable["Child"] | None
"""What an element may hold; None is nothing."""


def element(tag: str, /, *children: Child, **attributes: str | float | bool | None) -> Html:
    """Returns an element; of attributes, ``class_`` is spelled so, ``data_x`` is ``data-x``, False or None is none."""
    written = "".join(
        f" {_name(key)}" if value is True else f' {_name(key)}="{_text(str(value))}"'
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    end = "" if tag in _EMPTY else f"</{tag}>"
    return Html(f"<{tag}{written}>{join(children)}{end}")


def join(children: Iterable[Child]) -> Html:
    """Returns children one after the other, texts escaped."""
    return Html("".join(_render(child) for child in children))


def _render(child: Child) -> str:
    if child is None:
        return ""
    if isinstance(child, Html):
        return child
    return _text(child) if isinstance(child, str) else join(child)


def _text(text: str) -> str:
    """Escapes a text; what HTML cannot hold, such as control characters, is shown as unknown."""
    return escape("".join(char if char.isprintable() or char in "\n\t" else _shown(char) for char in text))


def _shown(char: str) -> str:
    return char if char.isspace() and ord(char) > 0x9F else "\ufffd"


def _name(key: str) -> str:
    return key.rstrip("_").replace("_", "-")


a = partial(element, "a")
button = partial(element, "button")
div = partial(element, "div")
form = partial(element, "form")
h1 = partial(element, "h1")
h2 = partial(element, "h2")
h3 = partial(element, "h3")
label = partial(element, "label")
nav = partial(element, "nav")
option = partial(element, "option")
p = partial(element, "p")
section = partial(element, "section")
select = partial(element, "select")
small = partial(element, "small")
span = partial(element, "span")
strong = partial(element, "strong")
table = partial(element, "table")
tbody = partial(element, "tbody")
td = partial(element, "td")
th = partial(element, "th")
thead = partial(element, "thead")
time = partial(element, "time")
tr = partial(element, "tr")
