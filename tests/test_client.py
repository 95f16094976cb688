"""One target asked over a transport in memory, on a loop that never waits."""

from __future__ import annotations

import asyncio
import gzip
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import format_datetime
from itertools import repeat
from typing import Any

import httpx
import pytest

from ges_exporter.auth import Keyring
from ges_exporter.client import Limits
from ges_exporter.client.exchange import RETRIES
from ges_exporter.config import PasswordCredentials, Secret
from ges_exporter.errors import REASONS
from ges_exporter.simulator import File, Plan, World, create_app
from ges_exporter.simulator.faults import parse
from ges_exporter.telemetry import Telemetry
from tests import swift
from tests.asking import CENTRE, EMPTY, HOST, Asker, Body, Script, answered, owed
from tests.simulated import PROJECT, Clock

LIST = f"/ges/v1.0/{PROJECT}/graphs/movie/jobs/status"
KIB = 1024
TIGHT = Limits(5000, 200_000, 64 * KIB)


def world_with(*names: str, clock: Clock | None = None) -> World:
    """A world with a project ``demo`` and the graphs ``names``, each with one finished job ``<name>-1``."""
    world = World(clock or Clock())
    project = world.add_project("demo", PROJECT)
    for name in names:
        project.add_graph(name).jobs.submit(Plan(job_type="Algorithm", id=f"{name}-1", after=-9, run=1))
    return world


def over(world: World) -> httpx.ASGITransport:
    """The way to a simulated GES."""
    return httpx.ASGITransport(create_app(world))


def listed(asker: Asker, seconds: float = 10.0) -> set[str]:
    """The ids that a target lists; it must be up."""
    node = swift.run(asker.node(seconds))
    assert not node.reason, node.message
    return {job.id for job in node.jobs}


def reason(asker: Asker, seconds: float = 10.0) -> str:
    """Why a target is down."""
    return swift.run(asker.node(seconds)).reason


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
    assert (expected, took) == ("timeout", pytest.approx(4.5))
    assert 0 < records < 50


# Retry-After and back-off --------------------------------------------------------------------------------------------


def test_retry_after_is_waited_for_within_the_deadline() -> None:
    """An endpoint that asks for three seconds gets them, and the scrape goes on where there is time for it."""
    script = Script(answered(b"", 429, Retry_After="3"), answered())
    asker = Asker(script)
    assert listed(asker) == set()
    assert 3 <= script.pauses[0] < 4


def in_seconds(seconds: float) -> Callable[[Clock], str]:
    """A Retry-After as a date."""
    return lambda clock: format_datetime(datetime.fromtimestamp(clock.now + seconds, UTC), usegmt=True)


AFTER: dict[str, tuple[str | Callable[[Clock], str], float]] = {
    "seconds": ("120", 120),
    "a date": (in_seconds(120), 120),
    "five minutes": ("300", 300),
    "more than five minutes": ("86400", 300),
    "a date far away": (in_seconds(86400), 300),
    "very many digits": ("9" * 400, 300),
}


@pytest.mark.parametrize(("status", "expected"), [(429, "throttled"), (503, "http_5xx")])
@pytest.mark.parametrize(("after", "seconds"), AFTER.values(), ids=AFTER)
def test_retry_after_outlives_the_scrape(
    after: str | Callable[[Clock], str], seconds: float, status: int, expected: str
) -> None:
    """An endpoint that asks for more than the deadline holds is left alone for that long, up to five minutes."""
    clock = Clock()
    text = after if isinstance(after, str) else after(clock)
    script = Script(answered(b"", status, Retry_After=text), answered())
    asker = Asker(script, clock=clock)

    async def main() -> None:
        assert (await asker.node()).reason == expected
        assert asker.backoffs[HOST].until == pytest.approx(clock.now + seconds, abs=1)
        clock.advance(seconds - 2)
        listing = await asker.ask()
        assert (listing.nodes[0].reason, listing.requests) == (expected, 0)
        clock.advance(4)
        assert not (await asker.node()).reason
        assert asker.backoffs[HOST].until == 0

    swift.run(main())
    assert len(script.requests) >= 2


