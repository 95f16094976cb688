"""The exporter's inner parts: requests, credentials, ledger, discovery, process."""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.builders import table, timeseries

from grafana.page import section
from grafana.panels import Frame, Query, coarse, counts, lines
from grafana.promql import EACH, GRAPH, WATCHED, WATCHER, address, age, by, in_step, now, pick, quantile, rate
from grafana.tables import Label, Value, linked, rows, wide

FOUND = f'{WATCHER}, project=~"$project"'

NAME = "{{project}} {{graph}} {{plane}}"
ODDITIES = {
    "unreadable": "ges_exporter_parse_errors_total",
    "unknown": "ges_exporter_unknown_values_total",
}
LOGINS = {
    "obtained {{credentials}}": "ges_exporter_token_refreshes_total",
    "refused {{credentials}}": "ges_exporter_auth_errors_total",
}


def sections(dashboard: builders.Dashboard) -> builders.Dashboard:
    """The dashboard with a row for each of the exporter's parts."""
    built = section(dashboard, "API and credentials", requests(), latencies(), retries(), tokens(), logins(), shared())
    built = section(built, "Ledger and limits", ledger(), saves(), limits(), oddities())
    built = section(built, "Discovery", found(), found_ago(), not_found())
    return section(built, "Process", processor(), memory(), files(), exporters())


def requests() -> timeseries.Panel:
    """Requests to the APIs."""
    said = "HTTP requests to GES and IAM by operation and code, of all chosen exporters together."
    labels = (*EACH, "operation", "code")
    sent = by("sum", ("operation", "code"), rate("ges_exporter_api_requests_total", labels, scope=WATCHER))
    return lines(Frame("Requests", said, "reqps", "No request was made", 8), Query(sent, "{{operation}} {{code}}"))


def latencies() -> timeseries.Panel:
    """How long requests take."""
    said = "95th percentile of how long HTTP requests took, failed ones included, by operation."
    buckets = rate("ges_exporter_api_request_duration_seconds_bucket", (*EACH, "operation", "le"), scope=WATCHER)
    frame = Frame("Request duration, p95", said, "s", "No request was made", 8)
    return lines(frame, Query(quantile(0.95, ["operation"], buckets), "{{operation}}", exemplars=True)).span_nulls(True)


def retries() -> timeseries.Panel:
    """Requests tried again, and endpoints left alone."""
    said = "Requests tried again in each step, by operation and reason, and endpoints that are left alone for a while."
    labels = (*EACH, "operation", "reason")
    again = by("sum", ("operation", "reason"), in_step("ges_exporter_api_retries_total", labels, scope=WATCHER))
    until = pick("ges_exporter_backoff_until_timestamp_seconds", scope=WATCHER)
    waiting = f"count({by('max', ['endpoint'], until)} > time()) or vector(0)"
    frame = Frame("Retries and back-off", said, "short", "No exporter is scraped", 8)
    queries = Query(again, "{{operation}} {{reason}}"), Query(waiting, "endpoints backing off")
    return coarse(lines(frame, *queries)).decimals(0)


def tokens() -> timeseries.Panel:
    """The life of tokens."""
    said = "How long each credentials' token still lives, by exporter. It is renewed well before its end."
    ends = now("ges_exporter_token_expiry_timestamp_seconds", (*EACH, "credentials"), scope=WATCHER)
    frame = Frame("Token life", said, "s", "No token is held", 8)
    return lines(frame, Query(f"{ends} - time()", "{{credentials}} {{instance}}"))


def logins() -> timeseries.Panel:
    """Tokens obtained and credentials refused."""
    said = "Tokens obtained, and refusals by IAM or the API, in each step. Refusals want new credentials."
    frame = Frame("Tokens obtained, credentials refused", said, "short", "No credentials are in use", 8)
    queries = [
        Query(by("sum", ["credentials"], in_step(metric, (*EACH, "credentials"), scope=WATCHER)), name)
        for name, metric in LOGINS.items()
    ]
    return counts(frame, *queries).decimals(0)


def shared() -> timeseries.Panel:
    """Scrapes that shared a listing."""
    said = "Scrapes answered by a listing that another scrape had under way, by exporter: several scrapers are at work."
    scrapes = in_step("ges_exporter_scrapes_shared_total", EACH, scope=WATCHER)
    frame = Frame("Shared scrapes", said, "short", "No exporter is scraped", 8)
    return counts(frame, Query(scrapes, "{{instance}}")).decimals(0)


def ledger() -> timeseries.Panel:
    """How much is remembered."""
    said = "Job ids that the ledger remembers of each target."
    kept = now("ges_exporter_ledger_jobs", GRAPH, scope=WATCHED)
    return lines(Frame("Ids in the ledger", said, "short", "No job list was ever read", 6), Query(kept, NAME))


