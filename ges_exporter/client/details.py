"""Asks the single-job API about imports whose line counts the list left out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping

from ges_exporter.client.exchange import Exchange
from ges_exporter.client.graphs import read_graphs
from ges_exporter.client.session import Session
from ges_exporter.dialects import Detail
from ges_exporter.errors import ApiError, AuthFailed, TargetError, Throttled
from ges_exporter.model import Details, GraphPage, JobPage, Outcome, Owed

LEAST, LONGEST = 0.2, 5.0
"""Seconds that must be left for a question, and that one may take: at most half of what is left to the first to go."""


def _bound(session: Session) -> asyncio.Timeout:
    return asyncio.timeout(min(LONGEST, session.remaining / 2))


class DetailReader:
    """Knows the ids of a project's graphs, which the list of jobs does not tell; ``note`` is told of each answer."""

    def __init__(self, exchange: Exchange, project_id: str, detail: Detail, note: Callable[[JobPage], None]) -> None:
        self._exchange = exchange
        self._project_id = project_id
        self._detail = detail
        self._note = note
        self._ids: dict[str, str] = {}
        self._doubted: set[str] = set()
        """Graphs that may be others by now, under the same names."""

    async def read(self, session: Session, owed: Iterable[Owed]) -> list[Details]:
        """Returns an answer for each import that could be asked about within the deadline; never fails."""
        wanted = list(owed)
        if any(one.graph not in self._ids or one.graph in self._doubted for one in wanted):
            try:
                async with _bound(session):
                    await self._read_graphs(session)
            except ApiError:
                # The list of graphs is refused, and so is every question that begins with it.
                return [Details(one.job_id, Outcome.REFUSED) for one in wanted]
            except (TimeoutError, TargetError):
                return [Details(one.job_id, Outcome.AGAIN) for one in wanted]
        return await self._ask_all(session, wanted)

    async def _ask_all(self, session: Session, wanted: Iterable[Owed]) -> list[Details]:
        answers: list[Details] = []
        for one in wanted:
            if session.remaining < LEAST:
                break
            try:
                async with _bound(session):
                    answers.append(await self._ask(session, one))
            except (AuthFailed, Throttled):
                # The rest of this scrape's questions would fare no better.
                return [*answers, Details(one.job_id, Outcome.AGAIN)]
            except (TimeoutError, TargetError):
                answers.append(Details(one.job_id, Outcome.AGAIN))
        return answers

    async def _ask(self, session: Session, owed: Owed) -> Details:
        graph_id = self._ids.get(owed.graph)
        if graph_id is None:
            return Details(owed.job_id, Outcome.REFUSED)
        path = self._detail.job_path(self._project_id, graph_id, owed.job_id)
        try:
            page = await self._exchange.get(session, "show_job", path, {}, self._detail.parse_job)
        except ApiError:
            self._doubted.add(owed.graph)
            return Details(owed.job_id, Outcome.REFUSED)
        self._note(page)
        (job,) = page.jobs
        if job.id != owed.job_id:
            return Details(owed.job_id, Outcome.AGAIN)
        return Details(owed.job_id, Outcome.ANSWERED, job.files)

    async def _read_graphs(self, session: Session) -> None:
        def ask(query: Mapping[str, str]) -> Awaitable[GraphPage]:
            path = self._detail.graphs_path(self._project_id)
            return self._exchange.get(session, "list_graphs", path, query, self._detail.parse_graphs)

        graphs, _ = await read_graphs(ask)
        # Of two of one name, the one that is listed first.
        self._ids = {graph.name: graph.id for graph in reversed(graphs)}
        self._doubted.clear()
