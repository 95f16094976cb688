"""What differs between the APIs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec

from ges_exporter.simulator.jobs import Job

Record = dict[str, object]


@dataclass(frozen=True)
class Context:
    """Where and when a job is shown."""

    now: float
    project: str
    graph: str = ""
    utc_offset: float = 0.0
    details: bool = False
    """Whether the job is asked for on its own."""


@dataclass(frozen=True)
class Shape:
    """The words of one API."""

    record: Callable[[Job, Context], Record]
    list_key: str
    id_key: str
    total_key: str = ""
    """Empty if the answer has no total."""
    paged: bool = True
    """Whether it knows ``offset`` and ``limit``."""
    default_limit: int = 100_000
    around: Mapping[str, str] = field(default_factory=dict)
    """What else stands in an answer."""

    def envelope(self, rows: Sequence[bytes], total: int | None, jobs: str = "") -> bytes:
        """The answer with ``rows``; ``jobs`` is ``missing``, ``null`` or ``object`` to spoil the list."""
        listed = {"": b"[" + b",".join(rows) + b"]", "null": b"null", "object": b"{}"}.get(jobs)
        fields = {} if listed is None else {self.list_key: msgspec.Raw(listed)}
        counted = {self.total_key: total} if self.total_key and total is not None else {}
        return msgspec.json.encode({**counted, **fields, **self.around})


def timestamp(seconds: float, separator: str, utc_offset: float = 0.0) -> str:
    """``2024-05-23 09:54:00`` or the like: whole seconds, without a zone."""
    local = datetime.fromtimestamp(seconds + utc_offset, tz=UTC)
    return local.isoformat(separator, "seconds").removesuffix("+00:00")