@pytest.mark.parametrize("text", ["", "soon", "-5", "1.5", "Tue, 99 Foo 2025 00:00:00 GMT", in_seconds(-600)])
def test_a_retry_after_without_sense_is_none(text: str | Callable[[Clock], str]) -> None:
    """What cannot be read, or lies in the past, neither breaks the scrape nor delays the retry."""
    clock = Clock()
    script = Script(answered(b"", 429, Retry_After=text if isinstance(text, str) else text(clock)), answered())
    assert listed(Asker(script, clock=clock)) == set()
    assert script.pauses[0] < 1


def test_a_retry_after_beside_an_error_body_counts() -> None:
    """A gateway's throttling may come as 400 with its code: the reason and the time are the same."""
    asker = Asker(Script(answered({"error_code": "APIGW.0308", "error_msg": "slow down"}, 400, Retry_After="100")))
    assert reason(asker) == "throttled"
    assert asker.backoffs[HOST].until == pytest.approx(asker.clock.now + 100)


async def pauses_until(asker: Asker, script: Script, scrapes: int) -> list[float]:
    """Seconds, for each of so many failing scrapes that asked, until the endpoint is asked again."""
    pauses = []
    for _ in range(scrapes):
        asked = len(script.requests)
        assert (await asker.node()).reason
        assert len(script.requests) > asked, "it was left alone for longer than it said"
        pauses.append(max(asker.backoffs[HOST].until - asker.clock.now, 0.0))
        asker.clock.advance(pauses[-1] + 0.001)
    return pauses


def test_throttling_backs_off_further_and_further() -> None:
    """An endpoint that throttles is left alone longer each time, for five minutes at most."""
    script = Script(answered(b"", 429))
    pauses = swift.run(pauses_until(Asker(script), script, 12))
    assert pauses[0] > 0
    assert pauses == sorted(pauses)
    assert pauses[-1] == 300


@pytest.mark.parametrize("step", [BUSY, httpx.ConnectError("refused")], ids=["503", "connect"])
def test_an_endpoint_that_is_down_is_asked_at_least_every_minute(step: httpx.Response | Exception) -> None:
    """A failure now and then is no reason to skip a scrape; one that lasts is, but never for more than a minute."""
    script = Script(step)
    pauses = swift.run(pauses_until(Asker(script), script, 14))
    assert pauses[0] == 0
    assert pauses == sorted(pauses)
    assert pauses[-1] == 60


def test_a_success_ends_all_patience() -> None:
    """After an answer, the next failure is the first again."""
    throttled = answered(b"", 429)
    script = Script(*[throttled] * 9, answered(), throttled)
    asker = Asker(script)

    async def main() -> list[float]:
        pauses = await pauses_until(asker, script, 3)
        assert not (await asker.node()).reason
        return pauses + await pauses_until(asker, script, 1)

    first, *_, last = swift.run(main())
    assert first == last


@pytest.mark.parametrize("step", [answered(b"", 403), answered(b"<html>"), answered({"errorCode": "GES.8000"}, 400)])
def test_no_back_off_for_what_is_not_the_endpoints_load(step: httpx.Response) -> None:
    """An endpoint that answers, if only with a refusal, is asked in each scrape: it must be seen once it is mended."""
    script = Script(*[step] * 6, answered())
    asker = Asker(script)

    async def main() -> bool:
        for _ in range(6):
            assert (await asker.node()).reason
        return not (await asker.node()).reason

    assert swift.run(main())


def test_a_message_tells_of_the_back_off_and_of_its_cause() -> None:
    """What people read while an endpoint is left alone is why, and for how long still."""
    asker = Asker(Script(answered({"error_code": "APIGW.0308", "error_msg": "slow down"}, 429, Retry_After="200")))

    async def main() -> str:
        await asker.node()
        asker.clock.advance(60)
        return (await asker.node()).message

    message = swift.run(main())
    assert "140 s" in message
    assert "slow down" in message


