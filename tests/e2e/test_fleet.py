"""Several exporters share the graphs, by the shipped example: a real Prometheus finds, spreads and scrapes them."""

from __future__ import annotations

import contextlib
import re
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any, Self

import pytest
import yaml

from ges_exporter.simulator.scenarios.fleet import PROJECT_ID
from tests.alerting import PROMETHEUS
from tests.e2e import monitoring, programs, watched

GRAPHS = 60
TARGETS = GRAPHS + 1
"""With the task centre."""
LATE = 8.0
"""Seconds after which a graph counts as watched by another exporter; in life it is an hour."""
SPAN = 26.0
"""Seconds in which jobs come and go."""
JOBS = 4
"""Of each graph, in that time."""
ALGORITHM = "closeness"
"""Which nothing else runs, but which every list has seen."""
PROBES = 'job="ges-probe"'
RUN = "[10m]"
"""Longer than the test."""

pytestmark = pytest.mark.e2e


class Fleet:
    """Exporters, each with a ledger of its own, on addresses of the loopback that end in their numbers."""

    def __init__(self, folder: Path, simulator: watched.Simulator) -> None:
        self.port = programs.free_address().rpartition(":")[2]
        self._folder = folder
        self._simulator = simulator
        self._stack = contextlib.ExitStack()
        self._processes: dict[int, programs.Process] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def instance(self, number: int) -> str:
        """The address of an exporter."""
        return f"127.0.0.1{number}:{self.port}"

    def start(self, number: int) -> None:
        """Starts an exporter, or one again that was killed."""
        folder = self._folder / str(number)
        folder.mkdir(exist_ok=True)
        file = watched.configured(folder, self._configuration())
        self._processes[number] = self._stack.enter_context(watched.exporter(file, self.instance(number)))

    def kill(self, number: int) -> None:
        """Ends an exporter as a power cut would."""
        self._processes[number].kill()
        assert self._processes[number].wait() == -signal.SIGKILL

    def prometheus(self, exporters: int) -> str:
        """The shipped configuration of Prometheus for so many exporters, at their addresses, and faster."""
        text = (PROMETHEUS / "prometheus-probe.yml").read_text("utf-8")
        text = re.sub(r"ges-exporter-(\d|\$1)\.ges-exporter:9877", rf"127.0.0.1\1:{self.port}", text)
        shipped: dict[str, Any] = yaml.safe_load(text.replace("30s", "2s").replace("20s", "2s"))
        own, probes = shipped["scrape_configs"]
        addresses = [self.instance(number) for number in range(exporters)]
        if exporters == 3:
            assert own["static_configs"] == [{"targets": addresses}]
        own["static_configs"] = [{"targets": addresses}]
        probes["http_sd_configs"] = [{"url": f"http://{address}/sd"} for address in addresses]
        probes["relabel_configs"][0]["modulus"] = exporters
        del shipped["alerting"]
        return yaml.safe_dump(shipped)

    def _configuration(self) -> object:
        project = {
            "name": "fleet",
            "project_id": PROJECT_ID,
            "management": {"endpoint": self._simulator.url},
            "discovery": {"enabled": True},
        }
        ledger = {"path": "ledger.db", "late_after": f"{LATE:g}s"}
        return {"scrape": {"timeout_offset": "100ms"}, "ledger": ledger, "projects": [project]}


def submit(simulator: watched.Simulator) -> None:
    """Jobs of each graph, spread over the time of the test."""
    chance = Random(11)  # noqa: S311 - a repeatable schedule
    for number in range(GRAPHS * JOBS):
        when = {"after": chance.uniform(0, SPAN), "run": chance.uniform(0.1, 3)}
        graph = f"graph-{number % GRAPHS:04d}"
        simulator.submit(graph, job_type="Algorithm", algorithm=ALGORITHM, outcome="success", **when)


def shards(prometheus: monitoring.Prometheus) -> dict[str, str]:
    """By target, the exporter that scrapes it with success; AssertionError if two do."""
    scraped = prometheus.query(f"ges_up{{{PROBES}}} == 1")
    found = {series["metric"]["target"]: series["metric"]["instance"] for series in scraped}
    assert len(found) == len(scraped)
    return found


