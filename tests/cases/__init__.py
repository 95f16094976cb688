"""Recorded answers of the APIs, and what the dialects must make of them.

``<api>/<kind>/<case>.json`` is a body, byte for byte: of a job list (``list``), of one job (``job``), of a project's
graphs (``graphs``). ``<case>.expected.json`` beside it is the outcome, without what is absent; times without a zone are
marked ``local``. Cases named ``documented`` are the examples of the API's documentation.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ges_exporter.dialects import DIALECTS, Detail
from ges_exporter.errors import ApiError, TargetError
from ges_exporter.model import Graph, GraphPage, ImportFile, Job, JobPage, Time

FOLDER = Path(__file__).parent
BODIES = sorted(path for path in FOLDER.rglob("*.json") if not path.name.endswith(".expected.json"))
PLANTED = "PLANTED"
"""Stands in every secret of the cases, which must be nowhere in what is made of them."""


def name_of(body: Path) -> str:
    """A case's name: API, kind, case."""
    return body.relative_to(FOLDER).with_suffix("").as_posix()


def bodies(api: str, kind: str) -> list[bytes]:
    """The bodies of the cases of one kind."""
    return [path.read_bytes() for path in BODIES if path.parent == FOLDER / api / kind]


def expected_of(body: Path) -> dict[str, Any]:
    """The outcome a case must have."""
    outcome: dict[str, Any] = json.loads(body.with_suffix(".expected.json").read_text(encoding="utf-8"))
    return outcome


def detail_of(api: str) -> Detail:
    """How a management API tells more of one job."""
    detail = DIALECTS[api].detail
    assert detail is not None
    return detail


def parser_of(api: str, kind: str) -> Callable[[bytes], JobPage | GraphPage]:
    """What reads the bodies of one kind."""
    if kind == "list":
        return DIALECTS[api].parse
    return detail_of(api).parse_job if kind == "job" else detail_of(api).parse_graphs


def outcome_of(body: Path) -> dict[str, Any]:
    """What the dialect makes of a body, in the form of the expected outcomes."""
    api, kind = body.relative_to(FOLDER).parts[:2]
    try:
        return dict(_told(parser_of(api, kind)(body.read_bytes()), kind))
    except TargetError as error:
        return {"error": error.reason, "code": error.code if isinstance(error, ApiError) else "", "message": str(error)}


def _told(result: JobPage | GraphPage, kind: str) -> Iterator[tuple[str, Any]]:
    if isinstance(result, GraphPage):
        yield "graphs", [dict(_graph(graph)) for graph in result.graphs]
    else:
        jobs = [dict(_job(job)) for job in result.jobs]
        yield ("jobs", jobs) if kind == "list" else ("job", jobs[0])
        yield from _present(left_out=result.left_out, unknown=[list(pair) for pair in result.unknown])
    if result.total is not None:
        yield "total", result.total
    yield from _present(faults=list(result.faults))


def _job(job: Job) -> Iterator[tuple[str, Any]]:
    yield from {"id": job.id, "status": job.status.value, "job_type": job.job_type}.items()
    yield from _present(algorithm=job.algorithm, graph=job.graph, begin=_time(job.begin), end=_time(job.end))
    if job.progress is not None:
        yield "progress", job.progress
    yield from _present(files=[dict(_file(file)) for file in job.files], reason=job.reason)


def _file(file: ImportFile) -> Iterator[tuple[str, Any]]:
    yield from {"kind": file.kind.value, "status": file.status.value}.items()
    for name in ("lines", "failed_lines"):
        if (count := getattr(file, name)) is not None:
            yield name, count
    for name in ("begin", "end"):
        if (seconds := getattr(file, name)) is not None:
            yield name, _time(Time(seconds))


def _graph(graph: Graph) -> Iterator[tuple[str, Any]]:
    fields = {field: getattr(graph, field) for field in Graph.__struct_fields__}
    yield from _present(**fields | {"traffic_ips": list(graph.traffic_ips)})


def _present(**values: object) -> Iterator[tuple[str, Any]]:
    return ((name, value) for name, value in values.items() if value)


def _time(time: Time | None) -> str:
    if time is None:
        return ""
    moment = datetime.fromtimestamp(time.seconds, UTC).replace(tzinfo=None)
    return f"{moment} local" if time.local else f"{moment}Z"