def test_nodes_are_backed_off_one_by_one() -> None:
    """The back-off is the endpoint's: that one node of a graph throttles does not keep the other from being asked."""

    def answer(request: httpx.Request) -> httpx.Response:
        return answered(b"", 429, Retry_After="200") if request.url.host == "one.test" else answered()

    script = Script(answer)
    asker = Asker(script, endpoints=("http://one.test", "http://two.test"))

    async def main() -> None:
        await asker.ask()
        first = len(script.requests)
        listing = await asker.ask()
        assert [node.reason for node in listing.nodes] == ["throttled", ""]
        assert {request.url.host for request in script.requests[first:]} == {"two.test"}

    swift.run(main())


# Sizes and packing ---------------------------------------------------------------------------------------------------


def streamed(body: Body, **headers: str) -> Callable[[httpx.Request], httpx.Response]:
    """An answer whose body is made while it is read."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: httpx.Response(200, headers=named, stream=body)


def test_an_endless_body_is_stopped_while_it_is_read() -> None:
    """No more of an answer is read than the limit allows, and the connection is let go of."""
    body = Body(repeat(b" " * KIB))
    assert reason(Asker(Script(streamed(body)), limits=TIGHT)) == "too_large"
    assert body.read == 65
    assert body.closed


def test_an_announced_size_over_the_limit_is_not_read_at_all() -> None:
    """A length that says it all is believed when it is too much."""
    body = Body([b" " * KIB])
    assert reason(Asker(Script(streamed(body, Content_Length=str(65 * KIB))), limits=TIGHT)) == "too_large"
    assert body.read == 0


@pytest.mark.parametrize("length", ["10", "-1", "lots", "1e9", "१२"])
def test_an_announced_size_that_lies_changes_nothing(length: str) -> None:
    """The limit is of what comes, whatever was announced."""
    body = Body(repeat(b" " * KIB))
    header = [(b"Content-Length", length.encode())]
    script = Script(lambda _: httpx.Response(200, headers=header, stream=body))
    assert reason(Asker(script, limits=TIGHT)) == "too_large"


@pytest.mark.parametrize(("size", "expected"), [(64 * KIB, ""), (64 * KIB + 1, "too_large")])
@pytest.mark.parametrize("packed", [False, True])
def test_the_limit_is_exact_and_of_what_is_unpacked(size: int, expected: str, packed: bool) -> None:
    """A body of exactly ``max_response_bytes`` is read, packed or not; one byte more is not."""
    content = EMPTY + b" " * (size - len(EMPTY))
    answer = answered(gzip.compress(content), Content_Encoding="gzip") if packed else answered(content)
    script = Script(lambda _: httpx.Response(200, headers=answer.headers, stream=Body([answer.content])))
    if packed:
        script = Script(streamed(Body([gzip.compress(content)]), Content_Encoding="gzip"))
    assert reason(Asker(script, limits=TIGHT)) == expected


def test_gzip_is_asked_for_and_unpacked() -> None:
    """A packed list is read as if it were plain."""
    world = world_with("movie")
    world.faults.add(parse("gzip"))
    assert listed(Asker(over(world))) == {"movie-1"}


def pieces(content: bytes) -> Iterator[bytes]:
    """Byte by byte."""
    return (content[i : i + 1] for i in range(len(content)))


def test_gzip_in_small_pieces() -> None:
    """However the pieces of a packed answer fall, it is unpacked."""
    script = Script(streamed(Body(pieces(gzip.compress(EMPTY))), Content_Encoding="gzip"))
    assert reason(Asker(script)) == ""


PACKED = {
    "twice": (gzip.compress(gzip.compress(EMPTY)), "gzip, gzip"),
    "in a way that was not asked for": (EMPTY, "br"),
    "not at all": (EMPTY, "gzip"),
    "broken": (gzip.compress(EMPTY)[:12] + b"\x00" * 20, "gzip"),
    "cut off": (gzip.compress(EMPTY)[:-12], "gzip"),
}


@pytest.mark.parametrize(("content", "coding"), PACKED.values(), ids=PACKED)
def test_what_cannot_be_unpacked_is_a_decode_error(content: bytes, coding: str) -> None:
    """An answer packed in a way that nobody asked for, or broken, is none: above all not several times over."""
    script = Script(streamed(Body([content]), Content_Encoding=coding))
    assert reason(Asker(script)) == "decode"


def test_how_an_error_is_packed_does_not_hide_it() -> None:
    """A 503 is a 503, even where a web server packs its page in a way that was not asked for."""
    assert reason(Asker(Script(lambda _: httpx.Response(503, headers={"Content-Encoding": "br"}, stream=Body([b"x"])))))


# Redirects -----------------------------------------------------------------------------------------------------------

LOCATIONS = [
    "https://elsewhere.example/",
    "/elsewhere",
    "//elsewhere.example/",
    "http://ges.test:81/",
    "mailto:someone@example",
    "javascript:alert(1)",
    "http://[::1",
    "http://xn--/",
    "http:///x",
    "http://a:99999999/",
    "é",
    "x" * 70_000,
    "",
]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_refused_and_no_token_follows(status: int) -> None:
    """Nothing is sent to where a redirect leads, in particular no credentials."""
    script = Script(answered(b"", status, Location="https://elsewhere.example/ges"))
    assert reason(Asker(script)) == "http_3xx"
    assert {request.url.host for request in script.requests} == {"ges.test"}


@pytest.mark.parametrize("location", LOCATIONS, ids=lambda location: location[:20])
def test_where_a_redirect_leads_does_not_matter(location: str) -> None:
    """A redirect to somewhere odd is a redirect: no crash, no other reason."""
    headers = [(b"Location", location.encode())]
    assert reason(Asker(Script(lambda _: httpx.Response(302, headers=headers)))) == "http_3xx"


def test_a_server_leaves_nothing_behind() -> None:
    """The next answer does not depend on the one before: a 200 with a Location is an answer."""
    assert listed(Asker(Script(answered(None, 200, Location="mailto:someone@example")))) == set()


# Tokens --------------------------------------------------------------------------------------------------------------

PASSWORD = "correct-horse-battery-staple"


class Login:
    """A world that wants tokens, and a keyring that gets them."""

    def __init__(self, password: str = PASSWORD) -> None:
        self.world = world_with("movie", "fraud")
        self.world.projects[PROJECT].centre.submit(Plan(job_type="StartGraph", graph="movie", after=-9, run=1))
        self.world.iam.accepts = frozenset({"token"})
        self.world.iam.users["acme", "monitor"] = PASSWORD
        self.telemetry = Telemetry()
        credentials = PasswordCredentials(
            type="password",
            domain="acme",
            username="monitor",
            password=Secret(password),
            iam_endpoint="http://iam.test",
        )
        self.transport = over(self.world)
        self.keyring = Keyring({"prod": credentials}, self.telemetry, transport=self.transport)

    def asker(self, transport: httpx.AsyncBaseTransport | None = None, **settings: Any) -> Asker:  # noqa: ANN401
        """A client that uses them."""
        plain = Asker(credentials="prod", iam_endpoint="http://iam.test", **settings).settings
        credential = self.keyring.credential(plain)
        return Asker(transport or self.transport, credential, self.telemetry, **settings)

    @property
    def made(self) -> int:
        """How many tokens IAM has made."""
        return self.world.iam.tokens_made


@pytest.mark.parametrize("status", [400, 401])
@pytest.mark.parametrize("target", ["movie", "centre"])
def test_a_token_that_has_gone_bad_is_renewed_once(status: int, target: str) -> None:
    """A 401, or a 400 with ``GES.8007``, costs one login and no scrape."""
    login = Login()
    login.world.iam.bad_token_status = status
    asker = login.asker() if target == "movie" else login.asker(target=CENTRE)

    async def main() -> None:
        assert not (await asker.node()).reason
        login.world.iam.revoke()
        listing = await asker.ask()
        assert (listing.up, listing.requests) == (True, 3)

    swift.run(main())
    assert login.made == 2
    assert login.telemetry.retries["list_jobs", "auth"] == 1


def test_a_token_refused_again_and_again_is_not_renewed_again_and_again() -> None:
    """Where a fresh token is refused too, the scrape fails; and the next ones make no login storm."""
    login = Login()
    login.world.faults.add(parse("bad_token,path=/ges"))
    asker = login.asker()

    async def main() -> None:
        for _ in range(5):
            assert (await asker.node()).reason == "auth"

    swift.run(main())
    assert login.made <= 3


def test_waiters_share_one_renewal() -> None:
    """Ten targets whose token is revoked at the same moment log in once."""
    login = Login()
    askers = [login.asker() for _ in range(10)]

    async def main() -> None:
        await asyncio.gather(*(asker.node() for asker in askers))
        login.world.iam.revoke()
        nodes = await asyncio.gather(*(asker.node() for asker in askers))
        assert [node.reason for node in nodes] == [""] * 10

    swift.run(main())
    assert login.made == 2


def test_without_a_token_nothing_is_sent() -> None:
    """Where IAM refuses the user, the target is not asked, and no request is claimed to have been made."""
    login = Login(password="wrong")
    asker = login.asker()
    listing = swift.run(asker.ask())
    assert (listing.nodes[0].reason, listing.requests) == ("auth", 0)
    assert {operation for operation, _ in login.telemetry.requests} == {"create_token"}
    assert "list_jobs" not in login.telemetry.durations


def test_a_login_that_hangs_ends_at_the_deadline() -> None:
    """The deadline covers the login, too."""
    login = Login()
    login.world.faults.add(parse("hang,path=/v3"))

    async def main() -> tuple[str, float]:
        begin = swift.now()
        node = await login.asker().node(3.0)
        took = swift.now() - begin
        await login.keyring.aclose()
        return node.reason, took

    assert swift.run(main()) == ("timeout", pytest.approx(3.0))


def test_the_token_stays_with_its_endpoint() -> None:
    """A redirect gets no further request, so no token goes where it was not meant to."""
    login = Login()
    script = Script(answered(b"", 307, Location="http://elsewhere.example/"))
    assert reason(login.asker(script)) == "http_3xx"
    assert [request.url.host for request in script.requests] == ["ges.test"]
    assert "X-Auth-Token" in script.requests[0].headers


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
    asker = Asker(over(world), target=type(CENTRE)("demo", name, Asker().settings.target.plane))
    assert listed(asker) == {f"{name}-1"}


def test_both_editions_are_told_by_the_answer() -> None:
    """``api: auto`` reads the memory and the database edition, and says which it is."""
    world = world_with("movie")
    world.projects[PROJECT].add_graph("big", "database").jobs.submit(
        Plan(job_type="import_graph", id="big-1", after=-9, run=1, outcome="complete")
    )
    for name, api in (("movie", "memory"), ("big", "database")):
        target = type(CENTRE)("demo", name, Asker().settings.target.plane)
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


# The task centre -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("api", "parameter"), [("v2", "start_time"), ("v1.0", "startTime")])
def test_the_window_is_asked_for(api: str, parameter: str) -> None:
    """A task centre is asked for what began since a date (UTC), in pages of at most a hundred."""
    script = Script(answered({"job_count": 0, "job_list": [], "jobCount": 0, "jobList": []}))
    asker = Asker(script, target=CENTRE, api=api)
    asker.clock.now = datetime(2025, 6, 15, 0, 30, tzinfo=UTC).timestamp()
    assert listed(asker) == set()
    assert dict(script.requests[0].url.params) == {"limit": "100", "offset": "0", parameter: "2025-06-15"}


def test_only_the_graphs_that_are_wanted() -> None:
    """``management.graphs`` limits what is exported of a task centre."""
    world = world_with("movie", "fraud")
    for name in ("movie", "fraud", "social"):
        world.projects[PROJECT].centre.submit(Plan(job_type="StartGraph", graph=name, id=name, after=-9, run=1))
    assert listed(Asker(over(world), target=CENTRE, graphs=("movie", "social"))) == {"movie", "social"}


class Imports:
    """A task centre with finished imports whose counts only the details tell."""

    def __init__(self, number: int = 1, graph: str = "movie") -> None:
        self.world = world_with(graph)
        self.graph = graph
        for i in range(number):
            files = (File(kind="edge", name="e.csv", lines=100 + i, failed_lines=i),)
            plan = Plan(job_type="ImportGraph", graph=graph, id=f"import-{i}", after=-9, run=1, files=files)
            self.world.projects[PROJECT].centre.submit(plan)
        self.asker = Asker(over(self.world), target=CENTRE)

    async def details(self, *ids: str, seconds: float = 10.0) -> dict[str, tuple[str, int | None]]:
        """For each import answered: the outcome, and the lines of its first file."""
        answers = await self.asker.details([owed(identity, self.graph) for identity in ids], seconds)
        return {one.job_id: (one.outcome.value, one.files[0].lines if one.files else None) for one in answers}

    def asked(self, path: str) -> int:
        """How many requests ended in ``path``."""
        return sum(entry.path.endswith(path) for entry in self.world.requests.latest)


@pytest.mark.parametrize("graph", ["movie", "电影/1 %"])
@pytest.mark.parametrize("api", ["v2", "v1.0"])
def test_details_are_found_by_the_graphs_id(graph: str, api: str) -> None:
    """The list names the graph; the id that the details want comes from the project's list of graphs, read once."""
    imports = Imports(3, graph)
    imports.asker = Asker(over(imports.world), target=CENTRE, api=api)

    async def main() -> None:
        await imports.asker.ask()
        assert await imports.details("import-0", "import-2") == {
            "import-0": ("answered", 100),
            "import-2": ("answered", 102),
        }
        assert await imports.details("import-1") == {"import-1": ("answered", 101)}

    swift.run(main())
    telemetry = imports.asker.telemetry.requests
    assert telemetry["show_job", "200"] == 3
    assert telemetry["list_graphs", "200"] == 2, "one page, and one that shows that there is no more"


