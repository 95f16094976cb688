"""Finished jobs that turn up too late to be new: after a fail-over, and after a target was out of sight."""

from __future__ import annotations

from pathlib import Path

import pytest

from ges_exporter.ledger import Rules, Zone
from ges_exporter.model import Job, Target
from tests.watching import (
    CENTRE,
    DAY,
    FRAUD,
    HOUR,
    MINUTE,
    MOVIE,
    NODE,
    OFFSET,
    Watcher,
    down,
    job,
    task,
    timeless,
    up,
)

OTHER_NODE = "https://10.0.0.6"


def old(identity: str, hours: float, status: str = "success") -> Job:
    """A job that ended some hours before the beginning."""
    return job(identity, status, begin=-hours * HOUR - 60, end=-hours * HOUR)


def keep_asking(watcher: Watcher, seconds: float, *targets: Target) -> None:
    """Scrapes empty lists of ``targets`` every five minutes for so long."""
    for _ in range(round(seconds / (5 * MINUTE))):
        watcher.wait(5 * MINUTE)
        for target in targets:
            watcher.show(target=target)


# A list of old jobs ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("end", "late"),
    [
        pytest.param(-HOUR - 1, True, id="just past late_after"),
        pytest.param(-HOUR, False, id="no more than late_after"),
        pytest.param(-1, False, id="a moment ago"),
        pytest.param(-30 * DAY, True, id="a month ago"),
    ],
)
def test_a_job_that_ended_long_before_the_newest_time_shown_is_late(end: float, late: bool) -> None:
    """The measure is the newest time that an earlier listing has shown, in the engine's own clock."""
    watcher = Watcher()
    watcher.show(job("a", begin=-5, end=0))
    watcher.wait(MINUTE)
    watcher.show(job("a", begin=-5, end=0), job("b", "failed", begin=end - 5, end=end))
    assert watcher.counts() == ((0, 0, 0, 1) if late else (1, 1, 0, 0))


def test_what_is_late_is_in_no_other_counter_or_histogram() -> None:
    """It is shown by the gauges, history included, and counted under its outcome, once."""
    watcher = Watcher()
    watcher.show(job("a", begin=-5, end=0), job("z", "running", begin=-5))
    for _ in range(3):
        watcher.wait(MINUTE)
        watcher.show(job("a", begin=-5, end=0), old("b", 3, "failed"), old("c", 4, "failed"))
    assert watcher.values("ges_jobs_late_total", graph="movie") == {("Algorithm", "pagerank", "failed"): 2}
    assert watcher.counts() == (0, 0, 0, 2)
    assert watcher.total("ges_job_duration_seconds_count") == 0
    assert watcher.value("ges_jobs", status="failed") == 2
    assert watcher.value("ges_job_last_failure_timestamp_seconds") == 1_750_000_000 - 3 * HOUR


def test_only_earlier_listings_are_the_measure() -> None:
    """Jobs of one listing do not make each other late: all that ended while the exporter was down is new."""
    watcher = Watcher()
    watcher.show(job("a", begin=-5, end=0))
    watcher.wait(DAY)
    watcher.show(*(job(f"b{hour}", begin=hour * HOUR - 9, end=hour * HOUR) for hour in range(23, 0, -1)))
    assert watcher.counts() == (23, 23, 0, 0)


def test_only_a_job_seen_for_the_first_time_can_be_late() -> None:
    """One that was known active counts when it ends, whenever it says that was."""
    watcher = Watcher()
    watcher.show(job("a", begin=-5, end=0), job("b", "running", begin=-9 * HOUR), job("c", "unknown", begin=-9 * HOUR))
    watcher.wait(MINUTE)
    ended = [job(identity, begin=-9 * HOUR, end=-8 * HOUR) for identity in "bc"]
    watcher.show(job("a", begin=-5, end=0), *ended)
    assert watcher.counts() == (0, 2, 0, 0)


