"""What the ledger is told, and what it gives to the store: plain records."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from ges_exporter.ledger.accounts import Account, ImportAccount
from ges_exporter.ledger.view import Open
from ges_exporter.ledger.zone import Measurement
from ges_exporter.model import Api, Owed, Status, Target, Time


class Rules(msgspec.Struct, frozen=True):
    """The limits under which the ledger works; durations in seconds."""

    vanish_after: float = 600.0
    forget_after: float = 7 * 86400.0
    late_after: float = 3600.0
    retire_after: float = 90 * 86400.0
    label_sets_per_graph: int = 40
    graphs_per_project: int = 2000
    bounds: tuple[float, ...] = (1, 5, 15, 60, 300, 900, 1800, 3600, 7200, 14400, 43200, 86400)
    """Upper bounds of the histograms' buckets, in seconds."""


class Newest(msgspec.Struct, frozen=True, array_like=True):
    """The newest times an endpoint has shown, those of its own clock and those with a zone apart."""

    local: float | None = None
    absolute: float | None = None

    def of(self, time: Time) -> float | None:
        """Returns the newest time of the same clock."""
        return self.local if time.local else self.absolute

    def with_time(self, time: Time) -> Newest:
        """Returns the newer of both."""
        known = self.of(time)
        if known is not None and known >= time.seconds:
            return self
        return msgspec.structs.replace(self, **{"local" if time.local else "absolute": time.seconds})


class TargetState(msgspec.Struct):
    """What is remembered of a target as a whole; times in Unix seconds."""

    met: float | None = None
    """The first listing: what the counters count from."""
    last_success: float | None = None
    """The newest listing that succeeded."""
    last_began: float | None = None
    """When that listing was begun."""
    last_complete: float | None = None
    asked: float | None = None
    """The newest attempt."""
    awake: float = 0.0
    """The ledger's waking seconds at that attempt."""
    unseen: dict[str, float] = {}
    """The endpoints that have not answered since the target was out of sight, and when that ended."""
    api: Api | None = None
    bounds: tuple[float, ...] = ()
    """Of the histograms' buckets."""
    source: str = ""
    """Which of the lists of its name was listed last, where that is known."""
    newest: dict[str, Newest] = {}
    """By endpoint."""
    clocks: dict[str, Measurement] = {}
    """By endpoint."""


class JobRow(msgspec.Struct, frozen=True):
    """How one job id is remembered; ids that are remembered alike may share one."""

    account: int
    """`Account.number`."""
    status: Status
    """As last listed."""
    counted: bool
    """Whether it is not to be counted as finished any more."""
    vanished: bool = False
    absent_since: float | None = None
    """Unix seconds of the first complete listing that did not show it, once finished or vanished."""
    open: Open | None = None
    owed: Owed | None = None

    @property
    def plain(self) -> bool:
        """Whether there is nothing in it that is the id's own."""
        return self.absent_since is None and self.open is None and self.owed is None


class Changes(msgspec.Struct, frozen=True):
    """What one step changed of a target: all of it, or nothing, goes on disk."""

    target: Target
    state: TargetState
    accounts: tuple[Account, ...] = ()
    imports: tuple[ImportAccount, ...] = ()
    jobs: Mapping[str, JobRow] = {}
    """By job id."""
    forgotten: tuple[str, ...] = ()
    durable: bool = True
    """Whether more changed than when the target was last asked, so that a power cut must not undo it."""


class TargetRecord(msgspec.Struct):
    """What the store gives back of a target; its job rows come apart, when they are first needed."""

    target: Target
    state: TargetState
    accounts: list[Account]
    imports: list[ImportAccount]
    remembered: int
    """How many job rows there are."""
