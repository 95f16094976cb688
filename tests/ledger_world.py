"""A true world of jobs, and the exporter's ledger and store that watch it, for tests that compare what they count."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from random import Random

from ges_exporter.dialects import DIALECTS
from ges_exporter.ledger import Changes, Ledger, Observation, Rules
from ges_exporter.ledger.view import LedgerView
from ges_exporter.model import Details, ImportFile, Job, Kind, Listing, NodeListing, Plane, Status, Target, Time
from ges_exporter.store import Store
from tests.ledger_model import FORGET_AFTER, LATE_AFTER, VANISH_AFTER, Page, Totals, exposed, positive
from tests.watching import OFFSET

RULES = Rules(
    vanish_after=VANISH_AFTER, forget_after=FORGET_AFTER, late_after=LATE_AFTER, retire_after=3650 * 86400, bounds=(10.0,)
)
OUTCOMES = (Status.SUCCESS, Status.FAILED, Status.PARTIALLY_FAILED, Status.COMPLETE, Status.UNKNOWN)
FAR = 1000 * 86400.0


class Engine:
    """What is behind a target: jobs, and the lists of them that its nodes keep, newest first."""

    def __init__(self, target: Target, endpoints: Sequence[str], api: str) -> None:
        self.target = target
        self.api = DIALECTS[api].api
        self.lists: dict[str, list[str]] = {endpoint: [] for endpoint in endpoints}
        self.jobs: dict[str, Job] = {}
        self.hidden: dict[str, list[str]] = {endpoint: [] for endpoint in endpoints}

    def add(self, status: Status, chance: Random, now: float, age: float = 0.0) -> None:
        """A job appears in the list of one node or of all; an old one ended ``age`` seconds ago."""
        identity = f"{self.target.graph}{len(self.jobs)}"
        importing = chance.random() < 0.4
        job = Job(
            identity,
            Status.PENDING,
            "ImportGraph" if importing else "Algorithm",
            "" if importing else chance.choice(["pagerank", "wcc"]),
            chance.choice(["movie", "fraud"]) if self.target.plane is Plane.MANAGEMENT else "",
            self._time(now - age - chance.choice([0, 5, 50]), chance),
            files=tuple(_files(chance)) if importing and self.api.reports_lines else (),
        )
        self.jobs[identity] = job
        self.go_on(identity, status, chance, now - age)
        some = [chance.choice(list(self.lists))] if chance.random() < 0.5 else list(self.lists)
        for endpoint in some:
            self.lists[endpoint].insert(0, identity)

    def go_on(self, identity: str, status: Status, chance: Random, now: float) -> None:
        """A job changes its status."""
        job = self.jobs[identity]
        over = status not in {Status.PENDING, Status.RUNNING}
        end = self._time(now + FAR if chance.random() < 0.03 else now, chance) if over else None
        self.jobs[identity] = Job(
            job.id, status, job.job_type, job.algorithm, job.graph, job.begin, end, files=job.files
        )

    def active(self) -> list[str]:
        """The jobs that are not over."""
        return [job.id for job in self.jobs.values() if job.status in {Status.PENDING, Status.RUNNING}]

    def over(self, endpoint: str) -> list[str]:
        """The finished jobs in a node's list."""
        active = set(self.active())
        return [identity for identity in self.lists[endpoint] if identity not in active]

    def _time(self, seconds: float, chance: Random) -> Time | None:
        if not self.api.timed or chance.random() < 0.05:
            return None
        local = self.target.plane is Plane.SERVICE
        return Time(float(round(seconds + OFFSET * local)), local)


def _files(chance: Random) -> Iterable[ImportFile]:
    for kind in chance.sample(list(Kind), 2):
        lines = chance.choice([None, 10, 20])
        failed = chance.choice([None, 0, 3])
        yield ImportFile(kind, chance.choice([Status.SUCCESS, Status.FAILED]), lines, failed)


