"""The demonstration shows within five minutes what each alert is about, seen through the exporter itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from ges_exporter.cli import demo_config
from ges_exporter.config import parse
from ges_exporter.exporter import Exporter
from ges_exporter.exposition import render
from ges_exporter.simulator import create_app
from ges_exporter.simulator.scenarios.living import living
from ges_exporter.simulator.scenarios.schedule import FAULTS
from tests import swift
from tests.alerting import rules
from tests.simulated import START

SCRAPES, APART = 30, 10.0
URL = "http://127.0.0.1:9878"
OF_THE_EXPORTER = {
    "GesConfigReloadFailed",
    "GesExporterDown",
    "GesLedgerNotSaved",
    "GesLedgerSetAside",
    "GesTokenNotRenewed",
}
"""What these are about is nothing that a GES could do."""

Labels = frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Page:
    """One scrape: its time in Unix seconds, and its samples by name and labels."""

    now: float
    samples: dict[str, dict[Labels, float]]

    def __getitem__(self, name: str) -> dict[Labels, float]:
        return self.samples.get(name, {})

    def ages(self, name: str) -> dict[Labels, float]:
        """Seconds since the timestamps of a family."""
        return {labels: self.now - value for labels, value in self[name].items()}

    def over(self, name: str, limit: str, times: float = 1.0) -> bool:
        """Whether an age is over so many times its limit."""
        limits = self[f"ges_job_{limit}_seconds"]
        return any(age > times * limits[labels] for labels, age in self.ages(name).items() if labels in limits)

    def total(self, name: str, **wanted: str) -> float:
        """The sum of a family's samples with these labels."""
        return sum(value for labels, value in self[name].items() if wanted.items() <= dict(labels).items())

    def by_graph(self, name: str) -> dict[str, list[float]]:
        """A family's samples, by the graph they are about."""
        found: dict[str, list[float]] = {}
        for labels, value in self[name].items():
            found.setdefault(dict(labels)["graph"], []).append(value)
        return found

    def failing(self) -> bool:
        """Whether of some kind more than half of the jobs failed."""
        kinds: dict[Labels, dict[str, float]] = {}
        for labels, value in self["ges_jobs_finished_total"].items():
            status = dict(labels)["status"]
            kinds.setdefault(labels - {("status", status)}, {})[status] = value
        return any(found["failed"] > sum(found.values()) / 2 > 1 for found in kinds.values())

    def never(self) -> bool:
        """Whether a kind of job that should succeed never has, for twice as long as it should take."""
        wanted = self["ges_job_expected_interval_seconds"].items()
        met = self.now - min(self["ges_target_first_listing_timestamp_seconds"].values())
        succeeded = self["ges_job_last_success_timestamp_seconds"]
        return any(met > 2 * value and labels not in succeeded for labels, value in wanted)


CONDITIONS: dict[str, Callable[[Page], bool]] = {
    "GesApiThrottled": lambda page: page.total("ges_scrape_errors_total", reason="throttled") > 0,
    "GesAuthenticationFailing": lambda page: page.total("ges_scrape_errors_total", reason="auth") > 0,
    "GesDiscoveryFailing": lambda page: page.total("ges_discovery_errors_total") > 0,
    "GesImportCountsUnreported": lambda page: page.total("ges_import_files_unreported_total") > 0,
    "GesImportFailedLines": lambda page: page.total("ges_import_failed_lines_total") > 0,
    "GesJobBacklogGrowing": lambda page: page.total("ges_jobs", graph="fraud", status="pending") > 10,
    "GesJobFailureRatioHigh": Page.failing,
    "GesJobLastRunFailed": lambda page: any(
        value > page["ges_job_last_success_timestamp_seconds"].get(labels, 0.0)
        for labels, value in page["ges_job_last_failure_timestamp_seconds"].items()
    ),
    "GesJobNoSuccess": lambda page: page.over("ges_job_last_success_timestamp_seconds", "expected_interval", 2.0),
    "GesJobNoSuccess, never": Page.never,
    "GesJobPendingTooLong": lambda page: page.over("ges_job_oldest_pending_timestamp_seconds", "max_pending"),
    "GesJobProgressStalled": lambda page: (
        max(page.ages("ges_job_oldest_progress_change_timestamp_seconds").values(), default=0.0) > 120
    ),
    "GesJobStuck": lambda page: page.over("ges_job_oldest_running_timestamp_seconds", "max_duration"),
    "GesJobsLate": lambda page: page.total("ges_jobs_late_total") > 0,
    "GesLimitReached": lambda page: page.total("ges_exporter_series_folded") > 0,
    "GesNodeDown": lambda page: any(
        1 in answered and 0 in answered for answered in page.by_graph("ges_node_up").values()
    ),
    "GesScrapeNearDeadline": lambda page: max(page["ges_scrape_duration_seconds"].values()) > 1,
    "GesTargetFailing": lambda page: 0 in page["ges_up"].values(),
    "GesUnknownApiValues": lambda page: page.total("ges_exporter_unknown_values_total") > 0,
}


async def scrapes() -> list[Page]:
    """The first five minutes."""

    def clock() -> float:
        return START + swift.now()

    config = parse(demo_config(URL), {}, Path()).with_ledger_path(":memory:")
    world = living(clock)
    world.faults.clear()
    for fault in FAULTS:
        if fault.kind != "reset":  # for which there would have to be a socket
            world.faults.add(fault)
    exporter = Exporter(config, clock=clock, transport=httpx.ASGITransport(create_app(world)))
    pages = []
    for _ in range(SCRAPES):
        results = await exporter.scrape(list(exporter.targets), 9.0)
        text, _ = render(exporter.snapshot(results, 9.0, own=True))
        pages.append(Page(clock(), dict(_samples(text.decode()))))
        await asyncio.sleep(APART)
    await exporter.aclose()
    return pages


def _samples(text: str) -> Iterator[tuple[str, dict[Labels, float]]]:
    for family in text_string_to_metric_families(text):
        for name in dict.fromkeys(sample.name for sample in family.samples):
            alike = [sample for sample in family.samples if sample.name == name]
            yield name, {frozenset(sample.labels.items()): sample.value for sample in alike}


@cache
def seen() -> list[Page]:
    """What was scraped."""
    return swift.run(scrapes())


def test_every_alert_has_its_condition() -> None:
    """One that is new has one here, or is about the exporter itself."""
    alerts = {rule.name for rule in rules() if rule.alert}
    assert alerts == {name.partition(",")[0] for name in CONDITIONS} | OF_THE_EXPORTER


@pytest.mark.parametrize("name", CONDITIONS)
def test_what_an_alert_is_about_occurs(name: str) -> None:
    """Whoever tries the demonstration has seen it before five minutes have passed."""
    assert any(CONDITIONS[name](page) for page in seen())
