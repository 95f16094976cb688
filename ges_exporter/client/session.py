"""One listing of a target under way: what it has cost, and how long it is waited for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from ges_exporter.deadline import Deadline


class Session:
    """What one listing of a target has cost, and how long it is waited for."""

    def __init__(self, deadline: Deadline) -> None:
        self.deadline = deadline
        self.requests = 0
        self.answered = asyncio.Event()
        """Whether one of several nodes has: what another fails at is not worth another try then."""
        self.give_place: Callable[[], None] = lambda: None
        """Lets another target be asked in place of this one, for which there is nothing to do but wait."""
        self._ends = [deadline.at]
        """When each scrape goes that waits for it."""
        self._half: asyncio.Timeout | None = None

    def join(self, at: float) -> None:
        """Lets another scrape wait for it, which goes ``at`` a moment of the event loop's clock."""
        self.deadline.extend(at)
        self._ends.append(at)
        if self._half is not None and not self._half.expired():
            now = asyncio.get_running_loop().time()
            self._half.reschedule(min(self._half.when() or at, now + (at - now) / 2))

    @property
    def remaining(self) -> float:
        """Seconds left to the scrape that goes first, of those that have not gone yet."""
        now = asyncio.get_running_loop().time()
        return min((end for end in self._ends if end > now), default=now) - now

    @asynccontextmanager
    async def halfway(self) -> AsyncIterator[float]:
        """Ends what runs inside when half of the time is over that is left to the scrape that goes first.

        Yields how many seconds that are.
        """
        half = self.remaining / 2
        with suppress(TimeoutError):
            async with asyncio.timeout(half) as self._half:
                yield half
        self._half = None

    async def is_answered_within(self, seconds: float) -> bool:
        """Whether one of several nodes has answered; waits for that, but no longer than ``seconds``."""
        try:
            async with asyncio.timeout(seconds):
                return await self.answered.wait()
        except TimeoutError:
            return False
