"""A small world of GES for tests, without a socket: the documentation's examples, and what happens a minute later."""

from __future__ import annotations

import copy
import json
from typing import Any

import httpx
import msgspec

from ges_exporter.config import Config
from ges_exporter.exporter import Exporter
from ges_exporter.families import Snapshot
from ges_exporter.simulator.scenarios.pages import example
from ges_exporter.telemetry import Durations
from tests.settings import parsed
from tests.simulated import PROJECT, Clock

CENTRE = "https://ges.cn-north-4.myhuaweicloud.com"
IAM = "https://iam.cn-north-4.myhuaweicloud.com"
OLD = "https://ges.old.example"
SECRET = "a-secret-that-nobody-sees"

CONFIGURATION: dict[str, Any] = {
    "ledger": {"path": ":memory:"},
    "histogram": {"duration_buckets": [1, 60, 3600]},
    "credentials": {
        "monitor": {"type": "password", "domain": "d", "username": "u", "password": SECRET},
        "given": {"type": "token", "token": SECRET},
    },
    "projects": [
        {
            "name": "demo",
            "project_id": PROJECT,
            "region": "cn-north-4",
            "credentials": "monitor",
            "management": {},
            "graphs": [
                {"name": "movie", "endpoint": "https://10.0.0.5"},
                {"name": "moviejx", "endpoint": "https://10.0.0.6"},
                {"name": "persistent", "endpoint": "https://10.0.0.7", "api": "database"},
                {"name": "空图", "endpoint": "https://10.0.0.8", "timezone": "Asia/Kolkata"},
                {"name": "broken", "endpoint": "https://10.0.0.9", "credentials": "given"},
                {"name": "nodes", "endpoints": ["https://10.0.0.10", "https://10.0.0.9"], "api": "memory"},
            ],
        },
        {
            "name": "old",
            "project_id": "1",
            "credentials": "given",
            "management": {"api": "v1.0", "endpoint": OLD},
        },
    ],
    "thresholds": [
        {
            "graph": "movie",
            "plane": "service",
            "job_type": "ImportGraph",
            "expected_interval": "24h",
            "max_duration": "2h",
        },
        {"job_type": "Algorithm", "algorithm": "pagerank|shortest_path", "max_duration": "30m"},
        {
            "project": "demo",
            "graph": "movie",
            "plane": "management",
            "job_type": "ExportGraph",
            "expected_interval": "7d",
        },
        {"max_pending": "10m"},
    ],
}

Answer = tuple[int, Any]


def documented(name: str) -> Any:  # noqa: ANN401 - JSON
    """An example of the documentation, to be changed at will."""
    return copy.deepcopy(json.loads(example(name)))


