"""JSON answers, and errors as each API words them."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response

JSON = "application/json;charset=utf-8"

encode = msgspec.json.Encoder().encode
"""JSON as bytes."""


class ApiError(Exception):
    """An error that the API answers with.

    ``status`` is the HTTP code, ``code`` GES's or the gateway's own.
    """

    def __init__(self, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers


def answer(body: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """An answer with ``body`` as JSON; bytes are JSON already."""
    content = body if isinstance(body, bytes) else encode(body)
    return Response(content, status, headers, media_type=JSON)


def error_body(path: str, error: ApiError) -> bytes:
    """The body of an error, in the words of the API that ``path`` belongs to."""
    if path.startswith("/v3/"):
        return encode({"error": {"code": error.status, "title": error.code, "message": error.message}})
    if path.startswith("/v2/") or error.code.startswith("APIG"):
        return encode({"error_msg": error.message, "error_code": error.code})
    body = {"errorMessage": error.message, "errorCode": error.code}
    if path.startswith("/ges/"):
        body["result"] = "failed"
    return encode(body)


async def answer_error(request: Request, error: Exception) -> Response:
    """Answer with an `ApiError` that an endpoint raised."""
    if not isinstance(error, ApiError):
        raise error
    return answer(error_body(request.url.path, error), error.status, error.headers)