def test_a_project_with_many_graphs() -> None:
    """The id of a graph is found on whichever page of the list of graphs it stands."""
    imports = Imports()
    for i in range(250):
        imports.world.projects[PROJECT].add_graph(f"graph-{i}")
    imports.world.projects[PROJECT].centre.submit(
        Plan(
            job_type="ImportGraph", graph="graph-249", id="late", after=-9, run=1, files=(File(kind="edge", name="e"),)
        )
    )
    imports.graph = "graph-249"

    async def main() -> dict[str, tuple[str, int | None]]:
        await imports.asker.ask()
        return await imports.details("late")

    assert swift.run(main())["late"][0] == "answered"


@pytest.mark.parametrize("fault", ["ignore_offset", "ignore_limit", "page_cap=1"])
def test_a_list_of_graphs_that_is_paged_oddly_ends(fault: str) -> None:
    """The list of graphs is not trusted either."""
    imports = Imports()
    imports.world.projects[PROJECT].add_graph("fraud")
    imports.world.faults.add(parse(f"{fault},path=/v2/{PROJECT}/graphs"))

    async def main() -> dict[str, tuple[str, int | None]]:
        await imports.asker.ask()
        return await imports.details("import-0")

    assert swift.run(main()) == {"import-0": ("answered", 100)}


