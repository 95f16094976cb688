"""The secrets that stand in a configuration itself."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from ges_exporter.config.configuration import Config
from ges_exporter.config.credentials import AkskCredentials
from ges_exporter.config.schema import GraphSettings, Project
from ges_exporter.config.secret import Secret


def secrets_of(config: Config) -> Iterator[str]:
    """Returns the secrets in a configuration, which are to be kept out of whatever is shown."""
    for credentials in config.credentials.values():
        given = (getattr(credentials, name) for name in credentials.SECRETS)
        yield from (secret.reveal() for secret in given if secret is not None)
        if isinstance(credentials, AkskCredentials):
            yield credentials.access_key
    for proxy in {place.proxy for project in config.projects for place in _places(project)}:
        if isinstance(proxy, Secret):
            yield from _secrets_of_proxy(proxy.reveal())


def _places(project: Project) -> Iterator[Project | GraphSettings]:
    """Yields whatever may name a proxy."""
    yield project
    yield from project.graphs
    if project.discovery is not None:
        yield from project.discovery.graphs


def _secrets_of_proxy(url: str) -> Iterator[str]:
    """Returns a proxy's URL if it holds a password, and that password in whatever form it is sent or told."""
    parts = urlsplit(url)
    if parts.password is not None:
        user, password = unquote(parts.username or ""), unquote(parts.password)
        yield from (url, parts.password, password, b64encode(f"{user}:{password}".encode()).decode())
