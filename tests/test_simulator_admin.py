"""The simulator's own paths: the books, and changes from outside."""

from __future__ import annotations

from typing import Any

import pytest

from ges_exporter.simulator import File, Plan, Project, World, books
from tests.simulated import PROJECT, START, Clock, ask

SERVICE = f"/ges/v1.0/{PROJECT}/graphs/movie/jobs/status"
EDGES = File(kind="edge", name="edge.csv", lines=100, failed_lines=10)


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still."""
    return Clock()


@pytest.fixture
def project(clock: Clock) -> Project:
    """A project with one graph of two nodes."""
    project = World(clock).add_project("demo", PROJECT)
    graph = project.add_graph("movie", node="127.0.0.2")
    project.add_node(graph, "127.0.0.3")
    return project


def entry(project: Project, at: float | None = None, plane: str = "service", graph: str = "movie") -> dict[str, Any]:
    """One entry of the books."""
    (found,) = [item for item in books(project.world, at) if (item["plane"], item["graph"]) == (plane, graph)]
    return found


def test_the_books_count_finished_jobs_by_outcome(project: Project) -> None:
    """By type, algorithm and status in one spelling, with how long they took in whole seconds."""
    jobs = project.graphs["movie"].jobs
    for outcome, run in (("success", 10.0), ("success", 20.0), ("partiallyFailed", 5.0), ("stopped", 1.0)):
        jobs.submit(Plan(job_type="Algorithm", algorithm="louvain", after=-50, run=run, outcome=outcome))
    jobs.submit(Plan(job_type="Algorithm", algorithm="louvain", after=-50))
    finished = {row["status"]: (row["count"], row["seconds"]) for row in entry(project)["finished"]}
    assert finished == {"success": (2, 30), "partially_failed": (1, 5), "unknown": (1, 1)}
    assert entry(project)["jobs"] == [
        {"job_type": "Algorithm", "algorithm": "louvain", "appeared": 5, "pending": 0, "running": 1}
    ]


def test_the_books_can_be_read_as_of_a_time(project: Project) -> None:
    """What ended later is not in them."""
    project.graphs["movie"].jobs.submit(Plan(job_type="VertexQuery", after=-50, run=20))
    assert [entry(project, at)["finished"] != [] for at in (START - 31, START - 30)] == [False, True]
    answer = ask(project.world, f"/simulator/books?at={START - 40}").json()
    assert (answer["now"], answer["entries"][0]["jobs"][0]["running"]) == (START, 1)


def test_the_books_count_a_job_once_and_for_good(project: Project, clock: Clock) -> None:
    """In two nodes it is one job; pruned it stays counted; cancelled it never finishes."""
    graph = project.graphs["movie"]
    job = graph.jobs.submit(Plan(job_type="VertexQuery", id="a", run=10))
    graph.nodes["127.0.0.3"].put(job)
    graph.jobs.submit(Plan(job_type="ExportGraph", run=10, stays=5))
    clock.advance(20)
    graph.jobs.prune(0)
    assert [(row["job_type"], row["count"]) for row in entry(project)["finished"]] == [("VertexQuery", 1)]


def test_the_books_know_what_was_shown(project: Project) -> None:
    """A finish that no list has shown could not be counted by anybody."""
    project.graphs["movie"].jobs.submit(Plan(job_type="VertexQuery", after=-50, run=20))
    before = entry(project)["finished"][0]["shown"]
    ask(project.world, SERVICE)
    assert (before, entry(project)["finished"][0]["shown"]) == (0, 1)


def test_the_books_add_up_import_lines(project: Project) -> None:
    """Lines as far as they are returned, files by outcome, and the files whose counts are not."""
    jobs = project.graphs["movie"].jobs
    jobs.submit(Plan(job_type="ImportGraph", after=-50, run=20, files=(EDGES, EDGES)))
    jobs.submit(Plan(job_type="ImportGraph", after=-50, run=20, files=(File(kind="edge", name="e", lines=7),)))
    jobs.submit(Plan(job_type="ImportGraph", after=-50, files=(EDGES,)))
    (edges,) = entry(project)["imports"]
    assert edges == {
        "kind": "edge",
        "lines": 207,
        "failed_lines": 20,
        "files": {"partially_failed": 2, "success": 1},
        "unreported": 1,
    }


def test_the_books_of_the_task_centre_go_by_graph(project: Project) -> None:
    """Waiting is part of a job's time there, and imports that never return counts are unreported."""
    project.centre.submit(
        Plan(job_type="ImportGraph", graph="fraud", after=-50, wait=10, run=20, files=(EDGES,), counts="never")
    )
    fraud = entry(project, plane="management", graph="fraud")
    assert fraud["finished"][0]["seconds"] == 30
    assert (fraud["imports"][0]["lines"], fraud["imports"][0]["unreported"]) == (0, 1)


def test_the_database_edition_tells_no_times_and_lines(project: Project) -> None:
    """So the books have none to compare with."""
    social = project.add_graph("social", "database")
    social.jobs.submit(Plan(job_type="import_graph", after=-50, run=20, outcome="complete", files=(EDGES,)))
    body = entry(project, graph="social")
    assert (body["finished"][0]["status"], body["finished"][0]["seconds"], body["imports"]) == ("complete", None, [])


