"""What is remembered of one target, and how a listing changes it.

Each job id has a `Mark`: where it is counted, how it was last listed, whether it has been counted. What a listing shows
as its marks say has nothing to tell, so a long list of old jobs costs one look at each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter

import msgspec

from ges_exporter.ledger import zone as zones
from ges_exporter.ledger.accounts import OTHER, Account, Lines
from ges_exporter.ledger.changes import Changes, JobRow, Newest, Owed, Rules, TargetRecord, TargetState
from ges_exporter.ledger.counting import MOST_AHEAD, Counting
from ges_exporter.ledger.gauges import Gauges, Mark
from ges_exporter.ledger.roster import Recall, Roster
from ges_exporter.ledger.seats import Seats
from ges_exporter.ledger.union import Union
from ges_exporter.ledger.view import LedgerView, ListingView, Open, View
from ges_exporter.ledger.zone import Measurement, Zone
from ges_exporter.model import Details, ImportFile, Job, Kind, Listing, Outcome, Plane, Status, Target, Time

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
    """When the listing before was begun."""
    newest: Mapping[str, Newest]
    """The newest times shown before, by endpoint."""
    zone: Zone
    union: Union


class Book:
    """One target's page of the ledger."""

    def __init__(self, target: Target, rules: Rules, zone: Zone | None, *, details: bool) -> None:
        self.target = target
        self.zone_setting = zone
        """None: to be found out."""
        self.asks_details = details
        self.state = TargetState(bounds=rules.bounds)
        self.remembered: int | None = None
        """How many job rows the store holds that have not been loaded; None once they are here."""
        self._rules = rules
        self._seats = Seats(target, rules.label_sets_per_graph, rules.graphs_per_project)
        self._counting = Counting(self._seats, rules.bounds)
        self._roster = Roster()
        self._gauges = Gauges()
        self._union = Union()
        self._listed = False
        self._newly_met = False
        self._clear: set[str] = set()
        """The endpoints whose newest listing cannot have missed a job."""

    def restore(self, record: TargetRecord) -> None:
        """Takes what was stored, but for the job rows."""
        self.state = record.state
        self._seats.restore(record.accounts, record.imports)
        self.remembered = record.remembered
        self._renew_histograms()

    def change_rules(self, rules: Rules) -> None:
        """Goes on under other limits."""
        self._rules = rules
        self._seats.change_limits(rules.label_sets_per_graph, rules.graphs_per_project)
        self._counting.bounds = rules.bounds
        self._renew_histograms()

    def restore_jobs(self, rows: Mapping[str, JobRow]) -> None:
        """Takes the stored job rows, by job id."""
        self._roster.restore(rows, self._seats.by_number())
        self.remembered = None

    def _renew_histograms(self) -> None:
        """Begins the histograms anew if their bounds have changed."""
        if self.state.bounds == self._rules.bounds:
            return
        self.state.bounds = self._rules.bounds
        self._counting.bucket_exemplars.clear()
        for account in self._seats.accounts.values():
            account.durations = {}
            # Nothing can have been counted since the target was last asked.
            account.durations_created = self.state.asked
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
        self.state.asked, self._listed = now, listing.up
        # What was out of sight stays so until there is a listing, however often it is asked in vain.
        if listing.up or not stale:
            self.state.awake = awake
        if not listing.up:
            return
        self._union.take(listing, now, self._rules.vanish_after)
        step = self._step(now, stale)
        jobs = self._union.jobs
        news = self._update(jobs, step) if listing.short else self._replace(jobs, step)
        self._roster.note_shown(jobs, short=listing.short)
        if listing.complete:
            self._note_missing(jobs, now)
            self._seats.retire({mark.account.pair for mark in self._gauges.tally}, now, self._rules.retire_after)
        self._note_state(listing, now, news)
        self._union.release()

    def settle(self, answers: Iterable[Details], now: float) -> None:
        """Takes what the single-job API said of imports whose counts the list left out."""
        owing = self._roster.owed
        for answer in answers:
            owed = owing.get(answer.job_id)
            if owed is None:
                continue
            if answer.outcome is Outcome.ANSWERED:
                self._pay(owed, answer.files or owed.files, now)
            elif answer.outcome is Outcome.REFUSED and owed.refusals + 1 >= REFUSALS:
                self._pay(owed, owed.files, now)
            elif answer.outcome is Outcome.REFUSED:
                self._roster.owe(msgspec.structs.replace(owed, refusals=owed.refusals + 1))
        for owed in [one for one in owing.values() if now - one.since > self._rules.forget_after]:
            self._pay(owed, owed.files, now)

    def owed(self, limit: int) -> list[Owed]:
        """Returns the imports to ask details of, those that failed least often first."""
        return sorted(self._roster.owed.values(), key=lambda one: (one.refusals, one.since))[:limit]

    def recall(self) -> Recall:
        """Returns what a short listing need not read again; good until the next listing is observed."""
        return self._roster.recall()

    def oldest_begin(self) -> float | None:
        """Returns the begin of the oldest job that is not finished, in Unix seconds."""
        zone = self.zone
        return min((zone.utc(job.begin) for job in self._roster.open.values() if job.begin), default=None)

    def view(self) -> View:
        """Returns all there is to show, frozen."""
        return View(self.target, self._listing_view() if self._listed else None, self._ledger_view())

    def take_changes(self) -> Changes:
        """Returns what changed since the last call."""
        accounts, imports = self._seats.take_changed()
        jobs, forgotten = self._roster.take_rows()
        met, self._newly_met = self._newly_met, False
        return Changes(
            self.target,
            self._frozen_state(),
            tuple(account.freeze() for account in accounts),
            tuple(one.freeze() for one in imports),
            jobs,
            forgotten,
            durable=bool(met or accounts or imports or jobs or forgotten),
        )

    def take_events(self) -> tuple[tuple[Job, ...], tuple[str, ...]]:
        """Returns the jobs counted as finished since the last call, and the fields that made no sense."""
        finished, self._counting.finished = tuple(self._counting.finished), []
        faults, self._counting.faults = tuple(self._counting.faults), []
        return finished, faults

    # One listing ----------------------------------------------------------------------------------------------------

    def _step(self, now: float, stale: bool) -> Step:
        state = self.state
        first = state.met is None
        created = now if state.last_success is None else state.last_success
        newest = dict(state.newest)
        return Step(now, first, stale and not first, created, state.last_began, newest, self.zone, self._union)

    def _replace(self, jobs: Mapping[str, Job], step: Step) -> list[Job]:
        """Builds the gauges anew from a full listing."""
        self._gauges = gauges = Gauges()
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
        self._note_all(self._take_history(news, step) if step.first else news, step)
        if any(OTHER in mark.account.pair[:2] for mark in tally):
            for identity, job in jobs.items():
                self._seats.note_folded(job, known[identity].account)
        return news

    def _update(self, jobs: Mapping[str, Job], step: Step) -> list[Job]:
        """Brings the gauges up to date with a listing that shows only what is new or active."""
        roster, recall = self._roster, self._roster.recall()
        news = [job for job in jobs.values() if not recall.settled(job)]
        for job in news:
            if job.id in roster.open:
                if job.id in roster.shown:
                    self._gauges.remove(roster.known[job.id], roster.open[job.id].lines)
            elif recall.knows(job.id):
                self._gauges.remove(roster.known[job.id], {})
        self._note_all(news, step)
        return news

    def _take_history(self, jobs: Sequence[Job], step: Step) -> list[Job]:
        """Takes the finished jobs of a target's first listing, which count nowhere; returns those that need more care.

        A long list is mostly this: of each kind only the newest is looked at twice.
        """
        rest: list[Job] = []
        kinds: dict[tuple[str, str, str, Status], list[Job]] = {}
        for job in jobs:
            if job.files or not job.finished:
                rest.append(job)
            else:
                kinds.setdefault((job.graph, job.job_type, job.algorithm, job.status), []).append(job)
        for alike in kinds.values():
            mark = self._roster.marks.get(self._seats.of(alike[0], step.created), alike[0].status, counted=True)
            self._gauges.tally[mark] = self._gauges.tally.get(mark, 0) + len(alike)
            self._roster.mark_all([job.id for job in alike], mark)
            for job in (_newest(alike, attrgetter("begin"), step.now), _newest(alike, attrgetter("end"), step.now)):
                self._counting.touch(mark.account, job, step.zone, step.now, None)
        return rest

    def _note_all(self, jobs: Iterable[Job], step: Step) -> None:
        for job in sorted(jobs, key=_moment):
            self._note(job, step)

    def _note(self, job: Job, step: Step) -> None:
        old = self._roster.known.get(job.id)
        account = old.account if old is not None and old.account.seated else self._seats.of(job, step.created)
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
        mark = self._roster.marks.get(account, job.status, counted, old is not None and old.vanished)
        lines = self._gauges.add(mark, job)
        self._roster.mark(job.id, mark)
        if finished:
            self._roster.close(job.id)
            self._note_import(job, account, seen, step)
        else:
            self._keep_open(job, account, step.now, lines)

    def _count(self, job: Job, account: Account, old: Mark | None, step: Step) -> float | None:
        """Counts a finished job, once; returns the time that stands in for an end the API does not give."""
        # Whoever watched the target meanwhile has counted it, also if it was known to be active before.
        if step.stale or (old is None and self._late(job, step)):
            self._counting.late(account, job)
            return None
        if old is None:
            self._counting.discovered(account)
        self._counting.finish(account, job, step.zone)
        if self._is_owed(job):
            at = job.end or Time(step.now)
            self._roster.owe(Owed(job.id, job.graph, account.pair.graph, step.now, at, job.files))
        elif job.files:
            self._counting.count_files(account.pair.graph, job.files)
        return step.now

    def _is_owed(self, job: Job) -> bool:
        if not self.asks_details or self.target.plane is not Plane.MANAGEMENT or job.job_type != "ImportGraph":
            return False
        return not job.files or not all(file.reported for file in job.files)

    def _note_import(self, job: Job, account: Account, seen: float | None, step: Step) -> None:
        at = job.end or (job.begin if seen is None else Time(seen))
        if job.files and at is not None:
            self._counting.touch_import(account.pair.graph, job.files, at, step.zone, step.now)

    def _late(self, job: Job, step: Step) -> bool:
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

    def _pay(self, owed: Owed, files: Sequence[ImportFile], now: float) -> None:
        self._roster.pay(owed.job_id)
        self._counting.count_files(owed.account, files)
        self._counting.touch_import(owed.account, files, owed.at, self.zone, now)

    # What is and is not there ---------------------------------------------------------------------------------------

    def _note_missing(self, jobs: Mapping[str, Job], now: float) -> None:
        roster = self._roster
        for identity in roster.missing(jobs):
            job = roster.open.get(identity)
            if job is None:
                roster.leave(identity, now)
            elif job.missing_since is None:
                roster.keep_open(msgspec.structs.replace(job, missing_since=now))
            elif now - job.missing_since > self._rules.vanish_after:
                self._vanish(job, now)
        roster.forget(now, self._rules.forget_after)

    def _vanish(self, job: Open, now: float) -> None:
        old = self._roster.known[job.id]
        if job.status.active and not old.counted and not old.vanished:
            self._counting.vanished(old.account)
        self._roster.mark(job.id, self._roster.marks.get(old.account, old.status, old.counted, vanished=True))
        self._roster.close(job.id)
        self._roster.leave(job.id, now)

    def _note_clock(self, job: Job, old: Mark | None, step: Step) -> None:
        if self.zone_setting is not None or self.target.plane is not Plane.SERVICE:
            return
        endpoint = step.union.endpoints_of(job.id)[0]
        evidence = None
        if job.finished and job.files and (old is None or not old.counted):
            evidence = zones.from_import(job)
        elif job.active and old is None and step.previous is not None and endpoint in self._clear and not step.stale:
            evidence = zones.from_appearance(job, step.previous, step.now)
        if evidence is not None:
            self.state.clocks.setdefault(endpoint, Measurement()).add(evidence, job.id)

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
        self._clear = {node.endpoint for node in listing.nodes if node.complete or node.short}

    # What comes out -------------------------------------------------------------------------------------------------

    def _frozen_state(self) -> TargetState:
        state = self.state
        clocks = {endpoint: msgspec.structs.replace(clock) for endpoint, clock in state.clocks.items()}
        return msgspec.structs.replace(state, newest=dict(state.newest), clocks=clocks)

    def _listing_view(self) -> ListingView:
        return ListingView(
            jobs=self._gauges.by_pair(),
            active=tuple(job for job in self._roster.open.values() if job.id in self._roster.shown),
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
            remembered=len(self._roster.known) if self.remembered is None else self.remembered,
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


def _newest(jobs: Sequence[Job], time_of: Callable[[Job], Time | None], now: float) -> Job:
    latest = now + MOST_AHEAD
    timed = [
        (time.seconds, place)
        for place, time in enumerate(map(time_of, jobs))
        if time is not None and time.seconds <= latest
    ]
    return jobs[max(timed)[1]] if timed else jobs[0]
