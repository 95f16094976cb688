"""The families of the ledger: what is counted since a target was met, and what is known of before."""

from __future__ import annotations

import pytest

from ges_exporter.ledger import Rules
from ges_exporter.model import Details, Outcome
from tests.exposed import Case, expected, exposed, first, scraped, snapshot, then, with_labels
from tests.watching import (
    CENTRE,
    MINUTE,
    Watcher,
    file,
    job,
    load,
    task,
    timeless,
)

HISTORY = (
    job("old", begin=-100, end=-90),
    job("older", "failed", begin=-200, end=-190),
    load("loaded", begin=-11, end=-1),
)

LEDGER = {
    "history is not discovered": Case(
        "ges_jobs_discovered_total",
        first(*HISTORY, job("at work", "running")),
        """
        ges_jobs_discovered_total{@,#} 0
        ges_jobs_discovered_total{@,##} 0
        """,
    ),
    "new ids are": Case(
        "ges_jobs_discovered_total",
        then(*HISTORY, job("new", "running"), job("done", begin=1, end=2), before=HISTORY),
        """
        ges_jobs_discovered_total{@,#} 2
        ges_jobs_discovered_total{@,##} 0
        """,
    ),
    "finished jobs are counted by outcome, and every outcome begins at zero": Case(
        "ges_jobs_finished_total",
        then(
            job("a", begin=1, end=2),
            job("b", "failed", begin=1, end=2),
            job("c", "running"),
            *HISTORY[:2],
            before=(*HISTORY[:2], job("a", "running")),
        ),
        """
        ges_jobs_finished_total{@,#,status="success"} 1
        ges_jobs_finished_total{@,#,status="partially_failed"} 0
        ges_jobs_finished_total{@,#,status="failed"} 1
        """,
    ),
    "an unknown outcome shows when it occurs": Case(
        "ges_jobs_finished_total",
        then(job("a", "unknown", begin=1, end=2)),
        """
        ges_jobs_finished_total{@,#,status="success"} 0
        ges_jobs_finished_total{@,#,status="partially_failed"} 0
        ges_jobs_finished_total{@,#,status="failed"} 0
        ges_jobs_finished_total{@,#,status="unknown"} 1
        """,
    ),
    "vanished begins at zero": Case(
        "ges_jobs_vanished_total",
        first(job("a", "running")),
        """ges_jobs_vanished_total{@,#} 0""",
    ),
    "late is absent until it occurs": Case("ges_jobs_late_total", then(*HISTORY, job("a", begin=1, end=2)), ""),
    "what ended long before the newest known is late": Case(
        "ges_jobs_late_total",
        then(*HISTORY, job("a", begin=-8000, end=-7000), before=HISTORY),
        """ges_jobs_late_total{@,#,status="success"} 1""",
    ),
    "the newest begin, history included": Case(
        "ges_job_last_start_timestamp_seconds",
        first(*HISTORY[:2], job("a", "running", begin=-5)),
        """ges_job_last_start_timestamp_seconds{@,#} t-5""",
    ),
    "the end of the newest success, history included": Case(
        "ges_job_last_success_timestamp_seconds",
        first(*HISTORY, job("ancient", begin=-990, end=-980), job("a", "running", begin=-5)),
        """
        ges_job_last_success_timestamp_seconds{@,#} t-90
        ges_job_last_success_timestamp_seconds{@,##} t-1
        """,
    ),
    "a failure is one in part or as a whole": Case(
        "ges_job_last_failure_timestamp_seconds",
        first(job("a", "failed", begin=-9, end=-8), job("b", "partially_failed", begin=-7, end=-6), job("c")),
        """ges_job_last_failure_timestamp_seconds{@,#} t-6""",
    ),
    "how long the newest success took": Case(
        "ges_job_last_success_duration_seconds",
        first(*HISTORY, job("ancient", begin=-990, end=-980.5)),
        """
        ges_job_last_success_duration_seconds{@,#} 10
        ges_job_last_success_duration_seconds{@,##} 10
        """,
    ),
    "import counters begin with the first listing, even an empty one": Case(
        "ges_import_lines_total",
        first(),
        """
        ges_import_lines_total{@,kind="schema"} 0
        ges_import_lines_total{@,kind="vertex"} 0
        ges_import_lines_total{@,kind="edge"} 0
        """,
    ),
    "lines of finished imports are counted": Case(
        "ges_import_lines_total",
        then(
            load("old", files=[file("edge", 7, 7)]),
            load("new", begin=1, end=2, files=[file("edge", 100, 10), file("edge", 5, 0), file("schema", 3, 0)]),
            load("at work", "running", files=[file("edge", 1000, 0)]),
            before=(load("old", files=[file("edge", 7, 7)]),),
        ),
        """
        ges_import_lines_total{@,kind="schema"} 3
        ges_import_lines_total{@,kind="vertex"} 0
        ges_import_lines_total{@,kind="edge"} 105
        """,
    ),
    "rejected lines of finished imports are counted": Case(
        "ges_import_failed_lines_total",
        then(load("new", begin=1, end=2, files=[file("edge", 100, 10), file("edge", 5), file("vertex", None, 4)])),
        """
        ges_import_failed_lines_total{@,kind="schema"} 0
        ges_import_failed_lines_total{@,kind="vertex"} 4
        ges_import_failed_lines_total{@,kind="edge"} 10
        """,
    ),
    "files are counted by outcome": Case(
        "ges_import_files_total",
        then(
            load(
                "new",
                begin=1,
                end=2,
                files=[file("edge", 1, 0), file("edge", 1, 1, "failed"), file("edge", 2, 1, "partially_failed")],
            )
        ),
        """
        ges_import_files_total{@,kind="schema",status="success"} 0
        ges_import_files_total{@,kind="schema",status="partially_failed"} 0
        ges_import_files_total{@,kind="schema",status="failed"} 0
        ges_import_files_total{@,kind="vertex",status="success"} 0
        ges_import_files_total{@,kind="vertex",status="partially_failed"} 0
        ges_import_files_total{@,kind="vertex",status="failed"} 0
        ges_import_files_total{@,kind="edge",status="success"} 1
        ges_import_files_total{@,kind="edge",status="partially_failed"} 1
        ges_import_files_total{@,kind="edge",status="failed"} 1
        """,
    ),
    "files without both counts are told": Case(
        "ges_import_files_unreported_total",
        then(
            load(
                "new",
                begin=1,
                end=2,
                files=[file("edge", 1, 0), file("edge", 1), file("vertex"), file("vertex", None, 1)],
            )
        ),
        """
        ges_import_files_unreported_total{@,kind="schema"} 0
        ges_import_files_unreported_total{@,kind="vertex"} 2
        ges_import_files_unreported_total{@,kind="edge"} 1
        """,
    ),
    "the newest import that reported counts, history included": Case(
        "ges_import_last_lines",
        first(
            load("old", begin=-90, end=-80, files=[file("edge", 1, 0), file("vertex", 9, 0)]),
            load("new", begin=-50, end=-40, files=[file("edge", 2, 1), file("edge", 3, 1), file("vertex")]),
            load("at work", "running", begin=-9, files=[file("edge", 1000, 0)]),
        ),
        """
        ges_import_last_lines{@,kind="edge"} 5
        ges_import_last_lines{@,kind="vertex"} 9
        """,
    ),
    "its rejected lines": Case(
        "ges_import_last_failed_lines",
        first(load("new", begin=-9, end=-8, files=[file("edge", 2, 1), file("edge", 3, 1), file("schema", 4)])),
        """ges_import_last_failed_lines{@,kind="edge"} 2""",
    ),
}