def saves() -> timeseries.Panel:
    """How fresh the ledger on disk is."""
    said = "Time since the ledger was last saved, by exporter."
    ago = age(now("ges_exporter_ledger_last_save_timestamp_seconds", EACH, scope=WATCHER))
    return lines(Frame("Since the last save", said, "s", "The ledger was never saved", 6), Query(ago, "{{instance}}"))


def limits() -> timeseries.Panel:
    """What limits hide, over time."""
    said = "Kinds of job folded into 'other', by target, and series of active jobs left out, by limit."
    folded = Query(now("ges_exporter_series_folded", GRAPH, scope=WATCHED), "folded {{graph}} {{plane}}")
    dropped = Query(now("ges_exporter_series_dropped", ["limit"], scope=WATCHER), "dropped {{limit}}")
    return lines(Frame("Cut by limits", said, "short", "Nothing is cut", 6), folded, dropped).axis_soft_max(1)


def oddities() -> timeseries.Panel:
    """Answers that are not understood, over time."""
    said = "Values that could not be read, and words that nobody knows, in each step, by field; 0 while all is known."
    queries = [
        Query(
            f"{by('sum', ['field'], in_step(metric, (*EACH, 'field'), scope=WATCHER))} or vector(0)",
            f"{name} {{{{field}}}}",
        )
        for name, metric in ODDITIES.items()
    ]
    return counts(Frame("Odd answers", said, "short", "None", 6), *queries).decimals(0)


def found() -> timeseries.Panel:
    """Graphs found."""
    said = "Graphs that discovery found and that are watched, by project."
    graphs = now("ges_discovery_graphs", ["project"], scope=FOUND)
    return lines(Frame("Graphs found", said, "short", "Discovery is off", 8), Query(graphs, "{{project}}"))


def found_ago() -> timeseries.Panel:
    """How old the list of graphs is."""
    said = "Time since the graphs were last listed, by project. New graphs are not seen meanwhile."
    ago = age(now("ges_discovery_last_success_timestamp_seconds", ["project"], scope=FOUND))
    return lines(Frame("Since the last discovery", said, "s", "Discovery is off", 8), Query(ago, "{{project}}"))


def not_found() -> timeseries.Panel:
    """Failed discoveries."""
    said = "Attempts to list the graphs that failed in each step, by reason; 'none' is there while none fails."
    failed = by("sum", ("project", "reason"), in_step("ges_discovery_errors_total", ("project", "reason"), scope=FOUND))
    none = f'label_replace({now("ges_discovery_graphs", ["project"], scope=FOUND)} * 0, "reason", "none", "", "")'
    frame = Frame("Failed discoveries", said, "short", "Discovery is off", 8)
    return counts(frame, Query(f"{failed} > 0 or {none}", "{{project}} {{reason}}")).decimals(0)


def processor() -> timeseries.Panel:
    """Processor time."""
    said = "Processor time used, in cores, by exporter. One event loop can use little more than one."
    used = rate("process_cpu_seconds_total", EACH, scope=WATCHER)
    return lines(Frame("Processor", said, "none", "Not told on this system", 8), Query(_own(used), "{{instance}}"))


def memory() -> timeseries.Panel:
    """Memory."""
    said = "Resident memory, by exporter."
    used = now("process_resident_memory_bytes", EACH, scope=WATCHER)
    return lines(Frame("Memory", said, "bytes", "Not told on this system", 8), Query(_own(used), "{{instance}}"))


def files() -> timeseries.Panel:
    """File descriptors."""
    said = "Open file descriptors by exporter, as a share of how many it may open."
    share = f"{now('process_open_fds', EACH, scope=WATCHER)} / {now('process_max_fds', EACH, scope=WATCHER)}"
    frame = Frame("File descriptors", said, "percentunit", "Not told on this system", 8)
    return lines(frame, Query(_own(f"({share})"), "{{instance}}"))


def exporters() -> table.Panel:
    """Each exporter in one line."""
    said = "The chosen exporters. The address is there where --web.external-url is given; it leads to the jobs."
    started = f"({_own(now('process_start_time_seconds', EACH, scope=WATCHER))}) * 1000"
    return rows(
        Frame("Exporters", said, "none", "No exporter is scraped", 24, 5),
        Label("instance", "Instance", {"custom.minWidth": 90}),
        Label("version", "Version", wide(100)),
        Label("url", "Address", linked("Open the exporter's jobs", "${__value.raw}/jobs", **{"custom.minWidth": 70})),
        Value("Started", started, wide(180, unit="dateTimeAsIso")),
        Value("", now("ges_exporter_build_info", (*EACH, "version"), scope=WATCHER)),
        Value("", address(EACH, scope=WATCHER)),
        hidden=("job",),
    )


def _own(expression: str) -> str:
    """Only of exporters: every process has metrics of these names."""
    return f"{expression} and on (job, instance) {pick('ges_exporter_build_info', scope=WATCHER)}"
