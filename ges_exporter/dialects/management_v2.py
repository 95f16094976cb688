"""The management plane's task centre, v2.

Sources: "Querying the Job Status (1.0.0)", ``GET /v2/{project_id}/graphs/{graph_id}/jobs/{job_id}/status``; Huawei
Cloud's Python SDK ``huaweicloudsdkges`` for ``GET /v2/{project_id}/graphs/jobs`` (``job_count``, ``job_list``) and
``GET /v2/{project_id}/graphs``. Times are UTC without a zone; ``job_progress`` is reserved and never read.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Generic, TypeVar
from urllib.parse import quote

import msgspec

from ges_exporter.dialects.base import Detail, Dialect
from ges_exporter.dialects.files import Words
from ges_exporter.dialects.management import STATUSES, to_graph, to_job
from ges_exporter.dialects.reader import Envelope, PageReader, graph_page, job_page, single_job
from ges_exporter.dialects.times import Scalar
from ges_exporter.model import Api, Kind, Plane

R = TypeVar("R")


class _Job(msgspec.Struct, gc=False):
    id: Scalar = msgspec.field(name="job_id", default=None)
    status: Scalar = None
    job_name: Scalar = None
    related_graph: Scalar = None
    begin_time: Scalar = None
    end_time: Scalar = None
    files: Any = msgspec.field(name="job_detail", default=None)
    fail_reason: Scalar = None


class _Page(Envelope, Generic[R]):
    items: list[R] | msgspec.UnsetType | None = msgspec.field(name="job_list", default=msgspec.UNSET)
    total: Any = msgspec.field(name="job_count", default=None)


class _Graph(msgspec.Struct, gc=False):
    id: Scalar = None
    name: Scalar = None
    status: Scalar = None
    private_ip: Scalar = None
    public_ip: Scalar = None
    traffic_ips: Any = msgspec.field(name="traffic_ip_list", default=None)
    product_type: Scalar = None
    version: Scalar = None
    data_store_version: Scalar = None
    https: Scalar = msgspec.field(name="enable_https", default=None)


class _Graphs(Envelope, Generic[R]):
    items: list[R] | msgspec.UnsetType | None = msgspec.field(name="graphs", default=msgspec.UNSET)
    total: Any = msgspec.field(name="graph_count", default=None)


_FILES = Words(
    "job_detail",
    {"schema_path": Kind.SCHEMA, "vertexset_path": Kind.VERTEX, "edgeset_path": Kind.EDGE},
    lines="total_lines",
    failed_lines="failed_lines",
)

_jobs = PageReader(_Page, _Job, partial(to_job, _FILES))
_graphs = PageReader(_Graphs, _Graph, to_graph)

MANAGEMENT_V2 = Dialect(
    api=Api("v2", STATUSES),
    plane=Plane.MANAGEMENT,
    parse=lambda body: job_page(_jobs, body),
    path=lambda project_id, _graph: f"/v2/{quote(project_id, '')}/graphs/jobs",
    since_parameter="start_time",
    page_limit=100,
    detail=Detail(
        job_path=lambda project_id, graph_id, job_id: (
            f"/v2/{quote(project_id, '')}/graphs/{quote(graph_id, '')}/jobs/{quote(job_id, '')}/status"
        ),
        parse_job=lambda body: single_job(_jobs, body),
        graphs_path=lambda project_id: f"/v2/{quote(project_id, '')}/graphs",
        parse_graphs=lambda body: graph_page(_graphs, body),
    ),
)
