"""Asks one target for its jobs, over as many endpoints and pages as it takes."""

from __future__ import annotations

import asyncio
import time
import zlib
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import NamedTuple

import httpx

from ges_exporter.auth import Credential
from ges_exporter.client.backoff import Backoff
from ges_exporter.client.connection import Transport, open_http
from ges_exporter.client.details import DetailReader
from ges_exporter.client.exchange import Exchange
from ges_exporter.client.finder import Finder
from ges_exporter.client.graphs import Graphs
from ges_exporter.client.habits import Habits
from ges_exporter.client.nodes import Nodes
from ges_exporter.client.paging import Ask, read_all
from ges_exporter.client.reading import Reading
from ges_exporter.client.session import Session
from ges_exporter.client.short import Recall, read_short
from ges_exporter.client.tls import changed
from ges_exporter.config import TargetSettings
from ges_exporter.dialects import DIALECTS, detect
from ges_exporter.errors import TargetError, TimeoutExceeded
from ges_exporter.model import Details, Job, JobPage, Listing, NodeListing, Owed
from ges_exporter.telemetry import Telemetry

__all__ = ["Backoff", "Client", "Finder", "Graphs", "Limits", "Recall", "Session", "Transport"]


Learned = dict[str, Callable[[], None]]
"""By endpoint: takes what its listing has taught."""
Recalling = Callable[[str], Recall | None]
"""From an endpoint; None where it has to be listed whole."""


class Limits(NamedTuple):
    """How much of a list is read, and in what portions."""

    page_size: int
    max_jobs: int
    max_response_bytes: int
    full_listing_interval: float = 600.0
    """Seconds for which short listings may stand in for a full one."""


