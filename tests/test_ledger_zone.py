"""Times without a zone: configured, measured by two kinds of evidence, or assumed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ges_exporter.ledger import Zone
from ges_exporter.model import Job, Status, Time
from tests.simulated import START
from tests.watching import CENTRE, FRAUD, HOUR, MINUTE, MOVIE, NODE, Watcher, down, file, job, load, task, timeless, up

OTHER_NODE = "https://10.0.0.6"
LAST = "ges_job_last_success_timestamp_seconds"
QUARTERS = [-12.0, -9.5, -3.5, 0.0, 1.0, 5.5, 5.75, 8.0, 12.75, 14.0]
"""Offsets in use in the world, in hours."""


def offset(watcher: Watcher) -> tuple[str, float]:
    """The source and the seconds of the first target's offset."""
    (((_, source), seconds),) = watcher.values("ges_target_utc_offset_seconds").items()
    return source, seconds


def enclosing(identity: str, begin: float, end: float, hours: float, slack: float = 1.0) -> Job:
    """An import whose files begin and end ``slack`` seconds after and before it does."""
    files = [
        file("schema", 5, 0, begin=begin + slack, end=begin + slack + 0.1),
        file("edge", 9, 0, begin=begin + slack + 0.2, end=end - slack),
    ]
    return load(identity, begin=begin, end=end, files=files, offset=hours * HOUR)


def test_until_measured_the_offset_is_assumed_to_be_8_hours() -> None:
    """Which is said beside it."""
    watcher = Watcher()
    watcher.show(job("a", begin=-20, end=-10))
    assert offset(watcher) == ("assumed", 8 * HOUR)
    assert watcher.value(LAST) == START - 10


@pytest.mark.parametrize("hours", QUARTERS)
def test_an_import_tells_the_offset(hours: float) -> None:
    """It encloses its files, which are stamped in UTC; one in the first listing tells as well."""
    watcher = Watcher()
    watcher.show(enclosing("a", -100, -90, hours))
    assert offset(watcher) == ("measured", hours * HOUR)
    assert watcher.value(LAST) == START - 90


@pytest.mark.parametrize("hours", QUARTERS)
@pytest.mark.parametrize("status", ["pending", "running"])
def test_a_job_first_seen_active_tells_the_offset(hours: float, status: str) -> None:
    """It began between the listing before and this one."""
    watcher = Watcher()
    watcher.show()
    watcher.wait(MINUTE)
    watcher.show(job("a", status, begin=31, offset=hours * HOUR))
    assert offset(watcher) == ("measured", hours * HOUR)
    assert watcher.value(f"ges_job_oldest_{status}_timestamp_seconds") == START + 31


@pytest.mark.parametrize(("apart", "source"), [(599, "measured"), (600, "assumed"), (3600, "assumed")])
def test_listings_ten_minutes_apart_tell_nothing(apart: float, source: str) -> None:
    """Only two that are closer hold a begin between them firmly enough."""
    watcher = Watcher()
    watcher.show()
    watcher.wait(apart)
    watcher.show(job("a", "running", begin=apart - 30, offset=HOUR))
    assert offset(watcher)[0] == source


def test_jobs_active_in_the_first_listing_tell_nothing() -> None:
    """Nobody knows when they appeared."""
    watcher = Watcher()
    watcher.show(job("a", "running", begin=-2 * HOUR))
    assert offset(watcher) == ("assumed", 8 * HOUR)


def test_a_job_first_seen_finished_without_files_tells_nothing() -> None:
    """It may have been away."""
    watcher = Watcher()
    watcher.show()
    watcher.wait(MINUTE)
    watcher.show(job("a", begin=31, end=40, offset=HOUR))
    assert offset(watcher) == ("assumed", 8 * HOUR)


@pytest.mark.parametrize("before", ["truncated", "records left out", "a node down"])
def test_a_job_that_the_listing_before_may_have_missed_tells_nothing(before: str) -> None:
    """It may have run for hours: here for two, which would pass for another offset."""
    watcher = Watcher()
    watcher.take(MOVIE, up(NODE), up(OTHER_NODE))
    watcher.wait(MINUTE)
    if before == "a node down":
        watcher.take(MOVIE, up(NODE), down(OTHER_NODE))
    else:
        watcher.show(truncated=before == "truncated", complete=False)
    watcher.wait(MINUTE)
    hidden = job("a", "running", begin=-2 * HOUR + 90)
    watcher.take(MOVIE, up(NODE), up(OTHER_NODE, hidden)) if before == "a node down" else watcher.show(hidden)
    assert offset(watcher) == ("assumed", 8 * HOUR)


def test_a_node_that_answered_tells_the_offset_while_another_is_down() -> None:
    """It was not the one that may have missed the job."""
    watcher = Watcher()
    for _ in range(2):
        watcher.take(MOVIE, up(NODE), down(OTHER_NODE))
        watcher.wait(MINUTE)
    watcher.take(MOVIE, up(NODE, job("a", "running", begin=90, offset=HOUR)), down(OTHER_NODE))
    assert offset(watcher) == ("measured", HOUR)


