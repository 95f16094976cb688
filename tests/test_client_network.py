"""One target asked over real sockets on the loopback: broken connections, kept ones, names."""

from __future__ import annotations

import asyncio
import gc
import gzip
import socket
import tracemalloc
from contextlib import AsyncExitStack

import httpx
import pytest

from ges_exporter.auth import NoneCredential
from ges_exporter.client import Backoff
from ges_exporter.client.exchange import HOOKS, Exchange
from ges_exporter.model import NodeListing, Plane, Target
from ges_exporter.simulator import Plan, World, create_app, serve
from ges_exporter.simulator.faults import parse
from ges_exporter.telemetry import Telemetry
from tests.asking import EMPTY, Asker, session
from tests.simulated import PROJECT
from tests.wires import (
    HEAD,
    MIB,
    OK,
    Handler,
    answering,
    ask,
    asker,
    close,
    deaf,
    drip,
    endless_body,
    endless_head,
    given_up,
    gone,
    hang,
    hearing,
    never,
    reset,
    run,
    wire,
)

BROKEN: dict[str, tuple[Handler, str]] = {
    "closes without an answer": (answering(then=close), "connect"),
    "announces more than a number can hold": (
        answering(b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n" + EMPTY, then=close),
        "connect",
    ),
    "closes in the head": (answering(b"HTTP/1.1 200", then=close), "connect"),
    "closes in the body": (answering(HEAD + EMPTY, then=close), "connect"),
    "closes in a chunk": (
        answering(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{", then=close),
        "connect",
    ),
    "resets without an answer": (answering(then=reset), "connect"),
    "resets in the body": (answering(HEAD, then=reset), "connect"),
    "does not speak HTTP": (answering(b"220 mail.example ESMTP\r\n\r\n", then=hang), "connect"),
    "sends headers without end": (endless_head, "connect"),
    "sends a body without end": (endless_body, "too_large"),
    "announces less than it sends": (
        answering(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n" + EMPTY, then=close),
        "decode",
    ),
    "announces more than is allowed": (answering(b"HTTP/1.1 200 OK\r\nContent-Length: 1048577\r\n\r\n"), "too_large"),
    "sends HTML": (answering(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>"), "decode"),
    "redirects": (
        answering(b"HTTP/1.1 302 Found\r\nLocation: mailto:a@b.example\r\nContent-Length: 0\r\n\r\n"),
        "http_3xx",
    ),
    "says 500": (answering(b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n"), "http_5xx"),
    "hangs": (never, "timeout"),
    "hangs in the body": (answering(HEAD + EMPTY, then=hang), "timeout"),
    "drips": (drip, "timeout"),
}


def test_each_broken_connection_has_its_reason() -> None:
    """However a connection breaks, it ends as a value with the documented reason, within the deadline."""

    async def main() -> dict[str, str]:
        async with AsyncExitStack() as stack:
            servers = [await stack.enter_async_context(wire(handler)) for handler, _ in BROKEN.values()]
            nodes = await asyncio.gather(*(ask(asker(server), 2.0) for server in servers))
        assert all(node.message and not node.jobs for node in nodes)
        return dict(zip(BROKEN, (node.reason for node in nodes), strict=True))

    assert run(main()) == {name: reason for name, (_, reason) in BROKEN.items()}


def _heavy(status: str, body: bytes) -> bytes:
    return b"HTTP/1.1 %b\r\nContent-Length: %d\r\n\r\n%b" % (status.encode(), len(body), body)


_GARBAGE = b"<" * (MIB - 1)
_JOB = b'{"jobId":"%d","status":"failed","failReason":"' + b"x" * 1000 + b'"}'
_PAGE = b'{"jobs":[%b]}' % b",".join(_JOB % number for number in range(900))


async def _end_after_a_page(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    if b"offset=0" in await reader.readuntil(b"\r\n\r\n"):
        writer.write(_heavy("200 OK", _PAGE))
        await reader.readuntil(b"\r\n\r\n")


HEAVY: dict[str, tuple[Handler, str]] = {
    "sends too much": (endless_body, "too_large"),
    "sends garbage": (answering(_heavy("200 OK", _GARBAGE)), "decode"),
    "sends an error": (answering(_heavy("200 OK", b'{"errorCode":"GES.1","x":"%b"}' % (_GARBAGE[:-99]))), "api_error"),
    "says 404 at length": (answering(_heavy("404 Not Found", _GARBAGE)), "http_4xx"),
    "says 500 at length": (answering(_heavy("500 Oh", _GARBAGE)), "http_5xx"),
    "ends after a page": (_end_after_a_page, "connect"),
}


@pytest.mark.parametrize(("handler", "reason"), HEAVY.values(), ids=HEAVY)
def test_nothing_is_kept_of_a_list_that_failed(handler: Handler, reason: str) -> None:
    """What had been read of it is let go of at once: the collector may come long after memory has run out."""

    async def main() -> int:
        seconds = 0.3 if reason == "timeout" else 30.0
        async with wire(handler) as server:
            one = asker(server)
            await one.node(seconds)
            gc.collect()
            before = tracemalloc.get_traced_memory()[0]
            for _ in range(2):
                assert (await one.node(seconds)).reason == reason
            kept = tracemalloc.get_traced_memory()[0] - before
            await one.client.aclose()
            return kept

    gc.disable()
    tracemalloc.start()
    try:
        assert run(main()) < MIB // 2
    finally:
        tracemalloc.stop()
        gc.enable()


def test_nobody_listens() -> None:
    """A refused connection is ``connect``, and the message says which endpoint it was."""
    with deaf() as port:
        node = run(ask(asker(port), 2.0))
    assert node.reason == "connect"
    assert f"127.0.0.1:{port}" in node.message


def test_a_connection_that_is_never_accepted() -> None:
    """A machine that takes the connection and nothing else costs the deadline, not more."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        assert run(ask(asker(listener.getsockname()[1]), 0.1)).reason == "timeout"


def test_a_machine_that_is_gone_is_told_from_one_that_is_silent() -> None:
    """By the connection, which the one never takes up: nobody needs to wait for it when another answers."""

    async def main() -> None:
        heard = asyncio.Event()
        with gone() as port:
            async with wire(hearing(heard)) as server, httpx.AsyncClient(timeout=None, event_hooks=HOOKS) as http:  # noqa: S113
                lost, silent = (_exchange(http, one) for one in (port, server.port))
                asking = [
                    asyncio.create_task(one.get(session(60), "list_jobs", "/", {}, bytes)) for one in (lost, silent)
                ]
                await heard.wait()
                assert lost.reaching
                assert not silent.reaching
                for task in asking:
                    task.cancel()
                await asyncio.wait(asking)

    run(main())


def _exchange(http: httpx.AsyncClient, port: int) -> Exchange:
    telemetry = Telemetry()
    credential = NoneCredential("", telemetry)
    return Exchange(http, f"http://127.0.0.1:{port}", credential, Backoff(), telemetry, max_bytes=MIB)


@pytest.mark.parametrize("handler", [never, drip, endless_body], ids=["hangs", "drips", "endless"])
def test_what_was_given_up_leaves_no_connection(handler: Handler) -> None:
    """After a scrape that was ended by the deadline, the connection is closed: nothing piles up."""

    async def main() -> None:
        heard = asyncio.Event()
        async with wire(hearing(heard, handler)) as server:
            one = asker(server)
            for _ in range(3):
                await given_up(one, heard)
                await server.left_alone()
            assert server.connections == 3
            await one.client.aclose()

    run(main())


def test_connections_are_kept() -> None:
    """Scrape after scrape goes over the same connection."""

    async def main() -> int:
        async with wire(answering(OK)) as server:
            one = asker(server)
            for _ in range(5):
                assert not (await one.node()).reason
            await one.client.aclose()
            return server.connections

    assert run(main()) == 1


def test_a_connection_closed_while_it_was_idle_costs_no_scrape() -> None:
    """A server that closes connections between scrapes is asked over a new one."""

    async def main() -> None:
        async with wire(answering(OK, then=close)) as server:
            one = asker(server)
            for _ in range(3):
                assert not (await one.node()).reason
                await server.left_alone()
            await one.client.aclose()

    run(main())


@pytest.mark.parametrize("fault", ["gzip", "drip=20000", "latency=1ms"])
def test_a_list_over_a_socket(fault: str) -> None:
    """The whole way: simulator, sockets, packing."""
    world = World()
    graph = world.add_project("demo", PROJECT).add_graph("movie")
    graph.jobs.submit(Plan(job_type="Algorithm", algorithm="pagerank", id="a", after=-9, run=1))
    world.faults.add(parse(fault))

    async def main() -> NodeListing:
        async with serve(create_app(world)) as url:
            return await ask(Asker(endpoints=(url,)))

    node = run(main())
    assert ([job.id for job in node.jobs][:1], node.complete) == (["a"], True)


NAMES = ["a/b", "电影", "100%", "%2F", "a b", "?x=1", "#top", "'\"`<>", "\\", "🎬", ";v=1", "../movie"]


def test_names_over_a_socket() -> None:
    """A graph's name arrives as it is, whatever characters it has, also through a server's own decoding."""
    world = World()
    project = world.add_project("demo", PROJECT)
    for name in ("movie", *NAMES):
        project.add_graph(name).jobs.submit(Plan(job_type="Algorithm", id=f"of {name}", after=-9, run=1))

    async def main() -> list[str]:
        async with serve(create_app(world)) as url:
            askers = [Asker(endpoints=(url,), target=Target("demo", name, Plane.SERVICE)) for name in NAMES]
            return [(await ask(one)).jobs[0].id for one in askers]

    assert run(main()) == [f"of {name}" for name in NAMES]


def test_a_gzip_bomb_over_a_socket() -> None:
    """A small answer that unpacks to far more than is allowed is stopped at the limit."""
    bomb = gzip.compress(b" " * 20 * MIB)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)

    async def main() -> NodeListing:
        async with wire(answering(head + bomb)) as server:
            return await ask(asker(server))

    assert run(main()).reason == "too_large"
