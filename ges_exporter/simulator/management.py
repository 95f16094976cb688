"""The management plane, v2 and v1.0: the task centre, one job, and the graphs of a project."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ges_exporter.simulator.access import enter, world_of
from ges_exporter.simulator.answers import ApiError, answer, encode
from ges_exporter.simulator.jobs import Job
from ges_exporter.simulator.listing import count_of, faults_of, page, total_of, window
from ges_exporter.simulator.shapes import MANAGEMENT, Context, Shape
from ges_exporter.simulator.shapes.management import camel
from ges_exporter.simulator.world import Instance

_DAY = 86400.0


async def list_jobs(request: Request) -> Response:
    """``GET /{version}/{project}/graphs/jobs``, filtered by status, graph and dates (UTC)."""
    project = await enter(request)
    now = world_of(request).clock()
    shape, context = _shape(request), Context(now, project.id)
    wanted = _filter(request, now)
    jobs = [job for job in project.centre.visible() if wanted(job)]

    def render(job: Job) -> bytes:
        job.shown = job.shown or job.finished(now)
        return encode(shape.record(job, context))

    return answer(page(request, shape, jobs, render))


async def show_job(request: Request) -> Response:
    """``GET /{version}/{project}/graphs/{graph_id}/jobs/{job}/status``."""
    project = await enter(request)
    graph_id, job_id = request.path_params["graph_id"], request.path_params["job"]
    names = [instance.name for instance in project.instances.values() if instance.id == graph_id]
    job = project.centre.find(job_id)
    if job is None or job.plan.graph not in names:
        raise ApiError(400, "GES.8301", f"can not find job, jobId is {job_id}")
    context = Context(world_of(request).clock(), project.id, details=True)
    return answer(_shape(request).record(job, context))


async def list_graphs(request: Request) -> Response:
    """``GET /{version}/{project}/graphs``: the instances, ten by default."""
    project = await enter(request)
    instances = list(project.instances.values())
    begin, end = window(request, len(instances), _shape(request).default_limit)
    faults = faults_of(request)
    graphs = [_instance(request, instance) for instance in instances[begin:end]]
    for graph in graphs[: count_of(faults, "no_id")]:
        del graph["id"]
    body: dict[str, object] = {"graph_count": total_of(len(instances), len(graphs), faults), "graphs": graphs}
    return answer(camel(body) if _version(request) == "v1.0" else body)


def _filter(request: Request, now: float) -> Callable[[Job], bool]:
    query = request.query_params
    status, graph = query.get("status", ""), query.get("graph_name") or query.get("graphName")
    begins, ends = query.get("start_time") or query.get("startTime"), query.get("end_time") or query.get("endTime")
    status = {"waiting": "pending"}.get(status, status)
    since = _date(begins) if begins else -math.inf
    until = _date(ends) + _DAY if ends else math.inf

    def wanted(job: Job) -> bool:
        fits = job.status(now) == status if status else True
        return fits and graph in {None, "", job.plan.graph} and since <= job.appears and min(job.ends, now) < until

    return wanted


def _date(text: str) -> float:
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).timestamp()
    except ValueError:
        raise ApiError(400, "GES.0002", f"{text} is no date like 2019-03-27") from None


def _version(request: Request) -> str:
    return request.url.path.split("/")[1]


def _shape(request: Request) -> Shape:
    return MANAGEMENT[_version(request)]


def _instance(request: Request, instance: Instance) -> dict[str, object]:
    return {
        "id": instance.id,
        "name": instance.name,
        "status": instance.status,
        "private_ip": _address(request, instance.private_ip),
        "public_ip": _address(request, instance.public_ip),
        "traffic_ip_list": [_address(request, ip) for ip in instance.node_ips],
        "product_type": "Persistence" if instance.edition == "database" else "InMemory",
        "graph_size_type_index": instance.size_index,
        "enable_https": instance.enable_https,
        "version": instance.version,
    }


def _address(request: Request, ip: str) -> str:
    """The IP, with the port that was asked if the world says so: a client on loopback cannot use port 80 or 443."""
    port = request.url.port
    return f"{ip}:{port}" if ip and port and world_of(request).advertise_port else ip


def _routes(version: str) -> list[Route]:
    return [
        Route(f"/{version}/{{project}}/graphs", list_graphs),
        Route(f"/{version}/{{project}}/graphs/jobs", list_jobs),
        Route(f"/{version}/{{project}}/graphs/{{graph_id}}/jobs/{{job}}/status", show_job),
    ]


ROUTES = [route for version in MANAGEMENT for route in _routes(version)]
