"""GES jobs: can I go back to sleep?"""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.builders import heatmap, stat, table, timeseries

from grafana import headlines, imports
from grafana.page import SCOPE_VARIABLES, page, section
from grafana.panels import (
    BAD,
    GOOD,
    NONE_IS_GOOD,
    STATUS_COLOURS,
    WARNING,
    Frame,
    Query,
    Steps,
    anything,
    by_plane,
    coloured,
    counts,
    heat_map,
    lines,
    sparse,
    words,
)
from grafana.promql import (
    FAILED,
    GRAPH,
    KIND,
    OUTCOME,
    TARGETS,
    TOLD,
    address,
    age,
    by,
    in_range,
    in_step,
    now,
    pick,
    quantile,
)
from grafana.tables import NARROW, Label, Value, linked, rows, shaded, wide

SMALL = (6, 4)

SINCE_SUCCESS = age(now("ges_job_last_success_timestamp_seconds", KIND))
OF_INTERVAL = f"({SINCE_SUCCESS}) / {now('ges_job_expected_interval_seconds', KIND)}"
SUCCESSES = in_range("ges_job_duration_seconds_bucket", (*OUTCOME, "le"), 'status="success"')
FAILURES = by("sum", KIND, in_range("ges_jobs_finished_total", OUTCOME, FAILED))
EXPLAINED = f"{FAILURES} * on () group_left (url) topk(1, {address()}) or on ({', '.join(KIND)}) {FAILURES}"
"""Failures with the address of the exporter's pages, where it is configured."""

LATE: Steps = ((None, GOOD), (1, WARNING), (2, BAD))
NEAR_LIMIT: Steps = ((None, GOOD), (0.8, WARNING), (1, BAD))
LATE_STANDS_OUT: Steps = ((None, "transparent"), *LATE[1:])
NONE_STANDS_OUT: Steps = ((None, "transparent"), *NONE_IS_GOOD[1:])
LAST_RUN = {"0": ("success", "transparent"), "1": ("failed", BAD)}

ROW = [f"{name.lower()}=${{__data.fields.{name}:percentencode}}" for name in ("Project", "Plane", "Graph")]
TO_GRAPH = "&".join(
    ["/d/ges-graph?${__url_time_range}", "var-datasource=${datasource}", *(f"var-{one}" for one in ROW)]
)
TO_REASONS = "&".join(["${__value.raw}/jobs?status=failed", *(one for one in ROW if not one.startswith("plane"))])


def dashboard() -> builders.Dashboard:
    """The dashboard for whoever is on call."""
    said = "The jobs of all graphs at a glance: what runs, what failed, what is late, and what imports rejected."
    built = page("ges-jobs", said, "now-24h", SCOPE_VARIABLES)
    top = (targets_up(), headlines.running(), headlines.pending(), headlines.failed())
    ratios = (success_ratio(), oldest_running(), longest_without_success(), imports.rejected_ratio())
    built = section(built, None, *top, *ratios, job_types())
    course = (outcomes(), active(), durations(), percentile(0.5, "median"), percentile(0.95, "p95"))
    imported = (imports.lines_read(), imports.lines_failed(), imports.ratio_by_kind())
    return section(built, "$plane plane", *course, *imported, repeat="plane")


def targets_up() -> stat.Panel:
    """Whether the job lists can be read at all."""
    said = (
        "Share of the job lists that could be read in the newest scrape: below 100 % some numbers here are blind. "
        "The task centres of the chosen projects are always among them."
    )
    up = by("avg", ["plane"], now("ges_up", GRAPH, scope=TARGETS))
    frame = Frame("Targets up", said, "percentunit", "No exporter is scraped", *headlines.TOP)
    return by_plane(frame, up, ((None, BAD), (1, GOOD)), missing=BAD)


def success_ratio() -> stat.Panel:
    """Successes among the jobs whose outcome is told."""
    said = "Successes among the jobs that finished in the time range as success, failed or partially failed."
    successes = by("sum", ["plane"], in_range("ges_jobs_finished_total", OUTCOME, 'status="success"'))
    told = by("sum", ["plane"], in_range("ges_jobs_finished_total", OUTCOME, TOLD))
    frame = Frame("Success ratio", said, "percentunit", "No job finished with an outcome", *SMALL)
    steps = ((None, BAD), (0.9, WARNING), (0.99, GOOD))
    return by_plane(frame, f"{successes} / ({told} > 0)", steps).decimals(1)


