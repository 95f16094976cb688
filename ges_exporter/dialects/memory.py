"""The service plane's job list of the memory edition.

Source: "Listing Jobs (2.2.13)", ``GET /ges/v1.0/{project_id}/graphs/{graph_name}/jobs/status``, its fields and its
example, newest job first, times without a zone in the node's own.
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar
from urllib.parse import quote

import msgspec

from ges_exporter.dialects.base import Dialect
from ges_exporter.dialects.files import Words, read_files
from ges_exporter.dialects.notes import Notes
from ges_exporter.dialects.reader import Envelope, PageReader, job_page
from ges_exporter.dialects.salvage import UNDECODABLE
from ges_exporter.dialects.times import Scalar, Unreadable, read_number
from ges_exporter.model import Api, Job, Kind, Plane, Status

R = TypeVar("R")


class _Job(msgspec.Struct, gc=False, rename="camel"):
    id: Scalar = msgspec.field(name="jobId", default=None)
    raw_request: Any = None
    task_type: Scalar = None
    progress: Scalar = None
    start_time: Scalar = None
    end_time: Scalar = None
    status: Scalar = None
    fail_reason: Scalar = None
    files: Any = None


class _Page(Envelope, Generic[R]):
    items: list[R] | msgspec.UnsetType | None = msgspec.field(name="jobs", default=msgspec.UNSET)
    total: Any = msgspec.field(name="jobCount", default=None)


class _Request(msgspec.Struct, gc=False):
    name: str | None = msgspec.field(name="algorithmName", default=None)


_request = msgspec.json.Decoder(_Request)

_FILES = Words(
    "files",
    {"schemaFiles": Kind.SCHEMA, "vertexFiles": Kind.VERTEX, "edgeFiles": Kind.EDGE},
    lines="totalLines",
    failed_lines="failedLines",
    labels="totalLabels",
    failed_labels="failedLabels",
    begin="startTime",
    end="endTime",
)


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
        read_files(wire.files, _FILES, notes),
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


_reader = PageReader(_Page, _Job, _convert)

MEMORY = Dialect(
    api=Api("memory", (Status.PENDING, Status.RUNNING, Status.SUCCESS, Status.PARTIALLY_FAILED, Status.FAILED)),
    plane=Plane.SERVICE,
    parse=lambda body: job_page(_reader, body),
    path=lambda project_id, graph: f"/ges/v1.0/{quote(project_id, '')}/graphs/{quote(graph, '')}/jobs/status",
    short=True,
)
