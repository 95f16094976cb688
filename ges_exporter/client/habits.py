"""What was learned of an endpoint, so that an attempt is not paid for again and again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ges_exporter.model import Job

HEAD = 100
"""Jobs that a short listing reads at first."""
MISFITS = 3
"""So many short listings in a row that were in vain, and the next ones are not tried."""
MOSTLY = 9
"""A list is newest first if, for each job that began later than the one before it, this many began earlier."""


class Habits:
    """The ways of one endpoint, kept in memory: after a start everything is to be learned anew."""

    def __init__(self) -> None:
        self.ignores_offset = False
        """It always answers with the whole list."""
        self.ignores_limit = False
        """It answers with more than was asked for."""
        self.full_at: float | None = None
        """Unix seconds of the last full listing that a short one can build on."""
        self.total: int | None = None
        """What the list said of its length last."""
        self.misfits = 0
        """Short listings in a row that a full one had to follow."""
        self.places: dict[str, int] = {}
        """The rows at which jobs that were not finished stood last."""

    def learn(self, jobs: Sequence[Job], total: int | None, now: float | None) -> None:
        """Takes a full listing; ``now`` is None if short ones must not build on it."""
        rows = list(dict.fromkeys(job.id for job in jobs))
        worthwhile = len(rows) > HEAD and not self.ignores_offset and not self.ignores_limit
        # While short listings do not work, the time of the one that they could build on stays, so that it runs out.
        if self.misfits < MISFITS or self.full_at is None or now is None:
            self.full_at = now if worthwhile and newest_first(jobs) else None
        self.total = total
        active = {job.id for job in jobs if not job.finished}
        self.places = {identity: row for row, identity in enumerate(rows) if identity in active} if active else {}

    def go_on(self, total: int | None, places: dict[str, int]) -> None:
        """Takes a short listing."""
        self.total, self.places = total, places

    def is_due(self, now: float, interval: float) -> bool:
        """Whether short listings have stood in for a full one for ``interval`` seconds."""
        return self.full_at is not None and not 0 <= now - self.full_at < interval

    def allow_short(self, now: float, interval: float) -> bool:
        """Whether a short listing may stand in: for ``interval`` seconds after a full one, unless that never works."""
        if self.is_due(now, interval):
            self.misfits = 0
            return False
        return self.full_at is not None and self.misfits < MISFITS

    def note_short(self, *, fits: bool) -> None:
        """Notes whether a short listing was enough."""
        self.misfits = 0 if fits else self.misfits + 1


def newest_first(jobs: Iterable[Job]) -> bool:
    """Whether a list is ordered by begin, newest first, apart from what a queue may have put out of order."""
    falling = rising = 0
    before: float | None = None
    for job in jobs:
        if job.begin is None:
            continue
        if before is not None:
            falling += job.begin.seconds < before
            rising += job.begin.seconds > before
        before = job.begin.seconds
    return falling > 0 and falling >= MOSTLY * rising
