"""What both spellings of the management plane mean: one vocabulary, from records of either.

Source: "Querying the Job Status (1.0.0)": -1 lines are "not returned in the current version"; times are UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from ges_exporter.dialects.files import Words, read_files
from ges_exporter.dialects.notes import Notes
from ges_exporter.dialects.times import Scalar
from ges_exporter.model import Graph, Job, Status

STATUSES = (Status.PENDING, Status.RUNNING, Status.SUCCESS, Status.PARTIALLY_FAILED, Status.FAILED)


GRAPH_STATUSES: Mapping[str, str] = {
    "100": "preparing",
    "200": "running",
    "201": "upgrading",
    "202": "importing",
    "203": "rolling_back",
    "204": "exporting",
    "205": "clearing",
    "206": "resize_preparing",
    "207": "resizing",
    "208": "resize_rolling_back",
    "210": "expand_preparing",
    "211": "expanding",
    "300": "faulty",
    "303": "create_failed",
    "400": "deleted",
    "800": "frozen",
    "900": "stopped",
    "901": "stopping",
    "903": "backing_up",
    "920": "starting",
}
"""The codes of a graph's status, as Huawei Cloud's Python SDK lists them, in words; 903 is told by the page of error
codes (GES.7002)."""
SERVING = frozenset({"200", "202", "204", "205"})
"""The codes of a graph that answers on the service plane."""


class _Job(Protocol):
    status: Scalar
    job_name: Scalar
    related_graph: Scalar
    begin_time: Scalar
    end_time: Scalar
    fail_reason: Scalar
    files: Any


class _Graph(Protocol):
    name: Scalar
    status: Scalar
    private_ip: Scalar
    public_ip: Scalar
    traffic_ips: object
    product_type: Scalar
    version: Scalar
    data_store_version: Scalar
    """The same in other versions of the SDK."""
    https: Scalar


def to_job(words: Words, wire: _Job, identity: str, notes: Notes) -> Job:
    """Turns a record of a task centre into a `Job`; ``words`` are those for its files."""
    return Job(
        identity,
        notes.status(wire.status, "status"),
        notes.text(wire.job_name, "job_name"),
        "",
        _text(wire.related_graph),
        notes.time(wire.begin_time, "begin_time", local=False),
        notes.time(wire.end_time, "end_time", local=False),
        None,
        read_files(wire.files, words, notes),
        wire.fail_reason if isinstance(wire.fail_reason, str) else "",
    )


def to_graph(wire: _Graph, identity: str, _notes: Notes) -> Graph:
    """Turns a record of a project's list of graphs into a `Graph`."""
    ips = wire.traffic_ips if isinstance(wire.traffic_ips, list) else []
    return Graph(
        identity,
        _text(wire.name),
        _text(wire.status),
        _text(wire.private_ip),
        _text(wire.public_ip),
        tuple(ip for ip in ips if isinstance(ip, str)),
        _text(wire.product_type),
        _text(wire.version) or _text(wire.data_store_version),
        wire.https is True or wire.https == "true",
    )


def _text(value: Scalar) -> str:
    return "" if value is None or isinstance(value, bool) else str(value)
