"""One target asked over real sockets on the loopback: broken connections, TLS, proxies."""

from __future__ import annotations

import asyncio
import base64
import gzip
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import trustme

from ges_exporter.auth import Keyring
from ges_exporter.client import Limits
from ges_exporter.config import PasswordCredentials, Secret, Tls
from ges_exporter.model import NodeListing
from ges_exporter.simulator import Plan, World, create_app, serve
from ges_exporter.simulator.faults import parse
from ges_exporter.telemetry import Telemetry
from tests.asking import EMPTY, Asker
from tests.simulated import PROJECT

run = asyncio.run
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[object]]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(EMPTY), EMPTY)
MIB = 1 << 20


class Wire:
    """A server of raw bytes: what it was sent, and the connections it has."""

    def __init__(self, handler: Handler) -> None:
        self.port = 0
        self.heads: list[bytes] = []
        self.connections = 0
        self.open: set[asyncio.StreamWriter] = set()
        self.idle = asyncio.Event()
        self._handler = handler

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self.connections += 1
        self.open.add(writer)
        self.idle.clear()
        with suppress(OSError, asyncio.IncompleteReadError, ssl.SSLError):
            await self._handler(reader, writer)
        writer.close()
        with suppress(OSError, ssl.SSLError):
            await writer.wait_closed()
        self.open.discard(writer)
        if not self.open:
            self.idle.set()


@asynccontextmanager
async def wire(handler: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[Wire]:
    """A server on the loopback that treats each connection as ``handler`` says."""
    server = Wire(handler)
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=tls)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        for writer in list(server.open):
            writer.transport.abort()
        if server.open:
            await server.idle.wait()


def answering(*pieces: bytes, then: Callable[[asyncio.StreamWriter], Awaitable[object]] | None = None) -> Handler:
    """Reads each request's head and answers with ``pieces``; ``then`` happens after the first."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await reader.readuntil(b"\r\n\r\n")
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
            if then is not None:
                await then(writer)
                return

    return handle


async def close(_: asyncio.StreamWriter) -> None:
    """End the connection."""


async def reset(writer: asyncio.StreamWriter) -> None:
    """Cut the connection."""
    raw = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def hang(writer: asyncio.StreamWriter) -> None:
    """Say nothing more until the other side goes."""
    await writer.wait_closed()


async def never(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    """Read, and say nothing."""
    while await reader.read(MIB):
        pass


async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A byte of the answer now and then."""
    await reader.readuntil(b"\r\n\r\n")
    for i in range(len(OK)):
        writer.write(OK[i : i + 1])
        await writer.drain()
        await asyncio.sleep(0.1)


async def endless_head(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Headers without end."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-More: " + b"x" * 1000 + b"\r\n")
        await writer.drain()


