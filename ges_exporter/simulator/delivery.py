"""How an answer reaches the client when a fault alters it on its way."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Mapping
from dataclasses import replace

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ges_exporter.simulator.faults import Fault
from ges_exporter.simulator.instead import Parcel

ALTERING = frozenset({"gzip", "truncated", "reset", "drip"})
"""The kinds of faults that need the whole answer before it is sent."""


class Cut(ConnectionResetError):
    """Raised into the server, so that it cuts the connection in the middle of an answer."""


async def gone_within(receive: Receive, seconds: float | None) -> bool:
    """Wait, at most ``seconds``, for the client to go; whether it has gone."""
    try:
        async with asyncio.timeout(seconds):
            while (await receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        return False
    return True


async def capture(app: ASGIApp, scope: Scope, receive: Receive) -> Parcel:
    """The answer of ``app``, not yet sent."""
    messages: list[Message] = []

    async def keep(message: Message) -> None:
        messages.append(message)

    await app(scope, receive, keep)
    start, *bodies = messages
    headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in start["headers"])
    kept = tuple((name, value) for name, value in headers if name.lower() != "content-length")
    return Parcel(start["status"], kept, b"".join(message.get("body", b"") for message in bodies))


async def deliver(parcel: Parcel, faults: Mapping[str, Fault], request: Request, send: Send) -> None:
    """Send ``parcel`` as the faults want it; raises Cut after half of it for ``reset``."""
    if "gzip" in faults and "gzip" in request.headers.get("accept-encoding", ""):
        headers = (*parcel.headers, ("Content-Encoding", "gzip"))
        parcel = replace(parcel, body=gzip.compress(parcel.body, 1), headers=headers)
    if "truncated" in faults:
        parcel = replace(parcel, body=parcel.body[: len(parcel.body) // 2])
    await _start(parcel, send)
    if "reset" in faults:
        await _send(parcel.body[: len(parcel.body) // 2], send)
        raise Cut
    if "drip" in faults:
        await _drip(parcel.body, faults["drip"].number(10), request, send)
    else:
        await _repeat(parcel, request, send)


async def _start(parcel: Parcel, send: Send) -> None:
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in parcel.headers]
    if parcel.repeated == 1:
        headers.append((b"content-length", str(len(parcel.body)).encode()))
    await send({"type": "http.response.start", "status": parcel.status, "headers": headers})


async def _drip(body: bytes, rate: float, request: Request, send: Send) -> None:
    """Ten times a second a tenth of ``rate``, at least a byte; fewer times for a lower rate."""
    size = max(1, int(rate / 10))
    for place in range(0, len(body), size):
        await _send(body[place : place + size], send)
        if await gone_within(request.receive, size / rate):
            return
    await _send(b"", send, more=False)


async def _repeat(parcel: Parcel, request: Request, send: Send) -> None:
    for _ in range(parcel.repeated - 1):
        await _send(parcel.body, send)
        if await gone_within(request.receive, 0):
            return
    await _send(parcel.body, send, more=False)


async def _send(body: bytes, send: Send, *, more: bool = True) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": more})