@pytest.mark.parametrize("case", LEDGER.values(), ids=LEDGER)
def test_families_of_the_ledger(case: Case) -> None:
    """What has happened since the target was met is what they count, and what lies before is what the gauges know."""
    watcher = Watcher()
    case.story(watcher)
    assert exposed(snapshot(scraped(watcher)), case.family) == expected(case.page)


def test_vanished_jobs_are_counted_after_a_while() -> None:
    """An active job that is missing for longer than vanish_after is told."""
    watcher = Watcher()
    watcher.show(job("a", "running"))
    for _ in range(2):
        watcher.wait(6 * MINUTE)
        watcher.show()
    watcher.wait(6 * MINUTE)
    watcher.show()
    assert list(exposed(snapshot(scraped(watcher)), "ges_jobs_vanished_total").values()) == [1]


def test_durations_fall_into_the_configured_buckets() -> None:
    """A histogram of what the API reports, from zero for success, and for another outcome from its first."""
    watcher = Watcher(rules=Rules(bounds=(1.0, 10.0)))
    watcher.show(job("history", begin=-100, end=-1))
    watcher.wait(MINUTE)
    watcher.show(
        job("a", begin=0, end=0),
        job("b", begin=0, end=10),
        job("c", begin=0, end=11),
        job("d", "failed", begin=0, end=2),
        job("no end", "failed", begin=0),
        load("e", "running", begin=0),
    )
    assert exposed(snapshot(scraped(watcher)), "ges_job_duration_seconds") == expected(
        """
        ges_job_duration_seconds_bucket{@,#,status="success",le="1.0"} 1
        ges_job_duration_seconds_bucket{@,#,status="success",le="10.0"} 2
        ges_job_duration_seconds_bucket{@,#,status="success",le="+Inf"} 3
        ges_job_duration_seconds_count{@,#,status="success"} 3
        ges_job_duration_seconds_sum{@,#,status="success"} 21
        ges_job_duration_seconds_bucket{@,#,status="failed",le="1.0"} 0
        ges_job_duration_seconds_bucket{@,#,status="failed",le="10.0"} 1
        ges_job_duration_seconds_bucket{@,#,status="failed",le="+Inf"} 1
        ges_job_duration_seconds_count{@,#,status="failed"} 1
        ges_job_duration_seconds_sum{@,#,status="failed"} 2
        ges_job_duration_seconds_bucket{@,##,status="success",le="1.0"} 0
        ges_job_duration_seconds_bucket{@,##,status="success",le="10.0"} 0
        ges_job_duration_seconds_bucket{@,##,status="success",le="+Inf"} 0
        ges_job_duration_seconds_count{@,##,status="success"} 0
        ges_job_duration_seconds_sum{@,##,status="success"} 0
        """
    )


