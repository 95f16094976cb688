"""Several nodes of one graph: asked at once, none of them holding up the others."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from ges_exporter.model import Listing
from tests import swift
from tests.asking import Asker, answered

NODES = ("http://one.test", "http://two.test", "http://three.test")


class Cluster(httpx.AsyncBaseTransport):
    """Nodes by host name: each answers after so many seconds (None: never) with a job of its own, or with an error."""

    def __init__(self, **nodes: float | httpx.Response | Exception | None) -> None:
        self.nodes = nodes
        self.mistakes = False
        """Whether every answer that takes time ends in a mistake."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One answer."""
        name = request.url.host.removesuffix(".test")
        node = self.nodes[name]
        if isinstance(node, Exception):
            raise node
        if isinstance(node, httpx.Response):
            return httpx.Response(node.status_code, headers=node.headers, content=node.content)
        if node is None:
            await asyncio.Event().wait()
        await asyncio.sleep(node or 0.0)
        if node and self.mistakes:
            raise ZeroDivisionError("a mistake")
        return answered({"jobs": [{"jobId": name, "status": "success", "taskType": "x"}]})

    def asker(self) -> Asker:
        """A client of all nodes."""
        return Asker(self, endpoints=tuple(f"http://{name}.test" for name in self.nodes))


async def timed(asker: Asker, seconds: float = 10.0) -> tuple[Listing, float]:
    """A listing, and how long it took."""
    begin = swift.now()
    return await asker.ask(seconds), swift.now() - begin


def reasons(listing: Listing) -> list[str]:
    """Why each node is down."""
    return [node.reason for node in listing.nodes]


def test_all_nodes_are_listed() -> None:
    """Each node's own list is there, in the order of the configuration, and the listing is complete."""
    listing, took = swift.run(timed(Cluster(one=0.5, two=0.1, three=0.3).asker()))
    assert [node.jobs[0].id for node in listing.nodes] == ["one", "two", "three"]
    assert (listing.up, listing.complete) == (True, True)
    assert took < 2, "they are asked at once"


@pytest.mark.parametrize(
    "broken",
    [None, answered(b"", 403), answered(b"<html>"), answered(b"", 503), httpx.ConnectError("refused")],
    ids=["hangs", "403", "HTML", "503", "connect"],
)
def test_one_node_that_answers_is_enough(broken: httpx.Response | Exception | None) -> None:
    """The graph is up when one node answers; but what that one does not list is not taken for absent."""

    async def main() -> None:
        asker = Cluster(one=broken, two=0.0).asker()
        for _ in range(3):
            listing, _ = await timed(asker)
            assert listing.up
            assert not listing.complete
            assert reasons(listing)[0]
            assert not reasons(listing)[1]

    swift.run(main())


def test_a_node_that_hangs_does_not_hold_up_the_others_for_ever() -> None:
    """A hanging node leaves time to save what the others have told; from then on it costs nothing."""

    async def main() -> None:
        cluster = Cluster(one=None, two=0.1)
        asker = cluster.asker()
        _, first = await timed(asker)
        assert first < 8
        listing, second = await timed(asker)
        assert second < 1
        assert reasons(listing) == ["timeout", ""]
        cluster.nodes["one"] = 0.0
        await timed(asker)
        listing, _ = await timed(asker)
        assert reasons(listing) == ["", ""]

    swift.run(main())


def test_a_node_that_lags_is_waited_for_when_no_other_answers() -> None:
    """A slow node is better than none: when the quick one goes down, the graph stays up."""

    async def main() -> None:
        cluster = Cluster(one=6.0, two=0.1)
        asker = cluster.asker()
        await timed(asker)
        assert (await timed(asker))[1] < 1
        cluster.nodes["two"] = answered(b"", 403)
        cluster.nodes["one"] = 1.0
        listing, _ = await timed(asker)
        assert reasons(listing) == ["", "auth"]
        cluster.nodes["two"] = None
        listing, _ = await timed(asker)
        assert listing.up

    swift.run(main())


def test_no_node_answers() -> None:
    """With all nodes down each has its own reason, and the deadline holds."""

    async def main() -> None:
        asker = Cluster(one=None, two=answered(b"", 403), three=httpx.ConnectError("refused")).asker()
        for _ in range(3):
            listing, took = await timed(asker, 5.0)
            assert reasons(listing) == ["timeout", "auth", "connect"]
            assert took <= 5.0 + 1e-6
            assert not listing.up

    swift.run(main())


def test_a_node_that_always_answers_first_does_not_make_the_others_late() -> None:
    """Nodes that are slower than another, but in time, are never left alone."""

    async def main() -> None:
        asker = Cluster(one=0.0, two=1.0, three=2.0).asker()
        for _ in range(4):
            assert reasons((await timed(asker))[0]) == ["", "", ""]

    swift.run(main())


def test_a_bug_at_one_node_is_loud() -> None:
    """A mistake is not mistaken for a node that is down, whichever node answers first."""
    for one, two in ((0.0, ZeroDivisionError("a mistake")), (2.0, ZeroDivisionError("a mistake"))):
        with pytest.raises(ZeroDivisionError):
            swift.run(timed(Cluster(one=one, two=two).asker()))


@pytest.mark.parametrize("scrapes", [1, 2], ids=["was waited for first", "was given up at once"])
def test_a_bug_behind_an_answer_that_nobody_waited_for_is_loud(scrapes: int) -> None:
    """The next scrape tells, and that one alone."""

    async def main() -> None:
        cluster = Cluster(one=0.0, two=7.0)
        asker = cluster.asker()
        for number in range(scrapes):
            cluster.mistakes = number == scrapes - 1
            await timed(asker)
        await asyncio.sleep(10)
        with pytest.raises(ZeroDivisionError):
            await timed(asker)
        cluster.mistakes = False
        assert (await timed(asker))[0].up

    swift.run(main())
