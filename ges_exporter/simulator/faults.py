"""Faults on demand: what is to go wrong, where, and when.

A fault is written ``kind=value,field=value,…`` on the command line (``status=503,graph=movie,times=3``) and as an
object with the same fields in JSON (``{"kind": "status", "value": 503, "graph": "movie", "times": 3}``). `KINDS` is
the vocabulary. ``reset`` needs a server: a client that calls the application without a socket gets a
ConnectionResetError instead.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import unquote

import msgspec

KINDS: dict[str, str] = {
    # instead of an answer
    "hang": "never answer",
    "status": "VALUE: this HTTP code, with a line of plain text",
    "throttle": "429 with Retry-After VALUE (seconds)",
    "unavailable": "503 with Retry-After VALUE (seconds)",
    "bad_token": "whatever the token, the answer to a bad one with the HTTP code VALUE (default 400, GES.8007)",
    "error": "200 with an error body of the code VALUE (default GES.8002); another HTTP code as in 500:GES.8002",
    "html": "200 with a page of HTML",
    "redirect": "302 to VALUE (default: the same path at 127.0.0.1, port 9)",
    "invalid_json": "200 with something like JSON",
    "huge": "200 with VALUE bytes (default 1 GiB) and no length",
    "gzip_bomb": "200 with a small gzip body that unpacks to VALUE bytes (default 300 MiB)",
    # the answer, altered on its way
    "latency": "VALUE seconds late",
    "gzip": "gzip, if accepted",
    "truncated": "half of the body, as if it were all",
    "reset": "half of the body, then the connection is cut",
    "drip": "VALUE bytes a second (default 10)",
    # lists
    "ignore_limit": "limit is ignored",
    "ignore_offset": "offset is ignored",
    "page_cap": "at most VALUE records, whatever the limit",
    "overlap": "each page but the first begins VALUE records (default 1) too early, as if new jobs had come",
    "gap": "each page but the first begins VALUE records (default 1) too late, as if jobs had been pruned",
    "total": "VALUE: absent, page (the size of the page), or a number",
    "jobs": "VALUE: missing, null, or object, in place of the list",
    "no_id": "the first VALUE records (default 1) of a page have no id",
    "double": "the first VALUE records (default 1) of a page come twice",
    "bad": "VALUE records (default 1) that are no jobs come first",
    "failover": "the list of the node VALUE",
}

_NUMBERS = frozenset(KINDS) - {"hang", "error", "html", "redirect", "total", "jobs", "failover"}
"""The kinds whose values are numbers."""

_SECONDS = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One fault; it strikes requests that fit all of its fields."""

    kind: str
    value: float | str | None = None
    path: str = "/"
    """How the path begins."""
    graph: str = ""
    """The graph in the path: its name on the service plane, its id on the management plane."""
    host: str = ""
    """The host in the URL, for one node of a graph."""
    times: int | None = None
    """How many requests it strikes."""
    start: float = 0.0
    """Seconds after the beginning of the world."""
    seconds: float | None = None
    """How long it lasts; by default for good."""
    every: float | None = None
    """After how many seconds it begins anew."""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown fault {self.kind!r}, expected one of {', '.join(KINDS)}")
        if self.kind in _NUMBERS:
            self.number(0)

    def number(self, default: float) -> float:
        """Its value as a number; ValueError if it is none."""
        return default if self.value is None else float(self.value)

    def text(self, default: str) -> str:
        """Its value as text."""
        if isinstance(self.value, str):
            return self.value
        return default if self.value is None else f"{self.value:g}"

    def strikes(self, place: Place, elapsed: float) -> bool:
        """Whether it strikes a request, ``elapsed`` seconds after the beginning of the world."""
        if self.graph and self.graph != place.graph:
            return False
        if not place.path.startswith(self.path) or (self.host and self.host != place.host):
            return False
        since = elapsed - self.start
        if self.every and since > 0:
            since %= self.every
        return since >= 0 and (self.seconds is None or since < self.seconds)


@dataclass(frozen=True)
class Place:
    """Where a request goes; the path is percent-encoded."""

    path: str
    host: str

    @cached_property
    def graph(self) -> str:
        """The name or id that stands after ``/graphs/``; empty if none does."""
        return unquote(self.path.partition("/graphs/")[2].partition("/")[0])


class Faults:
    """The faults in force, and how often each has struck."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._left: dict[Fault, int | None] = {}
        for fault in faults:
            self.add(fault)

    def __iter__(self) -> Iterator[Fault]:
        return iter(self._left)

    def add(self, fault: Fault) -> None:
        """Put a fault in force."""
        self._left[fault] = fault.times

    def clear(self) -> None:
        """Take all faults away."""
        self._left.clear()

    def striking(self, place: Place, elapsed: float) -> dict[str, Fault]:
        """The faults that strike a request, the first of each kind, counted against their ``times``."""
        struck: dict[str, Fault] = {}
        for fault, left in self._left.items():
            if left != 0 and fault.kind not in struck and fault.strikes(place, elapsed):
                struck[fault.kind] = fault
        for fault in struck.values():
            left = self._left[fault]
            if left is not None:
                self._left[fault] = left - 1
        return struck


def parse(text: str) -> Fault:
    """Read a fault as the command line gives it; ValueError says what is wrong."""
    first, *rest = text.split(",")
    kind, _, value = first.partition("=")
    fields: dict[str, object] = {"kind": kind, "value": _number_or_text(value) if value else None}
    for part in rest:
        name, _, field = part.partition("=")
        fields[name] = _FIELDS.get(name, str)(field)
    try:
        return msgspec.convert(fields, Fault)
    except msgspec.ValidationError as error:
        raise ValueError(f"{text!r}: {error}") from None


def duration(text: str) -> float:
    """Seconds of ``20ms``, ``1.5s``, ``10m``, ``2h`` or a bare number; ValueError for anything else."""
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|)", text)
    if match is None:
        raise ValueError(f"expected a duration such as 20ms, got {text!r}")
    return float(match[1]) * _SECONDS[match[2]]


def _number_or_text(text: str) -> float | str:
    try:
        return duration(text)
    except ValueError:
        return text


_FIELDS: dict[str, Callable[[str], object]] = {"times": int, "start": duration, "seconds": duration, "every": duration}
"""How the fields that are no text are read."""
