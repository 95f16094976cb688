"""A simulated GES for tests: a clock that is set by hand, and requests without a socket."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import httpx
from starlette.routing import BaseRoute

from ges_exporter.simulator import World, create_app
from ges_exporter.simulator.app import API

PROJECT = "0123456789abcdef0123456789abcdef"
START = 1_750_000_000.0
"""2025-06-15 15:06:40 UTC."""


class Clock:
    """Unix seconds that pass only when told."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        """What it shows."""
        return self.now

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


def client(world: World, host: str = "ges.test", api: Sequence[BaseRoute] = API) -> httpx.AsyncClient:
    """A client that calls the simulator of ``world`` directly."""
    transport = httpx.ASGITransport(create_app(world, api))
    return httpx.AsyncClient(transport=transport, base_url=f"http://{host}")


def ask(world: World, path: str, method: str = "GET", host: str = "ges.test", **options: Any) -> httpx.Response:  # noqa: ANN401
    """The answer to one request; ``options`` as httpx takes them."""

    async def main() -> httpx.Response:
        async with client(world, host) as session:
            return await session.request(method, path, **options)

    return asyncio.run(main())


async def arrival(world: World) -> None:
    """Wait until a request is under way."""
    while not world.requests.under_way:  # noqa: ASYNC110 - the log tells, and there is no event
        await asyncio.sleep(0)
