"""What a metric family is, and what it is made from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple, Protocol

from ges_exporter.ledger.accounts import Pair
from ges_exporter.ledger.seats import label
from ges_exporter.ledger.view import Exemplar, LedgerView, ListingView, Open, View
from ges_exporter.ledger.zone import Zone
from ges_exporter.model import Graph, Target
from ges_exporter.telemetry import Telemetry

G = ("project", "graph", "plane")
J = (*G, "job_type", "algorithm")
S = (*J, "status")


class Sample(NamedTuple):
    """One value of a gauge or counter; the labels' values stand in the order of the family's labels."""

    labels: tuple[str, ...]
    value: float
    created: float | None = None
    exemplar: Exemplar | None = None


class HistogramSample(NamedTuple):
    """One histogram: how many fell in each bucket (the last one unbounded), and their sum."""

    labels: tuple[str, ...]
    bounds: Sequence[float]
    counts: Sequence[int]
    total: float
    created: float | None = None
    exemplars: Mapping[int, Exemplar] = {}


class Facts(NamedTuple):
    """What the configuration says of a target, as far as metrics show it."""

    target: Target
    project_id: str
    region: str
    api: str
    """``unknown`` where only an answer can tell."""


class Thresholds(NamedTuple):
    """The limits that the configuration sets for one kind of job, in seconds."""

    expected_interval: float | None = None
    max_duration: float | None = None
    max_pending: float | None = None


class ThresholdRules(Protocol):
    """Which limits hold for which kind of job."""

    def of(self, labels: tuple[str, ...]) -> Thresholds:
        """Returns the limits of a kind of job, given by the values of the labels `J`."""

    def literal(self, target: Target) -> Iterable[tuple[str, ...]]:
        """Returns the kinds of job of a target that rules name literally."""


class Scraped:
    """One target as one scrape found it, with what families need derived once."""

    def __init__(  # noqa: PLR0913 - the facts of a scrape
        self,
        facts: Facts,
        view: View,
        *,
        up: bool,
        now: float,
        active_limit: int,
        thresholds: ThresholdRules,
        bounds: Sequence[float],
        errors: Mapping[str, int],
        seconds: float = 0.0,
        requests: int = 0,
        records: int = 0,
        truncated: bool = False,
        nodes: Sequence[tuple[str, bool]] = (),
    ) -> None:
        self.facts = facts
        self.view = view
        self.up = up
        self.now = now
        self.active_limit = active_limit
        self.thresholds = thresholds
        self.bounds = bounds
        self.errors = errors
        self.seconds = seconds
        self.requests = requests
        self.records = records
        self.truncated = truncated
        self.nodes = nodes

    @property
    def g(self) -> tuple[str, str, str]:
        """The values of the labels `G` of the target itself."""
        target = self.facts.target
        return (target.project, target.graph, target.plane.value)

    def graph(self, graph: str) -> tuple[str, str, str]:
        """The values of the labels `G` of a graph of the target."""
        target = self.facts.target
        return (target.project, graph, target.plane.value)

    def j(self, pair: Pair) -> tuple[str, ...]:
        """The values of the labels `J`."""
        return (*self.graph(pair.graph), pair.job_type, pair.algorithm)

    @property
    def listing(self) -> ListingView | None:
        """The gauges of the listing, where there was one."""
        return self.view.listing

    @property
    def ledger(self) -> LedgerView | None:
        """What is remembered, where there ever was a listing."""
        return self.view.ledger

    @property
    def zone(self) -> Zone:
        """How local times are read."""
        return self.view.ledger.zone if self.view.ledger else Zone("assumed")

    def begin(self, job: Open) -> float:
        """Returns when an active job began, or where the API does not tell, when it was first seen."""
        return self.zone.utc(job.begin) if job.begin else job.first_seen

    @cached_property
    def active(self) -> list[Open]:
        """The active jobs of the listing, oldest first."""
        jobs = self.view.listing.active if self.view.listing else ()
        return sorted((job for job in jobs if job.status.active), key=lambda job: (self.begin(job), job.id))

    @cached_property
    def shown(self) -> list[Open]:
        """The active jobs that have series of their own."""
        shown: list[Open] = []
        per_graph: dict[str, int] = {}
        for job in self.active:
            number = per_graph.get(job.pair.graph, 0)
            if number < self.active_limit and fits_label(job.id):
                per_graph[job.pair.graph] = number + 1
                shown.append(job)
        return shown


class Snapshot(NamedTuple):
    """All that one exposition shows."""

    now: float
    timeout: float
    """The deadline of this scrape, in seconds."""
    targets: Sequence[Scraped]
    exporter: State | None
    """None where the exporter's own metrics are not wanted."""


class Discovered(NamedTuple):
    """What discovery knows of one project."""

    project: str
    watched: int
    """Graphs found that can be watched."""
    graphs: Mapping[str, Graph]
    """By name: all that were found, running or not."""
    errors: Mapping[str, int]
    """By reason."""
    last_success: float | None
    """Unix seconds."""


class State(NamedTuple):
    """The exporter's own state."""

    telemetry: Telemetry
    views: Sequence[View]
    """The newest view of every target."""
    dropped: Mapping[str, int]
    """By limit: series left out."""
    credentials: Sequence[str]
    """The names of the credentials that are not ``none``."""
    backoff: Mapping[str, float]
    """By endpoint: Unix seconds until which it is left alone."""
    last_save: float | None
    save_errors: int
    set_aside: int
    """Ledger files that could not be read and were set aside."""
    reload_successful: bool
    reload_time: float | None
    version: str
    python_version: str
    external_url: str
    discovered: Sequence[Discovered] = ()
    """One for each project that has discovery."""


class Scope(StrEnum):
    """Whose series a family has."""

    TARGET = "target"
    SCRAPE = "scrape"
    EXPORTER = "exporter"


class Family(NamedTuple):
    """A metric family: its name, its meaning, and how its samples come from what a scrape found."""

    name: str
    type: str
    """``gauge``, ``counter`` or ``histogram``."""
    labels: tuple[str, ...]
    help: str
    """A full sentence that says what is measured, with its caveat."""
    samples: Callable[..., Iterator[Sample | HistogramSample]]
    """From a `Scraped`, a `Snapshot` or a `State`, as the scope says."""
    scope: Scope = Scope.TARGET


def fits_label(job_id: str) -> bool:
    """Whether a job id can be a label's value, as the names of jobs can: short, and without control characters."""
    return label(job_id) == job_id
