"""What is counted, once and only once, and what the newest jobs leave behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from ges_exporter.model import Status
from tests.simulated import START
from tests.watching import CENTRE, HOUR, MINUTE, OFFSET, Watcher, job, task, timeless

FINISHED = "ges_jobs_finished_total"
DISCOVERED = "ges_jobs_discovered_total"
OUTCOMES = ("success", "partially_failed", "failed")


@pytest.fixture
def watcher() -> Watcher:
    """A graph that was met with an empty list, a minute ago."""
    watcher = Watcher()
    watcher.show()
    watcher.wait(MINUTE)
    return watcher


def test_the_first_listing_is_history() -> None:
    """The gauges show what the first listing holds; the counters start at 0, and nothing in it is discovered."""
    watcher = Watcher()
    watcher.show(job("a"), job("b", "failed"), job("c", "running", begin=-5), job("d", "pending", begin=-1))
    statuses = ("pending", "running", "success", "partially_failed", "failed")
    assert watcher.values("ges_jobs", graph="movie", job_type="Algorithm", algorithm="pagerank") == {
        (status,): number for status, number in zip(statuses, (1, 1, 1, 0, 1), strict=True)
    }
    assert watcher.values(FINISHED, graph="movie", job_type="Algorithm", algorithm="pagerank") == {
        (status,): 0 for status in OUTCOMES
    }
    assert watcher.total(DISCOVERED) == 0


def test_the_first_listing_is_history_even_if_it_was_truncated() -> None:
    """A limit that cuts the first listing makes no difference to what it shows."""
    watcher = Watcher()
    watcher.show(job("a"), truncated=True)
    watcher.wait(MINUTE)
    watcher.show(job("a"), job("b", begin=10, end=20))
    assert (watcher.total(FINISHED), watcher.total(DISCOVERED)) == (1, 1)


def test_a_failed_scrape_is_no_first_listing() -> None:
    """A target is met by the first listing that could be read."""
    watcher = Watcher()
    watcher.fail()
    assert list(watcher.samples()) != []
    assert watcher.value("ges_target_first_listing_timestamp_seconds") is None
    watcher.wait(MINUTE)
    watcher.show(job("a"))
    assert watcher.value("ges_target_first_listing_timestamp_seconds") == START + MINUTE
    assert watcher.total(FINISHED) == 0


@pytest.mark.parametrize("status", OUTCOMES)
@pytest.mark.parametrize("before", ["pending", "running"])
def test_jobs_active_in_the_first_listing_count_when_they_finish(before: str, status: str) -> None:
    """They are not discovered, but their end is new."""
    watcher = Watcher()
    watcher.show(job("a", before, begin=-5))
    watcher.wait(MINUTE)
    watcher.show(job("a", status, begin=-5, end=30))
    assert watcher.total(FINISHED, status=status) == watcher.total(FINISHED) == 1
    assert watcher.total(DISCOVERED) == 0


@pytest.mark.parametrize("status", OUTCOMES)
def test_a_job_is_counted_once_however_often_it_is_listed(watcher: Watcher, status: str) -> None:
    """Discovered when it appears, finished when it ends, and never again."""
    for now in ("pending", "running", "running", status, status, status):
        watcher.show(job("a", now, begin=10, end=None if now in {"pending", "running"} else 200))
        watcher.wait(MINUTE)
    assert watcher.total(FINISHED, status=status) == watcher.total(FINISHED) == 1
    assert watcher.total(DISCOVERED) == 1


def test_a_job_that_appears_finished_is_discovered_and_finished(watcher: Watcher) -> None:
    """A job that came and ended between two scrapes counts in both."""
    watcher.show(job("a", "failed", begin=10, end=20))
    assert (watcher.total(DISCOVERED), watcher.total(FINISHED, status="failed")) == (1, 1)


def test_every_outcome_of_every_kind_of_job_has_its_own_count(watcher: Watcher) -> None:
    """Type, algorithm and status are told apart."""
    kinds = [("Algorithm", "pagerank"), ("Algorithm", "wcc"), ("VertexQuery", "")]
    jobs = [
        job(f"{job_type}{algorithm}{status}{i}", status, job_type=job_type, algorithm=algorithm, begin=1, end=2)
        for number, (job_type, algorithm) in enumerate(kinds, 1)
        for weight, status in enumerate(OUTCOMES, 1)
        for i in range(number * weight)
    ]
    watcher.show(*jobs)
    assert watcher.values(FINISHED, graph="movie") == {
        (job_type, algorithm, status): number * weight
        for number, (job_type, algorithm) in enumerate(kinds, 1)
        for weight, status in enumerate(OUTCOMES, 1)
    }


def test_the_known_outcomes_are_exposed_at_0_as_soon_as_a_kind_of_job_is_known(watcher: Watcher) -> None:
    """So that the first event is an increase; unknown and late appear only when they occur."""
    watcher.show(job("a", "pending", begin=10))
    assert watcher.values(FINISHED, graph="movie", job_type="Algorithm", algorithm="pagerank") == {
        (status,): 0 for status in OUTCOMES
    }
    assert watcher.value("ges_jobs_vanished_total", algorithm="pagerank") == 0
    assert watcher.value(DISCOVERED, algorithm="pagerank") == 1
    assert watcher.values("ges_jobs_late_total") == {}


def test_pruning_and_reordering_count_nothing(watcher: Watcher) -> None:
    """A list that is pruned from 500 to 480 and turned round is no event."""
    jobs = [job(f"j{i}", begin=10, end=20) for i in range(500)]
    watcher.show(*jobs)
    for shown in (jobs[20:], jobs[:19:-1], jobs[100:200], jobs[100:200] + jobs[:50], []):
        watcher.wait(MINUTE)
        watcher.show(*shown)
    assert (watcher.total(DISCOVERED), watcher.total(FINISHED), watcher.total("ges_jobs_vanished_total")) == (
        500,
        500,
        0,
    )


def test_a_failed_scrape_leaves_the_counters_and_takes_the_gauges(watcher: Watcher) -> None:
    """The listing families are absent, the ledger families unchanged; what ended meanwhile counts afterwards."""
    watcher.show(job("a", begin=10, end=20), job("b", "running", begin=10))
    watcher.wait(MINUTE)
    watcher.fail()
    assert watcher.value("ges_up") == 0
    for family in ("ges_jobs", "ges_job_oldest_running_timestamp_seconds", "ges_job_start_timestamp_seconds"):
        assert watcher.values(family) == {}
    assert watcher.total(FINISHED) == 1
    assert watcher.value("ges_scrape_last_success_timestamp_seconds") == START + MINUTE
    watcher.wait(MINUTE)
    watcher.show(job("a", begin=10, end=20), job("b", begin=10, end=130), job("c", begin=100, end=130))
    assert (watcher.value("ges_up"), watcher.total(FINISHED), watcher.total(DISCOVERED)) == (1, 3, 3)


@pytest.mark.parametrize(
    ("records", "status"),
    [
        pytest.param(("running", "success"), "success", id="the more advanced comes later"),
        pytest.param(("success", "running"), "success", id="the more advanced comes first"),
        pytest.param(("success", "failed"), "failed", id="as advanced, so the later"),
        pytest.param(("failed", "success"), "success", id="as advanced, so the later, again"),
        pytest.param(("pending", "running"), "running", id="running is more than pending"),
        pytest.param(("running", "pending"), "running", id="running is more than pending, again"),
    ],
)
def test_of_two_records_of_one_job_the_more_advanced_is_believed(
    watcher: Watcher, records: tuple[str, str], status: str
) -> None:
    """The same id twice in one listing is one job: the more advanced status wins, then the later record."""
    ends = {"running": None, "pending": None}
    watcher.show(*(job("a", one, begin=10, end=ends.get(one, 20)) for one in records))
    assert watcher.total("ges_jobs") == watcher.total("ges_jobs", status=status) == watcher.total(DISCOVERED) == 1
    assert watcher.total(FINISHED) == (0 if Status(status).active else 1)


def test_an_unknown_status_with_an_end_is_finished(watcher: Watcher) -> None:
    """It counts, once, as unknown, whatever it is called afterwards."""
    watcher.show(job("a", "unknown", begin=10, end=20))
    assert watcher.values(FINISHED, status="unknown") == {("movie", "Algorithm", "pagerank"): 1}
    watcher.show(job("a", "success", begin=10, end=20))
    assert watcher.total(FINISHED) == 1


def test_an_unknown_status_without_an_end_is_not_finished(watcher: Watcher) -> None:
    """The job is shown and discovered, is neither active nor over, and counts when it ends."""
    watcher.show(job("a", "unknown", begin=10))
    assert (watcher.value("ges_jobs", status="unknown"), watcher.total(DISCOVERED), watcher.total(FINISHED)) == (
        1,
        1,
        0,
    )
    assert watcher.values("ges_job_oldest_running_timestamp_seconds") == {}
    assert watcher.values("ges_job_start_timestamp_seconds") == {}
    watcher.show(job("a", "failed", begin=10, end=20))
    assert (watcher.total(FINISHED, status="failed"), watcher.total(FINISHED)) == (1, 1)


def test_an_unknown_status_in_the_first_listing() -> None:
    """With an end it is history; without one it counts when it ends."""
    watcher = Watcher()
    watcher.show(job("a", "unknown", begin=-20, end=-10), job("b", "unknown", begin=-20))
    watcher.wait(MINUTE)
    watcher.show(job("a", "unknown", begin=-20, end=-10), job("b", "unknown", begin=-20, end=30))
    assert (watcher.total(FINISHED), watcher.total(FINISHED, status="unknown"), watcher.total(DISCOVERED)) == (1, 1, 0)


def test_a_finished_job_that_is_shown_running_again_is_not_counted_twice(watcher: Watcher) -> None:
    """An older view of the list, as another node may have it, invents nothing."""
    for status, end in (("success", 20), ("running", None), ("success", 20), ("failed", 25)):
        watcher.show(job("a", status, begin=10, end=end))
        assert watcher.total(FINISHED) == 1
        watcher.wait(MINUTE)
    assert (watcher.total(DISCOVERED), watcher.total("ges_jobs_vanished_total")) == (1, 0)


@pytest.mark.parametrize(
    ("begin", "end", "count", "seconds"),
    [
        pytest.param(10, 25, 1, 15, id="both times"),
        pytest.param(10, 10, 1, 0, id="within one second"),
        pytest.param(None, 25, 0, 0, id="no begin"),
        pytest.param(10, None, 0, 0, id="no end"),
        pytest.param(25, 10, 0, 0, id="the end before the begin"),
    ],
)
def test_durations_are_end_minus_begin(
    watcher: Watcher, begin: float | None, end: float | None, count: int, seconds: float
) -> None:
    """Jobs without both times, or that end before they begin, are finished but make no observation."""
    watcher.show(job("a", begin=begin, end=end) if begin or end else job("a"))
    assert watcher.total(FINISHED) == 1
    assert watcher.value("ges_job_duration_seconds_count", status="success") == count
    assert watcher.value("ges_job_duration_seconds_sum", status="success") == seconds
    assert watcher.faults == (["endTime"] if begin and end and end < begin else [])


def test_durations_of_history_are_not_observed() -> None:
    """Histograms start at 0 for success, and are absent for other outcomes until the first observation."""
    watcher = Watcher()
    watcher.show(job("a"), job("b", "failed"))
    assert watcher.values("ges_job_duration_seconds_count") == {("movie", "Algorithm", "pagerank", "success"): 0}
    watcher.wait(MINUTE)
    watcher.show(job("c", "failed", begin=0, end=30))
    assert watcher.value("ges_job_duration_seconds_count", status="failed") == 1
    assert watcher.values("ges_job_duration_seconds_count", status="partially_failed") == {}


def test_the_newest_begin_success_and_failure_include_history() -> None:
    """The gauges of the newest job tell of the first listing too, whatever its order, and only of what is newer."""
    watcher = Watcher()
    watcher.show(
        job("a", begin=-300, end=-200),
        job("b", begin=-100, end=-60),
        job("c", "failed", begin=-90, end=-80),
        job("d", "partially_failed", begin=-400, end=-70),
        job("e", "running", begin=-50),
        job("f", begin=-500, end=-450),
    )
    last = {
        name: watcher.value(f"ges_job_last_{name}_seconds")
        for name in ("start_timestamp", "success_timestamp", "failure_timestamp", "success_duration")
    }
    assert last == {
        "start_timestamp": START - 50,
        "success_timestamp": START - 60,
        "failure_timestamp": START - 70,
        "success_duration": 40,
    }
    watcher.wait(MINUTE)
    watcher.show(job("g", begin=-300, end=-190), job("h", begin=5, end=50))
    assert watcher.value("ges_job_last_success_timestamp_seconds") == START + 50
    assert watcher.value("ges_job_last_success_duration_seconds") == 45
    assert watcher.value("ges_job_last_start_timestamp_seconds") == START + 5


def test_the_newest_success_without_a_begin_has_no_duration(watcher: Watcher) -> None:
    """Absent is not zero, and not the one before."""
    watcher.show(job("a", begin=1, end=5))
    watcher.wait(MINUTE)
    watcher.show(job("b", end=70))
    assert watcher.value("ges_job_last_success_timestamp_seconds") == START + 70
    assert watcher.values("ges_job_last_success_duration_seconds") == {}


def test_times_that_no_zone_explains_are_not_the_newest() -> None:
    """One job dated years ahead does not hide those after it, nor those beside it in the first listing."""
    watcher = Watcher()
    far = 1000 * 24 * HOUR
    watcher.show(job("a", begin=-300, end=-200), job("b", begin=far, end=far + 1), job("c", "failed", end=far))
    assert watcher.value("ges_job_last_success_timestamp_seconds") == START - 200
    assert watcher.value("ges_job_last_start_timestamp_seconds") == START - 300
    assert watcher.values("ges_job_last_failure_timestamp_seconds") == {}
    watcher.wait(MINUTE)
    watcher.show(job("d", begin=10, end=30))
    assert watcher.total("ges_jobs_late_total") == 0
    assert watcher.value("ges_job_last_success_timestamp_seconds") == START + 30


def test_without_times_the_scrape_that_first_saw_the_end_stands_in() -> None:
    """Never for history; and ``complete`` is neither a success nor a failure."""
    watcher = Watcher(api="database")
    watcher.show(timeless("a", "success"), timeless("b", "failed"), timeless("c", "running"))
    for name in ("success", "failure"):
        assert watcher.values(f"ges_job_last_{name}_timestamp_seconds") == {}
    for identity, status in (("c", "success"), ("d", "failed"), ("e", "complete")):
        watcher.wait(MINUTE)
        watcher.show(timeless(identity, status))
    assert watcher.value("ges_job_last_success_timestamp_seconds") == START + MINUTE
    assert watcher.value("ges_job_last_failure_timestamp_seconds") == START + 2 * MINUTE
    assert watcher.values(FINISHED, graph="movie", job_type="import_graph", algorithm="") == {
        ("complete",): 1,
        ("success",): 1,
        ("failed",): 1,
    }
    assert watcher.values("ges_job_duration_seconds_count") == {}


def test_active_jobs_without_a_begin_count_from_when_they_were_first_seen(tmp_path: Path) -> None:
    """The database edition's oldest pending and running job, over a restart too."""
    watcher = Watcher(api="database", path=str(tmp_path / "ledger.db"))
    watcher.show(timeless("a", "pending"))
    for _ in range(3):
        watcher.wait(MINUTE)
        watcher.show(timeless("a", "running"), timeless("b", "pending"))
    watcher.restart()
    watcher.show(timeless("a", "running"), timeless("b", "pending"))
    assert watcher.value("ges_job_oldest_running_timestamp_seconds") == START
    assert watcher.value("ges_job_oldest_pending_timestamp_seconds") == START + MINUTE
    watcher.close()


