"""Answers to what cannot be answered: plain sentences that tell nothing of the inside."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

LONGEST_SHOWN = 100
"""Characters of a request's own words that an answer repeats."""


def quoted(text: str) -> str:
    """Returns what was asked for as a sentence may repeat it."""
    return repr(text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…")


def refused(sentence: str, status: int) -> Response:
    """Returns an answer of one sentence."""
    return PlainTextResponse(f"{sentence}\n", status)


async def not_found(request: Request, _: Exception) -> Response:
    """Says what there is."""
    routes = ", ".join(route.path for route in request.app.routes)
    return refused(f"nothing is served here; there are {routes}", 404)


async def not_allowed(_: Request, error: Exception) -> Response:
    """Says which methods there are."""
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    methods = headers.get("Allow", "")
    return PlainTextResponse(f"this path does not answer that method, only {methods}\n", 405, headers)


async def failed(_: Request, _error: Exception) -> Response:
    """Says that something is wrong in here; the log tells what."""
    return refused("internal error; the log of the exporter tells more", 500)
