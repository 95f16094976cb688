"""How a job list is read page by page, trusting nothing: generators that ask and are told, without any I/O.

``limit`` and ``offset`` may be ignored, totals may be absent, wrong or those of the page, pages may overlap, and the
list moves while it is read. So the only end is a page that shows nothing new, and each page overlaps the one before by
one record: where that record is not in it, the list has lost records in between, and reading begins again, once.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import NamedTuple

from ges_exporter.client.habits import Habits
from ges_exporter.model import Job, JobPage


class Ask(NamedTuple):
    """The next page wanted."""

    offset: int
    limit: int


class Collected(NamedTuple):
    """What the pages held."""

    jobs: list[Job]
    complete: bool
    truncated: bool
    total: int | None


Pages = Generator[Ask, JobPage, Collected]


class _Lost(Exception):
    """A page did not show the last record of the page before."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        super().__init__()
        self.jobs = jobs
        """What had been shown until then."""


def read_all(limit: int, max_jobs: int, habits: Habits) -> Pages:
    """Asks for all pages of ``limit`` records (two at least, so that they can overlap), up to ``max_jobs`` jobs."""
    limit = max(limit, 2)
    try:
        collected = yield from _pass(limit, max_jobs, habits, strict=True)
    except _Lost as lost:
        collected = yield from _pass(limit, max_jobs, habits, strict=False)
        seen = {job.id for job in collected.jobs}
        # What has left the list since then may never be shown again.
        collected.jobs.extend(job for job in lost.jobs if job.id not in seen)
    return _within(max_jobs, collected)


def _pass(limit: int, max_jobs: int, habits: Habits, *, strict: bool) -> Pages:
    page = first = yield Ask(0, limit)
    jobs, seen, rows, complete, cut = list(page.jobs), _ids(page), rows_of(page), page.left_out == 0, False
    while page.jobs and len(seen) <= max_jobs and not _whole(habits, page, rows, limit):
        # A page of one record can be followed, but not overlapped: nothing shows that none was lost in between.
        before, offset = page, rows - min(rows_of(page) - 1, 1)
        page = yield Ask(offset, limit)
        ids, overlaps = _ids(page), offset < rows
        complete = complete and page.left_out == 0
        if overlaps and before.jobs[-1].id not in ids:
            if strict and not before.left_out and not page.left_out:
                raise _Lost([*jobs, *page.jobs])
            complete = False
        if ids <= seen:
            habits.ignores_offset = _same(page, first)
            complete = complete and _is_end(page, first, limit, len(seen))
            cut = habits.ignores_offset and rows_of(page) == limit and _claims_more(page, len(seen))
            break
        habits.ignores_offset = False
        complete = complete and overlaps
        rows = offset + rows_of(page)
        jobs += page.jobs
        seen |= ids
    return Collected(jobs, complete, truncated=cut, total=first.total)


def _within(max_jobs: int, collected: Collected) -> Collected:
    ids = list(dict.fromkeys(job.id for job in collected.jobs))
    if len(ids) <= max_jobs:
        return collected
    kept = set(ids[:max_jobs])
    return Collected([job for job in collected.jobs if job.id in kept], False, True, collected.total)


def rows_of(page: JobPage) -> int:
    """Returns how many records an answer held, those that could not be read included."""
    return len(page.jobs) + page.left_out


def _ids(page: JobPage) -> set[str]:
    return {job.id for job in page.jobs}


def _whole(habits: Habits, page: JobPage, known: int, limit: int) -> bool:
    """Whether an endpoint that ignores offsets has shown everything.

    A page that is no larger than was asked for may be cut by a limit of the server's own, and a short list looks the
    same wherever it is made to begin: only who ignores the limit, too, is not asked again each time.
    """
    return habits.ignores_offset and rows_of(page) > limit and not _claims_more(page, known)


def _claims_more(page: JobPage, known: int) -> bool:
    return page.total is not None and page.total > known


def _same(page: JobPage, first: JobPage) -> bool:
    return len(first.jobs) > 1 and [job.id for job in page.jobs] == [job.id for job in first.jobs]


def _is_end(page: JobPage, first: JobPage, limit: int, known: int) -> bool:
    """Whether a page that shows nothing new proves that there is no more.

    One that holds more than the overlap may have been filled with what new jobs have pushed down.
    """
    if rows_of(page) <= 1:
        return True
    full = rows_of(page) == limit or (rows_of(page) == rows_of(first) and not _same(page, first))
    return not full and not _claims_more(page, known)
