"""What the end-to-end tests share: a living GES that is watched, asked by Prometheus, alerted on, and told about."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from ges_exporter.simulator.scenarios.schedule import PROJECT_ID
from tests.e2e import monitoring, programs, watched

PLANTED = ("planted", "hidden")
"""Graphs in which nothing happens but what a test plants."""


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the programs keep their files."""
    return tmp_path_factory.mktemp("e2e")


@pytest.fixture(scope="session")
def simulator(folder: Path) -> Iterator[watched.Simulator]:
    """The living scenario, and the graphs that are `PLANTED`."""
    with watched.simulator(folder, "--scenario", "living") as running:
        for graph in PLANTED:
            running.post("graphs", graph=graph, edition="memory")
        yield running


@pytest.fixture(scope="session")
def exporter(folder: Path, simulator: watched.Simulator) -> Iterator[httpx.Client]:
    """An exporter that has found all graphs by discovery, the planted ones included."""
    file = watched.configured(folder, _configuration(simulator.url))
    address = programs.free_address()
    with watched.exporter(file, address), programs.asking(address, "/-/ready") as client:
        programs.until(lambda: all(f'"{graph}"' in client.get("/sd").text for graph in PLANTED))
        yield client


def _configuration(url: str) -> object:
    import_graph = {"job_type": "ImportGraph", "expected_interval": "10m", "max_duration": "5m", "max_pending": "2m"}
    return {
        "credentials": {
            "demo": {"type": "password", "domain": "demo", "username": "demo", "password": "demo", "iam_endpoint": url}
        },
        "projects": [
            {
                "name": "demo",
                "project_id": PROJECT_ID,
                "credentials": "demo",
                "management": {"endpoint": url},
                "graphs": [{"name": name, "endpoint": url} for name in ("movie", "fraud", "social")],
                "discovery": {"enabled": True, "interval": "10s"},
            }
        ],
        "thresholds": [import_graph],
    }


@pytest.fixture(scope="session")
def receiver() -> Iterator[monitoring.Receiver]:
    """Someone who is told by Alertmanager."""
    with monitoring.receiver() as running:
        yield running


@pytest.fixture(scope="session")
def alertmanager(folder: Path, receiver: monitoring.Receiver) -> Iterator[httpx.Client]:
    """An Alertmanager with the shipped routes and inhibition."""
    with monitoring.alertmanager(folder, receiver.address) as client:
        yield client


@pytest.fixture(scope="session")
def prometheus(folder: Path, exporter: httpx.Client, alertmanager: httpx.Client) -> Iterator[monitoring.Prometheus]:
    """A Prometheus with the shipped rules that discovers what to scrape from the exporter."""
    addresses = (str(client.base_url.netloc, "ascii") for client in (exporter, alertmanager))
    with monitoring.prometheus(folder, monitoring.shipped("prometheus-probe.yml", *addresses)) as running:
        yield running
