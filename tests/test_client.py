"""One target asked over a transport in memory, on a loop that never waits."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import httpx
import pytest

from ges_exporter.client import Limits
from ges_exporter.client.exchange import RETRIES
from ges_exporter.errors import REASONS
from ges_exporter.model import Plane, Target
from ges_exporter.simulator import Plan
from ges_exporter.simulator.faults import parse
from tests import swift
from tests.asking import Asker, Script, answered, listed, over, reason, world_with
from tests.simulated import PROJECT

KIB = 1024
TIGHT = Limits(5000, 200_000, 64 * KIB)


# Reasons -------------------------------------------------------------------------------------------------------------

FAULTS = {
    "hang": "timeout",
    "drip=1": "timeout",
    "latency=11s": "timeout",
    "status=401": "auth",
    "status=403": "auth",
    "bad_token": "auth",
    "bad_token=401": "auth",
    "throttle=600": "throttled",
    "status=429": "throttled",
    "redirect": "http_3xx",
    "redirect=https://elsewhere.example/": "http_3xx",
    "status=404": "http_4xx",
    "error": "api_error",
    "error=GES.8000": "api_error",
    "error=GES.8007": "auth",
    "error=APIGW.0308": "throttled",
    "status=500": "http_5xx",
    "status=502": "http_5xx",
    "status=504": "http_5xx",
    "unavailable=600": "http_5xx",
    "html": "decode",
    "invalid_json": "decode",
    "truncated": "decode",
    "jobs=missing": "decode",
    "jobs=object": "decode",
    f"huge={KIB * KIB}": "too_large",
    f"gzip_bomb={KIB * KIB}": "too_large",
}


@pytest.mark.parametrize(("fault", "expected"), FAULTS.items(), ids=FAULTS)
def test_each_fault_has_its_reason(fault: str, expected: str) -> None:
    """Whatever goes wrong ends as a value with the documented reason, and a sentence for people."""
    world = world_with("movie")
    world.faults.add(parse(fault))
    node = swift.run(Asker(over(world), limits=TIGHT).node())
    assert (node.reason, node.jobs, node.complete) == (expected, [], False)
    assert node.message


NO_GRAPH = {"errorMessage": "graph : movie not exist", "errorCode": "GES.8000", "result": "failed"}
PLAIN: dict[str, tuple[httpx.Response | Exception, str]] = {
    "404 of some web server": (answered(b"<h1>Not found</h1>", 404), "http_4xx"),
    "400 with an error body": (answered(NO_GRAPH, 400), "api_error"),
    "404 with an error body": (answered(NO_GRAPH, 404), "api_error"),
    "405 with JSON that is no error body": (answered({"hint": "use GET"}, 405), "http_4xx"),
    "400 with an empty body": (answered(b"", 400), "http_4xx"),
    "304": (answered(b"", 304), "http_3xx"),
    "302 without Location": (answered(b"", 302), "http_3xx"),
    "503 of some web server": (answered(b"<h1>Unavailable</h1>", 503), "http_5xx"),
    "501": (answered(b"", 501), "http_5xx"),
    "500 with an error body": (answered({"errorCode": "GES.8002"}, 500), "http_5xx"),
    "500 with the error body of a bad token": (answered({"errorCode": "GES.8007"}, 500), "http_5xx"),
    "429 without a body": (answered(b"", 429), "throttled"),
    "204": (answered(b"", 204), "decode"),
    "200 and nothing": (answered(b""), "decode"),
    "200 and no JSON object": (answered(b"[]"), "decode"),
    "200 and bytes that are no text": (answered(b"\xff\xfe\x00"), "decode"),
    "200 with result failed": (answered({"result": "failed", "errorMessage": "no"}), "api_error"),
    "200 with an error code beside jobs": (answered({"errorCode": "GES.8000", "jobs": []}), "api_error"),
    "no connection": (httpx.ConnectError("refused"), "connect"),
    "an answer cut off": (httpx.RemoteProtocolError("peer closed connection"), "connect"),
}


@pytest.mark.parametrize(("step", "expected"), PLAIN.values(), ids=PLAIN)
def test_each_answer_has_its_reason(step: httpx.Response | Exception, expected: str) -> None:
    """The reason follows from the answer, whoever gave it: gateways and web servers have no error bodies."""
    assert reason(Asker(Script(step))) == expected


def test_every_reason_has_a_situation() -> None:
    """No reason of ``ges_scrape_errors_total`` is there that nothing leads to; TLS needs sockets."""
    assert {*FAULTS.values(), *(expected for _, expected in PLAIN.values())} == {*REASONS} - {"tls"}


@pytest.mark.parametrize("body", [{"jobs": []}, {"jobs": None}, {"jobs": [], "errorCode": "", "errorMessage": ""}])
def test_an_empty_list_is_up(body: object) -> None:
    """No jobs, in any spelling, is an answer."""
    assert listed(Asker(Script(answered(body)))) == set()


# Retries -------------------------------------------------------------------------------------------------------------

BUSY = answered(b"", 503)
PASSING: dict[str, httpx.Response | Exception] = {
    "500": answered(b"", 500),
    "502": answered(b"", 502),
    "503": BUSY,
    "504": answered(b"", 504),
    "429": answered(b"", 429),
    "no connection": httpx.ConnectError("refused"),
    "a connection that was closed while it was idle": httpx.RemoteProtocolError("disconnected"),
    "an answer cut off": httpx.ReadError("reset"),
}


@pytest.mark.parametrize("step", PASSING.values(), ids=PASSING)
def test_a_passing_fault_is_tried_again(step: httpx.Response | Exception) -> None:
    """One passing fault costs no scrape; the retry is counted under its reason, and as a request."""
    asker = Asker(Script(step, answered()))
    listing = swift.run(asker.ask())
    assert (listing.up, listing.complete, listing.requests) == (True, True, 2)
    assert sum(asker.telemetry.retries.values()) == 1
    assert {operation for operation, _ in asker.telemetry.retries} == {"list_jobs"}


@pytest.mark.parametrize(
    "step",
    [
        answered({"errorCode": "GES.8000"}, 400),
        answered(b"", 403),
        answered(b"", 404),
        answered(b"", 302),
        answered({"errorCode": "GES.8000"}),
        answered(b"<html>"),
    ],
    ids=["api_error", "403", "404", "redirect", "error with 200", "HTML"],
)
def test_what_will_not_pass_is_not_tried_again(step: httpx.Response) -> None:
    """An answer that would only be repeated is asked for once."""
    script = Script(step)
    assert reason(Asker(script))
    assert len(script.requests) == 1


def test_retries_are_few_and_spread() -> None:
    """A fault that stays is tried a few times, with pauses that grow and that no two exporters share."""
    pauses = []
    for _ in range(10):
        script = Script(BUSY)
        assert reason(Asker(script)) == "http_5xx"
        assert len(script.requests) == 1 + RETRIES
        pauses.append(tuple(script.pauses))
    assert all(0 < first < 1 and second < 2 for first, second in pauses)
    assert len(set(pauses)) == len(pauses)
    assert sum(second for _, second in pauses) > sum(first for first, _ in pauses)


@pytest.mark.parametrize("seconds", [0.01, 0.5, 1.5, 2.5, 4.0])
def test_retries_keep_within_the_deadline(seconds: float) -> None:
    """The deadline holds whatever is tried; and a retry that cannot be answered in time does not hide the reason."""

    async def main() -> tuple[str, float]:
        begin = swift.now()
        node = await Asker(Script(BUSY, seconds=1.0)).node(seconds)
        return node.reason, swift.now() - begin

    expected, took = swift.run(main())
    assert took <= seconds + 1e-6
    assert expected == ("timeout" if seconds < 1 else "http_5xx")


def test_the_deadline_covers_all_pages() -> None:
    """A list whose pages are each in time, but not all of them together, ends at the deadline."""
    world = world_with()
    graph = world.projects[PROJECT].add_graph("movie")
    for number in range(50):
        graph.jobs.submit(Plan(job_type="Algorithm", id=str(number), after=-99, run=1))
    world.faults.add(parse("latency=1s"))

    async def main() -> tuple[str, int, float]:
        begin = swift.now()
        node = await Asker(over(world), limits=Limits(5, 1000, KIB * KIB)).node(4.5)
        return node.reason, node.records, swift.now() - begin

    expected, records, took = swift.run(main())
    assert expected == "timeout"
    assert took == pytest.approx(4.5)
    assert 0 < records < 50


# Names and editions --------------------------------------------------------------------------------------------------

NAMES = [
    "movie",
    "a/b",
    "/",
    "../movie",
    "movie/jobs/status",
    "电影",
    "100%",
    "%2F",
    "%41",
    "a b",
    "a+b",
    "?x=1",
    "#top",
    "&limit=1",
    ";v=1",
    "'\"`<>",
    "\\",
    "é",
    "🎬",
    "a:b@c",
    "~._-",
]


@pytest.mark.parametrize("name", NAMES)
def test_names_arrive_as_they_are(name: str) -> None:
    """Whatever characters a graph's name has, the API finds the graph, and no other: no name leaves its segment."""
    world = world_with("movie", *({name} - {"movie"}))
    asker = Asker(over(world), target=Target("demo", name, Plane.SERVICE))
    assert listed(asker) == {f"{name}-1"}


