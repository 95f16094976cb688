"""Short listings: a scrape costs what is new, and the numbers are those of a full listing."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from random import Random
from typing import Any

import httpx
import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from ges_exporter.client import Limits
from ges_exporter.model import Listing
from tests.asking import Asker, session
from tests.simulated import Clock
from tests.watching import MINUTE, MOVIE, Watcher

LONG = 1000
HEAD = 100


class Engine(httpx.AsyncBaseTransport):
    """A job list of the memory edition, newest first, that tells how much of it was read."""

    def __init__(self, clock: Clock, jobs: int = LONG) -> None:
        self.jobs: list[dict[str, Any]] = []
        self.requests = 0
        self.rows = 0
        self.ignores_limit = False
        self.total = "true"
        self._clock = clock
        self._made = self._asked = 0
        for age in range(jobs, 0, -1):
            self.submit("success", age * 10.0)

    def submit(self, status: str, age: float = 0.0, place: int = 0) -> str:
        """Puts a job into the list, at its head unless told otherwise; returns its id."""
        self._made += 1
        job = {"jobId": f"job-{self._made}", "taskType": "Algorithm", "status": status, "startTime": self._time(age)}
        self.jobs.insert(place, job if status == "running" else job | {"endTime": self._time(age)})
        return f"job-{self._made}"

    def finish(self, identity: str, status: str = "failed") -> None:
        """Ends a job."""
        job = next(job for job in self.jobs if job["jobId"] == identity)
        job |= {"status": status, "endTime": self._time(0.0)}

    def _time(self, age: float) -> str:
        return datetime.fromtimestamp(self._clock() - age, UTC).strftime("%Y-%m-%d %H:%M:%S")

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """A page."""
        offset, limit = int(request.url.params["offset"]), int(request.url.params["limit"])
        page = self.jobs[offset:] if self.ignores_limit else self.jobs[offset : offset + limit]
        self.requests += 1
        self.rows += len(page)
        self._asked += 1
        total = {"true": len(self.jobs), "page": len(page), "growing": 10**6 * self._asked}.get(self.total)
        return httpx.Response(200, content=msgspec.json.encode({"jobs": page, "jobCount": total}))


class Scene:
    """An engine, the client that asks it, and the ledger that observes."""

    def __init__(self, jobs: int = LONG, interval: float = 600.0) -> None:
        self.clock = Clock()
        self.engine = Engine(self.clock, jobs)
        limits = Limits(5000, 200_000, 1 << 30, interval)
        self.asker = Asker(self.engine, clock=self.clock, limits=limits)
        self.watcher = Watcher(MOVIE, clock=self.clock)

    def scrape(self) -> bool:
        """One scrape, a while after the one before; returns whether it was short."""
        self.engine.requests = self.engine.rows = 0
        self.clock.advance(15.0)

        async def ask() -> Listing:
            return await self.asker.client.ask(session(60.0), 0.0, self.watcher.ledger.recall(MOVIE))

        listing = asyncio.run(ask())
        self.watcher.take(MOVIE, *listing.nodes)
        return listing.short

    def finished(self, status: str) -> float:
        """What the counter of an outcome shows."""
        return self.watcher.total("ges_jobs_finished_total", status=status)

    def listed(self, status: str) -> float:
        """What the gauge of a status shows."""
        return self.watcher.total("ges_jobs", status=status)


def test_a_steady_scrape_reads_the_head_alone() -> None:
    """Where nothing is new, one request for a hundred jobs stands in for the whole list."""
    scene = Scene()
    assert not scene.scrape()
    assert scene.scrape()
    assert (scene.engine.requests, scene.engine.rows) == (1, HEAD)
    assert scene.listed("success") == LONG


def test_new_jobs_are_counted_and_listed() -> None:
    """What has come since is counted once, and added to what is listed."""
    scene = Scene()
    scene.scrape()
    for status in ("success", "failed", "running"):
        scene.engine.submit(status)
    assert scene.scrape()
    assert scene.scrape()
    assert (scene.finished("success"), scene.finished("failed")) == (1, 1)
    assert [scene.listed(status) for status in ("success", "failed", "running")] == [LONG + 1, 1, 1]


def test_more_new_jobs_than_a_head_holds_are_all_read() -> None:
    """The head is read page by page until a page holds nothing new."""
    scene = Scene(jobs=4000)
    scene.scrape()
    for _ in range(450):
        scene.engine.submit("success")
    assert scene.scrape()
    assert scene.finished("success") == 450
    assert scene.engine.rows < 4000 / 2


def test_a_list_at_its_cap_stays_short() -> None:
    """Where each new job pushes out the oldest, counters are exact; the gauge keeps what was pruned for a while."""
    scene = Scene()
    scene.scrape()
    for _ in range(30):
        scene.engine.submit("failed")
        scene.engine.jobs.pop()
        assert scene.scrape()
        assert scene.engine.rows <= 2 * HEAD
    assert scene.finished("failed") == 30
    assert scene.listed("success") == LONG
    scene.clock.advance(10 * MINUTE)
    assert not scene.scrape()
    assert scene.listed("success") == LONG - 30


def test_an_active_job_deep_in_the_list_is_found_where_it_must_be() -> None:
    """A stuck job among old ones costs a small window, moves down as new ones come, and is counted when it fails."""
    scene = Scene()
    stuck = scene.engine.submit("running", 5000.0, place=500)
    scene.scrape()
    for _ in range(25):
        scene.engine.submit("success")
        scene.engine.jobs.pop()
        assert scene.scrape()
        assert scene.engine.rows <= 2 * HEAD + 10
        assert scene.listed("running") == 1
    scene.engine.finish(stuck)
    assert scene.scrape()
    assert scene.finished("failed") == 1
    assert (scene.listed("running"), scene.listed("failed")) == (0, 1)


def test_an_active_job_that_is_gone_leads_to_a_full_listing() -> None:
    """In the same scrape: only a full listing is evidence of absence; the next one is short again."""
    scene = Scene()
    stuck = scene.engine.submit("running", 5000.0, place=500)
    scene.scrape()
    scene.engine.jobs = [job for job in scene.engine.jobs if job["jobId"] != stuck]
    assert not scene.scrape()
    assert scene.listed("running") == 0
    assert scene.scrape()


def test_a_total_that_outgrows_the_head_leads_to_a_full_listing() -> None:
    """A job that turned up further down is counted in the same scrape."""
    scene = Scene()
    scene.scrape()
    scene.engine.submit("failed", 8000.0, place=800)
    assert not scene.scrape()
    assert scene.finished("failed") + scene.watcher.total("ges_jobs_late_total") == 1


def test_another_order_ends_short_listings() -> None:
    """A list that turns oldest first is read in full, at no more than one attempt; nothing goes uncounted."""
    scene = Scene()
    scene.scrape()
    scene.engine.jobs.reverse()
    scene.engine.submit("failed", place=len(scene.engine.jobs))
    assert not scene.scrape()
    assert scene.finished("failed") == 1
    scene.engine.submit("failed", place=len(scene.engine.jobs))
    assert not scene.scrape()
    assert (scene.engine.requests, scene.finished("failed")) == (2, 2)


def test_an_ignored_limit_is_tried_once() -> None:
    """An endpoint that answers with everything whatever the limit is asked for everything from then on."""
    scene = Scene()
    scene.scrape()
    scene.engine.ignores_limit = True
    scene.scrape()
    tried = scene.engine.requests
    scene.engine.submit("failed")
    scene.scrape()
    assert scene.engine.requests < tried
    assert scene.finished("failed") == 1


def test_totals_of_the_page_do_no_harm() -> None:
    """A total that means the page is no reason for a full listing."""
    scene = Scene()
    scene.engine.total = "page"
    scene.scrape()
    scene.scrape()
    scene.engine.submit("failed")
    assert scene.scrape()
    assert scene.finished("failed") == 1


def test_totals_that_lie_are_not_paid_for_again_and_again() -> None:
    """After a few attempts in vain the whole list is read without one, until it is time to try again."""
    scene = Scene()
    scene.engine.total = "growing"
    for _ in range(5):
        assert not scene.scrape()
    assert scene.engine.requests == 2
    scene.engine.total = "true"
    scene.clock.advance(20 * MINUTE)
    scene.scrape()
    assert scene.scrape()


def test_short_lists_are_read_whole() -> None:
    """A list that fits a head gains nothing by cleverness."""
    scene = Scene(jobs=50)
    assert not scene.scrape()
    assert not scene.scrape()


def test_a_full_listing_is_made_on_its_interval() -> None:
    """Short listings stand in for no longer than they may."""
    scene = Scene(interval=60.0)
    scene.scrape()
    kinds = [scene.scrape() for _ in range(12)]
    assert True in kinds
    assert all(False in kinds[place : place + 5] for place in range(8))


@settings(max_examples=9, deadline=None)
@given(total=st.sampled_from(["true", "page", "absent"]), seed=st.integers(0, 2**32))
def test_the_numbers_are_those_of_full_listings(total: str, seed: int) -> None:
    """Over random histories, counters, active and new jobs are what a ledger shows that always reads the whole list."""
    chance = Random(seed)  # noqa: S311 - hypothesis chooses the seed
    scene = Scene(jobs=chance.choice([90, 150, 400]), interval=chance.choice([60.0, 600.0]))
    scene.engine.total = total
    whole = Scene(jobs=0)
    whole.clock, whole.asker.client._clock = scene.clock, scene.clock
    whole.engine = scene.engine
    whole.asker = Asker(scene.engine, clock=scene.clock, limits=Limits(5000, 200_000, 1 << 30, 0.0))
    whole.watcher = Watcher(MOVIE, clock=scene.clock)
    for _ in range(12):
        for _ in range(chance.randrange(6)):
            scene.engine.submit(chance.choice(["success", "failed", "running"]))
        for job in scene.engine.jobs:
            if job["status"] == "running" and chance.random() < 0.4:
                scene.engine.finish(job["jobId"], chance.choice(["success", "failed"]))
        while chance.random() < 0.5 and scene.engine.jobs[-1]["status"] != "running":
            scene.engine.jobs.pop()
        scene.scrape()
        whole.scrape()
        assert scene.watcher.counts() == whole.watcher.counts()
        for status in ("success", "failed"):
            assert scene.finished(status) == whole.finished(status)
        assert scene.listed("running") == whole.listed("running")
