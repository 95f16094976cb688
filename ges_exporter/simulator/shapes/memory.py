"""Memory edition, service plane: local times, progress, the files of imports."""

from __future__ import annotations

import math

import msgspec

from ges_exporter.simulator.jobs import PATH_KEYS, File, Job
from ges_exporter.simulator.shapes.shape import Context, Record, Shape, timestamp

_KEYS = {"edge": "edgeFiles", "vertex": "vertexFiles", "schema": "schemaFiles"}
_COUNTED = {"edge": "Lines", "vertex": "Lines", "schema": "Labels"}
_ORDER = ("schema", "vertex", "edge")
"""In which order the engine reads the kinds of files."""

_OBS = {"accessKey": "SIMULATEDACCESSKEY00", "secretKey": "simulated-secret-key-that-must-not-leak"}


def record(job: Job, context: Context) -> Record:
    """A job as `service-memory-jobs.json` has it."""
    now, plan = context.now, job.plan
    status, finished = job.status(now), job.finished(now)
    fields: Record = {
        "jobId": job.id,
        "rawRequest": _raw_request(job),
        "taskType": plan.job_type,
        "canStop": status == "running" and plan.job_type == "Algorithm",
        "progress": str(math.floor(job.progress(now) * 100)),
    }
    if plan.files and finished:
        fields["files"] = _files(job)
    fields["startTime"] = "" if status == "pending" else timestamp(job.starts, " ", context.utc_offset)
    if job.reason and finished:
        fields["failReason"] = job.reason
    if finished or status == "pending":
        fields["endTime"] = timestamp(job.ends, " ", context.utc_offset) if finished else ""
    fields["status"] = status
    if context.details:
        fields["data"] = {"outputs": {}}
    return fields


def _raw_request(job: Job) -> str:
    plan = job.plan
    if plan.request is not None:
        return plan.request
    if plan.algorithm:
        parameters = {"source": job.id[:8], "target": job.id[9:13], "directed": True, "k": 10, "timeout": 600}
        return msgspec.json.encode({"algorithmName": plan.algorithm, "parameters": parameters}).decode()
    if plan.files:
        paths = {PATH_KEYS[file.kind]: file.name for file in plan.files}
        return msgspec.json.encode({**paths, "obsParameters": _OBS}).decode()
    return ""


def _files(job: Job) -> list[Record]:
    """The files by kind, stamped as if they were read one after the other within the job's run."""
    files = sorted(job.plan.files, key=lambda file: _ORDER.index(file.kind))
    share = (job.ends - job.starts) / len(files)
    read: dict[str, list[Record]] = {}
    for i, file in enumerate(files):
        begin = job.starts + i * share
        read.setdefault(_KEYS[file.kind], []).append(_file(file, begin, begin + share))
    return [{key: read[key]} for key in _KEYS.values() if key in read]


def _file(file: File, begin: float, end: float) -> Record:
    fields: Record = {
        "fileName": file.name,
        "startTime": int(begin * 1e6),
        "endTime": int(end * 1e6),
        "status": file.word,
    }
    word = _COUNTED[file.kind]
    if file.lines is not None:
        fields[f"total{word}"] = file.lines
    if file.failed_lines is not None:
        fields[f"failed{word}"] = file.failed_lines
    if file.lines is not None and file.failed_lines is not None:
        fields[f"successful{word}"] = file.lines - file.failed_lines
    return fields


MEMORY = Shape(record, list_key="jobs", id_key="jobId", total_key="jobCount")
