"""Jobs that are not in the list: vanished, forgotten, or merely away."""

from __future__ import annotations

from pathlib import Path

import pytest

from ges_exporter.ledger import Rules
from ges_exporter.model import Job
from tests.watching import DAY, MINUTE, MOVIE, NODE, Watcher, down, job, timeless, up

RUNNING = job("a", "running", begin=-5)
OTHER_NODE = "https://10.0.0.6"


@pytest.fixture
def watcher(tmp_path: Path) -> Watcher:
    """A graph that was met with one running job."""
    watcher = Watcher(path=str(tmp_path / "ledger.db"))
    watcher.show(RUNNING)
    return watcher


def over(watcher: Watcher, seconds: float, *jobs: Job, step: float = MINUTE) -> None:
    """Scrapes the same list at every step for so long."""
    for _ in range(round(seconds / step)):
        watcher.wait(step)
        watcher.show(*jobs)


# Vanished -------------------------------------------------------------------------------------------------------------


def test_an_active_job_vanishes_once_it_has_been_missing_for_longer_than_vanish_after(watcher: Watcher) -> None:
    """Reckoned from the first complete listing without it; it leaves the gauges at once, and counts once."""
    over(watcher, 11 * MINUTE)
    assert watcher.total("ges_jobs") == 0
    assert watcher.counts() == (0, 0, 0, 0)
    over(watcher, 30 * MINUTE)
    assert watcher.counts() == (0, 0, 1, 0)
    watcher.close()


@pytest.mark.parametrize("status", ["pending", "running"])
def test_both_kinds_of_active_jobs_vanish(status: str) -> None:
    """Waiting or running makes no difference, nor whether it is of the first listing."""
    watcher = Watcher(rules=Rules(vanish_after=30))
    watcher.show()
    watcher.show(job("a", status, begin=1))
    over(watcher, 3 * MINUTE)
    assert watcher.counts() == (1, 0, 1, 0)


@pytest.mark.parametrize("gone", [job("a"), job("a", "unknown", begin=-5)], ids=["finished", "unknown"])
def test_what_is_not_active_does_not_vanish(gone: Job) -> None:
    """A finished job that leaves was pruned; of one with an unknown status nobody knows."""
    watcher = Watcher()
    watcher.show(gone)
    over(watcher, 30 * MINUTE)
    assert watcher.counts() == (0, 0, 0, 0)


@pytest.mark.parametrize("how", ["fails", "incomplete", "truncated"])
def test_absence_from_a_listing_that_is_not_complete_is_no_evidence(watcher: Watcher, how: str) -> None:
    """Nothing vanishes by listings that failed, were cut, or left records out."""
    for _ in range(60):
        watcher.wait(MINUTE)
        if how == "fails":
            watcher.fail()
        else:
            watcher.show(complete=False, truncated=how == "truncated")
    assert watcher.counts() == (0, 0, 0, 0)
    watcher.show()
    watcher.wait(9 * MINUTE)
    watcher.show()
    assert watcher.counts() == (0, 0, 0, 0)
    watcher.close()


def test_a_job_that_comes_back_in_time_has_not_vanished(watcher: Watcher) -> None:
    """Absences do not add up."""
    for _ in range(5):
        over(watcher, 9 * MINUTE)
        watcher.show(RUNNING, complete=False)
    assert watcher.counts() == (0, 0, 0, 0)
    watcher.close()


@pytest.mark.parametrize("restarted", [False, True], ids=["", "restarted"])
@pytest.mark.parametrize("status", ["success", "failed", "partially_failed"])
def test_a_vanished_job_that_comes_back_finished_is_counted_as_finished_once(
    watcher: Watcher, status: str, restarted: bool
) -> None:
    """However long it was away, and whenever it says that it ended."""
    over(watcher, 30 * MINUTE, job("z", begin=60, end=65))
    over(watcher, DAY, job("z", begin=60, end=65), step=6 * 3600)
    if restarted:
        watcher.restart()
    over(watcher, 3 * MINUTE, job("a", status, begin=-5, end=50))
    assert watcher.counts() == (1, 2, 1, 0)
    assert watcher.value("ges_jobs_finished_total", status=status) == (2 if status == "success" else 1)
    watcher.close()


@pytest.mark.parametrize("restarted", [False, True], ids=["", "restarted"])
def test_a_vanished_job_that_comes_back_active_is_neither_new_nor_vanishes_twice(
    watcher: Watcher, restarted: bool
) -> None:
    """It is shown again, and counts when it ends."""
    over(watcher, 30 * MINUTE)
    over(watcher, 2 * MINUTE, RUNNING)
    assert watcher.total("ges_jobs", status="running") == 1
    if restarted:
        watcher.restart()
    over(watcher, 30 * MINUTE)
    assert watcher.counts() == (0, 0, 1, 0)
    watcher.show(job("a", begin=-5, end=3600))
    assert watcher.counts() == (0, 1, 1, 0)
    watcher.close()


