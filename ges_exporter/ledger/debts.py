"""Imports whose line counts the list left out, until the single-job API has told them, or will not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from ges_exporter.ledger.counting import Counting
from ges_exporter.ledger.roster import Roster
from ges_exporter.ledger.zone import Zone
from ges_exporter.model import Details, ImportFile, Job, Outcome, Owed, Time

REFUSALS = 3
"""So many errors of the API itself, and an import's files stay unreported."""


class Debts:
    """The imports of one target whose files are still to be counted."""

    def __init__(self, roster: Roster, counting: Counting) -> None:
        self._roster = roster
        self._counting = counting

    def first(self, limit: int) -> list[Owed]:
        """Returns the imports to ask about, those that failed least often first."""
        return sorted(self._roster.owed.values(), key=lambda one: (one.refusals, one.since))[:limit]

    def incur(self, job: Job, account: str, now: float) -> None:
        """Notes that a finished import is to be asked about; ``account`` is the graph it is counted under."""
        self._roster.owe(Owed(job.id, job.graph, account, now, job.end or Time(now), job.files))

    def settle(self, answers: Iterable[Details], zone: Zone, now: float, forget_after: float) -> None:
        """Takes what the single-job API said, and gives up what has been owed for too long."""
        owing = self._roster.owed
        for answer in answers:
            owed = owing.get(answer.job_id)
            if owed is None:
                continue
            if answer.outcome is Outcome.ANSWERED:
                self._pay(owed, max(answer.files, owed.files, key=_told), zone, now)
            elif answer.outcome is Outcome.REFUSED and owed.refusals + 1 >= REFUSALS:
                self._pay(owed, owed.files, zone, now)
            elif answer.outcome is Outcome.REFUSED:
                self._roster.owe(msgspec.structs.replace(owed, refusals=owed.refusals + 1))
        for owed in [one for one in owing.values() if now - one.since > forget_after]:
            self._pay(owed, owed.files, zone, now)

    def _pay(self, owed: Owed, files: Sequence[ImportFile], zone: Zone, now: float) -> None:
        self._roster.pay(owed.job_id)
        self._counting.count_files(owed.account, files)
        self._counting.touch_import(owed.account, files, owed.at, zone, now)


def _told(files: Sequence[ImportFile]) -> tuple[int, int]:
    """How much is told of an import's files: an answer may lack a count that the list had returned."""
    return sum((file.lines is not None) + (file.failed_lines is not None) for file in files), len(files)


def unreported(job: Job) -> bool:
    """Whether a job is an import whose line counts are not all told."""
    return job.job_type == "ImportGraph" and (not job.files or not all(file.reported for file in job.files))
