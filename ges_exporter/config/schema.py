"""The sections of the configuration file, with their defaults; durations in seconds, sizes in bytes."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field

from ges_exporter.config.credentials import NONE
from ges_exporter.config.section import Section
from ges_exporter.config.units import DAY, HOUR, MIB, MINUTE
from ges_exporter.config.values import (
    Bounds,
    Duration,
    Endpoint,
    Expression,
    FilePath,
    Flag,
    LedgerPath,
    Name,
    NotEmpty,
    PositiveDuration,
    ProjectId,
    Proxy,
    Region,
    ServerName,
    Size,
    Whole,
    Zone,
)

_OneOrMore = Annotated[Whole, Field(ge=1)]


class Scrape(Section):
    """How targets are asked."""

    timeout: PositiveDuration = 9.0
    max_timeout: PositiveDuration = 2 * MINUTE
    timeout_offset: Duration = 0.5
    concurrency: _OneOrMore = 64
    page_size: Annotated[Whole, Field(ge=1, le=100_000)] = 5000
    max_jobs: _OneOrMore = 200_000
    max_response_bytes: Size = 256 * MIB
    full_listing_interval: Duration = 10 * MINUTE
    min_interval: Duration = 0.0


class Ledger(Section):
    """Where and how long jobs are remembered."""

    path: Annotated[LedgerPath, Field(validate_default=True)] = "ges-exporter.db"
    """Absolute, or ``:memory:``."""
    forget_after: Duration = 7 * DAY
    vanish_after: Duration = 10 * MINUTE
    late_after: Duration = HOUR
    retire_after: PositiveDuration = 90 * DAY


class Limits(Section):
    """How many series there may be."""

    active_jobs_per_graph: Annotated[Whole, Field(ge=0)] = 20
    label_sets_per_graph: _OneOrMore = 40
    graphs_per_project: _OneOrMore = 2000


class Histogram(Section):
    """The bounds of ``ges_job_duration_seconds``."""

    duration_buckets: Bounds = (1, 5, 15, 60, 300, 900, 1800, 3600, 7200, 14400, 43200, 86400)


class Tls(Section):
    """How a server's certificate is checked."""

    ca_file: FilePath | None = None
    server_name: ServerName | None = None
    insecure_skip_verify: Flag = False


class Management(Section):
    """A project's task centre."""

    api: Literal["v2", "v1.0"] = "v2"
    endpoint: Endpoint | None = None
    graphs: Annotated[tuple[Name, ...], NotEmpty] | None = None
    lookback: PositiveDuration = 7 * DAY
    details: Flag = True
    tls: Tls = Tls()


class GraphSettings(Section):
    """What can be said of a graph, be it configured or found; None: as its project has it."""

    api: Literal["auto", "memory", "database"] = "auto"
    timezone: Zone = "auto"
    credentials: Name | None = None
    proxy: Proxy | None = None
    allow_plain_http: Flag = False
    tls: Tls = Tls()


class _Located(Section):
    """A graph's name, and its endpoint or one for each node."""

    name: Name
    endpoint: Endpoint | None = None
    endpoints: Annotated[tuple[Endpoint, ...], NotEmpty] | None = None

    @property
    def addresses(self) -> tuple[str, ...]:
        """Every endpoint, whichever way it was given."""
        return self.endpoints or ((self.endpoint,) if self.endpoint else ())


class Graph(GraphSettings, _Located):
    """A graph's own job list."""


class FoundGraphs(GraphSettings):
    """Settings for the graphs that discovery finds under a name that matches."""

    match: Expression


class Discovery(Section):
    """How a project's graphs are found through the management plane."""

    enabled: Flag = False
    interval: PositiveDuration = 5 * MINUTE
    address: Literal["private", "public", "traffic"] = "private"
    scheme: Literal["auto", "https", "http"] = "auto"
    endpoint: Endpoint | None = None
    include: tuple[Expression, ...] = (re.compile(".*"),)
    exclude: tuple[Expression, ...] = ()
    graphs: tuple[FoundGraphs, ...] = ()


class Project(Section):
    """A project: its task centre, its graphs, and those that are found."""

    name: Name
    project_id: ProjectId
    region: Region | None = None
    credentials: Name = NONE
    proxy: Proxy | None = None
    management: Management | None = None
    graphs: tuple[Graph, ...] = ()
    discovery: Discovery | None = None

    @property
    def discovers(self) -> bool:
        """Whether the project's graphs are to be found."""
        return self.discovery is not None and self.discovery.enabled

    @property
    def management_endpoint(self) -> str:
        """Where the project's management plane is; empty if nothing tells."""
        configured = self.management and self.management.endpoint
        return configured or (f"https://ges.{self.region}.myhuaweicloud.com" if self.region else "")

    @property
    def iam_endpoint(self) -> str:
        """Where the IAM of the project's region is; empty without a region."""
        return f"https://iam.{self.region}.myhuaweicloud.com" if self.region else ""