def test_details_that_are_refused() -> None:
    """A job that the API does not know, or a graph that is gone, is a refusal: the ledger counts those."""
    imports = Imports()

    async def main() -> None:
        await imports.asker.ask()
        assert await imports.details("nobody", "import-0") == {
            "nobody": ("refused", None),
            "import-0": ("answered", 100),
        }
        imports.graph = "gone"
        assert await imports.details("import-0") == {"import-0": ("refused", None)}

    swift.run(main())


def test_a_graph_made_anew_is_found_again() -> None:
    """A graph deleted and made anew under its name has another id: after a refusal it is looked up."""
    imports = Imports()
    project = imports.world.projects[PROJECT]

    async def main() -> None:
        await imports.asker.ask()
        assert await imports.details("import-0") == {"import-0": ("answered", 100)}
        project.remove_graph("movie")
        project.add_graph("movie")
        assert await imports.details("import-0") == {"import-0": ("refused", None)}
        assert await imports.details("import-0") == {"import-0": ("answered", 100)}

    swift.run(main())


def test_one_refusal_is_not_counted_for_the_others() -> None:
    """Of several imports of one graph, those after a refused one are asked about all the same."""
    imports = Imports(3)

    async def main() -> dict[str, tuple[str, int | None]]:
        await imports.asker.ask()
        await imports.details("nobody")
        return await imports.details("nobody", "import-0", "nobody-else", "import-1", "import-2")

    outcomes = [outcome for outcome, _ in swift.run(main()).values()]
    assert outcomes == ["refused", "answered", "refused", "answered", "answered"]


