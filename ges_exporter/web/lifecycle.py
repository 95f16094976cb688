"""``/-/reload``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from ges_exporter.web.options import Options

Reload = Callable[[], Awaitable[tuple[str, ...]]]
"""Loads the configuration again; returns the faults for which it did not."""


async def reload(request: Request) -> Response:
    """Loads the configuration again: all of it, or nothing."""
    options: Options = request.app.state.options
    again: Reload | None = request.app.state.reload
    if not options.enable_lifecycle or again is None:
        return PlainTextResponse("reloading by HTTP is not enabled: start with --web.enable-lifecycle\n", 403)
    if request.method not in {"POST", "PUT"}:
        return PlainTextResponse("expected POST or PUT\n", 405, {"Allow": "POST, PUT"})
    if faults := await again():
        return PlainTextResponse("".join(f"{fault}\n" for fault in faults), 500)
    return PlainTextResponse("the configuration was loaded again\n")