def test_an_end_before_its_begin_is_no_duration() -> None:
    """The job counts, its duration does not, and that is told."""
    watcher = Watcher()
    watcher.show()
    watcher.show(job("a", begin=0, end=-5))
    page = snapshot(scraped(watcher))
    assert sum(exposed(page, "ges_jobs_finished_total").values()) == 1
    assert sum(exposed(page, "ges_job_duration_seconds").values()) == 0
    assert exposed(page, "ges_job_last_success_duration_seconds") == {}
    assert watcher.faults == ["endTime"]


def test_an_api_without_times_and_counts_has_no_such_families() -> None:
    """The database edition tells neither: no histogram, no lines, and its complete is no success."""
    watcher = Watcher(api="database")
    watcher.show(timeless("old"), timeless("older", "success"))
    watcher.wait(MINUTE)
    watcher.show(timeless("new"), timeless("good", "success"), timeless("bad", "failed"))
    page = snapshot(scraped(watcher))
    assert exposed(page, "ges_job_duration_seconds") == {}
    assert exposed(page, "ges_import_lines_total") == {}
    assert exposed(page, "ges_import_files_total") == {}
    assert exposed(page, "ges_target_utc_offset_seconds") == {}
    assert exposed(page, "ges_jobs_finished_total") == expected(
        """
        ges_jobs_finished_total{@,job_type="import_graph",algorithm="",status="complete"} 1
        ges_jobs_finished_total{@,job_type="import_graph",algorithm="",status="success"} 1
        ges_jobs_finished_total{@,job_type="import_graph",algorithm="",status="failed"} 1
        """
    )
    assert exposed(page, "ges_job_last_success_timestamp_seconds") == expected(
        """ges_job_last_success_timestamp_seconds{@,job_type="import_graph",algorithm=""} t+60"""
    )
    assert exposed(page, "ges_job_last_failure_timestamp_seconds") == expected(
        """ges_job_last_failure_timestamp_seconds{@,job_type="import_graph",algorithm=""} t+60"""
    )


def test_history_without_ends_has_no_last_success() -> None:
    """When a job of the past succeeded is not known, and not made up."""
    watcher = Watcher(api="database")
    watcher.show(timeless("old", "success"), timeless("older", "failed"))
    page = snapshot(scraped(watcher))
    assert exposed(page, "ges_job_last_success_timestamp_seconds") == {}
    assert exposed(page, "ges_job_last_failure_timestamp_seconds") == {}


def test_details_complete_the_counts() -> None:
    """What the list leaves out and the single-job API tells is counted for the job's graph."""
    watcher = Watcher(CENTRE)
    watcher.show()
    watcher.wait(MINUTE)
    watcher.show(task("a", begin=1, end=2))
    watcher.answer(Details("a", Outcome.ANSWERED, (file("edge", 100, 10), file("vertex"))))
    page = snapshot(scraped(watcher))
    lines = with_labels(exposed(page, "ges_import_failed_lines_total"), graph="movie")
    unreported = with_labels(exposed(page, "ges_import_files_unreported_total"), graph="movie")
    assert {dict(labels)["kind"]: value for (_, labels), value in lines.items()} == {
        "schema": 0,
        "vertex": 0,
        "edge": 10,
    }
    assert {dict(labels)["kind"]: value for (_, labels), value in unreported.items()} == {
        "schema": 0,
        "vertex": 1,
        "edge": 0,
    }
