"""How a listing is entered in the book of its target, job by job.

Each job id has a `Mark`: where it is counted, how it was last listed, whether it has been counted. What a listing shows
as its marks say has nothing to tell, so a long list of old jobs costs one look at each.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import inf

import msgspec

from ges_exporter.ledger import zone as zones
from ges_exporter.ledger.accounts import OTHER, Account, Lines
from ges_exporter.ledger.clocks import Clocks
from ges_exporter.ledger.counting import MOST_AHEAD, Counting
from ges_exporter.ledger.debts import Debts, unreported
from ges_exporter.ledger.gauges import Gauges, Mark
from ges_exporter.ledger.roster import Roster
from ges_exporter.ledger.seats import Seats
from ges_exporter.ledger.union import Union
from ges_exporter.ledger.view import Open
from ges_exporter.ledger.zone import Zone
from ges_exporter.model import Job, Kind, Status, Time


class Parts(msgspec.Struct, frozen=True):
    """What a book is made of."""

    seats: Seats
    counting: Counting
    roster: Roster
    clocks: Clocks
    debts: Debts


class Circumstances(msgspec.Struct, frozen=True):
    """What holds while one listing is entered."""

    now: float
    first: bool
    """Whether what it shows, and was not known before, is history."""
    unseen: Mapping[str, float]
    """The endpoints that show for the first time what others may have counted, and until when (Unix seconds)."""
    created: float
    """When series that it shows first began."""
    previous: float | None
    """When the listing before was begun."""
    zone: Zone
    late_after: float
    """Seconds."""
    asks_details: bool
    tells_zone: bool
    """Whether jobs may tell how the engine's clock is set."""


