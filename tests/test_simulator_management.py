"""The simulated management plane, compared with the documentation's examples."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from ges_exporter.simulator import File, Plan, Project, World
from ges_exporter.simulator.scenarios.pages import example
from tests.simulated import PROJECT, Clock, ask

DAY = 86400.0
FILES = (
    File(kind="schema", name="schema.xml", lines=49, failed_lines=0),
    File(kind="edge", name="edge.csv", lines=100, failed_lines=9),
)


@pytest.fixture
def project() -> Project:
    """A project with a graph, in a world whose clock stands still."""
    project = World(Clock()).add_project("demo", PROJECT)
    project.add_graph("movie")
    return project


def submit(project: Project, **plan: Any) -> str:  # noqa: ANN401
    """Add a job of ``movie`` to the task centre, by default one that ended; its id."""
    defaults = {"job_type": "ImportGraph", "graph": "movie", "after": -100.0, "wait": 5.0, "run": 10.0}
    return project.centre.submit(msgspec.convert(defaults | plan, Plan)).id


def get(project: Project, path: str, version: str = "v2", **options: Any) -> Any:  # noqa: ANN401
    """The body of an answer of the management plane."""
    answer = ask(project.world, f"/{version}/{PROJECT}/{path}", **options)
    assert answer.status_code == 200
    return answer.json()


def test_one_job_of_v2_speaks_as_its_example_does(project: Project) -> None:
    """Fields, times in UTC from the appearance in the queue, and the reserved progress are the example's."""
    job = submit(project, files=FILES)
    graph = project.instances["movie"].id
    body = get(project, f"graphs/{graph}/jobs/{job}/status")
    documented = msgspec.json.decode(example("management-v2-job"))
    assert body.keys() == documented.keys()
    assert body["job_detail"].keys() == documented["job_detail"].keys()
    assert (body["begin_time"], body["end_time"]) == ("2025-06-15T15:05:00", "2025-06-15T15:05:15")
    assert (body["job_type"], body["job_progress"]) == ("GraphManagement", 0)
    assert body["job_detail"]["vertexset_path"] is None


def test_the_list_of_v1_speaks_as_its_example_does(project: Project) -> None:
    """Camel case throughout; errors stand, empty, in a good answer."""
    submit(project, files=FILES)
    submit(project, job_type="DeleteGraph", after=-90)
    body = get(project, "graphs/jobs", "v1.0")
    documented = msgspec.json.decode(example("management-v1-jobs"))
    assert body.keys() - {"errorCode", "errorMessage"} == documented.keys()
    for job, expected in zip(body["jobList"][::-1], documented["jobList"], strict=True):
        assert job.keys() == expected.keys()
    detail, expected_detail = body["jobList"][1]["jobDetail"], documented["jobList"][0]["jobDetail"]
    assert detail.keys() == expected_detail.keys()
    assert detail["edgesetPath"][0].keys() == expected_detail["edgesetPath"][0].keys()


@pytest.mark.parametrize(
    ("counts", "in_list", "in_details"),
    [("list", 100, 100), ("details", None, 100), ("never", None, -1)],
)
def test_line_counts_are_returned_where_the_job_says(
    project: Project, counts: str, in_list: int | None, in_details: int
) -> None:
    """Counts stand in the list and the details, in the details only, or are -1: not returned."""
    job = submit(project, files=FILES, counts=counts)
    listed = get(project, "graphs/jobs")["job_list"][0]["job_detail"]["edgeset_path"][0]
    shown = get(project, f"graphs/{project.instances['movie'].id}/jobs/{job}/status")["job_detail"]["edgeset_path"][0]
    assert (listed.get("total_lines"), shown["total_lines"]) == (in_list, in_details)


def test_v1_counts_no_lines_of_a_schema(project: Project) -> None:
    """Only vertices and edges have line counts in v1.0."""
    job = submit(project, files=FILES)
    body = get(project, f"graphs/{project.instances['movie'].id}/jobs/{job}/status", "v1.0")
    assert "totalLines" not in body["jobDetail"]["schemaPath"][0]
    assert body["jobDetail"]["edgesetPath"][0]["totalLines"] == 100


def test_ten_jobs_are_the_default(project: Project) -> None:
    """Without a limit a page has ten records; the total counts all."""
    for _ in range(12):
        submit(project)
    first, second = get(project, "graphs/jobs"), get(project, "graphs/jobs?offset=10&limit=100")
    assert (len(first["job_list"]), len(second["job_list"]), first["job_count"]) == (10, 2, 12)


