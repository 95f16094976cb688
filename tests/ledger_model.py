"""What the counters must show, written from the rules of the metrics alone: a model to compare the ledger with.

It forgets nothing by cleverness: plain dictionaries of what each listing showed, and one rule after the other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field, replace

from ges_exporter.ledger import TargetRecord
from ges_exporter.ledger.accounts import Account, ImportAccount
from ges_exporter.ledger.view import LedgerView
from ges_exporter.model import Details, ImportFile, Job, Outcome, Owed, Plane, Status, Target, Time
from tests.watching import OFFSET

LATE_AFTER, VANISH_AFTER, FORGET_AFTER = 3600.0, 600.0, 7 * 86400.0
AHEAD = 14 * 3600.0
MERGED = ("", "", "")
Answer = tuple[str, list[Job] | None]
"""What one endpoint showed, or None where it did not answer."""
Totals = Counter[tuple[str, ...]]


def is_active(job: Job) -> bool:
    """Pending and running."""
    return job.status in {Status.PENDING, Status.RUNNING}


def is_finished(job: Job) -> bool:
    """All the rest, save that an unknown job is finished only when it has an end time."""
    return not is_active(job) and (job.status is not Status.UNKNOWN or job.end is not None)


def advance(job: Job) -> int:
    """How far along it is."""
    order = [Status.UNKNOWN, Status.PENDING, Status.RUNNING, Status.COMPLETE]
    status = Status.COMPLETE if job.status is Status.UNKNOWN and is_finished(job) else job.status
    return order.index(status) if status in order else len(order)


@dataclass
class Known:
    """One job id that a listing has shown."""

    graph: str
    pair: tuple[str, str, str]
    counted: bool = False
    """Whether its end is history, or was counted, or was late."""
    active: bool = False
    over: bool = False
    """Whether it was finished when last listed, or has vanished since."""
    vanished: bool = False
    disowned: bool = False
    """Whether it was gone when the target came back into sight."""
    missing: float | None = None
    """The first complete listing without it."""


Measures = dict[tuple[str, bool], float]
"""The newest time that was shown, by endpoint and whether it is local."""


@dataclass(eq=False)
class Page:
    """All that is remembered of one target."""

    target: Target
    merged: bool = False
    """Whether all kinds of job are counted together: who has a seat when there are few is another question."""
    met: float | None = None
    asked: float | None = None
    awake: float = 0.0
    known: dict[str, Known] = field(default_factory=dict)
    listed: float | None = None
    """The newest listing."""
    unseen: dict[str, float] = field(default_factory=dict)
    """The endpoints that have not answered since the target was out of sight, and when that ended."""
    newest: Measures = field(default_factory=dict)
    """One that has shown none is measured by the others, and by what it shows itself."""
    totals: Totals = field(default_factory=Counter)
    owed: dict[str, tuple[tuple[ImportFile, ...], int, float]] = field(default_factory=dict)
    lists: dict[str, dict[str, Job]] = field(default_factory=dict)
    """What each endpoint has shown since it was listed whole."""
    whole: dict[str, float] = field(default_factory=dict)
    """When that was."""

    def copy(self) -> Page:
        """Itself, as it is now."""
        known = {identity: replace(one) for identity, one in self.known.items()}
        return replace(
            self,
            known=known,
            newest=dict(self.newest),
            unseen=dict(self.unseen),
            totals=self.totals.copy(),
            owed=dict(self.owed),
            lists=dict(self.lists),
            whole=dict(self.whole),
        )

    # One listing

    def observe(
        self, now: float, awake: float, nodes: Sequence[Answer], *, complete: bool, short: Container[str], certain: bool
    ) -> None:
        """Takes what one scrape was answered.

        ``complete``: whether absence from it is evidence; ``short``: the endpoints that told but what is new or active;
        ``certain``: whether it is known how the engine's clock is set.
        """
        stale = self.asked is not None and awake - self.awake > LATE_AFTER
        self.asked = now
        answers = [(endpoint, jobs) for endpoint, jobs in nodes if jobs is not None]
        if answers or not stale:
            self.awake = awake
        if not answers:
            return
        if stale:
            self.unseen = {endpoint: now for endpoint, _ in nodes}
        shown = unite(job for _, jobs in answers for job in jobs)
        own = self._own(answers, now) if len(nodes) > 1 else {}
        for job in shown.values():
            endpoints = [endpoint for endpoint, jobs in answers if job.id in {one.id for one in jobs}]
            elsewhere = all(self._is_unseen(endpoint, job, certain) for endpoint in endpoints)
            self._show(job, now, elsewhere, self._late(job, endpoints, own))
        for identity in self.known.keys() - shown.keys() if stale else ():
            # Whoever watched meanwhile has counted it.
            self.known[identity].disowned |= not self.known[identity].over
        for endpoint, jobs in answers:
            known = self.lists.get(endpoint, {}) if endpoint in short else {}
            self.lists[endpoint] = known | unite(jobs)
            self.whole[endpoint] = self.whole[endpoint] if endpoint in short else now
        if complete:
            shown_by_all = {identity for endpoint, _ in nodes for identity in self.lists[endpoint]}
            self._miss(shown_by_all, now, min(self.whole[endpoint] for endpoint, _ in nodes))
        for endpoint, jobs in answers:
            self._read_clock(endpoint, jobs, now)
        self.listed = now
        answered = {endpoint for endpoint, _ in answers}
        self.unseen = {one: since for one, since in self.unseen.items() if one not in answered}
        self.met = now if self.met is None else self.met

    def _is_unseen(self, endpoint: str, job: Job, certain: bool) -> bool:
        since = self.unseen.get(endpoint)
        if since is None:
            return False
        ended = job.end is not None and job.end.seconds - OFFSET * job.end.local > since
        return not (ended and (certain or (job.end is not None and not job.end.local)))

    def _show(self, job: Job, now: float, elsewhere: bool, late: bool) -> None:
        known = self.known.get(job.id)
        finished = is_finished(job)
        if known is None:
            known = self.known[job.id] = Known(job.graph, self._pair(job))
            if self.met is None:
                known.counted = finished
            elif finished and (elsewhere or late):
                known.counted = True
                self.totals["late", *known.pair, job.status] += 1
            elif not elsewhere:
                self.totals["discovered", *known.pair] += 1
        if finished and not known.counted:
            known.counted = True
            if elsewhere:
                self.totals["late", *known.pair, job.status] += 1
            else:
                self._finish(job, known, now)
        known.active, known.over, known.missing, known.disowned = is_active(job), finished, None, False

    def _pair(self, job: Job) -> tuple[str, str, str]:
        if self.merged:
            return MERGED
        graph = job.graph if self.target.plane is Plane.MANAGEMENT else self.target.graph
        return (graph, job.job_type, job.algorithm)

    def _late(self, job: Job, endpoints: Sequence[str], own: Measures) -> bool:
        return job.end is not None and all(self._is_old(endpoint, job.end, own) for endpoint in endpoints)

    def _is_old(self, endpoint: str, end: Time, own: Measures) -> bool:
        which = (endpoint, end.local)
        others = [newest for (_, local), newest in self.newest.items() if local is end.local]
        measures = [self.newest[which]] if which in self.newest else others + [own[one] for one in own if one == which]
        return bool(measures) and end.seconds < max(measures) - LATE_AFTER

    def _own(self, answers: Iterable[tuple[str, Sequence[Job]]], now: float) -> Measures:
        """What those endpoints show that have shown no time before; what ended since the listing before may be new."""
        page = Page(self.target)
        for endpoint, jobs in answers:
            if not {(endpoint, True), (endpoint, False)} & self.newest.keys():
                page._read_clock(endpoint, jobs, now)
        gap = 0.0 if self.listed is None else max(now - self.listed, 0.0)
        return {which: newest - gap for which, newest in page.newest.items()}

    def _finish(self, job: Job, known: Known, now: float) -> None:
        self.totals["finished", *known.pair, job.status] += 1
        if job.begin and job.end and job.end.seconds >= job.begin.seconds:
            self.totals["durations", *known.pair, job.status] += 1
            self.totals["seconds", *known.pair, job.status] += round(job.end.seconds - job.begin.seconds)
        told = bool(job.files) and all(None not in {file.lines, file.failed_lines} for file in job.files)
        if self.target.plane is Plane.MANAGEMENT and job.job_type == "ImportGraph" and not told:
            self.owed[job.id] = (job.files, 0, now)
        else:
            self._count_files(known.pair[0], job.files)

    def _count_files(self, graph: str, files: Iterable[ImportFile]) -> None:
        for file in files:
            self.totals["lines", graph, file.kind] += file.lines or 0
            self.totals["failed_lines", graph, file.kind] += file.failed_lines or 0
            self.totals["files", graph, file.kind, file.status] += 1
            self.totals["unreported", graph, file.kind] += None in {file.lines, file.failed_lines}

    def _miss(self, shown: Container[str], now: float, whole: float) -> None:
        for identity, known in list(self.known.items()):
            if identity in shown:
                continue
            if known.missing is None:
                known.missing = now
            elif not known.over and now - known.missing > VANISH_AFTER and whole >= known.missing:
                if known.active and not (known.counted or known.vanished or known.disowned):
                    self.totals["vanished", *known.pair] += 1
                known.over, known.vanished, known.missing = True, True, now
            if known.over and now - known.missing > FORGET_AFTER and identity not in self.owed:
                del self.known[identity]

    def _read_clock(self, endpoint: str, jobs: Iterable[Job], now: float) -> None:
        times = [time for job in jobs for time in (job.begin, job.end) if time is not None]
        for local in (False, True):
            read = [time.seconds for time in times if time.local is local and time.seconds <= now + AHEAD]
            if read:
                self.newest[endpoint, local] = max(*read, self.newest.get((endpoint, local), read[0]))

    # The details of imports

    def settle(self, answers: Iterable[Details], now: float) -> None:
        """Takes what the single-job API said."""
        for answer in answers:
            files, refusals, since = self.owed[answer.job_id]
            if answer.outcome is Outcome.ANSWERED:
                self._pay(answer.job_id, answer.files or files)
            elif answer.outcome is Outcome.REFUSED and refusals == 2:
                self._pay(answer.job_id, files)
            elif answer.outcome is Outcome.REFUSED:
                self.owed[answer.job_id] = (files, refusals + 1, since)
        for identity, (files, _, since) in list(self.owed.items()):
            if now - since > FORGET_AFTER:
                self._pay(identity, files)

    def _pay(self, identity: str, files: Iterable[ImportFile]) -> None:
        del self.owed[identity]
        self._count_files(self.known[identity].pair[0], files)

    # What was stored

    def is_stored(self, record: TargetRecord | None, owed: Iterable[Owed]) -> bool:
        """Whether this is what the store gives back."""
        if record is None:
            return self.asked is None
        return (
            record.state.asked == self.asked
            and record.state.met == self.met
            and totals_of(record.accounts, record.imports, merged=self.merged) == positive(self.totals)
            and {one.job_id: one.refusals for one in owed} == {one: owing[1] for one, owing in self.owed.items()}
        )


def unite(jobs: Iterable[Job]) -> dict[str, Job]:
    """Of two records of one job, the more advanced, then the later."""
    united: dict[str, Job] = {}
    for job in jobs:
        if job.id not in united or advance(job) >= advance(united[job.id]):
            united[job.id] = job
    return united


def exposed(view: LedgerView | None, *, merged: bool) -> Totals:
    """What is shown of a target."""
    return totals_of(view.accounts, view.imports, merged=merged) if view else Counter()


def totals_of(accounts: Iterable[Account], imports: Iterable[ImportAccount], *, merged: bool) -> Totals:
    """All that is counted, by name and labels."""
    totals: Totals = Counter()
    for account in accounts:
        pair = MERGED if merged else account.pair
        totals["discovered", *pair] += account.discovered
        totals["vanished", *pair] += account.vanished
        for name, counts in (("finished", account.finished), ("late", account.late)):
            for status, number in counts.items():
                totals[name, *pair, status] += number
        for status, histogram in account.durations.items():
            totals["durations", *pair, status] += sum(histogram.counts)
            totals["seconds", *pair, status] += round(histogram.seconds)
    for one in imports:
        graph = MERGED[0] if merged else one.graph
        for kind in one.files:
            totals["lines", graph, kind] += one.lines[kind]
            totals["failed_lines", graph, kind] += one.failed_lines[kind]
            totals["unreported", graph, kind] += one.unreported.get(kind, 0)
            for status, number in one.files[kind].items():
                totals["files", graph, kind, status] += number
    return positive(totals)


def positive(totals: Totals) -> Totals:
    """Without what is 0."""
    return +totals
