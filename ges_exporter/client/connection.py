"""How the endpoints of a target are reached: by one HTTP client, with the target's own proxy and trust."""

from __future__ import annotations

from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx

from ges_exporter import __version__
from ges_exporter.client.exchange import HOOKS
from ges_exporter.client.tls import context
from ges_exporter.config import TargetSettings, Tls

Transport = httpx.AsyncBaseTransport
"""What stands for the network."""


def open_http(settings: TargetSettings, transport: Transport | None) -> httpx.AsyncClient:
    """Returns a client that reaches the endpoints of ``settings``; ``transport`` stands in for the network.

    Raises:
        TlsFailed: the CA file cannot be used.
    """
    headers = {"Accept": "application/json", "Accept-Encoding": "gzip", "User-Agent": f"ges-exporter/{__version__}"}
    if transport is None:
        secure = any(endpoint.startswith("https:") for endpoint in settings.endpoints)
        transport = httpx.AsyncHTTPTransport(
            verify=context(settings.tls if secure else Tls()),
            proxy=settings.proxy.reveal() if settings.proxy else None,
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=None, keepalive_expiry=90.0),
        )
    # Each scrape has one deadline for everything; nothing comes from the process's environment, or from answers before.
    return httpx.AsyncClient(
        transport=transport,
        headers=headers,
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        timeout=None,  # noqa: S113
        trust_env=False,
        event_hooks=HOOKS,
    )
