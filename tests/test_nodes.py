"""Graphs with several nodes, each with a list of its own: nodes that are slow, down, back, and what is counted."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from random import Random

import httpx
import pytest

from ges_exporter.client.nodes import GRACE, MOMENT
from ges_exporter.exporter import Exporter
from ges_exporter.simulator import Fault, Graph, Plan, World, create_app
from tests import swift
from tests.asking import Asker, answered
from tests.discovering import MINUTE, clock, configured, page, soon, up, value
from tests.exposed import Samples, with_labels
from tests.simulated import PROJECT

A, B, C = "10.1.0.1", "10.1.0.2", "10.1.0.3"
LABELS = {"project": "demo", "graph": "movie", "plane": "service"}


class Network(httpx.AsyncBaseTransport):
    """The way to a simulated graph with nodes at A, B and more.

    Hosts in ``dead`` refuse, those in ``mute`` take a connection and never answer, those in ``lost`` do not even that;
    those in ``sick`` answer, or fail, as it is said there.
    """

    def __init__(self, *hosts: str) -> None:
        self.world = World(clock)
        self.world.advertise_port = False
        project = self.world.add_project("demo", PROJECT)
        self.graph: Graph = project.add_graph("movie", node=hosts[0])
        self.graph.instance.private_ip = "10.1.0.9"
        for host in hosts[1:]:
            project.add_node(self.graph, host)
        self.dead: set[str] = set()
        self.mute: set[str] = set()
        self.lost: set[str] = set()
        self.sick: Mapping[str, httpx.Response | Exception] = {}
        self.asked: list[str] = []
        self._inner = httpx.ASGITransport(create_app(self.world))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One request."""
        self.asked.append(request.url.host)
        if request.url.host in self.dead:
            raise httpx.ConnectError("refused")
        ill = self.sick.get(request.url.host)
        if isinstance(ill, Exception):
            raise ill
        if ill is not None:
            return httpx.Response(ill.status_code)
        if request.url.host in self.lost:
            await request.extensions["trace"]("connection.connect_tcp.started", {})
            self.mute.add(request.url.host)
        if request.url.host in self.mute:
            await asyncio.Event().wait()
        return await self._inner.handle_async_request(request)

    def hosts(self) -> list[str]:
        """Who was asked since the last call, each once."""
        asked, self.asked = self.asked, []
        return sorted(set(asked))

    def submit(self, *hosts: str, **plan: object) -> str:
        """Begin a job that the nodes at ``hosts`` list; returns its id."""
        first, *others = (self.graph.nodes[host] for host in hosts)
        job = first.submit(Plan(job_type="Algorithm", algorithm="pagerank", **plan))  # type: ignore[arg-type]
        for other in others:
            other.put(job)
        return job.id


def asker(network: Network, *hosts: str) -> Asker:
    """A client of the nodes."""
    return Asker(network, endpoints=tuple(f"http://{host}" for host in hosts))


def watching(
    network: Network, story: Callable[[Exporter], Awaitable[None]], *hosts: str, vanish_after: float = 600
) -> None:
    """Runs ``story`` with an exporter that watches the graph by its nodes."""

    async def main() -> None:
        graphs = [{"name": "movie", "endpoints": [f"http://{host}" for host in hosts], "timezone": "+08:00"}]
        config = configured({"enabled": False}, graphs=graphs)
        ledger = config.ledger.model_copy(update={"vanish_after": vanish_after})
        exporter = Exporter(config.model_copy(update={"ledger": ledger}), clock=clock, transport=network)
        try:
            await story(exporter)
        finally:
            await exporter.aclose()

    swift.run(main())


def nodes(samples: Samples) -> dict[str, float]:
    """Which nodes answered, by host."""
    return {
        dict(labels)["endpoint"].rpartition("/")[2]: number
        for (name, labels), number in samples.items()
        if name == "ges_node_up"
    }


def jobs(samples: Samples, name: str = "ges_jobs", **labels: str) -> float:
    """The sum of a family's samples."""
    return sum(with_labels({key: number for key, number in samples.items() if key[0] == name}, **labels).values())


# Time ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("down", [set(), {B}, {A}])
def test_a_node_that_refuses_costs_nothing(down: set[str]) -> None:
    """It does not keep the answer of the others waiting: what it fails at is not tried again."""
    network = Network(A, B)
    network.dead = down

    async def main() -> None:
        one, before = asker(network, A, B), swift.now()
        listing = await one.ask(10)
        assert listing.up
        assert swift.now() == before
        assert [node.reason for node in listing.nodes] == ["connect" if host in down else "" for host in (A, B)]

    swift.run(main())


