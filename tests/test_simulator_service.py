"""The simulated service plane, compared with the documentation's examples."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from ges_exporter.simulator import File, Graph, Plan, World
from ges_exporter.simulator.scenarios.pages import example
from ges_exporter.simulator.world import Edition
from tests.simulated import PROJECT, START, Clock, ask

FILES = (
    File(kind="schema", name="schema.xml", lines=49, failed_lines=0),
    File(kind="vertex", name="vertex.csv", lines=146, failed_lines=0),
    File(kind="edge", name="edge.csv", lines=1659, failed_lines=9),
)


def graph_of(edition: Edition = "memory", name: str = "movie", jobs: int = 0) -> tuple[World, Graph]:
    """A world with one graph that has some finished jobs."""
    world = World(Clock())
    graph = world.add_project("demo", PROJECT).add_graph(name, edition)
    for number in range(jobs):
        graph.jobs.submit(Plan(job_type="Algorithm", algorithm="pagerank", id=str(number), after=number - 99, run=1))
    return world, graph


def listing(world: World, graph: str = "movie", query: str = "", host: str = "ges.test") -> Any:  # noqa: ANN401
    """The body of a graph's list."""
    answer = ask(world, f"/ges/v1.0/{PROJECT}/graphs/{graph}/jobs/status{query}", host=host)
    assert answer.status_code == 200
    return answer.json()


def ids(body: Any) -> list[str]:  # noqa: ANN401
    """The ids of a listing."""
    return [job["jobId"] for job in body["jobs"]]


def test_the_memory_edition_speaks_as_its_example_does() -> None:
    """A failed algorithm, a good one and an import have the example's fields, and no others."""
    world, graph = graph_of()
    for plan in (
        Plan(job_type="ImportGraph", files=FILES, run=8),
        Plan(job_type="Algorithm", algorithm="shortest_path", run=1),
        Plan(job_type="Algorithm", algorithm="shortest_path", run=1, outcome="failed", reason="parameter is invalid!"),
    ):
        graph.jobs.submit(msgspec.structs.replace(plan, after=-100.0))
    body, documented = listing(world), msgspec.json.decode(example("service-memory-jobs"))
    assert body.keys() == documented.keys()
    for job, expected in zip(body["jobs"], documented["jobs"], strict=True):
        assert job.keys() == expected.keys()
        assert type(job["progress"]) is str
    files, expected_files = body["jobs"][2]["files"], documented["jobs"][2]["files"]
    assert [list(group) for group in files] == [list(group) for group in expected_files]
    for group, expected in zip(files, expected_files, strict=True):
        (items,), (expected_items,) = group.values(), expected.values()
        assert items[0].keys() == expected_items[0].keys()


def test_times_are_local_and_files_are_stamped_in_utc() -> None:
    """The strings are the node's clock, by default at +08:00; the files lie within the job, in microseconds."""
    world, graph = graph_of()
    graph.jobs.submit(Plan(job_type="ImportGraph", files=FILES, after=-100, run=60))
    job = listing(world)["jobs"][0]
    assert (job["startTime"], job["endTime"]) == ("2025-06-15 23:05:00", "2025-06-15 23:06:00")
    stamps = [
        file[key] for group in job["files"] for file in next(iter(group.values())) for key in ("startTime", "endTime")
    ]
    assert (min(stamps), max(stamps)) == ((START - 100) * 1e6, (START - 40) * 1e6)


def test_the_nodes_clock_can_be_in_another_zone() -> None:
    """A graph's offset from UTC shows in its strings."""
    world, graph = graph_of()
    graph.utc_offset = -3.5 * 3600
    graph.jobs.submit(Plan(job_type="VertexQuery", after=-100, run=60))
    assert listing(world)["jobs"][0]["startTime"] == "2025-06-15 11:35:00"


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        ({"wait": None}, {"status": "pending", "startTime": "", "endTime": "", "progress": "0"}),
        ({"run": 400.0}, {"status": "running", "startTime": "2025-06-15 23:05:00", "progress": "25"}),
        ({"run": 50.0, "outcome": "stopped"}, {"status": "stopped", "progress": "100"}),
    ],
)
def test_a_job_shows_where_it_is_in_its_life(plan: dict[str, float | str | None], expected: dict[str, str]) -> None:
    """Status, times and progress are those of the moment; a running job has no end."""
    world, graph = graph_of()
    graph.jobs.submit(Plan(job_type="Algorithm", algorithm="pagerank", after=-100, **plan))  # type: ignore[arg-type]
    job = listing(world)["jobs"][0]
    assert job.items() >= expected.items()
    assert ("endTime" in job) == (expected["status"] != "running")


def test_a_request_may_hold_access_keys() -> None:
    """An import's request holds made-up OBS keys, so that leaks are found; an algorithm's holds its name."""
    world, graph = graph_of()
    graph.jobs.submit(Plan(job_type="ImportGraph", files=FILES, after=-2))
    graph.jobs.submit(Plan(job_type="Algorithm", algorithm="louvain", after=-1))
    algorithm, load = (msgspec.json.decode(job["rawRequest"]) for job in listing(world)["jobs"])
    assert load["obsParameters"].keys() == {"accessKey", "secretKey"}
    assert algorithm["algorithmName"] == "louvain"


