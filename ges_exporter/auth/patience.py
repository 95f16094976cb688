"""When a login that failed may be tried again."""

from __future__ import annotations

import math

from ges_exporter.auth.login import Failure
from ges_exporter.errors import AuthFailed


class Backoff:
    """A wait of ``first`` seconds that doubles up to ``most``; times are those of a monotonic clock."""

    def __init__(self, first: float, most: float) -> None:
        self._first = first
        self._most = most
        self._pause = first
        self._until = -math.inf

    def active(self, now: float) -> bool:
        """Whether it is still too early to try."""
        return now < self._until

    def grow(self, now: float, least: float = 0.0) -> None:
        """Note a failure; wait at least ``least`` seconds."""
        self._until = now + max(self._pause, least)
        self._pause = min(2 * self._pause, self._most)

    def reset(self) -> None:
        """Note a success."""
        self._pause = self._first
        self._until = -math.inf


class Patience:
    """Holds logins back after a failure: a refused password for 1 min to 1 h unless it changed, else 1 s to 1 min."""

    def __init__(self) -> None:
        self._refusals = Backoff(60, 3600)
        self._troubles = Backoff(1, 60)
        self._failure: Failure | None = None
        self._refused = ""

    def check(self, password: str, now: float) -> None:
        """Raise the last failure's error again if it is too early to try ``password``."""
        if self._failure is None:
            return
        if password != self._refused:
            self._refusals.reset()
        if self._refusals.active(now) or self._troubles.active(now):
            self._failure.raise_error()

    def failed(self, failure: Failure, password: str, now: float) -> None:
        """Note that a login failed."""
        self._failure = failure
        if isinstance(failure.error, AuthFailed):
            self._refused = password
            self._refusals.grow(now, failure.retry_after)
        else:
            self._troubles.grow(now, failure.retry_after)

    def succeeded(self) -> None:
        """Note that a login succeeded."""
        self._failure = None
        self._refused = ""
        self._refusals.reset()
        self._troubles.reset()
