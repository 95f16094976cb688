"""``/jobs`` for programs."""

from __future__ import annotations

from ges_exporter.ledger import Zone
from ges_exporter.recent import Active, Failure
from ges_exporter.web.sight import Sight
from ges_exporter.web.words import at, rfc3339

Entry = dict[str, object]


def document(sights: list[Sight], now: float) -> Entry:
    """Returns what is shown, as JSON takes it: times in RFC 3339 and UTC, durations in seconds, null for unknown."""
    return {"now": rfc3339(now), "targets": [_target(sight, now) for sight in sights]}


def _target(sight: Sight, now: float) -> Entry:
    target, listed = sight.target, sight.listed_at
    return {
        "project": target.project,
        "graph": target.graph,
        "plane": target.plane.value,
        "region": sight.region,
        "up": sight.up,
        "reason": sight.reason,
        "message": sight.message,
        "node_messages": sight.nodes,
        "listed_at": rfc3339(listed),
        "listing_age_seconds": None if listed is None else round(now - listed, 3),
        "truncated": sight.truncated,
        "utc_offset_source": sight.zone.source,
        "active": [_active(job, sight.zone) for job in sight.active],
        "failures": [_failure(job, sight.zone) for job in sight.failures],
    }


def _active(job: Active, zone: Zone) -> Entry:
    return _names(job) | {
        "begin": rfc3339(at(job.begin, zone)),
        "first_seen": rfc3339(job.seen),
        "progress_ratio": job.progress,
        "progress_moved_at": rfc3339(job.progress_moved),
    }


def _failure(job: Failure, zone: Zone) -> Entry:
    begin, end = at(job.begin, zone), at(job.end, zone)
    return _names(job) | {
        "begin": rfc3339(begin),
        "end": rfc3339(end),
        "first_seen": rfc3339(job.seen),
        "duration_seconds": None if begin is None or end is None else end - begin,
        "reason": job.reason,
    }


def _names(job: Active | Failure) -> Entry:
    return {
        "job_id": job.id,
        "graph": job.graph,
        "job_type": job.job_type,
        "algorithm": job.algorithm,
        "status": job.status.value,
    }
