"""What the endpoints of a target tell of time: the newest times they have shown, and how their clocks are set."""

from __future__ import annotations

from collections.abc import Iterable

from ges_exporter.ledger import zone as zones
from ges_exporter.ledger.changes import Newest, TargetState
from ges_exporter.ledger.counting import MOST_AHEAD
from ges_exporter.ledger.zone import Interval, Measurement, Zone
from ges_exporter.model import Job, Time


class Clocks:
    """The clocks of one target's endpoints."""

    def __init__(self, setting: Zone | None) -> None:
        self.setting = setting
        """None: to be found out."""
        self.clear: frozenset[str] = frozenset()
        """The endpoints whose newest listing cannot have missed a job."""
        self._newest: dict[str, Newest] = {}
        self._met: dict[str, Newest] = {}
        """Of endpoints that have not shown any time before the listing that is being entered: what it shows."""
        self._gap = 0.0
        """Seconds since the listing before."""
        self._measurements: dict[str, Measurement] = {}

    def restore(self, state: TargetState) -> None:
        """Goes on with what is stored of a target; what is learned is noted there."""
        self._newest, self._measurements = state.newest, state.clocks

    def forget(self) -> None:
        """Lets go of what is known: from now on it is another engine that tells."""
        self._newest.clear()
        self._measurements.clear()

    @property
    def zone(self) -> Zone:
        """How local times are read just now."""
        if self.setting is not None:
            return self.setting
        offset = zones.measured(self._measurements.values())
        return Zone("assumed") if offset is None else Zone("measured", offset)

    def newest(self, endpoint: str, time: Time) -> float | None:
        """Returns the newest time, of the clock of ``time``, that an endpoint has shown."""
        if (own := self._newest.get(endpoint, Newest()).of(time)) is not None:
            return own
        # Of a node met only now what the others have shown is the measure, and, if that is older, what it shows itself.
        measures = [known for one in self._newest.values() if (known := one.of(time)) is not None]
        if (shown := self._met.get(endpoint, Newest()).of(time)) is not None:
            measures.append(shown - self._gap)
        return max(measures, default=None)

    def add(self, endpoint: str, evidence: Interval | None, job_id: str) -> None:
        """Takes what a job tells of an endpoint's clock, if it does."""
        if evidence is not None:
            self._measurements.setdefault(endpoint, Measurement()).add(evidence, job_id)

    def meet(self, shown: Iterable[tuple[str, Iterable[Job]]], now: float, before: float | None) -> None:
        """Looks at what those endpoints show that have not shown any time before.

        ``before``: when anything was listed the last time, in Unix seconds. What has ended since then may be new.
        """
        self._gap = 0.0 if before is None else max(now - before, 0.0)
        unknown = Newest()
        self._met = {
            one: _newest(unknown, jobs, now) for one, jobs in shown if self._newest.get(one, unknown) == unknown
        }

    def note(self, shown: Iterable[tuple[str, Iterable[Job]]], now: float) -> None:
        """Notes the newest times of what the endpoints show."""
        for endpoint, jobs in shown:
            self._newest[endpoint] = _newest(self._newest.get(endpoint, Newest()), jobs, now)


def _newest(newest: Newest, jobs: Iterable[Job], now: float) -> Newest:
    for job in jobs:
        for time in (job.begin, job.end):
            if time is not None and time.seconds <= now + MOST_AHEAD:
                newest = newest.with_time(time)
    return newest
