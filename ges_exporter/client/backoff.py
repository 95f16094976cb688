"""What outlives the scrape of an endpoint: how long it is left alone after it failed, and how fast it answers."""

from __future__ import annotations

from ges_exporter.errors import ConnectFailed, HttpServerError, TargetError, Throttled

LONGEST_THROTTLED = 300.0
LONGEST_FAILING = 60.0
"""Seconds; an endpoint that is back must be seen soon."""
PATIENCE = 3
"""Failures in a row of an endpoint that is down before it is left alone at all."""


class Pace:
    """How fast one of a graph's nodes answers in full."""

    def __init__(self) -> None:
        self.took: dict[bool, float] = {}
        """Seconds, the last time it did; of short listings (True) and whole ones."""
        self.late = False
        """Whether it has been given up since."""


class Backoff:
    """The back-off of one target's endpoint; times in Unix seconds."""

    def __init__(self) -> None:
        self.pace = Pace()
        self.until = 0.0
        """Until when the endpoint is left alone; in the past if it is not."""
        self._failures = 0
        self._error: TargetError | None = None

    def check(self, now: float) -> None:
        """Raises the error that began a back-off for as long as it lasts."""
        if self.until > now + LONGEST_THROTTLED:
            # The clock has been set back since: no back-off lasts that long.
            self.until = 0.0
        if self._error is not None and now < self.until:
            raise type(self._error)(f"left alone for {self.until - now:.0f} s more after: {self._error}")

    def failed(self, error: TargetError, now: float, *, alone: bool = True) -> None:
        """Notes that an endpoint failed, after all retries.

        One of several nodes, not ``alone``, may be the one that takes over: it is left alone only where it asks for it.
        """
        if isinstance(error, Throttled):
            pause = min(2.0**self._failures, LONGEST_THROTTLED)
        elif isinstance(error, ConnectFailed | HttpServerError):
            exponent = self._failures - PATIENCE + 1
            pause = min(2.0**exponent, LONGEST_FAILING) if exponent >= 0 and alone else 0.0
        else:
            return
        # 2 to the power of 16 is past both limits; beyond that floats only grow.
        self._failures = min(self._failures + 1, 16)
        # Not the error itself, which knows where it was raised, and so all that had been read until then.
        self._error = type(error)(str(error))
        self.until = now + max(pause, min(error.retry_after, LONGEST_THROTTLED))

    def succeeded(self) -> None:
        """Notes an answer."""
        self.until, self._failures, self._error = 0.0, 0, None
