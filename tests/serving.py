"""An exporter over a simulated GES, asked as Prometheus and people ask it: with or without a socket."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, TypeVar

import httpx
from starlette.types import ASGIApp

from ges_exporter.exporter import Exporter
from ges_exporter.redaction import Redaction
from ges_exporter.server import Limits, Server, listen, urls
from ges_exporter.simulator import World, create_app, serve
from ges_exporter.web import Options, Protection
from ges_exporter.web import create_app as web
from tests.settings import parsed
from tests.simulated import PROJECT, START, Clock

T = TypeVar("T")
GES = "http://10.0.0.5"
"""Where the simulated GES is, without a socket."""
PAGES = "https://ges-exporter.test:9877"
"""What requests without a socket are sent to."""


def run(test: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Runs a test that awaits."""
    return asyncio.run(test())


def watching(url: str, **sections: object) -> dict[str, Any]:
    """A configuration that watches the task centre and the graphs ``movie`` and ``fraud`` of a world at ``url``."""
    return {
        "ledger": {"path": ":memory:"},
        "projects": [
            {
                "name": "demo",
                "project_id": PROJECT,
                "region": "simulated",
                "management": {"endpoint": url},
                "graphs": [
                    {"name": "movie", "endpoint": url, "timezone": "+08:00"},
                    {"name": "fraud", "endpoint": url, "timezone": "+08:00"},
                ],
            }
        ],
        **sections,
    }


def small_world(clock: Clock | None = None) -> World:
    """A project with the graphs ``movie`` and ``fraud``, without jobs."""
    world = World(clock or Clock())
    project = world.add_project("demo", PROJECT)
    project.add_graph("movie")
    project.add_graph("fraud")
    return world


@asynccontextmanager
async def exporting(
    world: World | ASGIApp,
    configuration: Callable[[str], dict[str, Any]] = watching,
    *,
    clock: Callable[[], float] | None = None,
    redaction: Redaction | None = None,
    kind: type[Exporter] = Exporter,
    network: bool = False,
) -> AsyncIterator[Exporter]:
    """An exporter that watches ``world``, whose URL the ``configuration`` is made for; over sockets if need be."""
    app = create_app(world) if isinstance(world, World) else world
    if clock is None:
        clock = world.clock if isinstance(world, World) else lambda: START
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(serve(app)) if network else GES
        transport = None if network else httpx.ASGITransport(app)
        exporter = kind(parsed(configuration(url)), clock=clock, redaction=redaction, transport=transport)
        stack.push_async_callback(exporter.aclose)
        yield exporter


def asking(
    exporter: Exporter, options: Options | None = None, protection: Protection | None = None
) -> httpx.AsyncClient:
    """A client that calls the exporter's pages directly; an error in them is an answer, as it is on a socket."""
    transport = httpx.ASGITransport(web(exporter, options or Options(), protection), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url=PAGES)


@asynccontextmanager
async def listening(
    app: ASGIApp, tls: ssl.SSLContext | None = None, address: str = "127.0.0.1:0", limits: Limits | None = None
) -> AsyncIterator[str]:
    """The server on a socket; yields its URL."""
    sockets = [listen(address)]
    server = Server(app, grace=5, tls=tls, limits=limits)
    task = asyncio.create_task(server.serve(sockets))
    try:
        await server.ready.wait()
        yield urls(sockets, server.scheme)[0]
    finally:
        server.should_exit = True
        await task


@asynccontextmanager
async def pages(
    world: World | ASGIApp,
    configuration: Callable[[str], dict[str, Any]] = watching,
    options: Options | None = None,
    protection: Protection | None = None,
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an exporter over ``world``, without a socket."""
    async with exporting(world, configuration) as exporter, asking(exporter, options, protection) as client:
        yield client


@asynccontextmanager
async def connected(
    world: World | ASGIApp,
    options: Options | None = None,
    protection: Protection | None = None,
    *,
    address: str = "127.0.0.1:0",
    kind: type[Exporter] = Exporter,
) -> AsyncIterator[httpx.AsyncClient]:
    """The same over a socket."""
    limits = httpx.Limits(max_connections=None)
    async with exporting(world, kind=kind) as exporter:
        app = web(exporter, options or Options(), protection)
        async with (
            listening(app, protection.tls if protection else None, address) as url,
            httpx.AsyncClient(base_url=url, limits=limits, timeout=60) as client,
        ):
            yield client
