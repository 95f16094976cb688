"""The lists of a target's nodes, united by job id."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from ges_exporter.model import Job, Listing


class Union:
    """The newest records of all endpoints; those of a node that is down stay for a while."""

    def __init__(self) -> None:
        self.jobs: Mapping[str, Job] = {}
        """What the newest listing shows."""
        self._nodes: dict[str, tuple[float, Mapping[str, Job]]] = {}
        self._lone = True

    def take(self, listing: Listing, now: float, keep: float) -> None:
        """Takes a listing; what a node that is down has shown stays for ``keep`` seconds."""
        first: Mapping[str, Job] = {}
        for node in listing.nodes:
            if not node.reason:
                jobs = by_id(node.jobs)
                self._nodes[node.endpoint] = (now, _shared(jobs, first))
                first = first or jobs
        self._lone = len(listing.nodes) == 1
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

    def shown_by(self, news: Sequence[Job]) -> Iterator[tuple[str, Iterable[Job]]]:
        """Returns each endpoint with the jobs whose times may be news of it."""
        for endpoint, (_, jobs) in self._nodes.items():
            # Of a lone node, what is known has told its times before; of others another node may have told it.
            yield endpoint, (news if self._lone else jobs.values())

    def release(self) -> None:
        """Lets go of what will not be needed, should a node be down next time: of a lone one, of everything."""
        self.jobs = {}
        if self._lone:
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
