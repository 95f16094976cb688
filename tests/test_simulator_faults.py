"""Faults on demand, over a real socket where they need one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from ges_exporter.simulator import Fault, Plan, World, create_app, serve
from ges_exporter.simulator.faults import KINDS, Place, parse
from tests.simulated import PROJECT, Clock, arrival, ask, client

PATH = f"/ges/v1.0/{PROJECT}/graphs/movie/jobs/status"
BOMB = 20 * 1024 * 1024


@pytest.fixture
def world() -> World:
    """A world with a graph ``movie`` of ten finished jobs, the newest with the id 9, and a graph ``fraud``."""
    world = World(Clock())
    project = world.add_project("demo", PROJECT)
    graph = project.add_graph("movie")
    for number in range(10):
        graph.jobs.submit(Plan(job_type="Algorithm", algorithm="louvain", id=str(number), after=number - 99, run=1))
    project.add_node(graph, "127.0.0.3").submit(Plan(job_type="Algorithm", id="old", after=-9999, run=1))
    project.add_graph("fraud")
    return world


async def fetch(world: World, path: str = PATH, **headers: str) -> httpx.Response:
    """The answer to a request over a socket."""
    async with serve(create_app(world)) as url, httpx.AsyncClient(base_url=url) as session:
        return await session.get(path, headers=headers)


def has_status(code: int, error: str = "") -> Callable[[httpx.Response], bool]:
    """Whether an answer has the HTTP code, and its body the error code."""
    return lambda answer: answer.status_code == code and error in answer.text


ANSWERS: list[tuple[str, Callable[[httpx.Response], bool]]] = [
    ("status=403", lambda answer: has_status(403)(answer) and "errorCode" not in answer.text),
    ("throttle=7", lambda answer: has_status(429, "APIGW.0308")(answer) and answer.headers["Retry-After"] == "7"),
    ("unavailable=7", lambda answer: answer.status_code == 503 and answer.headers["Retry-After"] == "7"),
    ("bad_token", has_status(400, "GES.8007")),
    ("bad_token=401", has_status(401, "GES.8007")),
    ("error=GES.9999", has_status(200, '"errorCode":"GES.9999"')),
    ("error=500:GES.8002", has_status(500, '"errorCode":"GES.8002"')),
    ("html", lambda answer: answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/html")),
    ("redirect", lambda answer: answer.status_code == 302 and answer.headers["Location"].endswith(PATH)),
    ("invalid_json", has_status(200, '"status": success')),
    (f"huge={BOMB}", lambda answer: len(answer.content) == BOMB),
    (f"gzip_bomb={BOMB}", lambda answer: len(answer.content) > BOMB > 50 * int(answer.headers["Content-Length"])),
    ("latency=1ms", has_status(200, "jobCount")),
    ("gzip", lambda answer: answer.headers["Content-Encoding"] == "gzip" and answer.json()["jobCount"] == 10),
    (
        "truncated",
        lambda answer: int(answer.headers["Content-Length"]) == len(answer.content) and answer.text[-1] != "}",
    ),
    ("drip=100000", lambda answer: answer.json()["jobCount"] == 10),
]


@pytest.mark.parametrize(("fault", "expected"), ANSWERS, ids=[fault for fault, _ in ANSWERS])
def test_an_answer_is_spoiled_as_ordered(
    world: World, fault: str, expected: Callable[[httpx.Response], bool], capfd: pytest.CaptureFixture[str]
) -> None:
    """Each kind of fault does what it says, over a socket and without a word on the console."""
    world.faults.add(parse(fault))
    assert expected(asyncio.run(fetch(world)))
    assert capfd.readouterr() == ("", "")


LISTS: list[tuple[str, str, Any]] = [
    ("ignore_limit", "?limit=2", list("9876543210")),
    ("ignore_offset", "?offset=2&limit=2", ["9", "8"]),
    ("page_cap=3", "?limit=5", ["9", "8", "7"]),
    ("overlap", "?offset=2&limit=2", ["8", "7"]),
    ("overlap", "?offset=0&limit=2", ["9", "8"]),
    ("gap=2", "?offset=2&limit=2", ["5", "4"]),
    ("no_id=2", "?limit=3", [None, None, "7"]),
    ("double", "?limit=2", ["9", "9", "8"]),
    ("failover=127.0.0.3", "", ["old"]),
]


@pytest.mark.parametrize(("fault", "query", "expected"), LISTS)
def test_a_list_is_spoiled_as_ordered(world: World, fault: str, query: str, expected: list[str | None]) -> None:
    """Pages shift, shrink, repeat and lose ids."""
    world.faults.add(parse(fault))
    assert [job.get("jobId") for job in ask(world, PATH + query).json()["jobs"]] == expected


@pytest.mark.parametrize(
    ("fault", "key", "expected"),
    [
        ("jobs=null", "jobs", None),
        ("jobs=missing", "jobs", "absent"),
        ("jobs=object", "jobs", {}),
        ("total=absent", "jobCount", "absent"),
        ("total=page", "jobCount", 2),
        ("total=7000", "jobCount", 7000),
    ],
)
def test_the_frame_of_a_list_is_spoiled_as_ordered(world: World, fault: str, key: str, expected: object) -> None:
    """The list or its total is missing, null or wrong."""
    world.faults.add(parse(fault))
    assert ask(world, f"{PATH}?limit=2").json().get(key, "absent") == expected


def test_bad_records_stand_among_good_ones(world: World) -> None:
    """Some records are no jobs at all."""
    world.faults.add(parse("bad=4"))
    jobs = ask(world, f"{PATH}?limit=1").json()["jobs"]
    assert (len(jobs), jobs[0], jobs[-1]["jobId"]) == (5, "no job", "9")


def test_every_kind_of_fault_is_tested() -> None:
    """The vocabulary holds nothing that no test here orders."""
    ordered = {str(text).partition("=")[0] for text, *_ in (*ANSWERS, *LISTS)}
    assert set(KINDS) - ordered == {"hang", "reset", "jobs", "total", "bad"}


def test_a_reset_cuts_the_connection_without_noise(world: World, capfd: pytest.CaptureFixture[str]) -> None:
    """The client gets half of the body and an error, the console nothing, and the next request is answered."""
    world.faults.add(parse("reset,times=1"))
    with pytest.raises(httpx.RemoteProtocolError):
        asyncio.run(fetch(world))
    assert asyncio.run(fetch(world)).status_code == 200
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("fault", ["hang", "latency=1h", "drip=0.001", "huge=99999999999"])
def test_a_server_with_unfinished_answers_stops(world: World, fault: str, capfd: pytest.CaptureFixture[str]) -> None:
    """What hangs keeps nobody else waiting, and does not keep the server from stopping, silently."""
    world.faults.add(parse(f"{fault},graph=movie"))

    async def main() -> None:
        async with httpx.AsyncClient() as session, serve(create_app(world)) as url:
            hanging = asyncio.create_task(session.get(url + PATH, timeout=None))
            await arrival(world)
            assert (await session.get(url + PATH.replace("movie", "fraud"))).status_code == 200
            assert not hanging.done()
        with pytest.raises(httpx.HTTPError):
            await hanging

    asyncio.run(main())
    assert capfd.readouterr() == ("", "")


def test_without_a_socket_a_hang_is_awaited_until_cancelled(world: World) -> None:
    """The caller's own timeout ends it."""
    world.faults.add(Fault(kind="hang"))

    async def main() -> None:
        async with client(world) as session:
            hanging = asyncio.create_task(session.get(PATH))
            await arrival(world)
            hanging.cancel()
            with pytest.raises(asyncio.CancelledError):
                await hanging

    asyncio.run(main())
    assert world.requests.under_way == 0


