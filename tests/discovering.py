"""An exporter under test that discovers the graphs of a simulated GES: no socket, and time that passes at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import yaml

from ges_exporter.config import Config
from ges_exporter.exporter import Exporter
from ges_exporter.exposition import render
from ges_exporter.redaction import Redaction
from ges_exporter.simulator import Project, World, create_app
from tests import swift
from tests.exposed import Samples, samples_of
from tests.settings import parsed
from tests.simulated import PROJECT, START

HOST = "http://10.0.0.1"
LISTS = f"/v2/{PROJECT}/graphs"
MINUTE = 60.0


def world_of(*names: str) -> tuple[World, Project]:
    """A world on the clock of the event loop, with one project and running graphs."""
    world = World(clock)
    world.advertise_port = False
    project = world.add_project("demo", PROJECT)
    for name in names:
        add(project, name)
    return world, project


def add(project: Project, name: str, status: str = "200", **facts: Any) -> None:  # noqa: ANN401 - of an `Instance`
    """Add a graph at an address of its own."""
    number = len(project.instances) + 2
    address = f"10.1.{number // 250}.{number % 250}"
    graph = project.add_graph(name, facts.pop("edition", "memory"), node=address)
    graph.instance.status, graph.instance.private_ip = status, address
    for fact, value in facts.items():
        setattr(graph.instance, fact, value)


def clock() -> float:
    """Unix seconds that pass as those of the event loop do, from `START` on."""
    try:
        return START + swift.now()
    except RuntimeError:
        return START


def configured(discovery: dict[str, Any] | None = None, /, **project: Any) -> Config:  # noqa: ANN401 - as in the file
    """One project that discovers its graphs; credentials ``key``, ``open`` exist."""
    settings = {"enabled": True, "endpoint": HOST} | (discovery or {})
    credentials = {"key": {"type": "header", "name": "X-Api-Key", "value": "hunter2-hunter2"}, "open": {"type": "none"}}
    return parsed(
        {
            "scrape": {"max_response_bytes": "1MiB"},
            "ledger": {"path": ":memory:"},
            "credentials": credentials,
            "projects": [{"name": "demo", "project_id": PROJECT, "discovery": settings, **project}],
        }
    )


@asynccontextmanager
async def exporter_of(world: World, config: Config | None = None) -> AsyncIterator[Exporter]:
    """An exporter that watches ``world``."""
    transport = httpx.ASGITransport(create_app(world))
    exporter = Exporter(config or configured(), redaction=Redaction(), clock=clock, transport=transport)
    try:
        yield exporter
    finally:
        await exporter.aclose()


def watched(exporter: Exporter) -> list[str]:
    """The graphs that are targets now."""
    return [target.graph for target in exporter.targets if target.graph]


async def page(exporter: Exporter, seconds: float = 9.0, *, own: bool = True) -> Samples:
    """What a scrape of everything shows."""
    results = await exporter.scrape(list(exporter.targets), seconds)
    return samples_of(render(exporter.snapshot(results, seconds, own=own))[0].decode())


def value(samples: Samples, name: str, **labels: str) -> float | None:
    """The one sample of that name with exactly these labels."""
    return samples.get((name, tuple(sorted(labels.items()))))


def up(samples: Samples) -> dict[str, float]:
    """Of each graph, whether it was up."""
    return {dict(labels)["graph"]: number for (name, labels), number in samples.items() if name == "ges_up"}


def redacted(config: Config) -> Any:  # noqa: ANN401 - YAML
    """The configuration as it is shown."""
    return yaml.safe_load(config.redacted())


async def soon() -> None:
    """Lets whatever is under way come to its end, as far as it takes no time."""
    await asyncio.sleep(1)
