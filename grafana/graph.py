"""GES graph: one graph in depth."""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.builders import stat, table, timeseries

from grafana import headlines, imports
from grafana.page import SCOPE_VARIABLES, page, section
from grafana.panels import (
    BAD,
    GOOD,
    NEUTRAL,
    NONE_IS_GOOD,
    WARNING,
    Frame,
    Query,
    Steps,
    by_plane,
    coarse,
    coloured,
    limited,
    lines,
    words,
)
from grafana.promql import (
    GRAPH,
    KIND,
    OUTCOME,
    TARGETS,
    age,
    by,
    in_range,
    in_step,
    narrowed,
    now,
    one,
    pick,
    quantile,
)
from grafana.tables import NARROW, TASK_CENTRE, Label, Value, rows, shaded, wide

JOB = (*KIND, "job_id")
NAME = "{{graph}} {{job_type}} {{algorithm}}"

FATES = {"discovered": NEUTRAL, "finished": GOOD, "vanished": BAD, "late": WARNING}
UP = {"0": ("down", BAD), "1": ("up", "transparent")}
DOWN: Steps = ((None, BAD), (1, "transparent"))
NEAR_LIMIT: Steps = ((None, "transparent"), (0.8, WARNING), (1, BAD))
SUCCESSES = in_range("ges_job_duration_seconds_bucket", (*OUTCOME, "le"), 'status="success"')


def dashboard() -> builders.Dashboard:
    """The dashboard for whoever looks after a graph."""
    said = "One graph in depth, or several: what is under way, how old it is, what became of it, what imports brought."
    built = page("ges-graph", said, "now-6h", SCOPE_VARIABLES)
    top = (headlines.running(), headlines.pending(), headlines.failed(), last_runs_failed())
    built = section(built, None, *top, active_jobs(), progress(), standstill())
    ages = (oldest("running", "max_duration", "run"), oldest("pending", "max_pending", "wait"), queue())
    kinds = (fates(), algorithm_durations(), algorithms(), imports.files(), imports.newest())
    built = section(built, "$plane plane", *ages, *kinds, repeat="plane")
    return section(built, "Targets and graphs", targets(), graphs())


def last_runs_failed() -> stat.Panel:
    """How many kinds of job end badly at present."""
    said = "Kinds of job (graph, type and algorithm) whose newest failure is newer than their newest success."
    broken = by("sum", ["plane"], headlines.LAST_RUN_FAILED)
    frame = Frame("Last run failed", said, "short", "No outcome is told", *headlines.TOP)
    return by_plane(frame, broken, NONE_IS_GOOD).decimals(0)


def active_jobs() -> table.Panel:
    """The jobs under way, one by one."""
    said = (
        "The jobs that wait or run, oldest first; at most limits.active_jobs_per_graph of each graph. "
        "The memory edition gives no begin before a job runs: then there is no age. "
        "'Of limit' is the age by ges_job_max_duration_seconds, or ges_job_max_pending_seconds while it waits."
    )
    since = age(by("max", (*JOB, "status"), pick("ges_job_start_timestamp_seconds")))
    done = now("ges_job_progress_ratio", JOB)
    matching = f"on ({', '.join(KIND)}) group_left ()"
    run, wait = (now(f"ges_job_max_{limit}_seconds", KIND) for limit in ("duration", "pending"))
    running, pending = (narrowed(since, f'status="{status}"') for status in ("running", "pending"))
    of_limit = f"({running}) / {matching} {run} or ({pending}) / {matching} {wait}"
    gauge = {
        "custom.cellOptions": {"type": "gauge", "mode": "basic"},
        "min": 0,
        "max": 1,
        "unit": "percentunit",
        "color": {"mode": "fixed", "fixedColor": GOOD},
    }
    return rows(
        Frame("Active jobs", said, "none", "No job waits or runs", 24, 9),
        Label("project", "Project", wide(80)),
        Label("graph", "Graph", wide(110)),
        Label("plane", "Plane", wide(102)),
        Label("job_type", "Job type", wide(115)),
        Label("algorithm", "Algorithm", NARROW),
        Label("job_id", "Job id", NARROW),
        Label("status", "Status", wide(85)),
        Value("Age", since, wide(100, unit="s", decimals=1)),
        Value("Of limit", of_limit, shaded(NEAR_LIMIT, **wide(90), unit="percentunit", decimals=0)),
        Value("Progress", done, {**gauge, **wide(140), "decimals": 0}),
        Value("", f'label_replace({done} unless on ({", ".join(JOB)}) ({since}), "status", "not begun", "", "")'),
        first=("Age",),
    )


