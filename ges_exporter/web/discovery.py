"""``/sd``: Prometheus' HTTP service discovery of the targets, each to be scraped by way of ``/probe``."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ges_exporter.exporter import Exporter
from ges_exporter.scraper import Watch


async def targets(request: Request) -> Response:
    """One group a target; the address is the one that the request itself was sent to."""
    exporter: Exporter = request.app.state.exporter
    return JSONResponse([_group(request, watch) for watch in exporter.scraper.watches.values()])


def _group(request: Request, watch: Watch) -> dict[str, object]:
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
    if request.url.scheme == "https":
        labels["__scheme__"] = "https"
    return {"targets": [request.url.netloc], "labels": labels}
