"""Turns the table of families into the text that Prometheus reads, with the client library's own rendering."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.registry import Collector
from prometheus_client.samples import Exemplar
from prometheus_client.utils import floatToGoString

from ges_exporter.families import FAMILIES, Family, HistogramSample, Sample, Scope, Snapshot

CLASSIC, OPENMETRICS = "text/plain", "application/openmetrics-text"
VERSIONS = {CLASSIC: "0.0.4", OPENMETRICS: "1.0.0"}
"""The formats, in the one version of each that is written here."""
_ESCAPED = frozenset('"\\\n')


class _Page(Collector):
    """One exposition: the families, made anew from what one scrape found."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        return self._metrics


class Process(Collector):
    """The client library's ``process_*`` and ``python_*``."""

    def __init__(self) -> None:
        registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        GCCollector(registry=registry)
        self._registry = registry

    def collect(self) -> Iterable[Metric]:
        """Returns the families as they are now."""
        return self._registry.collect()


def render(snapshot: Snapshot, accept: str = "", process: Process | None = None) -> tuple[bytes, str]:
    """Returns the page and its content type, in the format that the ``Accept`` header asks for."""
    chosen = negotiate(accept)
    openmetrics = chosen == OPENMETRICS
    # Family by family: all of a large page at once would take several times the memory of its text.
    metrics = chain(build(snapshot, openmetrics=openmetrics), process.collect() if process is not None else ())
    page: bytes = (generate_openmetrics if openmetrics else generate_latest)(_Page(metrics))
    return page, f"{chosen}; version={VERSIONS[chosen]}; charset=utf-8"


def negotiate(accept: str) -> str:
    """Returns the format that an ``Accept`` header likes best: OpenMetrics where it is named, unless it likes less."""
    liking = dict.fromkeys(VERSIONS, 0.0)
    for wish in accept.lower().split(","):
        kind, *parameters = (part.strip() for part in wish.split(";"))
        named = {name.strip(): value.strip(' "') for name, _, value in (part.partition("=") for part in parameters)}
        if kind == CLASSIC or (kind == OPENMETRICS and named.get("version", VERSIONS[kind]) == VERSIONS[kind]):
            liking[kind] = max(liking[kind], _quality(named.get("q", "1")))
    return OPENMETRICS if 0 < liking[OPENMETRICS] >= liking[CLASSIC] else CLASSIC


def _quality(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def build(snapshot: Snapshot, *, openmetrics: bool) -> Iterator[Metric]:
    """Builds the families of a snapshot; only OpenMetrics has exemplars and creation times.

    A family without samples is left out.
    """
    for family in FAMILIES:
        metric = Metric(family.name.removesuffix("_total"), family.help, family.type)
        add = _ADDERS[family.type]
        for sample in _samples(family, snapshot):
            add(metric, family, sample, openmetrics)
        if metric.samples:
            yield metric


def _samples(family: Family, snapshot: Snapshot) -> Iterator[Sample | HistogramSample]:
    if family.scope is Scope.TARGET:
        for scraped in snapshot.targets:
            yield from family.samples(scraped)
    elif family.scope is Scope.SCRAPE:
        yield from family.samples(snapshot)
    elif snapshot.exporter is not None:
        yield from family.samples(snapshot.exporter)


def _add_gauge(metric: Metric, family: Family, sample: Any, _openmetrics: bool) -> None:  # noqa: ANN401
    metric.add_sample(family.name, dict(zip(family.labels, sample.labels, strict=True)), sample.value)


def _add_counter(metric: Metric, family: Family, sample: Any, openmetrics: bool) -> None:  # noqa: ANN401
    labels = dict(zip(family.labels, sample.labels, strict=True))
    metric.add_sample(f"{metric.name}_total", labels, sample.value, exemplar=_exemplar(sample.exemplar, openmetrics))
    if openmetrics and sample.created is not None:
        metric.add_sample(f"{metric.name}_created", labels, sample.created)


def _add_histogram(metric: Metric, family: Family, sample: Any, openmetrics: bool) -> None:  # noqa: ANN401
    labels = dict(zip(family.labels, sample.labels, strict=True))
    total = 0
    for index, (bound, count) in enumerate(zip((*sample.bounds, float("inf")), sample.counts, strict=True)):
        total += count
        exemplar = _exemplar(sample.exemplars.get(index), openmetrics)
        metric.add_sample(f"{metric.name}_bucket", {**labels, "le": _bound(bound)}, total, exemplar=exemplar)
    metric.add_sample(f"{metric.name}_count", labels, total)
    metric.add_sample(f"{metric.name}_sum", labels, sample.total)
    if openmetrics and sample.created is not None:
        metric.add_sample(f"{metric.name}_created", labels, sample.created)


def _bound(seconds: float) -> str:
    text: str = floatToGoString(seconds)  # type: ignore[no-untyped-call]
    return text


def _exemplar(exemplar: Any, openmetrics: bool) -> Exemplar | None:  # noqa: ANN401
    # The client library's own parser stumbles over escapes in exemplars, and real ids need none.
    if exemplar is None or not openmetrics or _ESCAPED.intersection(exemplar.job_id):
        return None
    return Exemplar({"job_id": exemplar.job_id}, exemplar.value)


_ADDERS: dict[str, Callable[[Metric, Family, Any, bool], None]] = {
    "gauge": _add_gauge,
    "counter": _add_counter,
    "histogram": _add_histogram,
}
