"""Sends the requests of a login: within a time, an answer of bounded size, every failure a `TargetError`."""

from __future__ import annotations

import asyncio
import functools
import ssl
import time
from collections.abc import AsyncIterator, Callable, Generator, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import httpx

from ges_exporter.auth.login import Answer
from ges_exporter.config import Secret
from ges_exporter.errors import ConnectFailed, DecodeFailed, TargetError, TimeoutExceeded, TlsFailed, TooLarge
from ges_exporter.telemetry import Telemetry

OPERATION = "create_token"

_LARGEST_ANSWER = 256 * 1024
_Result = TypeVar("_Result")


async def forget_location(response: httpx.Response) -> None:
    """A hook for responses: the HTTP library would parse where a redirect leads, and fail in ways of its own."""
    response.headers.pop("Location", None)


class Line:
    """The connection of a request."""

    def __init__(self) -> None:
        self.reaching = False
        """Whether the other end has yet to take it up."""
        self.opened: list[Any] = []
        """Its sockets, as the HTTP library wraps them."""

    async def see(self, event: str, info: Mapping[str, Any]) -> None:
        """Is told by the HTTP library what becomes of a request."""
        _, _, step = event.rpartition("connect_tcp.")
        if step != event:
            self.reaching = step == "started"
        if step == "complete":
            self.opened.append(info["return_value"])


@asynccontextmanager
async def hanging_up(request: httpx.Request) -> AsyncIterator[Line]:
    """Closes the socket of a request that is cancelled: in a TLS handshake the HTTP library would leave it open."""
    line = Line()
    request.extensions["trace"] = line.see
    try:
        yield line
    except asyncio.CancelledError:
        for stream in line.opened:
            await stream.aclose()
        raise


def failure(error: httpx.HTTPError | ssl.SSLError, host: str) -> TargetError:
    """What an exception of the HTTP library means, in words that hold nothing of the request or the answer."""
    if isinstance(error, httpx.TimeoutException):
        return TimeoutExceeded(f"no answer from {host} in time")
    if isinstance(error, httpx.DecodingError):
        return DecodeFailed(f"the answer of {host} cannot be unpacked")
    if (cause := _tls_error(error)) is not None:
        detail = getattr(cause, "verify_message", "") or cause.reason or "the handshake failed"
        return TlsFailed(f"no TLS connection to {host}: {detail}")
    if isinstance(error, httpx.ConnectError):
        return ConnectFailed(f"no connection to {host}: {error}")
    if isinstance(error, httpx.ProxyError):
        return ConnectFailed(f"the proxy does not connect to {host}")
    return ConnectFailed(f"the connection to {host} ended before its answer did")


def _tls_error(error: BaseException | None) -> ssl.SSLError | None:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return error
        error = error.__cause__ or error.__context__
    return None


class Wire:
    """The way to IAM: ``transport`` stands in for the network, proxy and all."""

    def __init__(  # noqa: PLR0913 the world is injected
        self,
        telemetry: Telemetry,
        *,
        proxy: Secret | None = None,
        tls: Callable[[], ssl.SSLContext] = ssl.create_default_context,
        transport: httpx.AsyncBaseTransport | None = None,
        time_limit: float = 20.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._telemetry = telemetry
        self._proxy = proxy
        self._tls = tls
        self._transport = transport
        self._time_limit = time_limit
        self._monotonic = monotonic

    async def drive(self, flow: Generator[httpx.Request, Answer, _Result]) -> _Result:
        """Send what ``flow`` yields until it returns; raise `TargetError` if an answer does not come."""
        try:
            request = next(flow)
            while True:
                request = flow.send(await self._send(request))
        except StopIteration as stop:
            result: _Result = stop.value
            return result

    async def _send(self, request: httpx.Request) -> Answer:
        host = request.url.host
        code, begin = "error", self._monotonic()
        try:
            async with asyncio.timeout(self._time_limit), hanging_up(request):
                answer = await self._exchange(request)
            code = str(answer.status)
        except TimeoutError:
            raise TimeoutExceeded(f"no answer from {host} in time") from None
        except (httpx.HTTPError, ssl.SSLError) as error:
            raise failure(error, host) from None
        finally:
            self._telemetry.request(OPERATION, code, self._monotonic() - begin)
        return answer

    async def _exchange(self, request: httpx.Request) -> Answer:
        async with self._client() as client:
            response = await client.send(request, stream=True)
            try:
                body = await _body(response)
            finally:
                await response.aclose()
            return Answer(response.status_code, response.headers, body)

    def _client(self) -> httpx.AsyncClient:
        client = functools.partial(
            httpx.AsyncClient,
            timeout=self._time_limit,
            trust_env=False,
            event_hooks={"response": [forget_location]},
        )
        if self._transport is not None:
            return client(transport=self._transport)
        proxy = self._proxy.reveal() if self._proxy is not None else None
        try:
            return client(verify=self._tls(), proxy=proxy)
        except (ValueError, httpx.InvalidURL):
            raise ConnectFailed("the proxy's URL cannot be used") from None


async def _body(response: httpx.Response) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > _LARGEST_ANSWER:
            raise TooLarge(f"the answer of {response.url.host} is larger than {_LARGEST_ANSWER} bytes")
    return bytes(body)
