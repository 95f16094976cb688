"""TLS as --web.config.file asks for it, over real connections."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from starlette.responses import PlainTextResponse

from ges_exporter.errors import ConfigError
from ges_exporter.web import Protection
from ges_exporter.web.guard import Guard
from tests.certificates import Authority, web_config
from tests.serving import listening, run

FILES = {"cert_file": "server.crt", "key_file": "server.key"}
CLIENTS = {"client_auth_type": "RequireAndVerifyClientCert", "client_ca_file": "clients.pem"}


@asynccontextmanager
async def server(protection: Protection) -> AsyncIterator[str]:
    """A server that says hello; yields its URL."""
    async with listening(Guard(PlainTextResponse("hello"), protection), protection.tls) as url:
        yield url


async def get(url: str, trust: ssl.SSLContext) -> str:
    """What it says over a new connection."""
    async with httpx.AsyncClient(verify=trust) as client:
        return (await client.get(url)).text


def protected(folder: Path, **tls: object) -> Protection:
    """TLS with files in a folder, and more."""
    return Protection(web_config(folder, tls_server_config=FILES | tls))


def test_https(tmp_path: Path) -> None:
    """The URL says so, the certificate is the file's, plain HTTP is not answered."""

    async def main() -> tuple[str, str]:
        async with server(protected(tmp_path)) as url:
            with pytest.raises(httpx.RemoteProtocolError):
                await get(url.replace("https", "http"), trust)
            return url, await get(url, trust)

    authority = Authority(tmp_path)
    authority.server()
    trust = authority.trusting()
    url, text = run(main)
    assert (url[:8], text) == ("https://", "hello")


def test_certificates_are_read_again(tmp_path: Path) -> None:
    """After a reload new connections get the new one; a connection that is open goes on."""

    async def main() -> None:
        protection = protected(tmp_path)
        async with server(protection) as url, httpx.AsyncClient(verify=old.trusting()) as client:
            await client.get(url)
            new.server()
            protection.reload()
            assert (await client.get(url)).text == "hello"
            assert await get(url, new.trusting()) == "hello"
            with pytest.raises(httpx.ConnectError):
                await get(url, old.trusting())

    old, new = Authority(tmp_path, "old"), Authority(tmp_path, "new")
    old.server()
    run(main)


def test_a_bad_reload_changes_nothing(tmp_path: Path) -> None:
    """All or nothing: certificate and settings of before stay in force."""

    async def main() -> None:
        protection = protected(tmp_path)
        async with server(protection) as url:
            cert_file.write_text("nonsense")
            with pytest.raises(ConfigError, match="cert_file: expected certificates in PEM"):
                protection.reload()
            assert await get(url, authority.trusting()) == "hello"

    authority = Authority(tmp_path)
    cert_file, _ = authority.server()
    run(main)


@pytest.mark.parametrize("first", [{}, {"tls_server_config": FILES}], ids=["on", "off"])
def test_tls_cannot_come_or_go(tmp_path: Path, first: dict[str, object]) -> None:
    """The listeners cannot change in a reload."""
    Authority(tmp_path).server()
    protection = Protection(web_config(tmp_path, basic_auth_users={}, **first))
    web_config(tmp_path, basic_auth_users={}, **({} if first else {"tls_server_config": FILES}))
    with pytest.raises(ConfigError, match="cannot come or go in a reload"):
        protection.reload()


def test_clients_need_a_certificate(tmp_path: Path) -> None:
    """Of the authority that was named; another one's is refused, and so is none."""

    async def main() -> None:
        async with server(protected(tmp_path, **CLIENTS)) as url:
            assert await get(url, mutual(authority, clients, "prometheus")) == "hello"
            for trust in (authority.trusting(), mutual(authority, authority, "prometheus")):
                with pytest.raises(httpx.TransportError):
                    await get(url, trust)

    authority, clients = Authority(tmp_path), Authority(tmp_path, "clients")
    authority.server()
    run(main)


def test_clients_may_have_a_certificate(tmp_path: Path) -> None:
    """Then it is checked; without one they are let in."""

    async def main() -> None:
        optional = CLIENTS | {"client_auth_type": "VerifyClientCertIfGiven"}
        async with server(protected(tmp_path, **optional)) as url:
            assert await get(url, authority.trusting()) == "hello"
            assert await get(url, mutual(authority, clients, "prometheus")) == "hello"
            with pytest.raises(httpx.TransportError):
                await get(url, mutual(authority, authority, "prometheus"))

    authority, clients = Authority(tmp_path), Authority(tmp_path, "clients")
    authority.server()
    run(main)


