"""A page of 20,000 series: building the families, beside the client library's own rendering."""

from __future__ import annotations

import time

from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.registry import Collector

from benchmarks.rig import show
from ges_exporter.dialects import DIALECTS
from ges_exporter.exposition import build
from ges_exporter.families import Facts, Scraped, Snapshot
from ges_exporter.ledger import Ledger, Rules
from ges_exporter.model import Job, Listing, NodeListing, Plane, Status, Target, Time
from ges_exporter.report import ThresholdTable

GRAPHS, KINDS = 20, 15
NOW = 1_750_000_000.0


class _Built(Collector):
    def __init__(self, metrics: list[object]) -> None:
        self._metrics = metrics

    def collect(self) -> list[object]:  # type: ignore[override]
        return self._metrics


def run() -> None:
    """Prints the figures."""
    snapshot = _snapshot()
    for name, openmetrics, render in (
        ("classic", False, generate_latest),
        ("OpenMetrics", True, generate_openmetrics),
    ):
        began = time.perf_counter()
        metrics: list[object] = list(build(snapshot, openmetrics=openmetrics))
        built = time.perf_counter()
        page = render(_Built(metrics))  # type: ignore[no-untyped-call, unused-ignore]
        rendered = time.perf_counter()
        lines = sum(1 for line in page.splitlines() if not line.startswith(b"#"))
        show(f"{name}: {lines} series, building the families", (built - began) * 1000, "ms")
        show("  the library's rendering", (rendered - built) * 1000, "ms")
        show("  building against rendering", (built - began) / (rendered - built), "x")


def _snapshot() -> Snapshot:
    rules = Rules()
    ledger = Ledger(rules)
    limits = ThresholdTable(())
    targets = []
    for number in range(GRAPHS):
        target = Target("fleet", f"graph-{number:04}", Plane.SERVICE)
        ledger.watch(target)
        for step in range(2):
            jobs = [_job(kind, step, status) for kind in range(KINDS) for status in (Status.SUCCESS, Status.FAILED)]
            node = NodeListing("http://127.0.0.1", jobs, complete=True)
            listing = Listing(target, (node,), NOW + 60 * step, api=DIALECTS["memory"].api)
            view = ledger.observe(listing, NOW + 60 * step).view
        targets.append(
            Scraped(
                Facts(target, "0" * 32, "simulated", "memory"),
                view,
                up=True,
                now=NOW,
                active_limit=20,
                thresholds=limits,
                bounds=rules.bounds,
                errors={},
            )
        )
    return Snapshot(NOW, 9.0, targets, None)


def _job(kind: int, step: int, status: Status) -> Job:
    begin = Time(NOW + 60 * step)
    return Job(
        f"{kind}-{step}-{status}", status, "Algorithm", f"algorithm-{kind}", begin=begin, end=Time(begin.seconds + 30)
    )
