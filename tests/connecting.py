"""A server for few connections, and clients that use theirs byte by byte."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

from starlette.types import ASGIApp, Receive, Scope, Send

from ges_exporter.server import Limits, Server, listen

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
FEW = Limits(connections=3)
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
async def serving_few(
    app: ASGIApp, limits: Limits = FEW, *, grace: float = 5, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Serving]:
    """A server for few connections, with as much patience as need be."""
    sockets = [listen("127.0.0.1:0")]
    clients = Clients(sockets[0].getsockname()[1])
    server = Server(app, grace, tls, limits)
    task = asyncio.create_task(server.serve(sockets))
    try:
        await server.ready.wait()
        yield Serving(server, task, clients)
    finally:
        await clients.close()
        server.should_exit = True
        await task