def progress() -> timeseries.Panel:
    """How far active jobs are."""
    said = "Progress of the jobs that are active at the end of the time range. Only the memory edition reports it."
    done = now("ges_job_progress_ratio", JOB)
    still = by("max", JOB, f"{pick('ges_job_progress_ratio')} @ end()")
    frame = Frame("Progress", said, "percentunit", "No active job reports progress", 12)
    return lines(frame, Query(f"{done} and {still}", f"{NAME} {{{{job_id}}}}")).max(1)


def standstill() -> table.Panel:
    """How long progress has stood still."""
    said = "Running jobs by kind, and the time since the progress of one of them last moved: the longest of each kind."
    moved = now("ges_job_oldest_progress_change_timestamp_seconds", KIND, keep="min")
    return rows(
        Frame("Progress stands still", said, "none", "No running job reports progress", 12),
        Label("graph", "Graph", NARROW),
        Label("job_type", "Job type", NARROW),
        Label("algorithm", "Algorithm", NARROW),
        Value("Unmoved for", age(moved), wide(120, unit="s", decimals=1)),
        hidden=("project", "plane"),
        first=("Unmoved for",),
    )


def oldest(status: str, limit: str, verb: str) -> timeseries.Panel:
    """The age of the oldest job in a status, beside its limit."""
    said = (
        f"Age of the oldest {status} job of each kind, 0 while there is none; "
        f"dashed, how long one may {verb} (ges_job_{limit}_seconds)."
    )
    begun = now(f"ges_job_oldest_{status}_timestamp_seconds", KIND, keep="min")
    none = now("ges_jobs", KIND, f'status="{status}"') + " == 0"
    bound = f"{now(f'ges_job_{limit}_seconds', KIND)} and {begun}"
    frame = Frame(f"Oldest {status}, and its limit", said, "s", "No job list was read", 8)
    return limited(lines(frame, Query(f"{age(begun)} or {none}", NAME), Query(bound, f"limit {NAME}")))


def queue() -> timeseries.Panel:
    """The queue by kind of job."""
    said = "Jobs that wait to start, by graph and job type: a rising line is a backlog."
    waiting = by("sum", ["graph", "job_type"], now("ges_jobs", OUTCOME, 'status="pending"'))
    frame = Frame("Queue", said, "short", "No job list was read", 8)
    return lines(frame, Query(waiting, "{{graph}} {{job_type}}")).decimals(0)


def fates() -> timeseries.Panel:
    """What came and what became of it."""
    said = (
        "Jobs first seen, finished, and gone from complete lists without finishing (vanished) in each step. "
        "Late ones turned up long after their end, from a node that was not watched, and count nowhere else."
    )
    frame = Frame("Discovered, finished, vanished", said, "short", "No job list was ever read", 12)
    counters = {
        "discovered": in_step("ges_jobs_discovered_total", KIND),
        "finished": in_step("ges_jobs_finished_total", OUTCOME),
        "vanished": in_step("ges_jobs_vanished_total", KIND),
        "late": in_step("ges_jobs_late_total", OUTCOME),
    }
    panel = coarse(lines(frame, *(Query(by("sum", (), counter), name) for name, counter in counters.items())))
    return coloured(panel.decimals(0), FATES)


