"""The exporter as a whole: its parts wired together from a configuration."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from zoneinfo import ZoneInfo

import structlog

from ges_exporter.auth import Keyring
from ges_exporter.client import Backoff, Client, Limits
from ges_exporter.config import AkskCredentials, Config, TargetSettings
from ges_exporter.exposition import Process, render
from ges_exporter.families import Snapshot
from ges_exporter.ledger import Ledger, Rules, Zone
from ges_exporter.model import Target
from ges_exporter.redaction import Redaction
from ges_exporter.report import Reload, Report
from ges_exporter.scraper import Journal, Result, Scraper
from ges_exporter.store import Store
from ges_exporter.telemetry import Telemetry

HOUSEKEEPING = 3600.0
"""Seconds between two looks for targets that nobody has watched for long."""
LEAST_RESERVE = 0.1

_log = structlog.get_logger(__name__)


class Exporter:
    """Everything that answers a scrape; to be made within a running event loop."""

    def __init__(self, config: Config, *, external_url: str = "", clock: Callable[[], float] = time.time) -> None:
        self.config = config
        self.telemetry = Telemetry()
        self._clock = clock
        self._process = Process()
        rules = _rules(config)
        self._store = Store(config.ledger.path, rules.bounds, clock=clock)
        self._ledger = Ledger(rules, self._store.records())
        if self._store.new_bounds:
            self._ledger.renew_histograms(clock())
        self._keyring = Keyring(config.credentials, self.telemetry)
        self._backoffs: dict[tuple[Target, str], Backoff] = {}
        self._journal = Journal(Redaction(secrets_of(config)))
        self.scraper = Scraper(
            self._ledger,
            self._store,
            self.telemetry,
            self._journal,
            concurrency=config.scrape.concurrency,
            min_interval=config.scrape.min_interval,
            clock=clock,
        )
        self._report = Report(
            config, self.scraper, self._store, self.telemetry, self._backoffs, Reload(clock()), external_url
        )
        self._spent = 0.0
        """Seconds that saving and rendering took last."""
        self._cleaned = -HOUSEKEEPING
        for settings in config.targets():
            self._watch(settings)

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
        seconds = self.seconds(asked)
        results = await self.scrape(list(targets), seconds)
        began = time.monotonic()
        snapshot = self.snapshot(results, seconds, own=own)
        page = await asyncio.to_thread(render, snapshot, accept, self._process if own else None)
        self._spent = self._store.last_seconds + time.monotonic() - began
        await self._clean_up()
        return page

    async def scrape(self, targets: list[Target], seconds: float) -> dict[Target, Result]:
        """Asks targets within ``seconds``."""
        reserve = min(LEAST_RESERVE + self._store.last_seconds, seconds / 4)
        return dict(await self.scraper.scrape(targets, seconds, reserve))

    def snapshot(self, results: Mapping[Target, Result], seconds: float, *, own: bool) -> Snapshot:
        """Returns what to show of a scrape that had ``seconds``."""
        return self._report.snapshot(results, seconds, self._clock(), exporter=own)

    async def aclose(self) -> None:
        """Ends what is under way within its deadline, saves, and closes everything."""
        await self.scraper.aclose(self.config.scrape.max_timeout)
        for watch in self.scraper.watches.values():
            await watch.client.aclose()
        await self._keyring.aclose()
        await self._store.aclose()

    def _watch(self, settings: TargetSettings) -> None:
        target = settings.target
        self._ledger.watch(target, zone_of(settings.zone), details=settings.details)
        if settings.plain_http:
            self._journal.plain_http(settings)
        scrape = self.config.scrape
        client = Client(
            settings,
            self._keyring.credential(settings),
            Limits(scrape.page_size, scrape.max_jobs, scrape.max_response_bytes, scrape.full_listing_interval),
            self.telemetry,
            lambda endpoint: self._backoffs.setdefault((target, endpoint), Backoff()),
            clock=self._clock,
            on_unknown=lambda field, value: self._journal.unknown(target, field, value),
        )
        self.scraper.watch(settings, client)

    async def _clean_up(self) -> None:
        if time.monotonic() - self._cleaned < HOUSEKEEPING:
            return
        self._cleaned = time.monotonic()
        gone = self._ledger.expired(self.scraper.watches.keys(), self._clock())
        if gone:
            _log.info("targets that nobody watches any more are forgotten", number=len(gone))
            await self._store.forget(gone)


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


def secrets_of(config: Config) -> Iterable[str]:
    """Returns the secrets that stand in the configuration itself, to be kept out of whatever is shown."""
    for credentials in config.credentials.values():
        given = (getattr(credentials, name) for name in credentials.SECRETS)
        yield from (secret.reveal() for secret in given if secret is not None)
        if isinstance(credentials, AkskCredentials):
            yield credentials.access_key
    for settings in config.targets():
        if settings.proxy is not None:
            yield settings.proxy.reveal()