def test_gzip_is_given_to_those_who_accept_it(world: World) -> None:
    """Without Accept-Encoding the answer is plain."""
    world.faults.add(parse("gzip"))
    assert "Content-Encoding" not in ask(world, PATH, headers={"Accept-Encoding": "identity"}).headers


PLACE = Place("/ges/v1.0/p/graphs/a%2Fb/jobs/status", "127.0.0.2")


@pytest.mark.parametrize(
    ("fault", "elapsed", "strikes"),
    [
        ("hang", 0, True),
        ("hang,path=/ges/v1.0/p/", 0, True),
        ("hang,path=/v2/", 0, False),
        ("hang,graph=a/b", 0, True),
        ("hang,graph=a", 0, False),
        ("hang,host=127.0.0.2", 0, True),
        ("hang,host=127.0.0.3", 0, False),
        ("hang,start=1m", 59, False),
        ("hang,start=1m", 60, True),
        ("hang,start=1m,seconds=10s", 70, False),
        ("hang,start=1m,seconds=10s,every=5m", 359, False),
        ("hang,start=1m,seconds=10s,every=5m", 360, True),
        ("hang,start=1m,seconds=10s,every=5m", 10, False),
    ],
)
def test_a_fault_strikes_where_and_when_it_says(fault: str, elapsed: float, strikes: bool) -> None:
    """Path, graph, host and times narrow it."""
    assert parse(fault).strikes(PLACE, elapsed) is strikes


def test_a_fault_strikes_as_often_as_it_says(world: World) -> None:
    """After that the answers are good again."""
    world.faults.add(parse("status=500,times=2"))
    assert [ask(world, PATH).status_code for _ in range(3)] == [500, 500, 200]


@pytest.mark.parametrize("text", ["bogus", "status=bogus", "hang,times=x", "hang,wher=/", "latency=1s,start=soon"])
def test_a_fault_that_cannot_be_read_is_refused(text: str) -> None:
    """With an error that says what is wrong."""
    with pytest.raises(ValueError, match=r"bogus|x|wher|soon"):
        parse(text)
