"""Reads the times and numbers of the APIs, which are written in more ways than one.

Shapes: a time is "a string of the date type or a timestamp"; strings with a blank or a ``T`` between date
and time are both in the pages, numbers in seconds, milli-, micro- and nanoseconds are told apart by their size.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache

from ges_exporter.model import Time

Scalar = str | int | float | bool | None
"""What a field may hold before it is known to make sense."""

_EARLIEST = 2 * 86400.0
"""Everything before is a sentinel: a zero timestamp in any zone, or year 1."""
_SIXTY = {f":{number:02}": number for number in range(60)}
_UNITS = ((_EARLIEST, 1e10, 1.0), (1e11, 1e13, 1e3), (1e14, 1e16, 1e6), (1e17, 1e19, 1e9))
"""From, below, and a second's worth: up to the year 2286, and for the finer units from 1973 on."""
_LEAST_TIMESTAMP = 1e8
"""Shorter runs of digits are dates: 20240523."""
_TIMESTAMP = re.compile(r"-?[0-9]+(\.[0-9]+)?(E\+?[0-9]+)?", re.ASCII | re.IGNORECASE)


class Unreadable(ValueError):
    """A value that is neither absent nor understood."""


def read_time(value: Scalar, zoneless_is_local: bool) -> Time | None:
    """Returns the time, or None where the API gives none (null, empty, 0, -1, year 1).

    Raises:
        Unreadable: for anything else.
    """
    if isinstance(value, str):
        # Nearly all times are of this form, and many of a long list share their hour; reading each date anew would
        # dominate the parsing.
        minute, second = _SIXTY.get(value[13:16]), _SIXTY.get(value[16:])
        if minute is None or second is None:
            return _read_odd_text(value.strip(), zoneless_is_local)
        seconds = _hour(value[:13]) + 60 * minute + second
        return Time(seconds, zoneless_is_local) if seconds >= _EARLIEST else None
    if value is None:
        return None
    if isinstance(value, bool):
        raise Unreadable
    return _read_number(value)


def read_count(value: Scalar) -> int | None:
    """Returns a number of lines, or None where the API returned none: null, an empty string, -1.

    Raises:
        Unreadable: for anything that is no whole number.
    """
    if value is None or value == "":
        return None
    number = read_number(value)
    if number != int(number):
        raise Unreadable
    return int(number) if number >= 0 else None


def read_number(value: Scalar) -> float:
    """Returns a number that may be written as a string.

    Raises:
        Unreadable: for anything else.
    """
    if value is None or isinstance(value, bool):
        raise Unreadable
    try:
        number = float(value)
    except (ValueError, OverflowError):
        raise Unreadable from None
    if not abs(number) <= 1e18:  # no count is that large, nor infinite, nor NaN
        raise Unreadable
    return number


def _read_number(value: float) -> Time | None:
    if value < _EARLIEST:
        return None
    for first, limit, unit in _UNITS:
        if first <= value < limit:
            return Time(value / unit)
    raise Unreadable


@lru_cache(maxsize=8192)
def _hour(text: str) -> float:
    if text[10] not in " Tt":
        raise Unreadable
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()
    except ValueError:
        raise Unreadable from None


def _read_odd_text(text: str, zoneless_is_local: bool) -> Time | None:
    if not text:
        return None
    if _TIMESTAMP.fullmatch(text) and not 0 < float(text) < _LEAST_TIMESTAMP:
        return _read_number(float(text))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Unreadable from None
    local = moment.tzinfo is None and zoneless_is_local
    seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    return Time(seconds, local) if seconds >= _EARLIEST else None
