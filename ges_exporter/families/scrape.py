"""How the asking itself went."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ges_exporter.families.family import Family, G, Sample, Scope, Scraped, Snapshot
from ges_exporter.model import Plane


def _value(value: Callable[[Scraped], float]) -> Callable[[Scraped], Iterator[Sample]]:
    def samples(scraped: Scraped) -> Iterator[Sample]:
        yield Sample(scraped.g, value(scraped))

    return samples


def _info(scraped: Scraped) -> Iterator[Sample]:
    facts = scraped.facts
    told = scraped.ledger.api.name if scraped.ledger and scraped.ledger.api else "unknown"
    api = told if facts.api == "unknown" else facts.api
    yield Sample((*scraped.g, facts.project_id, facts.region, api), 1)


def _first_listing(scraped: Scraped) -> Iterator[Sample]:
    if scraped.ledger is not None:
        yield Sample(scraped.g, scraped.ledger.met)


def _node_up(scraped: Scraped) -> Iterator[Sample]:
    for endpoint, up in scraped.nodes:
        yield Sample((*scraped.g, endpoint), up)


def _offset(scraped: Scraped) -> Iterator[Sample]:
    ledger = scraped.ledger
    if scraped.facts.target.plane is not Plane.SERVICE or ledger is None:
        return
    if ledger.api is None or ledger.api.timed or ledger.zone.source == "configured":
        yield Sample((*scraped.g, ledger.zone.source), ledger.zone.offset_now(scraped.now))


def _last_success(scraped: Scraped) -> Iterator[Sample]:
    if scraped.ledger is not None:
        yield Sample(scraped.g, scraped.ledger.last_success)


def _errors(scraped: Scraped) -> Iterator[Sample]:
    for reason, number in scraped.errors.items():
        yield Sample((*scraped.g, reason), number)


def _timeout(snapshot: Snapshot) -> Iterator[Sample]:
    yield Sample((), snapshot.timeout)


SCRAPE = (
    Family(
        "ges_up", "gauge", G, "Whether this target's listing could be read in this scrape.", _value(lambda one: one.up)
    ),
    Family(
        "ges_target_info",
        "gauge",
        (*G, "project_id", "region", "api"),
        "Facts of a target for joins, always 1; api is the shape of its job list, unknown until the first answer.",
        _info,
    ),
    Family(
        "ges_target_first_listing_timestamp_seconds",
        "gauge",
        G,
        "When the target was first listed, in Unix seconds: what its counters count from.",
        _first_listing,
    ),
    Family(
        "ges_node_up",
        "gauge",
        (*G, "endpoint"),
        "Whether this endpoint of the target answered in this scrape; a target with several nodes is up when one does.",
        _node_up,
    ),
    Family(
        "ges_target_utc_offset_seconds",
        "gauge",
        (*G, "source"),
        "The offset from UTC, in seconds, by which the engine's times without a zone are read; source tells whether "
        "it was configured, measured, or merely assumed.",
        _offset,
    ),
    Family(
        "ges_scrape_duration_seconds",
        "gauge",
        G,
        "How long asking this target took in this scrape, in seconds.",
        _value(lambda one: one.seconds),
    ),
    Family(
        "ges_scrape_requests",
        "gauge",
        G,
        "HTTP requests made for this target in this scrape: lists and details, retries included, tokens not.",
        _value(lambda one: one.requests),
    ),
    Family(
        "ges_scrape_jobs",
        "gauge",
        G,
        "Job records read for this target in this scrape; where pages overlap, each once.",
        _value(lambda one: one.records),
    ),
    Family(
        "ges_scrape_truncated",
        "gauge",
        G,
        "Whether a limit cut this target's listing, so that finished jobs may go unseen and none is taken for "
        "vanished.",
        _value(lambda one: one.truncated),
    ),
    Family(
        "ges_scrape_last_success_timestamp_seconds",
        "gauge",
        G,
        "When this target was last listed, in Unix seconds; kept over failures and restarts.",
        _last_success,
    ),
    Family(
        "ges_scrape_errors_total",
        "counter",
        (*G, "reason"),
        "Scrapes in which this target could not be listed, by reason; one that was skipped because of a back-off "
        "counts under the reason that began it.",
        _errors,
    ),
    Family(
        "ges_scrape_timeout_seconds",
        "gauge",
        (),
        "The deadline of this scrape, in seconds.",
        _timeout,
        Scope.SCRAPE,
    ),
)
