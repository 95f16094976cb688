"""The server: addresses, signals, and clients that are slow, silent or many."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from ges_exporter.server import LARGEST_HEAD, Limits, Server, listen, split_address, urls
from ges_exporter.web import Protection
from tests.certificates import Authority, web_config
from tests.serving import run

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
QUICK = Limits(connections=3, handshake_time=0.3, head_time=0.3, idle_time=1)


class App:
    """Says hello, once it is let; counts what was asked."""

    def __init__(self, body: bytes = b"hello") -> None:
        self.asked = 0
        self.begun = asyncio.Event()
        self.may = asyncio.Event()
        self.may.set()
        self._body = body

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Answers a request."""
        self.asked += 1
        self.begun.set()
        await self.may.wait()
        headers = [(b"content-length", str(len(self._body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": self._body})


class Client:
    """A connection that is used byte by byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    def send(self, data: bytes) -> None:
        """Sends something."""
        self._writer.write(data)

    async def answer(self) -> bytes:
        """The first line of an answer, which is read to its end; nothing if the connection was cut."""
        try:
            head = await self._reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
            await self._reader.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionError):
            return b""
        return head.split(b"\r\n")[0]

    async def rest(self) -> bytes:
        """What comes until the connection is cut."""
        try:
            return await self._reader.read()
        except ConnectionError:
            return b""

    async def drip(self) -> None:
        """Sends a byte now and then."""
        while True:
            self.send(b"x")
            await asyncio.sleep(0.05)

    async def close(self) -> None:
        """Ends."""
        self._writer.close()
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()


class Clients:
    """Connections to one port, which are all closed in the end."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._clients: list[Client] = []

    async def connect(self) -> Client:
        """Opens one."""
        client = Client(*await asyncio.open_connection("127.0.0.1", self.port))
        self._clients.append(client)
        return client

    async def close(self) -> None:
        """Closes what has been opened."""
        for client in self._clients:
            await client.close()


class Serving(NamedTuple):
    """A server that runs, and what connects to it."""

    server: Server
    task: asyncio.Task[None]
    clients: Clients

    async def connect(self) -> Client:
        """Opens a connection."""
        return await self.clients.connect()


@asynccontextmanager
async def quick(app: ASGIApp, *, grace: float = 5, tls: ssl.SSLContext | None = None) -> AsyncIterator[Serving]:
    """A server with little patience."""
    sockets = [listen("127.0.0.1:0")]
    clients = Clients(sockets[0].getsockname()[1])
    server = Server(app, grace, tls, QUICK)
    task = asyncio.create_task(server.serve(sockets))
    try:
        await server.ready.wait()
        yield Serving(server, task, clients)
    finally:
        await clients.close()
        server.should_exit = True
        await task


OK, BUSY = b"HTTP/1.1 200 OK", b"HTTP/1.1 503 Service Unavailable"


def test_a_connection_is_used_again() -> None:
    """As Prometheus does from scrape to scrape."""

    async def main() -> list[bytes]:
        async with quick(App()) as serving:
            client = await serving.connect()
            answers = []
            for _ in range(3):
                client.send(GET)
                answers.append(await client.answer())
            return answers

    assert run(main) == [OK] * 3


def test_requests_in_one_go_are_answered_in_turn() -> None:
    """Pipelining is rare, and allowed."""

    async def main() -> list[bytes]:
        async with quick(App()) as serving:
            client = await serving.connect()
            client.send(GET * 3)
            return [await client.answer() for _ in range(3)]

    assert run(main) == [OK] * 3


SLOW = {
    "says nothing": b"",
    "never ends its headers": b"GET / HTTP/1.1\r\nHost: x\r\nX-A: ",
    "never ends its second request": GET + b"GET / HTTP/1.1\r\nX-A: ",
    "never ends its body": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nabc",
}


@pytest.mark.parametrize("sent", SLOW.values(), ids=SLOW)
def test_a_client_that_is_too_slow_is_cut(sent: bytes) -> None:
    """However it drips: its time is counted from the first byte of a request, not from the last one."""

    async def main() -> None:
        async with quick(App()) as serving:
            client = await serving.connect()
            client.send(sent)
            if b"\r\n\r\n" in sent:
                assert await client.answer() == OK
            dripping = asyncio.create_task(client.drip())
            await client.rest()
            dripping.cancel()

    run(main)


def test_a_slow_answer_is_waited_for() -> None:
    """The clock of a request stops when it has been read: a scrape may take its time."""

    async def main() -> bytes:
        app = App()
        app.may.clear()
        async with quick(app) as serving:
            client, silent = await serving.connect(), await serving.connect()
            client.send(GET)
            await silent.rest()
            app.may.set()
            return await client.answer()

    assert run(main) == OK


def test_an_idle_connection_is_closed_in_the_end() -> None:
    """Nobody keeps it for ever."""

    async def main() -> bytes:
        async with quick(App()) as serving:
            client = await serving.connect()
            client.send(GET)
            await client.answer()
            return await client.rest()

    assert run(main) == b""


def test_who_does_not_read_is_cut() -> None:
    """An answer that nobody fetches does not stay in memory."""

    async def main() -> None:
        async with quick(App(b"x" * 20_000_000)) as serving:
            with socket.create_connection(("127.0.0.1", serving.clients.port)) as client:
                client.sendall(GET)
                while not serving.server.server_state.total_requests:  # noqa: ASYNC110 - there is no event
                    await asyncio.sleep(0.01)
                while serving.server.server_state.connections:  # noqa: ASYNC110 - as above
                    await asyncio.sleep(0.01)

    run(main)


def test_idle_connections_make_room() -> None:
    """Whoever keeps connections open cannot lock others out."""

    async def main() -> tuple[list[bytes], bytes]:
        async with quick(App()) as serving:
            clients = [await serving.connect() for _ in range(3)]
            for client in clients[:2]:
                client.send(GET)
                await client.answer()
            newcomers = [await serving.connect() for _ in range(3)]
            answers = []
            for client in newcomers:
                client.send(GET)
                answers.append(await client.answer())
            return answers, await clients[0].answer()

    answers, evicted = run(main)
    assert (answers, evicted) == ([OK] * 3, b"")


def test_too_many_connections_at_work_are_refused_with_a_sentence() -> None:
    """503 at once, not a request that hangs; those at work are not disturbed."""

    async def main() -> tuple[bytes, bytes, list[bytes], bytes]:
        app = App()
        app.may.clear()
        async with quick(app) as serving:
            clients = [await serving.connect() for _ in range(3)]
            for number, client in enumerate(clients):
                client.send(GET)
                while app.asked <= number:
                    await app.begun.wait()
                    await asyncio.sleep(0)
            late = await serving.connect()
            refusal = await late.rest()
            app.may.set()
            answers = [await client.answer() for client in clients]
            after = await serving.connect()
            after.send(GET)
            return refusal.split(b"\r\n")[0], refusal, answers, await after.answer()

    line, refusal, answers, after = run(main)
    assert line == BUSY
    assert refusal.endswith(b"\r\n\r\ntoo many connections; try again in a moment\n")
    assert (answers, after) == ([OK] * 3, OK)


def test_heads_without_end_are_refused() -> None:
    """Beyond 64 KiB nothing is kept, whatever comes."""

    async def main() -> bytes:
        app = App()
        async with quick(app) as serving:
            client = await serving.connect()
            client.send(b"GET /?" + b"x" * (2 * LARGEST_HEAD))
            answer = await client.rest()
            assert not app.asked
            return answer[:12]

    # who is still sending may not get to see the answer
    assert run(main) in {b"HTTP/1.1 400", b""}


@pytest.mark.parametrize(
    "nonsense", [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"hello\r\n\r\n", b"GET / HTTP/9\r\n\r\n"]
)
def test_what_is_no_http_is_refused_in_silence(nonsense: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """Whoever scans ports does not fill the log."""

    async def main() -> bytes:
        async with quick(App()) as serving:
            client = await serving.connect()
            client.send(nonsense + b"\r\n\r\n")
            return (await client.rest())[:12]

    assert run(main) == b"HTTP/1.1 400"
    assert not caplog.records


def test_websockets_are_no_business_of_ours() -> None:
    """An upgrade is not made; the request is answered as any other."""

    async def main() -> bytes:
        async with quick(App()) as serving:
            client = await serving.connect()
            client.send(GET[:-2] + b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n")
            return await client.answer()

    assert run(main) == OK


def test_a_handshake_that_never_ends_is_cut(tmp_path: Path) -> None:
    """A connection to a TLS port that says nothing does not stay."""

    async def main() -> bytes:
        async with quick(App(), tls=protection.tls) as serving:
            client = await serving.connect()
            return await client.rest()

    Authority(tmp_path).server()
    files = {"cert_file": "server.crt", "key_file": "server.key"}
    protection = Protection(web_config(tmp_path, tls_server_config=files))
    assert run(main) == b""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_it_after_what_is_under_way(number: signal.Signals) -> None:
    """The request is answered, new connections are refused, and the server returns."""

    async def main() -> bytes:
        app = App()
        app.may.clear()
        async with quick(app) as serving:
            client, idle = await serving.connect(), await serving.connect()
            client.send(GET)
            await app.begun.wait()
            os.kill(os.getpid(), number)
            await idle.rest()
            with pytest.raises(ConnectionError):
                await serving.connect()
            app.may.set()
            answer = await client.answer()
            await serving.task
            return answer

    assert run(main) == OK


def test_it_does_not_wait_for_ever() -> None:
    """What is still under way when the grace is over is given up."""

    async def main() -> None:
        app = App()
        app.may.clear()
        async with quick(app, grace=1) as serving:
            client = await serving.connect()
            client.send(GET)
            await app.begun.wait()
            serving.server.should_exit = True
            await serving.task

    run(main)


ADDRESSES = {
    ":9877": ("", 9877),
    "127.0.0.1:0": ("127.0.0.1", 0),
    "[::1]:9877": ("::1", 9877),
    "localhost:80": ("localhost", 80),
}


@pytest.mark.parametrize(("text", "address"), ADDRESSES.items(), ids=list(ADDRESSES))
def test_addresses(text: str, address: tuple[str, int]) -> None:
    """As the Prometheus programs take them."""
    assert split_address(text) == address


@pytest.mark.parametrize("text", ["", "9877", "::1:9877", "host:", "host:http", "host:65536", "host:-1", "host:٣"])
def test_no_addresses(text: str) -> None:
    """With what was expected."""
    with pytest.raises(ValueError, match=r"expected HOST:PORT, \[IPV6\]:PORT or :PORT, got "):
        split_address(text)


@pytest.mark.parametrize(
    ("address", "url"),
    [(":0", "http://localhost:"), ("127.0.0.1:0", "http://127.0.0.1:"), ("[::1]:0", "http://[::1]:")],
)
def test_where_it_listens(address: str, url: str) -> None:
    """A free port is picked, and told."""
    with listen(address) as listener:
        (told,) = urls([listener])
        assert told == f"{url}{listener.getsockname()[1]}"


def test_all_addresses_are_both_families() -> None:
    """An empty host answers on IPv4 and IPv6."""
    with listen(":0") as listener:
        port = listener.getsockname()[1]
        for host in ("127.0.0.1", "::1"):
            socket.create_connection((host, port)).close()


def test_an_address_in_use() -> None:
    """Is an error at the start."""
    with listen("127.0.0.1:0") as listener, pytest.raises(OSError, match="in use"):
        listen(f"127.0.0.1:{listener.getsockname()[1]}")