def test_an_active_job_of_an_old_list_is_discovered() -> None:
    """Only what is finished can be late."""
    watcher = Watcher()
    watcher.show(job("a", begin=-5, end=0))
    watcher.wait(MINUTE)
    watcher.show(job("b", "running", begin=-9 * HOUR))
    assert watcher.counts() == (1, 0, 0, 0)


def test_begins_and_active_jobs_tell_the_time_too() -> None:
    """The newest time is any time that was shown."""
    watcher = Watcher()
    watcher.show(job("a", "running", begin=0))
    watcher.wait(MINUTE)
    watcher.show(old("b", 2))
    assert watcher.counts() == (0, 0, 0, 1)


def test_times_far_ahead_are_left_out_of_the_newest() -> None:
    """More than 14 hours ahead of now is no clock's time: it must not make everything late."""
    watcher = Watcher()
    watcher.show(job("a", begin=-5, end=0), job("b", begin=15 * HOUR, end=16 * HOUR, offset=0))
    watcher.wait(MINUTE)
    watcher.show(job("c", begin=5, end=50))
    assert watcher.counts() == (1, 1, 0, 0)


def test_the_rule_holds_after_a_restart(tmp_path: Path) -> None:
    """The newest time shown is remembered."""
    watcher = Watcher(path=str(tmp_path / "ledger.db"))
    watcher.show(job("a", begin=-5, end=0))
    watcher.restart()
    watcher.wait(MINUTE)
    watcher.show(job("a", begin=-5, end=0), old("b", 2), job("c", begin=10, end=20))
    assert watcher.counts() == (1, 1, 0, 1)
    watcher.close()


def test_late_after_is_configured() -> None:
    """Another measure than the hour."""
    watcher = Watcher(rules=Rules(late_after=3 * HOUR))
    watcher.show(job("a", begin=-5, end=0))
    watcher.wait(MINUTE)
    watcher.show(old("b", 2), old("c", 4))
    assert watcher.counts() == (1, 1, 0, 1)


def test_without_an_end_a_job_is_not_late() -> None:
    """The database edition tells no times: whatever turns up counts."""
    watcher = Watcher(api="database")
    watcher.show(timeless("a"))
    watcher.wait(MINUTE)
    watcher.show(timeless("b"), timeless("c"))
    assert watcher.counts() == (2, 2, 0, 0)


def test_the_task_centre_has_the_same_rule() -> None:
    """In UTC, over all graphs of the project."""
    watcher = Watcher(CENTRE)
    watcher.show(task("a", begin=-5, end=0))
    watcher.wait(MINUTE)
    watcher.show(task("b", graph="fraud", begin=-3 * HOUR, end=-2 * HOUR), task("c", begin=5, end=9))
    assert watcher.counts() == (1, 1, 0, 1)


def test_each_endpoint_is_measured_by_its_own_clock() -> None:
    """A node whose newest time is old may show an old job as new."""
    watcher = Watcher()
    ahead, behind = job("a", begin=-5, end=0), job("b", begin=-5 * HOUR - 5, end=-5 * HOUR)
    watcher.take(MOVIE, up(NODE, ahead), up(OTHER_NODE, behind))
    watcher.wait(MINUTE)
    fresh = job("c", begin=-5 * HOUR, end=-5 * HOUR + 30)
    watcher.take(MOVIE, up(NODE, ahead), up(OTHER_NODE, behind, fresh))
    assert watcher.counts() == (1, 1, 0, 0)
    watcher.wait(MINUTE)
    watcher.take(MOVIE, up(NODE, ahead, old("d", 5)), up(OTHER_NODE, behind, fresh))
    assert watcher.counts() == (1, 1, 0, 1)


