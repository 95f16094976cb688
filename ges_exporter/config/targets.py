"""Everything that is to be known of a target to ask it, with the defaults of project and region filled in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from ges_exporter.config.credentials import NONE, Credentials, NoCredentials, PasswordCredentials
from ges_exporter.config.schema import GraphSettings, Management, Project, Tls
from ges_exporter.config.secret import Secret
from ges_exporter.model import Plane, Target


@dataclass(frozen=True)
class TargetSettings:
    """How one job list is asked. Two that are equal can share a connection."""

    target: Target
    project_id: str
    endpoints: tuple[str, ...]
    """URLs without a slash at their end; a graph's nodes, or one task centre."""
    api: str = "auto"
    """``auto``, ``memory`` or ``database`` on the service plane, ``v2`` or ``v1.0`` on the management plane."""
    region: str = ""
    credentials: str = ""
    """A name in `Config.credentials`; empty for none."""
    iam_endpoint: str = ""
    """Where a password is exchanged for a token; empty for other credentials."""
    proxy: Secret | None = None
    tls: Tls = field(default_factory=Tls)
    zone: str = "auto"
    """``auto``, an IANA name, or an offset such as ``+08:00``."""
    graphs: tuple[str, ...] | None = None
    """Of a task centre, the graphs to watch; None for all."""
    lookback: float = 0.0
    """Of a task centre, how old a job may be; seconds."""
    details: bool = False
    """Of a task centre, whether the import details that the list leaves out are asked for."""
    source: str = ""
    """Of a graph that was found, its id or that of its cluster: another one's list is another list."""
    plain_http: bool = False
    """Whether credentials go over plain http, to a private address or because the graph allows it."""


def targets_of(project: Project, credentials: Mapping[str, Credentials]) -> Iterator[TargetSettings]:
    """The targets that a project names: the task centre first, then its graphs."""
    if project.management is not None:
        yield _task_centre(project, project.management, credentials)
    for graph in project.graphs:
        yield graph_target(project, graph, graph.name, graph.addresses, credentials)


def graph_target(
    project: Project,
    settings: GraphSettings,
    name: str,
    endpoints: tuple[str, ...],
    credentials: Mapping[str, Credentials],
) -> TargetSettings:
    """The target of the graph ``name`` at ``endpoints``."""
    used = _used(settings.credentials or project.credentials)
    iam_endpoint = _iam_endpoint(project, credentials.get(used))
    return TargetSettings(
        target=Target(project.name, name, Plane.SERVICE),
        project_id=project.project_id,
        endpoints=endpoints,
        api=settings.api,
        region=project.region or "",
        credentials=used,
        iam_endpoint=iam_endpoint,
        proxy=_proxy(settings.proxy or project.proxy),
        tls=settings.tls,
        zone=settings.timezone,
        plain_http=_plain_http((*endpoints, iam_endpoint), credentials.get(used)),
    )


def discovery_target(project: Project, credentials: Mapping[str, Credentials]) -> TargetSettings:
    """How the management plane is asked for a project's graphs: as its task centre is, or would be."""
    settings = _task_centre(project, project.management or Management(), credentials)
    if project.discovery is None or project.discovery.endpoint is None:
        return settings
    endpoints = (project.discovery.endpoint,)
    plain_http = _plain_http((*endpoints, settings.iam_endpoint), credentials.get(settings.credentials))
    return replace(settings, endpoints=endpoints, plain_http=plain_http)


def _task_centre(project: Project, management: Management, credentials: Mapping[str, Credentials]) -> TargetSettings:
    used = _used(project.credentials)
    iam_endpoint = _iam_endpoint(project, credentials.get(used))
    return TargetSettings(
        target=Target(project.name, "", Plane.MANAGEMENT),
        project_id=project.project_id,
        endpoints=(project.management_endpoint,),
        api=management.api,
        region=project.region or "",
        credentials=used,
        iam_endpoint=iam_endpoint,
        proxy=_proxy(project.proxy),
        tls=management.tls,
        zone="UTC",
        graphs=management.graphs,
        lookback=management.lookback,
        details=management.details,
        plain_http=_plain_http((project.management_endpoint, iam_endpoint), credentials.get(used)),
    )


def _used(name: str) -> str:
    return "" if name == NONE else name


def _proxy(proxy: Secret | str | None) -> Secret | None:
    return proxy if isinstance(proxy, Secret) else None


def _iam_endpoint(project: Project, used: Credentials | None) -> str:
    if not isinstance(used, PasswordCredentials):
        return ""
    return used.iam_endpoint or project.iam_endpoint


def _plain_http(endpoints: tuple[str, ...], used: Credentials | None) -> bool:
    sends = used is not None and not isinstance(used, NoCredentials)
    return sends and any(endpoint.startswith("http://") for endpoint in endpoints)
