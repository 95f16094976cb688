"""One target asked through a proxy, of the configuration and of nowhere else."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path

import pytest

from ges_exporter.config import Tls
from ges_exporter.model import NodeListing
from tests.wires import (
    OK,
    Authority,
    Proxy,
    answering,
    ask,
    asker,
    close,
    deaf,
    never,
    run,
    through,
    wire,
)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Who vouches for the servers."""
    return Authority(tmp_path_factory.mktemp("ca"))


def test_http_through_a_proxy() -> None:
    """A target with a proxy is asked through it, by its full URL, with the proxy's own user and password."""
    proxy = Proxy()

    async def main() -> tuple[NodeListing, int]:
        async with wire(answering(OK, then=close)) as server, wire(proxy.handle) as way:
            node = await ask(asker(server, proxy=through(way.port, "user:pass%20word@")))
            return node, server.port

    node, port = run(main())
    assert node.reason == ""
    assert proxy.asked[0].startswith(f"GET http://127.0.0.1:{port}/ges/v1.0/")
    expected = base64.b64encode(b"user:pass word").decode()
    assert f"Proxy-Authorization: Basic {expected}" in proxy.heads[0]


@pytest.mark.parametrize(
    ("names", "server_name", "expected"),
    [
        (["127.0.0.1"], None, ""),
        (["movie.internal"], "movie.internal", ""),
        (["movie.internal"], None, "tls"),
        (["127.0.0.1"], "movie.internal", "tls"),
    ],
)
def test_https_through_a_proxy(authority: Authority, names: list[str], server_name: str | None, expected: str) -> None:
    """Through a proxy's tunnel the server's certificate is checked as it is without, the configured name included."""
    proxy = Proxy()

    async def main() -> tuple[NodeListing, int]:
        async with wire(answering(OK, then=close), authority.server(*names)) as server, wire(proxy.handle) as way:
            trust = Tls(ca_file=authority.file, server_name=server_name)
            return await ask(asker(server, "https", tls=trust, proxy=through(way.port))), server.port

    node, port = run(main())
    assert node.reason == expected, node.message
    assert proxy.asked[0] == f"CONNECT 127.0.0.1:{port} HTTP/1.1"


PASSWORD = "proxy-password-0123456789"


async def both(way: int) -> list[NodeListing]:
    """A target with http and one with https, through the proxy at a port."""
    proxy = through(way, f"user:{PASSWORD}@")
    return await asyncio.gather(*(ask(asker(1, scheme, proxy=proxy)) for scheme in ("http", "https")))


def test_a_proxy_that_refuses() -> None:
    """A proxy's refusal is no answer of the target; neither its password nor its words are told."""
    proxy = Proxy(b"HTTP/1.1 407 Who are you, %b\r\nContent-Length: 0\r\n\r\n" % PASSWORD.encode())

    async def main() -> list[NodeListing]:
        async with wire(proxy.handle) as way:
            return await both(way.port)

    nodes = run(main())
    assert [node.reason for node in nodes] == ["http_4xx", "connect"]
    assert PASSWORD not in repr(nodes)


def test_a_proxy_that_is_not_there() -> None:
    """A dead proxy fails the target as a dead connection does."""
    with deaf() as port:
        nodes = run(both(port))
    assert [node.reason for node in nodes] == ["connect", "connect"]
    assert PASSWORD not in repr(nodes)


def test_a_proxy_that_hangs() -> None:
    """A proxy that never answers costs the deadline, not more."""

    async def main() -> list[str]:
        async with wire(never) as way:
            one = [ask(asker(1, scheme, proxy=through(way.port)), 0.1) for scheme in ("http", "https")]
            return [node.reason for node in await asyncio.gather(*one)]

    assert run(main()) == ["timeout", "timeout"]


def test_no_proxy_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the configuration names proxies: the process's environment may be anybody's."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
        monkeypatch.setenv(name.lower(), "http://127.0.0.1:1")

    async def main() -> NodeListing:
        async with wire(answering(OK)) as server:
            return await ask(asker(server))

    assert run(main()).reason == ""


def test_no_credentials_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No password from a ``.netrc`` is sent to a target."""
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password mine\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    proxy = Proxy(OK)

    async def main() -> NodeListing:
        async with wire(proxy.handle) as server:
            return await ask(asker(server))

    assert run(main()).reason == ""
    assert "authorization" not in proxy.heads[0].lower()
