"""What one scrape came to for one target."""

from __future__ import annotations

import msgspec

from ges_exporter.ledger import View
from ges_exporter.model import Listing


class Result(msgspec.Struct, frozen=True):
    """A listing, or the lack of one, with what the ledger makes of it; frozen, and shared by all that waited for it."""

    view: View
    up: bool
    at: float
    """Unix seconds."""
    reason: str = ""
    """Why there is no listing."""
    message: str = ""
    """The same for people."""
    seconds: float = 0.0
    requests: int = 0
    records: int = 0
    truncated: bool = False
    nodes: tuple[tuple[str, bool], ...] = ()
    """Each endpoint, and whether it answered."""
    node_messages: tuple[str, ...] = ()
    """For people: what the endpoints that did not answer said instead."""
    asked: bool = True
    """Whether the target's turn came at all."""


def result_of(listing: Listing, view: View, at: float, requests: int) -> Result:
    """Returns what a listing came to."""
    first = next((node for node in listing.nodes if node.reason), None)
    failed = first if first is not None and not listing.up else None
    return Result(
        view=view,
        up=listing.up,
        at=at,
        reason=failed.reason if failed else "",
        message=failed.message if failed else "",
        seconds=listing.seconds,
        requests=requests,
        records=sum(node.records for node in listing.nodes),
        truncated=listing.truncated,
        nodes=tuple((node.endpoint, not node.reason) for node in listing.nodes),
        node_messages=tuple(f"{node.endpoint}: {node.message}" for node in listing.nodes if node.reason),
    )
