"""Times, durations and HTML: what people read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ges_exporter.web.markup import Html, element, join
from ges_exporter.web.words import ago, moment, rfc3339, span

SPANS = {
    0.0: "0 s",
    0.4: "0.4 s",
    1.0: "1 s",
    59.9: "59 s",
    60.0: "1 min",
    125.0: "2 min 5 s",
    3600.0: "1 h",
    7500.0: "2 h 5 min",
    3605.0: "1 h",
    90000.0: "1 d 1 h",
    86400.0 * 400: "400 d",
    -90.0: "-1 min 30 s",
}


@pytest.mark.parametrize(("seconds", "words"), SPANS.items())
def test_durations(seconds: float, words: str) -> None:
    """The two largest units are enough."""
    assert span(seconds) == words


@pytest.mark.parametrize(
    ("age", "words"), [(0.0, "just now"), (0.9, "just now"), (200.0, "3 min 20 s ago"), (-90.0, "in 1 min 30 s")]
)
def test_ages(age: float, words: str) -> None:
    """Of what was, and of what a wrong clock says is to come."""
    assert ago(age) == words


@pytest.mark.parametrize("seconds", [1e18, -1e18, float("inf")])
def test_times_that_no_calendar_has(seconds: float) -> None:
    """An API may say anything; a page is shown nevertheless."""
    assert moment(seconds) == f"{seconds:g}"
    assert rfc3339(seconds) is None


def test_times() -> None:
    """In UTC."""
    assert moment(1_750_000_000) == "2025-06-15 15:06:40 UTC"
    assert rfc3339(1_750_000_000) == "2025-06-15T15:06:40Z"
    assert rfc3339(None) is None


def test_elements() -> None:
    """Attributes as they are spelled in HTML; what is not given is not written."""
    made = element("td", "a & b", [Html("<br>"), None], class_="x", data_label='"L"', hidden=True, id=None, open=False)
    assert made == '<td class="x" data-label="&quot;L&quot;" hidden>a &amp; b<br></td>'
    assert element("link", rel="icon") == '<link rel="icon">'


@given(st.text())
def test_text_is_never_markup(text: str) -> None:
    """Whatever it is, in an element and in an attribute."""
    made = element("p", text, title=text)
    assert made.count("<") == made.count(">") == 2
    assert made.count('"') == 2
    assert join([text]).isprintable() or {"\n", "\t"} & set(text) or any(char.isspace() for char in text)
