"""Asks the single-job API about imports whose line counts the list left out."""

from __future__ import annotations

from collections.abc import Iterable

from ges_exporter.client.exchange import Exchange, Session
from ges_exporter.dialects import Detail
from ges_exporter.errors import ApiError, TargetError, TimeoutExceeded
from ges_exporter.ledger import Owed
from ges_exporter.model import Details, Outcome

GRAPHS_PER_PAGE = 100
MOST_PAGES = 100
"""Of a project's list of graphs; a server that never ends must not keep a scrape busy."""


class DetailReader:
    """Knows the ids of a project's graphs, which the list of jobs does not tell."""

    def __init__(self, exchange: Exchange, project_id: str, detail: Detail) -> None:
        self._exchange = exchange
        self._project_id = project_id
        self._detail = detail
        self._ids: dict[str, str] = {}

    async def read(self, session: Session, owed: Iterable[Owed]) -> list[Details]:
        """Returns an answer for each import that could be asked about within the deadline; never fails."""
        answers: list[Details] = []
        try:
            async with session.deadline.bound():
                wanted = list(owed)
                if any(one.graph not in self._ids for one in wanted):
                    await self._read_graphs(session)
                for one in wanted:
                    answers.append(await self._ask(session, one))  # noqa: PERF401 - a deadline keeps those before it
        except (TimeoutError, TargetError):
            # What is not answered stays owed; the list itself has been read.
            return answers
        return answers

    async def _ask(self, session: Session, owed: Owed) -> Details:
        graph_id = self._ids.get(owed.graph)
        if graph_id is None:
            return Details(owed.job_id, Outcome.REFUSED)
        path = self._detail.job_path(self._project_id, graph_id, owed.job_id)
        try:
            job = await self._exchange.get(session, "show_job", path, {}, self._detail.parse_job)
        except ApiError:
            return Details(owed.job_id, Outcome.REFUSED)
        except TimeoutExceeded:
            raise
        except TargetError:
            return Details(owed.job_id, Outcome.AGAIN)
        return Details(owed.job_id, Outcome.ANSWERED, job.files)

    async def _read_graphs(self, session: Session) -> None:
        path, offset = self._detail.graphs_path(self._project_id), 0
        ids: dict[str, str] = {}
        for _ in range(MOST_PAGES):
            query = {"offset": str(offset), "limit": str(GRAPHS_PER_PAGE)}
            page = await self._exchange.get(session, "list_graphs", path, query, self._detail.parse_graphs)
            new = {graph.name: graph.id for graph in page.graphs if graph.name not in ids}
            if not new:
                break
            ids |= new
            offset += len(page.graphs)
        self._ids = ids
