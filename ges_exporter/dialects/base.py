"""What a dialect consists of."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from ges_exporter.model import Api, GraphPage, JobPage, Plane


class Detail(msgspec.Struct, frozen=True):
    """How a plane tells more of one job, and of a project's graphs."""

    job_path: Callable[[str, str, str], str]
    """From project id, graph id and job id."""
    parse_job: Callable[[bytes], JobPage]
    """Returns a page of one."""
    graphs_path: Callable[[str], str]
    """From the project id."""
    parse_graphs: Callable[[bytes], GraphPage]


class Cluster(msgspec.Struct, frozen=True):
    """How a cluster of graphs tells which they are."""

    path: Callable[[str], str]
    """From the project id."""
    parse: Callable[[bytes], GraphPage]


class Dialect(msgspec.Struct, frozen=True):
    """One shape of the job list API."""

    api: Api
    plane: Plane
    parse: Callable[[bytes], JobPage]
    path: Callable[[str, str], str]
    """From the project id and the graph's name, both as they are, unescaped."""
    short: bool = False
    """Whether the head of the list can stand in for the whole of it."""
    since_parameter: str = ""
    """The query parameter that filters by begin date."""
    page_limit: int = 100_000
    """The largest page that may be asked for."""
    detail: Detail | None = None
