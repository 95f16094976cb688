"""A scraper under test: graphs that are asked over transports in memory, with a ledger that keeps nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import httpx

from ges_exporter.auth import NoneCredential
from ges_exporter.client import Backoff, Client, Limits
from ges_exporter.config import TargetSettings
from ges_exporter.ledger import Ledger, Rules
from ges_exporter.model import Plane, Target
from ges_exporter.redaction import Redaction
from ges_exporter.scraper import Journal, Result, Scraper
from ges_exporter.store import MEMORY, Store
from ges_exporter.telemetry import Telemetry
from tests import swift
from tests.asking import answered
from tests.simulated import PROJECT, Clock

RESERVE = 0.1


class Graph(httpx.AsyncBaseTransport):
    """A graph's list of jobs, which takes its time: ``seconds`` for each answer, for ever if they are None.

    ``asked`` are the moments at which requests came, ``answers`` how many were given. A ``bug`` is raised instead.
    """

    def __init__(self, name: str, seconds: float | None = 0.0, jobs: int = 1) -> None:
        self.target = Target("demo", name, Plane.SERVICE)
        self.seconds = seconds
        self.jobs = jobs
        self.bug: Exception | None = None
        self.asked: list[float] = []
        self.answers = 0
        self.arrived = asyncio.Event()
        self.slow_to_stop = 0.0
        """Seconds that it takes to give a request up."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:  # noqa: ARG002 - always the same
        """One answer."""
        self.asked.append(swift.now())
        self.arrived.set()
        try:
            if self.seconds is None:
                await asyncio.Event().wait()
            await asyncio.sleep(self.seconds or 0.0)
        except asyncio.CancelledError:
            await asyncio.sleep(self.slow_to_stop)
            raise
        if self.bug is not None:
            raise self.bug
        self.answers += 1
        ids = [f"{self.target.graph}-{number}" for number in range(self.jobs)]
        jobs = [{"jobId": one, "status": "success", "taskType": "Algorithm"} for one in ids]
        return answered({"jobCount": len(jobs), "jobs": jobs})


class Scrapes:
    """A scraper of graphs, with a clock set by hand."""

    def __init__(self, graphs: Iterable[Graph], *, concurrency: int = 64, min_interval: float = 0.0) -> None:
        self.graphs = {graph.target: graph for graph in graphs}
        self.clock = Clock()
        self.telemetry = Telemetry()
        ledger = Ledger(Rules())
        self.scraper = Scraper(
            ledger,
            Store(MEMORY, clock=self.clock),
            self.telemetry,
            Journal(Redaction()),
            concurrency=concurrency,
            min_interval=min_interval,
            clock=self.clock,
        )
        for target, graph in self.graphs.items():
            settings = TargetSettings(target, PROJECT, ("http://ges.test",), api="memory", zone="UTC")
            ledger.watch(target)
            self.scraper.watches[target] = self.scraper.watch(settings, self._client(settings, graph))

    async def scrape(self, *graphs: Graph, seconds: float = 10.0) -> dict[str, Result]:
        """What one scrape of ``graphs``, by default of all, has of each after ``seconds`` at most."""
        targets = [graph.target for graph in graphs] or list(self.graphs)
        results = await self.scraper.scrape(targets, seconds, RESERVE)
        return {watch.target.graph: result for watch, result in results.items()}

    async def one(self, graph: Graph, seconds: float = 10.0) -> Result:
        """The same of one graph."""
        return (await self.scrape(graph, seconds=seconds))[graph.target.graph]

    def errors(self, graph: Graph) -> dict[str, int]:
        """The failures counted of a graph."""
        return dict(self.scraper.watches[graph.target].errors)

    def _client(self, settings: TargetSettings, graph: Graph) -> Client:
        backoff = Backoff()
        return Client(
            settings,
            NoneCredential("", self.telemetry),
            Limits(5000, 200_000, 1 << 20),
            self.telemetry,
            lambda _: backoff,
            clock=self.clock,
            transport=graph,
        )
