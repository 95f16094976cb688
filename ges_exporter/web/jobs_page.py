"""``/jobs`` for people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple
from urllib.parse import quote

from ges_exporter.model import Status
from ges_exporter.recent import KEPT, Active, Failure
from ges_exporter.web import markup as html
from ges_exporter.web.markup import Child, Html, element
from ges_exporter.web.overview import state
from ges_exporter.web.page import age, link, render
from ges_exporter.web.sight import Filter, Sight
from ges_exporter.web.words import at, moment, name_of, span

MOST_FAILURES = 2000
"""On one page; where there are many targets, each shows fewer."""
LEAST_FAILURES = 5
STILL = 300.0
"""Seconds without progress that are worth a word."""
_NEVER = "Not listed yet since the exporter was started: targets are asked when Prometheus scrapes them."
_STATUSES = {
    "": "all",
    "active": "active",
    "pending": "pending",
    "running": "running",
    "failed": "failed",
    "partially_failed": "partially failed",
}


class Choice(NamedTuple):
    """What was asked for, and what could be."""

    wanted: Filter
    statuses: tuple[str, ...]
    targets: tuple[tuple[str, str], ...]
    """Project and graph of each."""


def render_jobs(sights: Sequence[Sight], choice: Choice, now: float, telemetry_path: str) -> bytes:
    """Returns the page."""
    most = max(LEAST_FAILURES, min(KEPT, MOST_FAILURES // len(sights)))
    sections = [_section(sight, choice, now, most) for sight in sights]
    return render("Jobs", "jobs", telemetry_path, _form(choice), _summary(sights, now), _contents(sights), sections)


def _form(choice: Choice) -> Html:
    projects = dict.fromkeys(project for project, _ in choice.targets)
    wanted = choice.wanted.project
    graphs = sorted({graph for project, graph in choice.targets if graph and wanted in {"", project}})
    if choice.wanted.graph and choice.wanted.graph not in graphs:
        graphs.append(choice.wanted.graph)
    status = choice.statuses[0] if choice.statuses else ""
    return html.form(
        _select("project", "Project", [("", "all"), *((name, name) for name in projects)], wanted),
        _select("graph", "Graph", [("", "all"), *((name, name) for name in graphs)], choice.wanted.graph),
        _select("status", "Status", _STATUSES.items(), status),
        html.button("Show", type="submit"),
        link("Show all", "jobs") if any((wanted, choice.wanted.graph, status)) else None,
        method="get",
        action="jobs",
    )


def _select(name: str, title: str, options: Iterable[tuple[str, str]], chosen: str) -> Html:
    made = [html.option(text, value=value, selected=value == chosen) for value, text in options]
    return html.label(html.span(title), html.select(made, name=name))


def _summary(sights: Sequence[Sight], now: float) -> Html:
    active, failures = sum(len(sight.active) for sight in sights), sum(len(sight.failures) for sight in sights)
    return html.p(
        html.strong(_number(active, "active job")),
        " and ",
        html.strong(_number(failures, "recent failure")),
        f", as told by the listings up to now; it is {moment(now)}. This page asks no API.",
    )


def _contents(sights: Sequence[Sight]) -> Child:
    if len(sights) == 1:
        return None
    links = [html.a(name_of(sight.target), href=f"#{_anchor(sight)}") for sight in sights]
    return html.nav(links, aria_label="Targets")


def _anchor(sight: Sight) -> str:
    return quote(f"{sight.target.project}/{sight.target.graph}")


def _number(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")


def _section(sight: Sight, choice: Choice, now: float, most: int) -> Html:
    statuses = choice.wanted.statuses
    shows_active = not statuses or any(status.active for status in statuses)
    shows_failures = not statuses or any(not status.active for status in statuses)
    target = sight.target
    return html.section(
        html.h2(link(name_of(target), "jobs", project=target.project, graph=target.graph), " ", state(sight)),
        _standing(sight, now),
        _active(sight, now) if shows_active and sight.listed_at else None,
        _failures(sight, choice, now, most) if shows_failures and sight.listed_at else None,
        id=_anchor(sight),
    )


def _standing(sight: Sight, now: float) -> list[Html]:
    """Returns what there is to know of the listing before reading it."""
    lines: list[Html] = []
    if sight.trouble:
        lines.append(html.p("Down: ", sight.trouble, class_="trouble"))
    lines += [html.p("A node does not answer: ", message, class_="trouble") for message in sight.nodes]
    if sight.listed_at is None:
        return [*lines, html.p(_NEVER, class_="quiet")]
    notes: list[Child] = ["Listed ", age(sight.listed_at, now), f", {moment(sight.listed_at)}."]
    if sight.truncated:
        notes.append(" A limit cut the listing.")
    if sight.zone.source == "assumed" and (any(map(_local, sight.active)) or any(map(_local, sight.failures))):
        notes.append(" The engine's clock is not known yet: its times are taken for UTC+08:00.")
    return [*lines, html.p(notes, class_="quiet")]


def _local(job: Active | Failure) -> bool:
    return job.begin is not None and job.begin.local


def _active(sight: Sight, now: float) -> Child:
    if not sight.active:
        return html.p("No active jobs.", class_="quiet")
    oldest = sorted(sight.active, key=lambda job: at(job.begin, sight.zone) or job.seen)
    rows = [_active_row(job, sight, now) for job in oldest]
    return [html.h3("Active"), _table(("Job", "Status", "Begun (UTC)", "For", "Progress"), rows, "active")]


def _active_row(job: Active, sight: Sight, now: float) -> Html:
    begin = at(job.begin, sight.zone)
    known = begin is not None and not (_local(job) and sight.zone.source == "assumed")
    since = begin if known and begin is not None else job.seen
    return html.tr(
        _job(job, sight),
        html.td(_status(job.status), data_label="Status"),
        html.td("unknown" if begin is None else _clock(begin), data_label="Begun (UTC)"),
        html.td("" if known else "at least ", span(max(now - since, 0.0)), data_label="For"),
        html.td(_progress(job, now), data_label="Progress"),
    )


def _progress(job: Active, now: float) -> Child:
    if job.progress is None:
        return html.span("not reported", class_="quiet")
    percent = f"{job.progress * 100:.0f} %"
    bar = element("progress", percent, max="1", value=f"{job.progress:.3f}")
    still = now - job.progress_moved if job.progress_moved is not None else 0.0
    note = html.small(f"unchanged for {span(still)}") if still >= STILL and job.status is Status.RUNNING else None
    return [html.span(bar, " ", percent, class_="progress"), note]


def _failures(sight: Sight, choice: Choice, now: float, most: int) -> Child:
    if not sight.failures:
        return html.p("No failures known.", class_="quiet")
    shown = sight.failures[:most]
    rows = [_failure_row(job, sight, now) for job in shown]
    table = _table(("Job", "Status", "Begun, ended (UTC)", "Took", "Reason"), rows, "failures")
    if len(shown) == len(sight.failures):
        return [html.h3("Newest failures"), table]
    target = sight.target
    more = link("Show all", "jobs", project=target.project, graph=target.graph, status=next(iter(choice.statuses), ""))
    count = f"The newest {len(shown)} of {len(sight.failures)}. "
    return [html.h3("Newest failures"), table, html.p(count, more, class_="quiet")]


def _failure_row(job: Failure, sight: Sight, now: float) -> Html:
    begin, end = at(job.begin, sight.zone), at(job.end, sight.zone)
    took = "unknown" if begin is None or end is None else span(end - begin)
    return html.tr(
        _job(job, sight),
        html.td(_status(job.status), data_label="Status"),
        html.td(_times(begin, end, job.seen, now), data_label="Begun, ended"),
        html.td(took, data_label="Took"),
        html.td(html.div(job.reason or html.span("none given", class_="quiet"), class_="reason"), data_label="Reason"),
    )


def _times(begin: float | None, end: float | None, seen: float, now: float) -> Child:
    """Returns begin and end, one below the other; without an end, when it was over at the latest."""
    first = html.div("unknown" if begin is None else _clock(begin))
    if end is None:
        return [first, html.div("before ", _clock(seen))]
    return [first, html.div(_clock(end)), html.small(age(end, now))]


def _clock(seconds: float) -> Html:
    return html.span(moment(seconds).removesuffix(" UTC"), class_="clock")


def _job(job: Active | Failure, sight: Sight) -> Html:
    graph = job.graph if not sight.target.graph else ""
    kind = " · ".join(word for word in (graph, job.job_type, job.algorithm) if word)
    return html.td(html.strong(kind), html.small(job.id, class_="id"), data_label="Job")


def _status(status: Status) -> Html:
    kind = {Status.FAILED: "bad", Status.PARTIALLY_FAILED: "warn", Status.RUNNING: "good"}.get(status, "")
    return html.span(status.value.replace("_", " "), class_=f"badge {kind}".strip())


def _table(names: Sequence[str], rows: list[Html], kind: str) -> Html:
    head = html.tr([html.th(name, scope="col") for name in names])
    return html.table(html.thead(head), html.tbody(rows), class_=kind)
