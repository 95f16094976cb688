"""The exporter's own state."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from ges_exporter.families.family import Family, G, HistogramSample, Sample, Scope, State
from ges_exporter.telemetry import REQUEST_BUCKETS


def _counter(numbers: Callable[[State], Mapping[tuple[str, ...], int]]) -> Callable[[State], Iterator[Sample]]:
    def samples(exporter: State) -> Iterator[Sample]:
        for labels, number in numbers(exporter).items():
            yield Sample(labels, number)

    return samples


def _gauge(value: Callable[[State], float | None]) -> Callable[[State], Iterator[Sample]]:
    def samples(exporter: State) -> Iterator[Sample]:
        if (number := value(exporter)) is not None:
            yield Sample((), number)

    return samples


def _by_one(names: Mapping[str, int]) -> dict[tuple[str, ...], int]:
    return {(name,): number for name, number in names.items()}


def _by_credentials(exporter: State, numbers: Mapping[str, int]) -> dict[tuple[str, ...], int]:
    return _by_one(dict.fromkeys(exporter.credentials, 0) | dict(numbers))


def _build_info(exporter: State) -> Iterator[Sample]:
    yield Sample((exporter.version, exporter.python_version), 1)


def _info(exporter: State) -> Iterator[Sample]:
    if exporter.external_url:
        yield Sample((exporter.external_url,), 1)


def _request_durations(exporter: State) -> Iterator[HistogramSample]:
    for operation, durations in exporter.telemetry.durations.items():
        yield HistogramSample((operation,), REQUEST_BUCKETS, list(durations.counts), durations.seconds)


def _backoff(exporter: State) -> Iterator[Sample]:
    for endpoint, until in exporter.backoff.items():
        yield Sample((endpoint,), until)


def _token_expiry(exporter: State) -> Iterator[Sample]:
    for credentials, by_project in exporter.telemetry.token_expiry.items():
        if by_project:
            yield Sample((credentials,), min(by_project.values()))


def _dropped(exporter: State) -> Iterator[Sample]:
    for limit, number in exporter.dropped.items():
        yield Sample((limit,), number)


def _folded(exporter: State) -> Iterator[Sample]:
    for view in exporter.views:
        target = view.target
        if view.listing is not None:
            for graph, number in ({target.graph: 0} | dict(view.listing.folded)).items():
                yield Sample((target.project, graph, target.plane.value), number)


def _ledger_jobs(exporter: State) -> Iterator[Sample]:
    for view in exporter.views:
        if view.ledger is not None:
            yield Sample((view.target.project, view.target.graph, view.target.plane.value), view.ledger.remembered)


_family = partial(Family, scope=Scope.EXPORTER)

EXPORTER = (
    _family(
        "ges_exporter_build_info",
        "gauge",
        ("version", "python_version"),
        "The exporter's version and that of Python, always 1.",
        _build_info,
    ),
    _family(
        "ges_exporter_info",
        "gauge",
        ("url",),
        "How people reach this exporter, for links in alerts, always 1; absent without --web.external-url.",
        _info,
    ),
    _family(
        "ges_exporter_api_requests_total",
        "counter",
        ("operation", "code"),
        "HTTP requests made to the APIs and to IAM, by the HTTP code of the answer, or error where there was none.",
        _counter(lambda exporter: exporter.telemetry.requests),
    ),
    _family(
        "ges_exporter_api_request_duration_seconds",
        "histogram",
        ("operation",),
        "How long HTTP requests to the APIs and to IAM took, in seconds, failed ones included.",
        _request_durations,
    ),
    _family(
        "ges_exporter_api_retries_total",
        "counter",
        ("operation", "reason"),
        "HTTP requests that were tried again, by the reason of the failure before.",
        _counter(lambda exporter: exporter.telemetry.retries),
    ),
    _family(
        "ges_exporter_backoff_until_timestamp_seconds",
        "gauge",
        ("endpoint",),
        "Until when an endpoint is left alone, in Unix seconds; present only while it is.",
        _backoff,
    ),
    _family(
        "ges_exporter_token_expiry_timestamp_seconds",
        "gauge",
        ("credentials",),
        "When the IAM token of these credentials expires, in Unix seconds; of several projects' tokens the earliest.",
        _token_expiry,
    ),
    _family(
        "ges_exporter_token_refreshes_total",
        "counter",
        ("credentials",),
        "IAM tokens obtained with these credentials.",
        _counter(lambda exporter: _by_credentials(exporter, exporter.telemetry.token_refreshes)),
    ),
    _family(
        "ges_exporter_auth_errors_total",
        "counter",
        ("credentials",),
        "Times these credentials were refused by IAM or by the API.",
        _counter(lambda exporter: _by_credentials(exporter, exporter.telemetry.auth_errors)),
    ),
    _family(
        "ges_exporter_parse_errors_total",
        "counter",
        ("field",),
        "Values and records of the APIs that could not be read, by field; counted in each listing that shows them.",
        _counter(lambda exporter: _by_one(exporter.telemetry.parse_errors)),
    ),
    _family(
        "ges_exporter_unknown_values_total",
        "counter",
        ("field",),
        "Values of the APIs that this exporter does not know, such as a new status word, by field; counted in each "
        "listing that shows them.",
        _counter(lambda exporter: _by_one(exporter.telemetry.unknown_values)),
    ),
    _family(
        "ges_exporter_series_dropped",
        "gauge",
        ("limit",),
        "Series of active jobs that are left out because of a limit.",
        _dropped,
    ),
    _family(
        "ges_exporter_series_folded",
        "gauge",
        G,
        "Kinds of job of a graph, or with an empty graph label graphs of a project, that are counted under other for "
        "want of a seat.",
        _folded,
    ),
    _family(
        "ges_exporter_scrapes_shared_total",
        "counter",
        (),
        "Scrapes answered by a listing that another scrape had under way.",
        _gauge(lambda exporter: exporter.telemetry.scrapes_shared),
    ),
    _family(
        "ges_exporter_ledger_jobs",
        "gauge",
        G,
        "Job ids that the ledger remembers of a target.",
        _ledger_jobs,
    ),
    _family(
        "ges_exporter_ledger_last_save_timestamp_seconds",
        "gauge",
        (),
        "When the ledger was last saved, in Unix seconds.",
        _gauge(lambda exporter: exporter.last_save),
    ),
    _family(
        "ges_exporter_ledger_save_errors_total",
        "counter",
        (),
        "Times the ledger could not be saved; until it can, the counters stay as they were last saved.",
        _gauge(lambda exporter: exporter.save_errors),
    ),
    _family(
        "ges_exporter_ledger_set_aside_total",
        "counter",
        (),
        "Ledger files that could not be read at the start and were set aside under a new name, so that counting "
        "began anew.",
        _gauge(lambda exporter: exporter.set_aside),
    ),
    _family(
        "ges_exporter_config_last_reload_successful",
        "gauge",
        (),
        "Whether the last attempt to load the configuration succeeded.",
        _gauge(lambda exporter: exporter.reload_successful),
    ),
    _family(
        "ges_exporter_config_last_reload_success_timestamp_seconds",
        "gauge",
        (),
        "When the configuration was last loaded, in Unix seconds.",
        _gauge(lambda exporter: exporter.reload_time),
    ),
)
