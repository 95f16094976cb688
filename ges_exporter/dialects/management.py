"""What both spellings of the management plane mean: one vocabulary, from records of either.

Source: "Querying the Job Status (1.0.0)": -1 lines are "not returned in the current version"; times are UTC.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from ges_exporter.dialects.base import Notes
from ges_exporter.dialects.times import Scalar
from ges_exporter.model import Graph, ImportFile, Job, Kind, Status

STATUSES = (Status.PENDING, Status.RUNNING, Status.SUCCESS, Status.PARTIALLY_FAILED, Status.FAILED)


class _File(Protocol):
    status: Scalar
    total_lines: Scalar
    failed_lines: Scalar


class _Files(Protocol):
    @property
    def schema(self) -> Sequence[_File] | None: ...
    @property
    def vertex(self) -> Sequence[_File] | None: ...
    @property
    def edge(self) -> Sequence[_File] | None: ...


class _Job(Protocol):
    status: Scalar
    job_name: Scalar
    related_graph: Scalar
    begin_time: Scalar
    end_time: Scalar
    fail_reason: Scalar

    @property
    def files(self) -> _Files | None: ...


class _Graph(Protocol):
    name: Scalar
    status: Scalar
    private_ip: Scalar
    public_ip: Scalar
    traffic_ips: object
    product_type: Scalar
    version: Scalar
    https: Scalar


def to_job(wire: _Job, identity: str, notes: Notes) -> Job:
    """Turns a record of a task centre into a `Job`."""
    return Job(
        identity,
        notes.status(wire.status, "status"),
        notes.text(wire.job_name, "job_name"),
        "",
        wire.related_graph if isinstance(wire.related_graph, str) else "",
        notes.time(wire.begin_time, "begin_time", local=False),
        notes.time(wire.end_time, "end_time", local=False),
        None,
        tuple(_files(wire.files, notes)) if wire.files else (),
        wire.fail_reason if isinstance(wire.fail_reason, str) else "",
    )


def _files(files: _Files, notes: Notes) -> Iterator[ImportFile]:
    for kind, group in ((Kind.SCHEMA, files.schema), (Kind.VERTEX, files.vertex), (Kind.EDGE, files.edge)):
        for file in group or ():
            yield ImportFile(
                kind,
                notes.status(file.status, "job_detail.status"),
                notes.count(file.total_lines, "job_detail.total_lines"),
                notes.count(file.failed_lines, "job_detail.failed_lines"),
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
        _text(wire.version),
        wire.https is True or wire.https == "true",
    )


def _text(value: Scalar) -> str:
    return "" if value is None or isinstance(value, bool) else str(value)
