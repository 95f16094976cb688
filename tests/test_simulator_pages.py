"""The scenario ``pages``: the documentation's examples as they stand."""

from __future__ import annotations

import asyncio

import httpx
import msgspec
import pytest

from ges_exporter.simulator.scenarios.pages import ROUTES, example, pages
from tests.simulated import PROJECT, client

V2_JOB = "ff80808167f09aaa0167f19b35ec0305"
V1_JOB = "ff80808167bb90340167bc3c7b5b026a"
SERVICE_JOB = "5a39d9f6-e955-4294-8ec6-2fe18eee98c7001680206"


def get(path: str) -> httpx.Response:
    """The answer to a request in this scenario."""

    async def main() -> httpx.Response:
        async with client(pages(), api=ROUTES) as session:
            return await session.get(path, headers={"X-Auth-Token": "any"})

    return asyncio.run(main())


@pytest.mark.parametrize(
    ("path", "code", "name"),
    [
        ("/ges/v1.0/p/graphs/movie/jobs/status?limit=2", 200, "service-memory-jobs"),
        ("/ges/v1.0/p/graphs/moviejx/jobs/status", 200, "service-100-billion-jobs"),
        ("/v1.0/p/graphs/jobs?offset=0&limit=100", 200, "management-v1-jobs"),
        ("/v1.0/p/graphs/jobs?limit=many", 400, "management-v1-error.400"),
        (f"/v2/p/graphs/GES_UI_AUTO/jobs/{V2_JOB}/status", 200, "management-v2-job"),
    ],
)
def test_the_examples_are_answered_byte_for_byte(path: str, code: int, name: str) -> None:
    """Whatever the project, the token and the page that is asked for."""
    answer = get(path)
    assert (answer.status_code, answer.content) == (code, example(name))


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/ges/v1.0/p/graphs/movidde/jobs/status", "service-error-graph-not-exist.400"),
        ("/v2/p/graphs/g/jobs/ff808081646e81d40164c5fb414b2b1a1/status", "management-v2-error-no-job.400"),
    ],
)
def test_errors_say_what_the_examples_say(path: str, name: str) -> None:
    """With the graph's name and the job's id in their place."""
    answer = get(path)
    assert (answer.status_code, answer.json()) == (400, msgspec.json.decode(example(name)))


@pytest.mark.parametrize(
    "path",
    [
        f"/ges/v1.0/{PROJECT}/graphs/movie/jobs/nothing/status",
        f"/ges/v1.0/{PROJECT}/graphs/moviejx/jobs/{SERVICE_JOB}/status",
        f"/v1.0/{PROJECT}/graphs/g/jobs/nothing/status",
    ],
)
def test_an_unknown_job_is_an_error(path: str) -> None:
    """GES.8301, in the API's own spelling."""
    answer = get(path)
    assert (answer.status_code, answer.json()["errorCode"]) == (400, "GES.8301")


def test_single_jobs_are_those_of_the_lists() -> None:
    """A job that an example lists can be asked for."""
    assert get(f"/ges/v1.0/p/graphs/movie/jobs/{SERVICE_JOB}/status").json()["status"] == "success"
    assert get(f"/v1.0/p/graphs/test1217/jobs/{V1_JOB}/status").json()["relatedGraph"] == "test1217"


def test_lists_without_an_example_are_made_of_the_others() -> None:
    """The task centre of v2 lists the one job there is, and its graph has an id."""
    body = get("/v2/p/graphs/jobs").json()
    assert (body["job_count"], body["job_list"]) == (1, [msgspec.json.decode(example("management-v2-job"))])
    assert "GES_UI_AUTO" in [graph["name"] for graph in get("/v2/p/graphs").json()["graphs"]]
    assert "test1217" in [graph["name"] for graph in get("/v1.0/p/graphs").json()["graphs"]]
    assert get("/ges/v1.0/p/graphs").json() == {"graphs": [], "result": "success"}