def algorithm_durations() -> timeseries.Panel:
    """How long each algorithm takes."""
    said = (
        "How long the newest successful job of each kind took: a step upwards is a slower algorithm or a larger graph."
    )
    frame = Frame("Duration of the last success", said, "s", "No job with begin and end succeeded", 12)
    return lines(frame, Query(now("ges_job_last_success_duration_seconds", KIND), NAME))


def algorithms() -> table.Panel:
    """Outcomes and durations by algorithm."""
    said = (
        "Each job type and algorithm: jobs first seen, outcomes ('partly' is partially failed, 'complete' one that is "
        "not told) and durations of successes in the time range, and how long ago the newest began and ended."
    )
    return rows(
        Frame("By algorithm", said, "none", "No job was ever listed", 24, 10),
        Label("graph", "Graph", wide(90)),
        Label("job_type", "Job type", NARROW),
        Label("algorithm", "Algorithm", NARROW),
        Value("Discovered", in_range("ges_jobs_discovered_total", KIND), wide(92, decimals=0)),
        _finished("Success", "success", 74),
        _finished("Partly", "partially_failed", 60),
        _finished("Failed", "failed", 60),
        _finished("Complete", "complete", 82),
        Value("Median", quantile(0.5, KIND, SUCCESSES), wide(78, unit="s", decimals=1)),
        Value("p95", quantile(0.95, KIND, SUCCESSES), wide(78, unit="s", decimals=1)),
        _since("Since begin", "ges_job_last_start_timestamp_seconds", 100),
        _since("Since success", "ges_job_last_success_timestamp_seconds", 112),
        _since("Since failure", "ges_job_last_failure_timestamp_seconds", 106),
        hidden=("project", "plane"),
    )


def _finished(title: str, status: str, width: int) -> Value:
    matcher = f'status="{status}"'
    return Value(title, by("sum", KIND, in_range("ges_jobs_finished_total", OUTCOME, matcher)), wide(width, decimals=0))


def _since(title: str, metric: str, width: int) -> Value:
    return Value(title, age(now(metric, KIND)), wide(width, unit="s", decimals=1))


def targets() -> table.Panel:
    """The facts that the numbers rest on."""
    said = (
        "The job lists behind these numbers: which API, since when the counters count, and which offset from UTC "
        "the engine's clock is taken to have. While it is assumed, ages on the service plane may be hours off."
    )
    listed = f"{now('ges_up', GRAPH, scope=TARGETS)} * on ({', '.join(GRAPH)}) group_left (api) "
    met = f"({now('ges_target_first_listing_timestamp_seconds', GRAPH, scope=TARGETS)}) * 1000"
    return rows(
        Frame("Targets", said, "none", "No exporter is scraped", 16, 7),
        Label("project", "Project", wide(80)),
        Label("graph", "Graph", {**TASK_CENTRE, **NARROW}),
        Label("plane", "Plane", wide(105)),
        Label("api", "API", wide(80)),
        Value(
            "State",
            listed + one("ges_target_info", GRAPH, "api", scope=TARGETS),
            shaded(DOWN, **wide(65), mappings=[words(UP)]),
        ),
        Value("Counts since", met, wide(165, unit="dateTimeAsIso")),
        Value("Offset", one("ges_target_utc_offset_seconds", GRAPH, "source", scope=TARGETS), wide(80, unit="s")),
        Label("source", "Offset is", wide(100)),
    )


def graphs() -> table.Panel:
    """The graphs that discovery found."""
    said = "The graphs that discovery found in the chosen projects, with their status in force."
    where = 'project=~"$project", graph=~"$graph"'
    status = by("max", ("project", "graph", "status"), f"{pick('ges_graph_status', scope=where)} == 1")
    facts = one("ges_graph_info", ("project", "graph"), "product_type", "version", scope=where)
    return rows(
        Frame("Graphs found", said, "none", "Discovery is off", 8, 7),
        Label("graph", "Graph", NARROW),
        Label("status", "Status", wide(95)),
        Label("product_type", "Type", NARROW),
        Label("version", "Version", wide(90)),
        Value("", f"{status} * on (project, graph) group_left (product_type, version) {facts}"),
        hidden=("project",),
    )
