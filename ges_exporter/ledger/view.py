"""What the ledger shows of a target at one instant: frozen, so that whoever renders it may take his time."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from ges_exporter.ledger.accounts import Account, ImportAccount, Lines, Pair
from ges_exporter.ledger.zone import Zone
from ges_exporter.model import Api, Kind, Status, Target, Time


class Open(msgspec.Struct, frozen=True):
    """A job that is not finished, as last listed."""

    id: str
    pair: Pair
    status: Status
    first_seen: float
    """Unix seconds."""
    begin: Time | None = None
    progress: float | None = None
    progress_moved: float | None = None
    """Unix seconds: first seen with a progress, or the last time it was seen to move."""
    missing_since: float | None = None
    """Unix seconds of the first complete listing that did not show it."""
    disowned: bool = False
    """Whether it was not there when the target came back into sight: whoever watched meanwhile has seen it go."""
    lines: Mapping[Kind, Lines] = {}
    """What it adds to the lines of the listing."""


class Exemplar(msgspec.Struct, frozen=True):
    """The newest job counted somewhere."""

    job_id: str
    value: float


class ListingView(msgspec.Struct, frozen=True):
    """The gauges of the listing."""

    jobs: Mapping[Pair, Mapping[Status, int]]
    active: tuple[Open, ...]
    lines: Mapping[tuple[str, Kind], Lines]
    folded: Mapping[str, int]
    """By graph (``""``: graphs of a task centre): how many have no series of their own."""


class LedgerView(msgspec.Struct, frozen=True):
    """The totals, and what else is remembered."""

    api: Api | None
    zone: Zone
    met: float
    """Unix seconds of the first listing."""
    last_success: float
    """Unix seconds of the newest listing that succeeded."""
    remembered: int
    """Job ids known."""
    accounts: tuple[Account, ...]
    imports: tuple[ImportAccount, ...]
    counter_exemplars: Mapping[tuple[Pair, Status], Exemplar]
    bucket_exemplars: Mapping[tuple[Pair, Status, int], Exemplar]


class View(msgspec.Struct, frozen=True):
    """One target at one instant; ``listing`` is None where it could not be listed, ``ledger`` where it never was."""

    target: Target
    listing: ListingView | None
    ledger: LedgerView | None
