"""From what the APIs told of graphs to the targets that are watched because of it; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from ipaddress import ip_address
from typing import NamedTuple

from ges_exporter.config import Credentials, Discovery, GraphSettings, Project, TargetSettings, graph_target, urls
from ges_exporter.config.values import DOTS
from ges_exporter.dialects import SERVING
from ges_exporter.ledger.seats import label
from ges_exporter.model import Graph


class Answer(NamedTuple):
    """What a management plane, and the clusters that it listed, told last."""

    graphs: tuple[Graph, ...] = ()
    inside: Mapping[str, tuple[str, ...]] = {}
    """By a cluster's id: the names of the graphs in it."""


class Finding(NamedTuple):
    """What is made of it."""

    targets: tuple[TargetSettings, ...] = ()
    graphs: Mapping[str, Graph] = {}
    """By name, running or not; a graph in a cluster has the facts of the cluster."""
    left_out: Mapping[str, Unusable] = {}
    """Running graphs that cannot be watched, and why."""

    @property
    def sources(self) -> Mapping[str, str]:
        """By the name of a target: the id of the graph, or of the cluster that it is in."""
        return {settings.target.graph: settings.source for settings in self.targets}


class Unusable(Exception):
    """A graph that was found but cannot be watched; ``reason`` is one of a few words."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def find(
    project: Project, credentials: Mapping[str, Credentials], answer: Answer, watched: Mapping[str, str] | None = None
) -> Finding:
    """Returns what a project's discovery has found, in the order of the graphs' names.

    ``watched`` are the `Finding.sources` up to now: a graph that runs is not given up for another of its name.
    """
    sources = watched or {}
    discovery = project.discovery or Discovery()
    targets: dict[str, TargetSettings] = {}
    graphs: dict[str, Graph] = {}
    left_out: dict[str, Unusable] = {}
    configured = _configured(project)

    def rank(found: tuple[str, Graph, bool]) -> tuple[str, bool, bool, str]:
        name, graph, _ = found
        # Of two of one name, such as one whose making failed and its successor, the one that runs.
        return name, graph.status not in SERVING, sources.get(name) != graph.id, graph.id

    for name, graph, watchable in sorted(_names(answer), key=rank):
        if not _includes(discovery, name, graph):
            continue
        try:
            _check_name(name)
            graphs.setdefault(name, graph)
            if watchable and graph.status in SERVING:
                _check_new(name, targets)
                targets[name] = _settings_of(project, credentials, name, graph)
        except Unusable as unusable:
            # What is configured is watched as the configuration says, wherever it was found.
            if name not in configured:
                left_out[name if name == graph.name else f"{graph.name}/{name}"] = unusable
    return Finding(tuple(targets.values()), graphs, left_out)


def clusters_of(
    project: Project, credentials: Mapping[str, Credentials], graphs: Iterable[Graph]
) -> tuple[list[tuple[Graph, TargetSettings]], dict[str, Unusable]]:
    """Returns the running clusters with how to ask each for its graphs, and those that cannot be asked."""
    clusters: list[tuple[Graph, TargetSettings]] = []
    left_out: dict[str, Unusable] = {}
    for graph in graphs:
        if graph.cluster and graph.status in SERVING and not _excludes(project.discovery or Discovery(), graph.name):
            try:
                clusters.append((graph, _settings_of(project, credentials, graph.name, graph)))
            except Unusable as unusable:
                if graph.name not in _configured(project):
                    left_out[graph.name] = unusable
    return clusters, left_out


def _configured(project: Project) -> frozenset[str]:
    return frozenset(graph.name for graph in project.graphs)


def _settings_of(project: Project, credentials: Mapping[str, Credentials], name: str, graph: Graph) -> TargetSettings:
    """Returns how a graph is asked: ``graph`` itself, or one called ``name`` in that cluster.

    Raises:
        Unusable: it cannot be, or must not.
    """
    discovery = project.discovery or Discovery()
    settings = _given(discovery, name, graph)
    endpoints = _endpoints_of(graph, discovery)
    target = replace(graph_target(project, settings, name, endpoints, credentials), source=graph.id)
    if target.plain_http and not settings.allow_plain_http:
        proxy = urls.parse_proxy(target.proxy.reveal()) if target.proxy else None
        for address in map(urls.parse_endpoint, endpoints):
            if address.exposed or (proxy is not None and address.exposed_by(proxy)):
                raise Unusable("plain_http", f"credentials are never sent over plain http to {address}, or on the way")
    return target


def _endpoints_of(graph: Graph, discovery: Discovery) -> tuple[str, ...]:
    """Returns the URLs at which a graph answers.

    Raises:
        Unusable: it has no address of the kind that is wanted.
    """
    kinds = {"private": (graph.private_ip,), "public": (graph.public_ip,), "traffic": graph.traffic_ips}
    addresses = [address for address in kinds[discovery.address] if address]
    if not addresses:
        raise Unusable("address", f"it has no {discovery.address} address")
    scheme = discovery.scheme if discovery.scheme != "auto" else "https" if graph.https else "http"
    urls_of, faults = [], []
    for address in addresses:
        try:
            urls_of.append(_url(scheme, address))
        except Unusable as unusable:
            faults.append(unusable)
    if not urls_of:
        raise faults[0]
    return tuple(dict.fromkeys(urls_of))


def _includes(discovery: Discovery, name: str, graph: Graph) -> bool:
    """Whether a graph is wanted; whoever excludes a cluster excludes what is in it."""
    included = any(expression.fullmatch(name) for expression in discovery.include)
    return included and not _excludes(discovery, name) and not _excludes(discovery, graph.name)


def _excludes(discovery: Discovery, name: str) -> bool:
    return any(expression.fullmatch(name) for expression in discovery.exclude)


def _names(answer: Answer) -> Iterator[tuple[str, Graph, bool]]:
    """Yields the name of each graph, and whether a job list goes by it: a cluster has none of its own."""
    for graph in answer.graphs:
        yield graph.name, graph, not graph.cluster
        for name in answer.inside.get(graph.id, ()):
            yield name, graph, True


def _check_name(name: str) -> None:
    if not name.strip() or label(name) != name or name in DOTS:
        raise Unusable("name", f"{name!r} is no name that a label can hold")


def _check_new(name: str, targets: Mapping[str, TargetSettings]) -> None:
    if name in targets:
        raise Unusable("duplicate", f"another graph of the name {name!r} is watched")


def _given(discovery: Discovery, name: str, graph: Graph) -> GraphSettings:
    for settings in discovery.graphs:
        if settings.match.fullmatch(name) or settings.match.fullmatch(graph.name):
            return settings
    return GraphSettings()


def _url(scheme: str, address: str) -> str:
    try:
        host = f"[{ip_address(address)}]" if ":" in address and not address.startswith("[") else address
    except ValueError:
        host = address
    try:
        return str(urls.parse_endpoint(f"{scheme}://{host}"))
    except ValueError:
        raise Unusable("address", f"its address {address!r} cannot be read") from None