def test_evidence_is_intersected() -> None:
    """Two long imports leave many quarters each, and one together."""
    watcher = Watcher()
    early = load("a", begin=0, end=3000, files=[file("edge", begin=1, end=400)], offset=HOUR)
    late = load("b", begin=0, end=3000, files=[file("edge", begin=2600, end=2999)], offset=HOUR)
    watcher.show(early)
    assert offset(watcher)[0] == "assumed"
    watcher.show(early, late)
    assert offset(watcher) == ("measured", HOUR)


def test_both_kinds_of_evidence_are_intersected() -> None:
    """A job seen active and an import go together."""
    watcher = Watcher()
    watcher.show()
    watcher.wait(MINUTE)
    watcher.show(load("a", begin=40, end=50, files=[file("edge", begin=-2000, end=49)], offset=HOUR))
    assert offset(watcher)[0] == "assumed"
    watcher.wait(MINUTE)
    watcher.show(job("b", "running", begin=90, offset=HOUR))
    assert offset(watcher) == ("measured", HOUR)


def test_a_newly_measured_offset_corrects_what_was_exported_before() -> None:
    """The ledger keeps the engine's local times."""
    watcher = Watcher()
    ended, failed = job("a", begin=-50, end=-40, offset=0), job("b", "failed", begin=-60, end=-30, offset=0)
    running = job("c", "running", begin=-20, offset=0)
    watcher.show(ended, failed, running)
    assert watcher.value(LAST) == START - 40 - 8 * HOUR
    watcher.wait(MINUTE)
    watcher.show(ended, failed, running, enclosing("d", 10, 20, 0))
    assert watcher.value(LAST, algorithm="pagerank") == START - 40
    assert watcher.value("ges_job_last_failure_timestamp_seconds") == START - 30
    assert watcher.value("ges_job_oldest_running_timestamp_seconds") == START - 20
    assert watcher.value("ges_job_start_timestamp_seconds") == START - 20
    assert watcher.value("ges_job_last_start_timestamp_seconds", algorithm="pagerank") == START - 20


def test_a_contradiction_by_one_job_changes_nothing() -> None:
    """However often it is listed, and however many agree with what was measured."""
    watcher = Watcher()
    jobs = [enclosing("a", -100, -90, 8)]
    watcher.show(*jobs)
    for number in range(3):
        watcher.wait(MINUTE)
        jobs = [*jobs, enclosing(f"b{number}", -80, -70, 3 + number), enclosing(f"c{number}", -60, -50, 8)]
        for _ in range(2):
            watcher.show(*jobs)
        assert offset(watcher) == ("measured", 8 * HOUR)


def test_a_contradiction_by_two_jobs_that_agree_replaces_the_offset() -> None:
    """The engine's clock was changed."""
    watcher = Watcher()
    watcher.show(enclosing("a", -100, -90, 8))
    watcher.show(enclosing("b", -80, -70, 0))
    assert offset(watcher) == ("measured", 8 * HOUR)
    watcher.show(enclosing("c", -60, -50, 0))
    assert offset(watcher) == ("measured", 0)


def test_two_jobs_that_contradict_each_other_replace_nothing() -> None:
    """They do not agree on another offset."""
    watcher = Watcher()
    watcher.show(enclosing("a", -100, -90, 8))
    watcher.show(enclosing("b", -80, -70, 1), enclosing("c", -60, -50, 2))
    assert offset(watcher) == ("measured", 8 * HOUR)


def test_one_job_that_contradicts_twice_is_one_job() -> None:
    """Seen active and then finished as an import, it gives both kinds of evidence, and is alone all the same."""
    watcher = Watcher()
    watcher.show(enclosing("a", -100, -90, 8))
    watcher.wait(MINUTE)
    watcher.show(load("b", "running", begin=30, offset=0))
    watcher.wait(MINUTE)
    watcher.show(enclosing("b", 30, 80, 0))
    assert offset(watcher) == ("measured", 8 * HOUR)
    watcher.show(enclosing("c", 85, 95, 0))
    assert offset(watcher) == ("measured", 0)


def test_evidence_for_no_offset_in_the_world_is_none() -> None:
    """A clock that is wrong by a day, or by minutes, has no zone."""
    watcher = Watcher()
    for number, hours in enumerate((26, -20, 1.1)):
        watcher.show(enclosing(f"{number}", -100, -90, hours))
        assert offset(watcher) == ("assumed", 8 * HOUR)


