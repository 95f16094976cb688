"""What the ledger adds up across scrapes and restarts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from ges_exporter.families.family import Family, G, HistogramSample, J, S, Sample, Scraped
from ges_exporter.ledger.accounts import Account, ImportAccount, LastImport
from ges_exporter.model import Kind, Status, Time

_FILE_STATUSES = (Status.SUCCESS, Status.PARTIALLY_FAILED, Status.FAILED)


def _accounts(scraped: Scraped) -> Iterator[tuple[tuple[str, ...], Account]]:
    for account in scraped.ledger.accounts if scraped.ledger else ():
        yield scraped.j(account.pair), account


def _imports(scraped: Scraped) -> Iterator[tuple[tuple[str, ...], ImportAccount]]:
    ledger = scraped.ledger
    if ledger is not None and ledger.api is not None and ledger.api.reports_lines:
        for account in ledger.imports:
            yield scraped.graph(account.graph), account


def _count(number: Callable[[Account], int]) -> Callable[[Scraped], Iterator[Sample]]:
    def samples(scraped: Scraped) -> Iterator[Sample]:
        for labels, account in _accounts(scraped):
            yield Sample(labels, number(account), account.created)

    return samples


def _finished_statuses(scraped: Scraped) -> tuple[Status, ...]:
    api = scraped.ledger.api if scraped.ledger else None
    return tuple(status for status in api.statuses if not status.active) if api else ()


def _finished(scraped: Scraped) -> Iterator[Sample]:
    known = dict.fromkeys(_finished_statuses(scraped), 0)
    for labels, account in _accounts(scraped):
        exemplars = scraped.ledger.counter_exemplars if scraped.ledger else {}
        for status, number in (known | account.finished).items():
            exemplar = exemplars.get((account.pair, status))
            yield Sample((*labels, status.value), number, account.created, exemplar)


def _late(scraped: Scraped) -> Iterator[Sample]:
    for labels, account in _accounts(scraped):
        for status, number in account.late.items():
            yield Sample((*labels, status.value), number, account.created)


def _durations(scraped: Scraped) -> Iterator[HistogramSample]:
    ledger = scraped.ledger
    if ledger is None or ledger.api is None or not ledger.api.timed:
        return
    exemplars: dict[tuple[object, Status], dict[int, object]] = {}
    for (pair, status, bucket), exemplar in ledger.bucket_exemplars.items():
        exemplars.setdefault((pair, status), {})[bucket] = exemplar
    empty = [0] * (len(scraped.bounds) + 1)
    for labels, account in _accounts(scraped):
        created = account.durations_created or account.created
        for status in dict.fromkeys((Status.SUCCESS, *account.durations)):
            histogram = account.durations.get(status)
            yield HistogramSample(
                (*labels, status.value),
                scraped.bounds,
                histogram.counts if histogram else empty,
                histogram.seconds if histogram else 0.0,
                created,
                exemplars.get((account.pair, status), {}),  # type: ignore[arg-type]
            )


def _time(time: Callable[[Account], Time | None]) -> Callable[[Scraped], Iterator[Sample]]:
    def samples(scraped: Scraped) -> Iterator[Sample]:
        for labels, account in _accounts(scraped):
            if (value := time(account)) is not None:
                yield Sample(labels, scraped.zone.utc(value))

    return samples


def _last_success_duration(scraped: Scraped) -> Iterator[Sample]:
    for labels, account in _accounts(scraped):
        if account.last_success_seconds is not None:
            yield Sample(labels, account.last_success_seconds)


def _by_kind(numbers: Callable[[ImportAccount], Mapping[Kind, int]]) -> Callable[[Scraped], Iterator[Sample]]:
    def samples(scraped: Scraped) -> Iterator[Sample]:
        for labels, account in _imports(scraped):
            for kind in Kind:
                yield Sample((*labels, kind.value), numbers(account).get(kind, 0), account.created)

    return samples


def _files(scraped: Scraped) -> Iterator[Sample]:
    for labels, account in _imports(scraped):
        for kind in Kind:
            outcomes = dict.fromkeys(_FILE_STATUSES, 0) | account.files.get(kind, {})
            for status, number in outcomes.items():
                yield Sample((*labels, kind.value, status.value), number, account.created)


def _last_import(number: Callable[[LastImport], int | None]) -> Callable[[Scraped], Iterator[Sample]]:
    def samples(scraped: Scraped) -> Iterator[Sample]:
        for labels, account in _imports(scraped):
            for kind, last in account.last.items():
                if (value := number(last)) is not None:
                    yield Sample((*labels, kind.value), value)

    return samples


TOTALS = (
    Family(
        "ges_jobs_discovered_total",
        "counter",
        J,
        "New job ids seen since the target was met; not those of its first listing, which are history, nor those that "
        "were active when it came back after others had watched it.",
        _count(lambda account: account.discovered),
    ),
    Family(
        "ges_jobs_finished_total",
        "counter",
        S,
        "Jobs finished since the target was met, by outcome, each job id once; complete means finished with an "
        "outcome that the API does not tell.",
        _finished,
    ),
    Family(
        "ges_jobs_vanished_total",
        "counter",
        J,
        "Active jobs that were missing from complete listings for longer than ledger.vanish_after: cancelled, "
        "pruned, or hidden by a fail-over; one that comes back finished is counted as finished too.",
        _count(lambda account: account.vanished),
    ),
    Family(
        "ges_jobs_late_total",
        "counter",
        S,
        "Finished jobs that turned up too late to be counted as new, as after a fail-over to a node with an old "
        "list; they are in no other counter or histogram.",
        _late,
    ),
    Family(
        "ges_job_duration_seconds",
        "histogram",
        S,
        "End minus begin of finished jobs in seconds, as the API reports them; on the management plane waiting in "
        "the queue is included. Jobs without both times, or with an end before their begin, are not observed.",
        _durations,
    ),
    Family(
        "ges_job_last_start_timestamp_seconds",
        "gauge",
        J,
        "Newest begin time of a job in Unix seconds, history included.",
        _time(lambda account: account.last_start),
    ),
    Family(
        "ges_job_last_success_timestamp_seconds",
        "gauge",
        J,
        "End of the newest successful job in Unix seconds, history included; where the API gives no end, the scrape "
        "that first saw it finished. Complete is no success.",
        _time(lambda account: account.last_success),
    ),
    Family(
        "ges_job_last_failure_timestamp_seconds",
        "gauge",
        J,
        "End of the newest failed or partially failed job in Unix seconds, history included; where the API gives no "
        "end, the scrape that first saw it finished.",
        _time(lambda account: account.last_failure),
    ),
    Family(
        "ges_job_last_success_duration_seconds",
        "gauge",
        J,
        "How long the newest successful job took, in seconds, history included.",
        _last_success_duration,
    ),
    Family(
        "ges_import_lines_total",
        "counter",
        (*G, "kind"),
        "Lines (of a schema: labels) read by imports finished since the target was met, as far as their counts were "
        "returned.",
        _by_kind(lambda account: account.lines),
    ),
    Family(
        "ges_import_failed_lines_total",
        "counter",
        (*G, "kind"),
        "Lines (of a schema: labels) rejected by imports finished since the target was met, as far as their counts "
        "were returned.",
        _by_kind(lambda account: account.failed_lines),
    ),
    Family(
        "ges_import_files_total",
        "counter",
        (*G, "kind", "status"),
        "Files of imports finished since the target was met, by the outcome of the file.",
        _files,
    ),
    Family(
        "ges_import_files_unreported_total",
        "counter",
        (*G, "kind"),
        "Files of finished imports whose total or failed count was not returned, so that a 0 is never taken for no "
        "failed lines.",
        _by_kind(lambda account: account.unreported),
    ),
    Family(
        "ges_import_last_lines",
        "gauge",
        (*G, "kind"),
        "Lines (of a schema: labels) read by the newest finished import that reported counts, history included.",
        _last_import(lambda last: last.lines),
    ),
    Family(
        "ges_import_last_failed_lines",
        "gauge",
        (*G, "kind"),
        "Lines (of a schema: labels) rejected by the newest finished import that reported counts, history included.",
        _last_import(lambda last: last.failed_lines),
    ),
)
