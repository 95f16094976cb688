"""The pages for people."""

from __future__ import annotations

from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from ges_exporter.exporter import Exporter
from ges_exporter.web.options import Options


async def index(request: Request) -> Response:
    """What this is, the targets with their state, links."""
    exporter: Exporter = request.app.state.exporter
    options: Options = request.app.state.options
    rows = "".join(
        f"<tr><td>{escape(watch.target.project)}<td>{escape(watch.target.graph or 'task centre')}"
        f"<td>{'not asked yet' if watch.last is None else 'up' if watch.last.up else escape(watch.last.message)}"
        for watch in exporter.scraper.watches.values()
    )
    return HTMLResponse(
        f"<!doctype html><title>ges-exporter</title><h1>ges-exporter</h1><p>The jobs of Huawei Cloud's Graph Engine "
        f'Service, for Prometheus: <a href="{escape(options.telemetry_path)}">metrics</a>, '
        f'<a href="/sd">discovery</a>, <a href="/config">configuration</a>.<table><tr><th>project<th>graph<th>state{rows}</table>'
    )


async def configuration(request: Request) -> Response:
    """The configuration in force, secrets hidden."""
    exporter: Exporter = request.app.state.exporter
    return PlainTextResponse(exporter.config.redacted(), media_type="application/yaml")


async def not_found(request: Request, _: Exception) -> Response:
    """Says what there is."""
    routes = ", ".join(route.path for route in request.app.routes)
    return PlainTextResponse(f"nothing is served here; there are {routes}\n", 404)


async def not_allowed(_: Request, _error: Exception) -> Response:
    """Says that the method is wrong."""
    return PlainTextResponse("this path does not answer that method\n", 405)
