"""``fleet``: many graphs with long lists, for measurements."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from random import Random

from ges_exporter.simulator.faults import Fault
from ges_exporter.simulator.joblist import Clock
from ges_exporter.simulator.jobs import Job, Plan
from ges_exporter.simulator.service import render_finished
from ges_exporter.simulator.timetable import Row, timetable
from ges_exporter.simulator.world import Graph, World

PROJECT = "fleet"
PROJECT_ID = "f1ee7f1ee7f1ee7f1ee7f1ee7f1ee7f1"
WEEK = 7 * 86400.0

_REASON = "Running algorithm [{}] error: parameter [source] is invalid!"
_ALGORITHMS = ("pagerank", "louvain", "shortest_path", "k_core", "closeness", "betweenness", "node2vec", "sssp")
_PLANS = tuple(
    Plan(
        job_type="Algorithm",
        algorithm=algorithm,
        run=run,
        outcome="failed" if run == 30.0 else "success",
        reason=_REASON.format(algorithm) if run == 30.0 else "",
    )
    for run in (2.0, 8.0, 15.0, 30.0)
    for algorithm in _ALGORITHMS
)

ROWS = (
    Row(job_type="Algorithm", algorithm="pagerank", first=10, every=120, history=False, run=(5, 20)),
    Row(job_type="Algorithm", algorithm="louvain", first=70, every=120, history=False, run=(20, 90), outcomes="sssf"),
)
"""What goes on in each graph, those of different graphs shifted against each other."""


@dataclass(frozen=True)
class Size:
    """How large a fleet is."""

    graphs: int = 100
    jobs: int = 1000
    """In the list of each graph, which is kept at that length."""
    hanging: float = 0.0
    """The share of graphs, in percent, that never answer."""


def fleet(clock: Clock = time.time, *, seed: int = 0, size: Size | None = None) -> World:
    """Memory-edition graphs ``graph-0000``, …, with a list of finished jobs, a stuck one, and a new one every minute.

    The lists are rendered beforehand, so that the first answers cost no more than later ones.
    """
    size = size or Size()
    world = World(clock, seed=seed)
    project = world.add_project(PROJECT, PROJECT_ID)
    for place in range(size.graphs):
        graph = project.add_graph(f"graph-{place:04d}")
        _fill(graph, world, size.jobs)
        rows = [replace(row, first=row.first + place % 60) for row in ROWS]
        graph.jobs.follow(timetable(rows, world.born, 0, f"{seed}/{place}"))
        render_finished(graph, world.born, project.id)
    chosen = Random(seed).sample(sorted(project.graphs), round(size.graphs * size.hanging / 100))  # noqa: S311
    for name in chosen:
        world.faults.add(Fault(kind="hang", path="/ges/", graph=name))
    return world


def _fill(graph: Graph, world: World, length: int) -> None:
    """Give ``graph`` its list: one job that runs for ever, and finished ones, a minute apart but none over a week."""
    jobs = graph.jobs
    jobs.cap = length
    apart = min(60.0, WEEK / length)
    jobs.submit(Plan(job_type="Algorithm", algorithm="betweenness", after=-apart * length, stalls=0.5))
    for number in range(length - 1):
        plan = _PLANS[number % len(_PLANS)]
        appears = world.born - 60.0 - apart * (length - 1 - number)
        jobs.put(Job.planned(plan, world.service_id(), appears))
