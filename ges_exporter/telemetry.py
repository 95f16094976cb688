"""What the exporter notes about its own work: plain counts, which `families` turns into metrics.

They live as long as the process does; what must outlive it is in the ledger.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from copy import deepcopy

REQUEST_BUCKETS: tuple[float, ...] = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
"""Upper bounds, in seconds, of ``ges_exporter_api_request_duration_seconds``."""


class Durations:
    """How long one kind of request took: counts by bucket of `REQUEST_BUCKETS`, the last one unbounded."""

    __slots__ = ("counts", "seconds")

    def __init__(self) -> None:
        self.counts = [0] * (len(REQUEST_BUCKETS) + 1)
        self.seconds = 0.0

    def observe(self, seconds: float) -> None:
        """Add one request of ``seconds``."""
        self.counts[bisect_left(REQUEST_BUCKETS, seconds)] += 1
        self.seconds += seconds


class Telemetry:
    """Counts of requests, retries, tokens and odd values, with names out of bounded sets only."""

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, ...]] = Counter()
        """By (operation, HTTP code or ``error``)."""
        self.durations: dict[str, Durations] = {}
        self.retries: Counter[tuple[str, ...]] = Counter()
        """By (operation, reason)."""
        self.token_expiry: dict[str, dict[str, float]] = {}
        """By credentials' name and project id: Unix seconds."""
        self.token_refreshes: Counter[str] = Counter()
        self.auth_errors: Counter[str] = Counter()
        self.parse_errors: Counter[str] = Counter()
        self.unknown_values: Counter[str] = Counter()
        self.scrapes_shared = 0

    def copy(self) -> Telemetry:
        """Returns what is noted up to now, for whoever renders it in a thread while more is noted."""
        return deepcopy(self)

    def request(self, operation: str, code: str, seconds: float) -> None:
        """Note one HTTP request: ``list_jobs``, ``show_job``, ``list_graphs`` or ``create_token``."""
        self.requests[operation, code] += 1
        self.durations.setdefault(operation, Durations()).observe(seconds)
