"""``--web.config.file``: what it may hold. The format is that of Prometheus' exporter-toolkit.

What `ssl` cannot do is refused, never silently left out; so is what would leave less protection than it seems.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal, NoReturn

from pydantic import AfterValidator, BeforeValidator, Field, Strict

from ges_exporter.config import Secret, parse_duration
from ges_exporter.config.complaints import expected, unshown
from ges_exporter.config.load import load_section
from ges_exporter.config.section import Section
from ges_exporter.config.tree import Fault, Node, describe
from ges_exporter.config.values import FilePath, Flag, NotEmpty, Text, Whole

VERIFYING = ("VerifyClientCertIfGiven", "RequireAndVerifyClientCert")
CIPHERS: Mapping[str, str] = {
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256": "ECDHE-ECDSA-AES128-GCM-SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384": "ECDHE-ECDSA-AES256-GCM-SHA384",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-ECDSA-CHACHA20-POLY1305",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA": "ECDHE-ECDSA-AES128-SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA": "ECDHE-ECDSA-AES256-SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256": "ECDHE-RSA-AES128-GCM-SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384": "ECDHE-RSA-AES256-GCM-SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-RSA-CHACHA20-POLY1305",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA": "ECDHE-RSA-AES128-SHA",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA": "ECDHE-RSA-AES256-SHA",
}
"""Go's names of the suites for TLS 1.2, and OpenSSL's."""
ALWAYS = frozenset({"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"})
"""The suites of TLS 1.3, which are always offered there."""
CURVES: Mapping[str, str] = {
    "CurveP256": "prime256v1",
    "CurveP384": "secp384r1",
    "CurveP521": "secp521r1",
    "X25519": "X25519",
}
HEADERS: Mapping[str, tuple[str, ...]] = {
    "Content-Security-Policy": (),
    "X-Frame-Options": ("deny", "sameorigin"),
    "X-Content-Type-Options": ("nosniff",),
    "X-XSS-Protection": (),
    "Strict-Transport-Security": (),
}
"""The headers that can be set, and which values where not any will do."""
MOST_COST = 18
"""Of a bcrypt hash; one check takes seconds, and the double with every further step."""

_HASH = re.compile(r"\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}")
_HEADER_VALUE = re.compile(r"(?:[!-~](?:[ -~]*[!-~])?)?")
_GO_DURATION = re.compile(r"0|(?:[0-9]+(?:ms|s|m|h))+")


def _one_of(known: Mapping[str, object] | frozenset[str], what: str) -> AfterValidator:
    def check(text: str) -> str:
        if text not in known:
            raise expected(f"{what} among {', '.join(sorted(known))}")
        return text

    return AfterValidator(check)


def _hash(value: object) -> Secret:
    found = _HASH.fullmatch(value) if isinstance(value, str) else None
    if found is None or not 4 <= int(found[1]) <= MOST_COST:
        raise unshown(f"a bcrypt hash of a cost from 4 to {MOST_COST}, such as htpasswd -nBC 10 writes: $2y$10$…")
    return Secret(found[0])


def _user(text: str) -> str:
    if not text or ":" in text or not text.isprintable():
        raise expected("the name of a user: not empty, without a colon, printable")
    return text


def _header_value(text: str) -> str:
    if not _HEADER_VALUE.fullmatch(text):
        raise expected("the value of a header: printable ASCII, no spaces at its ends")
    return text


def _interval(value: object) -> float:
    text = "0" if value == 0 and type(value) is int else value
    if not isinstance(text, str) or not _GO_DURATION.fullmatch(text):
        raise expected("a duration such as 100ms, 1s or 1m30s")
    return parse_duration(text)


def _inline(_: object) -> NoReturn:
    raise unshown("the path of a file under the key that ends in _file: nothing is read from the configuration itself")


_User = Annotated[str, Strict(), AfterValidator(_user)]
_Hash = Annotated[Secret, BeforeValidator(_hash)]
_Cipher = Annotated[str, Strict(), _one_of(frozenset(CIPHERS) | ALWAYS, "a cipher suite")]
_Curve = Annotated[str, Strict(), _one_of(CURVES, "a curve")]
_HeaderName = Annotated[str, Strict(), _one_of(HEADERS, "a header")]
_HeaderValue = Annotated[str, Strict(), AfterValidator(_header_value)]
_Interval = Annotated[float, BeforeValidator(_interval)]
_Inline = Annotated[None, BeforeValidator(_inline)]
_Version = Literal["TLS12", "TLS13"]


class TlsServer(Section):
    """How connections are encrypted, and which clients may make them."""

    cert_file: FilePath
    key_file: FilePath
    cert: _Inline = None
    key: _Inline = None
    client_ca: _Inline = None
    client_auth_type: Literal["NoClientCert", "VerifyClientCertIfGiven", "RequireAndVerifyClientCert"] = "NoClientCert"
    client_ca_file: FilePath | None = None
    client_allowed_sans: Annotated[tuple[Text, ...], NotEmpty] | None = None
    min_version: _Version = "TLS12"
    max_version: _Version = "TLS13"
    cipher_suites: tuple[_Cipher, ...] = ()
    prefer_server_cipher_suites: Flag = True
    curve_preferences: tuple[_Curve, ...] = ()


class HttpServer(Section):
    """``http2`` is accepted; HTTP/1.1 is spoken in any case."""

    http2: Flag = True
    headers: Mapping[_HeaderName, _HeaderValue] = Field(default_factory=dict)


class RateLimit(Section):
    """A token bucket; an interval of 0 is no limit."""

    interval: _Interval = 0.0
    burst: Annotated[Whole, Field(ge=0)] = 0


class WebSettings(Section):
    """All of the file."""

    tls_server_config: TlsServer | None = None
    http_server_config: HttpServer = HttpServer()
    basic_auth_users: Mapping[_User, _Hash] = Field(default_factory=dict)
    rate_limit: RateLimit = RateLimit()


def load_settings(path: Path) -> WebSettings:
    """Reads the file; the certificates that it names are not looked at.

    Raises:
        ConfigError: it cannot be used; every fault is told.
    """
    return load_section(WebSettings, path, rules=(_client_certificates, _versions, _curves, _headers, _burst))


def _client_certificates(root: Node) -> Iterator[Fault]:
    tls = root["tls_server_config"]
    kind, names = tls["client_auth_type"], tls["client_allowed_sans"]
    verifying = kind.text in VERIFYING
    if "client_ca_file" in tls and not verifying:
        yield kind.fault(f"expected {' or '.join(VERIFYING)}, because there is a client_ca_file")
    if verifying and "client_ca_file" not in tls:
        yield tls["client_ca_file"].fault(f"expected a file, because client_auth_type is {kind.text}")
    if "client_allowed_sans" in tls and kind.text != VERIFYING[1]:
        yield names.fault(f"expected client_auth_type to be {VERIFYING[1]}, or there may be no name to match")


def _versions(root: Node) -> Iterator[Fault]:
    tls = root["tls_server_config"]
    suites = [item.text for item in tls["cipher_suites"].items]
    if tls["max_version"].text == "TLS12":
        if tls["min_version"].text == "TLS13":
            yield tls["min_version"].fault("expected at most max_version, which is TLS12")
        if suites and not any(suite in CIPHERS for suite in suites):
            yield tls["cipher_suites"].fault("expected a suite of TLS 1.2, because max_version is TLS12")


def _curves(root: Node) -> Iterator[Fault]:
    curves = root["tls_server_config"]["curve_preferences"]
    if len(curves.items) > 1:
        yield curves.fault(f"expected one curve, which is then the only one, got {len(curves.items)}")


def _headers(root: Node) -> Iterator[Fault]:
    for name, value in root["http_server_config"]["headers"].entries:
        values = HEADERS.get(name)
        if values and value.text is not None and value.text not in values:
            yield value.fault(f"expected {' or '.join(values)}, got {describe(value.value)}")


def _burst(root: Node) -> Iterator[Fault]:
    limit = root["rate_limit"]
    if limit["interval"].text not in {None, "0", "0s"} and limit["burst"].value in {None, 0}:
        yield limit["burst"].fault("expected at least 1, or no request would ever be answered")
