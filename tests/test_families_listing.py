"""The families of the listing: what the gauges show of what the lists hold."""

from __future__ import annotations

import pytest

from ges_exporter.families import FAMILIES
from ges_exporter.ledger import Zone
from tests.exposed import Case, expected, exposed, first, scraped, snapshot, then, with_labels
from tests.simulated import START
from tests.watching import (
    CENTRE,
    HOUR,
    MOVIE,
    NODE,
    Watcher,
    file,
    job,
    load,
    task,
    timeless,
    up,
)

LISTING = {
    "jobs of a kind are counted by status, and every status that the API can give is there": Case(
        "ges_jobs",
        first(job("a"), job("b"), job("c", "failed"), job("d", "running"), load("e")),
        """
        ges_jobs{@,#,status="pending"} 0
        ges_jobs{@,#,status="running"} 1
        ges_jobs{@,#,status="success"} 2
        ges_jobs{@,#,status="partially_failed"} 0
        ges_jobs{@,#,status="failed"} 1
        ges_jobs{@,##,status="pending"} 0
        ges_jobs{@,##,status="running"} 0
        ges_jobs{@,##,status="success"} 1
        ges_jobs{@,##,status="partially_failed"} 0
        ges_jobs{@,##,status="failed"} 0
        """,
    ),
    "an unknown status shows when it occurs": Case(
        "ges_jobs",
        first(job("a", "unknown")),
        """
        ges_jobs{@,#,status="pending"} 0
        ges_jobs{@,#,status="running"} 0
        ges_jobs{@,#,status="success"} 0
        ges_jobs{@,#,status="partially_failed"} 0
        ges_jobs{@,#,status="failed"} 0
        ges_jobs{@,#,status="unknown"} 1
        """,
    ),
    "a kind of job that has left the list keeps its zeros": Case(
        "ges_jobs",
        then(before=(job("a"),)),
        """
        ges_jobs{@,#,status="pending"} 0
        ges_jobs{@,#,status="running"} 0
        ges_jobs{@,#,status="success"} 0
        ges_jobs{@,#,status="partially_failed"} 0
        ges_jobs{@,#,status="failed"} 0
        """,
    ),
    "names are escaped": Case(
        "ges_job_oldest_running_timestamp_seconds",
        first(job("a", "running", begin=0, job_type='导入/"quoted"', algorithm="back\\slash")),
        r"""ges_job_oldest_running_timestamp_seconds{@,job_type="导入/\"quoted\"",algorithm="back\\slash"} t+0""",
    ),
    "names that no label should have become other": Case(
        "ges_job_oldest_running_timestamp_seconds",
        first(job("a", "running", begin=0, algorithm="图" * 43), job("b", "running", begin=9, algorithm="line\nfeed")),
        """ges_job_oldest_running_timestamp_seconds{@,job_type="Algorithm",algorithm="other"} t+0""",
    ),
    "a name of 128 bytes is shown": Case(
        "ges_job_oldest_running_timestamp_seconds",
        first(job("a", "running", begin=0, algorithm="x" * 128)),
        f"""ges_job_oldest_running_timestamp_seconds{{@,job_type="Algorithm",algorithm="{"x" * 128}"}} t+0""",
    ),
    "the oldest pending job counts": Case(
        "ges_job_oldest_pending_timestamp_seconds",
        first(job("a", "pending", begin=-5), job("b", "pending", begin=-90), job("c", "running", begin=-300), job("d")),
        """ges_job_oldest_pending_timestamp_seconds{@,#} t-90""",
    ),
    "a pending job without a begin counts from when it was first seen": Case(
        "ges_job_oldest_pending_timestamp_seconds",
        then(job("a", "pending"), before=(job("a", "pending"),)),
        """ges_job_oldest_pending_timestamp_seconds{@,#} t+0""",
    ),
    "nothing pending, nothing shown": Case("ges_job_oldest_pending_timestamp_seconds", first(job("a", "running")), ""),
    "the oldest running job counts, for each kind": Case(
        "ges_job_oldest_running_timestamp_seconds",
        first(job("a", "running", begin=-5), job("b", "running", begin=-90), load("c", "running", begin=-7)),
        """
        ges_job_oldest_running_timestamp_seconds{@,#} t-90
        ges_job_oldest_running_timestamp_seconds{@,##} t-7
        """,
    ),
    "a progress that has not moved counts from when it was first seen": Case(
        "ges_job_oldest_progress_change_timestamp_seconds",
        then(
            job("stuck", "running", begin=-90, progress=0.5),
            job("moving", "running", begin=-900, progress=0.6),
            before=(
                job("stuck", "running", begin=-90, progress=0.5),
                job("moving", "running", begin=-900, progress=0.5),
            ),
        ),
        """ges_job_oldest_progress_change_timestamp_seconds{@,#} t+0""",
    ),
    "a progress that has moved counts from when it was seen to": Case(
        "ges_job_oldest_progress_change_timestamp_seconds",
        then(job("a", "running", progress=0.6), before=(job("a", "running", progress=0.5),)),
        """ges_job_oldest_progress_change_timestamp_seconds{@,#} t+60""",
    ),
    "pending jobs, and those without progress, cannot stall": Case(
        "ges_job_oldest_progress_change_timestamp_seconds",
        first(job("a", "pending", progress=0.0), job("b", "running")),
        "",
    ),
    "progress is that of active jobs": Case(
        "ges_job_progress_ratio",
        first(job("a", "running", progress=0.25), job("b", "pending", progress=0.0), job("c", "running"), job("d")),
        """
        ges_job_progress_ratio{@,#,job_id="a"} 0.25
        ges_job_progress_ratio{@,#,job_id="b"} 0
        """,
    ),
    "begin times are those of active jobs": Case(
        "ges_job_start_timestamp_seconds",
        first(job("a", "running", begin=-7), job("b", "pending", begin=-3), job("c", "running"), job("d")),
        """
        ges_job_start_timestamp_seconds{@,#,status="running",job_id="a"} t-7
        ges_job_start_timestamp_seconds{@,#,status="pending",job_id="b"} t-3
        """,
    ),
    "ids that no label should have are left out": Case(
        "ges_job_start_timestamp_seconds",
        first(
            job('任务/一 "二" \\三', "running", begin=0),
            job("line\nfeed", "running", begin=0),
            job("x" * 129, "running", begin=0),
            job("y" * 128, "running", begin=0),
        ),
        r"""
        ges_job_start_timestamp_seconds{@,#,status="running",job_id="任务/一 \"二\" \三"} t+0
        ges_job_start_timestamp_seconds{@,#,status="running",job_id="128"} t+0
        """.replace("128", "y" * 128),
    ),
    "lines are summed by kind": Case(
        "ges_import_listed_lines",
        first(
            load("a", files=[file("edge", 100, 10), file("edge", 50, 0), file("schema", 7, 1)]),
            load("b", files=[file("edge", 1, 1)]),
        ),
        """
        ges_import_listed_lines{@,kind="edge"} 151
        ges_import_listed_lines{@,kind="schema"} 7
        """,
    ),
    "rejected lines are summed by kind, and zero is a number": Case(
        "ges_import_listed_failed_lines",
        first(load("a", files=[file("edge", 100, 10), file("vertex", 50, 0)]), load("b", files=[file("edge", 1, 1)])),
        """
        ges_import_listed_failed_lines{@,kind="edge"} 11
        ges_import_listed_failed_lines{@,kind="vertex"} 0
        """,
    ),
    "what was not returned is not zero": Case(
        "ges_import_listed_failed_lines",
        first(load("a", files=[file("edge", 100), file("vertex")])),
        "",
    ),
    "of two counts each is shown for itself": Case(
        "ges_import_listed_lines",
        first(load("a", files=[file("edge", 100), file("vertex", None, 3)])),
        """ges_import_listed_lines{@,kind="edge"} 100""",
    ),
}


