"""One graph with a list of 100,000 jobs: the first listing, and those that follow."""

from __future__ import annotations

import statistics
import subprocess
import sys

import httpx

from benchmarks.rig import PROJECT_ID, Exporter, exporter, fleet_config, show, simulator

JOBS = 100_000
SMALL = 100
STEADY = 15

_BASELINE = """
import json, resource, sys, time
body = sys.stdin.buffer.read()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
began = time.perf_counter()
counts = {}
for job in json.loads(body)["jobs"]:
    key = job["taskType"], job["status"]
    counts[key] = counts.get(key, 0) + 1
print(time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def run() -> None:
    """Prints the figures."""
    with simulator("--scenario", "fleet", "--graphs", "1", "--jobs", str(JOBS)) as long_url:
        seconds, memory = _baseline(long_url)
        show("json.loads and a loop over the list of 100,000 jobs", seconds, "s")
        show("  peak memory", memory, "MiB")
        with exporter(fleet_config(long_url, 1)) as watcher:
            first = watcher.scrape()
            show("first listing of 100,000 jobs, the whole scrape", first.seconds, "s", "0.6 s on a laptop core")
            show("  against json.loads and a loop", first.seconds / seconds, "x")
            show("  peak memory of the process", watcher.process.peak_mib(), "MiB", "200 MiB")
            long, records = _steady(watcher)
        small = simulator("--scenario", "fleet", "--graphs", "1", "--jobs", str(SMALL))
        with small as short_url, exporter(fleet_config(short_url, 1)) as watcher:
            watcher.scrape()
            short, _ = _steady(watcher)
    show("steady scrape of it (median)", long * 1000, "ms")
    show("  against a graph with 100 jobs", long / short, "x", "1.5 x")
    show("  records read, of those in the list", 100 * records / JOBS, "%", "1 %")


def _steady(watcher: Exporter) -> tuple[float, float]:
    scrapes = [watcher.scrape() for _ in range(STEADY)]
    records = statistics.median(scrape.total("ges_scrape_jobs") for scrape in scrapes)
    return statistics.median(scrape.seconds for scrape in scrapes), records


def _baseline(url: str) -> tuple[float, float]:
    path = f"{url}/ges/v1.0/{PROJECT_ID}/graphs/graph-0000/jobs/status"
    body = httpx.get(path, timeout=120, trust_env=False).content
    result = subprocess.run([sys.executable, "-c", _BASELINE], input=body, capture_output=True, check=True)  # noqa: S603
    seconds, memory = result.stdout.split()
    return float(seconds), float(memory)
