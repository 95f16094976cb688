"""Counters as Prometheus sees them while the exporter is killed again and again: each job once, and no reset."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pytest

from ges_exporter.simulator.scenarios.fleet import PROJECT_ID
from tests.e2e import monitoring, programs, watched

KILLS = 12
SPAN = 25.0
"""Seconds in which the jobs come and go."""
LISTED = "80"
"""Jobs that a list keeps: so many that those of the test stay for longer than the exporter is ever away."""
JOBS = 60
"""Submitted to each list."""
GRAPHS = ("graph-0000", "graph-0001")
ALGORITHMS = ("pagerank", "louvain", "closeness")
LEDGER = (
    "ges_jobs_discovered_total",
    "ges_jobs_finished_total",
    "ges_jobs_vanished_total",
    "ges_jobs_late_total",
    "ges_job_duration_seconds_bucket",
    "ges_job_duration_seconds_count",
    "ges_job_duration_seconds_sum",
    "ges_import_lines_total",
    "ges_import_failed_lines_total",
    "ges_import_files_total",
    "ges_import_files_unreported_total",
)
SCRAPING = """
scrape_configs:
  - job_name: ges-exporter
    scrape_interval: 1s
    scrape_timeout: 1s
    static_configs: [{{targets: ['{}']}}]
"""
RUN = "[10m]"
"""Longer than the test."""

LABELS = ("plane", "graph", "job_type", "algorithm", "kind", "status")

Json = dict[str, Any]
Series = tuple[str, ...]
Growth = dict[Series, float]

pytestmark = pytest.mark.e2e


class Run(NamedTuple):
    """A run with its kills behind it."""

    simulator: watched.Simulator
    prometheus: monitoring.Prometheus


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Jobs come and go; the exporter is killed at random moments, in the middle of scrapes too, and started again."""
    folder = tmp_path_factory.mktemp("counters")
    address = programs.free_address()
    chance = Random(7)  # noqa: S311 - a repeatable schedule
    with (
        watched.simulator(folder, "--scenario", "fleet", "--graphs", "2", "--jobs", LISTED) as simulator,
        monitoring.prometheus(folder, SCRAPING.format(address)) as prometheus,
    ):
        for graph in (*GRAPHS, ""):
            _submit_history(simulator, graph)
        simulator.post("lists", graph=GRAPHS[1], order="oldest")
        simulator.post("faults", kind="latency", value=0.1, path="/ges/")
        file = watched.configured(folder, _configuration(folder, simulator.url))
        with watched.exporter(file, address) as process:
            programs.until(lambda: len(prometheus.query("ges_up == 1")) == len((*GRAPHS, "task centre")))
            _submit_future(simulator, chance)
            _kill(process, chance)
        for _ in range(KILLS - 1):
            with watched.exporter(file, address) as process:
                _kill(process, chance)
        with watched.exporter(file, address):
            yield Run(simulator, prometheus)


def _configuration(folder: Path, url: str) -> object:
    graphs = [{"name": name, "endpoint": url, "timezone": "+08:00"} for name in GRAPHS]
    project = {"name": "fleet", "project_id": PROJECT_ID, "management": {"endpoint": url}, "graphs": graphs}
    return {
        "scrape": {"timeout_offset": "100ms"},
        "ledger": {"path": str(folder / "ledger.db")},
        "projects": [project],
    }


def _submit_history(simulator: watched.Simulator, graph: str) -> None:
    """What was there before: from it the counters of each kind of job begin at 0."""
    related = {} if graph else {"graph": GRAPHS[0]}
    for algorithm in ALGORITHMS if graph else ():
        simulator.submit(graph, job_type="Algorithm", algorithm=algorithm, after=-90, run=5)
    simulator.submit(graph, job_type="ImportGraph", after=-80, run=5, files=[_file("edge", 5, 1)], **related)


def _submit_future(simulator: watched.Simulator, chance: Random) -> None:
    for graph in (*GRAPHS, ""):
        for _ in range(JOBS):
            simulator.submit(graph, **_plan(graph, chance))


