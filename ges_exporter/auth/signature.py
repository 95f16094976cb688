"""AK/SK signing (``SDK-HMAC-SHA256``), as ``huaweicloudsdkcore.signer.signer`` does it."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, unquote

import httpx

from ges_exporter.auth.credential import SecretCredential
from ges_exporter.auth.secret import SecretSource
from ges_exporter.config import Secret
from ges_exporter.errors import AuthFailed
from ges_exporter.telemetry import Telemetry

_ALGORITHM = "SDK-HMAC-SHA256"
_UNSIGNED = "UNSIGNED-PAYLOAD"
_PAYLOAD_HEADER = "X-Sdk-Content-Sha256"
_SIGNED_TYPES = ("application/json", "application/bson")
_DATE_FORMAT = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True)
class Keys:
    """An access key with its secret key, and the security token if the keys are temporary ("" if not)."""

    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    security_token: str = field(default="", repr=False)


def canonical_query(query: str) -> str:
    """A URL's query with decoded pairs sorted, and percent-encoded anew (a space is ``%20``, never ``+``)."""
    pairs = sorted(parse_qsl(query, keep_blank_values=True))
    return "&".join(f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in pairs)


def sign(method: str, target: str, headers: Mapping[str, str], body: bytes, keys: Keys) -> str:
    """The ``Authorization`` header of a request.

    ``target`` is the path and query as they are on the wire; of ``headers`` all are signed, and both ``Host`` and
    ``X-Sdk-Date`` must be among them.
    """
    lowered = {name.lower(): value.strip() for name, value in headers.items()}
    names = ";".join(sorted(lowered))
    path, _, query = target.partition("?")
    canonical = "\n".join(
        (
            method.upper(),
            _canonical_path(path),
            canonical_query(query),
            *(f"{name}:{lowered[name]}" for name in sorted(lowered)),
            "",
            names,
            _payload_hash(body, lowered),
        )
    )
    to_sign = f"{_ALGORITHM}\n{lowered['x-sdk-date']}\n{_sha256(canonical.encode())}"
    signature = hmac.new(keys.secret_key.encode(), to_sign.encode(), hashlib.sha256).hexdigest()
    return f"{_ALGORITHM} Access={keys.access_key}, SignedHeaders={names}, Signature={signature}"


def _canonical_path(path: str) -> str:
    encoded = quote(unquote(path), safe="/~")
    return encoded if encoded.endswith("/") else encoded + "/"


def _payload_hash(body: bytes, headers: Mapping[str, str]) -> str:
    return headers.get(_PAYLOAD_HEADER.lower()) or _sha256(body) if body else _sha256(b"")


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class SignedCredential(SecretCredential):
    """Signs each request with AK/SK at the moment it is sent, so that a retry has a new date."""

    requires_request_body = True

    def __init__(  # noqa: PLR0913 one for each part of what is sent
        self,
        name: str,
        telemetry: Telemetry,
        *,
        access_key: Secret,
        secret_key: SecretSource,
        security_token: SecretSource | None,
        project_id: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(name, telemetry)
        self._access_key = access_key
        self._secret_key = secret_key
        self._security_token = security_token
        self._project_id = project_id
        self._clock = clock

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Attach date, project and signature, and put the query in the order and encoding that is signed."""
        keys = self._keys()
        query = canonical_query(request.url.query.decode("ascii"))
        request.url = request.url.copy_with(query=query.encode("ascii") or None)
        request.headers["X-Sdk-Date"] = time.strftime(_DATE_FORMAT, time.gmtime(self._clock()))
        request.headers["X-Project-Id"] = self._project_id
        request.headers.pop("X-Security-Token", None)
        if keys.security_token:
            request.headers["X-Security-Token"] = keys.security_token
        content_type = request.headers.get("Content-Type", "")
        if content_type and not content_type.startswith(_SIGNED_TYPES):
            request.headers[_PAYLOAD_HEADER] = _UNSIGNED
        request.headers["Authorization"] = _authorization(request, keys)
        yield request

    async def renew(self, refused: httpx.Request) -> bool:
        """Whether the keys have changed."""
        try:
            keys = self._keys()
        except AuthFailed:
            return False
        token: str = refused.headers.get("X-Security-Token", "")
        signature: str = refused.headers.get("Authorization", "")
        return token != keys.security_token or signature != _authorization(refused, keys)

    def _keys(self) -> Keys:
        return Keys(
            access_key=self._access_key.reveal(),
            secret_key=self._secret_key.text(),
            security_token=self._security_token.header_value() if self._security_token else "",
        )


_SIGNED_HEADERS = ("Host", "X-Sdk-Date", "X-Project-Id", "X-Security-Token", "Content-Type", _PAYLOAD_HEADER)


def _authorization(request: httpx.Request, keys: Keys) -> str:
    signed = {name: request.headers[name] for name in _SIGNED_HEADERS if name in request.headers}
    return sign(request.method, request.url.raw_path.decode("ascii"), signed, request.content, keys)
