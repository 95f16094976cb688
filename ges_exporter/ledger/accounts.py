"""The totals that are kept: for each kind of job of a graph, and for each graph's imports."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from ges_exporter.model import ImportFile, Kind, Status, Time

OTHER = "other"
"""Where what finds no place is folded."""


class Pair(NamedTuple):
    """What has series of its own: a kind of work on a graph."""

    graph: str
    job_type: str
    algorithm: str


class Histogram(msgspec.Struct):
    """Durations of one outcome: counts by bucket, the last one unbounded, and their sum in seconds."""

    counts: list[int]
    seconds: float = 0.0

    def observe(self, bounds: Sequence[float], seconds: float) -> int:
        """Adds one duration; returns the bucket it fell in."""
        bucket = bisect_left(bounds, seconds)
        self.counts[bucket] += 1
        self.seconds += seconds
        return bucket


class Account(msgspec.Struct):
    """Everything counted of one `Pair`."""

    number: int
    """Its number among the target's accounts: what the store's job rows name it by."""
    pair: Pair
    created: float
    """Unix seconds: the listing before the one that first showed it."""
    seated: bool = True
    """Whether it has series of its own just now."""
    discovered: int = 0
    vanished: int = 0
    finished: dict[Status, int] = {}
    late: dict[Status, int] = {}
    durations: dict[Status, Histogram] = {}
    durations_created: float | None = None
    """Unix seconds, where the histograms began anew since."""
    last_start: Time | None = None
    last_success: Time | None = None
    last_failure: Time | None = None
    last_success_seconds: float | None = None
    unlisted_since: float | None = None
    """Unix seconds of the first complete listing that showed nothing of it."""

    def freeze(self) -> Account:
        """Returns a copy that later changes leave alone."""
        return msgspec.structs.replace(
            self,
            finished=dict(self.finished),
            late=dict(self.late),
            durations={
                status: Histogram(list(histogram.counts), histogram.seconds)
                for status, histogram in self.durations.items()
            },
        )


class Lines(msgspec.Struct):
    """Lines of one kind: read, and rejected; None where nothing was reported."""

    lines: int | None = None
    failed_lines: int | None = None

    def add(self, lines: int | None, failed_lines: int | None) -> None:
        """Adds what was reported."""
        if lines is not None:
            self.lines = (self.lines or 0) + lines
        if failed_lines is not None:
            self.failed_lines = (self.failed_lines or 0) + failed_lines


def lines_by_kind(files: Iterable[ImportFile]) -> dict[Kind, Lines]:
    """Sums the files of one import."""
    sums: dict[Kind, Lines] = {}
    for file in files:
        sums.setdefault(file.kind, Lines()).add(file.lines, file.failed_lines)
    return sums


class LastImport(msgspec.Struct):
    """What the newest import that reported counts of a kind reported."""

    at: Time
    lines: int | None
    failed_lines: int | None


class ImportAccount(msgspec.Struct):
    """Everything counted of one graph's imports."""

    graph: str
    created: float
    """Unix seconds: the listing before the one that first showed the graph."""
    seated: bool = True
    lines: dict[Kind, int] = {}
    failed_lines: dict[Kind, int] = {}
    files: dict[Kind, dict[Status, int]] = {}
    unreported: dict[Kind, int] = {}
    last: dict[Kind, LastImport] = {}
    unlisted_since: float | None = None

    def count(self, files: Iterable[ImportFile]) -> None:
        """Counts the files of one finished import."""
        for file in files:
            kind = file.kind
            outcomes = self.files.setdefault(kind, {})
            outcomes[file.status] = outcomes.get(file.status, 0) + 1
            self.lines[kind] = self.lines.get(kind, 0) + (file.lines or 0)
            self.failed_lines[kind] = self.failed_lines.get(kind, 0) + (file.failed_lines or 0)
            if not file.reported:
                self.unreported[kind] = self.unreported.get(kind, 0) + 1

    def freeze(self) -> ImportAccount:
        """Returns a copy that later changes leave alone."""
        return msgspec.structs.replace(
            self,
            lines=dict(self.lines),
            failed_lines=dict(self.failed_lines),
            files={kind: dict(outcomes) for kind, outcomes in self.files.items()},
            unreported=dict(self.unreported),
            last=dict(self.last),
        )
