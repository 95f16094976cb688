"""What is remembered of one target, and how a listing changes it.

Each job id has a `Mark`: where it is counted, how it was last listed, whether it has been counted. What a listing shows
as its marks say has nothing to tell, so a long list of old jobs costs one look at each.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from ges_exporter.ledger import zone as zones
from ges_exporter.ledger.accounts import OTHER, Account, Lines
from ges_exporter.ledger.changes import Changes, JobRow, Newest, Owed, Rules, TargetRecord, TargetState
from ges_exporter.ledger.counting import MOST_AHEAD, Counting
from ges_exporter.ledger.gauges import Gauges, Mark, Marks
from ges_exporter.ledger.seats import Seats
from ges_exporter.ledger.union import Union
from ges_exporter.ledger.view import LedgerView, ListingView, Open, View
from ges_exporter.ledger.zone import Measurement, Zone
from ges_exporter.model import Details, ImportFile, Job, Kind, Listing, Outcome, Plane, Target, Time

REFUSALS = 3
"""So many errors of the API itself, and an import's files stay unreported."""


class Step(msgspec.Struct):
    """What holds while one listing is observed."""

    now: float
    first: bool
    """Whether what it shows is history."""
    stale: bool
    """Whether the target was out of sight for so long that others may have counted what is new in it."""
    created: float
    """When series that it shows first began."""
    previous: float | None
    """When the listing before was begun, where a job that is new in this one cannot have been missed by it."""
    newest: Mapping[str, Newest]
    """The newest times shown before, by endpoint."""
    zone: Zone
    union: Union


class BookRecall:
    """What is known of the jobs of a target."""

    def __init__(self, known: Mapping[str, Mark], absent: Mapping[str, float], active: Sequence[str]) -> None:
        self._known = known
        self._absent = absent
        self.active = active

    def knows(self, job_id: str) -> bool:
        """Whether the job has been listed before, and was still there when all was listed."""
        return job_id in self._known and job_id not in self._absent

    def settled(self, job: Job) -> bool:
        """Whether the job is known, finished and counted, as it is listed now."""
        mark = self._known.get(job.id)
        return mark is not None and mark.settled and mark.status is job.status and job.id not in self._absent


