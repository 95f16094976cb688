"""The families of the scrape, and the thresholds of the configuration."""

from __future__ import annotations

import pytest

from ges_exporter.families import Thresholds
from ges_exporter.ledger import Zone
from ges_exporter.model import Target
from tests.exposed import expected, exposed, scraped, snapshot, then, untouched
from tests.watching import (
    CENTRE,
    HOUR,
    MINUTE,
    MOVIE,
    NODE,
    NoThresholds,
    Watcher,
    down,
    job,
    load,
    task,
)


class Limits(NoThresholds):
    """A configuration that sets limits for imports, and names one kind of job that nobody has seen."""

    def of(self, labels: tuple[str, ...]) -> Thresholds:
        """Limits of imports."""
        return Thresholds(86400.0, 7200.0, None) if "ImportGraph" in labels else Thresholds()

    def literal(self, target: Target) -> list[tuple[str, ...]]:
        """An import of the target."""
        return [(target.project, "movie", target.plane.value, "ImportGraph", "")]


@pytest.mark.parametrize(
    ("family", "page"),
    [
        (
            "ges_job_expected_interval_seconds",
            """ges_job_expected_interval_seconds{@,##} 86400""",
        ),
        (
            "ges_job_max_duration_seconds",
            """ges_job_max_duration_seconds{@,##} 7200""",
        ),
        ("ges_job_max_pending_seconds", ""),
    ],
)
def test_thresholds_are_shown_for_what_they_match(family: str, page: str) -> None:
    """Once for a kind of job, known or named literally, and not at all where none is set."""
    watcher = Watcher()
    watcher.show(job("a"), load("b"))
    assert exposed(snapshot(scraped(watcher, thresholds=Limits())), family) == expected(page)
    assert exposed(snapshot(untouched(MOVIE, Limits())), family) == expected(page)


def test_a_target_that_never_answered_is_down_and_nothing_else_is_known_of_it() -> None:
    """Nothing is made up: no times, no counts, no offset."""
    page = snapshot(untouched(MOVIE))
    assert exposed(page, "ges_up") == expected("ges_up{@} 0")
    for family in (
        "ges_target_first_listing_timestamp_seconds",
        "ges_scrape_last_success_timestamp_seconds",
        "ges_target_utc_offset_seconds",
        "ges_scrape_errors_total",
        "ges_jobs",
    ):
        assert exposed(page, family) == {}
    assert exposed(page, "ges_target_info") == expected('ges_target_info{@,project_id="p",region="",api="unknown"} 1')


SCRAPE = {
    "ges_up": "ges_up{@} 1",
    "ges_target_info": 'ges_target_info{@,project_id="0a1b",region="cn-north-4",api="memory"} 1',
    "ges_target_first_listing_timestamp_seconds": "ges_target_first_listing_timestamp_seconds{@} t+0",
    "ges_node_up": """
        ges_node_up{@,endpoint="https://10.0.0.5"} 1
        ges_node_up{@,endpoint="https://10.0.0.6"} 0
        """,
    "ges_target_utc_offset_seconds": 'ges_target_utc_offset_seconds{@,source="assumed"} 28800',
    "ges_scrape_duration_seconds": "ges_scrape_duration_seconds{@} 0.25",
    "ges_scrape_requests": "ges_scrape_requests{@} 7",
    "ges_scrape_jobs": "ges_scrape_jobs{@} 1234",
    "ges_scrape_truncated": "ges_scrape_truncated{@} 1",
    "ges_scrape_last_success_timestamp_seconds": "ges_scrape_last_success_timestamp_seconds{@} t+60",
    "ges_scrape_errors_total": """
        ges_scrape_errors_total{@,reason="timeout"} 3
        ges_scrape_errors_total{@,reason="http_5xx"} 1
        """,
    "ges_scrape_timeout_seconds": "ges_scrape_timeout_seconds 9",
}


@pytest.mark.parametrize(("family", "page"), SCRAPE.items(), ids=SCRAPE)
def test_families_of_the_scrape(family: str, page: str) -> None:
    """How the asking went, in base units."""
    watcher = Watcher()
    then(job("a"))(watcher)
    shown = scraped(
        watcher,
        project_id="0a1b",
        region="cn-north-4",
        seconds=0.25,
        requests=7,
        records=1234,
        truncated=True,
        nodes=[("https://10.0.0.5", True), ("https://10.0.0.6", False)],
        errors={"timeout": 3, "http_5xx": 1},
    )
    assert exposed(snapshot(shown), family) == expected(page)


@pytest.mark.parametrize(
    ("zone", "offset", "source"),
    [(Zone("configured", -5.5 * HOUR), -19800, "configured"), (None, 28800, "assumed")],
)
def test_the_offset_in_use_is_told_with_its_source(zone: Zone | None, offset: float, source: str) -> None:
    """A wrong clock is found by looking."""
    watcher = Watcher(zone=zone)
    watcher.show(job("a"))
    shown = exposed(snapshot(scraped(watcher)), "ges_target_utc_offset_seconds")
    assert shown == expected(f'ges_target_utc_offset_seconds{{@,source="{source}"}} {offset}')


def test_a_task_centre_has_no_offset() -> None:
    """Its times are UTC."""
    watcher = Watcher(CENTRE)
    watcher.show(task("a"))
    assert exposed(snapshot(scraped(watcher)), "ges_target_utc_offset_seconds") == {}


def test_the_last_success_outlives_a_failure() -> None:
    """A target that is down says since when."""
    watcher = Watcher()
    watcher.show()
    watcher.wait(MINUTE)
    watcher.take(None, down(NODE))
    page = snapshot(scraped(watcher))
    assert exposed(page, "ges_up") == expected("ges_up{@} 0")
    assert exposed(page, "ges_scrape_last_success_timestamp_seconds") == expected(
        "ges_scrape_last_success_timestamp_seconds{@} t+0"
    )