def test_a_node_met_only_now_shows_old_jobs() -> None:
    """Its list is not the target's first listing; what is old by what the others have shown is late."""
    watcher = Watcher()
    watcher.take(MOVIE, up(NODE, job("a", begin=-5, end=0)), down(OTHER_NODE))
    watcher.wait(MINUTE)
    watcher.take(MOVIE, up(NODE, job("a", begin=-5, end=0)), up(OTHER_NODE, old("b", 2), job("c", begin=5, end=9)))
    assert watcher.counts() == (1, 1, 0, 1)


def test_a_node_met_only_now_when_the_others_have_shown_little() -> None:
    """A graph that is hardly used since it failed over: what the node itself shows is the measure."""
    watcher = Watcher()
    watcher.take(MOVIE, up(NODE), down(OTHER_NODE))
    watcher.wait(MINUTE)
    month = [job(f"{day}", "failed", begin=-day * DAY, end=-day * DAY + 60) for day in range(30)]
    watcher.take(MOVIE, up(NODE), up(OTHER_NODE, *month))
    assert watcher.counts() == (1, 1, 0, 29)


def test_a_standby_whose_list_was_empty_until_it_took_over() -> None:
    """It has shown no time of its own, so it is measured like one that is met."""
    watcher = Watcher()
    for _ in range(3):
        watcher.take(MOVIE, up(NODE, job("a", begin=-5, end=0)), up(OTHER_NODE))
        watcher.wait(MINUTE)
    watcher.take(MOVIE, down(NODE), up(OTHER_NODE, old("b", 2), old("c", 48), job("d", begin=120, end=150)))
    assert watcher.counts() == (1, 1, 0, 2)


def test_what_finished_while_the_exporter_was_down_counts_also_on_nodes_that_are_met() -> None:
    """Their addresses have changed in that time, or they have never answered before."""
    watcher = Watcher()
    watcher.take(MOVIE, up(NODE, job("a", begin=-5, end=0)), down(OTHER_NODE))
    watcher.wait(5 * HOUR)
    meanwhile = [job(f"{hour}", begin=hour * HOUR, end=hour * HOUR + 60) for hour in range(5)]
    watcher.take(MOVIE, down(NODE), up(OTHER_NODE, *meanwhile, old("b", 2)))
    assert watcher.counts() == (5, 5, 0, 1)


def test_an_address_that_was_changed_while_the_exporter_was_down() -> None:
    """Of a lone endpoint the list goes on where the other's ended: what finished meanwhile counts."""
    watcher = Watcher()
    watcher.take(MOVIE, up(NODE, job("a", begin=-5, end=0)))
    watcher.wait(3 * HOUR)
    meanwhile = [job(f"{hour}", begin=hour * HOUR, end=hour * HOUR + 60) for hour in range(3)]
    watcher.take(MOVIE, up(OTHER_NODE, job("a", begin=-5, end=0), *meanwhile))
    assert watcher.counts() == (3, 3, 0, 0)


# A target out of sight ------------------------------------------------------------------------------------------------


@pytest.fixture
def two(tmp_path: Path) -> Watcher:
    """An exporter of two graphs, which has met both."""
    watcher = Watcher(MOVIE, FRAUD, path=str(tmp_path / "ledger.db"))
    for target in (MOVIE, FRAUD):
        watcher.show(target=target)
    return watcher


def test_what_ended_while_a_target_was_taken_out_is_late(two: Watcher) -> None:
    """Another replica may have counted it: in the next listing everything finished and unseen is late."""
    two.restart(MOVIE)
    keep_asking(two, 2 * HOUR, MOVIE)
    two.restart(MOVIE, FRAUD)
    two.show(job("a", begin=10, end=20), job("b", begin=7000, end=7100), target=FRAUD)
    assert two.counts(FRAUD) == (0, 0, 0, 2)
    two.wait(MINUTE)
    two.show(job("a", begin=10, end=20), job("c", begin=7000, end=7100), target=FRAUD)
    assert two.counts(FRAUD) == (1, 1, 0, 2)
    assert two.counts(MOVIE) == (0, 0, 0, 0)
    two.close()


