"""Times and durations in words."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

from ges_exporter.ledger import Zone
from ges_exporter.model import Target, Time

_UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def moment(seconds: float) -> str:
    """``2026-11-21 23:57:10 UTC`` for Unix seconds; whatever no calendar has is only a number."""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (ValueError, OverflowError, OSError):
        return f"{seconds:g}"


def rfc3339(seconds: float | None) -> str | None:
    """``2026-11-21T23:57:10Z`` for Unix seconds."""
    if seconds is None:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return None


def span(seconds: float) -> str:
    """``2 h 5 min`` for seconds: the two largest units, rounded down; ``0.4 s`` below one second."""
    if seconds < 0:
        return f"-{span(-seconds)}"
    if seconds < 1:
        return f"{seconds:.1f} s" if seconds else "0 s"
    whole = int(seconds)
    for (size, unit), (smaller, name) in pairwise(_UNITS):
        if whole >= size:
            rest = whole % size // smaller
            return f"{whole // size} {unit}" + (f" {rest} {name}" if rest else "")
    return f"{whole} s"


def ago(seconds: float) -> str:
    """``3 min ago`` for an age in seconds; of what is to come, ``in 3 min``."""
    if -1 < seconds < 1:
        return "just now"
    return f"in {span(-seconds)}" if seconds < 0 else f"{span(seconds)} ago"


def name_of(target: Target) -> str:
    """What people call a target."""
    return f"{target.project} / {target.graph}" if target.graph else f"{target.project} / task centre"


def at(time: Time | None, zone: Zone) -> float | None:
    """Unix seconds of a time that an API told."""
    return None if time is None else zone.utc(time)
