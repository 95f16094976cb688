"""Discovery: the graphs of projects, found through the management plane beside the scrapes."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Iterator, Mapping

from ges_exporter.client import Finder
from ges_exporter.config import Config, TargetSettings, targets_of
from ges_exporter.discovery.search import Search

__all__ = ["Discovery", "Search"]

SPREAD = 0.1
"""Seconds for each project over which the first searches are spread."""


class Discovery:
    """The searches of all projects that have it switched on; to be made within a running event loop.

    Searches of ``previous`` that still ask the same place go on where they were, with what they were told last.
    ``sources`` tells of a project which graph of a name was watched last.
    """

    def __init__(  # noqa: PLR0913 - the world is injected
        self,
        config: Config,
        finder: Finder,
        *,
        clean: Callable[[str], str],
        on_change: Callable[[], None],
        clock: Callable[[], float] = time.time,
        jitter: Callable[[], float] = random.random,
        previous: Discovery | None = None,
        sources: Callable[[str], Mapping[str, str]] = lambda _project: {},
    ) -> None:
        self._config = config
        self.searches: dict[str, Search] = {}
        """By the project's name."""
        for project in config.projects:
            if project.discovers:
                search = Search(
                    project,
                    config.credentials,
                    finder,
                    clean=clean,
                    on_change=on_change,
                    clock=clock,
                    jitter=jitter,
                    sources=sources(project.name),
                )
                if previous is not None and (before := previous.searches.get(project.name)) is not None:
                    search.follow(before)
                self.searches[project.name] = search
        spread = SPREAD * (len(self.searches) - 1)
        self._tasks = [search.start(spread * jitter()) for search in self.searches.values()]

    def targets(self) -> Iterator[TargetSettings]:
        """Yields all targets: of each project those configured, then those found, of which the former win."""
        for project in self._config.projects:
            configured = list(targets_of(project, self._config.credentials))
            yield from configured
            if (search := self.searches.get(project.name)) is not None:
                known = {settings.target for settings in configured}
                yield from (found for found in search.finding.targets if found.target not in known)

    @property
    def has_looked(self) -> bool:
        """Whether each search has been tried once."""
        return all(search.looked.is_set() for search in self.searches.values())

    async def looked(self, seconds: float) -> bool:
        """Whether each search has been tried once; waits for that, but no longer than ``seconds``."""
        try:
            async with asyncio.timeout(seconds):
                await asyncio.gather(*(search.looked.wait() for search in self.searches.values()))
        except TimeoutError:
            return False
        return True

    def check(self) -> None:
        """Raises the exception by which a search has ended, which is a bug: none of them ends by itself."""
        for task in self._tasks:
            if task.done() and not task.cancelled():
                task.result()

    async def aclose(self) -> None:
        """Ends the searches."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