@pytest.mark.parametrize("case", LISTING.values(), ids=LISTING)
def test_gauges_of_the_listing(case: Case) -> None:
    """What a list holds is what the gauges show, no more and no less."""
    watcher = Watcher()
    case.story(watcher)
    assert exposed(snapshot(scraped(watcher)), case.family) == expected(case.page)


def test_active_jobs_are_capped_oldest_first() -> None:
    """Per-job series cost no more than the limit, and it is the oldest job that one looks for."""
    watcher = Watcher()
    watcher.show(*(job(f"j{age}", "running", begin=-age, progress=0.1) for age in (10, 50, 30, 20, 40)))
    shown = exposed(snapshot(scraped(watcher, active_limit=2)), "ges_job_progress_ratio")
    assert {dict(labels)["job_id"] for _, labels in shown} == {"j50", "j40"}


def test_no_active_job_is_shown_where_none_is_wanted() -> None:
    """A limit of 0 turns the per-job series off, and the oldest job is still told."""
    watcher = Watcher()
    watcher.show(job("a", "running", begin=-10, progress=0.5))
    page = snapshot(scraped(watcher, active_limit=0))
    assert exposed(page, "ges_job_start_timestamp_seconds") == {}
    assert exposed(page, "ges_job_progress_ratio") == {}
    assert exposed(page, "ges_job_oldest_running_timestamp_seconds")


