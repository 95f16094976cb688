"""The way to IAM over real sockets on the loopback: TLS, proxies, dead ends."""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator, Callable, Generator
from contextlib import asynccontextmanager

import httpx
import pytest
import trustme

from ges_exporter.auth.login import Answer
from ges_exporter.auth.wire import Wire, failure
from ges_exporter.config import Secret
from ges_exporter.errors import ConnectFailed, TargetError, TlsFailed
from ges_exporter.telemetry import Telemetry
from tests.iam import run
from tests.wires import deaf

OK = b"HTTP/1.1 201 Created\r\nX-Subject-Token: a-token\r\nContent-Length: 2\r\n\r\n{}"


@asynccontextmanager
async def server(answer: bytes, tls: ssl.SSLContext | None = None) -> AsyncIterator[tuple[int, list[bytes]]]:
    """A server on the loopback that answers each request's head: its port, and the heads it was sent."""
    heads: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    async with listener:
        yield listener.sockets[0].getsockname()[1], heads


def certified(*, trusted: bool) -> tuple[ssl.SSLContext, Callable[[], ssl.SSLContext]]:
    """A server's TLS context, and a client's that trusts it or not."""
    authority = trustme.CA()
    ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(ours)
    theirs = ssl.create_default_context()
    if trusted:
        authority.configure_trust(theirs)
    return ours, lambda: theirs


async def fetched(wire: Wire, url: str) -> Answer:
    """The answer to a request sent over ``wire``."""

    def flow() -> Generator[httpx.Request, Answer, Answer]:
        return (yield httpx.Request("POST", url))

    return await wire.drive(flow())


def test_answer_over_tls() -> None:
    """An IAM with a certificate that is trusted is spoken to."""

    async def scenario() -> Answer:
        ours, theirs = certified(trusted=True)
        async with server(OK, ours) as (port, _):
            return await fetched(Wire(Telemetry(), tls=theirs), f"https://127.0.0.1:{port}/")

    answer = run(scenario())
    assert (answer.status, answer.headers["X-Subject-Token"], answer.body) == (201, "a-token", b"{}")


def test_untrusted_certificate() -> None:
    """A certificate that nobody vouches for ends as a TLS failure that says why, before anything was sent."""

    async def scenario() -> list[bytes]:
        ours, theirs = certified(trusted=False)
        async with server(OK, ours) as (port, heads):
            with pytest.raises(TlsFailed, match="unable to get local issuer certificate"):
                await fetched(Wire(Telemetry(), tls=theirs), f"https://127.0.0.1:{port}/")
            return heads

    assert run(scenario()) == []


def test_no_listener() -> None:
    """A port where nobody listens ends as a failed connection."""
    with deaf() as port, pytest.raises(ConnectFailed, match=r"no connection to 127.0.0.1: "):
        run(fetched(Wire(Telemetry()), f"http://127.0.0.1:{port}/"))


@pytest.mark.parametrize("answer", [b"", OK[:-1], b"HTTP/1.1 20"])
def test_answer_cut_off(answer: bytes) -> None:
    """An answer that ends too early is a failed connection."""

    async def scenario() -> None:
        async with server(answer) as (port, _):
            with pytest.raises(ConnectFailed, match="ended before its answer did"):
                await fetched(Wire(Telemetry()), f"http://127.0.0.1:{port}/")

    run(scenario())


def test_proxy_is_the_configured_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests go through the proxy of the configuration, with its password, and never through the environment's."""

    async def scenario() -> None:
        async with server(OK) as (port, heads):
            monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
            await fetched(Wire(Telemetry()), f"http://127.0.0.1:{port}/direct")
            proxy = Secret(f"http://user:pass@127.0.0.1:{port}")
            await fetched(Wire(Telemetry(), proxy=proxy), "http://iam.example/v3")
        assert heads[0].startswith(b"POST /direct HTTP/1.1\r\n")
        assert heads[1].startswith(b"POST http://iam.example/v3 HTTP/1.1\r\n")
        assert base64.b64encode(b"user:pass") in heads[1]

    run(scenario())


def test_proxy_that_refuses() -> None:
    """A proxy that does not connect is a failed connection to IAM; the proxy's words are not repeated."""

    async def scenario() -> None:
        async with server(b"HTTP/1.1 407 user:pass\r\nContent-Length: 0\r\n\r\n") as (port, _):
            proxy = Secret(f"http://user:pass@127.0.0.1:{port}")
            with pytest.raises(ConnectFailed, match=r"^the proxy does not connect to iam\.example$"):
                await fetched(Wire(Telemetry(), proxy=proxy), "https://iam.example/v3")

    run(scenario())


@pytest.mark.parametrize("error", [kind("") for kind in httpx.TransportError.__subclasses__()])
def test_every_exception_has_a_reason(error: httpx.TransportError) -> None:
    """Each way that the HTTP library may fail is a target's error with a bounded reason."""
    assert isinstance(failure(error, "iam.example"), TargetError)