def test_time_missing_goes_on_over_a_restart(watcher: Watcher) -> None:
    """When a job was first missed is remembered."""
    over(watcher, 6 * MINUTE)
    watcher.restart()
    over(watcher, 6 * MINUTE)
    assert watcher.counts() == (0, 0, 1, 0)
    watcher.close()


# Away and forgotten ---------------------------------------------------------------------------------------------------


def test_an_id_that_leaves_and_comes_back_is_counted_once(tmp_path: Path) -> None:
    """Within forget_after, over a restart, and without times that could tell."""
    watcher = Watcher(path=str(tmp_path / "ledger.db"), api="database")
    watcher.show()
    watcher.show(timeless("a"), timeless("b", "failed"))
    for _ in range(3):
        over(watcher, 6 * DAY, step=DAY)
        watcher.restart()
        watcher.show(timeless("a"), timeless("b", "failed"))
    assert watcher.counts() == (2, 2, 0, 0)
    watcher.close()


def test_ids_that_left_are_remembered_for_forget_after(tmp_path: Path) -> None:
    """Then they go; the count of ids says so, also after a restart."""
    watcher = Watcher(path=str(tmp_path / "ledger.db"))
    watcher.show(job("a"), job("b"), job("c"))
    over(watcher, 7 * DAY, job("c"), step=DAY)
    assert remembered(watcher) == 3
    over(watcher, 2 * DAY, job("c"), step=DAY)
    assert remembered(watcher) == 1
    watcher.restart()
    assert remembered(watcher) == 1
    watcher.close()


@pytest.mark.parametrize("how", ["fails", "incomplete", "truncated"])
def test_ids_are_forgotten_only_on_the_evidence_of_complete_listings(tmp_path: Path, how: str) -> None:
    """Time alone forgets nothing, nor does a listing that failed, was cut, or left records out."""
    watcher = Watcher(path=str(tmp_path / "ledger.db"))
    watcher.show(job("a"))
    for _ in range(30):
        watcher.wait(DAY)
        if how == "fails":
            watcher.fail()
        else:
            watcher.show(complete=False, truncated=how == "truncated")
    watcher.restart()
    watcher.show()
    assert remembered(watcher) == 1
    watcher.show(job("a"))
    assert watcher.counts() == (0, 0, 0, 0)
    watcher.close()


def test_an_id_that_shows_itself_begins_its_absence_anew() -> None:
    """Whatever the listing that shows it is worth otherwise."""
    watcher = Watcher()
    watcher.show(job("a"))
    for _ in range(4):
        over(watcher, 6 * DAY, step=DAY)
        watcher.show(job("a"), complete=False)
    assert remembered(watcher) == 1
    assert watcher.counts() == (0, 0, 0, 0)


def test_a_vanished_id_is_forgotten_too() -> None:
    """Reckoned from when it vanished."""
    watcher = Watcher()
    watcher.show(RUNNING)
    over(watcher, 10 * DAY, step=DAY)
    assert remembered(watcher) == 0
    assert watcher.counts() == (0, 0, 1, 0)


def test_an_id_that_comes_back_after_forget_after_meets_the_late_rule() -> None:
    """It is late, not new; without times it would count again."""
    watcher = Watcher()
    watcher.show(job("a", begin=-50, end=-40), job("z", begin=-5, end=0))
    over(watcher, 9 * DAY, job("y", begin=DAY, end=DAY + 1), step=DAY)
    watcher.show(job("a", begin=-50, end=-40), job("y", begin=DAY, end=DAY + 1))
    assert watcher.counts() == (1, 1, 0, 1)


def test_forget_after_is_configured() -> None:
    """Another time than a week."""
    watcher = Watcher(rules=Rules(forget_after=MINUTE))
    watcher.show(job("a"))
    over(watcher, 5 * MINUTE)
    assert remembered(watcher) == 0


def test_nothing_vanishes_or_is_forgotten_unless_all_nodes_answered() -> None:
    """A node that is down may hold what is missing."""
    watcher = Watcher()
    watcher.take(MOVIE, up(NODE, job("b")), up(OTHER_NODE, RUNNING, job("c")))
    for _ in range(30):
        watcher.wait(DAY)
        watcher.take(MOVIE, up(NODE), down(OTHER_NODE))
    assert watcher.counts() == (0, 0, 0, 0)
    assert remembered(watcher) == 3
    for _ in range(2):
        watcher.take(MOVIE, up(NODE), up(OTHER_NODE))
        watcher.wait(11 * MINUTE)
    assert watcher.counts() == (0, 0, 1, 0)


def remembered(watcher: Watcher) -> int:
    """How many ids the ledger knows of the first target."""
    ledger = next(iter(watcher.views.values())).ledger
    assert ledger is not None
    return ledger.remembered
