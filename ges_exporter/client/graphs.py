"""A list of graphs, read page by page and trusting nothing, like a list of jobs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

from ges_exporter.model import Graph, GraphPage

GRAPHS_PER_PAGE = 100
MOST_GRAPHS = 10_000
"""A server that never ends must not keep anybody busy."""

AskPage = Callable[[Mapping[str, str]], Awaitable[GraphPage]]
"""From the query's parameters."""


class Graphs(NamedTuple):
    """What a list of graphs held."""

    graphs: list[Graph]
    complete: bool
    """Whether a graph that is not in it is not there."""


async def read_graphs(ask: AskPage) -> Graphs:
    """Asks for pages, each overlapping the one before by a record, until one shows nothing new.

    A list that claims to be longer than what it showed is not complete.
    """
    page = await ask(_query(0))
    graphs, rows, complete = {graph.id: graph for graph in page.graphs}, _rows(page), not page.left_out
    while page.graphs and len(graphs) < MOST_GRAPHS:
        # A page of one record can be followed, but not overlapped: nothing shows that none was lost in between.
        last, overlap = page.graphs[-1].id, min(_rows(page) - 1, 1)
        page = await ask(_query(rows - overlap))
        new = {graph.id: graph for graph in page.graphs if graph.id not in graphs}
        complete = complete and not page.left_out and (not overlap or any(graph.id == last for graph in page.graphs))
        if not new:
            break
        complete = complete and overlap == 1
        rows += _rows(page) - overlap
        graphs |= new
    else:
        complete = complete and not page.graphs
    return Graphs(list(graphs.values()), complete and (page.total or 0) <= len(graphs))


def _query(offset: int) -> dict[str, str]:
    return {"offset": str(offset), "limit": str(GRAPHS_PER_PAGE)}


def _rows(page: GraphPage) -> int:
    return len(page.graphs) + page.left_out
