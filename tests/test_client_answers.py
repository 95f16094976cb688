"""Answers that are too large, oddly packed, or lead elsewhere."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from itertools import repeat

import httpx
import pytest

from ges_exporter.client import Limits
from ges_exporter.simulator.faults import parse
from tests.asking import EMPTY, Asker, Body, Script, answered, listed, over, reason, world_with

KIB = 1024
TIGHT = Limits(5000, 200_000, 64 * KIB)


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
