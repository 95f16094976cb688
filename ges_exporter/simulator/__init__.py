"""A simulated GES: IAM, both planes and every API shape, with jobs that live and faults on demand.

It is written from the description of the APIs alone and shares no code with the exporter, so that it can bear witness.

    world = World()
    graph = world.add_project("demo").add_graph("movie")
    graph.jobs.submit(Plan(job_type="Algorithm", algorithm="pagerank", run=20))
    async with serve(create_app(world)) as url:
        ...

The paths under ``/simulator/`` are described in `ges_exporter.simulator.admin`, the faults in `faults`.
"""

from __future__ import annotations

from ges_exporter.simulator.app import create_app
from ges_exporter.simulator.books import books
from ges_exporter.simulator.faults import Fault
from ges_exporter.simulator.jobs import File, Job, Plan
from ges_exporter.simulator.server import serve
from ges_exporter.simulator.world import Graph, Instance, Project, World

__all__ = [
    "Fault",
    "File",
    "Graph",
    "Instance",
    "Job",
    "Plan",
    "Project",
    "World",
    "books",
    "create_app",
    "serve",
]
