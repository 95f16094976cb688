"""How far back a task centre is listed, so that no end falls outside."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.simulated import START
from tests.watching import CENTRE, DAY, MINUTE, Watcher, task

WEEK = 7 * DAY


@pytest.fixture
def watcher(tmp_path: Path) -> Watcher:
    """A task centre that nobody has asked."""
    return Watcher(CENTRE, path=str(tmp_path / "ledger.db"))


def window(watcher: Watcher) -> float:
    """How long before the beginning the list is asked to begin, in seconds."""
    return START - watcher.ledger.window(CENTRE, WEEK, watcher.clock())


def test_the_window_is_the_configured_one(watcher: Watcher) -> None:
    """At first, and as long as nothing calls for more; it goes with the time."""
    assert window(watcher) == WEEK
    watcher.show(task("a", begin=-5, end=0))
    assert window(watcher) == WEEK
    watcher.wait(DAY)
    watcher.show()
    assert window(watcher) == WEEK - DAY
    watcher.close()


@pytest.mark.parametrize("status", ["pending", "running"])
def test_it_reaches_back_to_the_oldest_active_job(watcher: Watcher, status: str) -> None:
    """Which would leave the list, by its begin, before it ends; also while it is missing, and after a restart."""
    begin = -30 * DAY
    watcher.show(task("a", status, begin=begin), task("b", "running", begin=-DAY))
    assert window(watcher) == 30 * DAY
    watcher.wait(MINUTE)
    watcher.show(task("b", "running", begin=-DAY))
    assert window(watcher) == 30 * DAY
    watcher.restart()
    watcher.show(task("a", status, begin=begin), complete=False)
    assert window(watcher) == 30 * DAY
    watcher.show(task("a", begin=begin, end=50))
    assert window(watcher) == WEEK - MINUTE
    watcher.close()


@pytest.mark.parametrize("how", ["down", "fails", "incomplete"])
def test_it_reaches_back_to_the_last_complete_listing_less_a_day(watcher: Watcher, how: str) -> None:
    """The filter is a bare date; whatever ended since may have been missed."""
    watcher.show()
    for _ in range(20):
        watcher.wait(DAY)
        if how == "fails":
            watcher.fail()
        elif how == "incomplete":
            watcher.show(complete=False)
    watcher.restart()
    assert window(watcher) == DAY
    watcher.show()
    assert window(watcher) == WEEK - 20 * DAY
    watcher.close()