def test_what_is_active_when_a_target_returns_counts_when_it_ends(two: Watcher) -> None:
    """But is not discovered: whoever watched meanwhile has done that."""
    keep_asking(two, 2 * HOUR, MOVIE)
    two.show(job("a", "running", begin=7000), target=FRAUD)
    two.wait(MINUTE)
    two.show(job("a", begin=7000, end=7230), job("b", "running", begin=7220), target=FRAUD)
    assert two.counts(FRAUD) == (1, 1, 0, 0)
    two.close()


def test_what_was_active_when_a_target_was_taken_out_and_is_gone_has_not_vanished_here(two: Watcher) -> None:
    """Whoever watched meanwhile has counted that; what goes from now on counts here."""
    two.show(job("a", "running", begin=1), target=FRAUD)
    keep_asking(two, 2 * HOUR, MOVIE)
    two.show(job("b", "running", begin=7000), target=FRAUD)
    for _ in range(3):
        two.wait(10 * MINUTE)
        two.show(target=FRAUD)
    assert two.counts(FRAUD) == (1, 0, 1, 0)
    two.close()


def test_what_was_known_active_when_a_target_was_taken_out_is_late_too(two: Watcher) -> None:
    """Its end was unseen: a replica that took over has counted it, for what it found active counts when it ends."""
    two.show(job("a", "running", begin=1), target=FRAUD)
    keep_asking(two, 2 * HOUR, MOVIE)
    two.show(job("a", begin=1, end=100), target=FRAUD)
    assert two.counts(FRAUD) == (1, 0, 0, 1)
    two.close()


def test_a_node_that_was_down_when_a_target_returned(two: Watcher) -> None:
    """Its list is from then, too: until it has answered, what it alone shows may have been counted by another."""
    two.take(FRAUD, up(NODE), up(OTHER_NODE, job("a", "running", begin=1), job("b", "running", begin=2)))
    keep_asking(two, 2 * HOUR, MOVIE)
    two.take(FRAUD, up(NODE, job("c", begin=10, end=20)), down(OTHER_NODE))
    for _ in range(3):
        two.wait(10 * MINUTE)
        two.restart(MOVIE, FRAUD)
        two.take(FRAUD, up(NODE, job("c", begin=10, end=20), job("d", begin=7300, end=7400)), down(OTHER_NODE))
    assert two.counts(FRAUD) == (3, 1, 0, 1)
    shown = job("a", begin=1, end=60), job("e", begin=10, end=20), job("f", "running", begin=7000)
    for _ in range(3):
        two.wait(10 * MINUTE)
        two.take(FRAUD, up(NODE), up(OTHER_NODE, *shown))
    assert two.counts(FRAUD) == (3, 1, 0, 3)
    ended = job("f", begin=7000, end=9000), job("g", begin=9000, end=9100)
    two.take(FRAUD, up(NODE), up(OTHER_NODE, *shown[:2], *ended))
    assert two.counts(FRAUD) == (4, 3, 0, 3)
    two.close()


def test_what_ends_after_a_target_returned_counts_also_on_a_node_that_was_down_until_then() -> None:
    """Where it is known how the engine's clock is set; else it cannot be told from what another has counted."""
    shown = job("a", begin=7100, end=7190), job("b", "failed", begin=7300, end=7400)
    for zone, counts in ((Zone("configured", OFFSET), (1, 1, 0, 1)), (None, (0, 0, 0, 2))):
        watcher = Watcher(MOVIE, FRAUD, zone=zone)
        watcher.take(FRAUD, up(NODE), up(OTHER_NODE))
        keep_asking(watcher, 2 * HOUR, MOVIE)
        watcher.take(FRAUD, up(NODE), down(OTHER_NODE))
        watcher.wait(10 * MINUTE)
        watcher.take(FRAUD, up(NODE), up(OTHER_NODE, *shown))
        assert watcher.counts(FRAUD) == counts


