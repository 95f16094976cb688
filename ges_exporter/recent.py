"""What people want to see of a target beyond its metrics: the active jobs, and why the newest failures failed.

Kept in memory only. It takes each listing as it comes, and asks nothing.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from ges_exporter.ledger import Observation, Zone
from ges_exporter.ledger.accounts import OTHER
from ges_exporter.ledger.view import Open
from ges_exporter.model import Job, Listing, Status, Target, Time

KEPT = 50
"""Failures of a target that are kept."""


class Failure(msgspec.Struct, frozen=True):
    """A job that failed, wholly or in part."""

    id: str
    graph: str
    job_type: str
    algorithm: str
    status: Status
    begin: Time | None
    end: Time | None
    reason: str
    """Without secrets, and not too long."""
    seen: float
    """Unix seconds of the listing that first showed it failed."""


class Active(msgspec.Struct, frozen=True):
    """A job that waits or works, under its own name where the metrics fold it into ``other``."""

    id: str
    graph: str
    job_type: str
    algorithm: str
    status: Status
    begin: Time | None
    progress: float | None
    progress_moved: float | None
    """Unix seconds: when the progress was last seen to move."""
    seen: float
    """Unix seconds of the listing that first showed it."""


class Recent:
    """The last listing of one target, and the newest failures of this and earlier ones.

    ``clean`` takes the secrets out of a reason, and cuts it.
    """

    def __init__(self, clean: Callable[[str], str]) -> None:
        self._clean = clean
        self.at: float | None = None
        """Unix seconds of the last listing that succeeded."""
        self.zone = Zone("assumed")
        """How to read times that name no zone."""
        self.active: tuple[Active, ...] = ()
        self.failures: tuple[Failure, ...] = ()
        """Newest first."""
        self.truncated = False

    def take(self, listing: Listing, observation: Observation, now: float) -> None:
        """Takes a listing and what the ledger made of it; one that failed changes nothing. ``now`` in Unix seconds."""
        view = observation.view
        if view.listing is None or view.ledger is None:
            return
        self.zone = view.ledger.zone
        self.active = tuple(self._active(listing, view.listing.active))
        self._take_failures(listing, observation.finished, now)
        self.truncated = listing.truncated
        self.at = now

    def _take_failures(self, listing: Listing, finished: Iterable[Job], now: float) -> None:
        known = {failure.id: failure for failure in self.failures}
        first = self.at is None
        new = {job.id for job in finished}
        # Of jobs without times only those that have just finished are known to be new.
        found = [job for job in _failed(listing) if job.end or first or job.id in new or job.id in known]
        newest = {job.id: job for job in heapq.nlargest(KEPT, found, key=lambda job: self._when(job.end, now))}
        for job in newest.values():
            before = known.get(job.id)
            if before is None or (before.status, before.end) != (job.status, job.end) or not before.reason:
                graph = job.graph or listing.target.graph
                known[job.id] = self._failure(job, graph, now if before is None else before.seen)
        self.failures = tuple(heapq.nlargest(KEPT, known.values(), key=lambda one: self._when(one.end, one.seen)))

    def _when(self, end: Time | None, otherwise: float) -> float:
        return otherwise if end is None else self.zone.utc(end)

    def _failure(self, job: Job, graph: str, seen: float) -> Failure:
        return Failure(
            id=job.id,
            graph=graph,
            job_type=job.job_type,
            algorithm=job.algorithm,
            status=job.status,
            begin=job.begin,
            end=job.end,
            reason=self._clean(job.reason),
            seen=seen,
        )

    def _active(self, listing: Listing, jobs: Sequence[Open]) -> Iterator[Active]:
        names = {job.id: (job.graph, job.job_type, job.algorithm) for job in self.active}
        if any(OTHER in job.pair for job in jobs):
            names |= {job.id: _names(job, listing.target) for job in _jobs(listing) if not job.finished}
        for job in jobs:
            graph, job_type, algorithm = names.get(job.id, job.pair)
            yield Active(
                id=job.id,
                graph=graph,
                job_type=job_type,
                algorithm=algorithm,
                status=job.status,
                begin=job.begin,
                progress=job.progress,
                progress_moved=job.progress_moved,
                seen=job.first_seen,
            )


def _jobs(listing: Listing) -> Iterator[Job]:
    for node in listing.nodes:
        yield from node.jobs


def _names(job: Job, target: Target) -> tuple[str, str, str]:
    return job.graph or target.graph, job.job_type, job.algorithm


def _failed(listing: Listing) -> list[Job]:
    failed, partially = Status.FAILED, Status.PARTIALLY_FAILED
    return [job for node in listing.nodes for job in node.jobs if job.status is failed or job.status is partially]
