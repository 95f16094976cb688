"""A simulated GES and an exporter that watches it, each a process of its own."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import httpx
import yaml

from tests.e2e.programs import Process, asking, free_address, running


class Simulator:
    """A running ``ges-simulator``."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client
        self.url = str(client.base_url).rstrip("/")

    def get(self, path: str, /, **parameters: str | float) -> dict[str, object]:
        """What it tells of itself."""
        answer: dict[str, object] = self._client.get(f"/simulator/{path}", params=parameters).raise_for_status().json()
        return answer

    def post(self, path: str, /, **body: object) -> dict[str, object]:
        """A change."""
        answer: dict[str, object] = self._client.post(f"/simulator/{path}", json=body).raise_for_status().json()
        return answer

    def submit(self, graph: str, /, **plan: object) -> str:
        """Adds a job to a graph (or, without a name, to the task centre); its id."""
        return str(self.post("jobs", graph=graph, plan=plan)["id"])

    def mend(self) -> None:
        """Takes all faults away."""
        self._client.delete("/simulator/faults").raise_for_status()


@contextlib.contextmanager
def simulator(folder: Path, *flags: str) -> Iterator[Simulator]:
    """A simulator, until the block ends."""
    address = free_address()
    with (
        running(folder / "simulator.log", "ges-simulator", "--listen-address", address, *flags),
        asking(address, "/simulator/world") as client,
    ):
        yield Simulator(client)


def configured(folder: Path, configuration: object) -> Path:
    """A file with the exporter's configuration."""
    path = folder / "ges-exporter.yml"
    path.write_text(yaml.safe_dump(configuration), "utf-8")
    return path


@contextlib.contextmanager
def exporter(file: Path, address: str) -> Iterator[Process]:
    """An exporter at ``address``, from when it is ready until the block ends."""
    flags = (f"--config.file={file}", f"--web.listen-address={address}", f"--web.external-url=http://{address}")
    with running(file.parent / "exporter.log", "ges-exporter", *flags) as process, asking(address, "/-/ready"):
        yield process
