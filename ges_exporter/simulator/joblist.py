"""A list of jobs as one node, or one task centre, keeps it: it grows, is ordered, and is pruned."""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Callable, Iterable, Iterator
from typing import Literal
from zlib import crc32

from ges_exporter.simulator.jobs import Job, Plan

Order = Literal["newest", "oldest", "shuffled"]
Clock = Callable[[], float]
"""Returns Unix seconds."""


class JobList:
    """Jobs by the clock: what is planned enters when its time has come, what is too old leaves.

    Set ``order``, ``cap`` (the most jobs kept) and ``max_age`` (seconds after the end) at any time; pruning takes
    finished jobs only, the oldest first. ``follow`` gives it a timetable.
    """

    def __init__(self, clock: Clock, new_id: Callable[[], str]) -> None:
        self.order: Order = "newest"
        self.cap: int | None = None
        self.max_age: float | None = None
        self._ever: dict[str, Job] = {}
        self._clock = clock
        self._new_id = new_id
        self._tie = itertools.count()
        self._live: list[Job] = []
        self._planned: list[tuple[float, int, Job]] = []
        self._leaving: list[tuple[float, int, Job]] = []
        self._timetable: Iterator[tuple[float, Plan]] = iter(())
        self._next: tuple[float, Plan] | None = None

    def follow(self, timetable: Iterable[tuple[float, Plan]]) -> None:
        """Take jobs from ``timetable``: (Unix seconds at which it appears, plan), in the order of time."""
        self._timetable = iter(timetable)
        self._next = next(self._timetable, None)

    def submit(self, plan: Plan) -> Job:
        """Add the job of ``plan``, reckoned from now."""
        job = Job.planned(plan, plan.id or self._new_id(), self._clock() + plan.after)
        self.put(job)
        return job

    def put(self, job: Job) -> None:
        """Add ``job``, a new one or one of another node."""
        heapq.heappush(self._planned, (job.appears, next(self._tie), job))

    def restore(self, job: Job) -> None:
        """Put a removed or pruned job back in its place."""
        job.leaves = math.inf
        self.put(job)

    def finish(self, job_id: str, outcome: str = "success", reason: str = "") -> Job:
        """End a job now; KeyError if there never was such a job."""
        now = self._advance()
        job = self._ever[job_id]
        job.end(now, outcome, reason)
        return job

    def remove(self, job_id: str) -> Job:
        """Take a job out of the list, cancelled if it was active; KeyError if it was never there."""
        now = self._advance()
        job = self._ever[job_id]
        job.leaves = now
        self._live = [other for other in self._live if other is not job]
        return job

    def prune(self, keep: int) -> None:
        """Take the oldest finished jobs out until ``keep`` are left."""
        now = self._advance()
        self._drop_oldest(len(self._live) - keep, now)

    def visible(self) -> list[Job]:
        """The jobs in the list now, in its order."""
        self._advance()
        if self.order == "newest":
            return self._live[::-1]
        if self.order == "oldest":
            return self._live[:]
        return sorted(self._live, key=lambda job: crc32(job.id.encode()))

    def find(self, job_id: str) -> Job | None:
        """The job in the list now that has this id."""
        self._advance()
        job = self._ever.get(job_id)
        return job if job is not None and job in self._live else None

    def ever(self) -> dict[str, Job]:
        """All jobs that ever were in the list, by id."""
        self._advance()
        return self._ever

    def _advance(self) -> float:
        now = self._clock()
        while self._next is not None and self._next[0] <= now:
            appears, plan = self._next
            self.put(Job.planned(plan, plan.id or self._new_id(), appears))
            self._next = next(self._timetable, None)
        while self._planned and self._planned[0][0] <= now:
            self._enter(heapq.heappop(self._planned)[2])
        while self._leaving and self._leaving[0][0] <= now:
            gone = heapq.heappop(self._leaving)[2]
            self._live = [job for job in self._live if job is not gone or job.leaves > now]
        self._prune(now)
        return now

    def _enter(self, job: Job) -> None:
        place = len(self._live)
        while place and self._live[place - 1].appears > job.appears:
            place -= 1
        self._live.insert(place, job)
        self._ever[job.id] = job
        if job.leaves < math.inf:
            heapq.heappush(self._leaving, (job.leaves, next(self._tie), job))

    def _prune(self, now: float) -> None:
        if self.cap is not None:
            self._drop_oldest(len(self._live) - self.cap, now)
        if self.max_age is not None:
            oldest = now - self.max_age
            if self._live and self._live[0].appears < oldest:
                self._live = [job for job in self._live if job.ends >= oldest]

    def _drop_oldest(self, count: int, now: float) -> None:
        if count <= 0:
            return
        kept: list[Job] = []
        place = 0
        while count and place < len(self._live):
            job = self._live[place]
            place += 1
            if job.finished(now):
                count -= 1
            else:
                kept.append(job)
        self._live[:place] = kept