@pytest.mark.parametrize(
    ("version", "query", "expected"),
    [
        ("v2", "?status=waiting", ["pending"]),
        ("v2", "?status=running", ["running"]),
        ("v2", "?status=partiallyFailed", ["old"]),
        ("v2", "?graph_name=fraud", ["fraud"]),
        ("v1.0", "?graphName=fraud", ["fraud"]),
        ("v1.0", "?graph_name=fraud", ["fraud"]),
        ("v2", "?start_time=2025-06-15", ["fraud", "pending", "running"]),
        ("v1.0", "?startTime=2025-06-15", ["fraud", "pending", "running"]),
        ("v2", "?end_time=2025-06-14", ["old"]),
        ("v1.0", "?endTime=2025-06-14", ["old"]),
        ("v2", "?start_time=&status=", ["fraud", "old", "pending", "running"]),
    ],
)
def test_the_task_centre_is_filtered(project: Project, version: str, query: str, expected: list[str]) -> None:
    """Status, graph and dates narrow the list, in both spellings of v1.0."""
    submit(project, id="old", after=-DAY, outcome="partiallyFailed")
    submit(project, id="pending", wait=None)
    submit(project, id="running", run=None)
    submit(project, id="fraud", graph="fraud")
    body = get(project, f"graphs/jobs{query}", version)
    records = body.get("job_list") or body.get("jobList")
    assert sorted(record.get("job_id") or record["jobId"] for record in records) == expected


def test_a_date_that_is_none_is_refused(project: Project) -> None:
    """The filter takes a date without a time of day."""
    answer = ask(project.world, f"/v2/{PROJECT}/graphs/jobs?start_time=2025-06-15T10:00:00")
    assert (answer.status_code, answer.json().keys()) == (400, {"error_msg", "error_code"})


def test_an_unknown_job_gets_the_documented_error(project: Project) -> None:
    """The body is the example's, with the job's id."""
    graph, job = project.instances["movie"].id, "ff808081646e81d40164c5fb414b2b1a1"
    answer = ask(project.world, f"/v2/{PROJECT}/graphs/{graph}/jobs/{job}/status")
    documented = msgspec.json.decode(example("management-v2-error-no-job.400"))
    assert (answer.status_code, answer.json()) == (400, documented)


def test_a_job_is_shown_under_its_own_graph_only(project: Project) -> None:
    """Another graph's id does not lead to it."""
    job = submit(project)
    other = project.add_graph("fraud").instance.id
    assert ask(project.world, f"/v2/{PROJECT}/graphs/{other}/jobs/{job}/status").status_code == 400


def test_the_graphs_list_tells_where_graphs_are(project: Project) -> None:
    """Ids, status codes, addresses with the port that was asked, and the kind of product, ten by default."""
    project.instances["movie"].status = "202"
    project.add_graph("social", "database", node="127.0.0.2").instance.enable_https = True
    for number in range(10):
        project.add_instance(f"more-{number}")
    body = get(project, "graphs", host="127.0.0.1:9878")
    movie, social = body["graphs"][:2]
    assert (body["graph_count"], len(body["graphs"])) == (12, 10)
    assert movie["id"] == project.instances["movie"].id
    assert (movie["status"], movie["product_type"], movie["private_ip"]) == ("202", "InMemory", "127.0.0.1:9878")
    assert (social["product_type"], social["traffic_ip_list"]) == ("Persistence", ["127.0.0.2:9878"])
    assert social["enable_https"] is True


def test_the_graphs_list_can_give_bare_addresses(project: Project) -> None:
    """As the real service does; and v1.0 spells them in camel case."""
    project.world.advertise_port = False
    (graph,) = get(project, "graphs", "v1.0", host="127.0.0.1:9878")["graphs"]
    assert (graph["privateIp"], graph["trafficIpList"]) == ("127.0.0.1", ["127.0.0.1"])


def test_a_deleted_graph_leaves_the_list(project: Project) -> None:
    """What is deleted is neither listed nor served."""
    project.remove_graph("movie")
    assert get(project, "graphs")["graphs"] == []
    assert ask(project.world, f"/ges/v1.0/{PROJECT}/graphs/movie/jobs/status").status_code == 400
