"""Database edition and 100-billion-edge graphs, service plane: no times, no progress, no reasons."""

from __future__ import annotations

import msgspec

from ges_exporter.simulator.jobs import PATH_KEYS, Job
from ges_exporter.simulator.shapes.shape import Context, Record, Shape

_RESULT = {"result": "success"}


def record(job: Job, context: Context) -> Record:
    """A job of the database edition."""
    raw = job.plan.request if job.plan.request is not None else msgspec.json.encode(_paths(job)).decode()
    return _record(job, context, {"rawRequest": raw})


def hundred_billion_record(job: Job, context: Context) -> Record:
    """A job as `service-100-billion-jobs.json` has it."""
    return _record(job, context, {"body": _paths(job)})


def _record(job: Job, context: Context, wanted: Record) -> Record:
    command = job.plan.job_type
    action = command.replace("_", "-")
    url = f"/ges/v1.0/{context.project}/graphs/{context.graph}/action?action_id={action}"
    return {
        "jobId": job.id,
        "status": job.status(context.now),
        "request": {"command": command, "url": url, **wanted},
    }


def _paths(job: Job) -> Record:
    return {PATH_KEYS[file.kind]: file.name for file in job.plan.files}


DATABASE = Shape(record, list_key="jobs", id_key="jobId", total_key="totalCount", around=_RESULT)
HUNDRED_BILLION = Shape(hundred_billion_record, list_key="jobs", id_key="jobId", paged=False, around=_RESULT)