def test_jobs_can_be_added_ended_and_removed(project: Project) -> None:
    """Over HTTP, as a test of another process does it."""
    world = project.world
    plan = {"job_type": "Algorithm", "algorithm": "louvain", "files": [{"kind": "edge", "name": "e"}]}
    added = ask(world, "/simulator/jobs", "POST", json={"graph": "movie", "plan": plan})
    job = added.json()["id"]
    assert (added.status_code, ask(world, SERVICE).json()["jobs"][0]["status"]) == (201, "running")
    ask(world, f"/simulator/jobs/{job}", "POST", json={"outcome": "failed", "reason": "why"})
    assert ask(world, SERVICE).json()["jobs"][0].items() >= {"status": "failed", "failReason": "why"}.items()
    ask(world, f"/simulator/jobs/{job}", "DELETE")
    assert ask(world, SERVICE).json()["jobs"] == []


def test_jobs_can_be_added_to_a_node_and_to_the_task_centre(project: Project) -> None:
    """The place says which list."""
    world, plan = project.world, {"job_type": "ImportGraph", "graph": "movie"}
    ask(world, "/simulator/jobs", "POST", json={"graph": "movie", "node": "127.0.0.3", "plan": plan})
    ask(world, "/simulator/jobs", "POST", json={"project": "demo", "plan": plan})
    graph = project.graphs["movie"]
    lengths = [len(jobs.visible()) for jobs in (graph.jobs, graph.nodes["127.0.0.3"], project.centre)]
    assert lengths == [0, 1, 1]


def test_lists_and_graphs_can_be_changed(project: Project) -> None:
    """Order, cap and pruning of a list; status and node in charge of a graph."""
    graph = project.graphs["movie"]
    for number in range(5):
        graph.jobs.submit(Plan(job_type="VertexQuery", id=str(number), after=number - 50, run=1))
    change = {"graph": "movie", "order": "oldest", "cap": 4, "max_age": 1000, "prune": 3}
    ask(project.world, "/simulator/lists", "POST", json=change)
    assert [job.id for job in graph.jobs.visible()] == ["2", "3", "4"]
    assert (graph.jobs.cap, graph.jobs.max_age) == (4, 1000)
    ask(project.world, "/simulator/graphs", "POST", json={"graph": "movie", "status": "202", "floating": "127.0.0.3"})
    assert (graph.instance.status, graph.floating) == ("202", "127.0.0.3")


def test_graphs_can_be_made_and_deleted(project: Project) -> None:
    """While others watch the list of graphs."""
    world = project.world
    ask(world, "/simulator/graphs", "POST", json={"graph": "new", "edition": "database", "status": "100"})
    assert (project.graphs["new"].edition, project.instances["new"].status) == ("database", "100")
    ask(world, "/simulator/graphs/new", "DELETE")
    assert set(project.graphs) == set(project.instances) == {"movie"}
    assert ask(world, "/simulator/graphs/new", "DELETE").status_code == 404


def test_faults_can_be_set_and_cleared(project: Project, clock: Clock) -> None:
    """One or several; their start counts from the moment at which they are set."""
    world = project.world
    clock.advance(100)
    ask(world, "/simulator/faults", "POST", json=[{"kind": "status", "value": 500, "seconds": 10}, {"kind": "gap"}])
    assert [fault["start"] for fault in ask(world, "/simulator/faults").json()] == [100, 100]
    assert ask(world, SERVICE).status_code == 500
    ask(world, "/simulator/faults", "DELETE")
    assert ask(world, SERVICE).status_code == 200


def test_requests_are_counted(project: Project) -> None:
    """By method, path and code; the simulator's own paths are not among them."""
    world = project.world
    for path in (SERVICE, f"{SERVICE}?limit=1", "/nowhere"):
        ask(world, path)
    report = ask(world, "/simulator/requests").json()
    counts = {(row["path"], row["status"]): row["count"] for row in report["counts"]}
    assert counts == {(SERVICE, 200): 2, ("/nowhere", 404): 1}
    assert [request["query"] for request in report["latest"]] == ["", "limit=1", ""]
    assert (world.requests.asked("/ges/"), report["peak"], report["under_way"]) == (2, 1, 0)
    ask(world, "/simulator/requests", "DELETE")
    assert ask(world, "/simulator/requests").json()["counts"] == []


def test_the_world_tells_its_ids(project: Project) -> None:
    """Enough for a test of another process to make its configuration."""
    (told,) = ask(project.world, "/simulator/world").json()["projects"]
    assert (told["name"], told["id"]) == ("demo", PROJECT)
    assert told["graphs"][0].items() >= {"name": "movie", "nodes": ["127.0.0.2", "127.0.0.3"]}.items()


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("/simulator/jobs", {}, 400),
        ("/simulator/jobs", {"plan": {"job_type": "a", "bogus": 1}}, 400),
        ("/simulator/jobs", {"plan": {"job_type": "a"}, "graph": "nowhere"}, 400),
        ("/simulator/jobs", {"plan": {"job_type": "a"}, "project": "nowhere"}, 400),
        ("/simulator/jobs/nothing", {}, 404),
        ("/simulator/faults", {"kind": "bogus"}, 400),
        ("/simulator/graphs", {"graph": "movie", "floating": "10.0.0.1"}, 400),
    ],
)
def test_a_mistake_is_answered_with_what_is_wrong(project: Project, path: str, body: Any, code: int) -> None:  # noqa: ANN401
    """4xx and a sentence, and nothing is changed."""
    answer = ask(project.world, path, "POST", json=body)
    assert answer.status_code == code
    assert answer.json()["errorMessage"]
    assert ask(project.world, "/simulator/books?at=never").status_code == 400
