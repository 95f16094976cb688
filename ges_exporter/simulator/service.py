"""The service plane: the job list of a graph, one job, and the graphs of a database-edition cluster."""

from __future__ import annotations

from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ges_exporter.simulator.access import enter, world_of
from ges_exporter.simulator.answers import ApiError, answer, encode
from ges_exporter.simulator.joblist import JobList
from ges_exporter.simulator.jobs import Job
from ges_exporter.simulator.listing import faults_of, page
from ges_exporter.simulator.shapes import SERVICE, Context, Shape
from ges_exporter.simulator.world import SERVING, Graph, Project


async def list_jobs(request: Request) -> Response:
    """``GET /ges/v1.0/{project}/graphs/{graph}/jobs/status``."""
    project = await enter(request)
    graph, jobs = _graph(request, project)
    context = _context(graph, world_of(request).clock(), project.id)
    shape = SERVICE[graph.edition]

    def render(job: Job) -> bytes:
        job.shown = job.shown or job.finished(context.now)
        return job.row or _row(shape, job, context)

    return answer(page(request, shape, jobs.visible(), render))


def render_finished(graph: Graph, now: float, project_id: str) -> None:
    """Render the finished jobs of a graph before they are asked for."""
    context = _context(graph, now, project_id)
    for job in graph.jobs.visible():
        _row(SERVICE[graph.edition], job, context)


async def show_job(request: Request) -> Response:
    """``GET /ges/v1.0/{project}/graphs/{graph}/jobs/{job}/status``; its shape is inferred, no page tells it."""
    project = await enter(request)
    graph, jobs = _graph(request, project)
    job = jobs.find(request.path_params["job"])
    if job is None:
        raise ApiError(400, "GES.8301", f"can not find job, jobId is {request.path_params['job']}")
    context = replace(_context(graph, world_of(request).clock(), project.id), details=True)
    return answer(SERVICE[graph.edition].record(job, context))


async def list_graphs(request: Request) -> Response:
    """``GET /ges/v1.0/{project}/graphs``: the graphs of the clusters at the address that was asked."""
    project = await enter(request)
    host = request.url.hostname
    names = [
        {"graphName": graph.name}
        for graph in project.graphs.values()
        if graph.edition == "database" and (host == graph.instance.private_ip or host in graph.nodes)
    ]
    return answer({"graphs": names, "result": "success"})


def _context(graph: Graph, now: float, project_id: str) -> Context:
    return Context(now, project_id, graph.name, graph.utc_offset)


def _row(shape: Shape, job: Job, context: Context) -> bytes:
    """The record of ``job``, kept once the job is finished."""
    row = encode(shape.record(job, context))
    if job.finished(context.now):
        job.row = row
    return row


def _graph(request: Request, project: Project) -> tuple[Graph, JobList]:
    name = request.path_params["graph"]
    graph = project.graphs.get(name)
    if graph is None:
        raise ApiError(400, "GES.8000", f"graph : {name} not exist")
    if graph.instance.status not in SERVING:
        raise ApiError(503, "GES.8012", f"graph : {name} is not running")
    failover = faults_of(request).get("failover")
    host = failover.text("") if failover else request.url.hostname or ""
    return graph, graph.at(host)


ROUTES = [
    Route("/ges/v1.0/{project}/graphs", list_graphs),
    Route("/ges/v1.0/{project}/graphs/{graph:path}/jobs/status", list_jobs),
    Route("/ges/v1.0/{project}/graphs/{graph:path}/jobs/{job}/status", show_job),
]
