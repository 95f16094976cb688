"""What the pages show of a target, taken at one instant so that whoever renders it may take his time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeVar

from ges_exporter.exporter import Exporter
from ges_exporter.ledger import Zone
from ges_exporter.model import Status, Target
from ges_exporter.recent import Active, Failure
from ges_exporter.scraper import Watch

J = TypeVar("J", Active, Failure)

WORDS = {
    "timeout": "it did not answer in time",
    "connect": "it cannot be reached",
    "tls": "the encrypted connection fails",
    "auth": "it refuses the credentials",
    "throttled": "it asks to be left alone",
    "http_3xx": "it answers with a redirect",
    "http_4xx": "it refuses the request",
    "http_5xx": "it has an error of its own",
    "api_error": "it answers with an error",
    "decode": "its answer cannot be read",
    "too_large": "its answer is too large",
}
"""The reasons for which there is no listing, for people."""


class Sight(NamedTuple):
    """One target, and those of its jobs that are wanted."""

    target: Target
    region: str
    up: bool | None
    """None: it has not been asked yet."""
    reason: str
    message: str
    """Why it is down, without secrets."""
    nodes: tuple[str, ...]
    """What those of its endpoints say that do not answer, though others do."""
    listed_at: float | None
    """Unix seconds of the last listing that succeeded."""
    truncated: bool
    zone: Zone
    active: tuple[Active, ...]
    failures: tuple[Failure, ...]

    @property
    def trouble(self) -> str:
        """What is wrong with the target, in words."""
        return f"{WORDS.get(self.reason, self.reason)}: {self.message}" if self.up is False else ""


class Filter(NamedTuple):
    """Which jobs are wanted; what is empty does not matter."""

    project: str = ""
    graph: str = ""
    statuses: frozenset[Status] = frozenset()

    def may_show(self, watch: Watch) -> bool:
        """Returns whether a target could have such jobs, whether or not it has any now."""
        target, graphs = watch.target, watch.settings.graphs
        if self.project and target.project != self.project:
            return False
        if not self.graph or target.graph == self.graph:
            return True
        return not target.graph and (graphs is None or self.graph in graphs)

    def takes(self, job: Active | Failure) -> bool:
        """Returns whether a job is wanted."""
        return (not self.graph or job.graph == self.graph) and (not self.statuses or job.status in self.statuses)


def look(exporter: Exporter, wanted: Filter) -> list[Sight]:
    """Returns the targets that can have what is wanted; those of a graph before the task centres that know it, too."""
    watches = [watch for watch in exporter.scraper.watches.values() if wanted.may_show(watch)]
    sights = [_look_at(watch, wanted, exporter.redaction.clean) for watch in watches]
    if not wanted.graph or all(not sight.target.graph for sight in sights):
        return sights
    found = [sight for sight in sights if sight.target.graph or sight.active or sight.failures]
    return sorted(found, key=lambda sight: not sight.target.graph)


def _look_at(watch: Watch, wanted: Filter, clean: Callable[[str], str]) -> Sight:
    last, recent = watch.last, watch.recent
    return Sight(
        target=watch.target,
        region=watch.settings.region,
        up=None if last is None else last.up,
        reason="" if last is None else last.reason,
        message="" if last is None else clean(last.message),
        nodes=tuple(map(clean, last.node_messages)) if last is not None and last.up else (),
        listed_at=recent.at,
        truncated=recent.truncated,
        zone=recent.zone,
        active=_wanted(recent.active, wanted),
        failures=_wanted(recent.failures, wanted),
    )


def _wanted(jobs: Iterable[J], wanted: Filter) -> tuple[J, ...]:
    return tuple(job for job in jobs if wanted.takes(job))
