"""Servers and proxies of raw bytes on the loopback, a CA for them, and clients that ask them."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import trustme

from ges_exporter.client import Limits
from ges_exporter.config import Secret
from ges_exporter.model import NodeListing
from tests.asking import EMPTY, Asker

run = asyncio.run
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[object]]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(EMPTY), EMPTY)
MIB = 1 << 20


@contextmanager
def deaf() -> Iterator[int]:
    """A port at which nobody listens, and that nobody else is given meanwhile."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        yield port


@contextmanager
def gone() -> Iterator[int]:
    """A port that drops whatever is sent to it, as that of a machine that is gone: connections to it are never made."""
    with ExitStack() as stack:
        taken = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        # The kernel drops what comes once the queue of those that nobody has accepted is full.
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(taken.getsockname())
        port: int = taken.getsockname()[1]
        yield port


class Wire:
    """A server of raw bytes: what it was sent, and the connections it has."""

    def __init__(self, handler: Handler) -> None:
        self.port = 0
        self.heads: list[bytes] = []
        self.connections = 0
        self.open: set[asyncio.StreamWriter] = set()
        self.idle = asyncio.Event()
        self._handler = handler

    async def left_alone(self) -> None:
        """Wait until all clients have gone; `TimeoutError` if they do not."""
        async with asyncio.timeout(20):
            await self.idle.wait()

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


def hearing(heard: asyncio.Event, handler: Handler = never) -> Handler:
    """Sets ``heard`` once a connection is there and something was sent over it, then does as ``handler``."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(1)
        heard.set()
        await handler(reader, writer)

    return handle


async def given_up(one: Asker, heard: asyncio.Event) -> None:
    """Ask, and be cancelled, as by a deadline, once the server has ``heard`` something."""
    heard.clear()
    asking = asyncio.create_task(one.node(60))
    await heard.wait()
    asking.cancel()
    await asyncio.wait([asking])


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
"""Of an answer of which not all will come."""


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
