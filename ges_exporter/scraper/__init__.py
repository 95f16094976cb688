"""Asks all targets within the deadline and the limit of concurrency; a failure is a value.

Each target has at most one listing under way, however many scrapes want it. It is observed once, the moment it is
complete, and shown once its counts are on disk.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack

import msgspec

from ges_exporter.client import Client, Session
from ges_exporter.config import TargetSettings
from ges_exporter.deadline import Deadline
from ges_exporter.ledger import Ledger, Observation, View
from ges_exporter.model import Target
from ges_exporter.recent import Recent
from ges_exporter.scraper.journal import Journal
from ges_exporter.scraper.places import Places
from ges_exporter.scraper.result import Result, result_of
from ges_exporter.scraper.watch import Released, Watch
from ges_exporter.store import Store
from ges_exporter.telemetry import Telemetry

__all__ = ["Journal", "Result", "Scraper", "Watch"]

DETAILS_PER_SCRAPE = 20


class Scraper:
    """All that is watched, and the one way to ask it."""

    def __init__(  # noqa: PLR0913 - its parts
        self,
        ledger: Ledger,
        store: Store,
        telemetry: Telemetry,
        journal: Journal,
        *,
        concurrency: int,
        min_interval: float = 0.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.watches: dict[Target, Watch] = {}
        self._latest: dict[Target, Watch] = {}
        """The newest watch that each target ever had."""
        self._ledger = ledger
        self._store = store
        self._telemetry = telemetry
        self._journal = journal
        self._places = Places(concurrency)
        self._concurrency = concurrency
        self._min_interval = min_interval
        self._clock = clock

    def watch(self, settings: TargetSettings, client: Client) -> Watch:
        """Makes a watch of a target that the ledger has a page for; it takes the place of the one there is."""
        recent = Recent(self._journal.redaction.clean)
        watch = Watch(settings, client, Released(self._ledger.view(settings.target).ledger), recent)
        # Also of a target that was left out for a while: its last listing may still be under way.
        if (known := self._latest.get(settings.target)) is not None:
            watch.follow(known)
        self._latest[settings.target] = watch
        return watch

    def forget(self, targets: Iterable[Target]) -> None:
        """Lets go of what was seen of targets that the ledger has forgotten."""
        for target in targets:
            self._latest.pop(target, None)

    def change_limits(self, concurrency: int, min_interval: float) -> None:
        """Goes on under other limits; what is under way ends under the old ones."""
        if concurrency != self._concurrency:
            self._places, self._concurrency = Places(concurrency), concurrency
        self._min_interval = min_interval

    async def scrape(self, targets: Sequence[Target], seconds: float, reserve: float) -> Mapping[Watch, Result]:
        """Asks targets, and returns what there is of each after at most ``seconds``.

        ``reserve`` seconds of them are kept for saving what was listed.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        watches = sorted((self.watches[target] for target in targets), key=lambda watch: watch.rank)
        share = (seconds - reserve) * self._concurrency / max(len(self.watches), 1)
        shared = [watch for watch in watches if watch.under_way]
        self._telemetry.scrapes_shared += bool(shared)
        fresh = {watch: watch.last for watch in watches if watch.last and self._is_fresh(watch)}
        tasks = {watch: self._join(watch, end - reserve, share) for watch in watches if watch not in fresh}
        if tasks:
            await asyncio.wait(tasks.values(), timeout=end - loop.time())
        results = fresh | {watch: self._outcome(watch, task) for watch, task in tasks.items()}
        return {watch: _newest(watch, result) for watch, result in results.items()}

    async def aclose(self, seconds: float) -> None:
        """Lets the listings under way come to their end, for ``seconds`` at most."""
        tasks = [watch.task for watch in self.watches.values() if watch.task is not None and watch.under_way]
        if tasks:
            _, pending = await asyncio.wait(tasks, timeout=seconds)
            for task in pending:
                task.cancel()
            await asyncio.gather(*pending, return_exceptions=True)

    def _is_fresh(self, watch: Watch) -> bool:
        last = watch.last
        return last is not None and not watch.under_way and 0 <= self._clock() - last.at < self._min_interval

    def _join(self, watch: Watch, at: float, share: float) -> asyncio.Task[Result]:
        if watch.task is not None and watch.under_way:
            watch.session.join(at)
            return watch.task
        watch.session, watch.given_up = Session(Deadline(at)), False
        watch.began = asyncio.get_running_loop().time()
        watch.task = asyncio.create_task(self._run(watch, share))
        return watch.task

    def _outcome(self, watch: Watch, task: asyncio.Task[Result]) -> Result:
        if task.done():
            return task.result()
        watch.errors["timeout"] += 1
        watch.given_up = True
        return watch.failed("timeout", "no full answer within this scrape's deadline", self._clock())

    async def _run(self, watch: Watch, share: float) -> Result:
        deadline = watch.session.deadline
        async with AsyncExitStack() as stack:
            try:
                async with deadline.bound():
                    if watch.before:
                        await asyncio.wait(watch.before)
                        watch.before = ()
                    turn = await stack.enter_async_context(self._places.hold(share))
            except TimeoutError:
                return self._note(watch, watch.failed("timeout", "its turn did not come", self._clock(), asked=False))
            watch.session.give_place = turn.end
            return self._note(watch, await self._list(watch, watch.session))

    async def _list(self, watch: Watch, session: Session) -> Result:
        target, settings = watch.target, watch.settings
        if self._ledger.lacks_jobs(target):
            self._ledger.restore_jobs(target, await self._store.jobs(target))
        since = self._ledger.window(target, settings.lookback, self._clock())
        listing = await watch.client.ask(session, since, self._ledger.recall(target))
        observation = self._ledger.observe(listing, self._clock())
        view = await self._release(watch, observation)
        watch.recent.take(listing, observation, self._clock())
        if listing.up and (owed := self._ledger.owed(target, DETAILS_PER_SCRAPE, self._clock())):
            answers = await watch.client.details(session, owed)
            view = await self._release(watch, self._ledger.settle(target, answers, self._clock()))
        return result_of(listing, view, self._clock(), session.requests)

    async def _release(self, watch: Watch, observation: Observation) -> View:
        """Returns the view to show: with the new totals once they are on disk, else with those that are."""
        view = observation.view
        # Before anything that could fail: what is counted in memory must get to the disk.
        if await self._store.save(observation.changes):
            watch.released.view = view.ledger
        for field in observation.faults:
            self._telemetry.parse_errors[field] += 1
        if observation.finished and view.ledger is not None:
            self._journal.finished(watch.target, observation.finished, view.ledger.zone)
        return View(watch.target, view.listing, watch.released.view)

    def _note(self, watch: Watch, result: Result) -> Result:
        # A listing that took a moment to end was counted by the scrape that gave it up.
        if not result.up and not (watch.given_up and result.reason == "timeout"):
            watch.errors[result.reason] += 1
        self._journal.result(watch.target, watch.last, result)
        watch.last = result
        return result


def _newest(watch: Watch, result: Result) -> Result:
    """Returns what to show at the end of a scrape: while it waited for slow targets, others may have been asked again.

    A page that is answered later must not show less than one that was answered before.
    """
    last = watch.last
    if last is not None and last.up and last.at > result.at:
        result = last
    if result.view.ledger is watch.released.view:
        return result
    return msgspec.structs.replace(result, view=View(watch.target, result.view.listing, watch.released.view))
