"""Runs of the exporter's ledger and store on a file, beside the model of what they must show."""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from random import Random

import msgspec

from ges_exporter.ledger import Ledger, Observation, Rules
from ges_exporter.model import Details, Listing, NodeListing, Outcome, Target
from ges_exporter.store import Store
from tests.ledger_model import FORGET_AFTER, LATE_AFTER, MERGED, VANISH_AFTER, Page, Totals, exposed, positive
from tests.ledger_world import ACTIVE, Engine

PLENTY = Rules(VANISH_AFTER, FORGET_AFTER, LATE_AFTER, retire_after=3650 * 86400, bounds=(10.0,))
SCARCE = msgspec.structs.replace(PLENTY, label_sets_per_graph=1, graphs_per_project=1)
"""With so few seats that most kinds of job are folded."""


class Truth:
    """The model of one target: the state that was released last, and all later ones, which a crash may leave."""

    def __init__(self, target: Target, *, scarce: bool) -> None:
        self.page = Page(target, merged=scarce)
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


class Run:
    """One run of the exporter on a file; what is on disk is released to be shown, as the scraper does it."""

    def __init__(
        self, path: Path, engines: Iterable[Engine], truths: Mapping[Target, Truth], now: float, *, scarce: bool
    ) -> None:
        self.store = Store(str(path), clock=lambda: now)
        self.disk = Disk(self.store, path)
        self.records = {record.target: record for record in self.store.records()}
        self.ledger = Ledger(SCARCE if scarce else PLENTY, self.records.values())
        self.engines = {engine.target: engine for engine in engines}
        for target in self.engines:
            self.ledger.watch(target)
        self._released = {target: self.ledger.view(target).ledger for target in self.engines}
        self._truths = truths
        self._scarce = scarce
        self._full: set[tuple[Target, str]] = set()
        """What has been listed whole, so that a short listing can build on it."""
        self._awake = 0.0
        self._last_asked = float("inf")

    def shown(self, target: Target) -> Totals:
        """The counters that are exposed."""
        return exposed(self._released[target], merged=self._scarce)

    async def recognise(self) -> None:
        """Finds out which of the states that may be on disk is: each target's as a whole, and none that never was."""
        for target, truth in self._truths.items():
            record = self.records.get(target)
            rows = await self.store.jobs(target) if record else {}
            owed = [row.owed for row in rows.values() if row.owed]
            found = [page for page in truth.possible if page.is_stored(record, owed)]
            assert found, f"what is stored of {target} was never true"
            truth.resume(found[-1])
        self._awake = max(truth.page.awake for truth in self._truths.values())

    async def scrape(self, ways: Mapping[Target, str], chance: Random, now: float) -> None:
        """Lists all targets that are watched at once, each in its own way."""
        targets = chance.sample(list(self.engines), len(self.engines))
        await asyncio.gather(*(self._list(target, ways[target], chance, now) for target in targets))

    async def _list(self, target: Target, way: str, chance: Random, now: float) -> None:
        if self.ledger.lacks_jobs(target):
            self.ledger.restore_jobs(target, await self.store.jobs(target))
        recall = self.ledger.recall(target)
        nodes = self.engines[target].answer(
            way, chance, lambda endpoint: recall(endpoint) if (target, endpoint) in self._full else None
        )
        page = self._truths[target].page
        self._model(page, nodes, now)
        observation = self.ledger.observe(Listing(target, tuple(nodes), now, api=self.engines[target].api), now)
        if len(nodes) == 1:
            self._compare_gauges(page, observation, up=not nodes[0].reason)
        await self._save(target, observation)
        if page.owed and any(not node.reason for node in nodes):
            answers = [_reply(owed.job_id, chance) for owed in self.ledger.owed(target, 3, now)]
            page.settle(answers, now)
            await self._save(target, self.ledger.settle(target, answers, now))

    def _model(self, page: Page, nodes: Sequence[NodeListing], now: float) -> None:
        if 0 <= (gap := now - self._last_asked) <= LATE_AFTER:
            self._awake += gap
        self._last_asked = now
        known = self.ledger.view(page.target).ledger
        page.observe(
            now,
            self._awake,
            [(node.endpoint, None if node.reason else node.jobs) for node in nodes],
            complete=any(node.complete for node in nodes) and all(node.complete or node.short for node in nodes),
            short={node.endpoint for node in nodes if node.short},
            certain=known is not None and known.zone.source != "assumed",
        )
        for node in nodes:
            if node.complete:
                self._full.add((page.target, node.endpoint))
            elif not node.short and not (node.reason and len(nodes) == 1):
                self._full.discard((page.target, node.endpoint))

    def _compare_gauges(self, page: Page, observation: Observation, *, up: bool) -> None:
        """The gauges of a target with one node are what it has listed."""
        listed = [job for jobs in page.lists.values() for job in jobs.values() if up]
        listing = observation.view.listing
        assert (listing is not None) is up
        shown: Counter[tuple[str, ...]] = Counter()
        for pair, statuses in listing.jobs.items() if listing else ():
            shown.update({(*(MERGED if self._scarce else pair), status): number for status, number in statuses.items()})
        assert shown == Counter((*page.known[job.id].pair, job.status) for job in listed)
        active = {job.id: job.status for job in listing.active if job.status in ACTIVE} if listing else {}
        assert active == {job.id: job.status for job in listed if job.status in ACTIVE}

    async def _save(self, target: Target, observation: Observation) -> None:
        truth = self._truths[target]
        page = truth.note()
        if await self.store.save(observation.changes):
            self._released[target] = observation.view.ledger
            # What is released after the moment of a crash never was.
            if self.disk.kept is None:
                truth.release(page)


def _reply(identity: str, chance: Random) -> Details:
    return Details(identity, chance.choice(list(Outcome)))


class Disk:
    """The file of a run, which can be made to fail, and whose state at a moment can be kept as a crash would leave it.

    It reaches for the connection itself: no file system fails on demand for everybody.
    """

    def __init__(self, store: Store, path: Path) -> None:
        assert store._database is not None
        self._connection = store._database._connection
        self._path = path
        self._countdown = -1
        self.failing = False
        self.kept: Path | None = None

    def fail(self, how: str) -> None:
        """Becomes read-only, or full, until `recover`."""
        self.failing = True
        if how == "full":
            (pages,) = self._connection.execute("PRAGMA page_count").fetchone()
            self._connection.execute(f"PRAGMA max_page_count = {pages}")
        else:
            self._connection.execute("PRAGMA query_only = ON")

    def recover(self) -> None:
        """Works again."""
        self.failing = False
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
