"""Paths that are not there, methods that are not answered, bugs, and many requests at once."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from ges_exporter.exporter import Exporter
from ges_exporter.simulator import Fault
from ges_exporter.web import Options
from tests.serving import connected, pages, run, small_world, watching


@pytest.mark.parametrize("path", ["/metrics", "/probe?project=demo", "/sd", "/jobs", "/", "/config", "/-/ready"])
def test_head_is_answered_where_get_is(path: str) -> None:
    """With the same headers and no body, as load balancers ask."""

    async def main() -> tuple[httpx.Response, httpx.Response]:
        async with connected(small_world()) as client:
            return await client.get(path), await client.head(path)

    get, head = run(main)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Type"] == get.headers["Content-Type"]


def test_metrics_elsewhere() -> None:
    """--web.telemetry-path moves them, and nothing is left where they were."""

    async def main() -> tuple[httpx.Response, httpx.Response]:
        async with pages(small_world(), options=Options(telemetry_path="/ges/metrics")) as client:
            return await client.get("/ges/metrics"), await client.get("/metrics")

    there, here = run(main)
    assert (there.status_code, here.status_code) == (200, 404)


def ask(method: str, path: str) -> httpx.Response:
    """The exporter's answer to one request."""

    async def main() -> httpx.Response:
        async with pages(small_world()) as client:
            return await client.request(method, path)

    return run(main)


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "/nope", 404),
        ("GET", "/metrics/", 404),
        ("GET", "/metrics/%2E%2E/config", 404),
        ("GET", "/%2Fmetrics", 404),
        ("POST", "/metrics", 405),
        ("DELETE", "/jobs", 405),
        ("OPTIONS", "/", 405),
    ],
)
def test_what_is_not_there(method: str, path: str, code: int) -> None:
    """A plain sentence, with what there is; nothing is redirected."""
    answer = ask(method, path)
    assert (answer.status_code, answer.headers["Content-Type"]) == (code, "text/plain; charset=utf-8")
    assert ("/probe" in answer.text) if code == 404 else (answer.headers["Allow"] in answer.text)


class Broken(Exporter):
    """An exporter with a bug."""

    async def page(self, *_arguments: object, **_options: object) -> tuple[bytes, str]:
        """Goes wrong."""
        raise RuntimeError("hunter22 at /etc/ges/secret")


def test_a_bug_is_an_internal_error_that_tells_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """HTTP 500 with the headers of every answer; the traceback is in the log."""

    async def main() -> httpx.Response:
        async with connected(small_world(), kind=Broken) as client:
            return await client.get("/metrics")

    answer = run(main)
    assert (answer.status_code, answer.text) == (500, "internal error; the log of the exporter tells more\n")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    (record,) = [record for record in caplog.records if record.exc_info]
    assert "Broken" not in answer.text
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], RuntimeError)


def test_too_many_scrapes_at_once_are_refused_with_a_sentence() -> None:
    """A bound on the work under way; who comes later in peace is served."""

    async def main() -> tuple[list[httpx.Response], httpx.Response, httpx.Response]:
        async with pages(world) as client:
            many = [asyncio.create_task(client.get("/metrics")) for _ in range(400)]
            await asyncio.wait(many, return_when=asyncio.FIRST_COMPLETED)
            health = await client.get("/-/healthy")
            return list(await asyncio.gather(*many)), health, await client.get("/metrics")

    world = small_world()
    world.faults.add(Fault(kind="latency", value=0.5, times=3))
    answers, health, after = run(main)
    refused = [answer for answer in answers if answer.status_code == 503]
    assert {answer.text for answer in refused} == {"too many scrapes are under way; try again in a moment\n"}
    assert {answer.status_code for answer in answers} == {200, 503}
    assert health.status_code == after.status_code == 200


def test_two_hundred_requests_at_once_are_answered() -> None:
    """On sockets, of all kinds, and afterwards it answers as before."""

    async def main() -> tuple[list[int], int]:
        async with connected(small_world()) as client:
            paths = ["/metrics", "/probe?project=demo&graph=movie", "/jobs", "/sd"] * 50
            answers = await asyncio.gather(*(client.get(path) for path in paths))
            return [answer.status_code for answer in answers], (await client.get("/metrics")).status_code

    codes, after = run(main)
    assert (set(codes), after) == ({200}, 200)


def test_the_configuration_is_shown_without_its_secrets() -> None:
    """As YAML, defaults included."""

    async def main() -> httpx.Response:
        credentials = {"prod": {"type": "token", "token": "hunter22"}}
        async with pages(small_world(), lambda url: watching(url, credentials=credentials)) as client:
            return await client.get("/config")

    answer = run(main)
    assert answer.headers["Content-Type"].startswith("application/yaml")
    assert "token: <secret>" in answer.text
    assert "max_timeout: 2m" in answer.text
    assert "hunter22" not in answer.text