NAMES = {
    "a name": ("prometheus.internal", True),
    "another name": ("grafana.internal", False),
    "an address": ("10.0.0.7", True),
    "an address of version 6": ("2001:db8::7", True),
    "a part of a name": ("internal", False),
}


@pytest.mark.parametrize(("name", "welcome"), NAMES.values(), ids=NAMES)
def test_clients_by_name(tmp_path: Path, name: str, welcome: bool) -> None:
    """client_allowed_sans: one of the certificate's names must be on the list, exactly."""

    async def main() -> str:
        async with server(protected(tmp_path, **CLIENTS, client_allowed_sans=allowed)) as url:
            try:
                return await get(url, mutual(authority, clients, name))
            except httpx.TransportError:
                return "refused"

    allowed = ["prometheus.internal", "10.0.0.7", "2001:DB8:0::7"]
    authority, clients = Authority(tmp_path), Authority(tmp_path, "clients")
    authority.server()
    assert run(main) == ("hello" if welcome else "refused")


def mutual(server_authority: Authority, clients: Authority, *names: str) -> ssl.SSLContext:
    """What a client needs that has a certificate of another authority than the server's."""
    trust = clients.trusting(*names)
    trust.load_verify_locations(server_authority.file)
    return trust


VERSIONS = [
    ({}, ssl.TLSVersion.TLSv1_2, True),
    ({}, ssl.TLSVersion.TLSv1_3, True),
    ({"min_version": "TLS13"}, ssl.TLSVersion.TLSv1_2, False),
    ({"max_version": "TLS12"}, ssl.TLSVersion.TLSv1_3, False),
    ({"cipher_suites": ["TLS_AES_128_GCM_SHA256"]}, ssl.TLSVersion.TLSv1_2, False),
]


@pytest.mark.parametrize(("settings", "version", "welcome"), VERSIONS)
def test_versions(tmp_path: Path, settings: dict[str, object], version: ssl.TLSVersion, welcome: bool) -> None:
    """From TLS 1.2 on, or as the file says."""

    async def main() -> bool:
        async with server(protected(tmp_path, **settings)) as url:
            trust = authority.trusting()
            trust.minimum_version = trust.maximum_version = version
            try:
                return await get(url, trust) == "hello"
            except httpx.ConnectError:
                return False

    authority = Authority(tmp_path)
    authority.server()
    assert run(main) == welcome


@pytest.mark.parametrize("server_prefers", [True, False])
def test_suites_and_their_order(tmp_path: Path, server_prefers: bool) -> None:
    """Only those that are named, in the server's order or the client's."""

    async def main() -> str:
        suites = ["TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"]
        settings = {"cipher_suites": suites, "prefer_server_cipher_suites": server_prefers}
        async with server(protected(tmp_path, **settings)) as url:
            trust = authority.trusting()
            trust.maximum_version = ssl.TLSVersion.TLSv1_2
            trust.set_ciphers(
                "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384"
            )
            _, writer = await asyncio.open_connection("127.0.0.1", httpx.URL(url).port, ssl=trust)
            name: str = writer.get_extra_info("cipher")[0]
            writer.close()
            return name

    authority = Authority(tmp_path)
    authority.server()
    assert run(main) == ("ECDHE-ECDSA-AES256-GCM-SHA384" if server_prefers else "ECDHE-ECDSA-AES128-GCM-SHA256")


@pytest.mark.parametrize(("curve", "welcome"), [("prime256v1", True), ("secp384r1", False)])
def test_the_curve(tmp_path: Path, curve: str, welcome: bool) -> None:
    """The one that is named, and no other."""

    async def main() -> bool:
        async with server(protected(tmp_path, curve_preferences=["CurveP256"])) as url:
            trust = authority.trusting()
            trust.set_ecdh_curve(curve)
            try:
                return await get(url, trust) == "hello"
            except httpx.ConnectError:
                return False

    authority = Authority(tmp_path)
    authority.server()
    assert run(main) == welcome


def test_http_1_is_spoken_whatever_is_offered(tmp_path: Path) -> None:
    """A client that knows HTTP/2 is told so in the handshake."""

    async def main() -> str | None:
        async with server(protected(tmp_path)) as url:
            trust = authority.trusting()
            trust.set_alpn_protocols(["h2", "http/1.1"])
            _, writer = await asyncio.open_connection("127.0.0.1", httpx.URL(url).port, ssl=trust)
            chosen: str | None = writer.get_extra_info("ssl_object").selected_alpn_protocol()
            writer.close()
            return chosen

    authority = Authority(tmp_path)
    authority.server()
    assert run(main) == "http/1.1"
