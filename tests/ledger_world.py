"""A true world of jobs, and the lists in which it is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from random import Random

import msgspec

from ges_exporter.client import Recall
from ges_exporter.dialects import DIALECTS
from ges_exporter.model import ImportFile, Job, Kind, NodeListing, Plane, Status, Target, Time
from tests.watching import OFFSET

ACTIVE = (Status.PENDING, Status.RUNNING)
OUTCOMES = (Status.SUCCESS, Status.FAILED, Status.PARTIALLY_FAILED, Status.COMPLETE, Status.UNKNOWN)
FAR = 1000 * 86400.0
WAYS = ("whole", "whole", "whole", "short", "truncated", "left out", "doubled", "behind", "failed")
"""How a target may answer."""


class Engine:
    """What is behind a target: jobs, and the lists of them that its nodes keep, newest first."""

    def __init__(self, target: Target, endpoints: Sequence[str], api: str) -> None:
        self.target = target
        self.api = DIALECTS[api].api
        self.jobs: dict[str, Job] = {}
        self.lists: dict[str, list[str]] = {endpoint: [] for endpoint in endpoints}
        self._away: dict[str, list[str]] = {endpoint: [] for endpoint in endpoints}

    def appear(self, chance: Random, now: float, ages: Sequence[float] = (0.0,)) -> None:
        """A few jobs appear, waiting, running, or already over for one of ``ages`` in seconds."""
        for _ in range(chance.randint(1, 3)):
            began = now - chance.choice(ages)
            identity = self._submit(chance, began)
            self._turn(identity, chance.choice([*ACTIVE, *OUTCOMES]), chance, began)
            for endpoint in [chance.choice(list(self.lists))] if chance.random() < 0.5 else self.lists:
                self.lists[endpoint].insert(0, identity)

    def go_on(self, chance: Random, now: float) -> None:
        """Some of those that wait begin to run, some that run end."""
        for job in list(self.jobs.values()):
            if job.status in ACTIVE and chance.random() < 0.6:
                self._turn(job.id, chance.choice([Status.RUNNING, *OUTCOMES]), chance, now)

    def prune(self, chance: Random, _now: float) -> None:
        """The oldest finished jobs leave for good."""
        for endpoint, listed in self.lists.items():
            over = [identity for identity in listed if self.jobs[identity].status not in ACTIVE]
            gone = set(over[chance.randint(0, 3) :])
            self.lists[endpoint] = [identity for identity in listed if identity not in gone]

    def leave(self, chance: Random, _now: float) -> None:
        """Any jobs, active ones too, are not in the lists for a while."""
        for endpoint, listed in self.lists.items():
            gone = [identity for identity in listed if chance.random() < 0.4]
            self._away[endpoint] += gone
            self.lists[endpoint] = [identity for identity in listed if identity not in gone]

    def come_back(self, _chance: Random, _now: float) -> None:
        """Jobs that were away are listed again, whatever has become of them."""
        for endpoint, away in self._away.items():
            self.lists[endpoint] += away
            away.clear()

    def fail_over(self, chance: Random, now: float) -> None:
        """Behind the same address are old jobs, never seen before; the others come back later, or never."""
        self.leave(chance, now)
        self.appear(chance, now, ages=(600.0, 3700.0, 86400.0))

    def answer(self, way: str, chance: Random, recall: Callable[[str], Recall | None]) -> list[NodeListing]:
        """What the nodes answer to one scrape; of two nodes one may fail. No ``recall``: it must not be short."""
        if len(self.lists) == 1 or way in {"whole", "failed"}:
            return [self._answer(endpoint, way, chance, recall(endpoint)) for endpoint in self.lists]
        ways = [chance.choice(["whole", "failed", way]) for _ in self.lists]
        return [
            self._answer(endpoint, one, chance, recall(endpoint))
            for endpoint, one in zip(self.lists, ways, strict=True)
        ]

    def _answer(self, endpoint: str, way: str, chance: Random, recall: Recall | None) -> NodeListing:
        listed = [self.jobs[identity] for identity in self.lists[endpoint]]
        jobs = chance.choice([listed, listed[::-1], chance.sample(listed, len(listed))])
        if way == "failed":
            return NodeListing(endpoint, reason="connect", message="refused")
        if way == "short" and recall is not None and (head := _head(jobs, chance, recall)) is not None:
            return NodeListing(endpoint, head, short=True)
        if way == "truncated":
            return NodeListing(endpoint, jobs[: chance.randint(0, len(jobs))], truncated=True)
        if way == "left out":
            return NodeListing(endpoint, [job for job in jobs if chance.random() < 0.7])
        if way == "doubled":
            jobs = chance.sample([*jobs, *map(_earlier, jobs)], 2 * len(jobs))
        if way == "behind":
            jobs = [_earlier(job) if chance.random() < 0.5 else job for job in jobs]
        return NodeListing(endpoint, jobs, complete=True)

    def _submit(self, chance: Random, began: float) -> str:
        identity = f"{self.target.graph}{len(self.jobs)}"
        importing = chance.random() < 0.4
        self.jobs[identity] = Job(
            identity,
            Status.PENDING,
            "ImportGraph" if importing else "Algorithm",
            "" if importing else chance.choice(["pagerank", "wcc"]),
            chance.choice(["movie", "fraud"]) if self.target.plane is Plane.MANAGEMENT else "",
            self._time(began - chance.choice([0, 5, 50]), chance),
            files=tuple(_files(chance)) if importing and self.api.reports_lines else (),
        )
        return identity

    def _turn(self, identity: str, status: Status, chance: Random, now: float) -> None:
        over = now + FAR if chance.random() < 0.03 else now
        end = None if status in ACTIVE else self._time(over, chance)
        self.jobs[identity] = msgspec.structs.replace(self.jobs[identity], status=status, end=end)

    def _time(self, seconds: float, chance: Random) -> Time | None:
        if not self.api.timed or chance.random() < 0.05:
            return None
        local = self.target.plane is Plane.SERVICE
        return Time(float(round(seconds + OFFSET * local)), local)


Change = Callable[[Engine, Random, float], None]
CHANGES: tuple[Change, ...] = (
    Engine.appear,
    Engine.go_on,
    Engine.prune,
    Engine.leave,
    Engine.come_back,
    Engine.fail_over,
)
"""What happens in the world."""


def _files(chance: Random) -> Iterable[ImportFile]:
    for kind in chance.sample(list(Kind), 2):
        lines, failed = chance.choice([None, 10, 20]), chance.choice([None, 0, 3])
        yield ImportFile(kind, chance.choice([Status.SUCCESS, Status.FAILED]), lines, failed)


def _head(jobs: Sequence[Job], chance: Random, recall: Recall) -> list[Job] | None:
    """What a short listing shows: all that is new or was active, and some more; None where only all will do."""
    wanted = set(recall.active)
    if not wanted <= {job.id for job in jobs}:
        return None
    return [job for job in jobs if job.id in wanted or not recall.settled(job) or chance.random() < 0.3]


def _earlier(job: Job) -> Job:
    """A job as it was before its end, for a node that is behind."""
    status = Status.RUNNING if job.status not in ACTIVE else Status.PENDING
    return msgspec.structs.replace(job, status=status, end=None)
