"""Fleets of 100, 300 and 1,000 graphs, near and far, some of which hang: what one graph costs must stay the same."""

from __future__ import annotations

import statistics
import time
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from benchmarks.rig import Exporter, exporter, fleet_config, simulator

SIZES = (100, 300, 1000)
LATENCIES = ("20ms", "200ms")
HANGING = (0, 5, 50)
JOBS = 1000
STEADY = 2
INTERVAL = 20.0
"""Seconds from one scrape to the next, so that in each of them the same number of jobs is new."""
PATIENCE = "100s"
"""The deadline where everything answers: none."""
DEADLINE = "20s"
"""The deadline where some graphs hang, which is what such a scrape takes."""


class Row(NamedTuple):
    """What was measured of one fleet."""

    cold: float
    """Seconds of the first scrape, in which every list is read whole."""
    steady: float
    """Seconds of the scrapes after it (median)."""
    answered: float
    """Graphs up in the last scrape, of those that do not hang; %."""
    requests: float
    """Requests of a steady scrape for each of those."""
    cpu: float
    """Processor time of a steady scrape for each of those; milliseconds."""
    memory: float
    """Resident after it all; MiB."""
    each: float
    """The same for each graph, less what the exporter takes when it starts; KiB."""


def run() -> None:
    """Prints the figures, a line for each fleet."""
    print("graphs latency hanging |    cold   steady | answered requests | CPU/graph against 100 |   memory   each")
    for latency, hanging in product(LATENCIES, HANGING):
        first = None
        for graphs in SIZES:
            row = _measure(graphs, latency, hanging)
            first = first or row
            print(_line(graphs, latency, hanging, row, first), flush=True)


def _line(graphs: int, latency: str, hanging: int, row: Row, first: Row) -> str:
    fleet = f"{graphs:>6}{latency:>8}{hanging:>6} %"
    times = f"{row.cold:>6.1f} s {row.steady:>6.1f} s |{row.answered:>7.0f} %{row.requests:>9.1f}"
    cost = f"{row.cpu:>7.1f} ms {row.cpu / first.cpu:>9.2f} x"
    return f"{fleet} |{times} |{cost} |{row.memory:>5.0f} MiB{row.each:>4.0f} KiB"


def _measure(graphs: int, latency: str, hanging: int) -> Row:
    flags = ("--graphs", str(graphs), "--jobs", str(JOBS), "--latency", latency, "--hanging", str(hanging))
    with TemporaryDirectory() as folder, simulator("--scenario", "fleet", *flags) as url:
        timeout = DEADLINE if hanging else PATIENCE
        with exporter(fleet_config(url, graphs, str(Path(folder) / "ledger.db"), timeout=timeout)) as watcher:
            return _scrape(watcher, graphs, round(graphs * (100 - hanging) / 100), 1 if hanging else STEADY)


def _scrape(watcher: Exporter, graphs: int, healthy: int, times: int) -> Row:
    empty, began = watcher.process.resident_mib(), time.monotonic()
    cold, used = watcher.scrape(), watcher.process.cpu_seconds()
    steady = []
    for number in range(1, times + 1):
        time.sleep(max(began + number * INTERVAL - time.monotonic(), 0.0))
        steady.append(watcher.scrape())
    cpu = (watcher.process.cpu_seconds() - used) / times
    memory = watcher.process.resident_mib()
    return Row(
        cold=cold.seconds,
        steady=statistics.median(scrape.seconds for scrape in steady),
        answered=100 * steady[-1].total("ges_up") / healthy,
        requests=(steady[-1].total("ges_scrape_requests") - (graphs - healthy)) / healthy,
        cpu=1000 * cpu / healthy,
        memory=memory,
        each=1024 * (memory - empty) / graphs,
    )
