"""A ledger under test: listings are handed to it, time passes by hand, and what would be exposed is read off."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ges_exporter.dialects import DIALECTS
from ges_exporter.exposition import build, render
from ges_exporter.families import Facts, Scraped, Snapshot, Thresholds
from ges_exporter.ledger import Ledger, Observation, Rules, View, Zone
from ges_exporter.ledger.view import LedgerView
from ges_exporter.model import Api, Details, ImportFile, Job, Kind, Listing, NodeListing, Plane, Status, Target, Time
from ges_exporter.store import MEMORY, Store
from tests.simulated import START, Clock

MOVIE = Target("demo", "movie", Plane.SERVICE)
FRAUD = Target("demo", "fraud", Plane.SERVICE)
CENTRE = Target("demo", "", Plane.MANAGEMENT)
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
OFFSET = 8 * HOUR
"""What the engine's clock is ahead of UTC, unless a test says otherwise."""
NODE = "https://10.0.0.5"


class NoThresholds:
    """A configuration that sets no limits."""

    def of(self, _labels: tuple[str, ...]) -> Thresholds:
        """None for anything."""
        return Thresholds()

    def literal(self, _target: Target) -> Iterable[tuple[str, ...]]:
        """Names nothing."""
        return ()


class Watcher:
    """A ledger and its store, as the exporter keeps them: totals are shown once they are on disk.

    With a ``path`` it can be started again; ``rules`` and ``zone`` as the configuration would have them.
    """

    def __init__(
        self,
        *targets: Target,
        path: str = MEMORY,
        rules: Rules | None = None,
        zone: Zone | None = None,
        api: str = "memory",
        clock: Clock | None = None,
    ) -> None:
        self.clock = clock or Clock()
        self.rules = rules or Rules()
        self.zone = zone
        self.apis: dict[Plane, Api] = {Plane.SERVICE: DIALECTS[api].api, Plane.MANAGEMENT: DIALECTS["v2"].api}
        self.faults: list[str] = []
        self.source = ""
        """Which list of its name a target shows."""
        self._path = path
        self._start(targets or (MOVIE,))

    def restart(self, *targets: Target) -> None:
        """Ends the exporter, and starts it again on the same file, watching ``targets`` (by default the same)."""
        asyncio.run(self.store.aclose())
        self._start(targets or tuple(self.views))

    def close(self) -> None:
        """Ends the exporter."""
        asyncio.run(self.store.aclose())

    def wait(self, seconds: float) -> None:
        """Lets time pass."""
        self.clock.advance(seconds)

    def show(self, *jobs: Job, target: Target | None = None, complete: bool = True, truncated: bool = False) -> None:
        """One scrape of a target, by default the first one, whose list holds ``jobs``."""
        node = NodeListing(NODE, list(jobs), complete=complete and not truncated, truncated=truncated)
        self.take(target, node)

    def fail(self, target: Target | None = None) -> None:
        """One scrape of a target that does not answer."""
        self.take(target, down(NODE))

    def take(self, target: Target | None, *nodes: NodeListing) -> None:
        """One scrape of a target, given what each of its nodes answered."""
        target = target or next(iter(self.views))
        if self.ledger.lacks_jobs(target):
            self.ledger.restore_jobs(target, asyncio.run(self.store.jobs(target)))
        listing = Listing(target, nodes, self.clock(), api=self.apis[target.plane], source=self.source)
        self._release(target, self.ledger.observe(listing, self.clock()))

    def answer(self, *answers: Details, target: Target | None = None) -> None:
        """What the single-job API said."""
        target = target or next(iter(self.views))
        self._release(target, self.ledger.settle(target, answers, self.clock()))

    def owed(self, target: Target | None = None, limit: int = 20) -> list[str]:
        """The ids of the imports to ask details of."""
        return [one.job_id for one in self.ledger.owed(target or next(iter(self.views)), limit, self.clock())]

    def values(self, family: str, target: Target | None = None, **labels: str) -> dict[tuple[str, ...], float]:
        """The samples of that name with these labels, by the values of their other labels but project and plane."""
        found = {}
        for sample in self.samples(target):
            if sample.name == family and labels.items() <= sample.labels.items():
                rest = sample.labels.keys() - labels.keys() - {"project", "plane"}
                found[tuple(value for label, value in sample.labels.items() if label in rest)] = sample.value
        return found

    def value(self, family: str, target: Target | None = None, **labels: str) -> float | None:
        """The one sample of that name with these labels, or None."""
        values = list(self.values(family, target, **labels).values())
        assert len(values) <= 1, f"{family}{labels} names {len(values)} samples"
        return values[0] if values else None

    def total(self, family: str, target: Target | None = None, **labels: str) -> float:
        """The sum of all samples of that name with these labels."""
        return sum(self.values(family, target, **labels).values())

    def counts(self, target: Target | None = None) -> tuple[float, float, float, float]:
        """How many jobs were discovered, finished, vanished, and late."""
        discovered, finished, vanished, late = (
            self.total(f"ges_jobs_{word}_total", target) for word in ("discovered", "finished", "vanished", "late")
        )
        return (discovered, finished, vanished, late)

    def samples(self, target: Target | None = None) -> Iterator[Sample]:
        """All samples of the OpenMetrics page, of a target or of all."""
        for metric in build(self.snapshot(target), openmetrics=True):
            for sample in metric.samples:
                yield Sample(sample.name, sample.labels, sample.value, getattr(sample.exemplar, "labels", {}))

    def lines(self) -> list[str]:
        """The classic page without comments, sorted."""
        page, _ = render(self.snapshot())
        return sorted(line for line in page.decode().splitlines() if not line.startswith("#"))

    def snapshot(self, target: Target | None = None) -> Snapshot:
        """What one exposition shows."""
        targets = tuple(self.views) if target is None else (target,)
        return Snapshot(self.clock(), 9.0, [self._scraped(one) for one in targets], None)

    def _start(self, targets: Sequence[Target]) -> None:
        self.store = Store(self._path, clock=self.clock)
        self.ledger = Ledger(self.rules, self.store.records())
        for target in targets:
            self.ledger.watch(target, self.zone)
        self.views = {target: View(target, None, self.ledger.view(target).ledger) for target in targets}

    def _release(self, target: Target, observation: Observation) -> None:
        self.faults += observation.faults
        ledger: LedgerView | None = self.views[target].ledger
        if asyncio.run(self.store.save(observation.changes)):
            ledger = observation.view.ledger
        self.views[target] = View(target, observation.view.listing, ledger)

    def _scraped(self, target: Target) -> Scraped:
        view = self.views[target]
        return Scraped(
            Facts(target, "p", "", "unknown"),
            view,
            up=view.listing is not None,
            now=self.clock(),
            active_limit=20,
            thresholds=NoThresholds(),
            bounds=self.rules.bounds,
            errors={},
        )