def test_both_editions_are_told_by_the_answer() -> None:
    """``api: auto`` reads the memory and the database edition, and says which it is."""
    world = world_with("movie")
    world.projects[PROJECT].add_graph("big", "database").jobs.submit(
        Plan(job_type="import_graph", id="big-1", after=-9, run=1, outcome="complete")
    )
    for name, api in (("movie", "memory"), ("big", "database")):
        target = Target("demo", name, Plane.SERVICE)
        listing = swift.run(Asker(over(world), api="auto", target=target).ask())
        assert listing.api is not None
        assert listing.api.name == api
        assert [job.id for node in listing.nodes for job in node.jobs][:1] == [f"{name}-1"]
        assert [job.job_type for job in listing.nodes[0].jobs] != ["unknown"]


@pytest.mark.parametrize("edition", ["database", "hundred_billion"])
def test_a_graph_made_anew_in_another_edition(edition: Any) -> None:  # noqa: ANN401 - a literal of the simulator
    """The edition is not settled once and for all: a graph deleted and made anew in another is read as what it is."""
    world = world_with("movie")
    project = world.projects[PROJECT]
    asker = Asker(over(world), api="auto")

    async def main() -> None:
        first = await asker.ask()
        project.remove_graph("movie")
        project.add_graph("movie", edition).jobs.submit(Plan(job_type="import_graph", id="new", after=-9, run=1))
        second = await asker.ask()
        project.remove_graph("movie")
        project.add_graph("movie").jobs.submit(Plan(job_type="ImportGraph", id="newest", after=-9, run=1))
        third = await asker.ask()
        assert [one.api.name for one in (first, second, third) if one.api] == ["memory", "database", "memory"]
        types = [job.job_type for one in (second, third) for job in one.nodes[0].jobs]
        assert set(types) == {"import_graph", "ImportGraph"}

    swift.run(main())
    assert not asker.telemetry.unknown_values


