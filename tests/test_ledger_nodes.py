"""Graphs with several nodes: two lists, one of them down, fail-over."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.simulated import START
from tests.watching import DAY, HOUR, MINUTE, MOVIE, Watcher, down, job, up

A, B = "https://10.0.0.5", "https://10.0.0.6"
FINISHED = "ges_jobs_finished_total"


@pytest.fixture
def watcher() -> Watcher:
    """A graph with two nodes, met with empty lists."""
    watcher = Watcher()
    watcher.take(MOVIE, up(A), up(B))
    watcher.wait(MINUTE)
    return watcher


def test_a_job_in_both_lists_is_one_job(watcher: Watcher) -> None:
    """It is shown, discovered and finished once."""
    for _ in range(2):
        watcher.take(MOVIE, up(A, job("a", begin=5, end=9)), up(B, job("a", begin=5, end=9)))
    assert watcher.counts() == (1, 1, 0, 0)
    assert watcher.total("ges_jobs") == 1


@pytest.mark.parametrize("turned", [False, True], ids=["", "turned round"])
def test_the_more_advanced_status_wins(watcher: Watcher, turned: bool) -> None:
    """Whichever node shows it."""
    ended, running = job("a", begin=5, end=9), job("a", "running", begin=5)
    lists = (up(A, running), up(B, ended)) if turned else (up(A, ended), up(B, running))
    watcher.take(MOVIE, *lists)
    assert watcher.total("ges_jobs") == watcher.value("ges_jobs", status="success") == 1
    assert watcher.counts() == (1, 1, 0, 0)


def test_both_lists_are_united(watcher: Watcher) -> None:
    """Each node's own jobs are jobs of the graph."""
    watcher.take(MOVIE, up(A, job("a", begin=5, end=9)), up(B, job("b", "failed", begin=5, end=9)))
    assert watcher.counts() == (2, 2, 0, 0)
    assert watcher.total("ges_jobs") == 2


def test_the_target_is_up_when_one_node_answers(watcher: Watcher) -> None:
    """And what that one shows counts."""
    watcher.take(MOVIE, down(A), up(B, job("b", begin=5, end=9)))
    assert watcher.value("ges_up") == 1
    assert watcher.counts() == (1, 1, 0, 0)
    watcher.take(MOVIE, down(A), down(B))
    assert watcher.value("ges_up") == 0
    assert watcher.values("ges_jobs") == {}
    assert watcher.counts() == (1, 1, 0, 0)


def test_the_last_records_of_a_node_that_is_down_stay_for_vanish_after(watcher: Watcher) -> None:
    """Then they leave the gauges; no counter takes notice."""
    lost = (job("a", "running", begin=5), job("b", begin=5, end=9))
    watcher.take(MOVIE, up(A), up(B, *lost))
    for minute in range(1, 14):
        watcher.wait(MINUTE)
        watcher.take(MOVIE, up(A), down(B))
        assert watcher.total("ges_jobs") == (2 if minute <= 10 else 0)
        assert len(watcher.values("ges_job_start_timestamp_seconds")) == (1 if minute <= 10 else 0)
    watcher.take(MOVIE, up(A), up(B, *lost))
    assert watcher.total("ges_jobs") == 2
    assert watcher.counts() == (2, 1, 0, 0)


@pytest.mark.parametrize("before", ["never answered", "was down for long"])
def test_the_last_records_stay_when_the_other_node_takes_over(watcher: Watcher, before: str) -> None:
    """Also when the other one had shown nothing for a while: it is the last records that stay, not the last pair."""
    if before == "never answered":
        watcher = Watcher()
    for _ in range(12):
        watcher.take(MOVIE, up(A, job("a", begin=5, end=9)), down(B))
        watcher.wait(MINUTE)
    watcher.take(MOVIE, down(A), up(B, job("b", begin=5, end=9)))
    assert watcher.total("ges_jobs") == 2


def test_a_job_of_a_node_that_is_down_counts_when_the_other_shows_it_finished(watcher: Watcher) -> None:
    """The records that stay are the less advanced ones."""
    watcher.take(MOVIE, up(A), up(B, job("a", "running", begin=5)))
    watcher.wait(MINUTE)
    watcher.take(MOVIE, up(A, job("a", begin=5, end=70)), down(B))
    assert watcher.values("ges_jobs", status="running") == {("movie", "Algorithm", "pagerank"): 0}
    assert watcher.counts() == (1, 1, 0, 0)


def test_a_fail_over_behind_one_address_to_a_node_with_an_old_list(tmp_path: Path) -> None:
    """Its old jobs are late, its running ones new; those of the other list vanish, and count when they are back."""
    watcher = Watcher(path=str(tmp_path / "ledger.db"))
    first = [job(f"a{i}", begin=-HOUR, end=-60 * i) for i in range(5)]
    second = [job(f"b{i}", "failed", begin=-9 * DAY, end=-8 * DAY - i) for i in range(50)]
    watcher.show(*first, job("x", "running", begin=-60))
    watcher.wait(MINUTE)
    for _ in range(20):
        watcher.show(*second, job("y", "running", begin=30))
        watcher.wait(MINUTE)
    assert watcher.counts() == (1, 0, 1, 50)
    watcher.restart()
    for _ in range(2):
        watcher.show(*first, job("x", begin=-60, end=500), job("y", begin=30, end=1000))
        watcher.wait(MINUTE)
    assert watcher.counts() == (1, 2, 1, 50)
    assert watcher.total(FINISHED, status="failed") == 0
    watcher.show(*second)
    assert watcher.counts() == (1, 2, 1, 50)
    watcher.close()


def test_a_node_that_returns_shows_what_ended_while_it_was_down(watcher: Watcher) -> None:
    """Its own newest time is the measure: what it finished in a long outage is new, what is older than that is late."""
    watcher.take(MOVIE, up(A, job("a", begin=5, end=9)), up(B, job("b", begin=5, end=9)))
    for hour in range(1, 9):
        watcher.wait(HOUR)
        watcher.take(MOVIE, up(A, job("a", begin=5, end=9), job("c", begin=9, end=hour * HOUR)), down(B))
    returned = [job("b", begin=5, end=9), job("d", begin=10, end=2 * HOUR), job("e", begin=-3 * HOUR, end=-2 * HOUR)]
    watcher.take(MOVIE, up(A), up(B, *returned))
    assert watcher.counts() == (4, 4, 0, 1)


def test_a_restart_with_a_node_down(tmp_path: Path) -> None:
    """Nothing of what only that node shows is taken for gone, nor counted again when it is back."""
    watcher = Watcher(path=str(tmp_path / "ledger.db"))
    watcher.take(MOVIE, up(A), up(B))
    shown = [job("a", "running", begin=5), job("b", begin=5, end=9)]
    watcher.wait(MINUTE)
    watcher.take(MOVIE, up(A), up(B, *shown))
    watcher.restart()
    for _ in range(3):
        watcher.wait(HOUR)
        watcher.take(MOVIE, up(A), down(B))
    watcher.take(MOVIE, up(A), up(B, *shown))
    assert watcher.counts() == (2, 1, 0, 0)
    assert watcher.value("ges_job_oldest_running_timestamp_seconds") == START + 5
    watcher.close()
