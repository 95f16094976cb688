"""Changes to jobs, lists and graphs."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ges_exporter.simulator.access import world_of
from ges_exporter.simulator.admin.body import decode
from ges_exporter.simulator.answers import ApiError, answer
from ges_exporter.simulator.joblist import JobList, Order
from ges_exporter.simulator.jobs import Plan
from ges_exporter.simulator.world import Edition, Graph, Project, World


class _Place(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A list: a node's (by default of the one in charge), or without a graph the task centre."""

    project: str = ""
    graph: str = ""
    node: str = ""


class _Submission(_Place, kw_only=True):
    plan: Plan


class _ListChange(_Place, kw_only=True):
    order: Order | None = None
    cap: int | None = None
    max_age: float | None = None
    prune: int | None = None


class _GraphChange(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    project: str = ""
    graph: str
    edition: Edition | None = None
    status: str | None = None
    floating: str | None = None


class _End(msgspec.Struct, forbid_unknown_fields=True):
    outcome: str = "success"
    reason: str = ""


async def add_job(request: Request) -> Response:
    """Add a job to a list."""
    submission: _Submission = await decode(request, _Submission)
    job = _list(world_of(request), submission).submit(submission.plan)
    return answer({"id": job.id}, 201)


async def finish_job(request: Request) -> Response:
    """End a job."""
    end: _End = await decode(request, _End)
    for jobs in _lists_with(request):
        jobs.finish(request.path_params["job"], end.outcome, end.reason)
    return answer({})


async def remove_job(request: Request) -> Response:
    """Take a job away."""
    for jobs in _lists_with(request):
        jobs.remove(request.path_params["job"])
    return answer({})


async def change_list(request: Request) -> Response:
    """Change how a list is kept; what is not named stays."""
    change: _ListChange = await decode(request, _ListChange)
    jobs = _list(world_of(request), change)
    jobs.order = change.order or jobs.order
    jobs.cap = jobs.cap if change.cap is None else change.cap
    jobs.max_age = jobs.max_age if change.max_age is None else change.max_age
    if change.prune is not None:
        jobs.prune(change.prune)
    return answer({})


async def change_graph(request: Request) -> Response:
    """Change a graph, or make one; what is not named stays."""
    change: _GraphChange = await decode(request, _GraphChange)
    project = _project(world_of(request), change.project)
    if change.edition is not None and change.graph not in project.graphs:
        project.add_graph(change.graph, change.edition)
    graph = _graph(project, change.graph)
    graph.instance.status = change.status or graph.instance.status
    if change.floating is not None and change.floating not in graph.nodes:
        raise ApiError(400, "floating", f"{change.floating} is no node of {graph.name}")
    graph.floating = change.floating or graph.floating
    return answer({})


async def remove_graph(request: Request) -> Response:
    """Delete an instance, whichever project it is in."""
    name = request.path_params["name"]
    found = [project for project in world_of(request).projects.values() if name in project.instances]
    if not found:
        raise ApiError(404, "graph", f"there is no graph {name}")
    for project in found:
        project.remove_graph(name)
    return answer({})


def _project(world: World, name: str) -> Project:
    for project in world.projects.values():
        if name in {"", project.name, project.id}:
            return project
    raise ApiError(400, "project", f"there is no project {name}")


def _graph(project: Project, name: str) -> Graph:
    if name not in project.graphs:
        raise ApiError(400, "graph", f"there is no graph {name}")
    return project.graphs[name]


def _list(world: World, place: _Place) -> JobList:
    project = _project(world, place.project)
    if not place.graph:
        return project.centre
    graph = _graph(project, place.graph)
    return graph.nodes.get(place.node, graph.jobs)


def _lists_with(request: Request) -> list[JobList]:
    job_id = request.path_params["job"]
    lists = [jobs for jobs in world_of(request).lists() if job_id in jobs.ever()]
    if not lists:
        raise ApiError(404, "job", f"there is no job {job_id}")
    return lists


ROUTES = [
    Route("/simulator/jobs", add_job, methods=["POST"]),
    Route("/simulator/jobs/{job}", finish_job, methods=["POST"]),
    Route("/simulator/jobs/{job}", remove_job, methods=["DELETE"]),
    Route("/simulator/lists", change_list, methods=["POST"]),
    Route("/simulator/graphs", change_graph, methods=["POST"]),
    Route("/simulator/graphs/{name:path}", remove_graph, methods=["DELETE"]),
]
