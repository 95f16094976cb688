"""Asks which graphs there are: a project's management plane, and a cluster of the database edition."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

import httpx

from ges_exporter.auth import Credential
from ges_exporter.client.backoff import Backoff
from ges_exporter.client.connection import Transport, open_http
from ges_exporter.client.exchange import Exchange
from ges_exporter.client.graphs import Graphs, read_graphs
from ges_exporter.client.session import Session
from ges_exporter.config import TargetSettings
from ges_exporter.deadline import Deadline
from ges_exporter.dialects import CLUSTER, DIALECTS, GRAPH_STATUSES
from ges_exporter.errors import TargetError, TimeoutExceeded
from ges_exporter.model import GraphPage
from ges_exporter.telemetry import Telemetry

OPERATION = "list_graphs"


class Finder:
    """Asks with whatever credentials, trust and proxy the settings name; connections last as long as a question."""

    def __init__(  # noqa: PLR0913 - the world is injected
        self,
        credential: Callable[[TargetSettings], Credential],
        telemetry: Telemetry,
        backoffs: Callable[[TargetSettings, str], Backoff],
        *,
        max_bytes: int,
        clock: Callable[[], float] = time.time,
        transport: Transport | None = None,
        on_unknown: Callable[[TargetSettings, str, str], None] = lambda _settings, _field, _value: None,
    ) -> None:
        self._credential = credential
        self._telemetry = telemetry
        self._backoffs = backoffs
        self._max_bytes = max_bytes
        self._clock = clock
        self._transport = transport
        self._on_unknown = on_unknown

    async def graphs(self, settings: TargetSettings, deadline: Deadline) -> Graphs:
        """Returns the graphs that a management plane lists.

        Raises:
            TargetError: it does not tell.
        """
        detail = DIALECTS[settings.api].detail
        if detail is None:
            raise ValueError(f"{settings.api} is no API of the management plane")
        path, parse, session = detail.graphs_path(settings.project_id), detail.parse_graphs, Session(deadline)
        async with self._connected(settings) as exchanges, _within(deadline):

            def ask(query: Mapping[str, str]) -> Awaitable[GraphPage]:
                return self._ask(exchanges[0], session, path, query, parse)

            graphs = await read_graphs(ask)
        for graph in graphs.graphs:
            if graph.status not in GRAPH_STATUSES:
                self._telemetry.unknown_values["graphs.status"] += 1
                self._on_unknown(settings, "graphs.status", graph.status)
        return graphs

    async def inside(self, settings: TargetSettings, deadline: Deadline) -> Graphs:
        """Returns the graphs in a cluster, as the first of its nodes tells that answers.

        Raises:
            TargetError: none of them does; the error of the last one.
        """
        path, session = CLUSTER.path(settings.project_id), Session(deadline)
        async with self._connected(settings) as exchanges:
            *others, last = exchanges
            for number, exchange in enumerate(others):
                try:
                    async with _within(_part(deadline, len(exchanges) - number)):
                        return _whole(await self._ask(exchange, session, path, {}, CLUSTER.parse))
                except TargetError:
                    continue
            async with _within(deadline):
                return _whole(await self._ask(last, session, path, {}, CLUSTER.parse))

    async def _ask(
        self,
        exchange: Exchange,
        session: Session,
        path: str,
        query: Mapping[str, str],
        parse: Callable[[bytes], GraphPage],
    ) -> GraphPage:
        page = await exchange.get(session, OPERATION, path, query, parse)
        self._telemetry.parse_errors.update(page.faults)
        return page

    @asynccontextmanager
    async def _connected(self, settings: TargetSettings) -> AsyncIterator[list[Exchange]]:
        async with open_http(settings, self._transport) as http:
            yield [self._exchange(http, settings, endpoint) for endpoint in settings.endpoints]

    def _exchange(self, http: httpx.AsyncClient, settings: TargetSettings, endpoint: str) -> Exchange:
        return Exchange(
            http,
            endpoint,
            self._credential(settings),
            self._backoffs(settings, endpoint),
            self._telemetry,
            max_bytes=self._max_bytes,
            clock=self._clock,
        )


def _whole(page: GraphPage) -> Graphs:
    return Graphs(page.graphs, complete=not page.left_out)


def _part(deadline: Deadline, parts: int) -> Deadline:
    return Deadline(asyncio.get_running_loop().time() + deadline.remaining / parts)


@asynccontextmanager
async def _within(deadline: Deadline) -> AsyncIterator[None]:
    try:
        async with deadline.bound():
            yield
    except TimeoutError:
        raise TimeoutExceeded("no full answer within the deadline") from None
