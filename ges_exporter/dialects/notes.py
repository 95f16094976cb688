"""Values as the dialects read them, and what is noted of those that make no sense."""

from __future__ import annotations

from collections.abc import Mapping

from ges_exporter.dialects.salvage import mended
from ges_exporter.dialects.times import Scalar, Unreadable, read_count, read_time
from ges_exporter.model import Status, Time

WORDS: Mapping[str, Status] = {
    "pending": Status.PENDING,
    "waiting": Status.PENDING,
    "running": Status.RUNNING,
    "success": Status.SUCCESS,
    "partiallyFailed": Status.PARTIALLY_FAILED,
    "partFailed": Status.PARTIALLY_FAILED,
    "failed": Status.FAILED,
    "complete": Status.COMPLETE,
}
"""The status words of all APIs, of jobs and of files; which of them one API can give, its `Api` says."""


class Notes:
    """What a page held that could not be read, or that nobody knows."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.unknown: list[tuple[str, str]] = []
        self.left_out = 0

    def status(self, value: Scalar, field: str) -> Status:
        """Translates a status word; one that nobody knows is noted."""
        if isinstance(value, str) and (known := WORDS.get(value)) is not None:
            return known
        self.unknown.append((field, "" if value is None else str(value)))
        return Status.UNKNOWN

    def mended(self, body: bytes) -> bytes:
        """Mends a body's broken text; that it was broken is noted."""
        whole = mended(body)
        if whole != body:
            self.faults.append("record")
        return whole

    def time(self, value: Scalar, field: str, *, local: bool) -> Time | None:
        """Reads a time; one that cannot be read is noted and None."""
        try:
            return read_time(value, local)
        except Unreadable:
            self.faults.append(field)
            return None

    def count(self, value: Scalar, field: str) -> int | None:
        """Reads a number of lines; one that cannot be read is noted and None."""
        try:
            return read_count(value)
        except Unreadable:
            self.faults.append(field)
            return None

    def text(self, value: Scalar, field: str) -> str:
        """Reads a name that a job must have; a missing one is noted and becomes ``unknown``."""
        if value is None or value == "" or isinstance(value, bool):
            self.unknown.append((field, ""))
            return "unknown"
        return str(value)
