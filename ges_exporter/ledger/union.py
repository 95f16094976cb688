"""The lists of a target's nodes, united by job id."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from ges_exporter.ledger.gauges import Mark
from ges_exporter.model import Job, Listing, Status


class _Node(NamedTuple):
    """What one endpoint has shown."""

    at: float
    """Unix seconds."""
    jobs: Mapping[str, Job]
    active: Sequence[str]
    """The ids of the jobs that are not finished there."""
    whole: float
    """When it was listed whole (Unix seconds)."""


class NodeRecall:
    """What a short listing of one of several nodes need not read again: it goes by what that node has shown itself."""

    def __init__(self, node: _Node, known: Mapping[str, Mark]) -> None:
        self.active = node.active
        """The ids of the jobs that it listed and that were not finished there."""
        self._jobs = node.jobs
        self._known = known

    def knows(self, job_id: str) -> bool:
        """Whether this node has listed the job, and did when all was listed."""
        return job_id in self._jobs

    def settled(self, job: Job) -> bool:
        """Whether this node has listed the job finished as it is now, and it is counted."""
        own = self._jobs.get(job.id)
        if own is None or own.status is not job.status or not own.finished or own.status is Status.UNKNOWN:
            return False
        mark = self._known.get(job.id)
        return mark is not None and mark.counted


class Union:
    """The newest records of all endpoints; those of a node that is down stay for a while."""

    def __init__(self) -> None:
        self.jobs: Mapping[str, Job] = {}
        """What the newest listing shows."""
        self.lone = True
        """Whether there is only one endpoint."""
        self._nodes: dict[str, _Node] = {}
        self._told: Mapping[str, Sequence[Job]] = {}
        """What each endpoint told in the newest listing."""

    def take(self, listing: Listing, now: float, keep: float) -> None:
        """Takes a listing; what a node that is down has shown stays for ``keep`` seconds."""
        self.lone = len(listing.nodes) == 1
        self._told = {node.endpoint: node.jobs for node in listing.nodes if not node.reason}
        first: Mapping[str, Job] = {}
        for node in listing.nodes:
            if not node.reason:
                jobs = _shared(_by_id(node.jobs), first)
                before = self._nodes.get(node.endpoint) if node.short else None
                # Of a lone one nothing is kept for the next listing, however it is made.
                shown = _Node(now, jobs, [], now) if self.lone else _shown(now, jobs, before)
                self._nodes[node.endpoint] = shown
                first = first or shown.jobs
        endpoints = {node.endpoint for node in listing.nodes}
        self._nodes = {
            endpoint: node for endpoint, node in self._nodes.items() if endpoint in endpoints and now - node.at <= keep
        }
        lists = [node.jobs for node in self._nodes.values()]
        self.jobs = lists[0] if len(lists) == 1 else _united(job for jobs in lists for job in jobs.values())

    @property
    def whole(self) -> float:
        """Since when no node has been listed whole again, of the one where that is longest ago (Unix seconds)."""
        return min((node.whole for node in self._nodes.values()), default=0.0)

    def endpoints_of(self, identity: str) -> Sequence[str]:
        """Returns the endpoints that show a job."""
        return [endpoint for endpoint, node in self._nodes.items() if identity in node.jobs]

    def recall(self, endpoint: str, known: Mapping[str, Mark]) -> NodeRecall | None:
        """Returns what a short listing of a node need not read again; None where it has to be listed whole."""
        node = self._nodes.get(endpoint)
        return None if node is None else NodeRecall(node, known)

    def shown_by(self, news: Sequence[Job]) -> Iterator[tuple[str, Iterable[Job]]]:
        """Returns each endpoint with the jobs whose times may be news of it."""
        for endpoint in self._nodes:
            # Of a lone node, what is known has told its times before; of others another node may have told it.
            yield endpoint, (news if self.lone else self._told.get(endpoint, ()))

    def release(self) -> None:
        """Lets go of what will not be needed, should a node be down next time: of a lone one, of everything."""
        self.jobs, self._told = {}, {}
        if self.lone:
            self._nodes = {}


def _shown(now: float, jobs: Mapping[str, Job], before: _Node | None) -> _Node:
    """Returns what a node has shown, what a short listing leaves out included."""
    active = [identity for identity, job in jobs.items() if not job.finished]
    if before is None:
        return _Node(now, jobs, active, now)
    still = [identity for identity in before.active if identity not in jobs]
    return _Node(now, {**before.jobs, **jobs}, [*still, *active], before.whole)


def _shared(jobs: Mapping[str, Job], others: Mapping[str, Job]) -> Mapping[str, Job]:
    """Returns the same jobs, those that another node shows in the same way as one record in memory."""
    if not others:
        return jobs
    return {identity: other if (other := others.get(identity)) == job else job for identity, job in jobs.items()}


def _by_id(records: Sequence[Job]) -> dict[str, Job]:
    """Returns the jobs of one list, in which most have a single record."""
    jobs = {job.id: job for job in records}
    return jobs if len(jobs) == len(records) else _united(records)


def _united(records: Iterable[Job]) -> dict[str, Job]:
    """Unites records: of one job's, the more advanced status wins, then the later record."""
    united: dict[str, Job] = {}
    for job in records:
        known = united.setdefault(job.id, job)
        if known is not job and job.advance >= known.advance:
            united[job.id] = job
    return united
