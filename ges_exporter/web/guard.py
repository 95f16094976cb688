"""What every request passes before a route sees it, and every answer on its way out."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ges_exporter.web.health import OPEN
from ges_exporter.web.protection import Protection

LONGEST_TARGET = 8192
"""Bytes of a path with its query."""
LONGEST_HEADERS = 32768
"""Bytes of all headers of a request."""
DEFAULTS: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "deny",
}
"""Of answers that say nothing else; what the settings say wins over both."""


class Guard:
    """Middleware: limits, basic authentication, headers."""

    def __init__(self, app: ASGIApp, protection: Protection) -> None:
        self._app = app
        self._protection = protection

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets a request pass, or answers it."""
        configured = self._protection.now.settings.http_server_config.headers

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=message.setdefault("headers", []))
                for name, value in DEFAULTS.items():
                    headers.setdefault(name, value)
                for name, value in configured.items():
                    if value:
                        headers[name] = value
            await send(message)

        refusal = await self._refusal(scope)
        await (refusal or self._app)(scope, receive, with_headers)

    async def _refusal(self, scope: Scope) -> Response | None:
        """Returns the answer to a request that does not pass."""
        if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > LONGEST_TARGET:
            return PlainTextResponse(f"expected a path and query of at most {LONGEST_TARGET} bytes\n", 414)
        if sum(len(name) + len(value) for name, value in scope["headers"]) > LONGEST_HEADERS:
            return PlainTextResponse(f"expected headers of at most {LONGEST_HEADERS} bytes\n", 431)
        if scope["path"] in OPEN:
            return None
        now = self._protection.now
        if not now.bucket.take():
            return PlainTextResponse("too many requests; try again in a moment\n", 429, {"Retry-After": "1"})
        if now.users and not await now.users.admit(Headers(scope=scope).get("Authorization", "")):
            challenge = {"WWW-Authenticate": 'Basic realm="ges-exporter", charset="UTF-8"'}
            return PlainTextResponse("a user's name and password are needed\n", 401, challenge)
        return None
