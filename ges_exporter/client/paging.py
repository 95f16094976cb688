"""How a job list is read page by page, trusting nothing: generators that ask and are told, without any I/O.

``limit`` and ``offset`` may be ignored, totals may be absent, wrong or those of the page, pages may overlap, and the
list moves while it is read. So the only end is a page that shows nothing new, and each page overlaps the one before by
one record: where that record is not in it, the list has lost records in between, and reading begins again, once.
"""

from __future__ import annotations

from collections.abc import Generator
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


def read_all(limit: int, max_jobs: int, habits: Habits) -> Pages:
    """Asks for all pages of ``limit`` records, up to ``max_jobs`` jobs."""
    try:
        return (yield from _pass(limit, max_jobs, habits, strict=True))
    except _Lost:
        return (yield from _pass(limit, max_jobs, habits, strict=False))


def _pass(limit: int, max_jobs: int, habits: Habits, *, strict: bool) -> Pages:
    page = yield Ask(0, limit)
    first, jobs, complete, rows = page.jobs, list(page.jobs), page.left_out == 0, rows_of(page)
    seen = {job.id for job in jobs}
    while page.jobs and len(seen) <= max_jobs and not _whole(habits, page, rows):
        last, offset = page.jobs[-1].id, rows - 1
        page = yield Ask(offset, limit)
        ids = {job.id for job in page.jobs}
        if last not in ids:
            if strict:
                raise _Lost
            complete = False
        complete = complete and page.left_out == 0
        if ids <= seen:
            habits.ignores_offset = len(first) > 1 and [job.id for job in page.jobs] == [job.id for job in first]
            break
        rows = offset + rows_of(page)
        jobs += page.jobs
        seen |= ids
    if len(seen) <= max_jobs:
        return Collected(jobs, complete, truncated=False, total=page.total)
    return Collected(jobs[:max_jobs], complete=False, truncated=True, total=page.total)


def rows_of(page: JobPage) -> int:
    """Returns how many records an answer held, those that could not be read included."""
    return len(page.jobs) + page.left_out


def _whole(habits: Habits, page: JobPage, known: int) -> bool:
    """Whether an endpoint that ignores offsets has shown everything; a total that claims more reopens the question."""
    return habits.ignores_offset and (page.total is None or page.total <= known)
