"""The task centre, v2 and v1.0: UTC, waiting included, import details with or without line counts."""

from __future__ import annotations

from ges_exporter.simulator.jobs import File, Job
from ges_exporter.simulator.shapes.shape import Context, Record, Shape, timestamp

_NOT_RETURNED = -1


def record(job: Job, context: Context) -> Record:
    """A job as `management-v2-job.json` has it."""
    now, plan = context.now, job.plan
    status, finished = job.status(now), job.finished(now)
    fields: Record = {
        "job_id": job.id,
        "status": status,
        "job_type": "GraphManagement",
        "job_name": plan.job_type,
        "related_graph": plan.graph,
        "begin_time": timestamp(job.appears, "T"),
    }
    if finished or status == "pending":
        fields["end_time"] = timestamp(job.ends, "T") if finished else None
    if plan.job_type == "ImportGraph":
        fields["job_detail"] = _detail(job, context) if finished else None
    if job.reason and finished:
        fields["fail_reason"] = job.reason
    fields["job_progress"] = 0
    return fields


def v1_record(job: Job, context: Context) -> Record:
    """A job as `management-v1-jobs.json` has it: the same in camel case, and no counts for the schema."""
    fields = record(job, context)
    detail = fields.get("job_detail")
    if isinstance(detail, dict):
        for item in detail["schema_path"] or ():
            for key in ("total_lines", "failed_lines", "successful_lines"):
                item.pop(key, None)
    return camel(fields)


def _detail(job: Job, context: Context) -> Record:
    names = {"vertexset_path": "vertex", "edgeset_path": "edge", "schema_path": "schema"}
    return {
        name: [_file(job, file, context) for file in job.plan.files if file.kind == kind] or None
        for name, kind in names.items()
    }


def _file(job: Job, file: File, context: Context) -> Record:
    fields: Record = {"path": file.name, "log": None, "cause": None, "status": file.word}
    counts = job.plan.counts
    if counts == "list" or (counts == "details" and context.details):
        fields |= _counts(file)
    elif context.details:
        fields |= dict.fromkeys(("total_lines", "failed_lines", "successful_lines"), _NOT_RETURNED)
    return fields


def _counts(file: File) -> Record:
    lines, failed = file.lines, file.failed_lines
    good = None if lines is None or failed is None else lines - failed
    counts = {"total_lines": lines, "failed_lines": failed, "successful_lines": good}
    return {key: _NOT_RETURNED if count is None else count for key, count in counts.items()}


def camel(fields: Record) -> Record:
    """The same in v1.0's spelling."""
    return {_camel_key(key): _camel_value(value) for key, value in fields.items()}


def _camel_value(value: object) -> object:
    if isinstance(value, dict):
        return camel(value)
    return [_camel_value(item) for item in value] if isinstance(value, list) else value


def _camel_key(key: str) -> str:
    head, *rest = key.split("_")
    return head + "".join(word.title() for word in rest)


V2 = Shape(record, list_key="job_list", id_key="job_id", total_key="job_count", default_limit=10)
V1 = Shape(
    v1_record,
    list_key="jobList",
    id_key="jobId",
    total_key="jobCount",
    default_limit=10,
    around={"errorCode": "", "errorMessage": ""},
)
