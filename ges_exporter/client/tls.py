"""TLS contexts, one for each kind of trust: making one takes longer than a request."""

from __future__ import annotations

import ssl
from functools import lru_cache
from pathlib import Path

from ges_exporter.config import Tls
from ges_exporter.errors import TlsFailed


def context(tls: Tls) -> ssl.SSLContext:
    """Returns the context for a target's settings; the CA file is read again when it has changed.

    Raises:
        TlsFailed: the CA file cannot be used.
    """
    try:
        changed = Path(tls.ca_file).stat().st_mtime_ns if tls.ca_file else 0
        return _context(tls.ca_file, changed, tls.insecure_skip_verify)
    except (OSError, ssl.SSLError) as error:
        raise TlsFailed(f"the CA file {tls.ca_file} cannot be used: {error.strerror or error}") from None


@lru_cache(maxsize=64)
def _context(ca_file: str | None, _changed: int, insecure: bool) -> ssl.SSLContext:
    made = ssl.create_default_context(cafile=ca_file)
    if insecure:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    return made
