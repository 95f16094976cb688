"""Verifies request signatures of access keys (``SDK-HMAC-SHA256``).

Written from the description of the algorithm, apart from the exporter's signer, so that each checks the other.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote, unquote

ALGORITHM = "SDK-HMAC-SHA256"

_AUTHORIZATION = re.compile(
    rf"{ALGORITHM} +Access=(?P<access>[^,]+), *SignedHeaders=(?P<headers>[^,]+), *"
    r"Signature=(?P<signature>[0-9a-f]{64})"
)
_MAX_SKEW = 900.0


@dataclass(frozen=True)
class SignedRequest:
    """What of a request is signed; header names in lower case, ``path`` and ``query`` as they were sent."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class AccessKey:
    """A secret key, with its security token if it is a temporary one."""

    secret: str
    security_token: str = ""


class BadSignature(Exception):
    """The signature is not to be accepted; the text says why."""


def verify(request: SignedRequest, keys: Mapping[str, AccessKey], now: float) -> None:
    """Raise `BadSignature` unless one of ``keys`` signed ``request`` within fifteen minutes of ``now``."""
    match = _AUTHORIZATION.fullmatch(request.headers.get("authorization", ""))
    if match is None:
        raise BadSignature("malformed Authorization header")
    key = keys.get(match["access"])
    if key is None:
        raise BadSignature("unknown access key")
    if key.security_token != request.headers.get("x-security-token", ""):
        raise BadSignature("wrong security token")
    signed = match["headers"].split(";")
    if "x-sdk-date" not in signed or any(name not in request.headers for name in signed):
        raise BadSignature("headers that must be signed are not")
    date = request.headers["x-sdk-date"]
    if abs(_seconds(date) - now) > _MAX_SKEW:
        raise BadSignature("the date is too far off")
    if not hmac.compare_digest(_signature(request, signed, date, key.secret), match["signature"]):
        raise BadSignature("the signature does not fit the request")


def _signature(request: SignedRequest, signed: list[str], date: str, secret: str) -> str:
    canonical = "\n".join(
        [
            request.method,
            _canonical_path(request.path),
            _canonical_query(request.query),
            "".join(f"{name}:{request.headers[name].strip()}\n" for name in signed),
            ";".join(signed),
            hashlib.sha256(request.body).hexdigest(),
        ]
    )
    text = "\n".join([ALGORITHM, date, hashlib.sha256(canonical.encode()).hexdigest()])
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def _canonical_path(path: str) -> str:
    encoded = "/".join(quote(segment, safe="~") for segment in unquote(path).split("/"))
    return encoded if encoded.endswith("/") else f"{encoded}/"


def _canonical_query(query: str) -> str:
    pairs = sorted(parse_qsl(query, keep_blank_values=True))
    return "&".join(f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in pairs)


def _seconds(date: str) -> float:
    try:
        return datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError:
        raise BadSignature("malformed X-Sdk-Date") from None
