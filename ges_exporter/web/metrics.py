"""``/metrics`` and ``/probe``: what Prometheus scrapes."""

from __future__ import annotations

import gzip

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from ges_exporter.exporter import Exporter
from ges_exporter.model import Plane, Target
from ges_exporter.web.errors import quoted, refused
from ges_exporter.web.load import Load

TIMEOUT_HEADER = "X-Prometheus-Scrape-Timeout-Seconds"
COLLECT = ("management", "service", "exporter")
GZIP_LEVEL = 4


async def metrics(request: Request) -> Response:
    """Every target and the exporter's own state; ``collect[]`` limits what is asked."""
    exporter: Exporter = request.app.state.exporter
    wanted = request.query_params.getlist("collect[]")
    if unknown := [word for word in wanted if word not in COLLECT]:
        return refused(f"collect[]: expected {', '.join(COLLECT)}, got {quoted(unknown[0])}", 400)
    planes = {Plane(word) for word in wanted or COLLECT if word != "exporter"}
    targets = [target for target in exporter.targets if target.plane in planes]
    return await _page(request, exporter, targets, own=not wanted or "exporter" in wanted)


async def probe(request: Request) -> Response:
    """One target: a graph, or without ``graph`` the project's task centre."""
    exporter: Exporter = request.app.state.exporter
    project, graph = request.query_params.get("project", ""), request.query_params.get("graph", "")
    if not project:
        return refused("the parameter project is missing: /probe?project=NAME[&graph=NAME]", 400)
    target = Target(project, graph, Plane.SERVICE if graph else Plane.MANAGEMENT)
    watches = exporter.scraper.watches
    if target not in watches and await exporter.discovered(exporter.seconds(_timeout(request)) / 2):
        # After a start it may have been found only now.
        watches = exporter.scraper.watches
    if target not in watches:
        what = f"the graph {quoted(graph)}" if graph else "a task centre"
        return refused(f"{what} of the project {quoted(project)} is not configured here", 404)
    return await _page(request, exporter, [target], own=False)


async def _page(request: Request, exporter: Exporter, targets: list[Target], *, own: bool) -> Response:
    load: Load = request.app.state.load
    with load.carry(len(targets), len(exporter.targets)) as may:
        if not may:
            return PlainTextResponse(
                "too many scrapes are under way; try again in a moment\n", 503, {"Retry-After": "1"}
            )
        asked = _timeout(request)
        packs = accepts_gzip(request.headers.get("Accept-Encoding", ""))
        body, content_type = await exporter.page(
            targets, asked, request.headers.get("Accept", ""), own=own, pack=_pack if packs else bytes
        )
        headers = {"Content-Type": content_type, "Vary": "Accept, Accept-Encoding"}
        return Response(body, headers=headers | ({"Content-Encoding": "gzip"} if packs else {}))


def _pack(page: bytes) -> bytes:
    return gzip.compress(page, GZIP_LEVEL)


def _timeout(request: Request) -> float | None:
    """Returns the scraper's own limit in seconds, or None where it tells none that makes sense."""
    try:
        seconds = float(request.headers.get(TIMEOUT_HEADER, ""))
    except ValueError:
        return None
    return seconds if 0 < seconds < float("inf") else None


def accepts_gzip(header: str) -> bool:
    """Returns whether an ``Accept-Encoding`` header allows gzip, by its name or else by ``*``."""
    weights = {}
    for word in header.lower().split(","):
        coding, _, parameters = word.partition(";")
        weights[coding.strip()] = parameters.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return weights.get("gzip", weights.get("*", False))
