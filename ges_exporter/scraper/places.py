"""The places under ``scrape.concurrency``, shared fairly."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Places:
    """So many targets may be asked at the same time; whoever came first is served first."""

    def __init__(self, number: int) -> None:
        self._free = asyncio.Semaphore(number)

    @asynccontextmanager
    async def hold(self, share: float) -> AsyncIterator[None]:
        """Waits for a place and holds it, for ``share`` seconds at most: then it goes to the next, and work goes on."""
        await self._free.acquire()
        given = asyncio.Event()

        def give() -> None:
            if not given.is_set():
                given.set()
                self._free.release()

        timer = asyncio.get_running_loop().call_later(share, give)
        try:
            yield
        finally:
            timer.cancel()
            give()
