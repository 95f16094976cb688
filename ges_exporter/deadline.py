"""A moment by which something must be over, and which may be put off while it is under way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Deadline:
    """A moment on the event loop's clock; whoever works within it is put off with it."""

    def __init__(self, at: float) -> None:
        self.at = at
        self._bounds: set[asyncio.Timeout] = set()

    @property
    def remaining(self) -> float:
        """Seconds left; negative once it is over."""
        return self.at - asyncio.get_running_loop().time()

    def extend(self, at: float) -> None:
        """Puts the deadline off; an earlier moment changes nothing."""
        if at > self.at:
            self.at = at
            for bound in self._bounds:
                # What is being cancelled already cannot be put off any more.
                if not bound.expired():
                    bound.reschedule(at)

    @asynccontextmanager
    async def bound(self) -> AsyncIterator[None]:
        """Cancels what runs inside when the deadline comes, and raises `TimeoutError`."""
        async with asyncio.timeout_at(self.at) as timeout:
            self._bounds.add(timeout)
            try:
                yield
            finally:
                self._bounds.discard(timeout)
