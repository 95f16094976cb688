"""``/-/healthy`` and ``/-/ready``."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

HEALTHY = "/-/healthy"
READY = "/-/ready"
OPEN = frozenset({HEALTHY, READY})
"""What is answered without a password, and however many requests there are."""


async def healthy(_: Request) -> Response:
    """The process answers."""
    return PlainTextResponse("ges-exporter is healthy.\n")


async def ready(_: Request) -> Response:
    """Configuration and ledger are loaded: the application does not exist before they are."""
    return PlainTextResponse("ges-exporter is ready.\n")
