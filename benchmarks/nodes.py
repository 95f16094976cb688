"""200 graphs with two nodes each, of 1,000 jobs: scrapes while all nodes answer, and while one of each pair hangs."""

from __future__ import annotations

import statistics
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from benchmarks.rig import OTHER, Exporter, exporter, fleet_config, show, simulator

GRAPHS, JOBS = 200, 1000
TIMES = 5


def run() -> None:
    """Prints the figures."""
    fleet = ("--scenario", "fleet", "--graphs", str(GRAPHS), "--jobs", str(JOBS), "--latency", "20ms")
    with TemporaryDirectory() as folder, simulator(*fleet) as url:
        ledger = Path(folder) / "ledger.db"
        with exporter(fleet_config(url, GRAPHS, str(ledger))) as watcher:
            watcher.scrape()
            alone = _steady(watcher)
        ledger.unlink()
        with exporter(fleet_config(url, GRAPHS, str(ledger), nodes=True)) as watcher:
            show(f"{GRAPHS} graphs of {JOBS} jobs, two nodes each: cold scrape", watcher.scrape().seconds, "s")
            both = _steady(watcher)
            show("steady scrape (median)", both, "s")
            show("  against the same graphs with one node each", both / alone, "x")
            show("resident memory", watcher.process.resident_mib(), "MiB")
            httpx.post(f"{url}/simulator/faults", json={"kind": "hang", "host": OTHER}).raise_for_status()
            first = watcher.scrape()
            show("one node of each begins to hang: that scrape", first.seconds, "s")
            show("  graphs up", first.total("ges_up"), "")
            show("the scrapes after it (median), against the steady ones", _steady(watcher) / both, "x")


def _steady(watcher: Exporter) -> float:
    """Returns the median of a few scrapes, in seconds."""
    return statistics.median(watcher.scrape().seconds for _ in range(TIMES))
