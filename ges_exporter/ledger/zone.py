"""Which clock an engine keeps: the offset from UTC of times that name no zone, configured or found out.

Each piece of evidence is an interval in which the offset must lie. Intervals are intersected; when one quarter of an
hour is left, that is the offset. Offsets in use in the world are whole quarters from -12:00 to +14:00.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, tzinfo
from math import ceil, floor

import msgspec

from ges_exporter.model import Job, Time

ASSUMED = 8 * 3600.0
"""What holds until measured: the example of "Listing Jobs (2.2.13)" is at +08:00."""
QUARTER = 900.0
LOWEST, HIGHEST = -12 * 3600.0, 14 * 3600.0
TOLERANCE = 1.0
"""Job times are whole seconds."""
MOST_APART = 600.0
"""Two listings further apart than this, in seconds, say nothing about when a job between them began."""


class Zone(msgspec.Struct, frozen=True):
    """How to read local times: a fixed offset in seconds, or a named zone."""

    source: str
    """``configured``, ``measured`` or ``assumed``."""
    offset: float = ASSUMED
    named: tzinfo | None = None

    def utc(self, time: Time) -> float:
        """Returns Unix seconds."""
        return time.seconds - self.offset_at(time.seconds) if time.local else time.seconds

    def offset_at(self, local_seconds: float) -> float:
        """Returns the offset, in seconds, in force when the engine's clock read ``local_seconds``."""
        if self.named is None:
            return self.offset
        try:
            reading = datetime.fromtimestamp(local_seconds, UTC).replace(tzinfo=self.named)
        except (ValueError, OverflowError):
            return 0.0
        shift = reading.utcoffset()
        return shift.total_seconds() if shift else 0.0

    def offset_now(self, now: float) -> float:
        """Returns the offset in force at the Unix time ``now``."""
        if self.named is None:
            return self.offset
        shift = datetime.fromtimestamp(now, self.named).utcoffset()
        return shift.total_seconds() if shift else 0.0


class Interval(msgspec.Struct, frozen=True, array_like=True):
    """Seconds between which an offset must lie."""

    low: float = LOWEST - TOLERANCE
    high: float = HIGHEST + TOLERANCE

    def __and__(self, other: Interval) -> Interval:
        return Interval(max(self.low, other.low), min(self.high, other.high))

    def __contains__(self, offset: float) -> bool:
        return self.low <= offset <= self.high

    @property
    def quarters(self) -> range:
        """The whole quarters of an hour inside, as multiples of `QUARTER`."""
        return range(ceil(max(self.low, LOWEST) / QUARTER), floor(min(self.high, HIGHEST) / QUARTER) + 1)


class Measurement(msgspec.Struct):
    """What is known of one endpoint's clock."""

    offset: float | None = None
    interval: Interval = Interval()
    """All evidence so far, while nothing is measured; then what contradicts the measured offset."""
    witness: str = ""
    """The job that gave the first of it."""

    def add(self, evidence: Interval, job_id: str) -> None:
        """Takes one job's evidence.

        What contradicts a measured offset replaces it only when two jobs agree.
        """
        if not evidence.quarters:
            return
        if self.offset is not None and self.offset in evidence:
            self.interval = Interval()
        else:
            self._take(evidence, job_id)

    def _take(self, evidence: Interval, job_id: str) -> None:
        joined = self.interval & evidence
        if self.interval == Interval() or not joined.quarters:
            self.interval, self.witness = evidence, job_id
        else:
            self.interval = joined
        if len(self.interval.quarters) == 1 and (self.offset is None or job_id != self.witness):
            self.offset = self.interval.quarters[0] * QUARTER
            self.interval = Interval()


def from_import(job: Job) -> Interval | None:
    """Returns what an import tells: the job, in local time, encloses its files, which are stamped in UTC."""
    begins = [file.begin for file in job.files if file.begin is not None]
    ends = [file.end for file in job.files if file.end is not None]
    if not begins or not ends or not job.begin or not job.end or not (job.begin.local and job.end.local):
        return None
    return Interval(job.begin.seconds - min(begins) - TOLERANCE, job.end.seconds - max(ends) + TOLERANCE)


def from_appearance(job: Job, previous: float, now: float) -> Interval | None:
    """Returns what a job tells that is active and was not there at the listing before, at ``previous``."""
    if not job.begin or not job.begin.local or now - previous >= MOST_APART:
        return None
    return Interval(job.begin.seconds - now - TOLERANCE, job.begin.seconds - previous + TOLERANCE)


def measured(measurements: Iterable[Measurement]) -> float | None:
    """Returns the first offset that has been measured."""
    return next((one.offset for one in measurements if one.offset is not None), None)