class Book:
    """One target's page of the ledger."""

    def __init__(self, target: Target, rules: Rules, zone: Zone | None, *, details: bool) -> None:
        self.target = target
        self.zone_setting = zone
        """None: to be found out."""
        self.asks_details = details
        self.state = TargetState()
        self.remembered: int | None = None
        """How many job rows the store holds that have not been loaded; None once they are here."""
        self._rules = rules
        self._seats = Seats(target, rules.label_sets_per_graph, rules.graphs_per_project)
        self._counting = Counting(self._seats, rules.bounds)
        self._marks = Marks()
        self._gauges = Gauges()
        self._union = Union()
        self._known: dict[str, Mark] = {}
        self._absent: dict[str, float] = {}
        self._open: dict[str, Open] = {}
        self._owed: dict[str, Owed] = {}
        self._changed_jobs: set[str] = set()
        self._forgotten: set[str] = set()
        self._shown: set[str] = set()
        """The open jobs that the listing shows."""
        self._listed = False
        self._newly_met = False
        self._clean = False

    def restore(self, record: TargetRecord) -> None:
        """Takes what was stored, but for the job rows."""
        self.state = record.state
        self._seats.restore(record.accounts, record.imports)
        self.remembered = record.remembered

    def restore_jobs(self, rows: Iterable[JobRow]) -> None:
        """Takes the stored job rows."""
        accounts = self._seats.by_number()
        absent = []
        for row in rows:
            self._known[row.id] = self._marks.get(accounts[row.account], row.status, row.counted, row.vanished)
            if row.absent_since is not None:
                absent.append((row.absent_since, row.id))
            if row.open is not None:
                self._open[row.id] = row.open
            if row.owed is not None:
                self._owed[row.id] = row.owed
        self._absent = {identity: since for since, identity in sorted(absent)}
        self.remembered = None

    def renew_histograms(self, now: float) -> None:
        """Begins the histograms anew, as their bounds have changed."""
        for account in self._seats.accounts.values():
            account.durations = {}
            account.durations_created = now
            self._seats.change(account)

    @property
    def zone(self) -> Zone:
        """How local times are read just now."""
        if self.zone_setting is not None:
            return self.zone_setting
        offset = zones.measured(self.state.clocks.values())
        return Zone("assumed") if offset is None else Zone("measured", offset)

    def observe(self, listing: Listing, now: float, awake: float) -> None:
        """Takes one listing, in the order of their completion; ``awake`` are the ledger's waking seconds."""
        stale = self.state.asked is not None and awake - self.state.awake > self._rules.late_after
        self.state.asked, self.state.awake = now, awake
        self._listed = listing.up
        if not listing.up:
            return
        self._union.take(listing, now, self._rules.vanish_after)
        step = self._step(now, stale)
        jobs = self._union.jobs
        news = self._update(jobs, step) if listing.short else self._replace(jobs, step)
        self._shown = {
            identity for identity in self._open if identity in jobs or (listing.short and identity in self._shown)
        }
        self._note_seen(jobs)
        if listing.complete:
            self._note_missing(jobs, now)
            self._seats.retire({mark.account.pair for mark in self._gauges.tally}, now, self._rules.retire_after)
        self._note_state(listing, now, news)
        self._union.release()

    def settle(self, answers: Iterable[Details], now: float) -> None:
        """Takes what the single-job API said of imports whose counts the list left out."""
        for answer in answers:
            owed = self._owed.get(answer.job_id)
            if owed is None:
                continue
            if answer.outcome is Outcome.ANSWERED:
                self._pay(owed, answer.files or owed.files, now)
            elif answer.outcome is Outcome.REFUSED and owed.refusals + 1 >= REFUSALS:
                self._pay(owed, owed.files, now)
            elif answer.outcome is Outcome.REFUSED:
                self._owed[owed.job_id] = msgspec.structs.replace(owed, refusals=owed.refusals + 1)
                self._changed_jobs.add(owed.job_id)
        for owed in [one for one in self._owed.values() if now - one.since > self._rules.forget_after]:
            self._pay(owed, owed.files, now)

    def owed(self, limit: int) -> list[Owed]:
        """Returns the imports to ask details of, those that failed least often first."""
        return sorted(self._owed.values(), key=lambda one: (one.refusals, one.since))[:limit]

    def recall(self) -> BookRecall:
        """Returns what a short listing need not read again; good until the next listing is observed."""
        return BookRecall(self._known, self._absent, [identity for identity in self._open if identity in self._shown])

    def oldest_begin(self) -> float | None:
        """Returns the begin of the oldest job that is not finished, in Unix seconds."""
        zone = self.zone
        return min((zone.utc(job.begin) for job in self._open.values() if job.begin), default=None)

    def view(self) -> View:
        """Returns all there is to show, frozen."""
        return View(self.target, self._listing_view() if self._listed else None, self._ledger_view())

    def take_changes(self) -> Changes:
        """Returns what changed since the last call."""
        accounts, imports = self._seats.take_changed()
        changed, self._changed_jobs = self._changed_jobs, set()
        forgotten, self._forgotten = self._forgotten, set()
        met, self._newly_met = self._newly_met, False
        return Changes(
            self.target,
            self._frozen_state(),
            tuple(account.freeze() for account in accounts),
            tuple(one.freeze() for one in imports),
            tuple(self._row(identity) for identity in changed if identity in self._known),
            tuple(identity for identity in forgotten if identity not in self._known),
            durable=bool(met or accounts or imports or changed or forgotten),
        )

    def take_events(self) -> tuple[tuple[Job, ...], tuple[str, ...]]:
        """Returns the jobs counted as finished since the last call, and the fields that made no sense."""
        finished, self._counting.finished = tuple(self._counting.finished), []
        faults, self._counting.faults = tuple(self._counting.faults), []
        return finished, faults

    def forget_jobs(self) -> None:
        """Lets go of the ids in memory; the store still has them."""
        self.remembered = len(self._known)
        self._known, self._absent, self._open, self._owed = {}, {}, {}, {}

    # One listing ----------------------------------------------------------------------------------------------------

    def _step(self, now: float, stale: bool) -> Step:
        state = self.state
        first = state.met is None
        created = now if state.last_success is None else state.last_success
        previous = state.last_began if self._clean else None
        return Step(now, first, stale and not first, created, previous, dict(state.newest), self.zone, self._union)

    def _replace(self, jobs: Mapping[str, Job], step: Step) -> list[Job]:
        """Builds the gauges anew from a full listing."""
        self._gauges = gauges = Gauges()
        self._seats.begin_full_listing()
        known, tally, news = self._known, gauges.tally, []
        for identity, job in jobs.items():
            mark = known.get(identity)
            if mark is not None and mark.settled and mark.status is job.status:
                tally[mark] = tally.get(mark, 0) + 1
                if job.files:
                    gauges.add_lines(mark.account.pair.graph, job)
            else:
                news.append(job)
        news.sort(key=_moment)
        for job in news:
            self._note(job, step)
        if any(OTHER in mark.account.pair[:2] for mark in tally):
            for identity, job in jobs.items():
                self._seats.note_folded(job, known[identity].account)
        return news

    def _update(self, jobs: Mapping[str, Job], step: Step) -> list[Job]:
        """Brings the gauges up to date with a listing that shows only what is new or active."""
        news = []
        for identity, job in jobs.items():
            mark = self._known.get(identity)
            absent = identity in self._absent
            if mark is not None and mark.settled and mark.status is job.status and not absent:
                continue
            opened = self._open.get(identity)
            if mark is not None and not absent and (opened is None or opened.missing_since is None):
                self._gauges.remove(mark, opened.lines if opened else {})
            news.append(job)
        news.sort(key=_moment)
        for job in news:
            self._note(job, step)
        return news

    def _note(self, job: Job, step: Step) -> None:
        old = self._known.get(job.id)
        account = old.account if old is not None else self._seats.of(job, step.created)
        finished, counted = job.finished, old is not None and old.counted
        seen = None if step.first or counted else step.now
        if old is None and step.first:
            counted = finished
        elif finished and not counted:
            seen = self._count(job, account, old, step)
            counted = True
        elif old is None:
            self._counting.discovered(account)
        self._counting.touch(account, job, step.zone, step.now, seen)
        self._note_clock(job, old, step)
        mark = self._marks.get(account, job.status, counted, old is not None and old.vanished)
        lines = self._gauges.add(mark, job)
        if finished:
            self._open.pop(job.id, None)
            if job.files:
                at = job.end or Time(step.now if seen is None else seen)
                self._counting.touch_import(account.pair.graph, job.files, at, step.zone, step.now)
        else:
            self._keep_open(job, account, step.now, lines)
        if mark is not old or not finished:
            self._known[job.id] = mark
            self._changed_jobs.add(job.id)

    def _count(self, job: Job, account: Account, old: Mark | None, step: Step) -> float | None:
        """Counts a finished job, once; returns the time that stands in for an end the API does not give."""
        if old is None and self._late(job, step):
            self._counting.late(account, job)
            return None
        if old is None:
            self._counting.discovered(account)
        self._counting.finish(account, job, step.zone)
        if self._is_owed(job):
            at = job.end or Time(step.now)
            self._owed[job.id] = Owed(job.id, job.graph, account.pair.graph, step.now, at, job.files)
        elif job.files:
            self._counting.count_files(account.pair.graph, job.files)
        return step.now

    def _is_owed(self, job: Job) -> bool:
        if not self.asks_details or self.target.plane is not Plane.MANAGEMENT or job.job_type != "ImportGraph":
            return False
        return not job.files or not all(file.reported for file in job.files)

    def _late(self, job: Job, step: Step) -> bool:
        if step.stale:
            return True
        end = job.end
        if end is None:
            return False
        newest = [self._newest_before(endpoint, end, step) for endpoint in step.union.endpoints_of(job.id)]
        return all(time is not None and end.seconds < time - self._rules.late_after for time in newest)

    def _newest_before(self, endpoint: str, time: Time, step: Step) -> float | None:
        if endpoint in step.newest:
            return step.newest[endpoint].of(time)
        # A node met only now: what the others have shown is the measure.
        return max((known for one in step.newest.values() if (known := one.of(time)) is not None), default=None)

    def _keep_open(self, job: Job, account: Account, now: float, lines: Mapping[Kind, Lines]) -> None:
        old = self._open.get(job.id)
        moved = now if job.progress is not None else None
        if old is not None and old.progress == job.progress:
            moved = old.progress_moved
        self._open[job.id] = Open(
            id=job.id,
            pair=account.pair,
            status=job.status,
            first_seen=old.first_seen if old else now,
            begin=job.begin,
            progress=job.progress,
            progress_moved=moved,
            lines=lines,
        )

    def _pay(self, owed: Owed, files: Sequence[ImportFile], now: float) -> None:
        del self._owed[owed.job_id]
        self._changed_jobs.add(owed.job_id)
        self._counting.count_files(owed.account, files)
        self._counting.touch_import(owed.account, files, owed.at, self.zone, now)

    # What is and is not there ---------------------------------------------------------------------------------------

    def _note_seen(self, jobs: Mapping[str, Job]) -> None:
        for identity in self._absent.keys() & jobs.keys():
            del self._absent[identity]
            self._changed_jobs.add(identity)

    def _note_missing(self, jobs: Mapping[str, Job], now: float) -> None:
        for identity in (self._known.keys() - jobs.keys()) - self._absent.keys():
            job = self._open.get(identity)
            if job is None:
                self._absent[identity] = now
            elif job.missing_since is None:
                self._open[identity] = msgspec.structs.replace(job, missing_since=now)
            elif now - job.missing_since > self._rules.vanish_after:
                self._vanish(job, now)
            else:
                continue
            self._changed_jobs.add(identity)
        self._forget(now)

    def _vanish(self, job: Open, now: float) -> None:
        old = self._known[job.id]
        if job.status.active and not old.counted and not old.vanished:
            self._counting.vanished(old.account)
        self._known[job.id] = self._marks.get(old.account, old.status, old.counted, vanished=True)
        del self._open[job.id]
        self._absent[job.id] = now

    def _forget(self, now: float) -> None:
        expired = []
        for identity, since in self._absent.items():
            if now - since <= self._rules.forget_after:
                break
            expired.append(identity)
        for identity in expired:
            if identity not in self._owed:
                del self._absent[identity]
                del self._known[identity]
                self._forgotten.add(identity)

    def _note_clock(self, job: Job, old: Mark | None, step: Step) -> None:
        if self.zone_setting is not None or self.target.plane is not Plane.SERVICE:
            return
        evidence = None
        if job.finished and job.files and (old is None or not old.counted):
            evidence = zones.from_import(job)
        elif job.active and old is None and step.previous is not None and not step.stale:
            evidence = zones.from_appearance(job, step.previous, step.now)
        if evidence is not None:
            endpoint = step.union.endpoints_of(job.id)[0]
            self.state.clocks.setdefault(endpoint, Measurement()).add(evidence)

    def _note_state(self, listing: Listing, now: float, news: Sequence[Job]) -> None:
        state = self.state
        if state.met is None:
            state.met, self._newly_met = now, True
        state.last_success, state.last_began = now, listing.began
        state.api = listing.api or state.api
        if self.target.plane is Plane.SERVICE and state.api and state.api.reports_lines:
            self._seats.seat_graph(self.target.graph, state.met)
        if listing.complete:
            state.last_complete = now
        for endpoint, jobs in self._union.shown_by(news):
            newest = state.newest.get(endpoint, Newest())
            for job in jobs:
                for time in (job.begin, job.end):
                    if time is not None and time.seconds <= now + MOST_AHEAD:
                        newest = newest.with_time(time)
            state.newest[endpoint] = newest
        self._clean = not listing.truncated

    # What comes out -------------------------------------------------------------------------------------------------

    def _row(self, identity: str) -> JobRow:
        mark = self._known[identity]
        return JobRow(
            identity,
            mark.account.number,
            mark.status,
            mark.counted,
            mark.vanished,
            self._absent.get(identity),
            self._open.get(identity),
            self._owed.get(identity),
        )

    def _frozen_state(self) -> TargetState:
        state = self.state
        clocks = {endpoint: msgspec.structs.replace(clock) for endpoint, clock in state.clocks.items()}
        return msgspec.structs.replace(state, newest=dict(state.newest), clocks=clocks)

    def _listing_view(self) -> ListingView:
        return ListingView(
            jobs=self._gauges.by_pair(),
            active=tuple(job for job in self._open.values() if job.id in self._shown),
            lines=self._gauges.frozen_lines(),
            folded={graph: len(pairs) for graph, pairs in self._seats.folded.items()},
        )

    def _ledger_view(self) -> LedgerView | None:
        state = self.state
        if state.met is None or state.last_success is None:
            return None
        accounts = self._seats.by_number()
        return LedgerView(
            api=state.api,
            zone=self.zone,
            met=state.met,
            last_success=state.last_success,
            remembered=len(self._known) if self.remembered is None else self.remembered,
            accounts=tuple(account.freeze() for account in self._seats.seated()),
            imports=tuple(one.freeze() for one in self._seats.imports.values() if one.seated),
            counter_exemplars={
                (accounts[number].pair, status): exemplar
                for (number, status), exemplar in self._counting.counter_exemplars.items()
            },
            bucket_exemplars={
                (accounts[number].pair, status, bucket): exemplar
                for (number, status, bucket), exemplar in self._counting.bucket_exemplars.items()
            },
        )


def _moment(job: Job) -> float:
    time = job.end or job.begin
    return time.seconds if time else 0.0
