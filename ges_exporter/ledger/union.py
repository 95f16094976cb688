"""The lists of a target's nodes, united by job id."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from ges_exporter.ledger.gauges import Mark
from ges_exporter.model import Job, Listing, Status


class NodeRecall:
    """What a short listing of one of several nodes need not read again: ``jobs`` as that node has shown them."""

    def __init__(self, jobs: Mapping[str, Job], known: Mapping[str, Mark]) -> None:
        self._jobs = jobs
        self._known = known
        self.active = [identity for identity, job in jobs.items() if not job.finished]
        """The ids of the jobs that it listed and that were not finished there."""

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
        self._nodes: dict[str, tuple[float, Mapping[str, Job]]] = {}

    def take(self, listing: Listing, now: float, keep: float) -> None:
        """Takes a listing; what a node that is down has shown stays for ``keep`` seconds."""
        self.lone = len(listing.nodes) == 1
        first: Mapping[str, Job] = {}
        for node in listing.nodes:
            if not node.reason:
                jobs = _shared(by_id(node.jobs), first)
                if node.short and not self.lone and node.endpoint in self._nodes:
                    jobs = {**self._nodes[node.endpoint][1], **jobs}
                self._nodes[node.endpoint] = (now, jobs)
                first = first or jobs
        endpoints = {node.endpoint for node in listing.nodes}
        self._nodes = {
            endpoint: (time, jobs)
            for endpoint, (time, jobs) in self._nodes.items()
            if endpoint in endpoints and now - time <= keep
        }
        lists = [jobs for _, jobs in self._nodes.values()]
        self.jobs = lists[0] if len(lists) == 1 else by_id(job for jobs in lists for job in jobs.values())

    def endpoints_of(self, identity: str) -> Sequence[str]:
        """Returns the endpoints that show a job."""
        return [endpoint for endpoint, (_, jobs) in self._nodes.items() if identity in jobs]

    def recall(self, endpoint: str, known: Mapping[str, Mark]) -> NodeRecall | None:
        """Returns what a short listing of a node need not read again; None where it has to be listed whole."""
        node = self._nodes.get(endpoint)
        return None if node is None else NodeRecall(node[1], known)

    def shown_by(self, news: Sequence[Job]) -> Iterator[tuple[str, Iterable[Job]]]:
        """Returns each endpoint with the jobs whose times may be news of it."""
        for endpoint, (_, jobs) in self._nodes.items():
            # Of a lone node, what is known has told its times before; of others another node may have told it.
            yield endpoint, (news if self.lone else jobs.values())

    def release(self) -> None:
        """Lets go of what will not be needed, should a node be down next time: of a lone one, of everything."""
        self.jobs = {}
        if self.lone:
            self._nodes = {}


def _shared(jobs: Mapping[str, Job], others: Mapping[str, Job]) -> Mapping[str, Job]:
    """Returns the same jobs, those that another node shows in the same way as one record in memory."""
    if not others:
        return jobs
    return {identity: other if (other := others.get(identity)) == job else job for identity, job in jobs.items()}


def by_id(jobs: Iterable[Job]) -> dict[str, Job]:
    """Unites records: of one job's, the more advanced status wins, then the later record."""
    jobs = list(jobs)
    united = {job.id: job for job in jobs}
    if len(united) == len(jobs):
        return united
    united = {}
    for job in jobs:
        known = united.get(job.id)
        if known is None or job.advance >= known.advance:
            united[job.id] = job
    return united
