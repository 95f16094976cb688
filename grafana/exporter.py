"""GES exporter: is the watcher well?"""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.builders import stat, statetimeline, table, timeseries

from grafana import machinery
from grafana.page import EXPORTER_VARIABLES, SCOPE_VARIABLES, page, section
from grafana.panels import (
    BAD,
    GOOD,
    NONE_IS_GOOD,
    WARNING,
    Frame,
    Query,
    Steps,
    by_plane,
    counts,
    limited,
    lines,
    logarithmic,
    numbers,
    timeline,
    words,
)
from grafana.promql import EACH, GRAPH, WATCHED, WATCHER, age, by, in_range, in_range_from_first, in_step, now, pick
from grafana.tables import SOME, TASK_CENTRE, Label, Value, rows, shaded, wide

SIZE = (6, 4)

NAME = "{{project}} {{graph}} {{plane}}"
READ: Steps = ((None, "transparent"), (300, WARNING), (900, BAD))
UP = {"0": ("down", BAD), "1": ("up", GOOD)}

TIGHT: Steps = ((None, GOOD), (0.8, WARNING), (0.95, BAD))
ANY: Steps = ((None, GOOD), (0.5, WARNING))
EXPIRING: Steps = ((None, BAD), (60, WARNING), (120, GOOD))
RELOADED = {"0": ("refused", BAD), "1": ("in force", GOOD)}


def dashboard() -> builders.Dashboard:
    """The dashboard for whoever runs the exporter."""
    said = "Whether the exporter itself is well: what it can read, how fast, what it is told, and what it keeps."
    built = page("ges-exporter", said, "now-6h", (*EXPORTER_VARIABLES, *SCOPE_VARIABLES))
    top = (targets_up(), slowest(), failures(), token_left(), saved(), configuration(), cut(), odd())
    built = section(built, None, *top)
    built = section(built, "Targets", up(), errors(), durations(), volumes(), nodes(), targets())
    return machinery.sections(built)


def targets_up() -> stat.Panel:
    """Whether the job lists can be read."""
    said = "Share of the job lists that every chosen exporter could read in its newest scrape."
    readable = by("avg", ["plane"], now("ges_up", GRAPH, scope=WATCHED, keep="min"))
    frame = Frame("Targets up", said, "percentunit", "No exporter is scraped", *SIZE)
    return by_plane(frame, readable, ((None, BAD), (1, GOOD)), missing=BAD)


def slowest() -> stat.Panel:
    """The slowest target against the deadline."""
    said = "The slowest target of the newest scrape, by the deadline of that scrape. At 100 % it is cut off: ges_up 0."
    deadline = f"on (job, instance, target) group_left () {pick('ges_scrape_timeout_seconds', scope=WATCHER)}"
    share = f"{pick('ges_scrape_duration_seconds', scope=WATCHED)} / {deadline}"
    frame = Frame("Slowest scrape, of its deadline", said, "percentunit", "No exporter is scraped", *SIZE)
    return by_plane(frame, by("max", ["plane"], share), TIGHT).decimals(0)


def failures() -> stat.Panel:
    """Failed listings in the time range."""
    said = "Listings that failed in the time range, by the exporter that saw most of them."
    failed = by("sum", ["plane"], in_range_from_first("ges_scrape_errors_total", (*GRAPH, "reason"), scope=WATCHED))
    none = f"{by('max', ['plane'], pick('ges_up', scope=WATCHED))} * 0"
    frame = Frame("Failed listings", said, "short", "No exporter is scraped", *SIZE)
    return by_plane(frame, f"{failed} or {none}", NONE_IS_GOOD).decimals(0)


def token_left() -> stat.Panel:
    """The life of the token that expires first."""
    said = "How long the token lives that expires first, by credentials. It is renewed well before its end."
    left = f"{now('ges_exporter_token_expiry_timestamp_seconds', ['credentials'], scope=WATCHER, keep='min')} - time()"
    frame = Frame("Token life left", said, "s", "No token is held", *SIZE)
    return numbers(frame, Query(left, "{{credentials}}"), steps=EXPIRING).decimals(1)


def saved() -> stat.Panel:
    """Whether the ledger reaches the disk."""
    said = "Failed attempts to save the ledger in the time range; what is not saved is not counted yet."
    errors = in_range("ges_exporter_ledger_save_errors_total", EACH, scope=WATCHER)
    frame = Frame("Ledger save errors", said, "short", "No exporter is scraped", *SIZE)
    return numbers(frame, Query(errors, "{{instance}}"), steps=NONE_IS_GOOD).decimals(0)


def configuration() -> stat.Panel:
    """Whether the configuration file is the one in force."""
    said = "Whether the last attempt to load the configuration succeeded; if not, the one before stays in force."
    loaded = now("ges_exporter_config_last_reload_successful", EACH, scope=WATCHER, keep="min")
    frame = Frame("Configuration", said, "none", "No exporter is scraped", *SIZE)
    return numbers(frame, Query(loaded, "{{instance}}"), steps=((None, BAD), (1, GOOD))).mappings([words(RELOADED)])