class Sample:
    """One sample of a page."""

    def __init__(self, name: str, labels: Mapping[str, str], value: float, exemplar: Mapping[str, str]) -> None:
        self.name = name
        self.labels = labels
        self.value = value
        self.exemplar = exemplar


def job(
    identity: str,
    status: str = "success",
    *,
    begin: float | None = None,
    end: float | None = None,
    job_type: str = "Algorithm",
    algorithm: str = "pagerank",
    graph: str = "",
    files: Iterable[ImportFile] = (),
    progress: float | None = None,
    offset: float | None = OFFSET,
) -> Job:
    """A job whose times are seconds after `START`, shown by a clock ``offset`` ahead of UTC (None: shown with a zone).

    A finished job without times ends one second before `START`.
    """
    if begin is None and end is None and status not in {"pending", "running", "unknown"}:
        begin, end = -11.0, -1.0
    return Job(
        identity,
        Status(status),
        job_type,
        algorithm,
        graph,
        _time(begin, offset),
        _time(end, offset),
        progress,
        tuple(files),
    )


def timeless(identity: str, status: str = "complete", job_type: str = "import_graph") -> Job:
    """A job of the database edition, which tells no times."""
    return Job(identity, Status(status), job_type)


def task(
    identity: str,
    status: str = "success",
    *,
    graph: str = "movie",
    begin: float | None = None,
    end: float | None = None,
    files: Iterable[ImportFile] = (),
) -> Job:
    """An import of the task centre, whose times are in UTC."""
    shown = _time(begin, None), _time(end, None)
    return Job(identity, Status(status), "ImportGraph", "", graph, shown[0], shown[1], files=tuple(files))


def load(
    identity: str,
    status: str = "success",
    *,
    begin: float | None = None,
    end: float | None = None,
    files: Iterable[ImportFile] = (),
    offset: float = OFFSET,
) -> Job:
    """An import of the memory edition."""
    shown = _time(begin, offset), _time(end, offset)
    return Job(identity, Status(status), "ImportGraph", begin=shown[0], end=shown[1], files=tuple(files))


def file(
    kind: str, lines: int | None = None, failed: int | None = None, status: str = "success", **times: float
) -> ImportFile:
    """A file of an import; ``begin`` and ``end`` are seconds after `START`."""
    moments = {name: START + seconds for name, seconds in times.items()}
    return ImportFile(Kind(kind), Status(status), lines, failed, **moments)


def up(endpoint: str, *jobs: Job, complete: bool = True) -> NodeListing:
    """The answer of a node."""
    return NodeListing(endpoint, list(jobs), complete=complete)


def down(endpoint: str) -> NodeListing:
    """A node that does not answer."""
    return NodeListing(endpoint, reason="connect", message="refused")


def _time(seconds: float | None, offset: float | None) -> Time | None:
    if seconds is None:
        return None
    return Time(START + seconds) if offset is None else Time(START + seconds + offset, local=True)