def test_once_one_has_answered_the_others_have_half_of_the_time_left() -> None:
    """What a node lists that was never heard of is history, and worth the wait: but for a part of the deadline."""
    network = Network(A, B, C)
    network.mute = {B}
    network.world.faults.add(Fault(kind="latency", value=2, host=C))

    async def main() -> None:
        listing = await asker(network, A, B, C).ask(10)
        assert swift.now() == 5
        assert [node.reason for node in listing.nodes] == ["", "timeout", ""]

    swift.run(main())


@pytest.mark.parametrize("seconds", [0.5, 3, 4.5])
def test_a_slow_node_is_waited_for_within_that_half(seconds: float) -> None:
    """What comes in time is taken, each time."""
    network = Network(A, B)
    network.world.faults.add(Fault(kind="latency", value=seconds, host=B))

    async def main() -> None:
        one = asker(network, A, B)
        for number in range(1, 5):
            listing = await one.ask(10)
            assert swift.now() == number * seconds
            assert [node.reason for node in listing.nodes] == ["", ""]

    swift.run(main())


def test_a_node_that_cannot_be_reached_costs_a_moment_once() -> None:
    """A host that is gone drops what is sent to it: nobody waits for more than a connection takes."""
    network = Network(A, B)
    network.lost = {B}

    async def main() -> None:
        one = asker(network, A, B)
        for _ in range(20):
            listing = await one.ask(10)
            assert [node.reason for node in listing.nodes] == ["", "timeout"]
            assert swift.now() == GRACE

    swift.run(main())


@pytest.mark.parametrize("how", ["mute", "lost"])
def test_a_node_that_begins_to_hang_costs_a_moment_once(how: str) -> None:
    """It has answered quickly before, so no more time is worth it; and the same when it does so again."""
    network = Network(A, B)

    async def story(exporter: Exporter) -> None:
        for _ in range(3):
            assert nodes(await page(exporter)) == {A: 1, B: 1}
            getattr(network, how).add(B)
            began = swift.now()
            for _ in range(20):
                samples = await page(exporter)
                assert (up(samples), nodes(samples)) == ({"movie": 1}, {A: 1, B: 0})
                assert swift.now() - began == GRACE
            network.mute.clear()
            network.lost.clear()
            await page(exporter)

    watching(network, story, A, B)


def test_a_node_that_is_back_is_seen_at_once() -> None:
    """It is asked in every scrape, however long it has been silent."""
    network = Network(A, B)
    network.mute = {B}

    async def story(exporter: Exporter) -> None:
        for _ in range(200):
            await page(exporter)
            await asyncio.sleep(15)
        network.mute.clear()
        await page(exporter)
        assert nodes(await page(exporter)) == {A: 1, B: 1}

    watching(network, story, A, B)


def test_a_node_that_has_become_slow_is_waited_for_again() -> None:
    """What it takes is learned from the answer that nobody waited for."""
    network = Network(A, B)

    async def story(exporter: Exporter) -> None:
        await page(exporter)
        network.world.faults.add(Fault(kind="latency", value=3, host=B))
        assert nodes(await page(exporter)) == {A: 1, B: 0}
        for _ in range(3):
            await asyncio.sleep(15)
            assert nodes(await page(exporter)) == {A: 1, B: 1}

    watching(network, story, A, B)


def test_a_node_that_is_always_too_slow_costs_nothing_either() -> None:
    """While another answers it is not waited for, but for the first time; when none does, it is."""
    network = Network(A, B)
    network.world.faults.add(Fault(kind="latency", value=7, host=B))

    async def story(exporter: Exporter) -> None:
        await page(exporter)
        for _ in range(5):
            await asyncio.sleep(15)
            began = swift.now()
            assert nodes(await page(exporter)) == {A: 1, B: 0}
            assert swift.now() == began
        network.dead = {A}
        samples = await page(exporter)
        assert (up(samples), nodes(samples)) == ({"movie": 1}, {A: 0, B: 1})

    watching(network, story, A, B)


@pytest.mark.parametrize("other", ["dead", "mute"])
def test_a_node_that_was_given_up_is_waited_for_when_no_other_answers(other: str) -> None:
    """One answer is enough."""
    network = Network(A, B)
    network.mute = {B}

    async def story(exporter: Exporter) -> None:
        await page(exporter)
        network.mute.clear()
        getattr(network, other).add(A)
        network.world.faults.add(Fault(kind="latency", value=4, host=B))
        samples = await page(exporter)
        assert (up(samples), nodes(samples)) == ({"movie": 1}, {A: 0, B: 1})

    watching(network, story, A, B)