def cut() -> stat.Panel:
    """What limits hide."""
    said = (
        "The largest number for any target: kinds of job counted under 'other' (folded), series of active jobs left "
        "out (dropped); and 1 where a job list was cut short (truncated: finishes may go unseen)."
    )
    frame = Frame("Cut by limits", said, "short", "Nothing is cut", *SIZE)
    return numbers(
        frame,
        Query(now("ges_exporter_series_folded", (), scope=WATCHED), "folded"),
        Query(now("ges_exporter_series_dropped", (), scope=WATCHER), "dropped"),
        Query(now("ges_scrape_truncated", (), scope=WATCHED), "truncated"),
        steps=ANY,
    )


def odd() -> stat.Panel:
    """Answers of the APIs that are not understood."""
    said = "Values that could not be read, and words that nobody knows, in the time range; the log names each once."
    frame = Frame("Odd answers", said, "short", "None", *SIZE)
    queries = [
        Query(f"{by('sum', (), in_range(metric, ['field'], scope=WATCHER))} or vector(0)", name)
        for name, metric in machinery.ODDITIES.items()
    ]
    return numbers(frame, *queries, steps=ANY).decimals(0)


def up() -> statetimeline.Panel:
    """Each target's state over time."""
    said = "Whether each job list could be read, by every chosen exporter. A gap is a missed scrape."
    frame = Frame("Targets", said, "none", "No exporter is scraped", 12)
    return timeline(frame, Query(now("ges_up", GRAPH, scope=WATCHED, keep="min"), NAME), mappings=[words(UP)])


def errors() -> timeseries.Panel:
    """Failed listings by reason."""
    said = "Listings that failed in each step, by reason; 'none' is there while none fails."
    failed = by("sum", ["plane", "reason"], in_step("ges_scrape_errors_total", (*GRAPH, "reason"), scope=WATCHED))
    none = f'label_replace({now("ges_up", ["plane"], scope=WATCHED)} * 0, "reason", "none", "", "")'
    frame = Frame("Failed listings by reason", said, "short", "No exporter is scraped", 12)
    return counts(frame, Query(f"{failed} > 0 or {none}", "{{plane}} {{reason}}")).decimals(0)


def durations() -> timeseries.Panel:
    """How long scrapes take."""
    said = "How long each job list took to read, and the deadline (dashed). Logarithmic."
    seconds = Query(now("ges_scrape_duration_seconds", GRAPH, scope=WATCHED), NAME)
    deadline = Query(now("ges_scrape_timeout_seconds", (), scope=WATCHER, keep="min"), "limit: the deadline")
    frame = Frame("Scrape duration", said, "s", "No exporter is scraped", 12)
    return logarithmic(limited(lines(frame, seconds, deadline)))


def volumes() -> timeseries.Panel:
    """How much scrapes read."""
    said = "Job records read from each job list in a scrape. Short listings read only what is new or active."
    frame = Frame("Jobs read in a scrape", said, "short", "No exporter is scraped", 12)
    return lines(frame, Query(now("ges_scrape_jobs", GRAPH, scope=WATCHED), NAME))


def nodes() -> statetimeline.Panel:
    """Each endpoint's state over time."""
    said = "Whether each endpoint of each target answered. While one node of several is down the target is still up."
    answered = now("ges_node_up", (*GRAPH, "endpoint"), scope=WATCHED, keep="min")
    frame = Frame("Endpoints", said, "none", "No exporter is scraped", 12)
    return timeline(frame, Query(answered, "{{graph}} {{endpoint}}"), mappings=[words(UP)])


def targets() -> table.Panel:
    """Each target in one line."""
    said = "Each job list: when it was last read, what a scrape costs, and what the ledger remembers of it."
    read = age(now("ges_scrape_last_success_timestamp_seconds", GRAPH, scope=WATCHED))
    return rows(
        Frame("Job lists", said, "none", "No exporter is scraped", 12),
        Label("project", "Project", wide(80)),
        Label("graph", "Graph", {**TASK_CENTRE, "custom.minWidth": 80}),
        Label("plane", "Plane", wide(105)),
        Value("Read ago", read, shaded(READ, **wide(95), unit="s", decimals=0)),
        Value("Requests", now("ges_scrape_requests", GRAPH, scope=WATCHED), wide(85)),
        Value("Ids kept", now("ges_exporter_ledger_jobs", GRAPH, scope=WATCHED), wide(85, unit="short")),
        Value("Folded", now("ges_exporter_series_folded", GRAPH, scope=WATCHED), shaded(SOME, **wide(70))),
        first=("Read ago",),
    )
