"""The exporter as a whole: its parts wired together from a configuration."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from typing import Any

import structlog

from ges_exporter.auth import Keyring
from ges_exporter.client import Backoff, Client, Finder, Limits, Transport
from ges_exporter.config import Config, TargetSettings, secrets_of
from ges_exporter.discovery import Discovery, Search
from ges_exporter.errors import ConfigError
from ges_exporter.exposition import Process, render
from ges_exporter.families import Snapshot
from ges_exporter.ledger import Ledger
from ges_exporter.model import Target
from ges_exporter.page_time import PageTime
from ges_exporter.redaction import Redaction
from ges_exporter.report import Reload, Report
from ges_exporter.scraper import Journal, Result, Scraper, Watch
from ges_exporter.store import Store
from ges_exporter.telemetry import Telemetry
from ges_exporter.terms import rules_of, zone_of
from ges_exporter.threads import in_thread

HOUSEKEEPING = 3600.0
"""Seconds between two looks for targets that nobody has watched for long."""
LEAST_RESERVE = 0.1

_log = structlog.get_logger(__name__)


class Exporter:
    """Everything that answers a scrape; to be made within a running event loop.

    ``transport`` stands in for the network.
    """

    def __init__(
        self,
        config: Config,
        *,
        external_url: str = "",
        redaction: Redaction | None = None,
        clock: Callable[[], float] = time.time,
        transport: Transport | None = None,
    ) -> None:
        self.config = config
        self.telemetry = Telemetry()
        self.clock = clock
        self.redaction = redaction or Redaction()
        """Learns the secrets in use; whatever shows text from elsewhere asks it."""
        self._learn(config)
        self._process = Process()
        self._external_url = external_url
        self._transport = transport
        self._store = Store(config.ledger.path, clock=clock)
        self._ledger = Ledger(rules_of(config), self._store.records())
        self._keyring = self._keys(config)
        self._backoffs: dict[tuple[Target | str, str], Backoff] = {}
        """By who asks (a target, or the discovery of a project) and the endpoint."""
        self._journal = Journal(self.redaction)
        self.scraper = Scraper(
            self._ledger,
            self._store,
            self.telemetry,
            self._journal,
            concurrency=config.scrape.concurrency,
            min_interval=config.scrape.min_interval,
            clock=clock,
        )
        self.reloads = Reload(clock())
        self._leaving: set[asyncio.Task[None]] = set()
        self._page_time = PageTime()
        self._cleaned = -HOUSEKEEPING
        self._discovery = self._discovering(config)
        self._report = self._reporting(config)
        self._watch_all(config)

    @property
    def targets(self) -> tuple[Target, ...]:
        """All that is watched, in the order of the configuration."""
        return tuple(self.scraper.watches)

    @property
    def searches(self) -> Mapping[str, Search]:
        """The discovery of graphs, by project, where it is switched on."""
        return self._discovery.searches

    async def discovered(self, seconds: float) -> bool:
        """Whether the graphs of every project have been looked for; after a start waits for it, up to ``seconds``."""
        discovery = self._discovery
        # One that was replaced meanwhile has ended, perhaps before it was told anything.
        return await discovery.looked(seconds) and (discovery is self._discovery or self._discovery.has_looked)

    def seconds(self, asked: float | None) -> float:
        """Returns how long a scrape may take, given the scraper's own limit where it told one."""
        scrape = self.config.scrape
        limit = min(scrape.timeout if asked is None else asked, scrape.max_timeout)
        return limit if asked is None else limit - min(scrape.timeout_offset, limit / 2)

    async def page(
        self,
        targets: Sequence[Target],
        asked: float | None,
        accept: str,
        *,
        own: bool,
        pack: Callable[[bytes], bytes] = bytes,
    ) -> tuple[bytes, str]:
        """Scrapes targets and returns what ``pack`` makes of the page, with its content type, all within the time.

        ``own`` adds the exporter's own metrics.
        """
        self._discovery.check()
        report, count = self._report, len(targets)
        spare = self.config.scrape.timeout_offset
        seconds = self._page_time.left(self.seconds(asked), spare, count, own=own)
        end = time.monotonic() + seconds
        results = await self.scrape(targets, seconds)
        began = min(time.monotonic(), end)
        snapshot = report.snapshot(results, seconds, self.clock(), exporter=own)
        page, content_type = await in_thread(render, snapshot, accept, self._process if own else None)
        packed = await in_thread(pack, page)
        self._page_time.learn(time.monotonic() - began, count, own=own)
        await self._clean_up()
        return packed, content_type

    async def scrape(self, targets: Sequence[Target], seconds: float) -> Mapping[Watch, Result]:
        """Asks targets within ``seconds``."""
        reserve = min(LEAST_RESERVE + self._store.last_seconds, seconds / 4)
        return await self.scraper.scrape(targets, seconds, reserve)

    def snapshot(self, results: Mapping[Watch, Result], seconds: float, *, own: bool) -> Snapshot:
        """Returns what to show of a scrape that had ``seconds``."""
        return self._report.snapshot(results, seconds, self.clock(), exporter=own)

    def reload(self, config: Config) -> None:
        """Goes on with another configuration, all of it or nothing; scrapes under way end with the old one.

        Raises:
            ConfigError: it asks for what cannot change while the exporter runs.
        """
        if config.ledger.path != self.config.ledger.path:
            raise ConfigError([f"ledger.path: cannot change in a reload: expected {self.config.ledger.path!r}"])
        old = self._keyring
        self._ledger.change_rules(rules_of(config))
        self._learn(config)
        self.scraper.change_limits(config.scrape.concurrency, config.scrape.min_interval)
        self._keyring = self._keys(config, old)
        searching, self._discovery = self._discovery, self._discovering(config, self._discovery)
        self.config, self._report = config, self._reporting(config)
        replaced = self._watch_all(config)
        self.reloads.successful, self.reloads.at = True, self.clock()
        self._let_go(searching.aclose())
        self._let_go(_leave(replaced, old))

    async def aclose(self) -> None:
        """Ends what is under way within its deadline, saves, and closes everything."""
        await self._discovery.aclose()
        await self.scraper.aclose(self.config.scrape.max_timeout)
        try:
            await asyncio.gather(*self._leaving)
            await _leave(self.scraper.watches.values(), self._keyring)
        finally:
            await self._store.aclose()

    def _reporting(self, config: Config) -> Report:
        return Report(
            config,
            self.scraper,
            self._store,
            self.telemetry,
            self._backoffs,
            self._discovery,
            self.reloads,
            self._external_url,
        )

    def _keys(self, config: Config, previous: Keyring | None = None) -> Keyring:
        return Keyring(
            config.credentials,
            self.telemetry,
            clock=self.clock,
            transport=self._transport,
            previous=previous,
            learn=self.redaction.learn,
        )

    def _discovering(self, config: Config, previous: Discovery | None = None) -> Discovery:
        finder = Finder(
            self._keyring.credential,
            self.telemetry,
            lambda settings, endpoint: self._backoffs.setdefault((settings.target.project, endpoint), Backoff()),
            max_bytes=config.scrape.max_response_bytes,
            clock=self.clock,
            transport=self._transport,
            on_unknown=lambda settings, field, value: self._journal.unknown(settings.target, field, value),
        )
        return Discovery(
            config,
            finder,
            clean=self.redaction.clean,
            on_change=self._follow_discovery,
            clock=self.clock,
            previous=previous,
            sources=self._ledger.sources,
        )

    def _follow_discovery(self) -> None:
        """Watches what has been found since, and nothing that is gone."""
        self._let_go(_finish(self._watch_all(self.config)))

    def _let_go(self, ending: Coroutine[Any, Any, None]) -> None:
        leaving = asyncio.create_task(ending)
        self._leaving.add(leaving)
        leaving.add_done_callback(self._leaving.discard)

    def _learn(self, config: Config) -> None:
        for secret in secrets_of(config):
            self.redaction.learn(secret)

    def _watch_all(self, config: Config) -> list[Watch]:
        """Watches what is configured or found; returns the watches that are not wanted any more."""
        before = self.scraper.watches
        wanted = list(self._discovery.targets())
        told = {target for target, watch in before.items() if watch.settings.plain_http}
        self._journal.plain_http([one for one in wanted if one.plain_http and one.target not in told])
        watches = {settings.target: self._watch(settings, config) for settings in wanted}
        self.scraper.watches = watches
        self._forget_backoffs()
        return [watch for watch in before.values() if watches.get(watch.target) is not watch]

    def _forget_backoffs(self) -> None:
        """Lets go of those whose target is gone, or is elsewhere now."""
        asked = {(watch.target, one) for watch in self.scraper.watches.values() for one in watch.settings.endpoints}
        for key in [key for key in self._backoffs if isinstance(key[0], Target) and key not in asked]:
            del self._backoffs[key]

    def _watch(self, settings: TargetSettings, config: Config) -> Watch:
        target, scrape = settings.target, config.scrape
        self._ledger.watch(target, zone_of(settings.zone), details=settings.details)
        credential = self._keyring.credential(settings)
        limits = Limits(scrape.page_size, scrape.max_jobs, scrape.max_response_bytes, scrape.full_listing_interval)
        known = self.scraper.watches.get(target)
        if known is not None and known.client.serves(settings, credential, limits):
            return known
        client = Client(
            settings,
            credential,
            limits,
            self.telemetry,
            lambda endpoint: self._backoffs.setdefault((target, endpoint), Backoff()),
            clock=self.clock,
            transport=self._transport,
            on_unknown=lambda field, value: self._journal.unknown(target, field, value),
        )
        return self.scraper.watch(settings, client)

    async def _clean_up(self) -> None:
        if time.monotonic() - self._cleaned < HOUSEKEEPING:
            return
        self._cleaned = time.monotonic()
        # What is yet to be found after a start may be what was watched before it.
        searching = {name for name, search in self.searches.items() if search.last_success is None}
        gone = self._ledger.expired(self.scraper.watches.keys(), self.clock(), searching)
        if gone:
            _log.info("targets that nobody watches any more are forgotten", number=len(gone))
            self.scraper.forget(gone)
            await self._store.forget(gone)


async def _leave(watches: Iterable[Watch], keyring: Keyring) -> None:
    """Closes what is not needed any more, once it has finished what it was doing."""
    await _finish(watches)
    await keyring.aclose()


async def _finish(watches: Iterable[Watch]) -> None:
    await asyncio.gather(*(watch.finish() for watch in watches))
