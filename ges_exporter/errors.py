"""What can go wrong, each with its bounded ``reason``.

::

    GesExporterError
    ├── ConfigError            the configuration cannot be used; holds every fault found
    ├── LedgerError            the ledger's file cannot be used
    │   └── LedgerInUseError   another exporter has it open
    └── TargetError            a target could not be listed: ges_up 0
        ├── TimeoutExceeded    timeout
        ├── ConnectFailed      connect
        ├── TlsFailed          tls
        ├── AuthFailed         auth
        ├── Throttled          throttled
        ├── HttpRedirect       http_3xx
        ├── HttpClientError    http_4xx
        ├── HttpServerError    http_5xx
        ├── ApiError           api_error
        ├── DecodeFailed       decode
        └── TooLarge           too_large

Only a `TargetError` becomes ``ges_up 0``; any other exception is a bug and is loud. Messages never hold tokens, keys or
request bodies, so they may be logged and shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar


class GesExporterError(Exception):
    """Anything this program raises on purpose."""


class ConfigError(GesExporterError):
    """The configuration cannot be used; ``faults`` are sentences, each beginning with a path in the file."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)


class LedgerError(GesExporterError):
    """The ledger's file cannot be used."""


class LedgerInUseError(LedgerError):
    """Another exporter has the ledger's file open."""


class TargetError(GesExporterError):
    """A target could not be listed."""

    reason: ClassVar[str]
    retry_after: float = 0.0
    """Seconds for which the API asks to be left alone."""
    status: int = 0
    """The HTTP code of the answer, where that is the error; else 0."""


class TimeoutExceeded(TargetError):
    """No full answer within the deadline."""

    reason = "timeout"


class ConnectFailed(TargetError):
    """No connection, or one that ended before the answer did."""

    reason = "connect"


class TlsFailed(TargetError):
    """The TLS handshake or the check of the certificate failed."""

    reason = "tls"


class AuthFailed(TargetError):
    """The API, or IAM, refuses the credentials."""

    reason = "auth"


class Throttled(TargetError):
    """The API asks to be left alone for a while."""

    reason = "throttled"


class HttpRedirect(TargetError):
    """A redirect, which is never followed: a token must not go where it was not meant to."""

    reason = "http_3xx"


class HttpClientError(TargetError):
    """A 4xx answer without an error body that can be read."""

    reason = "http_4xx"


class HttpServerError(TargetError):
    """A 5xx answer."""

    reason = "http_5xx"


class ApiError(TargetError):
    """An error body of the API, whatever the HTTP code; ``code`` is the API's own, such as ``GES.8000``."""

    reason = "api_error"

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(f"{code}: {message}" if code else message)
        self.code = code


class DecodeFailed(TargetError):
    """The answer is not what the API's documentation describes."""

    reason = "decode"


class TooLarge(TargetError):
    """The answer is larger than ``scrape.max_response_bytes``."""

    reason = "too_large"


REASONS: tuple[str, ...] = tuple(kind.reason for kind in TargetError.__subclasses__())
