"""Addresses of servers: what a URL in the configuration may be, and which of them are private."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

_PRINTABLE = re.compile(r"[!-~]+")
_HOST = re.compile(r"(?=.{1,254}$)[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*\.?")
_NUMERIC = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)\.?")
"""Names that a resolver takes for an IPv4 address, in whatever notation."""

_PRIVATE = tuple(
    ip_network(network)
    for network in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "169.254.0.0/16",
        "127.0.0.0/8",
        "fc00::/7",
        "fe80::/10",
        "::1/128",
    )
)


class Address(NamedTuple):
    """A server's scheme, host and port, normalised; ``str`` gives the URL without a slash at its end."""

    scheme: str
    host: str
    port: int | None

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + ("" if self.port is None else f":{self.port}")

    @property
    def exposed(self) -> bool:
        """Whether what is sent there goes unencrypted beyond private and loopback addresses."""
        return self.scheme == "http" and not is_private(self.host)

    def exposed_by(self, proxy: Address) -> bool:
        """Whether what is sent there through ``proxy`` goes unencrypted beyond private and loopback addresses."""
        return self.scheme == "http" and proxy.exposed


def parse_endpoint(text: str) -> Address:
    """The address in a URL that consists of scheme, host and perhaps a port.

    Raises:
        ValueError: it is anything else; the message says what was expected and repeats nothing of ``text``.
    """
    parts = _split(text)
    if "@" in parts.netloc:
        raise ValueError("a URL without user and password")
    return Address(parts.scheme, _host(parts), parts.port)


def parse_proxy(text: str) -> Address:
    """The address in a URL as `parse_endpoint` takes it, with user and password if need be.

    Raises:
        ValueError: as `parse_endpoint`.
    """
    parts = _split(text)
    return Address(parts.scheme, _host(parts), parts.port)


def _split(text: str) -> SplitResult:
    """The parts of a URL with http or https that has a sound port and neither path nor query.

    Raises:
        ValueError: as `parse_endpoint`.
    """
    if not _PRINTABLE.fullmatch(text) or not text.lower().startswith(("http://", "https://")):
        raise ValueError("a URL with http or https")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise ValueError("a URL with a valid host and port") from error
    if port == 0 or parts.netloc.endswith(":"):
        raise ValueError("a URL with a valid host and port")
    if parts.path not in {"", "/"} or any(mark in text for mark in "?#\\"):
        raise ValueError("a URL without path or query")
    return parts


def is_host(text: str) -> bool:
    """Whether ``text`` is an IP address or a host's name in ASCII."""
    return _normal_host(text) is not None


def is_private(host: str) -> bool:
    """Whether ``host`` is ``localhost`` or a private, link-local or loopback address; another name is not."""
    try:
        address: IPv4Address | IPv6Address = ip_address(host)
    except ValueError:
        return host.removesuffix(".") == "localhost"
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return any(address in network for network in _PRIVATE)


def _host(parts: SplitResult) -> str:
    host = _normal_host(parts.hostname or "")
    if host is None or (":" in host) != ("[" in parts.netloc.rpartition("@")[2]):
        raise ValueError("a URL with a valid host and port")
    return host


def _normal_host(text: str) -> str | None:
    lowered = text.lower()
    if ":" in lowered or _NUMERIC.fullmatch(lowered):
        try:
            return str(ip_address(lowered)) if "%" not in lowered else None
        except ValueError:
            return None
    return lowered if _HOST.fullmatch(lowered) else None
