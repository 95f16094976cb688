"""Logging in at IAM for a token, as a conversation without I/O.

The API is Keystone's ``POST /v3/auth/tokens``: 201, the token in the header ``X-Subject-Token`` and its end of life in
``token.expires_at``; a token lives 24 hours.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import NoReturn

import httpx
import msgspec

from ges_exporter import __version__
from ges_exporter.errors import (
    AuthFailed,
    DecodeFailed,
    HttpClientError,
    HttpRedirect,
    HttpServerError,
    TargetError,
    Throttled,
)

UNTOLD_LIFE = 3600.0
"""Seconds that a token is used if IAM does not say, in a way that can be true, when it expires."""
LONGEST_RETRY_AFTER = 300.0
"""Seconds; a longer ``Retry-After`` is cut down to this."""

_REFUSED = frozenset({400, 401, 403})
_TOKEN = re.compile(r"[\x21-\x7e]+")
_ERROR_CODE = re.compile(r"[A-Z][A-Za-z]{1,15}\.\d{1,8}")


@dataclass(frozen=True)
class Login:
    """Who wants a token, of which project, and where."""

    endpoint: str
    domain: str
    username: str
    project_id: str


@dataclass(frozen=True)
class Answer:
    """An HTTP answer that was read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True)
class Token:
    """A token; ``expires`` in Unix seconds, ``life`` in seconds from the moment it was asked for."""

    value: str = field(repr=False)
    expires: float
    life: float


@dataclass(frozen=True)
class Failure:
    """No token; `AuthFailed` only if IAM refuses the user. ``retry_after`` are the seconds that IAM asks for."""

    error: TargetError
    retry_after: float = 0.0
    of_user: bool = False
    """Whether the user or the password may be wrong (401), not only what was asked for."""

    def raise_error(self) -> NoReturn:
        """Raise the error anew: an exception raised twice would drag its first traceback along."""
        raise type(self.error)(str(self.error))


def log_in(login: Login, password: str, now: float) -> Generator[httpx.Request, Answer, Token | Failure]:
    """Yield the requests to send, be sent the `Answer` to each, and return what became of it."""
    answer = yield _request(login, password)
    if answer.status in {200, 201}:
        return _token(answer, now)
    return _failure(answer, now)


def retry_after(headers: Mapping[str, str], now: float) -> float:
    """Seconds that a ``Retry-After`` header (a number, or a date compared with ``now``) asks for, 0 without one."""
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), LONGEST_RETRY_AFTER)
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return 0.0
    return min(max(_seconds(date) - now, 0.0), LONGEST_RETRY_AFTER)


def _request(login: Login, password: str) -> httpx.Request:
    user = {"name": login.username, "password": password, "domain": {"name": login.domain}}
    identity = {"methods": ["password"], "password": {"user": user}}
    return httpx.Request(
        "POST",
        f"{login.endpoint}/v3/auth/tokens",
        params={"nocatalog": "true"},
        headers={"Accept": "application/json", "User-Agent": f"ges-exporter/{__version__}"},
        json={"auth": {"identity": identity, "scope": {"project": {"id": login.project_id}}}},
    )


def _token(answer: Answer, now: float) -> Token | Failure:
    value = answer.headers.get("X-Subject-Token", "").strip()
    if not _TOKEN.fullmatch(value):
        return Failure(DecodeFailed(f"IAM answered HTTP {answer.status} without a usable token"))
    expires, life = _lifetime(answer.body, now)
    return Token(value=value, expires=expires, life=life)


class _Times(msgspec.Struct):
    expires_at: str = ""
    issued_at: str = ""


class _TokenBody(msgspec.Struct):
    token: _Times


_TOKEN_BODY = msgspec.json.Decoder(_TokenBody)


def _lifetime(body: bytes, now: float) -> tuple[float, float]:
    """When a token expires and how long that is from now, by IAM's own clock where it tells the time."""
    try:
        times = _TOKEN_BODY.decode(body).token
        expires = _seconds(datetime.fromisoformat(times.expires_at))
    except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError):
        return now + UNTOLD_LIFE, UNTOLD_LIFE
    life = expires - _issued(times.issued_at, now)
    return (expires, life) if life > 0 else (now + UNTOLD_LIFE, UNTOLD_LIFE)


def _issued(text: str, now: float) -> float:
    try:
        return _seconds(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        return now


def _seconds(time: datetime) -> float:
    """Unix seconds; a time without a zone is UTC."""
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()


def _failure(answer: Answer, now: float) -> Failure:
    kind = _kind(answer.status)
    code = _error_code(answer.body)
    text = f"IAM answered HTTP {answer.status}" + (f" ({code})" if code else "")
    return Failure(kind(text), retry_after(answer.headers, now), of_user=answer.status == 401)


def _kind(status: int) -> type[TargetError]:
    if status in _REFUSED:
        return AuthFailed
    if status == 429:
        return Throttled
    if status >= 500:
        return HttpServerError
    return HttpClientError if status >= 400 else HttpRedirect if status >= 300 else DecodeFailed


class _Error(msgspec.Struct):
    error_code: str = ""


_ERROR_BODY = msgspec.json.Decoder(_Error)


def _error_code(body: bytes) -> str:
    """The API's error code if there is one; never its text, which might repeat what was sent."""
    try:
        code = _ERROR_BODY.decode(body).error_code
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return ""
    return code if _ERROR_CODE.fullmatch(code) else ""
