"""A client under test: one target, asked over whatever transport, with what it noted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from itertools import pairwise
from typing import Any

import httpx
import msgspec

from ges_exporter.auth import Credential, NoneCredential
from ges_exporter.client import Backoff, Client, Limits, Session
from ges_exporter.config import TargetSettings
from ges_exporter.deadline import Deadline
from ges_exporter.ledger.roster import Recall
from ges_exporter.model import Details, Listing, NodeListing, Owed, Plane, Target, Time
from ges_exporter.simulator import Plan, World, create_app
from ges_exporter.telemetry import Telemetry
from tests import swift
from tests.simulated import PROJECT, START, Clock

MOVIE = Target("demo", "movie", Plane.SERVICE)
CENTRE = Target("demo", "", Plane.MANAGEMENT)
HOST = "http://ges.test"
EMPTY = b'{"jobCount":0,"jobs":[]}'


def nothing(_endpoint: str) -> Recall:
    """What a ledger recalls that has seen nothing."""
    return Recall({}, {}, [])


class Asker:
    """A client of one target, with a clock set by hand; ``limits`` as the configuration has them."""

    def __init__(
        self,
        transport: httpx.AsyncBaseTransport | None = None,
        credential: Credential | None = None,
        telemetry: Telemetry | None = None,
        limits: Limits | None = None,
        clock: Clock | None = None,
        **settings: Any,  # noqa: ANN401 - as the class has them
    ) -> None:
        self.clock = clock or Clock()
        self.telemetry = telemetry or Telemetry()
        self.backoffs: dict[str, Backoff] = {}
        self.unknown: list[tuple[str, str]] = []
        target = settings.pop("target", MOVIE)
        api = settings.pop("api", "memory" if target.plane is Plane.SERVICE else "v2")
        self.settings = TargetSettings(
            target=target,
            project_id=settings.pop("project_id", PROJECT),
            endpoints=settings.pop("endpoints", (HOST,)),
            api=api,
            **settings,
        )
        self.client = Client(
            self.settings,
            credential or NoneCredential("", self.telemetry),
            limits or Limits(5000, 200_000, 1 << 20),
            self.telemetry,
            lambda endpoint: self.backoffs.setdefault(endpoint, Backoff()),
            clock=self.clock,
            transport=transport,
            on_unknown=lambda field, value: self.unknown.append((field, value)),
        )

    async def ask(self, seconds: float = 10.0) -> Listing:
        """What the target lists within ``seconds``."""
        return await self.client.ask(session(seconds), self.clock(), nothing)

    async def node(self, seconds: float = 10.0) -> NodeListing:
        """The same of its one endpoint."""
        (node,) = (await self.ask(seconds)).nodes
        return node

    async def details(self, owed: Iterable[Owed], seconds: float = 10.0) -> list[Details]:
        """What the target tells of some imports."""
        return await self.client.details(session(seconds), owed)


def session(seconds: float) -> Session:
    """A scrape that has ``seconds``."""
    return Session(Deadline(asyncio.get_running_loop().time() + seconds))


def owed(job_id: str, graph: str = "movie") -> Owed:
    """An import whose details are to be asked for."""
    return Owed(job_id, graph, graph, START, Time(START), ())


Step = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


class Script(httpx.AsyncBaseTransport):
    """Answers with one step after the other, the last one again and again; ``times`` tells when it was asked.

    An answer may be sent any number of times. Each takes ``seconds``.
    """

    def __init__(self, *steps: Step, seconds: float = 0.0) -> None:
        self.requests: list[httpx.Request] = []
        self.times: list[float] = []
        self._steps = steps
        self._seconds = seconds

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One answer."""
        step = self._steps[min(len(self.requests), len(self._steps) - 1)]
        self.requests.append(request)
        self.times.append(asyncio.get_running_loop().time())
        await asyncio.sleep(self._seconds)
        if isinstance(step, Exception):
            raise step
        if isinstance(step, httpx.Response):
            return httpx.Response(step.status_code, headers=step.headers, content=step.content)
        return step(request)

    @property
    def pauses(self) -> list[float]:
        """Seconds between requests."""
        return [after - before for before, after in pairwise(self.times)]


def answered(body: object = None, status: int = 200, **headers: str) -> httpx.Response:
    """An answer in JSON, by default an empty list; underscores in headers' names stand for hyphens."""
    content = EMPTY if body is None else body if isinstance(body, bytes) else msgspec.json.encode(body)
    return httpx.Response(
        status, headers={name.replace("_", "-"): value for name, value in headers.items()}, content=content
    )


class Body(httpx.AsyncByteStream):
    """A body that is made while it is read; ``read`` counts the pieces taken, ``closed`` tells whether it is over."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self.read = 0
        self.closed = False
        self._pieces = pieces

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            self.read += 1
            yield piece

    async def aclose(self) -> None:
        """Let go of it."""
        self.closed = True


def world_with(*names: str, clock: Clock | None = None) -> World:
    """A world with a project ``demo`` and the graphs ``names``, each with one finished job ``<name>-1``."""
    world = World(clock or Clock())
    project = world.add_project("demo", PROJECT)
    for name in names:
        project.add_graph(name).jobs.submit(Plan(job_type="Algorithm", id=f"{name}-1", after=-9, run=1))
    return world


def over(world: World) -> httpx.ASGITransport:
    """The way to a simulated GES."""
    return httpx.ASGITransport(create_app(world))


def listed(asker: Asker, seconds: float = 10.0) -> set[str]:
    """The ids that a target lists; it must be up."""
    node = swift.run(asker.node(seconds))
    assert not node.reason, node.message
    return {job.id for job in node.jobs}


def reason(asker: Asker, seconds: float = 10.0) -> str:
    """Why a target is down."""
    return swift.run(asker.node(seconds)).reason
