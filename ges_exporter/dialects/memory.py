"""The service plane's job list of the memory edition.

Source: "Listing Jobs (2.2.13)", ``GET /ges/v1.0/{project_id}/graphs/{graph_name}/jobs/status``, its fields and its
example, newest job first, times without a zone in the node's own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Generic, TypeVar
from urllib.parse import quote

import msgspec

from ges_exporter.dialects.base import Dialect
from ges_exporter.dialects.notes import Notes
from ges_exporter.dialects.reader import Envelope, PageReader, job_page
from ges_exporter.dialects.salvage import UNDECODABLE
from ges_exporter.dialects.times import Scalar, Unreadable, read_number
from ges_exporter.model import Api, ImportFile, Job, Kind, Plane, Status

R = TypeVar("R")


class _File(msgspec.Struct, gc=False, rename="camel"):
    status: Scalar = None
    start_time: Scalar = None
    end_time: Scalar = None
    total_lines: Scalar = None
    failed_lines: Scalar = None
    total_labels: Scalar = None
    failed_labels: Scalar = None


class _Files(msgspec.Struct, gc=False, rename="camel"):
    schema_files: list[_File] | None = None
    vertex_files: list[_File] | None = None
    edge_files: list[_File] | None = None


class _Job(msgspec.Struct, gc=False, rename="camel"):
    id: Scalar = msgspec.field(name="jobId", default=None)
    raw_request: Any = None
    task_type: Scalar = None
    progress: Scalar = None
    start_time: Scalar = None
    end_time: Scalar = None
    status: Scalar = None
    fail_reason: Scalar = None
    files: list[_Files] | _Files | None = None


class _Page(Envelope, Generic[R]):
    items: list[R] | msgspec.UnsetType | None = msgspec.field(name="jobs", default=msgspec.UNSET)
    total: Any = msgspec.field(name="jobCount", default=None)


class _Request(msgspec.Struct, gc=False):
    name: str | None = msgspec.field(name="algorithmName", default=None)


_request = msgspec.json.Decoder(_Request)


def _convert(wire: _Job, identity: str, notes: Notes) -> Job:
    status = notes.status(wire.status, "status")
    job_type = notes.text(wire.task_type, "taskType")
    return Job(
        identity,
        status,
        job_type,
        _algorithm(wire.raw_request, notes) if job_type == "Algorithm" else "",
        "",
        notes.time(wire.start_time, "startTime", local=True),
        notes.time(wire.end_time, "endTime", local=True),
        # Only the progress of a job at work is of use to anybody.
        _progress(wire.progress, notes) if status.active and wire.progress is not None else None,
        tuple(_files(wire.files, notes)) if wire.files else (),
        wire.fail_reason if isinstance(wire.fail_reason, str) else "",
    )


def _algorithm(request: object, notes: Notes) -> str:
    """Reads the one field of the original request that is safe to know; the request may hold access keys."""
    if not isinstance(request, str) or not request:
        return ""
    try:
        return _request.decode(request).name or ""
    except UNDECODABLE:
        notes.faults.append("rawRequest")
        return ""


def _progress(value: Scalar, notes: Notes) -> float | None:
    try:
        percent = read_number(value)
    except Unreadable:
        percent = -1.0 if value == "" else 101.0
    if percent > 100:
        notes.faults.append("progress")
    return percent / 100 if 0 <= percent <= 100 else None


def _files(groups: list[_Files] | _Files, notes: Notes) -> Iterator[ImportFile]:
    for group in [groups] if isinstance(groups, _Files) else groups:
        for kind, files in (
            (Kind.SCHEMA, group.schema_files),
            (Kind.VERTEX, group.vertex_files),
            (Kind.EDGE, group.edge_files),
        ):
            for file in files or ():
                yield _file(kind, file, notes)


def _file(kind: Kind, wire: _File, notes: Notes) -> ImportFile:
    schema = kind is Kind.SCHEMA
    begin = notes.time(wire.start_time, "files.startTime", local=True)
    end = notes.time(wire.end_time, "files.endTime", local=True)
    return ImportFile(
        kind,
        notes.status(wire.status, "files.status"),
        notes.count(wire.total_labels if schema else wire.total_lines, "files.totalLines"),
        notes.count(wire.failed_labels if schema else wire.failed_lines, "files.failedLines"),
        # Files are stamped in epoch microseconds; a string of the node's own clock would prove no offset.
        begin.seconds if begin and not begin.local else None,
        end.seconds if end and not end.local else None,
    )


_reader = PageReader(_Page, _Job, _convert)

MEMORY = Dialect(
    api=Api("memory", (Status.PENDING, Status.RUNNING, Status.SUCCESS, Status.PARTIALLY_FAILED, Status.FAILED)),
    plane=Plane.SERVICE,
    parse=lambda body: job_page(_reader, body),
    path=lambda project_id, graph: f"/ges/v1.0/{quote(project_id, '')}/graphs/{quote(graph, '')}/jobs/status",
    short=True,
)
