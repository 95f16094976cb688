"""Endpoints that want to be left alone, or are down: asked again in time, and not before."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime

import httpx
import pytest

from tests import swift
from tests.asking import HOST, Asker, Script, answered, listed, reason
from tests.simulated import Clock

BUSY = answered(b"", 503)


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
    assert asker.backoffs[HOST].until == pytest.approx(asker.clock.now + 100, abs=0.1)


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


@pytest.mark.parametrize("step", [answered(b"", 429, Retry_After="300"), BUSY], ids=["throttled", "down"])
def test_a_clock_that_is_set_back_prolongs_no_back_off(step: httpx.Response) -> None:
    """After the clock was set back by a day the endpoint is not left alone for a day."""
    script = Script(*[step] * 12, answered())
    asker = Asker(script)

    async def main() -> None:
        while asker.backoffs.get(HOST) is None or asker.backoffs[HOST].until <= asker.clock.now:
            await asker.node()
        asked = len(script.requests)
        asker.clock.advance(-86400)
        await asker.node()
        assert len(script.requests) > asked

    swift.run(main())