class World:
    """Answers requests by host and path; ``later`` makes a minute pass."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.movie = documented("service-memory-jobs")
        self.moviejx = documented("service-100-billion-jobs")
        self.persistent: Any = {
            "totalCount": 2,
            "result": "success",
            "jobs": [_database("p1", "pending"), _database("p2")],
        }
        self.nodes: Any = {"jobs": [_algorithm("n1", "running", progress=7, rawRequest='{"algorithmName":"kcore"}')]}
        self.centre: Any = {"job_count": 1, "job_list": [documented("management-v2-job")]}
        self.old = documented("management-v1-jobs")
        self.details: dict[str, Any] = {}
        self.requests: list[httpx.Request] = []

    def later(self) -> None:
        """A minute passes, in which jobs begin and end: two imports and an algorithm fail in their own ways."""
        self.clock.advance(60.0)
        self.movie["jobs"][:0] = [
            _algorithm("m4", "pending", startTime=None, rawRequest='{"algorithmName":"louvain"}'),
            _algorithm(
                "m3", "running", progress="40", startTime="2025-06-15 23:07:00", rawRequest=_request("pagerank")
            ),
            _algorithm(
                "m2",
                "failed",
                rawRequest=_request("pagerank"),
                startTime="2025-06-15 23:06:55",
                endTime="2025-06-15 23:07:05",
                failReason=f"OBS says no to {SECRET}",
            ),
            a_fourth_job(),
        ]
        self.movie["jobCount"] = 7
        self.persistent["jobs"] = [_database("p1", "complete"), _database("p2"), _database("p3", "failed")]
        self.nodes["jobs"].insert(0, _algorithm("n2", "cancelled", rawRequest="{"))
        self.centre["job_list"] += [
            _task("c2", "ImportGraph", "partiallyFailed", end_time="2025-06-15T15:07:20"),
            _task("c3", "CreateGraph", "running"),
            _task("c4", 'Export"Graph"', "waiting", begin_time="yesterday"),
            {"status": "success"},
        ]
        self.details["c2"] = self.centre["job_list"][1] | {
            "job_detail": {
                "edgeset_path": [{"status": "partFailed", "total_lines": 1000, "failed_lines": 25}],
                "vertexset_path": [{"status": "success", "total_lines": -1, "failed_lines": -1}],
                "schema_path": None,
            }
        }

    def answer(self, request: httpx.Request) -> httpx.Response:
        """What the API says."""
        self.requests.append(request)
        if request.url.path == "/v3/auth/tokens":
            body = {"token": {"expires_at": "2099-01-01T00:00:00.000000Z"}}
            return httpx.Response(201, headers={"X-Subject-Token": SECRET}, json=body)
        code, content = self._content(request.url.host, request.url.path)
        return httpx.Response(code, content=content if isinstance(content, bytes) else json.dumps(content).encode())

    def _content(self, host: str, path: str) -> Answer:
        if host == "ges.old.example":
            return 200, self.old
        if path.endswith("/graphs"):
            graphs = [
                {"id": "g1", "name": "GES_UI_AUTO", "status": "200"},
                {"id": "g2", "name": "movie", "status": "200"},
            ]
            return 200, {"graph_count": 2, "graphs": graphs}
        if path.startswith("/v2/") and path.endswith("/status"):
            known = self.details.get(path.split("/")[-2])
            return (200, known) if known else (400, documented("management-v2-error-no-job.400"))
        lists = {
            "10.0.0.5": self.movie,
            "10.0.0.6": self.moviejx,
            "10.0.0.7": self.persistent,
            "10.0.0.8": {"jobs": [], "jobCount": 0},
            "10.0.0.9": b"<html>Bad Gateway</html>",
            "10.0.0.10": self.nodes,
        }
        return 200, lists.get(host, self.centre)

    def exporter(self, **changes: Any) -> Exporter:  # noqa: ANN401 - sections of the configuration
        """An exporter that watches this world; to be made, and closed, in a running event loop."""
        return Exporter(configuration(**changes), clock=self.clock, transport=httpx.MockTransport(self.answer))


def configuration(**changes: Any) -> Config:  # noqa: ANN401 - sections
    """The configuration, with some of its sections replaced."""
    return parsed(CONFIGURATION | changes)


async def scrape(exporter: Exporter) -> Snapshot:
    """One scrape of everything, without what differs from run to run: versions, and the seconds that things took."""
    results = await exporter.scrape(list(exporter.targets), 9.0)
    results = {watch: msgspec.structs.replace(result, seconds=0.25) for watch, result in results.items()}
    shown = exporter.snapshot(results, 9.0, own=True)
    assert shown.exporter is not None
    for durations in shown.exporter.telemetry.durations.values():
        _settle(durations)
    return shown._replace(exporter=shown.exporter._replace(version="0.0.0", python_version="3.0.0"))


def a_fourth_job() -> dict[str, Any]:
    """An import of the memory edition with ten failed edge lines of a hundred."""
    return {
        "jobId": "m1",
        "taskType": "ImportGraph",
        "rawRequest": json.dumps({"edgesetPath": "e.csv", "obsParameters": {"accessKey": SECRET, "secretKey": SECRET}}),
        "progress": "100",
        "status": "success",
        "startTime": "2025-06-15 23:06:50",
        "endTime": "2025-06-15 23:07:30",
        "files": [{"edgeFiles": [{"status": "success", "totalLines": 100, "successfulLines": 90, "failedLines": 10}]}],
    }


def _request(algorithm: str) -> str:
    return json.dumps({"algorithmName": algorithm, "obsParameters": {"accessKey": SECRET}})


def _algorithm(identity: str, status: str, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return {"jobId": identity, "taskType": "Algorithm", "status": status, "startTime": "2025-06-15 23:06:30", **fields}


def _database(identity: str, status: str = "success") -> dict[str, Any]:
    request = {"command": "batch_build_index", "url": "/ges/v1.0/1/graphs/persistent/action", "rawRequest": SECRET}
    return {"jobId": identity, "status": status, "request": request}


def _task(identity: str, name: str, status: str, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return {
        "job_id": identity,
        "status": status,
        "job_type": "GraphManagement",
        "job_name": name,
        "related_graph": "movie",
        "begin_time": "2025-06-15T15:06:45",
        "job_progress": 0,
        **fields,
    }


def _settle(durations: Durations) -> None:
    number = sum(durations.counts)
    durations.counts[:] = [number, *(0 for _ in durations.counts[1:])]
    durations.seconds = number / 200
