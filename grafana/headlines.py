"""The numbers that stand on top of more than one dashboard, each plane for itself."""

from __future__ import annotations

from grafana_foundation_sdk.builders import stat

from grafana.panels import NONE_IS_GOOD, Frame, by_plane
from grafana.promql import FAILED, KIND, OUTCOME, by, in_range, now

TOP = (6, 5)
"""Width and height: four stand side by side, and each holds two planes and their course at 1280 pixels."""

_FAILURE = now("ges_job_last_failure_timestamp_seconds", KIND)
_SUCCESS = now("ges_job_last_success_timestamp_seconds", KIND)

LAST_RUN_FAILED = f"({_FAILURE} > bool {_SUCCESS}) or {_FAILURE} * 0 + 1 or {_SUCCESS} * 0"
"""1 for each job type whose newest failure is newer than its newest success, 0 for the others."""


def running() -> stat.Panel:
    """Jobs at work."""
    said = "Jobs at work now, and their course over the time range. Planes stand side by side and are never added."
    return _active("running", Frame("Running", said, "short", "No job list was read", *TOP))


def pending() -> stat.Panel:
    """Jobs that wait."""
    said = "Jobs waiting to start now, and their course over the time range. A queue that only grows is a backlog."
    return _active("pending", Frame("Pending", said, "short", "No job list was read", *TOP))


def failed() -> stat.Panel:
    """Jobs that failed in the time range."""
    said = (
        "Jobs that finished failed or partially failed in the time range. "
        "Jobs that had finished before the exporter first saw the graph are history and not counted."
    )
    jobs = by("sum", ["plane"], in_range("ges_jobs_finished_total", OUTCOME, FAILED))
    return by_plane(Frame("Failed", said, "short", "No outcome is told", *TOP), jobs, NONE_IS_GOOD).decimals(0)


def _active(status: str, frame: Frame) -> stat.Panel:
    jobs = by("sum", ["plane"], now("ges_jobs", OUTCOME, f'status="{status}"'))
    return by_plane(frame, jobs, sparkline=True)
