"""What discovery has found, where it is switched on."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from ges_exporter.dialects import GRAPH_STATUSES
from ges_exporter.families.family import Family, Sample, Scope, State
from ges_exporter.ledger.seats import label

UNKNOWN = "unknown"
"""The word for a code that nobody knows."""


def _graphs(exporter: State) -> Iterator[Sample]:
    for found in exporter.discovered:
        yield Sample((found.project,), found.watched)


def _last_success(exporter: State) -> Iterator[Sample]:
    for found in exporter.discovered:
        if found.last_success is not None:
            yield Sample((found.project,), found.last_success)


def _errors(exporter: State) -> Iterator[Sample]:
    for found in exporter.discovered:
        for reason, number in found.errors.items():
            yield Sample((found.project, reason), number)


def _status(exporter: State) -> Iterator[Sample]:
    for found in exporter.discovered:
        for name, graph in found.graphs.items():
            in_force = GRAPH_STATUSES.get(graph.status, UNKNOWN)
            for status in (*GRAPH_STATUSES.values(), UNKNOWN):
                yield Sample((found.project, name, status), status == in_force)


def _info(exporter: State) -> Iterator[Sample]:
    for found in exporter.discovered:
        for name, graph in found.graphs.items():
            facts = (label(fact) for fact in (graph.id, graph.product_type, graph.version))
            yield Sample((found.project, name, *facts), 1)


_family = partial(Family, scope=Scope.EXPORTER)

DISCOVERY = (
    _family(
        "ges_discovery_graphs",
        "gauge",
        ("project",),
        "Running graphs that discovery found and that are watched; of a database-edition cluster, the graphs in it.",
        _graphs,
    ),
    _family(
        "ges_discovery_last_success_timestamp_seconds",
        "gauge",
        ("project",),
        "When all graphs of the project, those in clusters included, could last be found, in Unix seconds; what was "
        "found then is watched until the next success.",
        _last_success,
    ),
    _family(
        "ges_discovery_errors_total",
        "counter",
        ("project", "reason"),
        "Times that the graphs of the project, or those in one cluster, could not be found, by reason; and each time "
        "a running graph was found that cannot be watched (address, duplicate, name, plain_http).",
        _errors,
    ),
    _family(
        "ges_graph_status",
        "gauge",
        ("project", "graph", "status"),
        "Status of each graph that discovery found, running or not: 1 for the one in force, 0 for the others; graphs "
        "in a cluster have the cluster's, and a code that is not known counts as unknown.",
        _status,
    ),
    _family(
        "ges_graph_info",
        "gauge",
        ("project", "graph", "graph_id", "product_type", "version"),
        "Facts of each graph that discovery found, always 1; graphs in a cluster have the cluster's.",
        _info,
    ),
)
