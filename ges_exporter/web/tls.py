"""TLS: a context made of the settings, and one that can be renewed under a server that runs."""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from ges_exporter.errors import ConfigError
from ges_exporter.web.settings import CIPHERS, CURVES, VERIFYING, TlsServer

_VERSIONS = {"TLS12": ssl.TLSVersion.TLSv1_2, "TLS13": ssl.TLSVersion.TLSv1_3}
_PLACE = "tls_server_config"


class _Checked(ssl.SSLObject):
    """A connection whose client's certificate must bear one of the names that its context allows."""

    def do_handshake(self) -> None:
        super().do_handshake()
        context = self.context
        if isinstance(context, _Context) and context.allowed is not None:
            names = set(_names(self.getpeercert() or {}))
            if names.isdisjoint(context.allowed):
                raise ssl.SSLCertVerificationError("none of the client's names is allowed")


class _Context(ssl.SSLContext):
    """What is decided for each connection when it is made."""

    sslobject_class = _Checked
    allowed: frozenset[str] | None = None
    """The names of clients, of which theirs must be one; None for any."""


class RenewableContext(ssl.SSLContext):
    """Stands before another context, which new connections get; so certificates can be exchanged."""

    current: ssl.SSLContext

    def __new__(cls, current: ssl.SSLContext) -> RenewableContext:  # noqa: PYI034 - as the class it is made from has it
        """Makes one that stands before ``current``."""
        made = super().__new__(cls, ssl.PROTOCOL_TLS_SERVER)
        made.current = current
        return made

    def wrap_bio(self, *arguments: Any, **options: Any) -> ssl.SSLObject:  # noqa: ANN401 - handed through
        """Begins a connection as the current context has it."""
        return self.current.wrap_bio(*arguments, **options)


def make_context(settings: TlsServer) -> ssl.SSLContext:
    """Reads the certificates and returns a context for servers.

    Raises:
        ConfigError: they cannot be used.
    """
    context = _Context(ssl.PROTOCOL_TLS_SERVER)
    faults = list(_load(context, settings))
    if faults:
        raise ConfigError(faults)
    context.minimum_version = _VERSIONS[settings.min_version]
    context.maximum_version = _VERSIONS[settings.max_version]
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    suites = [CIPHERS[suite] for suite in settings.cipher_suites if suite in CIPHERS]
    if suites:
        context.set_ciphers(":".join(suites))
    elif settings.cipher_suites:
        context.minimum_version = ssl.TLSVersion.TLSv1_3
    if not settings.prefer_server_cipher_suites:
        context.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
    for curve in settings.curve_preferences:
        context.set_ecdh_curve(CURVES[curve])
    if settings.client_auth_type in VERIFYING:
        context.verify_mode = ssl.CERT_REQUIRED if settings.client_auth_type == VERIFYING[1] else ssl.CERT_OPTIONAL
    if settings.client_allowed_sans is not None:
        context.allowed = frozenset(_normal(name) for name in settings.client_allowed_sans)
    return context


def _load(context: ssl.SSLContext, settings: TlsServer) -> Iterator[str]:
    """Loads what the files hold; returns what is wrong with them."""
    files = {"cert_file": settings.cert_file, "key_file": settings.key_file, "client_ca_file": settings.client_ca_file}
    faulty = set()
    for key, path in files.items():
        if path is not None and (fault := _unusable(path, certificates=key != "key_file")):
            faulty.add(key)
            yield f"{_PLACE}.{key}: {fault}"
    if not faulty & {"cert_file", "key_file"}:
        try:
            # an empty passphrase: nobody can be asked for one
            context.load_cert_chain(settings.cert_file, settings.key_file, password="")
        except (ssl.SSLError, ValueError):
            yield f"{_PLACE}.key_file: expected the private key of cert_file, in PEM and without a passphrase"
    if settings.client_ca_file is not None and "client_ca_file" not in faulty:
        context.load_verify_locations(settings.client_ca_file)


def _unusable(path: str, *, certificates: bool) -> str:
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        return f"{path} cannot be read: {error.strerror}"
    if certificates:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_verify_locations(cadata=content.decode("ascii", "replace"))
        except (ssl.SSLError, ValueError):
            return f"expected certificates in PEM, got something else in {path}"
    return ""


def _names(certificate: Mapping[str, Any]) -> Iterator[str]:
    names: Iterable[tuple[str, str]] = certificate.get("subjectAltName", ())
    for _, name in names:
        yield _normal(name)


def _normal(name: str) -> str:
    """Returns an address as it is always written; any other name as it is."""
    try:
        return str(ip_address(name))
    except ValueError:
        return name
