"""One target that is watched: its one listing under way, and what the last one came to."""

from __future__ import annotations

import asyncio
from collections import Counter

from ges_exporter.client import Client, Session
from ges_exporter.config import TargetSettings
from ges_exporter.deadline import Deadline
from ges_exporter.ledger import View
from ges_exporter.ledger.view import LedgerView
from ges_exporter.model import Target
from ges_exporter.recent import Recent
from ges_exporter.scraper.result import Result


class Released:
    """What the ledger remembers of a target, as far as it is on disk; one for all watches that a target ever has."""

    def __init__(self, view: LedgerView | None) -> None:
        self.view = view


class Watch:
    """The scraper's side of a target."""

    def __init__(self, settings: TargetSettings, client: Client, released: Released, recent: Recent) -> None:
        self.settings = settings
        self.client = client
        self.released = released
        self.recent = recent
        self.errors: Counter[str] = Counter()
        """Failed listings by reason."""
        self.last: Result | None = None
        self.task: asyncio.Task[Result] | None = None
        self.session = Session(Deadline(0.0))
        """Of the listing under way."""
        self.began = 0.0
        """When that was begun, by the clock of the event loop."""
        self.given_up = False
        """Whether a scrape could not wait for that listing."""
        self.before: tuple[asyncio.Task[Result], ...] = ()
        """The listings that were under way when this took the place of another watch of the same target."""

    @property
    def target(self) -> Target:
        """Which one it is."""
        return self.settings.target

    @property
    def under_way(self) -> bool:
        """Whether a listing is."""
        return self.task is not None and not self.task.done()

    def follow(self, other: Watch) -> None:
        """Takes the place of another watch of the same target, with all that it has seen."""
        self.errors, self.last = other.errors, other.last
        self.recent, self.released = other.recent, other.released
        # The other may have been replaced before it could wait for those that it found under way itself.
        self.before = tuple(task for task in (*other.before, other.task) if task is not None and not task.done())

    async def finish(self) -> None:
        """Waits for the listing under way, however it ends, and closes the connections."""
        if self.task is not None:
            await asyncio.wait([self.task])
        await self.client.aclose()

    @property
    def rank(self) -> tuple[int, float]:
        """Its turn in the next scrape: those never asked first, those that timed out last.

        Of those, who had least time comes first: most likely to hang is who had all the time that there was.
        """
        if self.last is None or not self.last.asked:
            return 0, 0.0
        return (2, self.last.seconds) if self.last.reason == "timeout" else (1, 0.0)

    def failed(self, reason: str, message: str, at: float, *, asked: bool = True) -> Result:
        """Returns the result of a scrape that has no listing to show, and in which one is, or was to be, under way."""
        endpoints = tuple((endpoint, False) for endpoint in self.settings.endpoints)
        view = View(self.target, None, self.released.view)
        return Result(
            view,
            up=False,
            at=at,
            reason=reason,
            message=message,
            seconds=asyncio.get_running_loop().time() - self.began,
            requests=self.session.requests,
            nodes=endpoints,
            asked=asked,
        )