class Client:
    """The connections to one target, and what was learned of its endpoints.

    ``transport`` stands in for the network. ``on_unknown`` is told each value that nobody knows: its field and text.
    """

    def __init__(  # noqa: PLR0913 - the world is injected
        self,
        settings: TargetSettings,
        credential: Credential,
        limits: Limits,
        telemetry: Telemetry,
        backoffs: Callable[[str], Backoff],
        *,
        clock: Callable[[], float] = time.time,
        transport: Transport | None = None,
        on_unknown: Callable[[str, str], None] = lambda _field, _value: None,
    ) -> None:
        self.settings = settings
        self._limits = limits
        self._telemetry = telemetry
        self._clock = clock
        self._on_unknown = on_unknown
        self._credential = credential
        self._backoffs = backoffs
        self._transport = transport
        self._dialect = DIALECTS.get(settings.api)
        self._http: httpx.AsyncClient | None = None
        self._ca_file = 0
        """When the CA file that its connections trust was written."""
        self._nodes = Nodes()
        self._silent: set[str] = set()
        """The endpoints that did not answer the last time."""
        self._together = False
        """Whether all nodes are listed whole for the sake of one that else has no time to answer."""
        self._in_vain = False
        """Whether that has not helped."""
        # So that the full listings of many targets do not fall together.
        self._spread = 0.5 + zlib.crc32(repr(settings.target).encode()) / 2**33
        self._habits = {endpoint: Habits() for endpoint in settings.endpoints}
        self._details: DetailReader | None = None

    def serves(self, settings: TargetSettings, credential: Credential, limits: Limits) -> bool:
        """Whether this is what a client made of these would be."""
        return (self.settings, self._limits) == (settings, limits) and self._credential is credential

    async def aclose(self) -> None:
        """Closes the connections."""
        try:
            await self._nodes.aclose()
        finally:
            if self._http is not None:
                await self._http.aclose()

    async def ask(self, session: Session, since: float, recall: Recalling) -> Listing:
        """Asks all endpoints for their jobs at once; failures are part of the answer.

        ``since`` (Unix seconds) bounds what a task centre is asked for, ``recall`` tells what need not be read again.
        """
        loop = asyncio.get_running_loop()
        began, start = self._clock(), loop.time()
        try:
            await self._open()
        except TargetError as error:
            nodes = [_failed(endpoint, 0, error) for endpoint in self.settings.endpoints]
        else:
            short, learned = self._may_be_short(recall), Learned()
            nodes = await self._nodes.ask(
                lambda exchange: self._node(session, exchange, since, short.get(exchange.endpoint), learned),
                session,
                short,
            )
            self._learn(nodes, learned)
        return Listing(
            self.settings.target,
            tuple(nodes),
            began,
            loop.time() - start,
            session.requests,
            self._dialect.api if self._dialect else None,
            self.settings.source,
        )

    async def details(self, session: Session, owed: Iterable[Owed]) -> list[Details]:
        """Asks about imports whose counts the list left out; what cannot be told in time is missing."""
        return await self._details.read(session, owed) if self._details else []

    async def _open(self) -> None:
        """Gets ready to ask, anew when the CA file has changed; a bad one goes wrong each time until it is mended."""
        settings, before = self.settings, self._http
        try:
            ca_file = changed(settings.tls)
        except OSError:
            # One that is gone may be on its way; what was in it is trusted until then.
            ca_file = self._ca_file
        if before is not None and ca_file == self._ca_file:
            return
        self._http = http = open_http(settings, self._transport)
        self._ca_file = ca_file
        await self._nodes.aclose()
        self._nodes = Nodes(self._exchange(http, one, self._backoffs(one)) for one in settings.endpoints)
        if self._dialect is not None and self._dialect.detail is not None:
            # With a back-off of its own: where details fail, the list may still be read.
            exchange = self._exchange(http, settings.endpoints[0], Backoff())
            self._details = DetailReader(exchange, settings.project_id, self._dialect.detail, self._note)
        if before is not None:
            await before.aclose()

    def _exchange(self, http: httpx.AsyncClient, endpoint: str, backoff: Backoff) -> Exchange:
        return Exchange(
            http,
            endpoint,
            self._credential,
            backoff,
            self._telemetry,
            max_bytes=self._limits.max_response_bytes,
            alone=len(self.settings.endpoints) == 1,
            clock=self._clock,
        )

    async def _node(
        self, session: Session, exchange: Exchange, since: float, recall: Recall | None, learned: Learned
    ) -> NodeListing:
        def ask(page: Ask) -> Awaitable[JobPage]:
            return exchange.get(session, "list_jobs", self._path(), self._query(page, since), self._parse)

        reading = Reading(ask, self._note)
        try:
            async with session.deadline.bound():
                return await self._read(reading, exchange.endpoint, recall, learned)
        except TimeoutError:
            return _failed(exchange.endpoint, reading.records, TimeoutExceeded("no full answer within the deadline"))
        except TargetError as error:
            return _failed(exchange.endpoint, reading.records, error)

    async def _read(self, reading: Reading, endpoint: str, recall: Recall | None, learned: Learned) -> NodeListing:
        habits, now = self._habits[endpoint], self._clock()
        limit = min(self._limits.page_size, self._dialect.page_limit if self._dialect else 100_000)
        if recall is not None:
            short = await reading.drive(read_short(habits, recall, limit))
            habits.note_short(fits=short is not None)
            if short is not None:
                learned[endpoint] = partial(habits.go_on, short.total, short.places)
                return NodeListing(endpoint, short.jobs, short=True, records=reading.records)
        collected = await reading.drive(read_all(limit, self._limits.max_jobs, habits))
        if self._dialect is not None and self._dialect.short:
            base = now if collected.complete else None
            learned[endpoint] = partial(habits.learn, collected.jobs, collected.total, base)
        return NodeListing(
            endpoint,
            self._watched(collected.jobs),
            complete=collected.complete,
            truncated=collected.truncated,
            records=reading.records,
        )

    def _may_be_short(self, recall: Recalling) -> Mapping[str, Recall]:
        """Returns the endpoints that may be listed short, each with what need not be read again.

        The nodes of a graph are listed whole together: beside short ones there may be no time for one that is whole.
        Where there is none beside whole ones either, the others are spared until the next full listing.
        """
        now, interval = self._clock(), self._limits.full_listing_interval * self._spread
        allowed = {endpoint for endpoint, habits in self._habits.items() if habits.allow_short(now, interval)}
        answering = self._habits.keys() - self._silent
        due, slow = any(self._habits[one].is_due(now, interval) for one in answering), self._nodes.are_slow
        self._in_vain = not due and (self._in_vain or (self._together and slow))
        self._together = not due and not self._in_vain and (slow or (self._together and not answering <= allowed))
        if due or self._together or self._dialect is None or not self._dialect.short:
            return {}
        return {endpoint: recalled for endpoint in allowed if (recalled := recall(endpoint)) is not None}

    def _learn(self, nodes: Iterable[NodeListing], learned: Learned) -> None:
        """Takes what was learned from the listings that the ledger will see: what builds on others could miss jobs."""
        self._silent = {node.endpoint for node in nodes if node.reason}
        for endpoint, take in learned.items():
            if endpoint not in self._silent:
                take()

    def _watched(self, jobs: list[Job]) -> list[Job]:
        graphs = self.settings.graphs
        return jobs if graphs is None else [job for job in jobs if job.graph in graphs]

    def _path(self) -> str:
        """Returns the path of the job list."""
        dialect = self._dialect or DIALECTS["memory"]
        return dialect.path(self.settings.project_id, self.settings.target.graph)

    def _query(self, ask: Ask, since: float) -> dict[str, str]:
        """Returns the parameters of a page."""
        query = {"limit": str(ask.limit), "offset": str(ask.offset)}
        if self._dialect is not None and self._dialect.since_parameter:
            query[self._dialect.since_parameter] = datetime.fromtimestamp(since, UTC).strftime("%Y-%m-%d")
        return query

    def _parse(self, body: bytes) -> JobPage:
        """Parses a page; with ``api: auto`` the answer's keys tell which of the service plane's shapes it has."""
        if self.settings.api != "auto":
            return DIALECTS[self.settings.api].parse(body)
        tried = self._dialect or DIALECTS["memory"]
        page = tried.parse(body)
        if (self._dialect is None or _strange(page)) and (told := detect(body)) is not None:
            self._dialect = told
            if told is not tried:
                page = told.parse(body)
        return page

    def _note(self, page: JobPage) -> None:
        """Counts what could not be read, and what nobody knows."""
        for field in page.faults:
            self._telemetry.parse_errors[field] += 1
        for field, value in page.unknown:
            self._telemetry.unknown_values[field] += 1
            self._on_unknown(field, value)


def _failed(endpoint: str, records: int, error: TargetError) -> NodeListing:
    return NodeListing(endpoint, records=records, reason=error.reason, message=str(error))


def _strange(page: JobPage) -> bool:
    """Whether no job has a type: the answer may have another shape than the one before."""
    return bool(page.jobs) and all(job.job_type == "unknown" for job in page.jobs)