def test_progress_stands_still_until_it_moves(tmp_path: Path) -> None:
    """The longest-standing "progress last moved at" among running jobs, over a restart too."""
    watcher = Watcher(path=str(tmp_path / "ledger.db"))
    name = "ges_job_oldest_progress_change_timestamp_seconds"
    for seconds, progress in ((0, 0.1), (60, 0.1), (120, 0.2), (180, 0.2)):
        watcher.clock.now = START + seconds
        watcher.show(job("a", "running", begin=-5, progress=progress), job("b", "running", begin=-5, progress=seconds))
    assert watcher.value(name) == START + 120
    watcher.restart()
    watcher.show(job("a", "running", begin=-5, progress=0.2), job("c", "pending", begin=-5, progress=0))
    assert watcher.value(name) == START + 120
    watcher.close()


def test_the_task_centre_counts_by_graph() -> None:
    """The management plane's jobs are those of the graph that they name."""
    watcher = Watcher(CENTRE)
    watcher.show()
    watcher.wait(MINUTE)
    watcher.show(task("a", graph="movie", begin=1, end=2), task("b", "failed", graph="fraud", begin=1, end=2))
    assert watcher.value(FINISHED, graph="movie", plane="management", status="success") == 1
    assert watcher.value(FINISHED, graph="fraud", plane="management", status="failed") == 1
    assert watcher.value("ges_job_last_success_timestamp_seconds", graph="movie") == START + 2


def test_counts_go_on_after_a_restart(tmp_path: Path) -> None:
    """What was counted stays counted, and jobs that finished while the exporter was down are counted, once."""
    watcher = Watcher(path=str(tmp_path / "ledger.db"))
    watcher.show(job("a"), job("b", "running", begin=-5))
    watcher.wait(MINUTE)
    watcher.show(job("a"), job("b", "running", begin=-5), job("c", begin=10, end=20))
    before = {name: watcher.values(name) for name in (FINISHED, DISCOVERED, "ges_job_duration_seconds_sum")}
    watcher.restart()
    assert {name: watcher.values(name) for name in before} == before
    watcher.wait(5 * HOUR)
    shown = [job("a"), job("b", begin=-5, end=90), job("c", begin=10, end=20), job("d", "failed", begin=80, end=300)]
    for _ in range(2):
        watcher.show(*shown)
        assert (watcher.total(FINISHED), watcher.total(FINISHED, status="failed"), watcher.total(DISCOVERED)) == (
            3,
            1,
            2,
        )
        watcher.restart()
    assert watcher.value("ges_target_first_listing_timestamp_seconds") == START
    assert watcher.value("ges_target_utc_offset_seconds") == OFFSET
    watcher.close()
