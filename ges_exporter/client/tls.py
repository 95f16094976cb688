"""TLS contexts, one for each kind of trust: making one takes longer than a request."""

from __future__ import annotations

import ssl
from functools import lru_cache
from pathlib import Path

from ges_exporter.config import Tls
from ges_exporter.errors import TlsFailed


class _NamedContext(ssl.SSLContext):
    """Asks for, and checks, one name of a server, whatever its URL says.

    The HTTP library can do that too, but not through a proxy: there it would expect that name of the proxy.
    """

    server_name = ""

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,
        server_hostname: str | bytes | None = None,  # noqa: ARG002 - which is what this is about
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        """Begins a connection."""
        return super().wrap_bio(incoming, outgoing, server_side, self.server_name, session)


def context(tls: Tls) -> ssl.SSLContext:
    """Returns the context for a target's settings; the CA file is read again when it has changed.

    Raises:
        TlsFailed: the CA file cannot be used.
    """
    try:
        return _context(tls, changed(tls))
    except (OSError, ssl.SSLError) as error:
        raise TlsFailed(f"the CA file {tls.ca_file} cannot be used: {error.strerror or error}") from None


def changed(tls: Tls) -> int:
    """Returns when the CA file was written last, in nanoseconds; 0 where there is none.

    Raises:
        OSError: it is not there.
    """
    return Path(tls.ca_file).stat().st_mtime_ns if tls.ca_file else 0


@lru_cache(maxsize=64)
def _context(tls: Tls, _changed: int) -> ssl.SSLContext:
    made = ssl.create_default_context(cafile=tls.ca_file)
    if tls.server_name:
        made = _named(tls.server_name, tls.ca_file, made.verify_flags)
    if tls.insecure_skip_verify:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    return made


def _named(server_name: str, ca_file: str | None, flags: ssl.VerifyFlags) -> ssl.SSLContext:
    made = _NamedContext(ssl.PROTOCOL_TLS_CLIENT)
    made.server_name = server_name
    made.verify_flags = flags
    if ca_file:
        made.load_verify_locations(ca_file)
    else:
        made.load_default_certs()
    return made
