"""``/sd``: Prometheus' HTTP service discovery of the targets, each to be scraped by way of ``/probe``."""

from __future__ import annotations

import re

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ges_exporter.exporter import Exporter
from ges_exporter.scraper import Watch
from ges_exporter.web.errors import quoted, refused

PATIENCE = 5.0
"""Seconds that a request after a start waits for the graphs to be found."""

_ADDRESS = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::[0-9]{1,5})?")


async def targets(request: Request) -> Response:
    """One group a target; the address is the one that the request itself was sent to."""
    exporter: Exporter = request.app.state.exporter
    if not await exporter.discovered(PATIENCE):
        # Prometheus keeps the targets that it had: fewer, now, would be taken for all there are.
        return refused("the graphs are still being looked for", 503)
    address = request.headers.get("Host") or _listening(request)
    if not _ADDRESS.fullmatch(address):
        return refused(f"Host: expected HOST or HOST:PORT, got {quoted(address)}", 400)
    scheme = request.url.scheme
    return JSONResponse([_group(watch, address, scheme) for watch in exporter.scraper.watches.values()])


def _listening(request: Request) -> str:
    """Returns the address of this end of the connection, for a request that names no host."""
    host, port = request.scope["server"]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _group(watch: Watch, address: str, scheme: str) -> dict[str, object]:
    target = watch.target
    labels = {
        "__metrics_path__": "/probe",
        "__param_project": target.project,
        "__meta_ges_project": target.project,
        "__meta_ges_graph": target.graph,
        "__meta_ges_plane": target.plane.value,
        "__meta_ges_region": watch.settings.region,
    }
    if target.graph:
        labels["__param_graph"] = target.graph
    if scheme == "https":
        labels["__scheme__"] = "https"
    return {"targets": [address], "labels": labels}
