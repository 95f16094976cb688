"""Asks the single-job API about imports whose line counts the list left out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping

from ges_exporter.client.exchange import Exchange, Session
from ges_exporter.client.graphs import read_graphs
from ges_exporter.dialects import Detail
from ges_exporter.errors import ApiError, AuthFailed, TargetError, Throttled, TimeoutExceeded
from ges_exporter.model import Details, GraphPage, JobPage, Outcome, Owed


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
        answers: list[Details] = []
        wanted = list(owed)
        try:
            async with session.deadline.bound():
                if any(one.graph not in self._ids or one.graph in self._doubted for one in wanted):
                    await self._read_graphs(session)
                for one in wanted:
                    answers.append(await self._ask(session, one))  # noqa: PERF401 - a deadline keeps those before it
        except ApiError:
            # The list of graphs is refused, and so is every question that begins with it.
            return [Details(one.job_id, Outcome.REFUSED) for one in wanted]
        except (AuthFailed, Throttled):
            # The rest of this scrape's questions would fare no better.
            return [*answers, Details(wanted[len(answers)].job_id, Outcome.AGAIN)]
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
            page = await self._exchange.get(session, "show_job", path, {}, self._detail.parse_job)
        except ApiError:
            self._doubted.add(owed.graph)
            return Details(owed.job_id, Outcome.REFUSED)
        except (AuthFailed, Throttled, TimeoutExceeded):
            raise
        except TargetError:
            return Details(owed.job_id, Outcome.AGAIN)
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
