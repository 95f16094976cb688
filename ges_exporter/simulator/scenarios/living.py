"""``living``: a project whose jobs come and go, with everything that a dashboard or an alert looks for.

Three graphs (``movie`` and ``fraud`` of the memory edition, ``social`` of the database edition), one that is stopped
(``archive``) and the task centre; what happens in them is in `schedule`. The graphs are at the address and port that
was asked; the two nodes of ``fraud`` are also at 127.0.0.2 and 127.0.0.3, where the server listens if told to, and
``social`` can be asked as ``localhost``, too, like another node of it.
"""

from __future__ import annotations

import time

from ges_exporter.simulator.joblist import Clock, JobList
from ges_exporter.simulator.jobs import Plan
from ges_exporter.simulator.scenarios.schedule import CENTRE, FAULTS, FRAUD, MOVIE, PROJECT_ID, SOCIAL, STANDBY
from ges_exporter.simulator.timetable import timetable
from ges_exporter.simulator.world import World

PROJECT = "demo"
TOKEN_LIFETIME = 600.0
HISTORY = 7200.0
"""How far back, in seconds, the timetables have run before the beginning."""


def living(clock: Clock = time.time, *, seed: int = 0) -> World:
    """The living world, in which requests need no credentials.

    Who wants a token gets one as the user ``demo`` of the domain ``demo`` with the password ``demo``.
    """
    world = World(clock, seed=seed, faults=FAULTS)
    world.iam.users["demo", "demo"] = "demo"
    world.iam.lifetime = TOKEN_LIFETIME
    project = world.add_project(PROJECT, PROJECT_ID)
    movie = project.add_graph("movie").jobs
    social = project.add_graph("social", "database").jobs
    movie.cap, social.cap, project.centre.cap = 120, 60, 200
    fraud = project.add_graph("fraud", node="127.0.0.2")
    fraud.jobs.max_age = 1800.0
    project.add_graph("archive").instance.status = "900"
    _age(project.add_node(fraud, STANDBY))
    lists = {"movie": (movie, MOVIE), "fraud": (fraud.jobs, FRAUD), "social": (social, SOCIAL)}
    for name, (jobs, rows) in {**lists, "": (project.centre, CENTRE)}.items():
        jobs.follow(timetable(rows, world.born, HISTORY, f"{seed}/{name}"))
    return world


def _age(jobs: JobList) -> None:
    """Fill a list with jobs that ended hours ago."""
    for turn in range(12):
        jobs.submit(
            Plan(
                job_type="Algorithm",
                algorithm="cluster_coefficient",
                after=-7200.0 - 900.0 * turn,
                run=8.0,
                outcome="failed" if turn % 4 == 3 else "success",
                reason="Running algorithm [cluster_coefficient] error: task timeout" if turn % 4 == 3 else "",
            )
        )
