"""Sockets, and the server that answers on them until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import resource
import signal
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

BACKLOG = 1024
MOST_FILES = 65536
LARGEST_HEAD = 65536
"""Bytes of a request's line and headers that are read at all."""
LINGER = 5.0
"""Seconds that a client may take to read the end of an answer when the server stops."""

_BUSY = b"too many connections; try again in a moment\n"
_TOO_MANY = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\n"
    b"Retry-After: 1\r\nConnection: close\r\n\r\n%b" % (len(_BUSY), _BUSY)
)

_log = logging.getLogger(__name__)
# What clients do wrong is not worth a line; what goes wrong here is.
_log.setLevel(logging.ERROR)


class Limits(NamedTuple):
    """What clients may take up; times in seconds."""

    connections: int = 512
    handshake_time: float = 10.0
    """For TLS."""
    head_time: float = 10.0
    """Within which a request must be read, or the connection is cut."""
    idle_time: int = 120
    """For which a connection is kept for the next request: longer than Prometheus leaves between two scrapes."""


class Connection(H11Protocol):
    """One connection, which is cut when its client is too slow, and makes room when there are too many."""

    def __init__(self, config: uvicorn.Config, state: ServerState, limits: Limits) -> None:
        super().__init__(config, state, {})
        self.logger = _log
        self._limits = limits
        self._patience: asyncio.TimerHandle | None = None
        self.since = 0.0
        """When something came in last, by the clock of the event loop."""

    @property
    def answering(self) -> bool:
        """Whether a request is under way."""
        return self.cycle is not None and not self.cycle.response_complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        """Begins to wait for a request, at the cost of another connection if need be."""
        super().connection_made(transport)
        self.since = self.loop.time()
        if len(self.connections) > self._limits.connections and not self._make_room():
            transport.write(_TOO_MANY)
            transport.close()
        else:
            self._wait()

    def data_received(self, data: bytes) -> None:
        """Reads; a client that sends too slowly has only so much time for a request."""
        self.since = self.loop.time()
        super().data_received(data)
        if self.answering:
            self._rest()
        elif self._patience is None:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Ends."""
        self._rest()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        """Waits for the next request, or for the client to read the end of its last answer."""
        super().on_response_complete()
        if self.transport.is_closing():
            self.loop.call_later(self._limits.idle_time, self.transport.abort)

    def timeout_keep_alive_handler(self) -> None:
        """Closes an idle connection, and does not wait for a client that has not read its last answer."""
        if self.transport.get_write_buffer_size():
            self.transport.abort()
        else:
            super().timeout_keep_alive_handler()

    def shutdown(self) -> None:
        """Closes when what is under way is done, without waiting long for a client that does not read."""
        super().shutdown()
        if not self.answering:
            self.loop.call_later(LINGER, self.transport.abort)

    def _wait(self) -> None:
        self._patience = self.loop.call_later(self._limits.head_time, self.transport.abort)

    def _rest(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _make_room(self) -> bool:
        """Cuts the connection that has been waiting for a request longest; returns whether there was one."""
        waiting = [one for one in self.connections if isinstance(one, Connection) and not one.answering]
        longest = min(waiting, key=lambda one: one.since)
        if longest is not self:
            longest.transport.abort()
        return longest is not self


class Server(uvicorn.Server):
    """Serves on sockets that are open already; SIGTERM and SIGINT end it after what is under way.

    ``grace``: seconds that this may take. ``tls``: None for plain HTTP.
    """

    def __init__(
        self, app: ASGIApp, grace: float, tls: ssl.SSLContext | None = None, limits: Limits | None = None
    ) -> None:
        self._limits = limits or Limits()
        super().__init__(
            uvicorn.Config(
                app,
                http=Connection,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=self._limits.idle_time,
                timeout_graceful_shutdown=max(1, round(grace)),
                h11_max_incomplete_event_size=LARGEST_HEAD,
            )
        )
        self.ready = asyncio.Event()
        self.on_hangup: Callable[[], None] = lambda: None
        """What SIGHUP does."""
        self._tls = tls

    @property
    def scheme(self) -> str:
        """Of the URLs under which it answers."""
        return "http" if self._tls is None else "https"

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Ends in order instead of raising the signal again, as uvicorn would."""
        loop = asyncio.get_running_loop()
        handlers = {signal.SIGTERM: self._stop, signal.SIGINT: self._stop, signal.SIGHUP: self.on_hangup}
        for number, handler in handlers.items():
            loop.add_signal_handler(number, handler)
        try:
            yield
        finally:
            for number in handlers:
                loop.remove_signal_handler(number)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begins to answer."""
        loop = asyncio.get_running_loop()
        handshake_time = None if self._tls is None else self._limits.handshake_time
        self.servers = [
            await loop.create_server(
                self._connection, sock=one, ssl=self._tls, backlog=BACKLOG, ssl_handshake_timeout=handshake_time
            )
            for one in sockets or []
        ]
        self.started = True
        self.ready.set()

    def _connection(self) -> Connection:
        return Connection(self.config, self.server_state, self._limits)

    def _stop(self) -> None:
        self.should_exit = True


def allow_many_files() -> None:
    """Raises the limit of open files, connections among them, as far as it may be raised."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def listen(address: str) -> socket.socket:
    """Opens a socket at ``HOST:PORT``, ``[IPV6]:PORT`` or ``:PORT``, which means all addresses.

    Raises:
        ValueError: the address cannot be read.
        OSError: it is not to be had.
    """
    listener = _bound(*split_address(address))
    # asyncio does so only for sockets that name their protocol; else answers on a kept connection wait for 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _bound(host: str, port: int) -> socket.socket:
    if host:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    if socket.has_dualstack_ipv6():
        return socket.create_server(("::", port), family=socket.AF_INET6, backlog=BACKLOG, dualstack_ipv6=True)
    return socket.create_server(("0.0.0.0", port), backlog=BACKLOG)  # noqa: S104 - what an empty host means


def split_address(address: str) -> tuple[str, int]:
    """Returns host and port of an address; raises ValueError for one that cannot be read."""
    host, colon, port = address.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if not colon or not (port.isascii() and port.isdecimal()) or int(port) > 65535 or (":" in host and not bracketed):
        raise ValueError(f"expected HOST:PORT, [IPV6]:PORT or :PORT, got {address!r}")
    return host.strip("[]"), int(port)


def urls(sockets: Sequence[socket.socket], scheme: str = "http") -> list[str]:
    """Returns where the sockets can be reached from this machine."""
    found = []
    for listener in sockets:
        host, port = listener.getsockname()[:2]
        name = "localhost" if host in {"::", "0.0.0.0"} else f"[{host}]" if ":" in host else host  # noqa: S104
        found.append(f"{scheme}://{name}:{port}")
    return found