def test_a_list_of_graphs_that_is_refused_is_a_refusal() -> None:
    """Where the API answers the question for the graphs with an error, no import is asked about for ever."""
    imports = Imports(2)
    imports.world.faults.add(parse(f"error=GES.0001,path=/v2/{PROJECT}/graphs"))

    async def main() -> dict[str, tuple[str, int | None]]:
        await imports.asker.ask()
        return await imports.details("import-0", "import-1")

    assert {outcome for outcome, _ in swift.run(main()).values()} == {"refused"}


@pytest.mark.parametrize("fault", ["status=500", "status=403", "throttle=100", "html"])
def test_details_that_fail_are_to_be_tried_again(fault: str) -> None:
    """A passing error is no answer."""
    imports = Imports()

    async def main() -> None:
        await imports.asker.ask()
        await imports.details("import-0")
        imports.world.faults.add(parse(f"{fault},graph={next(iter(instances(imports)))}"))
        assert await imports.details("import-0") == {"import-0": ("again", None)}

    swift.run(main())


def instances(imports: Imports) -> list[str]:
    """The ids of the graphs."""
    return [instance.id for instance in imports.world.projects[PROJECT].instances.values()]


@pytest.mark.parametrize("fault", ["status=500", "throttle=100", "throttle=1"])
def test_details_that_fail_do_not_fail_the_target(fault: str) -> None:
    """However often and however badly the details go wrong, the list is asked for, and the target is up."""
    imports = Imports(20)

    async def main() -> None:
        await imports.asker.ask()
        imports.world.faults.add(parse(f"{fault},graph={instances(imports)[0]}"))
        for _ in range(3):
            await imports.details(*(f"import-{i}" for i in range(20)))
            assert not (await imports.asker.node()).reason

    swift.run(main())


