"""Graphs that are spread over several exporters, each with its own ledger, and change hands."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from random import Random

from ges_exporter.model import Job, Plane, Target
from tests.simulated import Clock
from tests.watching import MINUTE, Watcher, job

GRAPHS = [Target("demo", f"graph-{number}", Plane.SERVICE) for number in range(12)]
STEP = 10 * MINUTE
STATUSES = ("success", "failed", "partially_failed")


class Fleet:
    """Exporters that share the graphs, and the true lists."""

    def __init__(self, folder: Path) -> None:
        self.clock = Clock()
        self.exporters = [
            Watcher(*GRAPHS, path=str(folder / f"ledger-{number}.db"), clock=self.clock) for number in range(4)
        ]
        self.lists: dict[Target, list[Job]] = {graph: [] for graph in GRAPHS}
        self.ended: Counter[str] = Counter()

    def pass_time(self, exporters: int, hours: float, chance: Random) -> None:
        """So many exporters watch; jobs begin and end between their scrapes, and are pruned in time."""
        for _ in range(round(hours * 3600 / STEP)):
            self.scrape(exporters)
            for jobs in self.lists.values():
                self.run(jobs, chance)
            self.clock.advance(STEP)
        self.scrape(exporters)

    def run(self, jobs: list[Job], chance: Random) -> None:
        """A few jobs come and end."""
        now = self.clock() - 1_750_000_000
        for _ in range(chance.choice([0, 0, 1, 2])):
            status = chance.choice(STATUSES)
            self.ended[status] += 1
            jobs.insert(0, job(f"{self.ended.total()}", status, begin=now + 60, end=now + 120))
        del jobs[40:]

    def scrape(self, exporters: int) -> None:
        """Each graph is scraped by one of the exporters."""
        for number, graph in enumerate(GRAPHS):
            self.exporters[number % exporters].show(*self.lists[graph], target=graph)

    def counted(self) -> dict[str, float]:
        """What all exporters count together."""
        return {
            status: sum(exporter.total("ges_jobs_finished_total", status=status) for exporter in self.exporters)
            for status in STATUSES
        }

    def close(self) -> None:
        """Ends all exporters."""
        for exporter in self.exporters:
            exporter.close()


def test_three_exporters_then_four_then_three(tmp_path: Path) -> None:
    """A graph that comes back to an exporter that had it before shows what another one has counted: it is late there.

    All together, each job counts once.
    """
    fleet, chance = Fleet(tmp_path), Random(1)  # noqa: S311 - of a test
    fleet.pass_time(3, 1, chance)
    for exporters in (4, 3):
        fleet.pass_time(exporters, 2, chance)
    assert fleet.counted() == dict(fleet.ended)
    late = [exporter.total("ges_jobs_late_total") for exporter in fleet.exporters]
    assert sum(late) > 0
    fleet.close()
