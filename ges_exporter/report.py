"""Puts together what one exposition shows: what the scrape found, the configuration's limits, the exporter's state."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache

from ges_exporter import __version__
from ges_exporter.client import Backoff
from ges_exporter.config import Config, NoCredentials, TargetSettings, Threshold
from ges_exporter.discovery import Discovery, Search
from ges_exporter.families import Discovered, Facts, Scraped, Snapshot, State, Thresholds
from ges_exporter.families.family import fits_label
from ges_exporter.ledger import View
from ges_exporter.model import Target
from ges_exporter.scraper import Result, Scraper, Watch
from ges_exporter.store import Store
from ges_exporter.telemetry import Telemetry


class ThresholdTable:
    """The configuration's thresholds, looked up once for each kind of job."""

    def __init__(self, rules: Sequence[Threshold]) -> None:
        self._rules = rules
        self.of: Callable[[tuple[str, ...]], Thresholds] = lru_cache(maxsize=65536)(self._of)

    def literal(self, target: Target) -> Iterable[tuple[str, ...]]:
        """Returns the kinds of job of a target that rules name literally, seen or not."""
        for rule in self._rules:
            if (labels := rule.literal) is not None:
                project, graph, plane = labels[:3]
                if (project, plane) == (target.project, target.plane) and target.graph in {graph, ""}:
                    yield labels

    def _of(self, labels: tuple[str, ...]) -> Thresholds:
        matching = [rule for rule in self._rules if rule.matches(*labels)]
        return Thresholds(
            next((rule.expected_interval for rule in matching if rule.expected_interval is not None), None),
            next((rule.max_duration for rule in matching if rule.max_duration is not None), None),
            next((rule.max_pending for rule in matching if rule.max_pending is not None), None),
        )


class Reload:
    """How the last attempt to load the configuration went."""

    def __init__(self, at: float) -> None:
        self.successful = True
        self.at = at
        """Unix seconds of the last one that succeeded."""


class Report:
    """Makes the snapshots that expositions are rendered from."""

    def __init__(  # noqa: PLR0913, PLR0917 - all that can be shown
        self,
        config: Config,
        scraper: Scraper,
        store: Store,
        telemetry: Telemetry,
        backoffs: Mapping[tuple[Target | str, str], Backoff],
        discovery: Discovery,
        reload: Reload,
        external_url: str,
    ) -> None:
        self._config = config
        self._scraper = scraper
        self._store = store
        self._telemetry = telemetry
        self._backoffs = backoffs
        self._discovery = discovery
        self._reload = reload
        self._external_url = external_url
        self._limits = ThresholdTable(config.thresholds)

    def snapshot(self, results: Mapping[Watch, Result], timeout: float, now: float, *, exporter: bool) -> Snapshot:
        """Returns what to show of a scrape, with the exporter's own state if that is wanted."""
        targets = [self._scraped(watch, result, now) for watch, result in results.items()]
        return Snapshot(now, timeout, targets, self._state(now) if exporter else None)

    def _scraped(self, watch: Watch, result: Result, now: float) -> Scraped:
        return Scraped(
            facts(watch.settings),
            result.view,
            up=result.up,
            now=now,
            active_limit=self._config.limits.active_jobs_per_graph,
            thresholds=self._limits,
            bounds=self._config.histogram.duration_buckets,
            errors=dict(watch.errors),
            seconds=result.seconds,
            requests=result.requests,
            records=result.records,
            truncated=result.truncated,
            nodes=result.nodes,
        )

    def _state(self, now: float) -> State:
        last = [(watch, watch.last) for watch in self._scraper.watches.values() if watch.last is not None]
        return State(
            telemetry=self._telemetry.copy(),
            views=[View(watch.target, result.view.listing, watch.released.view) for watch, result in last],
            dropped=_dropped([self._scraped(watch, result, now) for watch, result in last]),
            credentials=[name for name, one in self._config.credentials.items() if not isinstance(one, NoCredentials)],
            backoff=_by_endpoint(self._backoffs, now),
            last_save=self._store.last_save,
            save_errors=self._store.save_errors,
            set_aside=self._store.set_aside,
            reload_successful=self._reload.successful,
            reload_time=self._reload.at,
            version=__version__,
            python_version=platform.python_version(),
            external_url=self._external_url,
            discovered=[_discovered(search) for search in self._discovery.searches.values()],
        )


def facts(settings: TargetSettings) -> Facts:
    """Returns what metrics show of a target's configuration."""
    api = "unknown" if settings.api == "auto" else settings.api
    return Facts(settings.target, settings.project_id, settings.region, api)


def _by_endpoint(backoffs: Mapping[tuple[Target | str, str], Backoff], now: float) -> dict[str, float]:
    until: dict[str, float] = {}
    for (_, endpoint), backoff in backoffs.items():
        if backoff.until > now:
            until[endpoint] = max(backoff.until, until.get(endpoint, 0.0))
    return until


def _discovered(search: Search) -> Discovered:
    finding = search.finding
    project, watched = search.project.name, len(finding.targets)
    return Discovered(project, watched, finding.graphs, dict(search.errors), search.last_success)


def _dropped(targets: Iterable[Scraped]) -> dict[str, int]:
    dropped = {"active_jobs_per_graph": 0, "job_id_length": 0}
    for scraped in targets:
        unfit = sum(1 for job in scraped.active if not fits_label(job.id))
        dropped["job_id_length"] += unfit
        dropped["active_jobs_per_graph"] += len(scraped.active) - len(scraped.shown) - unfit
    return dropped
