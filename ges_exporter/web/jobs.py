"""``/jobs``: what waits and works, and why the newest failures failed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ges_exporter.exporter import Exporter
from ges_exporter.model import Status
from ges_exporter.threads import in_thread
from ges_exporter.web.errors import quoted, refused
from ges_exporter.web.jobs_json import document
from ges_exporter.web.jobs_page import Choice, render_jobs
from ges_exporter.web.options import Options
from ges_exporter.web.page import respond
from ges_exporter.web.sight import Filter, look

STATUSES: Mapping[str, frozenset[Status]] = {
    "active": frozenset({Status.PENDING, Status.RUNNING}),
    "pending": frozenset({Status.PENDING}),
    "running": frozenset({Status.RUNNING}),
    "failed": frozenset({Status.FAILED, Status.PARTIALLY_FAILED}),
    "partially_failed": frozenset({Status.PARTIALLY_FAILED}),
}
"""What ``status`` may be; who asks for failures wants to see the partial ones, too."""
FORMATS = ("html", "json")


async def jobs(request: Request) -> Response:
    """A page, or JSON for those who ask for it; no API is asked."""
    exporter: Exporter = request.app.state.exporter
    options: Options = request.app.state.options
    query = request.query_params
    if complaint := _complaint(query):
        return refused(complaint, 400)
    words = tuple(word for word in query.getlist("status") if word)
    statuses = frozenset[Status]().union(*(STATUSES[word] for word in words))
    wanted = Filter(query.get("project", ""), query.get("graph", ""), statuses)
    sights, now = look(exporter, wanted), exporter.clock()
    if not sights:
        return refused(_unknown(wanted, exporter), 404)
    if _wants_json(query, request.headers.get("Accept", "")):
        return JSONResponse(await in_thread(document, sights, now), headers={"Vary": "Accept"})
    choice = Choice(wanted, words, tuple((target.project, target.graph) for target in exporter.targets))
    response = respond(await in_thread(render_jobs, sights, choice, now, options.telemetry_path))
    response.headers["Vary"] = "Accept"
    return response


def _complaint(query: QueryParams) -> str:
    """Returns what is wrong with a query, if anything is."""
    for name, known in (("status", STATUSES), ("format", FORMATS)):
        for word in query.getlist(name):
            if word and word not in known:
                return f"{name}: expected {', '.join(known)}, got {quoted(word)}"
    return ""


def _unknown(wanted: Filter, exporter: Exporter) -> str:
    projects = list(dict.fromkeys(target.project for target in exporter.targets))
    if wanted.project and wanted.project not in projects:
        return f"the project {quoted(wanted.project)} is not watched here; there are {', '.join(_some(projects))}"
    graphs = [target.graph for target in exporter.targets if wanted.project in {"", target.project} and target.graph]
    where = f" of the project {quoted(wanted.project)}" if wanted.project else ""
    there = f"; there are {', '.join(_some(graphs))}" if graphs else ""
    return f"the graph {quoted(wanted.graph)}{where} is not watched here{there}"


def _some(names: Iterable[str], most: int = 20) -> list[str]:
    listed = list(dict.fromkeys(names))
    return listed if len(listed) <= most else [*listed[:most], f"and {len(listed) - most} more"]


def _wants_json(query: QueryParams, accept: str) -> bool:
    if form := query.get("format", ""):
        return form == "json"
    return _weight(accept, "application/json") > max(_weight(accept, "text/html"), _weight(accept, "text/*"))


def _weight(accept: str, kind: str) -> float:
    """Returns how much a kind is wanted by name; 0 where it is not named."""
    for part in accept.lower().split(","):
        name, *parameters = (word.strip() for word in part.split(";"))
        if name == kind:
            quality = next((word[2:] for word in parameters if word.startswith("q=")), "1")
            return float(quality) if quality.replace(".", "", 1).isdecimal() else 0.0
    return 0.0
