"""The bodies that the simulator's own paths take."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import Request

from ges_exporter.simulator.answers import ApiError


async def decode(request: Request, kind: Any) -> Any:  # noqa: ANN401 - whatever type is asked for
    """The request's JSON as ``kind``; ApiError 400 that says what is wrong with it."""
    try:
        return msgspec.json.decode(await request.body() or b"{}", type=kind)
    except msgspec.DecodeError as error:
        raise ApiError(400, "body", str(error)) from None
