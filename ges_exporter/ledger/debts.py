"""Imports whose line counts the list left out, until the single-job API has told them, or will not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from ges_exporter.ledger.counting import Counting
from ges_exporter.ledger.roster import Roster
from ges_exporter.ledger.zone import Zone
from ges_exporter.model import Details, ImportFile, Job, Outcome, Owed, Time

REFUSALS = 3
"""So many errors of the API itself, and an import's files stay unreported."""
FIRST_PAUSE = 15.0
LONGEST_PAUSE = 900.0
"""Seconds before an import is asked about again, when that has come to nothing more than once."""


class _Vain(NamedTuple):
    """That an import was asked about without an answer."""

    times: int = 0
    until: float = 0.0
    """Unix seconds before which it is not asked about again."""


_NEVER = _Vain()


class Debts:
    """The imports of one target whose files are still to be counted."""

    def __init__(self, roster: Roster, counting: Counting) -> None:
        self._roster = roster
        self._counting = counting
        self._vain: dict[str, _Vain] = {}
        """By job id."""

    def first(self, limit: int, now: float) -> list[Owed]:
        """Returns the imports to ask about, those that failed least often first: none may keep others waiting."""
        tried = [(self._vain.get(one.job_id, _NEVER), one) for one in self._roster.owed.values()]
        due = [(vain.times + one.refusals, one) for vain, one in tried if not 0 < vain.until - now <= LONGEST_PAUSE]
        return [one for _, one in sorted(due, key=lambda failed: (failed[0], failed[1].since))[:limit]]

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
            if answer.outcome is Outcome.AGAIN:
                self._put_off(owed, now)
            elif answer.outcome is Outcome.ANSWERED:
                self._pay(owed, max(answer.files, owed.files, key=_told), zone, now)
            elif owed.refusals + 1 >= REFUSALS:
                self._pay(owed, owed.files, zone, now)
            else:
                self._roster.owe(msgspec.structs.replace(owed, refusals=owed.refusals + 1))
        for owed in [one for one in owing.values() if now - one.since > forget_after]:
            self._pay(owed, owed.files, zone, now)

    def _put_off(self, owed: Owed, now: float) -> None:
        times = self._vain.get(owed.job_id, _NEVER).times
        pause = min(FIRST_PAUSE * 2.0 ** (times - 1), LONGEST_PAUSE) if times else 0.0
        self._vain[owed.job_id] = _Vain(min(times + 1, 16), now + pause)

    def _pay(self, owed: Owed, files: Sequence[ImportFile], zone: Zone, now: float) -> None:
        self._roster.pay(owed.job_id)
        self._vain.pop(owed.job_id, None)
        self._counting.count_files(owed.account, files)
        self._counting.touch_import(owed.account, files, owed.at, zone, now)


def _told(files: Sequence[ImportFile]) -> tuple[int, int]:
    """How much is told of an import's files: an answer may lack a count that the list had returned."""
    return sum((file.lines is not None) + (file.failed_lines is not None) for file in files), len(files)


def unreported(job: Job) -> bool:
    """Whether a job is an import whose line counts are not all told."""
    return job.job_type == "ImportGraph" and (not job.files or not all(file.reported for file in job.files))
