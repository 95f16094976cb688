"""Timetables: rows that say which jobs come how often, how long they take, and how they end."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from ges_exporter.simulator.jobs import Counts, File, Kind, Plan

Span = tuple[float, float]
"""Seconds, from and to."""

OUTCOMES = {"s": "success", "f": "failed", "p": "partiallyFailed", "c": "complete", "u": "stopped", "x": "success"}
"""What the letters of `Row.outcomes` mean; ``stopped`` is no documented status, and ``x`` is cancelled: the job
leaves the list in the middle of its run."""

_LINES: tuple[tuple[Kind, Span], ...] = (("schema", (20, 60)), ("vertex", (2e3, 5e4)), ("edge", (2e4, 9e5)))


@dataclass(frozen=True, kw_only=True)
class Row:
    """One kind of work that comes again and again."""

    job_type: str
    algorithm: str = ""
    graph: str = ""
    """Task centre only."""
    first: float
    """Seconds from the beginning to the first one."""
    every: float
    """Seconds from one to the next."""
    history: bool = True
    """Whether it came before the beginning too."""
    burst: tuple[int, float, float] = (1, 0.0, 0.0)
    """How many come each time, seconds between them, and how much longer each waits than the one before."""
    wait: Span = (0.0, 0.0)
    run: Span
    stalls: float | None = None
    outcomes: str = "s"
    """One letter for each job, over and over; see `OUTCOMES`."""
    reasons: tuple[str, ...] = ()
    """Of those that fail, in turn."""
    rejects: tuple[float | None, ...] = ()
    """Imports: the share of lines rejected, in turn; None: the counts are not returned."""
    counts: Counts = "details"


def timetable(rows: Sequence[Row], born: float, history: float, seed: str) -> Iterator[tuple[float, Plan]]:
    """The jobs of all rows, for ever, by the time at which they appear; the oldest ``history`` seconds old."""
    courses = (_course(row, born, history, f"{seed}/{place}") for place, row in enumerate(rows))
    return heapq.merge(*courses, key=lambda entry: entry[0])


def _course(row: Row, born: float, history: float, seed: str) -> Iterator[tuple[float, Plan]]:
    turn = -math.floor((history + row.first) / row.every) if row.history else 0
    size, spacing, queue = row.burst
    while True:
        begin = born + row.first + turn * row.every
        for i in range(size):
            number = turn * size + i
            yield begin + i * spacing, _plan(row, number, i * queue, Random(f"{seed}/{number}"))  # noqa: S311
        turn += 1


def _plan(row: Row, number: int, queue: float, chance: Random) -> Plan:
    letter = row.outcomes[number % len(row.outcomes)]
    wait, run = chance.uniform(*row.wait) + queue, chance.uniform(*row.run)
    failed = letter in "fp" and row.reasons
    return Plan(
        job_type=row.job_type,
        algorithm=row.algorithm,
        graph=row.graph,
        wait=wait,
        run=run,
        outcome=OUTCOMES[letter],
        reason=row.reasons[number % len(row.reasons)] if failed else "",
        files=_files(row, number, chance),
        stalls=row.stalls,
        stays=wait + run / 2 if letter == "x" else None,
        counts=row.counts,
    )


def _files(row: Row, number: int, chance: Random) -> tuple[File, ...]:
    if not row.rejects:
        return ()
    share = row.rejects[number % len(row.rejects)]
    return tuple(_file(kind, f"graphs/{number % 100:02d}", int(chance.uniform(*span)), share) for kind, span in _LINES)


def _file(kind: Kind, folder: str, lines: int, share: float | None) -> File:
    name = f"{folder}/schema.xml" if kind == "schema" else f"{folder}/{kind}.csv"
    if share is None:
        return File(kind=kind, name=name)
    return File(kind=kind, name=name, lines=lines, failed_lines=0 if kind == "schema" else round(lines * share))
