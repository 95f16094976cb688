"""Prometheus and Alertmanager with the shipped files, in which hours are minutes, and someone who is told."""

from __future__ import annotations

import contextlib
import json
import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

from tests.alerting import PROMETHEUS, ROOT, RULES
from tests.e2e.programs import asking, free_address, running

Json = dict[str, Any]

FASTER = 30
_DURATION = re.compile(r"\b(\d+)([smhd])\b")
_MILLISECONDS = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_EXPORTERS = re.compile(r"ges-exporter(-(\d|\$1)\.ges-exporter)?:9877")


def faster(text: str) -> str:
    """A file of rules or routes, each duration in it `FASTER` times as short; nothing else is touched."""
    return _DURATION.sub(lambda found: f"{int(found[1]) * _MILLISECONDS[found[2]] // FASTER}ms", text)


class Prometheus:
    """A running Prometheus."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def get(self, path: str, /, **parameters: str | float) -> Any:  # noqa: ANN401 - as the path has it
        """The data of an answer of the API; AssertionError with Prometheus' words if it is an error."""
        answer = self._client.get(f"/api/v1/{path}", params=parameters).json()
        assert answer["status"] == "success", f"{answer.get('error')}: {parameters}"
        return answer["data"]

    def query(self, expression: str) -> list[Json]:
        """The series that an expression gives now."""
        return list(self.get("query", query=expression)["result"])

    def reload(self) -> None:
        """Reads the configuration again."""
        self._client.post("/-/reload").raise_for_status()

    def rules(self) -> list[Json]:
        """The rules, as they were last evaluated."""
        return [rule for group in self.get("rules")["groups"] for rule in group["rules"]]


@contextlib.contextmanager
def prometheus(folder: Path, configuration: str) -> Iterator[Prometheus]:
    """A Prometheus with this configuration and the shipped rules."""
    (folder / "rules").mkdir()
    for path in RULES.glob("*.yml"):
        (folder / "rules" / path.name).write_text(faster(path.read_text("utf-8")), "utf-8")
    (folder / "prometheus.yml").write_text(configuration, "utf-8")
    address = free_address()
    command = (
        "prometheus",
        f"--config.file={folder}/prometheus.yml",
        f"--storage.tsdb.path={folder}/tsdb",
        f"--web.listen-address={address}",
        "--web.enable-lifecycle",
    )
    with running(folder / "prometheus.log", *command), asking(address, "/-/ready") as client:
        yield Prometheus(client)


def shipped(name: str, exporter: str, alertmanager: str) -> str:
    """A shipped configuration of Prometheus with these addresses, and two seconds between scrapes."""
    text = _EXPORTERS.sub(exporter, (PROMETHEUS / name).read_text("utf-8"))
    return text.replace("alertmanager:9093", alertmanager).replace("30s", "2s").replace("20s", "2s")


@contextlib.contextmanager
def alertmanager(folder: Path, receiver: str) -> Iterator[httpx.Client]:
    """An Alertmanager with the shipped routes, which tells ``receiver``."""
    routes = faster((ROOT / "config/alertmanager/alertmanager.yml").read_text("utf-8"))
    (folder / "alertmanager.yml").write_text(routes.replace("localhost:9095", receiver), "utf-8")
    address = free_address()
    command = (
        "prometheus-alertmanager",
        f"--config.file={folder}/alertmanager.yml",
        f"--storage.path={folder}/alertmanager",
        f"--web.listen-address={address}",
        "--cluster.listen-address=",
    )
    with running(folder / "alertmanager.log", *command), asking(address, "/-/ready") as client:
        yield client


class Receiver(ThreadingHTTPServer):
    """Someone whom Alertmanager tells."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.address = f"127.0.0.1:{self.server_address[1]}"
        self._told: list[tuple[str, Json]] = []
        self._news = threading.Condition()

    def take(self, path: str, message: Json) -> None:
        """One message to one of the receivers, which is told by the path."""
        with self._news:
            self._told += [(path, alert) for alert in message["alerts"]]
            self._news.notify_all()

    def wait(self, fits: Callable[[str, Json], bool], seconds: float = 60) -> Json:
        """The first alert that fits, by its path and what it says; AssertionError if none comes."""

        def found() -> Json | None:
            return next((alert for path, alert in self._told if fits(path, alert)), None)

        with self._news:
            alert = self._news.wait_for(found, seconds)
            assert alert, [(path, told["status"], told["labels"]) for path, told in self._told]
            return alert


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        """A webhook of Alertmanager."""
        self.server.take(self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing: what is told is in the list."""


@contextlib.contextmanager
def receiver() -> Iterator[Receiver]:
    """A receiver of webhooks, until the block ends."""
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
