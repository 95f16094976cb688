"""How much is being scraped at once, and how much may be."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

LEAST = 1000
"""Targets that may be scraped at once, counted as often as they are asked for."""
TIMES = 20
"""As often may all targets be scraped at once, where that is more."""


class Load:
    """The scrapes under way, each as heavy as it has targets."""

    def __init__(self) -> None:
        self._under_way = 0

    @contextmanager
    def carry(self, targets: int, of: int) -> Iterator[bool]:
        """Says whether a scrape of so many targets, of all there are, may begin; counts it until it ends."""
        weight = max(targets, 1)
        if self._under_way + weight > max(LEAST, TIMES * of):
            yield False
            return
        self._under_way += weight
        try:
            yield True
        finally:
            self._under_way -= weight
