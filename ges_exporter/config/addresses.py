"""Which endpoints a configuration leads to, and what must not be sent there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress

from ges_exporter.config import urls
from ges_exporter.config.credentials import NONE
from ges_exporter.config.tree import Fault, Node, describe

_PLAIN = "expected https, for credentials are never sent over plain http to an address that is not private, got"
_ON_THE_WAY = "expected https, for credentials are never sent over plain http to a proxy that is not private, got"
_PERMITTED = " (allow_plain_http: true on the graph permits it)"


def missing_regions(root: Node) -> Iterator[Fault]:
    """A region is there where it gives an endpoint."""
    for project in root["projects"].items:
        if project.is_mapping and "region" not in project:
            for purpose in _regional(root, project):
                yield project["region"].fault(f"expected a region, which gives the endpoint of {purpose}")


def exposed(root: Node) -> Iterator[Fault]:
    """Credentials stay off plain http beyond private addresses; only a graph may be excepted from that."""
    ways = [(name, proxy) for project in root["projects"].items for name, proxy in _ways(project)]
    for name, credentials in root["credentials"].entries:
        if credentials["type"].text == "password":
            # Passwords go to IAM by the ways on which their targets are asked.
            proxies = [proxy for used, proxy in ways if used == name]
            yield from _over_plain_http(credentials["iam_endpoint"], proxies)
    for project in root["projects"].items:
        if _sends(root, project["credentials"]):
            yield from _over_plain_http(project["management"]["endpoint"], [project["proxy"]])
            yield from _over_plain_http(project["discovery"]["endpoint"], [project["proxy"]])
        for graph in project["graphs"].items:
            if _sends(root, _credentials(project, graph)) and not graph["allow_plain_http"].on:
                for endpoint in (graph["endpoint"], *graph["endpoints"].items):
                    yield from _over_plain_http(endpoint, [_proxy(project, graph)], _PERMITTED)


def _ways(project: Node) -> Iterator[tuple[str | None, Node]]:
    """The names of credentials, and the proxies through which they are used."""
    found = project["discovery"]["graphs"].items if project["discovery"]["enabled"].on else []
    for graph in (*project["graphs"].items, *found):
        yield _credentials(project, graph).text, _proxy(project, graph)
    if "management" in project or project["discovery"]["enabled"].on:
        yield project["credentials"].text, project["proxy"]


def _proxy(project: Node, graph: Node) -> Node:
    return graph["proxy"] if "proxy" in graph else project["proxy"]


def _regional(root: Node, project: Node) -> Iterator[str]:
    configured = "endpoint" in project["management"]
    if "management" in project and not configured:
        yield "the task centre (or give management.endpoint)"
    if project["discovery"]["enabled"].on and not configured and "endpoint" not in project["discovery"]:
        yield "the management plane, which discovery asks (or give discovery.endpoint)"
    for name in _used(project):
        credentials = root["credentials"][name]
        if credentials["type"].text == "password" and "iam_endpoint" not in credentials:
            yield f"the IAM that {credentials.path} needs (or give its iam_endpoint)"


def _used(project: Node) -> dict[str, None]:
    """The names of the credentials in use, each once."""
    return dict.fromkeys(name for name, _ in _ways(project) if name)


def _credentials(project: Node, graph: Node) -> Node:
    return graph["credentials"] if "credentials" in graph else project["credentials"]


def _sends(root: Node, name: Node) -> bool:
    known = root["credentials"]
    return name.text is not None and name.text in known and known[name.text]["type"].text != NONE


def _over_plain_http(endpoint: Node, proxies: Iterable[Node], exception: str = "") -> Iterator[Fault]:
    """What goes to a private address by plain http, a proxy can read, and whoever is on the way to it."""
    try:
        address = urls.parse_endpoint(endpoint.text or "")
    except ValueError:
        return
    if address.exposed:
        yield endpoint.fault(f"{_PLAIN} {describe(endpoint.value)}{exception}")
    elif any(address.exposed_by(proxy) for proxy in _addresses(proxies)):
        yield endpoint.fault(f"{_ON_THE_WAY} {describe(endpoint.value)}{exception}")


def _addresses(proxies: Iterable[Node]) -> Iterator[urls.Address]:
    for proxy in proxies:
        with suppress(ValueError):
            yield urls.parse_proxy(proxy.text or "")
