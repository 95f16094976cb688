"""What a job adds to the totals, once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ges_exporter.ledger.accounts import Account, Histogram, LastImport, lines_by_kind
from ges_exporter.ledger.seats import Seats
from ges_exporter.ledger.view import Exemplar
from ges_exporter.ledger.zone import Zone
from ges_exporter.model import ImportFile, Job, Status, Time

MOST_AHEAD = 14 * 3600.0
"""A time further ahead of now than any zone explains, in seconds, is not believed."""
EXEMPLAR_ID_LIMIT = 100
"""Characters; OpenMetrics allows 128 for an exemplar's labels in all."""
_FAILURES = frozenset({Status.FAILED, Status.PARTIALLY_FAILED})


class Counting:
    """The totals of one target and the rules by which they grow."""

    def __init__(self, seats: Seats, bounds: Sequence[float]) -> None:
        self._seats = seats
        self.bounds = bounds
        """Of the histograms' buckets, in seconds."""
        self.counter_exemplars: dict[tuple[int, Status], Exemplar] = {}
        self.bucket_exemplars: dict[tuple[int, Status, int], Exemplar] = {}
        self.faults: list[str] = []
        self.finished: list[Job] = []

    def discovered(self, account: Account) -> None:
        """Counts a new job id."""
        self._seats.change(account).discovered += 1

    def vanished(self, account: Account) -> None:
        """Counts an active job that has been missing for too long."""
        self._seats.change(account).vanished += 1

    def late(self, account: Account, job: Job) -> None:
        """Counts a job that turned up finished too late to be new."""
        totals = self._seats.change(account).late
        totals[job.status] = totals.get(job.status, 0) + 1

    def finish(self, account: Account, job: Job, zone: Zone) -> None:
        """Counts a job as finished."""
        totals = self._seats.change(account).finished
        totals[job.status] = totals.get(job.status, 0) + 1
        self.finished.append(job)
        exemplar = len(job.id) <= EXEMPLAR_ID_LIMIT
        if exemplar:
            self.counter_exemplars[account.number, job.status] = Exemplar(job.id, 1.0)
        seconds = duration(job, zone)
        if seconds is None:
            return
        if seconds < 0:
            self.faults.append("endTime")
            return
        histogram = account.durations.setdefault(job.status, Histogram([0] * (len(self.bounds) + 1)))
        bucket = histogram.observe(self.bounds, seconds)
        if exemplar:
            self.bucket_exemplars[account.number, job.status, bucket] = Exemplar(job.id, seconds)

    def touch(self, account: Account, job: Job, zone: Zone, now: float, seen: float | None) -> None:
        """Notes the newest begin, success and failure; ``seen`` stands in for an end that the API does not give."""
        if job.begin and _newer(job.begin, account.last_start, zone, now):
            self._seats.change(account).last_start = job.begin
        if not job.finished:
            return
        at = job.end or (None if seen is None else Time(seen))
        if at is None:
            return
        if job.status is Status.SUCCESS:
            if _newer(at, account.last_success, zone, now):
                self._seats.change(account).last_success = at
                seconds = duration(job, zone)
                account.last_success_seconds = seconds if seconds is None or seconds >= 0 else None
        elif job.status in _FAILURES and _newer(at, account.last_failure, zone, now):
            self._seats.change(account).last_failure = at

    def count_files(self, graph: str, files: Iterable[ImportFile]) -> None:
        """Counts the files of a finished import."""
        self._seats.import_account(graph).count(files)

    def touch_import(self, graph: str, files: Sequence[ImportFile], at: Time, zone: Zone, now: float) -> None:
        """Notes what the newest import reported."""
        known = self._seats.imports[graph].last
        for kind, sums in lines_by_kind(files).items():
            last = known.get(kind)
            if sums.lines is None and sums.failed_lines is None:
                continue
            if _newer(at, last.at if last else None, zone, now, or_same=True):
                self._seats.import_account(graph).last[kind] = LastImport(at, sums.lines, sums.failed_lines)


def duration(job: Job, zone: Zone) -> float | None:
    """Returns how long a job took, in seconds; None without both times, negative where it ends before it begins."""
    begin, end = job.begin, job.end
    if begin is None or end is None:
        return None
    if begin.local == end.local and zone.named is None:
        return end.seconds - begin.seconds
    return zone.utc(end) - zone.utc(begin)


def _newer(time: Time, known: Time | None, zone: Zone, now: float, *, or_same: bool = False) -> bool:
    if known is not None and known.local == time.local:
        if known.seconds > time.seconds or (known.seconds == time.seconds and not or_same):
            return False
    elif known is not None and zone.utc(known) >= zone.utc(time):
        return False
    return time.seconds <= now + MOST_AHEAD
