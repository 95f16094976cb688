"""What is kept of a target for people: its active jobs, and the newest failures with their reasons."""

from __future__ import annotations

import pytest

from ges_exporter.ledger import Ledger, Rules, Zone
from ges_exporter.model import Job, Listing, NodeListing, Plane, Status, Target, Time
from ges_exporter.recent import KEPT, Recent
from ges_exporter.redaction import LONGEST, Redaction
from tests.simulated import START

MOVIE = Target("demo", "movie", Plane.SERVICE)
CENTRE = Target("demo", "", Plane.MANAGEMENT)
AHEAD = 8 * 3600.0
"""The engine's clock, ahead of UTC."""


class Seen:
    """A target whose listings are handed to it, ten seconds apart."""

    def __init__(self, target: Target = MOVIE, *, label_sets: int = 40) -> None:
        self.target = target
        self.recent = Recent(Redaction(["hunter22"]).clean)
        self.now = START
        self._ledger = Ledger(Rules(label_sets_per_graph=label_sets))
        self._ledger.watch(target, Zone("configured", AHEAD))

    def show(self, *jobs: Job, short: bool = False, up: bool = True, truncated: bool = False) -> None:
        """One listing."""
        self.now += 10
        reason = "" if up else "connect"
        node = NodeListing("https://10.0.0.5", list(jobs), complete=not short, short=short, reason=reason)
        if truncated:
            node = NodeListing("https://10.0.0.5", list(jobs), truncated=True)
        listing = Listing(self.target, (node,), self.now)
        self.recent.take(listing, self._ledger.observe(listing, self.now), self.now)

    @property
    def failed(self) -> list[str]:
        """The ids of the failures, in their order."""
        return [failure.id for failure in self.recent.failures]


def job(identity: str, status: Status = Status.FAILED, ended: float | None = 0.0, **fields: str) -> Job:
    """A job that ended so many seconds after the start; None: the API does not tell."""
    end = None if ended is None else Time(START + AHEAD + ended, local=True)
    return Job(identity, status, fields.pop("job_type", "Algorithm"), end=None if status.active else end, **fields)  # type: ignore[arg-type]


def test_the_newest_failures_come_first() -> None:
    """Whatever the order of the list; what did not fail is not among them."""
    seen = Seen()
    partial = job("c", Status.PARTIALLY_FAILED, 2)
    seen.show(job("a", ended=1), job("s", Status.SUCCESS), job("b", ended=3), partial, job("x", Status.COMPLETE))
    assert seen.failed == ["b", "c", "a"]


def test_only_so_many_are_kept() -> None:
    """The newest by their end, of a long list as of many short ones."""
    seen = Seen()
    seen.show(*(job(f"{number}", ended=number) for number in range(2 * KEPT)))
    seen.show(job("newest", ended=1000), short=True)
    assert seen.failed == ["newest", *(str(number) for number in range(2 * KEPT - 1, KEPT, -1))]


def test_earlier_failures_stay_when_listings_are_short_or_pruned() -> None:
    """A short listing shows what is new or active; a pruned list forgets: an alert's reader still finds the reason."""
    seen = Seen()
    seen.show(job("a", ended=1, reason="why"))
    seen.show(job("b", ended=2), short=True)
    seen.show()
    assert seen.failed == ["b", "a"]
    assert seen.recent.failures[1].reason == "why"


def test_a_failed_listing_changes_nothing() -> None:
    """What was listed last is shown, with its age."""
    seen = Seen()
    seen.show(job("a"), job("r", Status.RUNNING))
    at = seen.recent.at
    seen.show(up=False)
    assert (seen.recent.at, seen.failed, len(seen.recent.active)) == (at, ["a"], 1)


def test_jobs_without_times_are_ordered_by_when_they_were_first_seen() -> None:
    """The database edition tells no times: of the first list nothing is known, what comes after is newer."""
    seen = Seen()
    seen.show(*(job(f"old {number}", ended=None) for number in range(KEPT)))
    seen.show(job("new", Status.RUNNING, None), *(job(f"old {number}", ended=None) for number in range(KEPT)))
    seen.show(job("new", ended=None), *(job(f"old {number}", ended=None) for number in range(KEPT)))
    assert seen.failed == ["new", *(f"old {number}" for number in range(KEPT - 1))]


def test_old_jobs_without_times_do_not_come_back_as_new() -> None:
    """What did not find a place at first does not push out what did in the next full listing."""
    seen = Seen()
    jobs = [job(f"{number}", ended=None) for number in range(2 * KEPT)]
    seen.show(*jobs)
    before = seen.failed
    seen.show(*jobs)
    assert seen.failed == before


def test_reasons_are_cut_and_clean() -> None:
    """A reason keeps 2,000 characters, and no secret, not even a part of one at the cut."""
    seen = Seen()
    seen.show(job("a", reason="x " * (LONGEST // 2 - 2) + "hunter22"), job("b", reason="y " * LONGEST))
    a, b = sorted(seen.recent.failures, key=lambda failure: failure.id)
    assert len(b.reason) == LONGEST
    assert (a.reason[-5:], b.reason[-5:]) == (" <se…", " y y…")


def test_a_failure_that_gets_worse_is_shown_as_it_is_now() -> None:
    """The newest record of a job counts; a reason that was missing is taken when it is there."""
    seen = Seen()
    seen.show(job("a", Status.PARTIALLY_FAILED))
    seen.show(job("a", reason="the whole truth"))
    (failure,) = seen.recent.failures
    assert (failure.status, failure.reason, failure.seen) == (Status.FAILED, "the whole truth", START + 10)


def test_the_active_jobs_are_those_of_the_last_listing() -> None:
    """With their progress; a finished one leaves."""
    seen = Seen()
    seen.show(Job("r", Status.RUNNING, "Algorithm", "pagerank", progress=0.25), job("p", Status.PENDING))
    assert {(one.id, one.status, one.progress) for one in seen.recent.active} == {
        ("r", Status.RUNNING, 0.25),
        ("p", Status.PENDING, None),
    }
    seen.show(job("r", Status.SUCCESS), job("p", Status.PENDING))
    assert [(one.id, one.seen) for one in seen.recent.active] == [("p", START + 10)]


@pytest.mark.parametrize("short", [False, True])
def test_what_the_metrics_fold_has_its_own_name_here(short: bool) -> None:
    """People want to know which job it is, also beyond the limit of label sets."""
    seen = Seen(label_sets=1)
    seen.show(job("s", Status.SUCCESS, algorithm="pagerank"))
    seen.show(job("r", Status.RUNNING, algorithm="louvain"), short=short)
    seen.show(job("r", Status.RUNNING, algorithm="louvain"), short=short)
    assert [(one.graph, one.job_type, one.algorithm) for one in seen.recent.active] == [
        ("movie", "Algorithm", "louvain")
    ]


def test_jobs_of_a_task_centre_name_their_graph() -> None:
    """There the target is not the graph."""
    seen = Seen(CENTRE)
    seen.show(job("a", graph="movie"), job("r", Status.RUNNING, graph="fraud"))
    assert [one.graph for one in seen.recent.failures] == ["movie"]
    assert [one.graph for one in seen.recent.active] == ["fraud"]


def test_a_cut_listing_says_so() -> None:
    """Who looks for a job must know that it may be missing."""
    seen = Seen()
    seen.show(job("a"), truncated=True)
    assert seen.recent.truncated
    seen.show(job("a"))
    assert not seen.recent.truncated
