"""The management plane's task centre, v1.0.

Sources: "查询任务中心 (1.1.8)", ``GET /v1.0/{projectId}/graphs/jobs``, with its example; Huawei Cloud's Python SDK
``huaweicloudsdkges`` for ``GET /v1.0/{project_id}/graphs`` and the single job. The same as v2 in other spelling.
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


class _Job(msgspec.Struct, gc=False, rename="camel"):
    id: Scalar = msgspec.field(name="jobId", default=None)
    status: Scalar = None
    job_name: Scalar = None
    related_graph: Scalar = None
    begin_time: Scalar = None
    end_time: Scalar = None
    files: Any = msgspec.field(name="jobDetail", default=None)
    fail_reason: Scalar = None


class _Page(Envelope, Generic[R]):
    items: list[R] | msgspec.UnsetType | None = msgspec.field(name="jobList", default=msgspec.UNSET)
    total: Any = msgspec.field(name="jobCount", default=None)


class _Graph(msgspec.Struct, gc=False, rename="camel"):
    id: Scalar = None
    name: Scalar = None
    status: Scalar = None
    private_ip: Scalar = None
    public_ip: Scalar = None
    traffic_ips: Any = msgspec.field(name="trafficIpList", default=None)
    product_type: Scalar = None
    version: Scalar = None
    data_store_version: Scalar = None
    https: Scalar = msgspec.field(name="enableHttps", default=None)


class _Graphs(Envelope, Generic[R]):
    items: list[R] | msgspec.UnsetType | None = msgspec.field(name="graphs", default=msgspec.UNSET)
    total: Any = msgspec.field(name="graphCount", default=None)


_FILES = Words(
    "jobDetail",
    {"schemaPath": Kind.SCHEMA, "vertexsetPath": Kind.VERTEX, "edgesetPath": Kind.EDGE},
    lines="totalLines",
    failed_lines="failedLines",
)

_jobs = PageReader(_Page, _Job, partial(to_job, _FILES))
_graphs = PageReader(_Graphs, _Graph, to_graph)

MANAGEMENT_V1 = Dialect(
    api=Api("v1.0", STATUSES),
    plane=Plane.MANAGEMENT,
    parse=lambda body: job_page(_jobs, body),
    path=lambda project_id, _graph: f"/v1.0/{quote(project_id, '')}/graphs/jobs",
    since_parameter="startTime",
    page_limit=100,
    detail=Detail(
        job_path=lambda project_id, graph_id, job_id: (
            f"/v1.0/{quote(project_id, '')}/graphs/{quote(graph_id, '')}/jobs/{quote(job_id, '')}/status"
        ),
        parse_job=lambda body: single_job(_jobs, body),
        graphs_path=lambda project_id: f"/v1.0/{quote(project_id, '')}/graphs",
        parse_graphs=lambda body: graph_page(_graphs, body),
    ),
)