def test_a_scrape_that_has_too_little_time_for_a_node_does_not_take_it_from_others() -> None:
    """Two scrapers with different limits: whoever has the time waits."""
    network = Network(A, B)
    network.world.faults.add(Fault(kind="latency", value=4, host=B))

    async def story(exporter: Exporter) -> None:
        for _ in range(4):
            assert nodes(await page(exporter, 30)) == {A: 1, B: 1}
            await asyncio.sleep(3)
            began = swift.now()
            assert nodes(await page(exporter, 4)) == {A: 1, B: 0}
            assert swift.now() == began
            await asyncio.sleep(3)

    watching(network, story, A, B)


@pytest.mark.parametrize("late", [0.0, 0.2, 5.0])
def test_a_scrape_that_joins_one_with_more_time_is_answered_in_its_own(late: float) -> None:
    """The others have half of the time that is left to whoever has least."""
    network = Network(A, B)
    network.mute = {B}

    async def story(exporter: Exporter) -> None:
        async def joining() -> Samples:
            await asyncio.sleep(late)
            return await page(exporter, 5)

        pages = await asyncio.gather(page(exporter, 60), joining())
        assert [(up(one), nodes(one)) for one in pages] == [({"movie": 1}, {A: 1, B: 0})] * 2
        assert late + 2 < swift.now() < late + 3

    watching(network, story, A, B)


@pytest.mark.parametrize("how", [httpx.ConnectError("refused"), httpx.Response(503)], ids=["refused", "503"])
def test_a_standby_that_takes_over_is_seen_at_once(how: httpx.ConnectError | httpx.Response) -> None:
    """However long it was down: a node is not left alone that may be the one to answer."""
    network = Network(A, B)
    network.sick = {B: how}

    async def story(exporter: Exporter) -> None:
        for _ in range(30):
            assert nodes(await page(exporter)) == {A: 1, B: 0}
            await asyncio.sleep(15)
        network.sick = {A: how}
        samples = await page(exporter)
        assert (up(samples), nodes(samples)) == ({"movie": 1}, {A: 0, B: 1})

    watching(network, story, A, B)


def test_nodes_of_many_graphs_that_begin_to_hang_at_once() -> None:
    """Whoever only waits for a node lets others be asked: their graphs do not wait for each other."""
    graphs, places = 40, 2
    silent = False

    async def answer(request: httpx.Request) -> httpx.Response:
        if silent and request.url.host == B:
            await asyncio.Event().wait()
        return answered()

    async def main() -> None:
        nonlocal silent
        endpoints = [f"http://{A}", f"http://{B}"]
        config = configured(
            {"enabled": False}, graphs=[{"name": f"g{number}", "endpoints": endpoints} for number in range(graphs)]
        )
        config = config.model_copy(update={"scrape": config.scrape.model_copy(update={"concurrency": places})})
        exporter = Exporter(config, clock=clock, transport=httpx.MockTransport(answer))
        assert set(up(await page(exporter, 60)).values()) == {1}
        silent, began = True, swift.now()
        assert set(up(await page(exporter, 60)).values()) == {1}
        assert swift.now() - began <= graphs / places * MOMENT + GRACE
        await exporter.aclose()

    swift.run(main())


def test_what_is_known_of_a_node_survives_a_reload() -> None:
    """One that hangs costs no time again."""
    network = Network(A, B)
    network.mute = {B}

    async def story(exporter: Exporter) -> None:
        await page(exporter)
        config = exporter.config
        exporter.reload(config.model_copy(update={"scrape": config.scrape.model_copy(update={"page_size": 7})}))
        began = swift.now()
        assert nodes(await page(exporter)) == {A: 1, B: 0}
        assert swift.now() == began

    watching(network, story, A, B)


def test_all_nodes_silent() -> None:
    """Then the graph is down at the deadline, for that reason, and each node is asked again: each may be the next."""
    network = Network(A, B)
    network.mute = {A, B}

    async def story(exporter: Exporter) -> None:
        for _ in range(3):
            began = swift.now()
            samples = await page(exporter)
            assert swift.now() - began <= 9
            assert (up(samples), nodes(samples)) == ({"movie": 0}, {A: 0, B: 0})
            assert network.hosts() == [A, B]
        assert value(samples, "ges_scrape_errors_total", **LABELS, reason="timeout") == 3
        network.mute = {A}
        assert nodes(await page(exporter)) == {A: 0, B: 1}

    watching(network, story, A, B)