def until_all_are_scraped(prometheus: monitoring.Prometheus, fleet: Fleet, exporters: int) -> dict[str, str]:
    """Waits until so many exporters share all targets; by target, its exporter."""
    instances = {fleet.instance(number) for number in range(exporters)}

    def shared() -> dict[str, str]:
        pools = prometheus.get("targets", state="active")["activeTargets"]
        probed = [target["labels"] for target in pools if target["scrapePool"] == "ges-probe"]
        if {labels["instance"] for labels in probed} != instances:
            return {}
        with contextlib.suppress(AssertionError):
            found = shards(prometheus)
            return found if len(found) == TARGETS and set(found.values()) == instances else {}
        return {}

    return programs.until(shared)


def counted(prometheus: monitoring.Prometheus, name: str) -> Counter[str]:
    """By graph, how many of those jobs all exporters have counted, as Prometheus has seen it."""
    series = f'{name}{{{PROBES},algorithm="{ALGORITHM}"}}{RUN}'
    grown = prometheus.query(f"sum by (graph) (max_over_time({series}) - min_over_time({series}))")
    return Counter({series["metric"]["graph"]: round(float(series["value"][1])) for series in grown})


def finished(simulator: watched.Simulator, at: float) -> Counter[str]:
    """By graph, how many of those jobs had finished at a time (Unix seconds)."""
    entries: Any = simulator.get("books", at=at)["entries"]
    return Counter(
        {
            entry["graph"]: sum(jobs["count"] for jobs in entry["finished"] if jobs["algorithm"] == ALGORITHM)
            for entry in entries
        }
    )


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[watched.Simulator]:
    """60 graphs."""
    flags = ("--scenario", "fleet", "--graphs", str(GRAPHS), "--jobs", "40")
    with watched.simulator(tmp_path_factory.mktemp("simulator"), *flags) as running:
        yield running


def test_three_exporters_then_four_then_three(simulator: watched.Simulator, tmp_path: Path) -> None:
    """Each graph has one exporter; a dead one's are missing; whoever takes over counts nothing twice or anew."""
    with Fleet(tmp_path, simulator) as fleet:
        for number in range(3):
            fleet.start(number)
        with monitoring.prometheus(tmp_path, fleet.prometheus(3)) as prometheus:
            three = until_all_are_scraped(prometheus, fleet, 3)
            since = time.time()
            submit(simulator)

            fleet.kill(1)
            lost = {target for target, instance in three.items() if instance == fleet.instance(1)}
            down = f"up{{{PROBES}}} == 0"
            programs.until(lambda: {series["metric"]["target"] for series in prometheus.query(down)} == lost)
            programs.until(lambda: shards(prometheus).keys() == three.keys() - lost)
            fleet.start(1)
            assert until_all_are_scraped(prometheus, fleet, 3) == three

            fleet.start(3)
            (tmp_path / "prometheus.yml").write_text(fleet.prometheus(4), "utf-8")
            prometheus.reload()
            four = until_all_are_scraped(prometheus, fleet, 4)
            time.sleep(LATE + 3)  # so long that others have surely counted what finished meanwhile

            (tmp_path / "prometheus.yml").write_text(fleet.prometheus(3), "utf-8")
            prometheus.reload()
            assert until_all_are_scraped(prometheus, fleet, 3) == three
            time.sleep(max(since + SPAN + 3 - time.time(), 0) + 3)  # the last jobs end, and are scraped

            stayed = {target for target in three if three[target] == four[target]}
            check_counts(prometheus, simulator, since, stayed)


def check_counts(
    prometheus: monitoring.Prometheus, simulator: watched.Simulator, since: float, stayed: set[str]
) -> None:
    """No counter of a ledger has ever fallen, and no graph counts more jobs than there were; one that stayed, all."""
    for name in ("ges_jobs_finished_total", "ges_jobs_discovered_total", "ges_job_duration_seconds_count"):
        assert prometheus.query(f"resets({name}{{{PROBES}}}{RUN}) > 0") == []
    truth = finished(simulator, time.time()) - finished(simulator, since)
    seen = counted(prometheus, "ges_jobs_finished_total")
    assert {graph: (number, truth[graph]) for graph, number in seen.items() if number > truth[graph]} == {}
    found = counted(prometheus, "ges_jobs_discovered_total")
    assert {graph: number for graph, number in found.items() if number > JOBS} == {}
    kept = {target.partition("/")[2] for target in stayed} - {""}
    assert len(kept) >= 5
    assert {graph: seen[graph] for graph in kept} == {graph: truth[graph] for graph in kept}
