"""What must hold between the values of a configuration.

The rules read the file's values, not the validated ones, so that a fault in one place hides none in another; what they
cannot make sense of they leave to the schema.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from ges_exporter.config.addresses import exposed, missing_regions
from ges_exporter.config.credentials import KINDS, NONE
from ges_exporter.config.schema import Scrape
from ges_exporter.config.tree import Fault, Node, describe, suggest
from ges_exporter.config.units import format_duration, parse_duration

Rule = Callable[[Node], Iterator[Fault]]

_EXPECTATIONS = ("expected_interval", "max_duration", "max_pending")


def names_used_twice(root: Node) -> Iterator[Fault]:
    """Projects, and the graphs of one project, are told apart by their names."""
    yield from _used_twice(project["name"] for project in root["projects"].items)
    for project in root["projects"].items:
        yield from _used_twice(graph["name"] for graph in project["graphs"].items)


def endpoints_used_twice(root: Node) -> Iterator[Fault]:
    """Each node of a graph has its own endpoint."""
    for graph in _graphs(root):
        yield from _used_twice(graph["endpoints"].items, lambda url: url.lower().removesuffix("/"))


def unknown_credentials(root: Node) -> Iterator[Fault]:
    """Credentials that are referred to exist; ``none`` always does, and is what it says."""
    known = {NONE, *(name for name, _ in root["credentials"].entries)}
    for node in _references(root):
        if node.text and node.text not in known:
            wanted = f"expected the name of credentials, got {describe(node.value)}"
            yield node.fault(wanted + suggest(node.text, known))
    reserved = root["credentials"][NONE]["type"]
    if reserved.text and reserved.text != NONE:
        yield reserved.fault('expected none, for the name "none" is kept for no credentials')


def secrets(root: Node) -> Iterator[Fault]:
    """Each secret is given once, literally or by its file."""
    for _, credentials in root["credentials"].entries:
        kind = KINDS.get(credentials["type"].text or "")
        for key, required in kind.SECRETS.items() if kind else ():
            yield from _one_of(credentials, key, f"{key}_file", required=required)


def endpoints(root: Node) -> Iterator[Fault]:
    """A graph has one endpoint, or one for each node."""
    for graph in _graphs(root):
        yield from _one_of(graph, "endpoint", "endpoints", required=True)


def something_to_watch(root: Node) -> Iterator[Fault]:
    """A project watches its task centre, a graph, or what discovery finds."""
    for project in root["projects"].items:
        graphs = "graphs" in project and project["graphs"].value != []
        watches = graphs or "management" in project or project["discovery"]["enabled"].on
        if project.is_mapping and not watches:
            yield project.fault("expected graphs, management or discovery, for there is nothing to watch")


def thresholds(root: Node) -> Iterator[Fault]:
    """A threshold expects something."""
    for threshold in root["thresholds"].items:
        if threshold.is_mapping and not any(key in threshold for key in _EXPECTATIONS):
            yield threshold.fault(f"expected at least one of {', '.join(_EXPECTATIONS)}")


def timeouts(root: Node) -> Iterator[Fault]:
    """The default deadline is within the upper bound of any."""
    scrape = root["scrape"]
    timeout, most = _seconds(scrape, "timeout"), _seconds(scrape, "max_timeout")
    if timeout is not None and most is not None and timeout > most:
        place = scrape["max_timeout" if "max_timeout" in scrape else "timeout"]
        yield place.fault(
            f"expected timeout to be at most max_timeout, got {format_duration(timeout)} and {format_duration(most)}"
        )


RULES: tuple[Rule, ...] = (
    names_used_twice,
    endpoints_used_twice,
    unknown_credentials,
    secrets,
    endpoints,
    something_to_watch,
    thresholds,
    timeouts,
    missing_regions,
    exposed,
)


def _graphs(root: Node) -> Iterator[Node]:
    for project in root["projects"].items:
        yield from (graph for graph in project["graphs"].items if graph.is_mapping)


def _references(root: Node) -> Iterator[Node]:
    for project in root["projects"].items:
        yield project["credentials"]
        for graph in (*project["graphs"].items, *project["discovery"]["graphs"].items):
            yield graph["credentials"]


def _used_twice(nodes: Iterable[Node], normal: Callable[[str], str] = str) -> Iterator[Fault]:
    earlier: dict[str, Node] = {}
    for node in nodes:
        if node.text and (first := earlier.setdefault(normal(node.text), node)) is not node:
            yield node.fault(f"expected no duplicate, got {describe(node.value)} as in {first.path}")


def _one_of(node: Node, key: str, other: str, *, required: bool) -> Iterator[Fault]:
    if key in node and other in node:
        yield node[other].fault(f"expected {key} or {other}, got both")
    if required and key not in node and other not in node:
        yield node[key].fault(f"expected {key} or {other}, but both are missing")


def _seconds(scrape: Node, key: str) -> float | None:
    """The duration under ``key``, its default if it is left out, None if it is none."""
    if key not in scrape:
        default: float = Scrape.model_fields[key].default
        return default
    try:
        return parse_duration(scrape[key].text or "")
    except ValueError:
        return None