def test_the_cap_is_for_each_graph_of_a_task_centre() -> None:
    """A busy graph does not hide the jobs of another."""
    watcher = Watcher(CENTRE)
    watcher.show(*(task(f"{graph}{age}", "running", graph=graph, begin=-age) for graph in "ab" for age in (1, 2)))
    shown = exposed(snapshot(scraped(watcher, active_limit=1)), "ges_job_start_timestamp_seconds")
    assert {dict(labels)["job_id"] for _, labels in shown} == {"a2", "b2"}


def test_a_task_centre_speaks_of_its_graphs() -> None:
    """On the management plane the label graph is that of the job; where the job names none, it is empty."""
    watcher = Watcher(CENTRE)
    watcher.show(task("a", "running", graph="图/一", begin=-5), task("b", "running", graph="", begin=-7))
    assert exposed(snapshot(scraped(watcher)), "ges_job_oldest_running_timestamp_seconds") == expected(
        """
        ges_job_oldest_running_timestamp_seconds{project="demo",graph="图/一",plane="management",##} t-5
        ges_job_oldest_running_timestamp_seconds{project="demo",graph="",plane="management",##} t-7
        """
    )


def test_the_database_edition_has_its_own_statuses() -> None:
    """Zeros are for what an API can say: complete, but nothing partial."""
    watcher = Watcher(api="database")
    watcher.show(timeless("a"))
    shown = exposed(snapshot(scraped(watcher)), "ges_jobs")
    assert {dict(labels)["status"]: value for (_, labels), value in shown.items()} == {
        "pending": 0,
        "running": 0,
        "complete": 1,
        "success": 0,
        "failed": 0,
    }


def test_times_without_a_zone_are_read_by_the_zone_of_their_target() -> None:
    """The engine's clock, corrected by the offset in force."""
    watcher = Watcher(zone=Zone("configured", 2 * HOUR))
    watcher.show(job("a", "running", begin=0, offset=2 * HOUR))
    shown = exposed(snapshot(scraped(watcher)), "ges_job_start_timestamp_seconds")
    assert list(shown.values()) == [START]


GAUGES_OF_THE_LISTING = [family.name for family in FAMILIES[:8]]


def test_a_failed_listing_takes_only_its_gauges() -> None:
    """The lists' gauges are absent, the ledger's families stay as they were, and so do those of other targets."""
    watcher = Watcher(MOVIE, CENTRE)
    for target in (MOVIE, CENTRE):
        watcher.show(load("a", files=[file("edge", 1, 1)]), job("b", "running", progress=0.5, begin=0), target=target)
    kept = [family.name for family in FAMILIES if family.name.startswith(("ges_job", "ges_import"))][8:]
    page = snapshot(scraped(watcher), scraped(watcher, CENTRE))
    before = {family: exposed(page, family) for family in kept}
    watcher.fail(MOVIE)
    page = snapshot(scraped(watcher), scraped(watcher, CENTRE))
    for family in GAUGES_OF_THE_LISTING:
        assert not with_labels(exposed(page, family), plane="service")
        assert with_labels(exposed(page, family), plane="management") or family.startswith("ges_job_oldest_pending")
    assert {family: exposed(page, family) for family in kept} == before


def test_two_nodes_are_told_apart() -> None:
    """A job that both lists show is one job."""
    watcher = Watcher()
    watcher.take(None, up(NODE, job("a")), up("https://10.0.0.6", job("a"), job("b")))
    assert sum(exposed(snapshot(scraped(watcher)), "ges_jobs").values()) == 2