def test_what_was_measured_is_kept_over_a_restart(tmp_path: Path) -> None:
    """So is evidence that does not suffice yet, and half of a contradiction."""
    watcher = Watcher(path=str(tmp_path / "ledger.db"))
    watcher.show(load("a", begin=0, end=3000, files=[file("edge", begin=1, end=400)], offset=HOUR))
    watcher.restart()
    watcher.show(load("b", begin=0, end=3000, files=[file("edge", begin=2600, end=2999)], offset=HOUR))
    watcher.restart()
    assert offset(watcher) == ("measured", HOUR)
    watcher.show(enclosing("c", -60, -50, 3))
    watcher.restart()
    assert offset(watcher) == ("measured", HOUR)
    watcher.show(enclosing("d", -60, -50, 3))
    assert offset(watcher) == ("measured", 3 * HOUR)
    watcher.close()


def test_each_graph_has_its_own_offset() -> None:
    """Nothing is concluded from one engine for another."""
    watcher = Watcher(MOVIE, FRAUD)
    watcher.show(enclosing("a", -100, -90, 1), target=MOVIE)
    watcher.show(job("a", begin=-100, end=-90), target=FRAUD)
    assert watcher.values("ges_target_utc_offset_seconds") == {
        ("movie", "measured"): HOUR,
        ("fraud", "assumed"): 8 * HOUR,
    }


@pytest.mark.parametrize("hours", [-5.5, 0, 1])
def test_a_configured_offset_is_not_measured(hours: float) -> None:
    """It holds whatever the jobs say."""
    watcher = Watcher(zone=Zone("configured", hours * HOUR))
    watcher.show(enclosing("a", -100, -90, 8), job("b", begin=-50, end=-40, offset=hours * HOUR))
    assert offset(watcher) == ("configured", hours * HOUR)
    assert watcher.value(LAST, algorithm="pagerank") == START - 40


@pytest.mark.parametrize(
    ("moment", "name", "hours", "local"),
    [
        pytest.param(datetime(2025, 1, 15, tzinfo=UTC), "Europe/Berlin", 1, "2025-01-15T13:00:00", id="winter"),
        pytest.param(datetime(2025, 7, 15, tzinfo=UTC), "Europe/Berlin", 2, "2025-07-15T14:00:00", id="summer"),
        pytest.param(datetime(2025, 1, 15, tzinfo=UTC), "America/Sao_Paulo", -3, "2025-01-15T09:00:00", id="none"),
        pytest.param(datetime(2025, 7, 15, tzinfo=UTC), "Asia/Kathmandu", 5.75, "2025-07-15T17:45:00", id="quarters"),
    ],
)
def test_a_named_zone_is_read_at_the_time_in_question(moment: datetime, name: str, hours: float, local: str) -> None:
    """In summer and in winter; the offset shown is the one in force now."""
    watcher = Watcher(zone=Zone("configured", named=ZoneInfo(name)))
    watcher.clock.now = moment.timestamp() + 86400
    end = Time(datetime.fromisoformat(local).replace(tzinfo=UTC).timestamp(), local=True)
    watcher.show(Job("a", Status.SUCCESS, "Algorithm", end=end))
    assert offset(watcher) == ("configured", hours * HOUR)
    assert watcher.value(LAST) == moment.timestamp() + 12 * HOUR


def test_a_named_zone_tells_summer_from_winter_in_one_list() -> None:
    """Each time is read by the offset then in force, and so are durations over the change."""
    watcher = Watcher(zone=Zone("configured", named=ZoneInfo("Europe/Berlin")))
    watcher.clock.now = datetime(2025, 3, 30, 12, tzinfo=UTC).timestamp()
    watcher.show()
    local = [datetime(2025, 3, 30, hour, tzinfo=UTC).timestamp() for hour in (1, 4)]
    watcher.show(Job("a", Status.SUCCESS, "Algorithm", begin=Time(local[0], True), end=Time(local[1], True)))
    assert watcher.value("ges_job_last_start_timestamp_seconds") == datetime(2025, 3, 30, 0, tzinfo=UTC).timestamp()
    assert watcher.value(LAST) == datetime(2025, 3, 30, 2, tzinfo=UTC).timestamp()
    assert watcher.value("ges_job_duration_seconds_sum", status="success") == 2 * HOUR


def test_durations_need_no_offset() -> None:
    """Both times are of the same clock."""
    watcher = Watcher()
    watcher.show()
    watcher.show(job("a", begin=-50, end=-40, offset=0))
    assert watcher.value("ges_job_duration_seconds_sum", status="success") == 10


def test_times_with_a_zone_need_none_either() -> None:
    """A timestamp is a timestamp."""
    watcher = Watcher()
    watcher.show(job("a", begin=-50, end=-40, offset=None))
    assert watcher.value(LAST) == START - 40


def test_the_task_centre_and_the_database_edition_have_no_offset() -> None:
    """One is in UTC, the other tells no times: there is nothing to read by it."""
    centre = Watcher(CENTRE)
    centre.show(task("a", begin=-50, end=-40))
    assert centre.values("ges_target_utc_offset_seconds") == {}
    assert centre.value(LAST) == START - 40
    database = Watcher(api="database")
    database.show(timeless("a"))
    assert database.values("ges_target_utc_offset_seconds") == {}
