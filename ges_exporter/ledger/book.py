"""What is remembered of one target, and what is taken from each of its listings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from ges_exporter.ledger.changes import Changes, JobRow, Rules, TargetRecord, TargetState
from ges_exporter.ledger.clocks import Clocks
from ges_exporter.ledger.counting import Counting
from ges_exporter.ledger.debts import Debts
from ges_exporter.ledger.gauges import Gauges
from ges_exporter.ledger.posting import Circumstances, Parts, Posting
from ges_exporter.ledger.roster import Recall, Roster
from ges_exporter.ledger.seats import Seats
from ges_exporter.ledger.union import NodeRecall, Union
from ges_exporter.ledger.view import LedgerView, ListingView, Open, View
from ges_exporter.ledger.zone import Zone
from ges_exporter.model import Details, Job, Listing, Owed, Plane, Target


class Book:
    """One target's page of the ledger."""

    def __init__(self, target: Target, rules: Rules, zone: Zone | None, *, details: bool) -> None:
        self.target = target
        self.state = TargetState(bounds=rules.bounds)
        self.remembered: int | None = None
        """How many job rows the store holds that have not been loaded; None once they are here."""
        self._rules = rules
        self._seats = Seats(target, rules.label_sets_per_graph, rules.graphs_per_project)
        self._counting = Counting(self._seats, rules.bounds)
        self._roster = Roster()
        self._clocks = Clocks(zone)
        self._debts = Debts(self._roster, self._counting)
        self._gauges = Gauges()
        self._union = Union()
        self._asks_details = details
        self._listed = False
        self._newly_met = False
        self._clocks.restore(self.state)

    def restore(self, record: TargetRecord) -> None:
        """Takes what was stored, but for the job rows."""
        self.state = record.state
        self._clocks.restore(self.state)
        self._seats.restore(record.accounts, record.imports)
        self.remembered = record.remembered
        self._renew_histograms()

    def change_settings(self, zone: Zone | None, *, details: bool) -> None:
        """Goes on with other settings of the target; ``zone`` None means to find it out."""
        self._clocks.setting, self._asks_details = zone, details

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
        return self._clocks.zone

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
        if stale:
            self.state.unseen = dict.fromkeys((node.endpoint for node in listing.nodes), now)
        another = bool(listing.source and self.state.source) and listing.source != self.state.source
        if another:
            self._clocks.forget()
        # Of a lone endpoint that is met (an address that was changed) the list goes on where that of the other ended.
        self._clocks.meet(self._union.shown_by([]), now, self.state.last_success)
        posting = self._posting(now, another=another)
        # What a short listing of one of several nodes leaves out, the union still has.
        short = listing.short and self._union.lone
        if short:
            news = posting.update(self._gauges)
        else:
            self._gauges, news = posting.replace()
        jobs = self._union.jobs
        self._roster.note_shown(jobs, short=short)
        if stale:
            self._disown(jobs)
        if listing.complete:
            self._note_missing(jobs, now)
            self._seats.retire({mark.account.pair for mark in self._gauges.tally}, now, self._rules.retire_after)
        self._note_state(listing, now, news)
        self._union.release()

    def settle(self, answers: Iterable[Details], now: float) -> None:
        """Takes what the single-job API said of imports whose counts the list left out."""
        self._debts.settle(answers, self.zone, now, self._rules.forget_after)

    def owed(self, limit: int, now: float) -> list[Owed]:
        """Returns the imports to ask details of, those that failed least often first."""
        return self._debts.first(limit, now)

    def recall(self, endpoint: str) -> Recall | NodeRecall | None:
        """Returns what a short listing of an endpoint need not read again, until the next one is observed.

        None where it has to be listed whole.
        """
        return self._roster.recall() if self._union.lone else self._union.recall(endpoint, self._roster.known)

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

    def _posting(self, now: float, *, another: bool) -> Posting:
        """``another``: whether it is the first listing of another list of the target's name."""
        state, service = self.state, self.target.plane is Plane.SERVICE
        first = state.met is None or another
        circumstances = Circumstances(
            now=now,
            first=first,
            unseen={} if first else state.unseen,
            created=now if state.last_success is None else state.last_success,
            previous=None if another else state.last_began,
            zone=self.zone,
            late_after=self._rules.late_after,
            asks_details=self._asks_details and not service,
            tells_zone=service and self._clocks.setting is None,
        )
        parts = Parts(self._seats, self._counting, self._roster, self._clocks, self._debts)
        return Posting(parts, self._union, circumstances)

    def _disown(self, jobs: Mapping[str, Job]) -> None:
        """Lets what was active and is not shown any more vanish uncounted: whoever watched meanwhile has seen it go."""
        for identity in self._roster.open.keys() - jobs.keys():
            self._roster.keep_open(msgspec.structs.replace(self._roster.open[identity], disowned=True))

    def _note_missing(self, jobs: Mapping[str, Job], now: float) -> None:
        roster = self._roster
        for identity in roster.missing(jobs):
            job = roster.open.get(identity)
            if job is None:
                roster.leave(identity, now)
            elif job.missing_since is None:
                roster.keep_open(msgspec.structs.replace(job, missing_since=now))
            # It may have turned up where a short listing does not look.
            elif now - job.missing_since > self._rules.vanish_after and self._union.whole >= job.missing_since:
                self._vanish(job, now)
        roster.forget(now, self._rules.forget_after)

    def _vanish(self, job: Open, now: float) -> None:
        old = self._roster.known[job.id]
        if job.status.active and not (old.counted or old.vanished or job.disowned):
            self._counting.vanished(old.account)
        self._roster.mark(job.id, self._roster.marks.get(old.account, old.status, old.counted, vanished=True))
        self._roster.close(job.id)
        self._roster.leave(job.id, now)

    def _note_state(self, listing: Listing, now: float, news: Sequence[Job]) -> None:
        state = self.state
        if state.met is None:
            state.met, self._newly_met = now, True
        state.source = listing.source
        state.last_success, state.last_began = now, listing.began
        state.api = listing.api or state.api
        if self.target.plane is Plane.SERVICE and state.api and state.api.reports_lines:
            self._seats.seat_graph(self.target.graph, state.met)
        if listing.complete:
            state.last_complete = now
        self._clocks.note(self._union.shown_by(news), now)
        silent = [node.endpoint for node in listing.nodes if node.reason]
        state.unseen = {one: since for one, since in state.unseen.items() if one in silent}
        self._clocks.clear = frozenset(node.endpoint for node in listing.nodes if node.complete or node.short)

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
