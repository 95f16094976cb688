"""One page of a list of jobs, with the faults that lists can have."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec
from starlette.requests import Request

from ges_exporter.simulator.answers import ApiError
from ges_exporter.simulator.faults import Fault
from ges_exporter.simulator.jobs import Job
from ges_exporter.simulator.shapes import Shape

_NO_JOBS = (b'"no job"', b'{"jobId":7,"job_id":7,"status":[]}', b"[]", b"null")

Faults = Mapping[str, Fault]


def faults_of(request: Request) -> Faults:
    """The faults that strike this request."""
    faults: Faults = getattr(request.state, "faults", {})
    return faults


def page(request: Request, shape: Shape, jobs: Sequence[Job], render: Callable[[Job], bytes]) -> bytes:
    """The page of ``jobs`` that ``request`` asks for with ``offset`` and ``limit``, rendered."""
    faults = faults_of(request)
    begin, end = window(request, len(jobs), shape.default_limit) if shape.paged else (0, len(jobs))
    rows = [render(job) for job in jobs[begin:end]]
    rows = _spoil(rows, shape, faults)
    spoiled = faults["jobs"].text("missing") if "jobs" in faults else ""
    return shape.envelope(rows, total_of(len(jobs), len(rows), faults), spoiled)


def window(request: Request, total: int, default_limit: int) -> tuple[int, int]:
    """Begin and end of the records asked for; ApiError if the parameters are no numbers."""
    faults = faults_of(request)
    begin = 0 if "ignore_offset" in faults else _parameter(request, "offset", 0)
    if begin:
        begin += count_of(faults, "gap") - count_of(faults, "overlap")
    limit = total if "ignore_limit" in faults else _parameter(request, "limit", default_limit)
    if "page_cap" in faults:
        limit = min(limit, count_of(faults, "page_cap"))
    begin = max(0, begin)
    return begin, begin + limit


def _parameter(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name, str(default))
    if not text.isdecimal():
        raise ApiError(400, "GES.8001", f"parameter {name} is invalid")
    return int(text)


def count_of(faults: Faults, kind: str) -> int:
    """How many records a fault strikes."""
    return int(faults[kind].number(1)) if kind in faults else 0


def _spoil(rows: list[bytes], shape: Shape, faults: Faults) -> list[bytes]:
    nameless = count_of(faults, "no_id")
    rows[:nameless] = [_without(row, shape.id_key) for row in rows[:nameless]]
    doubled = rows[: count_of(faults, "double")]
    bad = [_NO_JOBS[i % len(_NO_JOBS)] for i in range(count_of(faults, "bad"))]
    return bad + doubled + rows


def _without(row: bytes, key: str) -> bytes:
    fields = msgspec.json.decode(row)
    del fields[key]
    return msgspec.json.encode(fields)


def total_of(total: int, size: int, faults: Faults) -> int | None:
    """What a page of ``size`` records says of the total."""
    if "total" not in faults:
        return total
    wanted = faults["total"].text("absent")
    return {"absent": None, "page": size}[wanted] if wanted in {"absent", "page"} else int(wanted)
