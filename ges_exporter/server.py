"""Sockets, and the server that answers on them until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Iterator, Sequence

import uvicorn
from starlette.types import ASGIApp

BACKLOG = 1024


class Server(uvicorn.Server):
    """Serves on sockets that are open already; SIGTERM and SIGINT end it after what is under way."""

    def __init__(self, app: ASGIApp, grace: float) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=max(1, round(grace)),
            )
        )
        self.ready = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Ends in order instead of raising the signal again, as uvicorn would."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)
        try:
            yield
        finally:
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begins to answer."""
        await super().startup(sockets)
        self.ready.set()

    def _stop(self) -> None:
        self.should_exit = True


def listen(address: str) -> socket.socket:
    """Opens a socket at ``HOST:PORT``, ``[IPV6]:PORT`` or ``:PORT``, which means all addresses.

    Raises:
        ValueError: the address cannot be read.
        OSError: it is not to be had.
    """
    host, port = split_address(address)
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
    if not colon or not port.isdecimal() or int(port) > 65535 or (":" in host and not bracketed):
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
