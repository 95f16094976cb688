"""One endpoint's list being read: drives the generators that want its pages, and counts what they hold."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from typing import TypeVar

from ges_exporter.client.paging import Ask, rows_of
from ges_exporter.model import JobPage

T = TypeVar("T")


class Reading:
    """Asks for each page by ``ask``; ``note`` is told of those that show something new."""

    def __init__(self, ask: Callable[[Ask], Awaitable[JobPage]], note: Callable[[JobPage], None]) -> None:
        self.records = 0
        """Records read."""
        self._ask = ask
        self._note = note
        self._seen: set[str] = set()

    async def drive(self, pages: Generator[Ask, JobPage, T]) -> T:
        """Asks for the pages that a generator wants, until it returns."""
        try:
            wanted = next(pages)
            while True:
                page = await self._ask(wanted)
                self._take(page)
                wanted = pages.send(page)
        except StopIteration as stop:
            result: T = stop.value
            return result

    def _take(self, page: JobPage) -> None:
        """Counts the records of a page, and notes it: once, though pages overlap, and servers repeat them."""
        ids = {job.id for job in page.jobs}
        new = ids - self._seen
        if new or not ids:
            self.records += rows_of(page) - (len(ids) - len(new))
            self._note(page)
            self._seen |= new
