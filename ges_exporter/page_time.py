"""How long it takes to make a page of what was listed, and what is left for the listing."""

from __future__ import annotations

FIRST_GUESS = 0.004
"""Seconds for each target before any page was made; `benchmarks/` has the figures."""


class PageTime:
    """What is known of the time that pages take once their targets have been asked: saving, rendering, packing.

    Pages with the exporter's own metrics, which mostly are of all targets, and those without, which mostly are of one,
    are measured apart.
    """

    def __init__(self) -> None:
        self._each = {True: FIRST_GUESS, False: FIRST_GUESS}

    def left(self, limit: float, targets: int, *, own: bool) -> float:
        """Returns how many of ``limit`` seconds there are to ask so many targets: at least half of them."""
        return max(limit - self._each[own] * targets, limit / 2)

    def learn(self, seconds: float, targets: int, *, own: bool) -> None:
        """Takes how long a page of so many targets took."""
        if targets:
            self._each[own] = seconds / targets
