"""The simulator on a socket, in the event loop that is already running."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator, Iterator
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from ges_exporter.simulator.delivery import Cut

_LOG = logging.getLogger(__name__)


def _by_mistake(record: logging.LogRecord) -> bool:
    """Whether an error of the server is one, and not a fault that was ordered."""
    return not (record.exc_info and isinstance(record.exc_info[1], Cut))


_LOG.addFilter(_by_mistake)


class _Protocol(H11Protocol):
    """Says nothing of connections that are cut on purpose."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - uvicorn's own arguments
        super().__init__(*args, **kwargs)
        self.logger = _LOG


class _Server(uvicorn.Server):
    """Leaves signals to others, tells when it is ready, and cuts what still hangs when it stops."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await super().shutdown(sockets)


@contextlib.asynccontextmanager
async def serve(app: ASGIApp, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
    """Serve ``app`` while the context lasts; yields the base URL. Port 0 picks a free one.

    Raises OSError if the address is not to be had. Installs no signal handlers and writes nothing.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=2048)
    # asyncio does so only for sockets that name their protocol; else answers on a kept connection wait for 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    bound = listener.getsockname()[1]
    server = _Server(
        uvicorn.Config(app, http=_Protocol, lifespan="off", log_config=None, access_log=False, timeout_keep_alive=75)
    )
    task = asyncio.create_task(server.serve([listener]))
    try:
        await server.ready.wait()
        yield f"http://{f'[{host}]' if ':' in host else host}:{bound}"
    finally:
        server.should_exit = True
        await task
