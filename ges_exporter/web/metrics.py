"""``/metrics`` and ``/probe``: what Prometheus scrapes."""

from __future__ import annotations

import asyncio
import gzip

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from ges_exporter.exporter import Exporter
from ges_exporter.model import Plane, Target

TIMEOUT_HEADER = "X-Prometheus-Scrape-Timeout-Seconds"
COLLECT = ("management", "service", "exporter")
GZIP_LEVEL = 4
GZIP_LEAST = 1024
"""Bytes; what is smaller is sent as it is."""


async def metrics(request: Request) -> Response:
    """Every target and the exporter's own state; ``collect[]`` limits what is asked."""
    exporter: Exporter = request.app.state.exporter
    wanted = request.query_params.getlist("collect[]")
    if unknown := [word for word in wanted if word not in COLLECT]:
        return PlainTextResponse(f"collect[]: expected {', '.join(COLLECT)}, got {unknown[0]!r}\n", 400)
    planes = {Plane(word) for word in wanted or COLLECT if word != "exporter"}
    targets = [target for target in exporter.targets if target.plane in planes]
    return await _page(request, exporter, targets, own=not wanted or "exporter" in wanted)


async def probe(request: Request) -> Response:
    """One target: a graph, or without ``graph`` the project's task centre."""
    exporter: Exporter = request.app.state.exporter
    project, graph = request.query_params.get("project", ""), request.query_params.get("graph", "")
    if not project:
        return PlainTextResponse("the parameter project is missing: /probe?project=NAME[&graph=NAME]\n", 400)
    target = Target(project, graph, Plane.SERVICE if graph else Plane.MANAGEMENT)
    if target not in exporter.targets:
        what = (
            f"the graph {graph!r} of the project {project!r}" if graph else f"a task centre of the project {project!r}"
        )
        return PlainTextResponse(f"{what} is not configured here\n", 404)
    return await _page(request, exporter, [target], own=False)


async def _page(request: Request, exporter: Exporter, targets: list[Target], *, own: bool) -> Response:
    asked = _timeout(request)
    body, content_type = await exporter.page(targets, asked, request.headers.get("Accept", ""), own=own)
    headers = {"Content-Type": content_type, "Vary": "Accept, Accept-Encoding"}
    if len(body) >= GZIP_LEAST and _accepts_gzip(request.headers.get("Accept-Encoding", "")):
        body = await asyncio.to_thread(gzip.compress, body, GZIP_LEVEL)
        headers["Content-Encoding"] = "gzip"
    return Response(body, headers=headers)


def _timeout(request: Request) -> float | None:
    """Returns the scraper's own limit in seconds, or None where it tells none that makes sense."""
    try:
        seconds = float(request.headers.get(TIMEOUT_HEADER, ""))
    except ValueError:
        return None
    return seconds if 0 < seconds < float("inf") else None


def _accepts_gzip(header: str) -> bool:
    for word in header.lower().split(","):
        coding, _, parameters = word.partition(";")
        if coding.strip() in {"gzip", "*"}:
            return parameters.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False
