"""A whole page of metrics, made of the documentation's examples and of what happens a minute later."""

from __future__ import annotations

import asyncio
import os
import subprocess
from pathlib import Path

import pytest
from prometheus_client.openmetrics import parser

from ges_exporter.exposition import OPENMETRICS, render
from ges_exporter.families import FAMILIES, Snapshot
from tests.documented import SECRET, World, a_fourth_job, scrape
from tests.exposed import Samples, expected, exposed, names, samples_of

GOLDEN = Path(__file__).parent / "golden"
SWITCH = "UPDATE_GOLDEN"
PAGES = {"metrics.prom": "", "metrics.openmetrics": OPENMETRICS}
"""Each file, and the Accept header that asks for its format."""


def two_scrapes() -> Snapshot:
    """The page of the second scrape of the world."""

    async def main() -> Snapshot:
        world = World()
        exporter = world.exporter()
        try:
            await scrape(exporter)
            world.later()
            return await scrape(exporter)
        finally:
            await exporter.aclose()

    return asyncio.run(main())


@pytest.fixture(scope="module", name="second")
def _second() -> Snapshot:
    return two_scrapes()


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_the_golden_one(second: Snapshot, name: str) -> None:
    """Every name, value and help text of a whole page, so that no change goes unseen."""
    page = render(second, PAGES[name])[0].decode()
    if os.environ.get(SWITCH):
        (GOLDEN / name).write_text(page, encoding="utf-8")
    golden = (GOLDEN / name).read_text(encoding="utf-8")
    assert page.splitlines() == golden.splitlines(), (
        f"if this is meant: {SWITCH}=1 .venv/bin/pytest tests/test_golden.py, and read the diff of tests/golden"
    )


def test_the_page_shows_every_family_that_is_not_of_rare_trouble(second: Snapshot) -> None:
    """The golden page is worth reading: what is not on it is named here."""
    absent = {
        "ges_jobs_late_total",
        "ges_exporter_info",
        "ges_exporter_api_retries_total",
        "ges_exporter_backoff_until_timestamp_seconds",
        *(family.name for family in FAMILIES if family.name.startswith(("ges_discovery_", "ges_graph_"))),
    }
    assert {family.name for family in FAMILIES} - names(render(second)[0].decode()) == absent


def test_no_secret_is_on_the_page(second: Snapshot) -> None:
    """Tokens, passwords and access keys in requests stay where they are."""
    for accept in PAGES.values():
        assert SECRET not in render(second, accept)[0].decode()


def test_the_strict_parser_accepts_the_golden_page() -> None:
    """What Prometheus is served is what the format's own parser reads."""
    page = (GOLDEN / "metrics.openmetrics").read_text(encoding="utf-8")
    assert len(list(parser.text_string_to_metric_families(page))) == len(names(page))  # type: ignore[no-untyped-call]


@pytest.mark.e2e
def test_promtool_has_nothing_to_say_of_the_golden_page() -> None:
    """Prometheus' own checker accepts it without a word."""
    told = subprocess.run(
        ["promtool", "check", "metrics"],  # noqa: S607  # a program of Prometheus
        input=(GOLDEN / "metrics.prom").read_bytes(),
        capture_output=True,
        check=False,
    )
    assert (told.returncode, told.stdout + told.stderr) == (0, b"")


# The worked example of the documentation ------------------------------------------------------------------------------


def example_and_a_fourth_job() -> tuple[Snapshot, Snapshot]:
    """The page of the memory edition's example, asked for the first time, and the next one with a fourth job in it."""

    async def main() -> tuple[Snapshot, Snapshot]:
        world = World()
        exporter = world.exporter()
        try:
            first = await scrape(exporter)
            world.clock.advance(60)
            world.movie["jobs"].insert(0, a_fourth_job())
            return first, await scrape(exporter)
        finally:
            await exporter.aclose()

    return asyncio.run(main())


def only(page: Samples, expectation: str) -> Samples:
    """Those samples of a page that stand in an expectation."""
    return {key: page[key] for key in expected(expectation) if key in page}


def test_the_worked_example_gives_the_promised_values() -> None:
    """The documented list of the memory edition, number by number."""
    first, second = (samples_of(render(shown)[0].decode()) for shown in example_and_a_fourth_job())
    promised = """
        ges_up{@} 1
        ges_jobs{@,job_type="Algorithm",algorithm="shortest_path",status="failed"} 1
        ges_jobs{@,job_type="Algorithm",algorithm="shortest_path",status="success"} 1
        ges_jobs{@,job_type="Algorithm",algorithm="shortest_path",status="running"} 0
        ges_jobs{@,##,status="success"} 1
        ges_jobs_finished_total{@,job_type="Algorithm",algorithm="shortest_path",status="failed"} 0
        ges_job_last_failure_timestamp_seconds{@,job_type="Algorithm",algorithm="shortest_path"} 1716429240
        ges_import_listed_lines{@,kind="edge"} 1659
        ges_import_listed_failed_lines{@,kind="edge"} 0
        ges_import_last_lines{@,kind="schema"} 49
        ges_target_utc_offset_seconds{@,source="measured"} 28800
        ges_target_info{@,project_id="0123456789abcdef0123456789abcdef",region="cn-north-4",api="memory"} 1
        """
    assert only(first, promised) == expected(promised)
    promised = """
        ges_jobs_finished_total{@,##,status="success"} 1
        ges_jobs_discovered_total{@,##} 1
        ges_import_lines_total{@,kind="edge"} 100
        ges_import_failed_lines_total{@,kind="edge"} 10
        ges_import_listed_lines{@,kind="edge"} 1759
        ges_import_last_lines{@,kind="edge"} 100
        ges_import_last_lines{@,kind="schema"} 49
        ges_job_last_success_duration_seconds{@,##} 40
        """
    assert only(second, promised) == expected(promised)


def test_one_broken_target_costs_only_itself(second: Snapshot) -> None:
    """It is down and says why; all the others are up."""
    up = {dict(labels)["graph"]: value for (_, labels), value in exposed(second, "ges_up").items()}
    assert up.pop("broken") == 0
    assert set(up.values()) == {1}
    reasons = exposed(second, "ges_scrape_errors_total")
    assert {(dict(labels)["graph"], dict(labels)["reason"]): value for (_, labels), value in reasons.items()} == {
        ("broken", "decode"): 2
    }
