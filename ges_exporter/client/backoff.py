"""How long an endpoint is left alone after it failed; it outlives the scrape."""

from __future__ import annotations

from ges_exporter.errors import ConnectFailed, HttpServerError, TargetError, Throttled

LONGEST_THROTTLED = 300.0
LONGEST_FAILING = 60.0
"""Seconds; an endpoint that is back must be seen soon."""
FIRST_LAG = 15.0
LONGEST_LAG = 300.0
"""Seconds; it may be long, for a node that lags is asked whenever no other answers."""
PATIENCE = 3
"""Failures in a row of an endpoint that is down before it is left alone at all."""


class Backoff:
    """The back-off of one target's endpoint; times in Unix seconds."""

    def __init__(self) -> None:
        self._until = 0.0
        self._failures = 0
        self._error: TargetError | None = None
        self._lags_until = 0.0
        self._lags = 0

    @property
    def until(self) -> float:
        """Until when the endpoint is left alone; in the past if it is not."""
        return max(self._until, self._lags_until)

    def check(self, now: float) -> None:
        """Raises the error that began a back-off for as long as it lasts."""
        self._check_clock(now)
        if self._error is not None and now < self._until:
            raise type(self._error)(f"left alone for {self._until - now:.0f} s more after: {self._error}")

    def failed(self, error: TargetError, now: float) -> None:
        """Notes that an endpoint failed, after all retries."""
        if isinstance(error, Throttled):
            pause = min(2.0**self._failures, LONGEST_THROTTLED)
        elif isinstance(error, ConnectFailed | HttpServerError):
            exponent = self._failures - PATIENCE + 1
            pause = min(2.0**exponent, LONGEST_FAILING) if exponent >= 0 else 0.0
        else:
            return
        # 2 to the power of 16 is past both limits; beyond that floats only grow.
        self._failures = min(self._failures + 1, 16)
        # Not the error itself, which knows where it was raised, and so all that had been read until then.
        self._error = type(error)(str(error))
        self._until = now + max(pause, min(error.retry_after, LONGEST_THROTTLED))

    def succeeded(self) -> None:
        """Notes an answer."""
        self._until, self._failures, self._error = 0.0, 0, None

    def lags(self, now: float) -> bool:
        """Whether it is to be asked only if no other node of the graph answers."""
        self._check_clock(now)
        return now < self._lags_until

    @property
    def doubted(self) -> bool:
        """Whether it has lagged, and not for so long that it should have a full chance again."""
        return self._lags > 0 and FIRST_LAG * 2.0 ** (self._lags - 1) < LONGEST_LAG

    def _check_clock(self, now: float) -> None:
        """Ends what would last longer than it ever may: the clock has been set back since it began."""
        if self._until > now + LONGEST_THROTTLED:
            self._until = 0.0
        if self._lags_until > now + LONGEST_LAG:
            self._lags_until = 0.0

    def lagged(self, now: float) -> None:
        """Notes that it had not answered when there was no more time to wait for it, as another node had."""
        self._lags_until = now + min(FIRST_LAG * 2.0**self._lags, LONGEST_LAG)
        self._lags = min(self._lags + 1, 16)

    def kept_up(self) -> None:
        """Notes a full answer in time."""
        self._lags_until, self._lags = 0.0, 0
