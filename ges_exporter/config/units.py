"""Durations and sizes as Prometheus writes them: ``1h30m``, ``256MiB``."""

from __future__ import annotations

import re
from collections.abc import Mapping

SECOND = 1.0
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

KIB = 1024
MIB = 1024 * KIB

_MILLISECONDS = {
    "y": 365 * 86_400_000,
    "w": 7 * 86_400_000,
    "d": 86_400_000,
    "h": 3_600_000,
    "m": 60_000,
    "s": 1000,
    "ms": 1,
}
_BYTES = {f"{prefix}iB": 1024**power for power, prefix in reversed([*enumerate("KMGTPE", 1)])} | {"B": 1}

# Prometheus keeps both in 64 bits: durations as nanoseconds.
_MOST_MILLISECONDS = (2**63 - 1) // 1_000_000
_MOST_BYTES = 2**63 - 1

_ONLY_WHOLE = frozenset({"y", "w"})
"""Units that Prometheus writes only where nothing is left over: ``90d`` reads better than ``12w6d``."""


def _pattern(units: Mapping[str, object]) -> re.Pattern[str]:
    # 256MB is 256MiB to Prometheus
    spelled = (unit.replace("iB", "i?B") for unit in units)
    return re.compile("".join(f"(?:([0-9]{{1,19}}){unit})?" for unit in spelled))


_DURATION = _pattern(_MILLISECONDS)
_SIZE = _pattern(_BYTES)


def parse_duration(text: str) -> float:
    """Seconds of a duration such as ``500ms``, ``1h30m`` or ``0``.

    Raises:
        ValueError: it is not one, or exceeds Prometheus' 292 years.
    """
    return _parse(text, _DURATION, _MILLISECONDS, _MOST_MILLISECONDS) / 1000


def parse_size(text: str) -> int:
    """Bytes of a size such as ``256MiB``; the units are powers of 1024, spelled with or without the ``i``.

    Raises:
        ValueError: it is not one, or exceeds 64 bits.
    """
    return _parse(text, _SIZE, _BYTES, _MOST_BYTES)


def format_duration(seconds: float) -> str:
    """``5400.0`` as ``1h30m``, to the millisecond."""
    return _format(round(seconds * 1000), _MILLISECONDS) or "0s"


def format_size(size: int) -> str:
    """``268435456`` as ``256MiB``."""
    return _format(size, _BYTES) or "0B"


def _parse(text: str, pattern: re.Pattern[str], units: Mapping[str, int], most: int) -> int:
    if text == "0":
        return 0
    found = pattern.fullmatch(text)
    if not text or found is None:
        raise ValueError("not a quantity with units")
    total = sum(int(count) * unit for count, unit in zip(found.groups("0"), units.values(), strict=True))
    if total > most:
        raise ValueError("too large")
    return total


def _format(rest: int, units: Mapping[str, int]) -> str:
    written = ""
    for name, unit in units.items():
        count, left = divmod(rest, unit)
        if count and not (name in _ONLY_WHOLE and left):
            written += f"{count}{name}"
            rest = left
    return written
