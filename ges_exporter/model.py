"""The nouns that every other module speaks of.

This module imports none of its siblings, does no I/O and reads no clock.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Plane(StrEnum):
    """The two unrelated worlds of GES jobs; their jobs are never added together."""

    MANAGEMENT = "management"
    SERVICE = "service"


class Status(StrEnum):
    """One vocabulary for the statuses of all APIs."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCESS = "success"
    PARTIALLY_FAILED = "partially_failed"
    FAILED = "failed"
    COMPLETE = "complete"
    UNKNOWN = "unknown"

    # Enum's own hash is a Python function; statuses are looked up several times for each job of a long list.
    __hash__ = str.__hash__

    active: bool
    """Whether a job in this status is waiting or at work."""

    def __init__(self, word: str) -> None:
        self.active = word in {"pending", "running"}


_ADVANCE = {
    Status.UNKNOWN: 0,
    Status.PENDING: 1,
    Status.RUNNING: 2,
    Status.COMPLETE: 3,
    Status.PARTIALLY_FAILED: 4,
    Status.FAILED: 4,
    Status.SUCCESS: 4,
}


class Kind(StrEnum):
    """What a file of an import holds. The lines of a schema file are labels."""

    SCHEMA = "schema"
    VERTEX = "vertex"
    EDGE = "edge"

    __hash__ = str.__hash__


class Time(msgspec.Struct, frozen=True, gc=False):
    """A point in time as an API tells it.

    ``seconds`` are Unix seconds. Where the API names no zone, ``local`` is true and they are the reading of the
    engine's own clock taken as if it were UTC, until a zone is applied to them.
    """

    seconds: float
    local: bool = False


class ImportFile(msgspec.Struct, frozen=True, gc=False):
    """One file of an import; a number the API did not return is None, never 0."""

    kind: Kind
    status: Status
    lines: int | None = None
    failed_lines: int | None = None
    begin: float | None = None
    """Unix seconds, from a clock in UTC."""
    end: float | None = None

    @property
    def reported(self) -> bool:
        """Whether both counts were returned."""
        return self.lines is not None and self.failed_lines is not None


class Job(msgspec.Struct, frozen=True, gc=False):
    """One job as a listing shows it."""

    id: str
    status: Status
    job_type: str
    algorithm: str = ""
    graph: str = ""
    """The graph a job of a task centre belongs to; empty on the service plane, where the target tells."""
    begin: Time | None = None
    end: Time | None = None
    progress: float | None = None
    """0 to 1."""
    files: tuple[ImportFile, ...] = ()
    reason: str = ""
    """Why it failed: free text, for people only."""

    @property
    def active(self) -> bool:
        """Whether the job waits or works."""
        return self.status.active

    @property
    def finished(self) -> bool:
        """Whether the job is over; with an unknown status word only an end time says so."""
        return not self.active and (self.status is not Status.UNKNOWN or self.end is not None)

    @property
    def advance(self) -> int:
        """How far along this record shows the job; of two records of one job the higher is believed."""
        return _ADVANCE[Status.COMPLETE if self.status is Status.UNKNOWN and self.finished else self.status]


class JobPage(msgspec.Struct, frozen=True):
    """What one answer of a job list holds."""

    jobs: list[Job]
    total: int | None = None
    """The total that the answer claims: a hint, never trusted."""
    faults: tuple[str, ...] = ()
    """For each record, or value of one, that could not be read: the name of the field."""
    left_out: int = 0
    """Records that had to be left out."""
    unknown: tuple[tuple[str, str], ...] = ()
    """Values met that nobody knows: (field, value)."""


class Graph(msgspec.Struct, frozen=True):
    """One graph as the management plane's list of graphs shows it."""

    id: str
    name: str
    status: str
    """A code, such as ``200``."""
    private_ip: str = ""
    public_ip: str = ""
    traffic_ips: tuple[str, ...] = ()
    product_type: str = ""
    version: str = ""
    https: bool = False

    @property
    def cluster(self) -> bool:
        """Whether it is of the database edition: a cluster, whose graphs have names of their own."""
        return self.product_type == "Persistence"


class GraphPage(msgspec.Struct, frozen=True):
    """What one answer of a list of graphs holds."""

    graphs: list[Graph]
    total: int | None = None
    faults: tuple[str, ...] = ()
    left_out: int = 0
    """Records that had to be left out."""


class Target(msgspec.Struct, frozen=True, order=True):
    """One job list that is watched: a graph's, or with an empty ``graph`` a project's task centre."""

    project: str
    graph: str
    plane: Plane


class Api(msgspec.Struct, frozen=True):
    """What one shape of the job list API can tell."""

    name: str
    """``v2``, ``v1.0``, ``memory`` or ``database``."""
    statuses: tuple[Status, ...]
    timed: bool = True
    """Whether jobs carry begin and end."""
    reports_lines: bool = True
    """Whether imports can carry line counts."""


class Owed(msgspec.Struct, frozen=True):
    """A finished import whose line counts the list left out and the single-job API has yet to tell."""

    job_id: str
    graph: str
    """As the API spells it."""
    account: str
    """The graph it is counted under."""
    since: float
    """Unix seconds."""
    at: Time
    files: tuple[ImportFile, ...] = ()
    refusals: int = 0


class Outcome(StrEnum):
    """How the question for the details of one import went."""

    ANSWERED = "answered"
    REFUSED = "refused"
    """The API answered with an error of its own."""
    AGAIN = "again"
    """A passing error: worth another try."""


class Details(msgspec.Struct, frozen=True):
    """What the single-job API said of one import."""

    job_id: str
    outcome: Outcome
    files: tuple[ImportFile, ...] = ()


class NodeListing(msgspec.Struct, frozen=True):
    """What one endpoint of a target answered."""

    endpoint: str
    jobs: list[Job] = []
    complete: bool = False
    """Whether this is all that the list holds: nothing cut, nothing left out, not only the head."""
    short: bool = False
    """Whether this is the head of the list and what was active, standing in for the whole."""
    truncated: bool = False
    """Whether a limit cut the listing."""
    records: int = 0
    """Job records read."""
    reason: str = ""
    """Why there is no answer; empty for an answer."""
    message: str = ""
    """The same for people."""


class Listing(msgspec.Struct, frozen=True):
    """All that one target told in one scrape; it is observed once, whatever number of scrapes wait for it."""

    target: Target
    nodes: tuple[NodeListing, ...]
    began: float
    """Unix seconds at which it was begun."""
    seconds: float = 0.0
    requests: int = 0
    api: Api | None = None
    source: str = ""
    """Tells lists apart that have had one name, where that is known: of a graph that was found, its id."""

    @property
    def up(self) -> bool:
        """Whether an endpoint answered."""
        return any(not node.reason for node in self.nodes)

    @property
    def complete(self) -> bool:
        """Whether absence from it is evidence: of all nodes there is the whole list, of one at least from now."""
        nodes = self.nodes
        return any(node.complete for node in nodes) and all(node.complete or node.short for node in nodes)

    @property
    def short(self) -> bool:
        """Whether it stands in for a full one."""
        return any(node.short for node in self.nodes)

    @property
    def truncated(self) -> bool:
        """Whether a limit cut it."""
        return any(node.truncated for node in self.nodes)
