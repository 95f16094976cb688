"""Short listings: a scrape costs what is new, and the numbers are those of a full listing."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from random import Random
from typing import Any

import httpx
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ges_exporter.client import Limits
from ges_exporter.model import Listing
from tests import swift
from tests.asking import Asker, session
from tests.simulated import Clock
from tests.watching import MINUTE, MOVIE, Watcher

LONG = 1000
HEAD = 100


class Engine(httpx.AsyncBaseTransport):
    """A job list of the memory edition, newest first, that tells how much of it was read."""

    def __init__(self, clock: Clock, jobs: int = LONG, name: str = "job") -> None:
        self.jobs: list[dict[str, Any]] = []
        self.requests = 0
        self.rows = 0
        self.ignores_limit = False
        self.total = "true"
        self.down = False
        self.row_seconds = 0.0
        """How long it takes for each row of an answer."""
        self._clock = clock
        self._name = name
        self._made = self._asked = 0
        for age in range(jobs, 0, -1):
            self.submit("success", age * 10.0)

    def submit(self, status: str, age: float = 0.0, place: int = 0) -> str:
        """Puts a job into the list, at its head unless told otherwise; returns its id."""
        self._made += 1
        identity = f"{self._name}-{self._made}"
        job = {"jobId": identity, "taskType": "Algorithm", "status": status, "startTime": self._time(age)}
        self.jobs.insert(place, job if status == "running" else job | {"endTime": self._time(age)})
        return identity

    def finish(self, identity: str, status: str = "failed") -> None:
        """Ends a job."""
        job = next(job for job in self.jobs if job["jobId"] == identity)
        job |= {"status": status, "endTime": self._time(0.0)}

    def _time(self, age: float) -> str:
        return datetime.fromtimestamp(self._clock() - age, UTC).strftime("%Y-%m-%d %H:%M:%S")

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """A page."""
        if self.down:
            raise httpx.ConnectError("refused")
        offset, limit = int(request.url.params["offset"]), int(request.url.params["limit"])
        page = self.jobs[offset:] if self.ignores_limit else self.jobs[offset : offset + limit]
        self.requests += 1
        self.rows += len(page)
        self._asked += 1
        await asyncio.sleep(self.row_seconds * len(page))
        total = {"true": len(self.jobs), "page": len(page), "growing": 10**6 * self._asked}.get(self.total)
        return httpx.Response(200, content=msgspec.json.encode({"jobs": page, "jobCount": total}))


class Pair(httpx.AsyncBaseTransport):
    """Two engines, the nodes of one graph at one.test and two.test."""

    def __init__(self, one: Engine, two: Engine) -> None:
        self.engines = {"one.test": one, "two.test": two}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """A page of one of them."""
        return await self.engines[request.url.host].handle_async_request(request)


class Scene:
    """An engine, or two that are nodes of one graph, the client that asks them, and the ledger that observes."""

    def __init__(self, jobs: int = LONG, interval: float = 600.0, *, nodes: bool = False) -> None:
        self.clock = Clock()
        self.engine, self.other = Engine(self.clock, jobs), Engine(self.clock, jobs, "other")
        self._nodes = nodes
        self.asker, self.watcher = self.watching(interval)

    def watching(self, interval: float) -> tuple[Asker, Watcher]:
        """A client and a ledger of their own."""
        settings: dict[str, Any] = {"endpoints": ("http://one.test", "http://two.test")} if self._nodes else {}
        transport = Pair(self.engine, self.other) if self._nodes else self.engine
        limits = Limits(5000, 200_000, 1 << 30, interval)
        return Asker(transport, clock=self.clock, limits=limits, **settings), Watcher(MOVIE, clock=self.clock)

    def scrape(self) -> bool:
        """One scrape, a while after the one before; returns whether it was short, of all nodes that answered."""
        self.engine.requests = self.engine.rows = self.other.requests = self.other.rows = 0
        self.clock.advance(15.0)
        return self.ask(self.asker, self.watcher)

    @staticmethod
    def ask(asker: Asker, watcher: Watcher) -> bool:
        """The same by another client, at the same moment."""

        async def main() -> Listing:
            return await asker.client.ask(session(60.0), 0.0, watcher.ledger.recall(MOVIE))

        listing = asyncio.run(main())
        watcher.take(MOVIE, *listing.nodes)
        return all(node.short for node in listing.nodes if not node.reason)

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
    asker, watcher = scene.watching(interval=0.0)
    for _ in range(12):
        for _ in range(chance.randrange(6)):
            scene.engine.submit(chance.choice(["success", "failed", "running"]))
        for job in scene.engine.jobs:
            if job["status"] == "running" and chance.random() < 0.4:
                scene.engine.finish(job["jobId"], chance.choice(["success", "failed"]))
        while chance.random() < 0.5 and scene.engine.jobs[-1]["status"] != "running":
            scene.engine.jobs.pop()
        scene.scrape()
        scene.ask(asker, watcher)
        assert scene.watcher.counts() == watcher.counts()
        for status in ("success", "failed"):
            assert scene.finished(status) == watcher.total("ges_jobs_finished_total", status=status)
        assert scene.listed("running") == watcher.total("ges_jobs", status="running")


def test_nodes_are_listed_short_too() -> None:
    """Each by what it has shown itself: a job that another node lists is not looked for."""
    scene = Scene(nodes=True)
    stuck = scene.other.submit("running", 5000.0, place=500)
    assert not scene.scrape()
    scene.engine.submit("failed")
    assert scene.scrape()
    assert (scene.engine.rows, scene.other.rows) == (2 * HEAD, HEAD + 10)
    scene.other.finish(stuck)
    assert scene.scrape()
    assert scene.finished("failed") == 2
    assert [scene.listed(status) for status in ("success", "failed", "running")] == [2 * LONG, 2, 0]


def test_a_job_that_reaches_the_list_of_another_node_late() -> None:
    """It is known, but new there: neither is it counted twice, nor does it keep the node from being listed short."""
    scene = Scene(nodes=True)
    scene.scrape()
    scene.engine.submit("failed")
    assert scene.scrape()
    for place in (0, 700):
        scene.engine.submit("failed")
        scene.other.jobs.insert(place, scene.engine.jobs[0])
        assert scene.scrape() is (place == 0)
        assert scene.scrape()
    assert (scene.finished("failed"), scene.listed("failed")) == (3, 3)


def test_a_node_that_was_down_goes_on_from_what_it_showed_last() -> None:
    """What came meanwhile is counted, wherever it is in the list; and nodes are listed short again."""
    scene = Scene(nodes=True)
    scene.scrape()
    scene.other.down = True
    assert scene.scrape()
    scene.other.submit("failed", place=900)
    scene.other.down = False
    assert not scene.scrape()
    assert (scene.engine.requests, scene.finished("failed")) == (1, 1)
    assert scene.scrape()


@pytest.mark.parametrize("hiccup", ["none", "down", "another order"])
def test_what_is_gone_vanishes_and_is_forgotten_though_nodes_are_listed_short(hiccup: str) -> None:
    """Also when they have got out of step: one has been listed whole, and the other short."""
    scene = Scene(nodes=True)
    stuck = scene.engine.submit("running", 5000.0, place=500)
    scene.scrape()
    scene.other.down = hiccup == "down"
    if hiccup == "another order":
        scene.other.submit("failed", 8000.0, place=800)
    scene.scrape()
    scene.other.down = False
    scene.engine.jobs = [job for job in scene.engine.jobs if job["jobId"] != stuck]
    for _ in range(25 * 4):
        scene.scrape()
    assert scene.watcher.total("ges_jobs_vanished_total") == 1


@pytest.mark.parametrize("hiccup", ["none", "down", "gone"])
def test_a_node_whose_whole_list_takes_most_of_the_deadline_is_given_up_once_at_most(hiccup: str) -> None:
    """When it must be read whole, all nodes are, so that there is time for it."""
    scene = Scene(jobs=2000, nodes=True)
    stuck = scene.other.submit("running", 5000.0, place=500)
    for engine in (scene.engine, scene.other):
        engine.row_seconds = 0.003
    silent, finished = [], 0

    async def main() -> None:
        nonlocal finished
        for number in range(100):
            scene.other.down = (hiccup, number) == ("down", 3)
            if (hiccup, number) == ("gone", 3):
                scene.other.jobs = [job for job in scene.other.jobs if job["jobId"] != stuck]
            scene.other.submit("failed")
            listing = await scene.asker.client.ask(session(9.0), 0.0, scene.watcher.ledger.recall(MOVIE))
            finished += len(scene.watcher.ledger.observe(listing, scene.clock()).finished)
            silent.append(sum(bool(node.reason) for node in listing.nodes))
            scene.clock.advance(15.0)
            await asyncio.sleep(6.0)
        await scene.asker.client.aclose()

    swift.run(main())
    assert sum(silent) == (0 if hiccup == "none" else 1)
    assert finished == 99


def test_a_job_that_moves_deep_into_the_short_list_of_another_node_has_not_vanished() -> None:
    """Absence counts once every node has been listed whole since."""
    scene = Scene(nodes=True, interval=3600.0)
    del scene.other.jobs[50:]
    scene.engine.total = "page"
    scene.other.submit("running")
    scene.scrape()
    scene.engine.jobs.insert(700, scene.other.jobs.pop(0))
    scene.engine.jobs.pop()
    for _ in range(60 * 4):
        scene.scrape()
    assert scene.watcher.total("ges_jobs_vanished_total") == 0
    assert scene.listed("running") == 1


@settings(max_examples=6, deadline=None)
@given(total=st.sampled_from(["true", "page", "absent"]), seed=st.integers(0, 2**32))
def test_the_numbers_of_nodes_are_those_of_full_listings(total: str, seed: int) -> None:
    """Whatever each of them lists, alone or as the other does, and however often one is down."""
    chance = Random(seed)  # noqa: S311 - hypothesis chooses the seed
    scene = Scene(jobs=chance.choice([90, 150, 400]), interval=chance.choice([60.0, 600.0]), nodes=True)
    engines = scene.engine, scene.other
    scene.engine.total = scene.other.total = total
    asker, watcher = scene.watching(interval=0.0)
    for _ in range(15):
        for one, another in (engines, engines[::-1]):
            for _ in range(chance.randrange(4)):
                one.submit(chance.choice(["success", "failed", "running"]))
                if chance.random() < 0.4:
                    another.jobs.insert(0, one.jobs[0])
            for job in one.jobs:
                if job["status"] == "running" and chance.random() < 0.4:
                    one.finish(job["jobId"], chance.choice(["success", "failed"]))
            while chance.random() < 0.5 and one.jobs[-1]["status"] != "running":
                one.jobs.pop()
            one.down = chance.random() < 0.2
        scene.scrape()
        scene.ask(asker, watcher)
        assert scene.watcher.counts() == watcher.counts()
        for status in ("success", "failed"):
            assert scene.finished(status) == watcher.total("ges_jobs_finished_total", status=status)
        assert scene.listed("running") == watcher.total("ges_jobs", status="running")
