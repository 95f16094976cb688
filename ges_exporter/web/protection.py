"""What ``--web.config.file`` asks for, as it is in force; it can be read again while the server runs."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import NamedTuple

from ges_exporter.errors import ConfigError
from ges_exporter.web.bucket import Bucket
from ges_exporter.web.settings import WebSettings, load_settings
from ges_exporter.web.tls import RenewableContext, make_context
from ges_exporter.web.users import Users


class Measures(NamedTuple):
    """The settings, and what was made of them."""

    settings: WebSettings
    context: ssl.SSLContext | None
    users: Users
    bucket: Bucket


class Protection:
    """The measures in force; without a file there are none.

    Raises:
        ConfigError: the file, or a certificate that it names, cannot be used; every fault is told.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self.now = _measures(WebSettings() if path is None else load_settings(path))
        self.tls = None if self.now.context is None else RenewableContext(self.now.context)
        """What the server listens with, for as long as it runs."""

    def read(self) -> Measures:
        """Reads the file and its certificates again; nothing changes by it.

        Raises:
            ConfigError: as when it was made, or TLS is switched on or off, which takes a restart.
        """
        settings = WebSettings() if self._path is None else load_settings(self._path)
        if (settings.tls_server_config is None) != (self.tls is None):
            raise ConfigError(["tls_server_config: cannot come or go in a reload: expected a restart"])
        return _measures(settings, self.now)

    def apply(self, measures: Measures) -> None:
        """Puts in force what `read` has read; connections that are open keep their certificates."""
        self.now = measures
        if self.tls is not None and measures.context is not None:
            self.tls.current = measures.context

    def reload(self) -> None:
        """Does both.

        Raises:
            ConfigError: as `read`; then nothing has changed.
        """
        self.apply(self.read())


def _measures(settings: WebSettings, before: Measures | None = None) -> Measures:
    """Returns the measures; where the users or the limit stay the same, so does what is known of them."""
    tls, users, limit = settings.tls_server_config, settings.basic_auth_users, settings.rate_limit
    known = before.settings if before is not None else None
    return Measures(
        settings=settings,
        context=None if tls is None else make_context(tls),
        users=before.users if before and known and known.basic_auth_users == users else Users(users),
        bucket=before.bucket if before and known and known.rate_limit == limit else Bucket(limit.interval, limit.burst),
    )
