"""The scenario ``fleet``: many graphs with long lists."""

from __future__ import annotations

from ges_exporter.simulator.scenarios.fleet import PROJECT_ID, Size, fleet
from tests.simulated import Clock, ask


def path(graph: int) -> str:
    """Where the list of a graph is."""
    return f"/ges/v1.0/{PROJECT_ID}/graphs/graph-{graph:04d}/jobs/status"


def test_a_fleet_has_the_size_that_was_asked_for() -> None:
    """So many graphs with so many jobs each, one of them stuck at the far end, all ids different."""
    world = fleet(Clock(), size=Size(graphs=3, jobs=50))
    bodies = [ask(world, path(graph)).json() for graph in range(3)]
    assert [body["jobCount"] for body in bodies] == [50, 50, 50]
    assert [body["jobs"][-1]["status"] for body in bodies] == ["running"] * 3
    assert len({job["jobId"] for body in bodies for job in body["jobs"]}) == 150
    assert ask(world, f"/v2/{PROJECT_ID}/graphs").json()["graph_count"] == 3


def test_its_lists_go_on_at_their_length() -> None:
    """New jobs push the oldest finished ones out; the stuck one stays."""
    clock = Clock()
    world = fleet(clock, size=Size(graphs=1, jobs=50))
    before = {job["jobId"]: job["status"] for job in ask(world, path(0)).json()["jobs"]}
    clock.advance(600)
    after = {job["jobId"]: job["status"] for job in ask(world, path(0)).json()["jobs"]}
    assert len(after) == 50
    assert 8 <= len(after.keys() - before.keys()) <= 12
    assert "running" in {after[job] for job in after.keys() & before.keys()}


def test_a_share_of_it_hangs() -> None:
    """The share is in percent of the graphs."""
    world = fleet(Clock(), size=Size(graphs=40, jobs=1, hanging=5))
    assert [fault.kind for fault in world.faults] == ["hang", "hang"]
    assert {fault.graph for fault in world.faults} < {f"graph-{number:04d}" for number in range(40)}


def test_a_finished_job_is_the_same_bytes_every_time() -> None:
    """Rendered once and sliced, a page is part of the whole."""
    world = fleet(Clock(), size=Size(graphs=1, jobs=500))
    whole, part = ask(world, path(0)).json()["jobs"], ask(world, f"{path(0)}?offset=100&limit=50").json()["jobs"]
    assert part == whole[100:150]
