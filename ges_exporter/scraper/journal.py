"""What goes into the log of listings: a line for a failed job, and one when a target goes down or comes back."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from ges_exporter.config import TargetSettings
from ges_exporter.ledger.counting import duration
from ges_exporter.ledger.zone import Zone
from ges_exporter.model import Job, Status, Target
from ges_exporter.redaction import Redaction
from ges_exporter.scraper.result import Result

_FAILURES = frozenset({Status.FAILED, Status.PARTIALLY_FAILED})
REASON_LENGTH = 500
WORDS_REMEMBERED = 1000

_log = structlog.get_logger("ges_exporter")


class Journal:
    """Writes each thing once, and never a secret."""

    def __init__(self, redaction: Redaction) -> None:
        self.redaction = redaction
        self._unknown: set[tuple[str, str]] = set()

    def plain_http(self, targets: Sequence[TargetSettings]) -> None:
        """Notes, in one line, of which targets the credentials go over plain http."""
        if targets:
            names = [f"{target.project}/{target.graph or 'task centre'}" for target in (one.target for one in targets)]
            _log.warning("credentials are sent over plain http", targets=names)

    def finished(self, target: Target, jobs: tuple[Job, ...], zone: Zone) -> None:
        """Writes a line for each job that failed."""
        for job in jobs:
            if job.status in _FAILURES:
                _log.warning(
                    "a job failed",
                    project=target.project,
                    graph=job.graph or target.graph,
                    plane=target.plane.value,
                    job_type=job.job_type,
                    algorithm=job.algorithm,
                    job_id=job.id,
                    status=job.status.value,
                    duration_seconds=duration(job, zone),
                    reason=self.redaction.clean(job.reason)[:REASON_LENGTH],
                )

    def result(self, target: Target, before: Result | None, now: Result) -> None:
        """Writes a line where a target goes down, or comes back."""
        if not now.up and (before is None or before.up):
            message = self.redaction.clean(now.message)[:REASON_LENGTH]
            _log.warning("a target is down", **_names(target), reason=now.reason, message=message)
        elif now.up and before is not None and not before.up:
            _log.info("a target is back", **_names(target))

    def unknown(self, target: Target, field: str, value: str) -> None:
        """Writes a line for a value that nobody knows, the first time it is met."""
        word = (field, self.redaction.clean(value)[:100])
        if word not in self._unknown and len(self._unknown) < WORDS_REMEMBERED:
            self._unknown.add(word)
            _log.warning("the API uses a value that is not known", **_names(target), field=field, value=repr(word[1]))


def _names(target: Target) -> dict[str, str]:
    return {"project": target.project, "graph": target.graph, "plane": target.plane.value}
