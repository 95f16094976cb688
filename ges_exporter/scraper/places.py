"""The places under ``scrape.concurrency``, shared fairly."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

SLIGHT = 0.1
"""Of its share: whoever has no more than this left is not looked at again."""


def waited() -> float:
    """Returns the seconds, from some moment on, in which the event loop had nothing to do but wait for others."""
    return asyncio.get_running_loop().time() - time.thread_time()


class Places:
    """So many targets may be asked at the same time; whoever came first is served first."""

    def __init__(self, number: int, waited: Callable[[], float] = waited) -> None:
        self._free = asyncio.Semaphore(number)
        self._waited = waited

    @asynccontextmanager
    async def hold(self, share: float) -> AsyncIterator[Turn]:
        """Waits for a place and holds it, for ``share`` seconds at most: then it goes to the next, and work goes on.

        Seconds in which this process is busy do not count: they are not the target's fault, and were more targets asked
        at the same time, each would take longer.
        """
        await self._free.acquire()
        turn = Turn(self._free, share, self._waited)
        try:
            yield turn
        finally:
            turn.end()


class Turn:
    """A place being held."""

    def __init__(self, free: asyncio.Semaphore, share: float, waited: Callable[[], float]) -> None:
        self._free = free
        self._share = share
        self._waited = waited
        self._held = True
        self._began = waited()
        self._timer = asyncio.get_running_loop().call_later(share, self._look)

    def end(self) -> None:
        """Gives the place to the next, if that has not happened yet."""
        self._timer.cancel()
        if self._held:
            self._held = False
            self._free.release()

    def _look(self) -> None:
        left = self._share - (self._waited() - self._began)
        if left <= SLIGHT * self._share:
            self.end()
        else:
            self._timer = asyncio.get_running_loop().call_later(left, self._look)
