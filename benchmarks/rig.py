"""A simulator and an exporter, each in a process of its own, and what can be measured of them."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import httpx
import yaml

PROJECT_ID = "f1ee7f1ee7f1ee7f1ee7f1ee7f1ee7f1"
MIB = 1024 * 1024


class Scrape(NamedTuple):
    """One scrape of ``/metrics``."""

    seconds: float
    text: str

    def total(self, name: str) -> float:
        """Returns the sum of a metric's samples."""
        return sum(float(value) for value in re.findall(rf"^{name}(?:\{{.*\}})? (\S+)$", self.text, re.MULTILINE))

    @property
    def samples(self) -> int:
        """How many there are."""
        return sum(1 for line in self.text.splitlines() if line and not line.startswith("#"))


class Process:
    """A command of this package, running."""

    def __init__(self, module: str, arguments: Sequence[str]) -> None:
        self._began = time.perf_counter()
        self.popen = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", module, *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )

    def first_line(self) -> str:
        """Waits for the first line of output."""
        assert self.popen.stdout is not None  # noqa: S101 - PIPE above
        return self.popen.stdout.readline().strip()

    def peak_mib(self) -> float:
        """Returns the most memory that the process has ever held resident."""
        status = Path(f"/proc/{self.popen.pid}/status").read_text(encoding="ascii")
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        return int(found[1]) / 1024 if found else float("nan")

    def resident_mib(self) -> float:
        """Returns the memory that the process holds resident now."""
        status = Path(f"/proc/{self.popen.pid}/status").read_text(encoding="ascii")
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        return int(found[1]) / 1024 if found else float("nan")

    def cpu_seconds(self) -> float:
        """Returns the processor time used so far."""
        fields = Path(f"/proc/{self.popen.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / 100

    def stop(self) -> None:
        """Ends it."""
        self.popen.terminate()
        self.popen.wait()


@contextmanager
def simulator(*arguments: str) -> Iterator[str]:
    """Runs a simulator; yields its URL."""
    process = Process("ges_exporter.simulator", ["--listen-address", "127.0.0.1:0", *arguments])
    try:
        yield process.first_line().rpartition(" ")[2]
    finally:
        process.stop()


class Exporter:
    """A running exporter."""

    def __init__(self, process: Process, url: str) -> None:
        self.process = process
        self.url = url

    def scrape(self, query: str = "") -> Scrape:
        """Scrapes it."""
        began = time.perf_counter()
        answer = httpx.get(f"{self.url}/metrics{query}", timeout=120, trust_env=False)
        answer.raise_for_status()
        return Scrape(time.perf_counter() - began, answer.text)


OTHER = "localhost"
"""What stands for the address of another node."""


def fleet_config(
    url: str, graphs: int, ledger: str = ":memory:", *, nodes: bool = False, **scrape: object
) -> dict[str, object]:
    """Returns a configuration that watches the first graphs of a simulated fleet; ``nodes``: at two addresses each."""
    endpoints = [url, url.replace("127.0.0.1", OTHER)] if nodes else [url]
    return {
        "scrape": {"timeout": "100s", **scrape},
        "ledger": {"path": ledger},
        "projects": [
            {
                "name": "fleet",
                "project_id": PROJECT_ID,
                "graphs": [{"name": f"graph-{number:04}", "endpoints": endpoints} for number in range(graphs)],
            }
        ],
    }


@contextmanager
def exporter(config: dict[str, object]) -> Iterator[Exporter]:
    """Runs an exporter; yields it once it is ready."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        (folder / "ges-exporter.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
        port = free_port()
        process = Process(
            "ges_exporter",
            ["--config.file", str(folder / "ges-exporter.yml"), "--web.listen-address", f"127.0.0.1:{port}"],
        )
        stack.callback(process.stop)
        url = f"http://127.0.0.1:{port}"
        wait_until_ready(url)
        yield Exporter(process, url)


def wait_until_ready(url: str) -> float:
    """Waits until an exporter is ready; returns how long that took, in seconds."""
    began = time.perf_counter()
    while time.perf_counter() - began < 60:
        try:
            if httpx.get(f"{url}/-/ready", trust_env=False).status_code == 200:
                return time.perf_counter() - began
        except httpx.TransportError:
            time.sleep(0.02)
    raise TimeoutError(f"{url} is not ready")


def free_port() -> int:
    """Returns a port that is free just now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def show(what: str, value: float, unit: str, aim: str = "") -> None:
    """Prints one figure."""
    print(f"{what:<66}{value:>10.2f} {unit:<4}{f'  (aim: {aim})' if aim else ''}", flush=True)