class Exporter:
    """One run of the exporter's ledger and store on a file; what is on disk is released to be shown."""

    def __init__(self, path: Path, watched: Iterable[Engine], now: float) -> None:
        self.path = path
        self.store = Store(str(path), clock=lambda: now)
        self.records = {record.target: record for record in self.store.records()}
        self.ledger = Ledger(RULES, self.records.values())
        self.engines = {engine.target: engine for engine in watched}
        for target in self.engines:
            self.ledger.watch(target)
        self.released: dict[Target, LedgerView | None] = {
            target: self.ledger.view(target).ledger for target in self.engines
        }
        self.gauges: dict[Target, dict[tuple[str, ...], int]] = {}

    async def restore(self, target: Target) -> None:
        """Loads the job rows of a target, as the first scrape does."""
        if self.ledger.lacks_jobs(target):
            self.ledger.restore_jobs(target, await self.store.jobs(target))

    def observe(self, target: Target, nodes: Sequence[NodeListing], now: float) -> Observation:
        """Takes one listing, and says what is to be shown once it is saved."""
        listing = Listing(target, tuple(nodes), now, api=self.engines[target].api)
        observation = self.ledger.observe(listing, now)
        self.gauges[target] = {
            (*pair, status): number
            for pair, by_status in (observation.view.listing.jobs if observation.view.listing else {}).items()
            for status, number in by_status.items()
            if number
        }
        return observation

    def settle(self, target: Target, answers: Sequence[Details], now: float) -> Observation:
        """Takes what the single-job API said."""
        return self.ledger.settle(target, answers, now)

    async def save(self, changes: Changes, view: LedgerView | None) -> bool:
        """Releases a view once its changes are on disk."""
        saved = await self.store.save(changes)
        if saved:
            self.released[changes.target] = view
        return saved

    def shown(self, target: Target) -> Totals:
        """The counters that are exposed."""
        return exposed(self.released[target])


class Disk:
    """The file of a run, which can be made to fail, and whose state at a moment can be kept as a crash would leave it.

    It reaches for the connection itself: no file system fails on demand for everybody.
    """

    def __init__(self, exporter: Exporter) -> None:
        database = exporter.store._database
        assert database is not None
        self._connection = database._connection
        self._path = exporter.path
        self._countdown = -1
        self.kept: Path | None = None

    def fail(self, how: str) -> None:
        """Becomes read-only, or full, until `recover`."""
        if how == "full":
            (pages,) = self._connection.execute("PRAGMA page_count").fetchone()
            self._connection.execute(f"PRAGMA max_page_count = {pages}")
        else:
            self._connection.execute("PRAGMA query_only = ON")

    def recover(self) -> None:
        """Works again."""
        self._connection.execute("PRAGMA query_only = OFF")
        self._connection.execute("PRAGMA max_page_count = 1073741823")

    def keep_before_statement(self, number: int, to: Path) -> None:
        """Keeps the state of the files as it is before the ``number``-th statement from now."""
        self._countdown = number

        def trace(_statement: str) -> None:
            self._countdown -= 1
            if self._countdown == 0:
                self.keep(to)

        self._connection.set_trace_callback(trace)

    def keep(self, to: Path) -> None:
        """Keeps the state of the files as it is now."""
        for suffix in ("", "-wal"):
            source = self._path.with_name(self._path.name + suffix)
            if source.exists():
                shutil.copyfile(source, to.with_name(to.name + suffix))
        self.kept = to

    def tear(self, share: float) -> None:
        """Adds to what was kept a share of what has been written since, cut anywhere, as the system may have it."""
        assert self.kept is not None
        log, kept = (path.with_name(path.name + "-wal") for path in (self._path, self.kept))
        if kept.exists() and (more := log.stat().st_size - kept.stat().st_size) > 0:
            shutil.copyfile(log, kept)
            with kept.open("r+b") as file:
                file.truncate(log.stat().st_size - more + int(more * share))


class Truth:
    """The model of one target: the state that was released last, and all later ones, which a crash may leave."""

    def __init__(self, target: Target) -> None:
        self.page = Page(target)
        self.possible = [self.page.copy()]

    def note(self) -> Page:
        """Keeps the state of now as one that may be found on disk."""
        self.possible.append(self.page.copy())
        return self.possible[-1]

    def release(self, page: Page) -> None:
        """Notes that a state was shown, so that none before it may be found any more."""
        self.possible = self.possible[self.possible.index(page) :]

    def resume(self, page: Page) -> None:
        """Goes on from a state that was found."""
        self.page, self.possible = page.copy(), [page]

    @property
    def shown(self) -> Totals:
        """What must be exposed."""
        return positive(self.possible[0].totals)
