"""A token bucket: so many requests at once, then one in each interval."""

from __future__ import annotations

import time
from collections.abc import Callable


class Bucket:
    """Holds ``burst`` tokens at most, and gets one each ``interval`` seconds; an interval of 0 is no limit."""

    def __init__(self, interval: float, burst: int, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._interval = interval
        self._burst = burst
        self._monotonic = monotonic
        self._tokens = float(burst)
        self._at = monotonic()

    def take(self) -> bool:
        """Takes a token, if there is one."""
        if not self._interval:
            return True
        now = self._monotonic()
        self._tokens = min(float(self._burst), self._tokens + (now - self._at) / self._interval)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
