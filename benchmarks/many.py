"""500 graphs of 1,000 jobs, each answer 20 ms late: one cold scrape, and steady ones."""

from __future__ import annotations

import statistics
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.rig import exporter, fleet_config, show, simulator

GRAPHS, JOBS, LATENCY = 500, 1000, "20ms"
STEADY = 5


def run() -> None:
    """Prints the figures."""
    fleet = ("--scenario", "fleet", "--graphs", str(GRAPHS), "--jobs", str(JOBS), "--latency", LATENCY)
    with (
        TemporaryDirectory() as folder,
        simulator(*fleet) as url,
        exporter(fleet_config(url, GRAPHS, str(Path(folder) / "ledger.db"))) as watcher,
    ):
        cold = watcher.scrape()
        show(f"{GRAPHS} graphs of {JOBS} jobs, {LATENCY} late: cold scrape", cold.seconds, "s", "6 s")
        show("  targets up", cold.total("ges_up"), "")
        steady = [watcher.scrape() for _ in range(STEADY)]
        seconds = statistics.median(scrape.seconds for scrape in steady)
        show("steady scrape (median)", seconds, "s", "3 s")
        show("  against the cold one", seconds / cold.seconds, "x")
        show("  samples exposed", steady[-1].samples, "")
        show(
            "  job records read, of those in the lists",
            100 * steady[-1].total("ges_scrape_jobs") / (GRAPHS * JOBS),
            "%",
        )
        show("resident memory", watcher.process.resident_mib(), "MiB", "300 MiB")
        show("  peak", watcher.process.peak_mib(), "MiB")