def test_an_edition_that_is_configured_is_not_guessed() -> None:
    """``api: memory`` is taken at its word."""
    world = world_with()
    world.projects[PROJECT].add_graph("movie", "database").jobs.submit(Plan(job_type="import_graph", run=1, after=-9))
    listing = swift.run(Asker(over(world), api="memory").ask())
    assert listing.api is not None
    assert listing.api.name == "memory"


def test_before_the_first_answer_the_edition_is_unknown() -> None:
    """A graph that never answered, or answered with nothing that tells, has no edition."""
    assert swift.run(Asker(Script(BUSY), api="auto").ask()).api is None
    assert swift.run(Asker(Script(answered({"jobs": []})), api="auto").ask()).api is None


# What is told --------------------------------------------------------------------------------------------------------


def test_requests_and_records_are_counted() -> None:
    """``ges_scrape_requests`` counts retries, ``ges_scrape_jobs`` records; both also of a listing that fails."""
    world = world_with()
    graph = world.projects[PROJECT].add_graph("movie")
    for number in range(7):
        graph.jobs.submit(Plan(job_type="Algorithm", id=str(number), after=-99, run=1))
    asker = Asker(over(world), limits=Limits(4, 1000, KIB * KIB))
    listing = swift.run(asker.ask())
    assert {job.id for job in listing.nodes[0].jobs} == {str(number) for number in range(7)}
    assert listing.requests == world.requests.asked() == sum(asker.telemetry.requests.values())
    assert listing.nodes[0].records >= 7


