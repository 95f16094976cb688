"""One question to one endpoint: sent, tried again where that can help, read within a limit, and judged."""

from __future__ import annotations

import random
import ssl
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import httpx

from ges_exporter.auth import Credential
from ges_exporter.auth.login import retry_after
from ges_exporter.auth.wire import Line, failure, forget_location, hanging_up
from ges_exporter.client.backoff import Backoff
from ges_exporter.client.session import Session
from ges_exporter.dialects import error_of
from ges_exporter.errors import (
    ApiError,
    AuthFailed,
    ConnectFailed,
    DecodeFailed,
    HttpClientError,
    HttpRedirect,
    HttpServerError,
    TargetError,
    Throttled,
    TooLarge,
)
from ges_exporter.telemetry import Telemetry

T = TypeVar("T")

TOKEN_CODES = frozenset({"GES.8007"})
"""The service plane's code for a bad token, with HTTP 400."""
THROTTLE_CODES = frozenset({"APIGW.0308", "APIG.0308"})
"""The gateway's codes for too many requests."""
RETRIES = 2
FIRST_PAUSE = 0.2
"""Seconds before the first retry, give or take a half; each one after waits twice as long."""
CODINGS = frozenset({"", "identity", "gzip"})
"""Of what was asked for; packed several times over, a small answer could fill the memory at one blow."""
_PASSING = (ConnectFailed, Throttled, HttpServerError)


class Refused(AuthFailed):
    """The API does not take what was sent along."""


class TokenRefused(Refused):
    """The API calls the token bad: another one may do."""


async def _note_sent(request: httpx.Request) -> None:
    request.extensions["sent"] = time.monotonic()
    request.extensions["session"].requests += 1


HOOKS: Mapping[str, list[Callable[..., Any]]] = {"request": [_note_sent], "response": [forget_location]}
"""What a client needs for an `Exchange`."""


class Exchange:
    """All that is needed to ask one endpoint; ``alone``: whether no other can answer in its place."""

    def __init__(  # noqa: PLR0913 - the world is injected
        self,
        http: httpx.AsyncClient,
        endpoint: str,
        credential: Credential,
        backoff: Backoff,
        telemetry: Telemetry,
        *,
        max_bytes: int,
        alone: bool = True,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.endpoint = endpoint
        self.backoff = backoff
        self._http = http
        self._credential = credential
        self._telemetry = telemetry
        self._max_bytes = max_bytes
        self._alone = alone
        self._clock = clock
        self._line = Line()

    @property
    def reaching(self) -> bool:
        """Whether a connection is being made just now, and has not been yet."""
        return self._line.reaching

    async def get(
        self, session: Session, operation: str, path: str, query: Mapping[str, str], parse: Callable[[bytes], T]
    ) -> T:
        """Returns the parsed answer.

        Raises:
            TargetError: there is none; the back-off has taken note where the fault may last.
        """
        self.backoff.check(self._clock())
        url = self._url(path, query)
        try:
            answer = await self._persist(session, operation, url, parse)
        except TargetError as error:
            self.backoff.failed(error, self._clock(), alone=self._alone)
            raise
        self.backoff.succeeded()
        return answer

    def _url(self, path: str, query: Mapping[str, str]) -> httpx.URL:
        try:
            url = httpx.URL(self.endpoint + path, params=dict(query))
            named = bool(url.host)
        except (httpx.InvalidURL, UnicodeError):
            named = False
        if not named:
            raise ConnectFailed(f"{self.endpoint} is no address that can be asked")
        return url

    async def _persist(self, session: Session, operation: str, url: httpx.URL, parse: Callable[[bytes], T]) -> T:
        renewed, retries = False, 0
        refused: TargetError | None = None
        try:
            while True:
                request = self._http.build_request("GET", url)
                began = session.deadline.remaining
                try:
                    return parse(await self._send(session, operation, request))
                except ApiError as error:
                    refused = _judged(error)
                except TargetError as error:
                    refused = error
                if isinstance(refused, TokenRefused) and not renewed and await self._credential.renew(request):
                    renewed = True
                    self._telemetry.retries[operation, refused.reason] += 1
                    continue
                remaining = session.deadline.remaining
                pause = _pause(refused, retries)
                # A retry that cannot be answered in time would only turn a clear reason into a timeout.
                too_late = pause is None or pause + (began - remaining) >= remaining
                if pause is None or too_late or await session.is_answered_within(pause):
                    if isinstance(refused, Refused):
                        self._credential.note_refusal()
                    raise refused
                retries += 1
                self._telemetry.retries[operation, refused.reason] += 1
        finally:
            # The error knows this frame: knew the frame the error, too, both would keep the answer in memory for long.
            refused = None

    async def _send(self, session: Session, operation: str, request: httpx.Request) -> bytes:
        code = "error"
        request.extensions["session"] = session
        try:
            async with hanging_up(request) as self._line:
                response = await self._http.send(request, auth=self._credential, stream=True, follow_redirects=False)
                code = str(response.status_code)
                try:
                    body = await self._read(response)
                finally:
                    await response.aclose()
        except (httpx.HTTPError, ssl.SSLError) as error:
            code = "error"
            raise failure(error, request.url.netloc.decode("ascii", "replace")) from None
        finally:
            # Where there is no token to send along, nothing is sent.
            if (sent := request.extensions.get("sent")) is not None:
                self._telemetry.request(operation, code, time.monotonic() - sent)
        _raise_for(response, body, self._clock())
        return body

    async def _read(self, response: httpx.Response) -> bytes:
        length = response.headers.get("Content-Length", "")
        if length.isdecimal() and int(length) > self._max_bytes:
            raise TooLarge(f"the answer has {length} bytes, more than the {self._max_bytes} allowed")
        if response.headers.get("Content-Encoding", "").strip().lower() not in CODINGS:
            if response.is_success:
                raise DecodeFailed("the answer is packed in a way that was not asked for")
            return b""
        body = bytearray()
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > self._max_bytes:
                raise TooLarge(f"the answer has more than the {self._max_bytes} bytes allowed")
        return bytes(body)


def _judged(error: ApiError) -> TargetError:
    """Gives an error body its reason, whatever code it came with."""
    if error.code in TOKEN_CODES:
        return TokenRefused(str(error))
    if error.code in THROTTLE_CODES:
        return Throttled(str(error))
    return error


def _raise_for(response: httpx.Response, body: bytes, now: float) -> None:
    status = response.status_code
    if 200 <= status < 300:
        return
    told = error_of(body)
    text = f"HTTP {status}" + (f", {told}" if told else "")
    if 300 <= status < 400:
        raise HttpRedirect(f"{text}: redirects are not followed")
    if status == 401:
        raise TokenRefused(text)
    if status == 403:
        raise Refused(text)
    if status == 429:
        raise _waiting(Throttled(text), response, now)
    if status >= 500:
        raise _waiting(HttpServerError(text), response, now)
    raise _waiting(HttpClientError(text) if told is None else _judged(told), response, now)


def _waiting(error: TargetError, response: httpx.Response, now: float) -> TargetError:
    error.status, error.retry_after = response.status_code, retry_after(response.headers, now)
    return error


def _pause(error: TargetError, retries: int) -> float | None:
    """Returns how long to wait before trying again, in seconds, or None where it would not help."""
    if retries >= RETRIES or not isinstance(error, _PASSING):
        return None
    jitter = random.uniform(0.5, 1.5)  # noqa: S311 - spreads load, guards nothing
    return max(error.retry_after, FIRST_PAUSE * float(2**retries) * jitter)