def _plan(graph: str, chance: Random) -> Json:
    when = {"after": chance.uniform(0, SPAN), "wait": chance.choice((0, 0, 1.5)), "run": chance.uniform(0.1, 4)}
    outcome = chance.choice(("success", "success", "failed", "partiallyFailed"))
    if graph and chance.random() < 0.6:
        return {"job_type": "Algorithm", "algorithm": chance.choice(ALGORITHMS), "outcome": outcome, **when}
    lines = chance.randrange(1, 10_000)
    files = [_file("vertex", lines, 0), _file("edge", 2 * lines, chance.randrange(lines))]
    related = {} if graph else {"graph": GRAPHS[0]}
    return {"job_type": "ImportGraph", "outcome": outcome, "files": files, **related, **when}


def _file(kind: str, lines: int, failed: int) -> Json:
    return {"kind": kind, "name": f"{kind}.csv", "lines": lines, "failed_lines": failed}


def _kill(process: programs.Process, chance: Random) -> None:
    time.sleep(chance.uniform(0.2, 2.5))  # any moment is as good
    process.kill()
    assert process.wait() == -signal.SIGKILL


def _truth(simulator: watched.Simulator, since: float) -> Growth:
    """What the books have counted since a time (Unix seconds), as the counters should have."""
    before, after = (_counted(books) for books in (simulator.get("books", at=since), simulator.get("books")))
    grown = {series: count - before.get(series, 0) for series, count in after.items()}
    return {series: count for series, count in grown.items() if count}


def _counted(books: Mapping[str, Any]) -> Growth:
    counted: Growth = {}
    for entry in books["entries"]:
        for jobs in entry["jobs"]:
            counted[_series("ges_jobs_discovered_total", entry, jobs)] = jobs["appeared"]
        for jobs in entry["finished"]:
            counted[_series("ges_jobs_finished_total", entry, jobs)] = jobs["count"]
            if jobs["status"] == "success":
                counted[_series("ges_job_duration_seconds_count", entry, jobs)] = jobs["count"]
                counted[_series("ges_job_duration_seconds_sum", entry, jobs)] = jobs["seconds"]
        for files in entry["imports"]:
            for name in ("lines", "failed_lines"):
                counted[_series(f"ges_import_{name}_total", entry, files)] = files[name]
            counted[_series("ges_import_files_unreported_total", entry, files)] = files["unreported"]
            for status, count in files["files"].items():
                counted[_series("ges_import_files_total", entry, files | {"status": status})] = count
    return counted


def _growth(prometheus: monitoring.Prometheus) -> Growth:
    """How much each counter has grown: its last sample in Prometheus less its first."""
    grown: Growth = {}
    for name in LEDGER:
        for series in prometheus.query(name + RUN):
            labels, values = series["metric"], [float(value) for _, value in series["values"]]
            if name.startswith("ges_job_duration") and (labels["status"] != "success" or "le" in labels):
                continue  # begins with its first observation, or has no page in the books
            if values[-1] != values[0]:
                grown[_series(name, labels)] = values[-1] - values[0]
    return grown


def _series(name: str, *labels: Mapping[str, Any]) -> Series:
    """A series by its name and the labels that the books know, in the order of `LABELS`."""
    merged = {label: value for group in labels for label, value in group.items()}
    return (name, *(merged.get(label, "") for label in LABELS))


def test_growth_is_the_truth(run: Run) -> None:
    """In Prometheus, last minus first of each counter is what the books of the simulated GES say."""
    since = run.prometheus.query(f"max(last_over_time(ges_target_first_listing_timestamp_seconds{RUN}))")
    met = float(since[0]["value"][1])

    differing: dict[Series, tuple[float, float]] = {}

    def equal() -> bool:
        """Whether all that was submitted is over, and what is seen is what is true; the world goes on meanwhile."""
        nonlocal differing
        seen, true = _growth(run.prometheus), _truth(run.simulator, met)
        both = {series: (seen.get(series, 0), true.get(series, 0)) for series in {*seen, *true}}
        differing = {series: pair for series, pair in both.items() if pair[0] != pair[1]}
        finished = sum(count for series, count in true.items() if series[0] == "ges_jobs_finished_total")
        return finished >= JOBS * len((*GRAPHS, "task centre")) and not differing

    with contextlib.suppress(AssertionError):
        programs.until(equal, SPAN + 30)
    assert differing == {}
    assert len(_growth(run.prometheus)) > 50


def test_no_reset_is_seen_that_was_none(run: Run) -> None:
    """The ledger's counters never fall, while those that begin anew with each process show that it was killed."""
    assert [name for name in LEDGER if run.prometheus.query(f"resets({name}{RUN}) > 0")] == []
    assert run.prometheus.query(f"changes(process_start_time_seconds{RUN}) > 3")
