"""Short listings: what is new, and what was active, standing in for the whole of a long list that is newest first.

The head is read until a page holds nothing but finished jobs that are known. Each active job further down is looked for
in a small window around the place where it must be by now. Whatever does not fit (an active job that is not there, a
total that has grown by more than the head showed, a new job below a known one) calls for a full listing.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from typing import NamedTuple, Protocol

from ges_exporter.client.habits import HEAD, Habits
from ges_exporter.client.paging import Ask
from ges_exporter.model import Job, JobPage

WINDOW = 10
"""Jobs read around the place of an active one."""
MOST_WINDOWS = 50
"""More of them cost more than a page of the list."""


class Recall(Protocol):
    """What the ledger knows of the jobs that an endpoint lists."""

    def knows(self, job_id: str) -> bool:
        """Whether the job has been listed before, and was still there when all was listed."""

    def settled(self, job: Job) -> bool:
        """Whether the job is known, finished and counted, as it is listed now."""

    @property
    def active(self) -> Sequence[str]:
        """The ids of the jobs that were listed and not finished."""


class Short(NamedTuple):
    """What a short listing showed."""

    jobs: list[Job]
    total: int | None
    places: dict[str, int]


class _Unfit(Exception):
    """The list is not what a short listing takes it for."""


Pages = Generator[Ask, JobPage, Short | None]


def read_short(habits: Habits, recall: Recall, page_limit: int) -> Pages:
    """Asks for the head and for the active jobs; returns None where only a full listing will do."""
    try:
        return (yield from _read(habits, recall, page_limit))
    except _Unfit:
        return None


def _read(habits: Habits, recall: Recall, page_limit: int) -> Pages:
    head, total = yield from _head(habits, recall, page_limit)
    new = sum(1 for job in head if not recall.knows(job.id))
    if total is not None and habits.total is not None and total - habits.total > new:
        raise _Unfit
    places = {job.id: row for row, job in enumerate(head) if not job.finished}
    shown = {job.id for job in head}
    jobs = list(head)
    for window in _windows([identity for identity in recall.active if identity not in shown], habits, new):
        page = yield Ask(window[0], window[1] - window[0])
        _check_limit(habits, page, window[1] - window[0])
        for row, job in enumerate(page.jobs, window[0]):
            if job.id not in shown and not recall.knows(job.id):
                raise _Unfit
            if not job.finished:
                places[job.id] = row
        jobs += page.jobs
        shown |= {job.id for job in page.jobs}
    if any(identity not in shown for identity in recall.active):
        raise _Unfit
    return Short(jobs, total, places)


def _head(habits: Habits, recall: Recall, page_limit: int) -> Generator[Ask, JobPage, tuple[list[Job], int | None]]:
    head: dict[str, Job] = {}
    limit, offset = min(HEAD, page_limit), 0
    total: int | None = None
    while True:
        page = yield Ask(offset, limit)
        # That of the first page: where totals mean the page, pages of one size can be compared.
        total = total if head else page.total
        _check_limit(habits, page, limit)
        fresh = [job for job in page.jobs if job.id not in head]
        if not fresh or page.left_out:
            raise _Unfit
        _check_order(head, fresh, recall)
        head |= {job.id: job for job in page.jobs}
        if all(recall.settled(job) for job in page.jobs):
            return list(head.values()), total
        offset = len(head) - 1
        if not any(recall.knows(job.id) for job in fresh):
            limit = min(2 * limit, page_limit)


def _check_limit(habits: Habits, page: JobPage, limit: int) -> None:
    if len(page.jobs) > limit:
        habits.ignores_limit = True
        raise _Unfit


def _check_order(head: dict[str, Job], fresh: Sequence[Job], recall: Recall) -> None:
    """New jobs come before those that are known, or the list is not newest first any more."""
    known_before = any(recall.knows(identity) for identity in head)
    for job in fresh:
        if recall.knows(job.id):
            known_before = True
        elif known_before:
            raise _Unfit


def _windows(wanted: Sequence[str], habits: Habits, shift: int) -> Iterator[tuple[int, int]]:
    """Yields ranges of rows that must hold the wanted jobs, which ``shift`` new ones have pushed down."""
    if any(identity not in habits.places for identity in wanted):
        raise _Unfit
    windows: list[tuple[int, int]] = []
    for row in sorted(habits.places[identity] + shift for identity in wanted):
        if not windows or row >= windows[-1][1]:
            begin = max(row - WINDOW // 2, 0)
            windows.append((begin, begin + WINDOW))
    if len(windows) > MOST_WINDOWS:
        raise _Unfit
    yield from windows