def test_details_that_hang_keep_those_before_them() -> None:
    """The deadline ends the asking; what was answered until then is kept, what was not stays owed."""
    imports = Imports(3)

    async def main() -> tuple[dict[str, tuple[str, int | None]], float]:
        await imports.asker.ask()
        await imports.details("import-0")
        imports.world.faults.add(parse(f"hang,path=/v2/{PROJECT}/graphs/{instances(imports)[0]}/jobs/import-1"))
        begin = swift.now()
        answers = await imports.details("import-0", "import-1", "import-2", seconds=5.0)
        return answers, swift.now() - begin

    answers, took = swift.run(main())
    assert answers == {"import-0": ("answered", 100)}
    assert took == pytest.approx(5.0)


def test_no_details_on_the_service_plane() -> None:
    """A graph's own list leaves nothing out that could be asked for."""
    world = world_with("movie")
    asker = Asker(over(world))

    async def main() -> int:
        await asker.ask()
        return len(await asker.details([owed("movie-1")]))

    assert swift.run(main()) == 0


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
    body = {"error_code": "GES.8000", "error_msg": "graph : movie not exist" + "!" * 10_000}
    message = swift.run(Asker(Script(answered(body, 400))).node()).message
    assert re.search(r"GES\.8000.*movie not exist", message)
    assert len(message) < 1000


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