def oldest_running() -> stat.Panel:
    """The running job that is nearest to its limit."""
    said = (
        "The running job that has used up most of its ges_job_max_duration_seconds; over 100 % it is stuck. "
        "0 % where limits are configured and no such job runs."
    )
    begun = now("ges_job_oldest_running_timestamp_seconds", KIND, keep="min")
    used = by("max", ["plane"], f"({age(begun)}) / {now('ges_job_max_duration_seconds', KIND)}")
    idle = by("max", ["plane"], pick("ges_job_max_duration_seconds"))
    frame = Frame("Oldest running, of its limit", said, "percentunit", "No limit is configured", *SMALL)
    return by_plane(frame, f"{used} or {idle} * 0", NEAR_LIMIT).decimals(0)


def longest_without_success() -> stat.Panel:
    """The job type that is latest."""
    said = (
        "The longest time since the last success, in expected intervals (ges_job_expected_interval_seconds): "
        "over 100 % a success is due, over 200 % it is overdue. Types that never succeeded are not in it."
    )
    frame = Frame("Last success, of its interval", said, "percentunit", "No interval is configured", *SMALL)
    return by_plane(frame, by("max", ["plane"], OF_INTERVAL), LATE).decimals(0)


def job_types() -> table.Panel:
    """Every graph and job type in one line."""
    said = (
        "Each kind of job of each graph at the end of the time range, those whose last run failed first; "
        "'p95' is the 95th percentile of how long successes took. "
        "A click on the graph opens it in depth; 'why' opens the exporter's page with the fail reasons, "
        "where the exporter knows its address (--web.external-url)."
    )
    return rows(
        Frame("Job types", said, "none", "No job was ever listed", 24, 12),
        Label("project", "Project", wide(80)),
        Label("graph", "Graph", linked("Open this graph", TO_GRAPH, **NARROW)),
        Label("plane", "Plane", wide(102)),
        Label("job_type", "Job type", NARROW),
        Label("algorithm", "Algorithm", NARROW),
        Value("Last run", headlines.LAST_RUN_FAILED, shaded(NONE_STANDS_OUT, **wide(92), mappings=[words(LAST_RUN)])),
        Value("Since success", SINCE_SUCCESS, wide(115, unit="s", decimals=1)),
        Value("Of interval", OF_INTERVAL, shaded(LATE_STANDS_OUT, **wide(102), unit="percentunit", decimals=0)),
        Value("p95", quantile(0.95, KIND, SUCCESSES), wide(78, unit="s", decimals=1)),
        Value("Running", by("sum", KIND, now("ges_jobs", OUTCOME, 'status="running"')), wide(76)),
        Value("Pending", by("sum", KIND, now("ges_jobs", OUTCOME, 'status="pending"')), wide(76)),
        Value("Failed", EXPLAINED, wide(66, decimals=0)),
        Label("url", "Why", linked("Open the fail reasons", TO_REASONS, **wide(72), mappings=[anything("reasons")])),
        first=("Last run", "Of interval"),
    )


def outcomes() -> timeseries.Panel:
    """Finished jobs over time."""
    said = "Jobs finished in each step, by outcome; the legend adds them up. 'complete' is a job whose API tells none."
    finished = by("sum", ["status"], in_step("ges_jobs_finished_total", OUTCOME))
    frame = Frame("Outcomes", said, "short", "No job finished", 12)
    return coloured(counts(frame, Query(finished, "{{status}}")).decimals(0), STATUS_COLOURS)


def active() -> timeseries.Panel:
    """The queue over time."""
    said = "Jobs that run and jobs that wait, as each scrape saw them."
    jobs = by("sum", ["status"], now("ges_jobs", OUTCOME, 'status=~"running|pending"'))
    frame = Frame("Running and pending", said, "short", "No job list was read", 12)
    return coloured(lines(frame, Query(jobs, "{{status}}")).axis_soft_max(1).decimals(0), STATUS_COLOURS)


def durations() -> heatmap.Panel:
    """How long jobs take."""
    said = (
        "How long the jobs took that finished in each step, whatever their outcome. "
        "On the management plane waiting is included. Exemplars name the newest job."
    )
    buckets = by("sum", ["le"], in_step("ges_job_duration_seconds_bucket", (*OUTCOME, "le")))
    frame = Frame("Durations of finished jobs", said, "s", "No job with begin and end finished", 10)
    return heat_map(frame, Query(buckets, "{{le}}", exemplars=True))


def percentile(share: float, name: str) -> timeseries.Panel:
    """A quantile of the durations, by job type."""
    said = (
        f"{name} of how long the jobs took that succeeded in each step, by job type: compare like with like. "
        "Points name a job where exemplars are kept."
    )
    buckets = in_step("ges_job_duration_seconds_bucket", (*OUTCOME, "le"), 'status="success"')
    frame = Frame(f"Durations, {name}", said, "s", "No job with begin and end succeeded", 7)
    return sparse(lines(frame, Query(quantile(share, ["job_type"], buckets), "{{job_type}}", exemplars=True)))
