"""When a login that failed may be tried again."""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from ges_exporter.auth.login import Failure
from ges_exporter.errors import AuthFailed

SURE = 60.0
"""Seconds for which a password that IAM took is known to be right."""
PRECEDENCE = 60.0
"""Seconds for which those go first that were refused less often."""


class Backoff:
    """A wait of ``first`` seconds that doubles up to ``most``; times are those of a monotonic clock."""

    def __init__(self, first: float, most: float) -> None:
        self._first = first
        self._most = most
        self._pause = first
        self._until = -math.inf

    def active(self, now: float, longer: float = 0.0) -> bool:
        """Whether it is still too early to try, or was until ``longer`` seconds ago."""
        return now < self._until + longer

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


class Account:
    """One user at IAM, whichever projects the tokens are for: IAM counts wrong passwords by user, and locks it.

    A password that IAM took within the last minute is tried for all projects at once; any other for one, and the rest
    wait for what becomes of it. After a refusal that speaks of the user, none may try before a growing while is over.
    Then, for a minute, only those may that were refused least often: a user without rights in a project may be refused
    in the same words. One success lets the others try again; from then on projects that have had no token are refused
    for themselves alone.
    """

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._hold = Backoff(60, 3600)
        self._taken = ""
        self._taken_for: set[object] = set()
        self._sure_until = -math.inf
        self._refused = ""
        self._failure: Failure | None = None
        self._refusals: Counter[object] = Counter()

    def __repr__(self) -> str:
        return "<Account>"

    def join(self, asker: object) -> None:
        """Note who wants tokens for a project."""
        self._refusals[asker] += 0

    def leave(self, asker: object) -> None:
        """Note that they want no more."""
        self._refusals.pop(asker, None)
        self._taken_for.discard(asker)

    def held(self, asker: object, password: str, now: float) -> Failure | None:
        """Returns the refusal because of which one may not try a password yet."""
        if self._failure is None or password != self._refused:
            return None
        fewest = min(self._refusals.values(), default=0)
        # Not for longer: who was refused less often may never ask.
        first = PRECEDENCE if self._refusals[asker] > fewest else 0.0
        return self._failure if self._hold.active(now, first) else None

    @asynccontextmanager
    async def turn(self, password: str, monotonic: Callable[[], float]) -> AsyncIterator[None]:
        """Waits until a password may be tried: what is in doubt is tried by one at a time."""
        async with self._turn:
            if password != self._taken or monotonic() >= self._sure_until:
                yield
                return
        yield

    def refused(self, asker: object, password: str, failure: Failure, now: float) -> None:
        """Note that IAM refused a password, or the user that project."""
        if not failure.of_user or (password == self._taken and asker not in self._taken_for):
            return
        if password != self._refused:
            self._forget()
        self._sure_until = -math.inf
        self._refused, self._failure = password, failure
        self._refusals[asker] += 1
        self._hold.grow(now, failure.retry_after)

    def succeeded(self, asker: object, password: str, now: float) -> None:
        """Note that IAM took a password for a project."""
        self._forget()
        if password != self._taken:
            self._taken, self._taken_for = password, set()
        self._taken_for.add(asker)
        self._sure_until = now + SURE

    def _forget(self) -> None:
        self._failure, self._refused = None, ""
        self._refusals = Counter(dict.fromkeys(self._refusals, 0))
        self._hold.reset()
