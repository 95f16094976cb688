"""``pages``: the documentation's example answers, as they stand, in ``examples/``.

Any project will do, and no credentials are asked for. The graph ``movie`` is the memory edition's example,
``moviejx`` the one with 100 billion edges; other graphs and jobs get the documented errors. Where the pages have no
example (the task centre of v2, the graphs of a project) the answer is put together from those that there are.
"""

from __future__ import annotations

import time
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ges_exporter.simulator.answers import ApiError, answer
from ges_exporter.simulator.joblist import Clock
from ges_exporter.simulator.world import World

SERVICE = {"movie": "service-memory-jobs", "moviejx": "service-100-billion-jobs"}
"""The example of each graph."""

_GRAPHS = ("movie", "moviejx", "GES_UI_AUTO", "test1217")


@cache
def example(name: str) -> bytes:
    """An example body, byte for byte."""
    return files("ges_exporter.simulator").joinpath("examples", f"{name}.json").read_bytes()


def pages(clock: Clock = time.time, *, seed: int = 0) -> World:
    """A world without anything in it; `ROUTES` answer for it."""
    world = World(clock, seed=seed)
    world.iam.accepts = frozenset({"anything"})
    return world


async def list_service_jobs(request: Request) -> Response:
    """The list of one of the two graphs."""
    return answer(example(_service_example(request)))


async def show_service_job(request: Request) -> Response:
    """A job of one of the lists."""
    return _job(request, _service_example(request), "jobs", "jobId")


async def list_service_graphs(_: Request) -> Response:
    """No cluster of the database edition is in the examples."""
    return answer({"graphs": [], "result": "success"})


async def list_v2_jobs(_: Request) -> Response:
    """The task centre of v2, holding the one job of the example."""
    return answer({"job_count": 1, "job_list": [_decoded("management-v2-job")]})


async def show_v2_job(request: Request) -> Response:
    """The job of the example."""
    if request.path_params["job"] != _decoded("management-v2-job")["job_id"]:
        raise _no_job(request)
    return answer(example("management-v2-job"))


async def list_v1_jobs(request: Request) -> Response:
    """The task centre of v1.0; with an offset or a limit that is no number the documented error."""
    query = request.query_params
    if not (query.get("offset", "0") + query.get("limit", "0")).isdecimal():
        return answer(example("management-v1-error.400"), 400)
    return answer(example("management-v1-jobs"))


async def show_v1_job(request: Request) -> Response:
    """A job of the list."""
    return _job(request, "management-v1-jobs", "jobList", "jobId")


async def list_v2_graphs(_: Request) -> Response:
    """The graphs that the examples name; their ids are their names."""
    graphs = [{"id": name, "name": name, "status": "200", "product_type": "InMemory"} for name in _GRAPHS]
    return answer({"graph_count": len(graphs), "graphs": graphs})


async def list_v1_graphs(_: Request) -> Response:
    """The same in v1.0's spelling."""
    graphs = [{"id": name, "name": name, "status": "200", "productType": "InMemory"} for name in _GRAPHS]
    return answer({"graphCount": len(graphs), "graphs": graphs})


def _decoded(name: str) -> dict[str, Any]:
    decoded: dict[str, Any] = msgspec.json.decode(example(name))
    return decoded


def _service_example(request: Request) -> str:
    graph = request.path_params["graph"]
    if graph not in SERVICE:
        raise ApiError(400, "GES.8000", f"graph : {graph} not exist")
    return SERVICE[graph]


def _job(request: Request, name: str, list_key: str, id_key: str) -> Response:
    for record in _decoded(name)[list_key]:
        if record[id_key] == request.path_params["job"]:
            return answer(record)
    raise _no_job(request)


def _no_job(request: Request) -> ApiError:
    return ApiError(400, "GES.8301", f"can not find job, jobId is {request.path_params['job']}")


ROUTES = (
    Route("/v2/{project}/graphs", list_v2_graphs),
    Route("/v2/{project}/graphs/jobs", list_v2_jobs),
    Route("/v2/{project}/graphs/{graph_id}/jobs/{job}/status", show_v2_job),
    Route("/v1.0/{project}/graphs", list_v1_graphs),
    Route("/v1.0/{project}/graphs/jobs", list_v1_jobs),
    Route("/v1.0/{project}/graphs/{graph_id}/jobs/{job}/status", show_v1_job),
    Route("/ges/v1.0/{project}/graphs", list_service_graphs),
    Route("/ges/v1.0/{project}/graphs/{graph:path}/jobs/status", list_service_jobs),
    Route("/ges/v1.0/{project}/graphs/{graph:path}/jobs/{job}/status", show_service_job),
)