def test_counts_that_are_not_returned_are_left_out() -> None:
    """A file without counts has no fields for them."""
    world, graph = graph_of()
    graph.jobs.submit(Plan(job_type="ImportGraph", files=(File(kind="edge", name="e.csv"),), after=-9, run=1))
    (file,) = listing(world)["jobs"][0]["files"][0]["edgeFiles"]
    assert file.keys() == {"fileName", "startTime", "endTime", "status"}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["4", "3", "2", "1", "0"]),
        ("?limit=2", ["4", "3"]),
        ("?limit=2&offset=3", ["1", "0"]),
        ("?offset=9", []),
    ],
)
def test_lists_are_paged(query: str, expected: list[str]) -> None:
    """``limit`` and ``offset`` choose the records; the total stays."""
    world, _ = graph_of(jobs=5)
    body = listing(world, query=query)
    assert (ids(body), body["jobCount"]) == (expected, 5)


def test_a_bad_limit_is_refused() -> None:
    """A limit that is no number is an error of the API."""
    world, _ = graph_of()
    answer = ask(world, f"/ges/v1.0/{PROJECT}/graphs/movie/jobs/status?limit=many")
    assert (answer.status_code, answer.json()["errorCode"]) == (400, "GES.8001")


def test_the_database_edition_has_no_times() -> None:
    """A job is its id, status and request, and the answer has a total."""
    world, graph = graph_of("database")
    graph.jobs.submit(Plan(job_type="import_graph", files=FILES, after=-9, run=1, outcome="complete"))
    body = listing(world)
    (job,) = body["jobs"]
    assert (job.keys(), job["status"]) == ({"jobId", "status", "request"}, "complete")
    assert job["request"].keys() == {"command", "url", "rawRequest"}
    assert body.keys() == {"jobs", "totalCount", "result"}


def test_the_100_billion_edition_knows_no_pages() -> None:
    """It has the example's fields and returns everything, whatever ``limit`` and ``offset`` say."""
    world, graph = graph_of("hundred_billion", "moviejx")
    for _ in range(4):
        graph.jobs.submit(Plan(job_type="import_graph", files=FILES, after=-9, run=1, outcome="complete"))
    body = listing(world, "moviejx", "?limit=1&offset=3")
    documented = msgspec.json.decode(example("service-100-billion-jobs"))
    assert (body.keys(), len(body["jobs"])) == (documented.keys(), len(documented["jobs"]))
    for job, expected in zip(body["jobs"], documented["jobs"], strict=True):
        assert (job.keys(), job["request"].keys()) == (expected.keys(), expected["request"].keys())
        assert job["request"]["body"].keys() == expected["request"]["body"].keys()


def test_one_job_can_be_asked_for() -> None:
    """The single job carries the list's fields; an id that is not in the list is GES.8301."""
    world, _ = graph_of(jobs=1)
    path = f"/ges/v1.0/{PROJECT}/graphs/movie/jobs"
    assert ask(world, f"{path}/0/status?limit=1").json()["jobId"] == "0"
    unknown = ask(world, f"{path}/9/status")
    assert (unknown.status_code, unknown.json()["errorCode"]) == (400, "GES.8301")


def test_an_unknown_graph_gets_the_documented_error() -> None:
    """The body is the example's, with the graph's name."""
    world, _ = graph_of()
    answer = ask(world, f"/ges/v1.0/{PROJECT}/graphs/movidde/jobs/status")
    documented = msgspec.json.decode(example("service-error-graph-not-exist.400"))
    assert (answer.status_code, answer.json()) == (400, documented)


def test_a_stopped_graph_does_not_serve() -> None:
    """Only running instances answer on the service plane."""
    world, graph = graph_of()
    graph.instance.status = "900"
    assert ask(world, f"/ges/v1.0/{PROJECT}/graphs/movie/jobs/status").status_code == 503


@pytest.mark.parametrize("name", ["a/b", "图", "jobs/status", "100%", 'quo"te'])
def test_any_name_finds_its_graph(name: str) -> None:
    """Names are percent-encoded in paths, slashes too."""
    world, _ = graph_of(name=name, jobs=1)
    assert ids(listing(world, "".join(f"%{byte:02X}" for byte in name.encode()))) == ["0"]


def test_each_node_has_its_own_list_and_the_floating_address_follows_the_one_in_charge() -> None:
    """A node's address leads to its list, any other to that of the node in charge."""
    world = World(Clock())
    project = world.add_project("demo", PROJECT)
    graph = project.add_graph("movie", node="127.0.0.2")
    graph.jobs.submit(Plan(job_type="Algorithm", id="first"))
    project.add_node(graph, "127.0.0.3").submit(Plan(job_type="Algorithm", id="second"))
    hosts = ("127.0.0.1", "127.0.0.2", "127.0.0.3")
    assert [ids(listing(world, host=host)) for host in hosts] == [["first"], ["first"], ["second"]]
    graph.floating = "127.0.0.3"
    assert [ids(listing(world, host=host)) for host in hosts] == [["second"], ["first"], ["second"]]


def test_a_cluster_names_its_graphs() -> None:
    """A database-edition instance lists the graphs within, and serves each."""
    world = World(Clock())
    project = world.add_project("demo", PROJECT)
    cluster = project.add_instance("cluster", "database")
    for name in ("friends", "likes"):
        project.add_graph(name, instance=cluster)
    project.add_graph("movie")
    answer = ask(world, f"/ges/v1.0/{PROJECT}/graphs", host="127.0.0.1")
    assert [graph["graphName"] for graph in answer.json()["graphs"]] == ["friends", "likes"]
    assert listing(world, "likes")["totalCount"] == 0