@pytest.mark.parametrize("mute", [{A, B}, {B}])
def test_a_scrape_that_is_given_up_leaves_no_request_behind(mute: set[str]) -> None:
    """Whoever asks may be cancelled at any moment."""
    network = Network(A, B)
    network.mute = mute

    async def main() -> None:
        asking = asyncio.create_task(asker(network, A, B).ask(10))
        await asyncio.sleep(1)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    swift.run(main())


def test_what_is_asked_of_a_node_that_was_given_up_ends_with_the_deadline_or_the_client() -> None:
    """There is never more than one question to a node, and none once all is closed."""
    network = Network(A, B)
    network.mute = {B}

    async def main() -> None:
        one, idle = asker(network, A, B), asyncio.all_tasks()
        for _ in range(3):
            await one.ask(10)
            assert len(asyncio.all_tasks() - idle) == 1
        await asyncio.sleep(10)
        assert asyncio.all_tasks() == idle
        await one.ask(10)
        await one.client.aclose()
        assert asyncio.all_tasks() == idle

    swift.run(main())


# Jobs ----------------------------------------------------------------------------------------------------------------


def test_the_lists_are_united() -> None:
    """A job in both lists is one job, what only one lists is there as well."""
    network = Network(A, B)
    network.submit(A, B, after=-9, run=1)
    network.submit(A, after=-9, run=1)
    network.submit(B, after=-9)

    async def story(exporter: Exporter) -> None:
        samples = await page(exporter)
        assert (jobs(samples, status="success"), jobs(samples, status="running")) == (2, 1)

    watching(network, story, A, B)


def test_absence_from_one_node_is_no_absence() -> None:
    """While a node is down its records stay for `vanish_after`, then leave; what it ran has not vanished, ever."""
    network = Network(A, B)

    async def story(exporter: Exporter) -> None:
        await page(exporter)
        network.submit(B)
        samples = await page(exporter)
        assert jobs(samples, status="running") == 1
        network.dead = {B}
        since = swift.now()
        for _ in range(60):
            await asyncio.sleep(MINUTE)
            samples = await page(exporter)
            assert jobs(samples, status="running") == (1 if swift.now() - since <= 10 * MINUTE else 0)
        assert jobs(samples, "ges_jobs_vanished_total") == 0
        network.dead.clear()
        await asyncio.sleep(MINUTE)
        assert jobs(await page(exporter), status="running") == 1

    watching(network, story, A, B)


@pytest.mark.parametrize("seed", range(4))
def test_nodes_that_come_and_go_with_lists_of_their_own(seed: int) -> None:
    """Each job that some node shows finished is counted once, however often nodes fail, hang and return."""
    network = Network(A, B, C)
    chance = Random(seed)  # noqa: S311 - a test

    async def story(exporter: Exporter) -> None:
        await page(exporter)
        submitted = 0
        for _ in range(60):
            for _ in range(chance.randrange(3)):
                hosts = chance.sample((A, B, C), chance.randint(1, 3))
                network.submit(*hosts, run=chance.uniform(1, 90), outcome=chance.choice(("success", "failed")))
                submitted += 1
            network.dead = {host for host in (A, B, C) if chance.random() < 0.25}
            network.mute = {host for host in (A, B, C) if chance.random() < 0.15}
            await asyncio.sleep(chance.uniform(5, 60))
            await page(exporter)
        network.dead, network.mute = set(), set()
        await asyncio.sleep(10 * MINUTE)
        await page(exporter)
        samples = await page(exporter)
        assert nodes(samples) == {A: 1, B: 1, C: 1}
        assert jobs(samples, "ges_jobs_finished_total") == submitted
        assert jobs(samples, "ges_jobs_discovered_total") == submitted
        assert jobs(samples, "ges_jobs_vanished_total") == jobs(samples, "ges_jobs_late_total") == 0

    watching(network, story, A, B, C)


def test_discovery_by_traffic_addresses_watches_all_nodes() -> None:
    """`address: traffic` gives every node's own address, not the floating one."""
    network = Network(A, B, C)
    network.submit(C, after=-9, run=1)

    async def main() -> None:
        exporter = Exporter(configured({"address": "traffic"}), clock=clock, transport=network)
        await soon()
        samples = await page(exporter)
        assert nodes(samples) == {A: 1, B: 1, C: 1}
        assert jobs(samples, status="success") == 1
        await exporter.aclose()

    swift.run(main())