async def endless_body(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A body without end."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"10000\r\n" + b" " * 0x10000 + b"\r\n")
        await writer.drain()


def asker(server: Wire | int, scheme: str = "http", **settings: Any) -> Asker:  # noqa: ANN401 - as Asker has them
    """A client of a server."""
    port = server if isinstance(server, int) else server.port
    return Asker(endpoints=(f"{scheme}://127.0.0.1:{port}",), limits=Limits(5000, 1000, MIB), **settings)


async def ask(one: Asker, seconds: float = 5.0) -> NodeListing:
    """What the one endpoint of a client lists, the connections closed afterwards."""
    try:
        return await one.node(seconds)
    finally:
        await one.client.aclose()


HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
BROKEN: dict[str, tuple[Handler, str]] = {
    "closes without an answer": (answering(then=close), "connect"),
    "announces more than a number can hold": (
        answering(b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n" + EMPTY, then=close),
        "connect",
    ),
    "closes in the head": (answering(b"HTTP/1.1 200", then=close), "connect"),
    "closes in the body": (answering(HEAD + EMPTY, then=close), "connect"),
    "closes in a chunk": (
        answering(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{", then=close),
        "connect",
    ),
    "resets without an answer": (answering(then=reset), "connect"),
    "resets in the body": (answering(HEAD, then=reset), "connect"),
    "does not speak HTTP": (answering(b"220 mail.example ESMTP\r\n\r\n", then=hang), "connect"),
    "sends headers without end": (endless_head, "connect"),
    "sends a body without end": (endless_body, "too_large"),
    "announces less than it sends": (
        answering(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n" + EMPTY, then=close),
        "decode",
    ),
    "announces more than is allowed": (answering(b"HTTP/1.1 200 OK\r\nContent-Length: 1048577\r\n\r\n"), "too_large"),
    "sends HTML": (answering(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>"), "decode"),
    "redirects": (
        answering(b"HTTP/1.1 302 Found\r\nLocation: mailto:a@b.example\r\nContent-Length: 0\r\n\r\n"),
        "http_3xx",
    ),
    "says 500": (answering(b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n"), "http_5xx"),
    "hangs": (never, "timeout"),
    "hangs in the body": (answering(HEAD + EMPTY, then=hang), "timeout"),
    "drips": (drip, "timeout"),
}


def test_each_broken_connection_has_its_reason() -> None:
    """However a connection breaks, it ends as a value with the documented reason, within the deadline."""

    async def main() -> dict[str, str]:
        async with AsyncExitStack() as stack:
            servers = [await stack.enter_async_context(wire(handler)) for handler, _ in BROKEN.values()]
            nodes = await asyncio.gather(*(ask(asker(server), 2.0) for server in servers))
        assert all(node.message and not node.jobs for node in nodes)
        return dict(zip(BROKEN, (node.reason for node in nodes), strict=True))

    assert run(main()) == {name: reason for name, (_, reason) in BROKEN.items()}


def test_nobody_listens() -> None:
    """A refused connection is ``connect``, and the message says which endpoint it was."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    node = run(ask(asker(port), 0.2))
    assert node.reason == "connect"
    assert f"127.0.0.1:{port}" in node.message


def test_a_connection_that_is_never_accepted() -> None:
    """A machine that takes the connection and nothing else costs the deadline, not more."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        assert run(ask(asker(listener.getsockname()[1]), 0.1)).reason == "timeout"


@pytest.mark.parametrize("handler", [never, drip, endless_body], ids=["hangs", "drips", "endless"])
def test_what_was_given_up_leaves_no_connection(handler: Handler) -> None:
    """After a scrape that was ended by the deadline or a limit, the connection is closed: nothing piles up."""

    async def main() -> None:
        async with wire(handler) as server:
            one = asker(server)
            for _ in range(3):
                assert (await one.node(0.15)).reason in {"timeout", "too_large"}
                async with asyncio.timeout(10):
                    await server.idle.wait()
            assert server.connections >= 3
            await one.client.aclose()

    run(main())


def test_a_tls_handshake_that_was_given_up_leaves_no_connection() -> None:
    """Nor does one that ends before it is encrypted, through a proxy or not, of a target or of its IAM."""
    credentials = PasswordCredentials(type="password", domain="d", username="u", password=Secret("correct-horse"))

    async def main() -> None:
        async with wire(never) as server, wire(Proxy().handle) as way:
            url, telemetry = f"https://127.0.0.1:{server.port}", Telemetry()
            keyring = Keyring({"prod": credentials}, telemetry, login_timeout=0.1)
            login = keyring.credential(Asker(credentials="prod", iam_endpoint=url).settings)
            askers = [
                asker(server, "https"),
                asker(server, "https", proxy=through(way.port)),
                asker(1, credential=login, telemetry=telemetry),
            ]
            for one in askers:
                assert (await one.node(0.2)).reason == "timeout"
                async with asyncio.timeout(10):
                    await server.idle.wait()
                await one.client.aclose()
            assert server.connections == len(askers)
            await keyring.aclose()

    run(main())


def test_connections_are_kept() -> None:
    """Scrape after scrape goes over the same connection."""

    async def main() -> int:
        async with wire(answering(OK)) as server:
            one = asker(server)
            for _ in range(5):
                assert not (await one.node()).reason
            await one.client.aclose()
            return server.connections

    assert run(main()) == 1


def test_a_connection_closed_while_it_was_idle_costs_no_scrape() -> None:
    """A server that closes connections between scrapes is asked over a new one."""

    async def main() -> None:
        async with wire(answering(OK, then=close)) as server:
            one = asker(server)
            for _ in range(3):
                assert not (await one.node()).reason
                async with asyncio.timeout(10):
                    await server.idle.wait()
            await one.client.aclose()

    run(main())


@pytest.mark.parametrize("fault", ["gzip", "drip=20000", "latency=1ms"])
def test_a_list_over_a_socket(fault: str) -> None:
    """The whole way: simulator, sockets, packing."""
    world = World()
    graph = world.add_project("demo", PROJECT).add_graph("movie")
    graph.jobs.submit(Plan(job_type="Algorithm", algorithm="pagerank", id="a", after=-9, run=1))
    world.faults.add(parse(fault))

    async def main() -> NodeListing:
        async with serve(create_app(world)) as url:
            return await ask(Asker(endpoints=(url,)))

    node = run(main())
    assert ([job.id for job in node.jobs][:1], node.complete) == (["a"], True)


def test_a_gzip_bomb_over_a_socket() -> None:
    """A small answer that unpacks to far more than is allowed is stopped at the limit."""
    bomb = gzip.compress(b" " * 20 * MIB)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)

    async def main() -> NodeListing:
        async with wire(answering(head + bomb)) as server:
            return await ask(asker(server))

    assert run(main()).reason == "too_large"


# TLS -----------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Who vouches for the servers."""
    return Authority(tmp_path_factory.mktemp("ca"))


class Authority:
    """A CA of ours, with its file, and one that nobody configured."""

    def __init__(self, folder: Path) -> None:
        self.ours, self.theirs = trustme.CA(), trustme.CA()
        self.file = str(folder / "ca.pem")
        self.ours.cert_pem.write_to_path(self.file)

    def server(
        self, *names: str, ca: trustme.CA | None = None, expires: datetime | None = None, client: bool = False
    ) -> ssl.SSLContext:
        """A server with a certificate for ``names``; with ``client`` it wants one of the client, too."""
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        (ca or self.ours).issue_cert(*(names or ("127.0.0.1",)), not_after=expires).configure_cert(made)
        if client:
            made.verify_mode = ssl.CERT_REQUIRED
            self.ours.configure_trust(made)
        return made


PAST = datetime(2020, 1, 1, tzinfo=UTC)

# What the server shows, how the client is configured, and what comes of it.
TRUST: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "vouched for": ({}, {}, ""),
    "vouched for by nobody": ({"ca": "theirs"}, {}, "tls"),
    "without a CA file": ({}, {"ca_file": None}, "tls"),
    "expired": ({"expires": PAST}, {}, "tls"),
    "of another address": ({"names": ["127.0.0.9"]}, {}, "tls"),
    "of a name": ({"names": ["movie.internal"]}, {}, "tls"),
    "of the configured name": ({"names": ["movie.internal"]}, {"server_name": "movie.internal"}, ""),
    "of another name": ({"names": ["fraud.internal"]}, {"server_name": "movie.internal"}, "tls"),
    "of the address, not of the name": ({}, {"server_name": "movie.internal"}, "tls"),
    "insecure: by nobody": ({"ca": "theirs"}, {"insecure_skip_verify": True}, ""),
    "insecure: expired": ({"expires": PAST}, {"insecure_skip_verify": True}, ""),
    "insecure: of another name": ({"names": ["fraud.internal"]}, {"insecure_skip_verify": True}, ""),
    "insecure: with a name": (
        {"names": ["fraud.internal"]},
        {"insecure_skip_verify": True, "server_name": "movie.internal"},
        "",
    ),
}


@pytest.mark.parametrize(("shown", "configured", "expected"), TRUST.values(), ids=TRUST)
def test_certificates(authority: Authority, shown: dict[str, Any], configured: dict[str, Any], expected: str) -> None:
    """A certificate counts if a configured CA vouches for the configured name, and it is in force."""
    ca = authority.theirs if shown.get("ca") else None
    tls = authority.server(*shown.get("names", ()), ca=ca, expires=shown.get("expires"))
    heads: list[bytes] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(OK)

    async def main() -> NodeListing:
        async with wire(handle, tls) as server:
            return await ask(asker(server, "https", tls=Tls(**{"ca_file": authority.file, **configured})))

    node = run(main())
    assert node.reason == expected, node.message
    assert len(heads) == (0 if expected else 1), "nothing is sent to a server that is not trusted"


def test_the_configured_name_is_asked_for(authority: Authority) -> None:
    """A server with certificates for several names is told which one is wanted."""
    asked: list[str | None] = []
    tls = authority.server("movie.internal")
    tls.sni_callback = lambda _object, name, _context: asked.append(name)

    async def main() -> NodeListing:
        async with wire(answering(OK, then=close), tls) as server:
            configured = Tls(ca_file=authority.file, server_name="movie.internal")
            return await ask(asker(server, "https", tls=configured))

    assert run(main()).reason == ""
    assert asked == ["movie.internal"]


def test_messages_tell_what_is_wrong_with_a_certificate(authority: Authority) -> None:
    """People read why a certificate is refused."""

    async def message(**shown: Any) -> str:  # noqa: ANN401 - as Authority.server has them
        async with wire(answering(OK), authority.server(**shown)) as server:
            return (await ask(asker(server, "https", tls=Tls(ca_file=authority.file)))).message

    assert "expired" in run(message(expires=PAST))
    assert "self-signed" in run(message(ca=authority.theirs)) or "issuer" in run(message(ca=authority.theirs))


def test_a_ca_file_that_cannot_be_used(authority: Authority, tmp_path: Path) -> None:
    """A CA file that is missing or broken fails its target only, with its path; and is read once it has been mended."""
    path = tmp_path / "movie-ca.pem"

    async def main() -> None:
        async with wire(answering(OK), authority.server()) as server:
            one = asker(server, "https", tls=Tls(ca_file=str(path)))
            for content in (None, b"", b"no certificate"):
                if content is not None:
                    path.write_bytes(content)
                node = await one.node()
                assert (node.reason, str(path) in node.message) == ("tls", True)
            authority.ours.cert_pem.write_to_path(str(path))
            assert not (await one.node()).reason
            await one.client.aclose()

    run(main())


async def corrupt(writer: asyncio.StreamWriter) -> None:
    """Bytes that were not encrypted, in the middle of a TLS connection."""
    raw = socket.socket(fileno=socket.dup(writer.get_extra_info("socket").fileno()))
    with raw:
        raw.send(b"\x17\x03\x03\x00\x20" + b"garbage!" * 4)
    await hang(writer)


BROKEN_TLS: dict[str, tuple[Handler, Mapping[str, Any], set[str]]] = {
    "cut off": (answering(HEAD, then=close), {}, {"connect"}),
    "reset": (answering(HEAD, then=reset), {}, {"connect"}),
    "corrupted": (answering(HEAD, then=corrupt), {}, {"tls"}),
    # With TLS 1.3 the refusal follows the handshake, and may be overtaken by the end of the connection.
    "the client is asked for a certificate": (answering(OK), {"client": True}, {"tls", "connect"}),
    "hangs": (never, {}, {"timeout"}),
}


def test_each_broken_tls_connection_has_its_reason(authority: Authority) -> None:
    """However an encrypted connection breaks, it ends as a value."""

    async def main() -> dict[str, str]:
        async with AsyncExitStack() as stack:
            servers = [
                await stack.enter_async_context(wire(handler, authority.server(**shown)))
                for handler, shown, _ in BROKEN_TLS.values()
            ]
            trust = Tls(ca_file=authority.file)
            nodes = await asyncio.gather(*(ask(asker(server, "https", tls=trust), 2.0) for server in servers))
        return dict(zip(BROKEN_TLS, (node.reason for node in nodes), strict=True))

    reasons = run(main())
    assert all(reasons[name] in expected for name, (_, _, expected) in BROKEN_TLS.items()), reasons


def test_https_where_http_is_spoken_and_the_other_way_round(authority: Authority) -> None:
    """A scheme that does not match the port is told as what it is: no handshake, or no answer."""

    async def main() -> tuple[str, str]:
        async with wire(answering(OK)) as plain, wire(answering(OK), authority.server()) as secure:
            trust = Tls(ca_file=authority.file)
            refuse = answering(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", then=close)
            async with wire(_at_once(refuse)) as polite:
                first = await ask(asker(polite, "https", tls=trust), 0.5)
            second = await ask(asker(secure, "http"), 0.5)
            assert plain.connections == 0
            return first.reason, second.reason

    assert run(main()) == ("tls", "connect")


def _at_once(_: Handler) -> Handler:
    """A web server's answer to what is no HTTP."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()

    return handle


def test_a_handshake_that_hangs() -> None:
    """A server that never answers the client's hello costs the deadline, not more."""

    async def main() -> NodeListing:
        async with wire(never) as server:
            return await ask(asker(server, "https"), 0.1)

    assert run(main()).reason == "timeout"


def test_an_iam_that_breaks_its_tls_costs_only_its_targets(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What breaks on the way to IAM is a value, too."""
    monkeypatch.setenv("SSL_CERT_FILE", authority.file)
    credentials = PasswordCredentials(type="password", domain="d", username="u", password=Secret("correct-horse"))

    async def main() -> NodeListing:
        async with wire(answering(HEAD, then=corrupt), authority.server()) as server:
            telemetry = Telemetry()
            keyring = Keyring({"prod": credentials}, telemetry)
            plain = Asker(credentials="prod", iam_endpoint=f"https://127.0.0.1:{server.port}")
            one = asker(1, credential=keyring.credential(plain.settings), telemetry=telemetry)
            try:
                return await ask(one)
            finally:
                await keyring.aclose()

    assert run(main()).reason == "tls"


# Proxies -------------------------------------------------------------------------------------------------------------


class Proxy:
    """A proxy that forwards, and tunnels, whatever it is asked to; ``heads`` are what it was sent."""

    def __init__(self, refusal: bytes = b"") -> None:
        self.asked: list[str] = []
        self.heads: list[str] = []
        self._refusal = refusal

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.heads.append(head)
        self.asked.append(head.partition("\r\n")[0])
        if self._refusal:
            writer.write(self._refusal)
            return
        method, target, _ = self.asked[-1].split(" ")
        host, _, port = target.removeprefix("http://").partition("/")[0].rpartition(":")
        there, back = await asyncio.open_connection(host, int(port))
        if method == "CONNECT":
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            back.write(head.encode())
        await asyncio.gather(_pump(reader, back), _pump(there, writer))


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(MIB):
            writer.write(data)
            await writer.drain()
    writer.close()


def through(port: int, userinfo: str = "") -> Secret:
    """The configuration of a proxy."""
    return Secret(f"http://{userinfo}127.0.0.1:{port}")


def test_http_through_a_proxy() -> None:
    """A target with a proxy is asked through it, by its full URL, with the proxy's own user and password."""
    proxy = Proxy()

    async def main() -> tuple[NodeListing, int]:
        async with wire(answering(OK, then=close)) as server, wire(proxy.handle) as way:
            node = await ask(asker(server, proxy=through(way.port, "user:pass%20word@")))
            return node, server.port

    node, port = run(main())
    assert node.reason == ""
    assert proxy.asked[0].startswith(f"GET http://127.0.0.1:{port}/ges/v1.0/")
    expected = base64.b64encode(b"user:pass word").decode()
    assert f"Proxy-Authorization: Basic {expected}" in proxy.heads[0]


@pytest.mark.parametrize(
    ("names", "server_name", "expected"),
    [
        (["127.0.0.1"], None, ""),
        (["movie.internal"], "movie.internal", ""),
        (["movie.internal"], None, "tls"),
        (["127.0.0.1"], "movie.internal", "tls"),
    ],
)
def test_https_through_a_proxy(authority: Authority, names: list[str], server_name: str | None, expected: str) -> None:
    """Through a proxy's tunnel the server's certificate is checked as it is without, the configured name included."""
    proxy = Proxy()

    async def main() -> tuple[NodeListing, int]:
        async with wire(answering(OK, then=close), authority.server(*names)) as server, wire(proxy.handle) as way:
            trust = Tls(ca_file=authority.file, server_name=server_name)
            return await ask(asker(server, "https", tls=trust, proxy=through(way.port))), server.port

    node, port = run(main())
    assert node.reason == expected, node.message
    assert proxy.asked[0] == f"CONNECT 127.0.0.1:{port} HTTP/1.1"


PASSWORD = "proxy-password-0123456789"


@pytest.mark.parametrize(("scheme", "expected"), [("http", "http_4xx"), ("https", "connect")])
def test_a_proxy_that_refuses(scheme: str, expected: str) -> None:
    """A proxy's refusal is no answer of the target; neither its password nor its words are told."""
    proxy = Proxy(b"HTTP/1.1 407 Who are you, %b\r\nContent-Length: 0\r\n\r\n" % PASSWORD.encode())

    async def main() -> NodeListing:
        async with wire(proxy.handle) as way:
            return await ask(asker(1, scheme, proxy=through(way.port, f"user:{PASSWORD}@")), 0.2)

    node = run(main())
    assert node.reason == expected
    assert PASSWORD not in repr(node)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_is_not_there(scheme: str) -> None:
    """A dead proxy fails the target as a dead connection does."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    node = run(ask(asker(1, scheme, proxy=through(port, f"user:{PASSWORD}@")), 0.2))
    assert node.reason == "connect"
    assert PASSWORD not in repr(node)


def test_a_proxy_that_hangs() -> None:
    """A proxy that never answers costs the deadline, not more."""

    async def main() -> list[str]:
        async with wire(never) as way:
            one = [ask(asker(1, scheme, proxy=through(way.port)), 0.1) for scheme in ("http", "https")]
            return [node.reason for node in await asyncio.gather(*one)]

    assert run(main()) == ["timeout", "timeout"]


def test_no_proxy_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the configuration names proxies: the process's environment may be anybody's."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
        monkeypatch.setenv(name.lower(), "http://127.0.0.1:1")

    async def main() -> NodeListing:
        async with wire(answering(OK)) as server:
            return await ask(asker(server))

    assert run(main()).reason == ""


def test_no_credentials_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No password from a ``.netrc`` is sent to a target."""
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password mine\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    proxy = Proxy(OK)

    async def main() -> NodeListing:
        async with wire(proxy.handle) as server:
            return await ask(asker(server))

    assert run(main()).reason == ""
    assert "authorization" not in proxy.heads[0].lower()
