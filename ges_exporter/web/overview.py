"""``/`` and ``/config``: what is watched, and how it is configured."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from ges_exporter.discovery import Search
from ges_exporter.exporter import Exporter
from ges_exporter.recent import KEPT
from ges_exporter.threads import in_thread
from ges_exporter.web import markup as html
from ges_exporter.web.markup import Html
from ges_exporter.web.options import Options
from ges_exporter.web.page import age, link, render, respond
from ges_exporter.web.sight import Filter, Sight, look


async def index(request: Request) -> Response:
    """What this is, the targets with their state, links."""
    exporter: Exporter = request.app.state.exporter
    options: Options = request.app.state.options
    sights, now = look(exporter, Filter()), exporter.clock()
    content = [
        html.p(
            "The jobs of Huawei Cloud's Graph Engine Service, for Prometheus. What is shown here is what the last "
            "scrape found; this page asks no API."
        ),
        None if exporter.reloads.successful else html.p(_RELOAD_FAILED, class_="trouble"),
    ]
    found = [_found(search, now, exporter.redaction.clean) for search in exporter.searches.values()]
    page = await in_thread(
        lambda: render("Targets", ".", options.telemetry_path, content, _summary(sights), _table(sights, now), found)
    )
    return respond(page)


_UNKNOWN = html.span("unknown", class_="quiet")
_RELOAD_FAILED = (
    "The last reload of the configuration failed; what was loaded before it is in force. The log tells why."
)


async def configuration(request: Request) -> Response:
    """The configuration in force, secrets hidden."""
    exporter: Exporter = request.app.state.exporter
    return PlainTextResponse(exporter.config.redacted(), media_type="application/yaml")


def state(sight: Sight) -> Html:
    """Returns the state of a target as a badge."""
    if sight.up is None:
        return html.span("not asked yet", class_="badge")
    return html.span("up", class_="badge good") if sight.up else html.span("down", class_="badge bad")


def _found(search: Search, now: float, clean: Callable[[str], str]) -> list[Html]:
    """Returns what discovery has found in a project, and what of it cannot be watched."""
    number, at = len(search.finding.targets), search.last_success
    when = "not yet" if at is None else age(at, now)
    lines = [html.p(f"Discovery in {search.project.name}: {number} running graphs found. Last success: ", when, ".")]
    return lines + [
        html.p(f"The graph {name} is not watched: {clean(str(why))}", class_="trouble")
        for name, why in search.finding.left_out.items()
    ]


def _summary(sights: list[Sight]) -> Html:
    up, down = (sum(sight.up is state for sight in sights) for state in (True, False))
    new = len(sights) - up - down
    parts = [f"{up} up", f"{down} down" if down else "", f"{new} not asked yet" if new else ""]
    return html.p(html.strong(f"{len(sights)} targets"), ": " + ", ".join(part for part in parts if part))


def _table(sights: list[Sight], now: float) -> Html:
    names = ("Project", "Graph", "State", "Last listing", "Active", "Newest failures", "")
    head = html.tr([html.th(name, scope="col") for name in names])
    return html.table(html.thead(head), html.tbody([_row(sight, now) for sight in sights]), class_="targets")


def _row(sight: Sight, now: float) -> list[Html]:
    target, listed = sight.target, sight.listed_at
    place = {"project": target.project, "graph": target.graph}
    listing = "never" if listed is None else age(listed, now)
    failures = f"{KEPT} or more" if len(sight.failures) == KEPT else str(len(sight.failures))
    counts = [("Active", "active", str(len(sight.active))), ("Newest failures", "failed", failures)]
    cells = [
        html.td(target.project, data_label="Project"),
        html.td(target.graph or html.span("task centre", class_="quiet"), data_label="Graph"),
        html.td(state(sight), data_label="State"),
        html.td(listing, " (cut by a limit)" if sight.truncated else None, data_label="Last listing"),
        *(
            html.td(link(number, "jobs", **place, status=status) if listed else _UNKNOWN, data_label=name)
            for name, status, number in counts
        ),
        html.td(
            html.span(link("jobs", "jobs", **place), link("probe", "probe", **place), class_="links"),
            data_label="Links",
        ),
    ]
    troubles = [sight.trouble, *(f"a node does not answer: {message}" for message in sight.nodes)]
    rows = [html.tr(cells)]
    rows += [html.tr(html.td(text, colspan="7", class_="trouble"), class_="more") for text in troubles if text]
    return rows
