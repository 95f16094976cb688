"""The exporter as a whole: its parts wired together from a configuration."""

from __future__ import annotations

import asyncio
import time
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

import structlog

from ges_exporter.auth import Keyring
from ges_exporter.client import Backoff, Client, Limits
from ges_exporter.config import AkskCredentials, Config, TargetSettings
from ges_exporter.errors import ConfigError
from ges_exporter.exposition import Process, render
from ges_exporter.families import Snapshot
from ges_exporter.ledger import Ledger, Rules, Zone
from ges_exporter.model import Target
from ges_exporter.redaction import Redaction
from ges_exporter.report import Reload, Report
from ges_exporter.scraper import Journal, Result, Scraper, Watch
from ges_exporter.store import Store
from ges_exporter.telemetry import Telemetry

HOUSEKEEPING = 3600.0
"""Seconds between two looks for targets that nobody has watched for long."""
LEAST_RESERVE = 0.1

_log = structlog.get_logger(__name__)


class Exporter:
    """Everything that answers a scrape; to be made within a running event loop."""

    def __init__(
        self,
        config: Config,
        *,
        external_url: str = "",
        redaction: Redaction | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.config = config
        self.telemetry = Telemetry()
        self.clock = clock
        self.redaction = redaction or Redaction()
        """Learns the secrets in use; whatever shows text from elsewhere asks it."""
        for secret in secrets_of(config):
            self.redaction.learn(secret)
        self._process = Process()
        self._external_url = external_url
        self._store = Store(config.ledger.path, clock=clock)
        self._ledger = Ledger(_rules(config), self._store.records())
        self._keyring = Keyring(config.credentials, self.telemetry, learn=self.redaction.learn)
        self._backoffs: dict[tuple[Target, str], Backoff] = {}
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
        self._spent = 0.0
        """Seconds that saving and rendering took last."""
        self._cleaned = -HOUSEKEEPING
        self._report = self._reporting(config)
        self._watch_all(config)

    @property
    def targets(self) -> tuple[Target, ...]:
        """All that is watched, in the order of the configuration."""
        return tuple(self.scraper.watches)

    def seconds(self, asked: float | None) -> float:
        """Returns how long a scrape may take, given the scraper's own limit where it told one."""
        scrape = self.config.scrape
        limit = min(scrape.timeout if asked is None else asked, scrape.max_timeout)
        offset = 0.0 if asked is None else min(scrape.timeout_offset, limit / 2)
        return max(limit - offset - min(self._spent, limit / 2), limit / 4)

    async def page(
        self, targets: Iterable[Target], asked: float | None, accept: str, *, own: bool
    ) -> tuple[bytes, str]:
        """Scrapes targets and returns the page with its content type; ``own`` adds the exporter's own metrics."""
        report, seconds = self._report, self.seconds(asked)
        results = await self.scrape(list(targets), seconds)
        began = time.monotonic()
        snapshot = report.snapshot(results, seconds, self.clock(), exporter=own)
        page = await asyncio.to_thread(render, snapshot, accept, self._process if own else None)
        self._spent = self._store.last_seconds + time.monotonic() - began
        await self._clean_up()
        return page

    async def scrape(self, targets: list[Target], seconds: float) -> Mapping[Watch, Result]:
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
        self._ledger.change_rules(_rules(config))
        self._journal.redaction = Redaction(secrets_of(config))
        self.scraper.change_limits(config.scrape.concurrency, config.scrape.min_interval)
        self._keyring = Keyring(config.credentials, self.telemetry, previous=old)
        replaced = self._watch_all(config)
        self.config, self._report = config, self._reporting(config)
        self.reloads.successful, self.reloads.at = True, self.clock()
        leaving = asyncio.create_task(_leave(replaced, old))
        self._leaving.add(leaving)
        leaving.add_done_callback(self._leaving.discard)

    async def aclose(self) -> None:
        """Ends what is under way within its deadline, saves, and closes everything."""
        await self.scraper.aclose(self.config.scrape.max_timeout)
        await asyncio.gather(*self._leaving)
        await _leave(self.scraper.watches.values(), self._keyring)
        await self._store.aclose()

    def _reporting(self, config: Config) -> Report:
        return Report(
            config, self.scraper, self._store, self.telemetry, self._backoffs, self.reloads, self._external_url
        )

    def _watch_all(self, config: Config) -> list[Watch]:
        """Watches what is configured; returns the watches that are not wanted any more."""
        before = self.scraper.watches
        watches = {settings.target: self._watch(settings, config) for settings in config.targets()}
        self.scraper.watches = watches
        return [watch for watch in before.values() if watches.get(watch.target) is not watch]

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
            on_unknown=lambda field, value: self._journal.unknown(target, field, value),
        )
        return self.scraper.watch(settings, client)

    async def _clean_up(self) -> None:
        if time.monotonic() - self._cleaned < HOUSEKEEPING:
            return
        self._cleaned = time.monotonic()
        gone = self._ledger.expired(self.scraper.watches.keys(), self.clock())
        if gone:
            _log.info("targets that nobody watches any more are forgotten", number=len(gone))
            await self._store.forget(gone)


async def _leave(watches: Iterable[Watch], keyring: Keyring) -> None:
    """Closes what is not needed any more, once it has finished what it was doing."""
    await asyncio.gather(*(watch.finish() for watch in watches))
    await keyring.aclose()


def zone_of(setting: str) -> Zone | None:
    """Returns the zone a setting names, or None for ``auto``."""
    if setting == "auto":
        return None
    if setting[0] in "+-":
        hours, minutes = setting[1:].split(":")
        seconds = int(hours) * 3600.0 + int(minutes) * 60.0
        return Zone("configured", -seconds if setting[0] == "-" else seconds)
    return Zone("configured", named=ZoneInfo(setting))


def _rules(config: Config) -> Rules:
    ledger, limits = config.ledger, config.limits
    return Rules(
        vanish_after=ledger.vanish_after,
        forget_after=ledger.forget_after,
        late_after=ledger.late_after,
        retire_after=ledger.retire_after,
        label_sets_per_graph=limits.label_sets_per_graph,
        graphs_per_project=limits.graphs_per_project,
        bounds=config.histogram.duration_buckets,
    )


def secrets_of(config: Config) -> Iterator[str]:
    """Returns the secrets that stand in the configuration itself, to be kept out of whatever is shown."""
    for credentials in config.credentials.values():
        given = (getattr(credentials, name) for name in credentials.SECRETS)
        yield from (secret.reveal() for secret in given if secret is not None)
        if isinstance(credentials, AkskCredentials):
            yield credentials.access_key
    for proxy in {settings.proxy for settings in config.targets() if settings.proxy is not None}:
        yield from _secrets_of_proxy(proxy.reveal())


def _secrets_of_proxy(url: str) -> Iterator[str]:
    """Returns a proxy's URL if it holds a password, and that password in whatever form it is sent or told."""
    parts = urlsplit(url)
    if parts.password is not None:
        user, password = unquote(parts.username or ""), unquote(parts.password)
        yield from (url, parts.password, password, b64encode(f"{user}:{password}".encode()).decode())