def test_a_node_that_was_down_when_a_target_returned_and_is_not_configured_any_more(two: Watcher) -> None:
    """Put back later, it is a node like any other."""
    two.take(FRAUD, up(NODE, job("a", begin=-5, end=0)), up(OTHER_NODE))
    keep_asking(two, 2 * HOUR, MOVIE)
    two.take(FRAUD, up(NODE), down(OTHER_NODE))
    two.wait(MINUTE)
    two.take(FRAUD, up(NODE))
    two.wait(MINUTE)
    two.take(FRAUD, up(NODE), up(OTHER_NODE, job("b", begin=7300, end=7310)))
    assert two.counts(FRAUD) == (2, 2, 0, 0)
    two.close()


def test_what_was_missing_when_a_target_returned_may_vanish_later(two: Watcher) -> None:
    """Once it has been seen again, it is watched like any other job."""
    two.take(FRAUD, up(NODE), up(OTHER_NODE, job("a", "running", begin=1)))
    keep_asking(two, 2 * HOUR, MOVIE)
    two.take(FRAUD, up(NODE), down(OTHER_NODE))
    two.wait(MINUTE)
    two.take(FRAUD, up(NODE), up(OTHER_NODE, job("a", "running", begin=1)))
    for _ in range(3):
        two.wait(10 * MINUTE)
        two.take(FRAUD, up(NODE), up(OTHER_NODE))
    assert two.counts(FRAUD) == (1, 0, 1, 0)
    two.close()


def test_a_list_that_was_not_whole_when_a_target_returned(two: Watcher) -> None:
    """What is missing from it was active long ago: it has not vanished here."""
    two.show(job("a", "running", begin=1), target=FRAUD)
    keep_asking(two, 2 * HOUR, MOVIE)
    two.show(target=FRAUD, complete=False)
    for _ in range(3):
        two.wait(10 * MINUTE)
        two.show(target=FRAUD)
    assert two.counts(FRAUD) == (1, 0, 0, 0)
    two.close()


def test_a_shorter_absence_makes_nothing_late(two: Watcher) -> None:
    """No longer than late_after."""
    keep_asking(two, HOUR, MOVIE)
    two.show(job("a", begin=10, end=20), target=FRAUD)
    assert two.counts(FRAUD) == (1, 1, 0, 0)
    two.close()


def test_what_ended_while_the_whole_exporter_was_down_counts(two: Watcher) -> None:
    """Nobody was asked, so nobody else was watching instead."""
    two.wait(5 * HOUR)
    two.restart()
    for target in (MOVIE, FRAUD):
        two.show(job("a", begin=10, end=20), target=target)
    assert two.counts(FRAUD) == two.counts(MOVIE) == (1, 1, 0, 0)
    two.close()


def test_what_ended_while_nobody_scraped_counts(two: Watcher) -> None:
    """A pause of all asking, with the exporter running, is no absence of one target."""
    two.wait(5 * HOUR)
    for target in (MOVIE, FRAUD):
        two.show(job("a", begin=10, end=20), target=target)
        two.wait(1)
    assert two.counts(FRAUD) == two.counts(MOVIE) == (1, 1, 0, 0)
    two.close()


def test_the_time_the_exporter_was_down_is_no_part_of_an_absence(two: Watcher) -> None:
    """Only what passed while others were asked counts towards late_after."""
    two.restart(MOVIE)
    keep_asking(two, HOUR / 2, MOVIE)
    two.wait(9 * HOUR)
    two.restart(MOVIE, FRAUD)
    two.show(target=MOVIE)
    two.show(job("a", begin=10, end=20), target=FRAUD)
    assert two.counts(FRAUD) == (1, 1, 0, 0)
    two.close()


