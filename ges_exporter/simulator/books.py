"""The truth about the jobs of a world, to compare with what a watcher counted."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import floor

from ges_exporter.simulator.joblist import JobList
from ges_exporter.simulator.jobs import File, Job
from ges_exporter.simulator.world import Project, World

_STATUSES = {
    "success": "success",
    "partiallyFailed": "partially_failed",
    "partFailed": "partially_failed",
    "failed": "failed",
    "complete": "complete",
}
"""The APIs' words in one spelling; any other is ``unknown``."""

Entry = dict[str, object]


@dataclass(frozen=True)
class _Book:
    """The jobs of one project, plane and graph, and what the API tells of them."""

    project: Project
    plane: str
    graph: str
    jobs: list[Job]
    edition: str = ""

    @property
    def times(self) -> bool:
        """Whether the API tells begin and end, and the lines of imports."""
        return self.edition in {"", "memory"}

    def seconds(self, job: Job) -> int:
        """How long a finished job took by the API's times, which are whole seconds."""
        begin = job.appears if self.plane == "management" else job.starts
        return floor(job.ends) - floor(begin)


def books(world: World, at: float | None = None) -> list[Entry]:
    """What had happened by ``at`` (Unix seconds, by default now): an entry for each project, plane and graph.

    An entry has ``project``, ``project_id``, ``plane`` (``management``, ``service``), ``graph`` and

    * ``jobs``: for each ``job_type``, ``algorithm``: how many ``appeared``, are ``pending`` and ``running``;
    * ``finished``: for each ``job_type``, ``algorithm``, ``status``: ``count``, how many of them a list has shown
      finished (``shown``), and the ``seconds`` from begin to end as the API tells them (null where it does not);
    * ``imports``: for each ``kind``: ``lines`` and ``failed_lines`` of finished imports as far as they are returned,
      ``files`` by status, and ``unreported`` files, whose counts are not all returned; empty for an API without files.

    Jobs count once, however many nodes list them, and also when they have left the list before their end.
    """
    moment = world.clock() if at is None else at
    return [_entry(book, moment) for book in _all_books(world)]


def _all_books(world: World) -> Iterator[_Book]:
    for project in world.projects.values():
        by_graph: dict[str, list[Job]] = defaultdict(list)
        for job in _ever([project.centre]):
            by_graph[job.plan.graph].append(job)
        for name, jobs in by_graph.items():
            yield _Book(project, "management", name, jobs)
        for graph in project.graphs.values():
            yield _Book(project, "service", graph.name, _ever(graph.nodes.values()), graph.edition)


def _ever(lists: Iterable[JobList]) -> list[Job]:
    """The jobs that ever were in one of the lists, each once."""
    jobs: dict[str, Job] = {}
    for job_list in lists:
        jobs |= job_list.ever()
    return list(jobs.values())


def _entry(book: _Book, moment: float) -> Entry:
    appeared = [job for job in book.jobs if job.appears <= moment]
    finished = [job for job in appeared if job.finished(moment) and job.ends <= job.leaves]
    return {
        "project": book.project.name,
        "project_id": book.project.id,
        "plane": book.plane,
        "graph": book.graph,
        "jobs": _by_type(appeared, moment),
        "finished": _by_outcome(book, finished),
        "imports": _imports(finished) if book.times else [],
    }


def _by_type(jobs: list[Job], moment: float) -> list[Entry]:
    counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for job in jobs:
        counts[job.plan.job_type, job.plan.algorithm].update(["appeared", job.status(moment)])
    return [
        {"job_type": job_type, "algorithm": algorithm}
        | {word: count[word] for word in ("appeared", "pending", "running")}
        for (job_type, algorithm), count in sorted(counts.items())
    ]


def _by_outcome(book: _Book, finished: list[Job]) -> list[Entry]:
    grouped: dict[tuple[str, str, str], list[Job]] = defaultdict(list)
    for job in finished:
        grouped[job.plan.job_type, job.plan.algorithm, _STATUSES.get(job.outcome, "unknown")].append(job)
    return [
        {
            "job_type": job_type,
            "algorithm": algorithm,
            "status": status,
            "count": len(jobs),
            "shown": sum(job.shown for job in jobs),
            "seconds": sum(book.seconds(job) for job in jobs) if book.times else None,
        }
        for (job_type, algorithm, status), jobs in sorted(grouped.items())
    ]


def _imports(jobs: list[Job]) -> list[Entry]:
    files: dict[str, list[tuple[File, bool]]] = defaultdict(list)
    for job in jobs:
        for file in job.plan.files:
            files[file.kind].append((file, job.plan.counts != "never"))
    return [{"kind": kind, **_lines(group)} for kind, group in sorted(files.items())]


def _lines(files: list[tuple[File, bool]]) -> Entry:
    returned = [file for file, reported in files if reported]
    whole = [file for file in returned if file.lines is not None and file.failed_lines is not None]
    return {
        "lines": sum(file.lines or 0 for file in returned),
        "failed_lines": sum(file.failed_lines or 0 for file in returned),
        "files": dict(Counter(_STATUSES.get(file.word, "unknown") for file, _ in files)),
        "unreported": len(files) - len(whole),
    }