def test_what_nobody_knows_is_told_once_for_each_page() -> None:
    """An unknown status is counted, and its word handed on for the log; a record that cannot be read is counted."""
    page = {"jobCount": 3, "jobs": [{"jobId": "a", "status": "paused", "taskType": "x"}, {"status": "success"}, 7]}
    asker = Asker(Script(answered(page), answered({"jobs": []})))
    node = swift.run(asker.node())
    assert [job.id for job in node.jobs] == ["a"]
    assert not node.complete
    assert ("status", "paused") in asker.unknown
    assert asker.telemetry.unknown_values["status"] == 1
    assert asker.telemetry.parse_errors["jobId"] == 1


def test_what_a_server_repeats_is_told_once() -> None:
    """A page that shows nothing new tells nothing new, whether it is the overlap or the whole list again."""
    page = {"jobs": [{"jobId": "a", "status": "success"}, {"jobId": "b", "status": "paused", "taskType": "x"}, {}]}
    asker = Asker(Script(answered(page)))
    swift.run(asker.node())
    assert asker.telemetry.unknown_values == {"taskType": 1, "status": 1}
    assert asker.telemetry.parse_errors == {"jobId": 1}


SECRET = "hunter2-and-then-some-more-0123456789"


@pytest.mark.parametrize(
    "step",
    [
        answered(b"<html>" + SECRET.encode()),
        answered(SECRET.encode() * 3, 404),
        answered(b"", 302, Location=f"https://elsewhere.example/?token={SECRET}"),
        answered({"jobs": [{"jobId": "a", "rawRequest": {"obsParameters": SECRET}, "status": {"x": SECRET}}, SECRET]}),
        answered(b'{"jobs": "' + SECRET.encode() + b'"}'),
        answered(b"\xff" + SECRET.encode()),
        httpx.RemoteProtocolError(f"illegal header line {SECRET}"),
        httpx.ReadError(SECRET),
        httpx.ProxyError(f"407 {SECRET}"),
    ],
)
def test_messages_hold_nothing_of_request_or_answer(step: httpx.Response | Exception) -> None:
    """What people read of a failure is never a piece of what was sent or answered: it might be a secret."""
    node = swift.run(Asker(Script(step)).node())
    assert SECRET not in repr(node)


def test_an_error_of_the_api_is_told_in_its_words() -> None:
    """The API's own code and message are what helps most, however they are spelled; at some length they are cut."""
    body = {"error_code": "GES.8000", "error_msg": "graph : movie not exist" + "!" * 100_000}
    message = swift.run(Asker(Script(answered(body, 400))).node()).message
    assert re.search(r"GES\.8000.*movie not exist", message)
    assert len(message) < 70_000


def test_cookies_are_not_kept() -> None:
    """A server's cookie is not sent back: each request stands for itself."""
    script = Script(answered(None, 200, Set_Cookie="session=1"))
    asker = Asker(script)

    async def main() -> None:
        await asker.ask()
        await asker.ask()

    swift.run(main())
    assert len(script.requests) == 2
    assert all("Cookie" not in request.headers for request in script.requests)


def test_an_address_that_no_name_can_be_is_a_failed_connection() -> None:
    """Malformed punycode costs its own target, not the scrape."""
    node = asyncio.run(Asker(endpoints=("http://xn--zz.example",)).node())
    assert node.reason == "connect"
    assert "http://xn--zz.example" in node.message
