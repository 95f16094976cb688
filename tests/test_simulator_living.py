"""The scenario ``living``: what happens in its first minutes, seen through its APIs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import httpx
import pytest

from ges_exporter.simulator.scenarios.living import PROJECT, TOKEN_LIFETIME, living
from ges_exporter.simulator.scenarios.schedule import FAULTS, PROJECT_ID
from tests.simulated import Clock, ask, client

STEP = 4
MINUTES = 6
SEEDS = [0, 7]
PATHS = {name: f"/ges/v1.0/{PROJECT_ID}/graphs/{name}/jobs/status" for name in ("movie", "fraud", "social")} | {
    "v2": f"/v2/{PROJECT_ID}/graphs/jobs?limit=500",
    "v1.0": f"/v1.0/{PROJECT_ID}/graphs/jobs?limit=500",
}


@dataclass
class Trace:
    """What each list answered every few seconds: HTTP codes, and jobs by id where there was an answer."""

    codes: dict[str, list[int]] = field(default_factory=lambda: {name: [] for name in PATHS})
    jobs: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: {name: [] for name in PATHS})

    def add(self, name: str, answer: httpx.Response | None) -> None:
        """Note an answer; None for a connection that was cut."""
        self.codes[name].append(answer.status_code if answer else 0)
        body = answer.json() if answer and answer.status_code == 200 else {}
        records = next((value for value in body.values() if isinstance(value, list)), [])
        self.jobs[name].append({record.get("jobId") or record["job_id"]: record for record in records})

    def records(self, name: str, job_type: str = "", algorithm: str = "") -> Iterator[dict[str, Any]]:
        """All records of a list, those of one time after those of the time before, oldest first."""
        for jobs in self.jobs[name]:
            for job in reversed(jobs.values()):
                if job_type in job.get("taskType", "") and algorithm in job.get("rawRequest", ""):
                    yield job

    def outcomes(self, name: str, job_type: str = "", algorithm: str = "") -> list[str]:
        """How the jobs ended that were seen active and then finished, in the order of their ends."""
        active: set[str] = set()
        ended: dict[str, str] = {}
        for job in self.records(name, job_type, algorithm):
            if job["status"] in {"pending", "running"}:
                active.add(job["jobId"])
            elif job["jobId"] in active:
                ended.setdefault(job["jobId"], job["status"])
        return list(ended.values())


@cache
def trace(seed: int) -> Trace:
    """The first minutes of a world."""
    clock, found = Clock(), Trace()
    world = living(clock, seed=seed)
    world.faults.clear()
    for fault in FAULTS:
        if fault.kind != "latency":  # which would pass in real time
            world.faults.add(fault)

    async def main() -> None:
        async with client(world) as session:
            for _ in range(MINUTES * 60 // STEP):
                for name, path in PATHS.items():
                    try:
                        found.add(name, await session.get(path))
                    except ConnectionResetError:
                        found.add(name, None)
                clock.advance(STEP)

    asyncio.run(main())
    return found


@pytest.fixture(params=SEEDS, ids=[f"seed {seed}" for seed in SEEDS])
def seen(request: pytest.FixtureRequest) -> Trace:
    """The traces of several seeds: the schedule does not hang on luck."""
    return trace(request.param)


STATUSES = {
    "movie": {"pending", "running", "success", "failed", "stopped"},
    "fraud": {"pending", "running", "success", "failed", "partiallyFailed"},
    "social": {"pending", "running", "success", "failed", "complete"},
    "v2": {"pending", "running", "success", "failed", "partiallyFailed"},
    "v1.0": {"pending", "running", "success", "failed", "partiallyFailed"},
}


@pytest.mark.parametrize(("name", "statuses"), STATUSES.items())
def test_every_status_occurs_within_five_minutes(seen: Trace, name: str, statuses: set[str]) -> None:
    """Every word of every API is in its list at some time, and one that nobody knows."""
    found = {job["status"] for jobs in seen.jobs[name][: 300 // STEP] for job in jobs.values()}
    assert found == statuses


@pytest.mark.parametrize("name", PATHS)
def test_every_list_moves_within_a_minute(seen: Trace, name: str) -> None:
    """There is history at the start, and something new or something changed soon after."""
    first, later = seen.jobs[name][0], seen.jobs[name][60 // STEP]
    assert len(first) > 10
    assert {job: record["status"] for job, record in later.items()} != {
        job: record["status"] for job, record in first.items()
    }


def test_a_type_fails_and_succeeds_later(seen: Trace) -> None:
    """An import whose last run failed, then an import that is good again."""
    outcomes = seen.outcomes("fraud", "ImportGraph")
    assert "success" in outcomes[outcomes.index("failed") :]


def test_a_type_fails_often(seen: Trace) -> None:
    """More than half of the runs of one algorithm."""
    outcomes = seen.outcomes("fraud", "Algorithm", "cluster_coefficient")
    assert outcomes.count("failed") > len(outcomes) / 2 > 2


def test_a_job_is_stuck(seen: Trace) -> None:
    """One runs for minutes, and its progress has stopped."""
    progress = [
        job["progress"] for job in seen.records("movie", "Algorithm", "closeness") if job["status"] == "running"
    ]
    assert progress.count("37") * STEP > 200


def test_a_job_waits_long(seen: Trace) -> None:
    """One is pending for more than four minutes."""
    jobs = seen.records("fraud", "Algorithm", "subgraph_matching")
    assert sum(job["status"] == "pending" for job in jobs) * STEP > 240


def test_a_backlog_grows(seen: Trace) -> None:
    """For a minute and a half there are ever more pending jobs."""
    pending = [
        sum(job["status"] == "pending" for job in seen.jobs["fraud"][second // STEP].values())
        for second in (58, 86, 140)
    ]
    assert pending == sorted(set(pending))
    assert pending[-1] - pending[0] > 8


def test_a_type_has_no_success_for_a_while(seen: Trace) -> None:
    """It succeeded before, fails now, and another has never succeeded."""
    history = {job["status"] for job in seen.jobs["fraud"][0].values() if "personalrank" in job["rawRequest"]}
    assert "success" in history
    assert set(seen.outcomes("fraud", "Algorithm", "personalrank")) == {"failed"}
    assert {job["status"] for job in seen.records("fraud", "ExportGraph")} == {"running", "failed"}


def test_imports_reject_lines_and_keep_counts_to_themselves(seen: Trace) -> None:
    """Some report failed lines, some report nothing."""
    files = {
        name: [
            item
            for job in seen.records(name, "ImportGraph")
            for group in job.get("files", ())
            for item in group.get("edgeFiles", ())
        ]
        for name in ("movie", "fraud")
    }
    assert any(file.get("failedLines") for file in files["movie"])
    assert any("totalLines" not in file for file in files["fraud"])


def test_a_job_is_cancelled(seen: Trace) -> None:
    """It is there, running, and then it is not."""
    known = {job["jobId"]: job["status"] for job in seen.records("movie", "Algorithm", "k_core")}
    assert "running" in {status for job, status in known.items() if job not in seen.jobs["movie"][-1]}


def test_old_jobs_are_pruned(seen: Trace) -> None:
    """The lists do not only grow."""
    for name in ("movie", "fraud", "social"):
        assert seen.jobs[name][0].keys() - seen.jobs[name][-1].keys()


def test_a_node_with_an_old_list_takes_over_for_a_while(seen: Trace) -> None:
    """Jobs never seen before that ended more than an hour ago; then the usual list is back."""
    known = seen.jobs["fraud"][168 // STEP].keys()
    taken_over = seen.jobs["fraud"][180 // STEP]
    assert taken_over.keys().isdisjoint(known)
    assert max(job["endTime"] for job in taken_over.values()) < "2025-06-15 22:06:40"
    assert seen.jobs["fraud"][202 // STEP].keys() & known


@pytest.mark.parametrize(("name", "code"), [("fraud", 503), ("social", 400), ("social", 0), ("v2", 429), ("v2", 500)])
def test_a_target_fails_and_recovers(seen: Trace, name: str, code: int) -> None:
    """A graph, or the management plane, fails; a token is refused, a connection cut, too much asked; not for long."""
    codes = seen.codes[name]
    assert 0 < codes.count(code) * STEP < 90
    assert codes[0] == codes[-1] == 200


def test_the_other_targets_are_well_meanwhile(seen: Trace) -> None:
    """What happens to one happens to it alone."""
    assert set(seen.codes["movie"]) == set(seen.codes["v1.0"]) == {200}


def test_tokens_expire_soon() -> None:
    """A user who wants a token gets one that has to be renewed within the demonstration."""
    user = {"name": "demo", "password": "demo", "domain": {"name": "demo"}}
    identity = {"methods": ["password"], "password": {"user": user}}
    body = {"auth": {"identity": identity, "scope": {"project": {"name": PROJECT}}}}
    answer = ask(living(Clock()), "/v3/auth/tokens", "POST", json=body)
    assert (answer.status_code, TOKEN_LIFETIME) == (201, 600)


def test_the_graphs_list_shows_all_graphs_and_a_stopped_one() -> None:
    """With addresses that a client on this machine can reach."""
    graphs = ask(living(Clock()), f"/v2/{PROJECT_ID}/graphs", host="127.0.0.1:9878").json()["graphs"]
    shown = {graph["name"]: (graph["status"], graph["product_type"]) for graph in graphs}
    assert shown == {
        "movie": ("200", "InMemory"),
        "fraud": ("200", "InMemory"),
        "social": ("200", "Persistence"),
        "archive": ("900", "InMemory"),
    }
    assert {graph["private_ip"] for graph in graphs} == {"127.0.0.1:9878"}


def test_it_lives_for_hours_and_stays_small() -> None:
    """Six hours long the lists are bounded, and in each of them jobs come, run and end."""
    clock = Clock()
    world = living(clock)
    project = world.projects[PROJECT_ID]
    for jobs in (project.centre, *(project.graphs[name].jobs for name in ("movie", "fraud", "social"))):
        known: set[str] = set()
        statuses: set[str] = set()
        for _ in range(40):
            clock.advance(547)
            listed = {job.id: job.status(clock.now) for job in jobs.visible()}
            statuses |= {listed[job] for job in listed.keys() - known}
            assert len(listed) <= 200
            assert listed.keys() - known
            known |= listed.keys()
        assert statuses >= {"running", "success", "failed"}


def test_the_same_seed_lives_the_same_life() -> None:
    """Another seed another."""
    bodies = [ask(living(Clock(), seed=seed), PATHS["movie"]).content for seed in (3, 3, 4)]
    assert bodies[0] == bodies[1] != bodies[2]
