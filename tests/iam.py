"""An IAM for tests, without a socket: a scripted transport, clocks that are set by hand, and settings to match."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from datetime import UTC, datetime
from typing import Any, TypeVar

import httpx

from ges_exporter.config import Secret, TargetSettings
from ges_exporter.model import Plane, Target

PROJECT = "0123456789abcdef0123456789abcdef"
NOON = 1_750_000_000.0
DAY = 86_400.0

_Result = TypeVar("_Result")


def run(main: Coroutine[Any, Any, _Result]) -> _Result:
    """Run ``main`` in an event loop of its own."""
    return asyncio.run(main)


class Clock:
    """A wall clock and a monotonic one that move together, and only when told."""

    def __init__(self) -> None:
        self.now = NOON

    def wall(self) -> float:
        """Unix seconds."""
        return self.now

    def monotonic(self) -> float:
        """Seconds since some moment."""
        return self.now - NOON + 500.0

    def pass_by(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


def stamp(seconds: float) -> str:
    """Unix seconds as IAM writes them."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Chunks(httpx.AsyncByteStream):
    """A body that arrives in pieces."""

    def __init__(self, *chunks: bytes) -> None:
        self.chunks = chunks

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self.chunks:
            yield chunk


class Iam(httpx.AsyncBaseTransport):
    """Answers each login with the next of ``script`` (an answer, or an error to raise), else with a new token.

    Answers wait for ``gate``.
    """

    def __init__(self, clock: Clock, *script: httpx.Response | Exception) -> None:
        self.clock = clock
        self.script = list(script)
        self.requests: list[httpx.Request] = []
        self.life = DAY
        self.refuses = ""
        """A project in which the user has no rights."""
        self.refusal_status = 401
        self.silent = ""
        """A host that never answers."""
        self.gate: asyncio.Event | None = None
        self._news = asyncio.Condition()

    @property
    def logins(self) -> int:
        """How many logins have arrived."""
        return len(self.requests)

    def close(self) -> None:
        """Let logins wait from now on."""
        self.gate = asyncio.Event()

    async def arrived(self, number: int) -> None:
        """Wait until so many logins have arrived."""
        async with self._news:
            await self._news.wait_for(lambda: self.logins >= number)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Take a login."""
        self.requests.append(request)
        number = self.logins
        async with self._news:
            self._news.notify_all()
        if request.url.host == self.silent:
            await asyncio.Event().wait()
        if self.gate is not None:
            await self.gate.wait()
        step = self.script.pop(0) if self.script else self.token(f"token-{number}")
        if self.refuses and json.loads(request.content)["auth"]["scope"]["project"]["id"] == self.refuses:
            step = refusal(self.refusal_status)
        if isinstance(step, Exception):
            raise step
        return step

    def token(self, value: str) -> httpx.Response:
        """A good answer."""
        body = {"token": {"expires_at": stamp(self.clock.now + self.life), "issued_at": stamp(self.clock.now)}}
        return httpx.Response(201, headers={"X-Subject-Token": value}, json=body)

    def passwords(self) -> list[str]:
        """The passwords that were tried."""
        bodies = [json.loads(request.content) for request in self.requests]
        return [body["auth"]["identity"]["password"]["user"]["password"] for body in bodies]


def refusal(status: int = 401) -> httpx.Response:
    """IAM's answer to a wrong password."""
    return httpx.Response(status, json={"error": {"code": status, "message": "The username or password is wrong."}})


Api = Callable[[httpx.Request], httpx.Response]


async def sent(auth: httpx.Auth, api: Api | None = None, url: str = "https://ges.example/v2/jobs") -> httpx.Request:
    """The request as it reaches an API when it is sent with ``auth``."""
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(httpx.Request(request.method, request.url, headers=request.headers))
        return api(request) if api is not None else httpx.Response(200)

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        await client.get(url, auth=auth)
    return seen[-1]


def target_settings(
    credentials: str,
    *,
    graph: str = "movie",
    project_id: str = PROJECT,
    proxy: str = "",
    iam_endpoint: str = "https://iam.example",
) -> TargetSettings:
    """A target that uses ``credentials``."""
    return TargetSettings(
        target=Target("demo", graph, Plane.SERVICE),
        project_id=project_id,
        endpoints=("https://ges.example",),
        credentials=credentials,
        iam_endpoint=iam_endpoint,
        proxy=Secret(proxy) if proxy else None,
    )
