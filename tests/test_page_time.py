"""What a scrape leaves of its time for the page."""

from __future__ import annotations

import pytest

from ges_exporter.page_time import FIRST_GUESS, MARGIN, PageTime


def left(time: PageTime, targets: int, *, own: bool = True) -> float:
    """What is left of ten seconds, with half a second after them."""
    return time.left(10.0, 0.5, targets, own=own)


def test_the_first_page_has_time_too() -> None:
    """Before any was made there is a guess for each target; for a few the time after the deadline is enough."""
    assert left(PageTime(), 3) == 10.0
    assert left(PageTime(), 500) == pytest.approx(10.5 - 500 * FIRST_GUESS)


def test_it_is_learned() -> None:
    """From then on the last page is the measure, also where there are more targets by now."""
    time = PageTime()
    time.learn(2.0, 400, own=True)
    assert left(time, 400) == pytest.approx(10.0 - 2.0 * MARGIN)
    assert left(time, 600) == pytest.approx(10.0 - 3.0 * MARGIN)


def test_a_page_of_one_target_says_nothing_of_a_page_of_all() -> None:
    """`/probe` and `/metrics` of one exporter do not mislead each other, nor does a page without targets."""
    time = PageTime()
    time.learn(2.0, 400, own=True)
    time.learn(0.4, 1, own=False)
    time.learn(1.0, 0, own=True)
    assert left(time, 400) == pytest.approx(10.0 - 2.0 * MARGIN)
    assert left(time, 1, own=False) == pytest.approx(10.0 - 0.4 * MARGIN)


def test_half_of_the_time_is_for_asking() -> None:
    """However long pages take."""
    time = PageTime()
    time.learn(60.0, 400, own=True)
    assert left(time, 400) == 5.0
