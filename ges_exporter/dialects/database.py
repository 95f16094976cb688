"""The service plane's job list of the database edition, and of its older kin with 100 billion edges.

Sources: "查询job列表 (2.2.13)" and its example; the public API reference for ``GET /ges/v1.0/{project_id}/graphs``, the
graphs of a cluster. No times, no progress, no fail reason; ``complete`` tells that a job is over, not how. The older
shape ignores ``limit`` and ``offset`` and gives no total.
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar
from urllib.parse import quote

import msgspec

from ges_exporter.dialects.base import Cluster, Dialect
from ges_exporter.dialects.notes import Notes
from ges_exporter.dialects.reader import Envelope, PageReader, graph_page, job_page
from ges_exporter.dialects.times import Scalar
from ges_exporter.model import Api, Graph, Job, Plane, Status

R = TypeVar("R")


class _Request(msgspec.Struct, gc=False):
    command: Scalar = None


class _Job(msgspec.Struct, gc=False):
    id: Scalar = msgspec.field(name="jobId", default=None)
    job_id: Scalar = None
    """The spelling of one table of the pages; their examples have the other."""
    status: Scalar = None
    request: _Request | None = None


class _Page(Envelope, Generic[R]):
    items: list[R] | msgspec.UnsetType | None = msgspec.field(name="jobs", default=msgspec.UNSET)
    total: Any = msgspec.field(name="totalCount", default=None)


class _Graph(msgspec.Struct, gc=False):
    id: Scalar = msgspec.field(name="graphName", default=None)


class _Graphs(Envelope, Generic[R]):
    items: list[R] | msgspec.UnsetType | None = msgspec.field(name="graphs", default=msgspec.UNSET)
    total: Any = msgspec.field(name="graphCount", default=None)


def _convert(wire: _Job, identity: str, notes: Notes) -> Job:
    command = wire.request.command if wire.request else None
    return Job(identity, notes.status(wire.status, "status"), notes.text(command, "request.command"))


_reader = PageReader(_Page, _Job, _convert, other_id="job_id")
_graphs = PageReader(_Graphs, _Graph, lambda _wire, name, _notes: Graph(name, name, ""))

CLUSTER = Cluster(
    path=lambda project_id: f"/ges/v1.0/{quote(project_id, '')}/graphs",
    parse=lambda body: graph_page(_graphs, body),
)
"""The graphs of a cluster have no ids but their names, and no status but its own."""

DATABASE = Dialect(
    api=Api(
        "database",
        (Status.PENDING, Status.RUNNING, Status.COMPLETE, Status.SUCCESS, Status.FAILED),
        timed=False,
        reports_lines=False,
    ),
    plane=Plane.SERVICE,
    parse=lambda body: job_page(_reader, body),
    path=lambda project_id, graph: f"/ges/v1.0/{quote(project_id, '')}/graphs/{quote(graph, '')}/jobs/status",
)
