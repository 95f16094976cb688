"""Which job ids of a target are known, and how: counted or not, listed or not, open or over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from ges_exporter.ledger.accounts import Account
from ges_exporter.ledger.changes import JobRow
from ges_exporter.ledger.gauges import Mark, Marks
from ges_exporter.ledger.view import Open
from ges_exporter.model import Job, Owed


class Recall:
    """What a short listing need not read again."""

    def __init__(self, known: Mapping[str, Mark], absent: Mapping[str, float], active: Sequence[str]) -> None:
        self._known = known
        self._absent = absent
        self.active = active
        """The ids of the jobs that were listed and not finished."""

    def knows(self, job_id: str) -> bool:
        """Whether the job has been listed before, and was still there when all was listed."""
        return job_id in self._known and job_id not in self._absent

    def settled(self, job: Job) -> bool:
        """Whether the job is known, finished and counted, as it is listed now."""
        mark = self._known.get(job.id)
        return mark is not None and mark.settled and mark.status is job.status and job.id not in self._absent


class Roster:
    """All ids known; whatever changes of one is noted, to be stored."""

    def __init__(self) -> None:
        self.marks = Marks()
        self.known: dict[str, Mark] = {}
        self.absent: dict[str, float] = {}
        """Finished or vanished, and since when (Unix seconds, oldest first) complete listings do not show them."""
        self.open: dict[str, Open] = {}
        """Not finished."""
        self.shown: set[str] = set()
        """Of those, the ones that the listing shows."""
        self.owed: dict[str, Owed] = {}
        """Imports whose details are still to be asked for."""
        self.changed: set[str] = set()
        self._forgotten: set[str] = set()

    def restore(self, rows: Mapping[str, JobRow], accounts: Mapping[int, Account]) -> None:
        """Takes what was stored."""
        absent = []
        for identity, row in rows.items():
            self.known[identity] = self.marks.get(accounts[row.account], row.status, row.counted, row.vanished)
            if row.absent_since is not None:
                absent.append((row.absent_since, identity))
            if row.open is not None:
                self.open[identity] = row.open
            if row.owed is not None:
                self.owed[identity] = row.owed
        self.absent = {identity: since for since, identity in sorted(absent)}

    def recall(self) -> Recall:
        """Returns what is known, good until the next listing is observed."""
        return Recall(self.known, self.absent, [identity for identity in self.open if identity in self.shown])

    def mark(self, identity: str, mark: Mark) -> None:
        """Remembers an id in another way."""
        if self.known.get(identity) is not mark:
            self.known[identity] = mark
            self.changed.add(identity)

    def mark_all(self, identities: Sequence[str], mark: Mark) -> None:
        """Remembers new ids, all in one way."""
        self.known |= dict.fromkeys(identities, mark)
        self.changed.update(identities)

    def keep_open(self, job: Open) -> None:
        """Notes how a job stands that is not finished."""
        if self.open.get(job.id) != job:
            self.open[job.id] = job
            self.changed.add(job.id)

    def close(self, identity: str) -> None:
        """Notes that a job is not open any more."""
        if self.open.pop(identity, None) is not None:
            self.changed.add(identity)

    def owe(self, owed: Owed) -> None:
        """Notes that an import's details are to be asked for."""
        self.owed[owed.job_id] = owed
        self.changed.add(owed.job_id)

    def pay(self, identity: str) -> None:
        """Notes that they are not any more."""
        del self.owed[identity]
        self.changed.add(identity)

    def note_shown(self, jobs: Mapping[str, Job], *, short: bool) -> None:
        """Takes what a listing shows; a short one leaves the open jobs shown that it did not have to look for."""
        self.shown = {one for one in self.open if one in jobs or (short and one in self.shown)}
        for identity in self.absent.keys() & jobs.keys():
            del self.absent[identity]
            self.changed.add(identity)

    def missing(self, jobs: Mapping[str, Job]) -> Iterator[str]:
        """Returns the ids that a complete listing does not show, but for those known to be absent."""
        yield from (self.known.keys() - jobs.keys()) - self.absent.keys()

    def leave(self, identity: str, now: float) -> None:
        """Notes that an id is absent."""
        self.absent[identity] = now
        self.changed.add(identity)

    def forget(self, now: float, after: float) -> None:
        """Lets go of the ids that have been absent for longer than ``after`` seconds."""
        expired = []
        for identity, since in self.absent.items():
            if now - since <= after:
                break
            expired.append(identity)
        for identity in expired:
            if identity not in self.owed:
                del self.absent[identity]
                del self.known[identity]
                self._forgotten.add(identity)

    def take_rows(self) -> tuple[dict[str, JobRow], tuple[str, ...]]:
        """Returns the rows that changed since the last call, and the ids that were forgotten."""
        changed, self.changed = self.changed, set()
        forgotten, self._forgotten = self._forgotten, set()
        known = self.known
        rows = {identity: known[identity].row for identity in changed if identity in known}
        for special in (self.absent, self.open, self.owed):
            rows |= {identity: self._row(identity) for identity in rows.keys() & special.keys()}
        return rows, tuple(identity for identity in forgotten if identity not in known)

    def _row(self, identity: str) -> JobRow:
        return msgspec.structs.replace(
            self.known[identity].row,
            absent_since=self.absent.get(identity),
            open=self.open.get(identity),
            owed=self.owed.get(identity),
        )
