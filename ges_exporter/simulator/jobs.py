"""Jobs of the simulated service: what is planned for them, and the life they lead by the clock."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import msgspec

Kind = Literal["schema", "vertex", "edge"]
PATH_KEYS: dict[Kind, str] = {"edge": "edgesetPath", "vertex": "vertexsetPath", "schema": "schemaPath"}
"""How the request of an import names the path of each kind of file."""

Counts = Literal["list", "details", "never"]

_CLIMB = 60.0
"""Seconds in which a job that is going to stall reaches the progress at which it stalls."""


class File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file of an import; counts that are None are not returned by the API."""

    kind: Kind
    name: str
    lines: int | None = None
    failed_lines: int | None = None
    status: str = ""
    """The API's word; by default it follows from the counts."""

    @property
    def word(self) -> str:
        """``success``, ``failed`` or ``partFailed``."""
        if self.status:
            return self.status
        if not self.failed_lines:
            return "success"
        return "failed" if self.failed_lines == self.lines else "partFailed"


class Plan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is going to happen to a job; times are seconds, None is never."""

    job_type: str
    algorithm: str = ""
    graph: str = ""
    """Task centre only: the name of the graph that the job belongs to."""
    id: str = ""
    """By default a new one."""
    after: float = 0.0
    """When it appears in the list, from now; negative for history."""
    wait: float | None = 0.0
    """How long it is pending."""
    run: float | None = None
    """How long it runs."""
    outcome: str = "success"
    """The API's own word for the end: ``success``, ``partiallyFailed``, ``failed``, ``complete`` or any other."""
    reason: str = ""
    files: tuple[File, ...] = ()
    request: str | None = None
    """The service plane's ``rawRequest``; by default a plausible one."""
    stalls: float | None = None
    """The progress, 0 to 1, at which it stays for the rest of its run."""
    stays: float | None = None
    """How long it is in the list: shorter than its life for a job that is cancelled."""
    counts: Counts = "details"
    """Where the task centre returns the line counts of an import: in the list too, in the details only, or never."""


@dataclass(slots=True, eq=False)
class Job:
    """A job with its plan fixed in time (Unix seconds; infinity is never)."""

    id: str
    plan: Plan
    appears: float
    starts: float
    ends: float
    leaves: float
    outcome: str
    reason: str
    shown: bool = False
    """Whether a list has shown it finished."""
    row: bytes | None = None
    """Its record in the list of a graph once it is finished, which is rendered only once."""

    @classmethod
    def planned(cls, plan: Plan, job_id: str, appears: float) -> Job:
        """Fix ``plan`` in time: the job appears at ``appears``."""
        starts = appears + _seconds(plan.wait)
        ends = starts + _seconds(plan.run)
        leaves = appears + _seconds(plan.stays)
        return cls(job_id, plan, appears, starts, ends, leaves, plan.outcome, plan.reason)

    def status(self, now: float) -> str:
        """``pending``, ``running``, or the word of its outcome."""
        if now < self.starts:
            return "pending"
        return "running" if now < self.ends else self.outcome

    def finished(self, now: float) -> bool:
        """Whether it is over."""
        return now >= self.ends

    def progress(self, now: float) -> float:
        """How far it has come, 0 to 1; 1 at its end whatever the outcome."""
        if now >= self.ends:
            return 1.0
        if now < self.starts:
            return 0.0
        elapsed = now - self.starts
        if self.plan.stalls is not None:
            return self.plan.stalls * min(1.0, elapsed / _CLIMB)
        return elapsed / (self.ends - self.starts)

    def end(self, now: float, outcome: str, reason: str = "") -> None:
        """End it now, whatever was planned."""
        self.starts = min(self.starts, now)
        self.ends = now
        self.outcome, self.reason = outcome, reason
        self.row = None


def _seconds(value: float | None) -> float:
    return math.inf if value is None else value
