"""How long it takes to make a page of what was listed, and what is left for the listing."""

from __future__ import annotations

FIRST_GUESS = 0.004
"""Seconds for each target before any page was made; `benchmarks/` has the figures."""
MARGIN = 1.25
"""How much longer than the last page the next one may take."""


class PageTime:
    """What is known of the time that pages take once their targets have been asked: rendering, packing.

    Pages with the exporter's own metrics, which mostly are of all targets, and those without, which mostly are of one,
    are measured apart.
    """

    def __init__(self) -> None:
        self._each: dict[bool, float] = {}

    def left(self, limit: float, spare: float, targets: int, *, own: bool) -> float:
        """Returns how many of ``limit`` seconds there are to ask so many targets: at least half of them.

        While nothing is known, ``spare`` seconds after the limit have to do for pages of a few targets.
        """
        each = self._each.get(own)
        page = max(FIRST_GUESS * targets - spare, 0.0) if each is None else MARGIN * each * targets
        return max(limit - page, limit / 2)

    def learn(self, seconds: float, targets: int, *, own: bool) -> None:
        """Takes how long a page of so many targets took."""
        if targets:
            self._each[own] = seconds / targets
