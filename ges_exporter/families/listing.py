"""The gauges of the listing: what a target's job list holds at one scrape."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ges_exporter.families.family import Family, G, J, S, Sample, Scraped
from ges_exporter.ledger.accounts import Lines, Pair
from ges_exporter.model import Status


def _jobs(scraped: Scraped) -> Iterator[Sample]:
    if scraped.listing is None:
        return
    api = scraped.ledger.api if scraped.ledger else None
    zeros = dict.fromkeys(api.statuses, 0) if api else {}
    known = {account.pair: zeros for account in scraped.ledger.accounts} if scraped.ledger else {}
    for pair, by_status in (known | dict(scraped.listing.jobs)).items():
        labels = scraped.j(pair)
        for status, number in (zeros | dict(by_status)).items():
            yield Sample((*labels, status.value), number)


def _oldest(status: Status) -> Callable[[Scraped], Iterator[Sample]]:
    def samples(scraped: Scraped) -> Iterator[Sample]:
        oldest: dict[Pair, float] = {}
        for job in scraped.active:
            if job.status is status:
                oldest.setdefault(job.pair, scraped.begin(job))
        for pair, time in oldest.items():
            yield Sample(scraped.j(pair), time)

    return samples


def _oldest_progress_change(scraped: Scraped) -> Iterator[Sample]:
    oldest: dict[Pair, float] = {}
    for job in scraped.active:
        if job.status is Status.RUNNING and job.progress_moved is not None:
            oldest[job.pair] = min(job.progress_moved, oldest.get(job.pair, job.progress_moved))
    for pair, time in oldest.items():
        yield Sample(scraped.j(pair), time)


def _progress(scraped: Scraped) -> Iterator[Sample]:
    for job in scraped.shown:
        if job.progress is not None:
            yield Sample((*scraped.j(job.pair), job.id), job.progress)


def _start(scraped: Scraped) -> Iterator[Sample]:
    for job in scraped.shown:
        if job.begin is not None:
            yield Sample((*scraped.j(job.pair), job.status.value, job.id), scraped.zone.utc(job.begin))


def _lines(number: Callable[[Lines], int | None]) -> Callable[[Scraped], Iterator[Sample]]:
    def samples(scraped: Scraped) -> Iterator[Sample]:
        for (graph, kind), sums in scraped.listing.lines.items() if scraped.listing else ():
            if (value := number(sums)) is not None:
                yield Sample((*scraped.graph(graph), kind.value), value)

    return samples


LISTING = (
    Family(
        "ges_jobs",
        "gauge",
        S,
        "Jobs in the listing of this scrape, by status; finished ones that the engine has pruned since the last full "
        "listing may still be in it.",
        _jobs,
    ),
    Family(
        "ges_job_oldest_pending_timestamp_seconds",
        "gauge",
        J,
        "Begin time of the oldest pending job in Unix seconds; where the API gives none, when it was first seen.",
        _oldest(Status.PENDING),
    ),
    Family(
        "ges_job_oldest_running_timestamp_seconds",
        "gauge",
        J,
        "Begin time of the oldest running job in Unix seconds; where the API gives none, when it was first seen.",
        _oldest(Status.RUNNING),
    ),
    Family(
        "ges_job_oldest_progress_change_timestamp_seconds",
        "gauge",
        J,
        "Among the running jobs that report progress, the longest-standing time at which one was last seen to move, "
        "in Unix seconds; a job that has not moved yet counts from when it was first seen.",
        _oldest_progress_change,
    ),
    Family(
        "ges_job_progress_ratio",
        "gauge",
        (*J, "job_id"),
        "Progress of an active job from 0 to 1; memory edition only, and only for the oldest active jobs of a graph, "
        "up to limits.active_jobs_per_graph.",
        _progress,
    ),
    Family(
        "ges_job_start_timestamp_seconds",
        "gauge",
        (*S, "job_id"),
        "Begin time of an active job in Unix seconds, only for the oldest active jobs of a graph, up to "
        "limits.active_jobs_per_graph.",
        _start,
    ),
    Family(
        "ges_import_listed_lines",
        "gauge",
        (*G, "kind"),
        "Lines (of a schema: labels) read by the imports in the listing; absent where the API returned no number.",
        _lines(lambda sums: sums.lines),
    ),
    Family(
        "ges_import_listed_failed_lines",
        "gauge",
        (*G, "kind"),
        "Lines (of a schema: labels) rejected by the imports in the listing; absent where the API returned no number.",
        _lines(lambda sums: sums.failed_lines),
    ),
)