def test_a_target_that_does_not_answer_was_asked_all_the_same(two: Watcher) -> None:
    """An outage of the target, however long, hides nothing: what ended in it counts."""
    for _ in range(36):
        two.wait(5 * MINUTE)
        two.show(target=MOVIE)
        two.fail(FRAUD)
    two.show(job("a", begin=10, end=20), target=FRAUD)
    assert two.counts(FRAUD) == (1, 1, 0, 0)
    two.close()


@pytest.mark.parametrize("restarted", [False, True], ids=["at once", "after a restart"])
def test_the_next_listing_is_the_next_that_could_be_read(two: Watcher, restarted: bool) -> None:
    """A target that fails just when it returns is no less out of sight."""
    keep_asking(two, 2 * HOUR, MOVIE)
    for _ in range(3):
        two.fail(FRAUD)
        two.wait(MINUTE)
        two.show(target=MOVIE)
    if restarted:
        two.restart()
    two.show(job("a", begin=10, end=20), target=FRAUD)
    assert two.counts(FRAUD) == (0, 0, 0, 1)
    two.close()


def test_without_times_what_ended_out_of_sight_is_late(tmp_path: Path) -> None:
    """The second half of the rule needs no times; and such a job has no time of success."""
    watcher = Watcher(MOVIE, FRAUD, path=str(tmp_path / "ledger.db"), api="database")
    for target in (MOVIE, FRAUD):
        watcher.show(target=target)
    keep_asking(watcher, 2 * HOUR, MOVIE)
    watcher.show(timeless("a", "success"), target=FRAUD)
    assert watcher.counts(FRAUD) == (0, 0, 0, 1)
    assert watcher.values("ges_job_last_success_timestamp_seconds", FRAUD) == {}
    watcher.close()


def test_a_target_met_only_later_has_a_first_listing() -> None:
    """Its history is no lateness."""
    watcher = Watcher(MOVIE, FRAUD)
    watcher.show(target=MOVIE)
    keep_asking(watcher, 2 * HOUR, MOVIE)
    watcher.show(job("a"), target=FRAUD)
    assert watcher.counts(FRAUD) == (0, 0, 0, 0)


@pytest.mark.parametrize("restarted", [False, True])
def test_another_list_of_the_same_name_has_a_first_listing_of_its_own(tmp_path: Path, restarted: bool) -> None:
    """What it shows that was never seen is history, what was known to be active counts when it ends; all goes on."""
    watcher = Watcher(path=str(tmp_path / "ledger.db"))
    watcher.source = "one"
    watcher.show(job("a"), job("b", "running"))
    watcher.source = "two"
    watcher.fail()
    if restarted:
        watcher.restart()
    assert watcher.ledger.sources("demo") == {"movie": "one"}
    watcher.show(job("b"), job("c"), job("d", "running"))
    assert watcher.ledger.sources("demo") == {"movie": "two"}
    assert watcher.counts() == (0, 1, 0, 0)
    watcher.show(job("b"), job("c"), job("d"), job("e"))
    assert watcher.counts() == (1, 3, 0, 0)
    watcher.show(job("b"), job("c"), job("d"), job("e"), job("f"))
    assert watcher.counts() == (2, 4, 0, 0)
    watcher.close()


def test_the_list_of_a_graph_that_was_configured_meanwhile_is_no_other() -> None:
    """Only of two that are both known can it be told that they are not the same."""
    watcher = Watcher()
    for number, source in enumerate(("one", "", "two", "two")):
        watcher.source = source
        watcher.show(*(job(f"j{i}") for i in range(number + 1)))
    assert watcher.counts() == (3, 3, 0, 0)


def test_another_engine_has_a_clock_of_its_own() -> None:
    """What the one before has shown is no measure of what is late."""
    watcher = Watcher()
    watcher.source = "one"
    watcher.show(job("a", begin=8 * HOUR, end=8 * HOUR))
    watcher.source = "two"
    watcher.show()
    watcher.show(job("b", begin=0, end=1))
    assert watcher.counts() == (1, 1, 0, 0)