class Posting:
    """One listing being entered."""

    def __init__(self, parts: Parts, union: Union, circumstances: Circumstances) -> None:
        self._seats = parts.seats
        self._counting = parts.counting
        self._roster = parts.roster
        self._clocks = parts.clocks
        self._debts = parts.debts
        self._union = union
        self._gauges = Gauges()
        self._at = circumstances

    def replace(self) -> tuple[Gauges, list[Job]]:
        """Enters a full listing; returns the gauges built anew, and the jobs that had something to tell."""
        jobs, gauges = self._union.jobs, self._gauges
        self._seats.begin_full_listing()
        known, tally = self._roster.known, gauges.tally
        news: list[Job] = []
        for identity, job in jobs.items():
            mark = known.get(identity)
            if mark is not None and mark.settled and mark.status is job.status and mark.account.seated:
                tally[mark] = tally.get(mark, 0) + 1
                if job.files:
                    gauges.add_lines(mark.account.pair.graph, job)
            else:
                news.append(job)
        self._enter_all(self._enter_history(news) if self._at.first else news)
        if any(OTHER in mark.account.pair[:2] for mark in tally):
            for identity, job in jobs.items():
                self._seats.note_folded(job, known[identity].account)
        return gauges, news

    def update(self, gauges: Gauges) -> list[Job]:
        """Enters a listing that shows only what is new or active, and brings the gauges up to date."""
        self._gauges = gauges
        roster, recall = self._roster, self._roster.recall()
        news = [job for job in self._union.jobs.values() if not recall.settled(job)]
        for job in news:
            if job.id in roster.open:
                if job.id in roster.shown:
                    gauges.remove(roster.known[job.id], roster.open[job.id].lines)
            elif recall.knows(job.id):
                gauges.remove(roster.known[job.id], {})
        self._enter_all(news)
        return news

    def _enter_history(self, jobs: Sequence[Job]) -> list[Job]:
        """Enters the finished jobs of a target's first listing, which count nowhere; returns those that need more care.

        A long list is mostly this: of each kind only the newest is looked at twice.
        """
        at = self._at
        rest: list[Job] = []
        known = self._roster.known
        kinds: dict[tuple[str, str, str, Status], list[Job]] = {}
        for job in jobs:
            status = job.status
            if job.files or status.active or job.id in known or (status is Status.UNKNOWN and not job.finished):
                rest.append(job)
            elif (alike := kinds.get(kind := (job.graph, job.job_type, job.algorithm, status))) is None:
                kinds[kind] = [job]
            else:
                alike.append(job)
        for alike in kinds.values():
            mark = self._roster.marks.get(self._seats.of(alike[0], at.created), alike[0].status, counted=True)
            self._gauges.tally[mark] = self._gauges.tally.get(mark, 0) + len(alike)
            self._roster.mark_all([job.id for job in alike], mark)
            for job in _newest(alike, at.now):
                self._counting.touch(mark.account, job, at.zone, at.now, None)
        return rest

    def _enter_all(self, jobs: Iterable[Job]) -> None:
        for job in sorted(jobs, key=_moment):
            self._enter(job)

    def _enter(self, job: Job) -> None:
        at = self._at
        old = self._roster.known.get(job.id)
        account = old.account if old is not None and old.account.seated else self._seats.of(job, at.created)
        finished, counted = job.finished, old is not None and old.counted
        seen = None if at.first or counted else at.now
        if old is None and at.first:
            counted = finished
        elif finished and not counted:
            seen = self._count(job, account, old)
            counted = True
        elif old is None and not self._counted_elsewhere(job):
            self._counting.discovered(account)
        self._counting.touch(account, job, at.zone, at.now, seen)
        self._note_clock(job, old)
        mark = self._roster.marks.get(account, job.status, counted, old is not None and old.vanished)
        lines = self._gauges.add(mark, job)
        self._roster.mark(job.id, mark)
        if finished:
            self._roster.close(job.id)
            self._touch_import(job, account, seen)
        else:
            self._keep_open(job, account, lines)

    def _count(self, job: Job, account: Account, old: Mark | None) -> float | None:
        """Counts a finished job, once; returns the time that stands in for an end the API does not give."""
        at = self._at
        # Whoever watched the target meanwhile has counted it, also if it was known to be active before.
        if self._counted_elsewhere(job) or (old is None and self._late(job)):
            self._counting.late(account, job)
            return None
        if old is None:
            self._counting.discovered(account)
        self._counting.finish(account, job, at.zone)
        if at.asks_details and unreported(job):
            self._debts.incur(job, account.pair.graph, at.now)
        elif job.files:
            self._counting.count_files(account.pair.graph, job.files)
        return at.now

    def _counted_elsewhere(self, job: Job) -> bool:
        at = self._at
        if not at.unseen:
            return False
        until = [at.unseen.get(endpoint) for endpoint in self._union.endpoints_of(job.id)]
        return all(time is not None and not self._ended_after(job, time) for time in until)

    def _ended_after(self, job: Job, time: float) -> bool:
        """Whether a job has ended after a moment in Unix seconds, as far as its clock is known."""
        zone, end = self._at.zone, job.end
        return end is not None and not (end.local and zone.source == "assumed") and zone.utc(end) > time

    def _late(self, job: Job) -> bool:
        end = job.end
        if end is None:
            return False
        newest = [self._clocks.newest(endpoint, end) for endpoint in self._union.endpoints_of(job.id)]
        return all(time is not None and end.seconds < time - self._at.late_after for time in newest)

    def _note_clock(self, job: Job, old: Mark | None) -> None:
        at = self._at
        if not at.tells_zone:
            return
        endpoint = self._union.endpoints_of(job.id)[0]
        if job.finished and job.files and (old is None or not old.counted):
            self._clocks.add(endpoint, zones.from_import(job), job.id)
        elif (
            job.active
            and old is None
            and at.previous is not None
            and endpoint in self._clocks.clear
            and endpoint not in at.unseen
        ):
            self._clocks.add(endpoint, zones.from_appearance(job, at.previous, at.now), job.id)

    def _touch_import(self, job: Job, account: Account, seen: float | None) -> None:
        at = job.end or (job.begin if seen is None else Time(seen))
        if job.files and at is not None:
            self._counting.touch_import(account.pair.graph, job.files, at, self._at.zone, self._at.now)

    def _keep_open(self, job: Job, account: Account, lines: Mapping[Kind, Lines]) -> None:
        now = self._at.now
        old = self._roster.open.get(job.id)
        moved = now if job.progress is not None else None
        if old is not None and old.progress == job.progress:
            moved = old.progress_moved
        self._roster.keep_open(
            Open(
                id=job.id,
                pair=account.pair,
                status=job.status,
                first_seen=old.first_seen if old else now,
                begin=job.begin,
                progress=job.progress,
                progress_moved=moved,
                lines=lines,
            )
        )


def _moment(job: Job) -> float:
    time = job.end or job.begin
    return time.seconds if time else 0.0


def _newest(jobs: Sequence[Job], now: float) -> tuple[Job, Job]:
    """Returns the job that began last, and the one that ended last, but for those that claim to be of the future."""
    latest = now + MOST_AHEAD
    begun = ended = jobs[0]
    begin = end = -inf
    for job in jobs:
        if (time := job.begin) is not None and begin <= time.seconds <= latest:
            begin, begun = time.seconds, job
        if (time := job.end) is not None and end <= time.seconds <= latest:
            end, ended = time.seconds, job
    return begun, ended
