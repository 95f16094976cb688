"""The nouns that every other module speaks of.

This module imports none of its siblings, does no I/O and reads no clock.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Plane(StrEnum):
    """The two unrelated worlds of GES jobs; their jobs are never added together."""

    MANAGEMENT = "management"
    SERVICE = "service"


class Status(StrEnum):
    """One vocabulary for the statuses of all APIs."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCESS = "success"
    PARTIALLY_FAILED = "partially_failed"
    FAILED = "failed"
    COMPLETE = "complete"
    UNKNOWN = "unknown"

    @property
    def active(self) -> bool:
        """Whether a job in this status is waiting or at work."""
        return self in _ACTIVE

    @property
    def advance(self) -> int:
        """How far along a job in this status is; the higher of two records of one job is believed."""
        return _ADVANCE[self]


_ACTIVE = frozenset({Status.PENDING, Status.RUNNING})
_ADVANCE = {
    Status.UNKNOWN: 0,
    Status.PENDING: 1,
    Status.RUNNING: 2,
    Status.COMPLETE: 3,
    Status.PARTIALLY_FAILED: 4,
    Status.FAILED: 4,
    Status.SUCCESS: 4,
}


class Kind(StrEnum):
    """What a file of an import holds. The lines of a schema file are labels."""

    SCHEMA = "schema"
    VERTEX = "vertex"
    EDGE = "edge"


class Time(msgspec.Struct, frozen=True, gc=False):
    """A point in time as an API tells it.

    ``seconds`` are Unix seconds. Where the API names no zone, ``local`` is true and they are the reading of the
    engine's own clock taken as if it were UTC, until a zone is applied to them.
    """

    seconds: float
    local: bool = False


class ImportFile(msgspec.Struct, frozen=True, gc=False):
    """One file of an import; a number the API did not return is None, never 0."""

    kind: Kind
    status: Status
    lines: int | None = None
    failed_lines: int | None = None
    begin: float | None = None
    """Unix seconds, from a clock in UTC."""
    end: float | None = None

    @property
    def reported(self) -> bool:
        """Whether both counts were returned."""
        return self.lines is not None and self.failed_lines is not None


class Job(msgspec.Struct, frozen=True, gc=False):
    """One job as a listing shows it."""

    id: str
    status: Status
    job_type: str
    algorithm: str = ""
    graph: str = ""
    """The graph a job of a task centre belongs to; empty on the service plane, where the target tells."""
    begin: Time | None = None
    end: Time | None = None
    progress: float | None = None
    """0 to 1."""
    files: tuple[ImportFile, ...] = ()
    reason: str = ""
    """Why it failed: free text, for people only."""

    @property
    def active(self) -> bool:
        """Whether the job waits or works."""
        return self.status.active

    @property
    def finished(self) -> bool:
        """Whether the job is over; with an unknown status word only an end time says so."""
        return not self.active and (self.status is not Status.UNKNOWN or self.end is not None)


class JobPage(msgspec.Struct, frozen=True):
    """What one answer of a job list holds."""

    jobs: list[Job]
    total: int | None = None
    """The total that the answer claims: a hint, never trusted."""
    faults: tuple[str, ...] = ()
    """For each record, or value of one, that could not be read: the name of the field."""
    left_out: int = 0
    """Records that had to be left out."""
    unknown: tuple[tuple[str, str], ...] = ()
    """Values met that nobody knows: (field, value)."""


class Target(msgspec.Struct, frozen=True, order=True):
    """One job list that is watched: a graph's, or with an empty ``graph`` a project's task centre."""

    project: str
    graph: str
    plane: Plane
