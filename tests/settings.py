"""Configurations for tests, from the smallest that is accepted."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from ges_exporter.config import Config, TargetSettings, parse
from ges_exporter.errors import ConfigError

BASE = Path("/etc/ges")
ENDPOINT = "https://10.0.0.5"


def parsed(content: object, environment: Mapping[str, str] | None = None) -> Config:
    """``content`` as the configuration file /etc/ges/ges-exporter.yml would have it."""
    return parse(content, environment or {}, BASE)


def minimal(**sections: object) -> dict[str, Any]:
    """One project, one graph, nothing else but ``sections``."""
    return {
        "projects": [{"name": "demo", "project_id": "p", "graphs": [{"name": "movie", "endpoint": ENDPOINT}]}],
        **sections,
    }


def with_project(**keys: object) -> dict[str, Any]:
    """One project with ``keys``."""
    return {"projects": [{"name": "demo", "project_id": "p", **keys}]}


def with_graph(**keys: object) -> dict[str, Any]:
    """One project with one graph with ``keys``."""
    return with_project(graphs=[{"name": "movie", "endpoint": ENDPOINT, **keys}])


def only_target(content: object, environment: Mapping[str, str] | None = None) -> TargetSettings:
    """The one target of a configuration."""
    (target,) = parsed(content, environment).targets()
    return target


def faults(content: object, environment: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """What is wrong with ``content``."""
    with pytest.raises(ConfigError) as caught:
        parsed(content, environment)
    return caught.value.faults
