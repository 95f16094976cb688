"""One target asked over TLS: who is trusted, under which name, and what breaks."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ges_exporter.auth import Keyring
from ges_exporter.config import PasswordCredentials, Secret, Tls
from ges_exporter.model import NodeListing
from ges_exporter.telemetry import Telemetry
from tests.asking import Asker
from tests.wires import (
    HEAD,
    OK,
    Authority,
    Handler,
    Proxy,
    answering,
    ask,
    asker,
    close,
    given_up,
    hang,
    hearing,
    never,
    reset,
    run,
    through,
    wire,
)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Who vouches for the servers."""
    return Authority(tmp_path_factory.mktemp("ca"))


PAST = datetime(2020, 1, 1, tzinfo=UTC)

# What the server shows, how the client is configured, and what comes of it.
TRUST: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "vouched for": ({}, {}, ""),
    "vouched for by nobody": ({"ca": "theirs"}, {}, "tls"),
    "without a CA file": ({}, {"ca_file": None}, "tls"),
    "expired": ({"expires": PAST}, {}, "tls"),
    "of another address": ({"names": ["127.0.0.9"]}, {}, "tls"),
    "of a name": ({"names": ["movie.internal"]}, {}, "tls"),
    "of the configured name": ({"names": ["movie.internal"]}, {"server_name": "movie.internal"}, ""),
    "of another name": ({"names": ["fraud.internal"]}, {"server_name": "movie.internal"}, "tls"),
    "of the address, not of the name": ({}, {"server_name": "movie.internal"}, "tls"),
    "insecure: by nobody": ({"ca": "theirs"}, {"insecure_skip_verify": True}, ""),
    "insecure: expired": ({"expires": PAST}, {"insecure_skip_verify": True}, ""),
    "insecure: of another name": ({"names": ["fraud.internal"]}, {"insecure_skip_verify": True}, ""),
    "insecure: with a name": (
        {"names": ["fraud.internal"]},
        {"insecure_skip_verify": True, "server_name": "movie.internal"},
        "",
    ),
}


@pytest.mark.parametrize(("shown", "configured", "expected"), TRUST.values(), ids=TRUST)
def test_certificates(authority: Authority, shown: dict[str, Any], configured: dict[str, Any], expected: str) -> None:
    """A certificate counts if a configured CA vouches for the configured name, and it is in force."""
    ca = authority.theirs if shown.get("ca") else None
    tls = authority.server(*shown.get("names", ()), ca=ca, expires=shown.get("expires"))
    heads: list[bytes] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(OK)

    async def main() -> NodeListing:
        async with wire(handle, tls) as server:
            return await ask(asker(server, "https", tls=Tls(**{"ca_file": authority.file, **configured})))

    node = run(main())
    assert node.reason == expected, node.message
    assert len(heads) == (0 if expected else 1), "nothing is sent to a server that is not trusted"


def test_the_configured_name_is_asked_for(authority: Authority) -> None:
    """A server with certificates for several names is told which one is wanted."""
    asked: list[str | None] = []
    tls = authority.server("movie.internal")
    tls.sni_callback = lambda _object, name, _context: asked.append(name)

    async def main() -> NodeListing:
        async with wire(answering(OK, then=close), tls) as server:
            configured = Tls(ca_file=authority.file, server_name="movie.internal")
            return await ask(asker(server, "https", tls=configured))

    assert run(main()).reason == ""
    assert asked == ["movie.internal"]


def test_messages_tell_what_is_wrong_with_a_certificate(authority: Authority) -> None:
    """People read why a certificate is refused."""

    async def message(**shown: Any) -> str:  # noqa: ANN401 - as Authority.server has them
        async with wire(answering(OK), authority.server(**shown)) as server:
            return (await ask(asker(server, "https", tls=Tls(ca_file=authority.file)))).message

    assert "expired" in run(message(expires=PAST))
    assert "self-signed" in run(message(ca=authority.theirs)) or "issuer" in run(message(ca=authority.theirs))


def test_a_ca_file_that_cannot_be_used(authority: Authority, tmp_path: Path) -> None:
    """A CA file that is missing or broken fails its target only, with its path; and is read once it has been mended."""
    path = tmp_path / "movie-ca.pem"

    async def main() -> None:
        async with wire(answering(OK), authority.server()) as server:
            one = asker(server, "https", tls=Tls(ca_file=str(path)))
            for content in (None, b"", b"no certificate"):
                if content is not None:
                    path.write_bytes(content)
                node = await one.node()
                assert (node.reason, str(path) in node.message) == ("tls", True)
            authority.ours.cert_pem.write_to_path(str(path))
            assert not (await one.node()).reason
            await one.client.aclose()

    run(main())


def test_a_ca_file_that_is_replaced(authority: Authority, tmp_path: Path) -> None:
    """Another authority is trusted from the next scrape on, the one before it no more; none in between does no harm."""
    path = tmp_path / "movie-ca.pem"

    async def main() -> list[str]:
        async with wire(answering(OK, then=close), authority.server()) as server:
            one = asker(server, "https", tls=Tls(ca_file=str(path)))
            reasons = []
            for number, ca in enumerate((authority.theirs, authority.ours, None, authority.theirs)):
                path.unlink(missing_ok=True)
                if ca is not None:
                    ca.cert_pem.write_to_path(str(path))
                    os.utime(path, (number, number))
                reasons.append((await one.node()).reason)
            await one.client.aclose()
            return reasons

    assert run(main()) == ["tls", "", "", "tls"]


async def corrupt(writer: asyncio.StreamWriter) -> None:
    """Bytes that were not encrypted, in the middle of a TLS connection."""
    raw = socket.socket(fileno=socket.dup(writer.get_extra_info("socket").fileno()))
    with raw:
        raw.send(b"\x17\x03\x03\x00\x20" + b"garbage!" * 4)
    await hang(writer)


BROKEN_TLS: dict[str, tuple[Handler, Mapping[str, Any], set[str]]] = {
    "cut off": (answering(HEAD, then=close), {}, {"connect"}),
    "reset": (answering(HEAD, then=reset), {}, {"connect"}),
    "corrupted": (answering(HEAD, then=corrupt), {}, {"tls"}),
    # With TLS 1.3 the refusal follows the handshake, and may be overtaken by the end of the connection.
    "the client is asked for a certificate": (answering(OK), {"client": True}, {"tls", "connect"}),
    "hangs": (never, {}, {"timeout"}),
}


def test_each_broken_tls_connection_has_its_reason(authority: Authority) -> None:
    """However an encrypted connection breaks, it ends as a value."""

    async def main() -> dict[str, str]:
        async with AsyncExitStack() as stack:
            servers = [
                await stack.enter_async_context(wire(handler, authority.server(**shown)))
                for handler, shown, _ in BROKEN_TLS.values()
            ]
            trust = Tls(ca_file=authority.file)
            nodes = await asyncio.gather(*(ask(asker(server, "https", tls=trust), 2.0) for server in servers))
        return dict(zip(BROKEN_TLS, (node.reason for node in nodes), strict=True))

    reasons = run(main())
    assert all(reasons[name] in expected for name, (_, _, expected) in BROKEN_TLS.items()), reasons


def test_https_where_http_is_spoken_and_the_other_way_round(authority: Authority) -> None:
    """A scheme that does not match the port is told as what it is: no handshake, or no answer."""

    async def main() -> tuple[str, str]:
        async with wire(not_http) as plain, wire(answering(OK), authority.server()) as secure:
            first = await ask(asker(plain, "https", tls=Tls(ca_file=authority.file)))
            second = await ask(asker(secure, "http"))
            return first.reason, second.reason

    async def not_http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()

    assert run(main()) == ("tls", "connect")


def test_a_handshake_that_hangs() -> None:
    """A server that never answers the client's hello costs the deadline, not more."""

    async def main() -> NodeListing:
        async with wire(never) as server:
            return await ask(asker(server, "https"), 0.1)

    assert run(main()).reason == "timeout"


def test_an_iam_that_breaks_its_tls_costs_only_its_targets(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What breaks on the way to IAM is a value, too."""
    monkeypatch.setenv("SSL_CERT_FILE", authority.file)
    credentials = PasswordCredentials(type="password", domain="d", username="u", password=Secret("correct-horse"))

    async def main() -> NodeListing:
        async with wire(answering(HEAD, then=corrupt), authority.server()) as server:
            telemetry = Telemetry()
            keyring = Keyring({"prod": credentials}, telemetry)
            plain = Asker(credentials="prod", iam_endpoint=f"https://127.0.0.1:{server.port}")
            one = asker(1, credential=keyring.credential(plain.settings), telemetry=telemetry)
            try:
                return await ask(one)
            finally:
                await keyring.aclose()

    assert run(main()).reason == "tls"


def test_a_tls_handshake_that_was_given_up_leaves_no_connection() -> None:
    """Nor does one that ends before it is encrypted, through a proxy or not, of a target or of its IAM."""
    credentials = PasswordCredentials(type="password", domain="d", username="u", password=Secret("correct-horse"))

    async def main() -> None:
        heard = asyncio.Event()
        async with wire(hearing(heard)) as server, wire(Proxy().handle) as way:
            url, telemetry = f"https://127.0.0.1:{server.port}", Telemetry()
            keyring = Keyring({"prod": credentials}, telemetry)
            login = keyring.credential(Asker(credentials="prod", iam_endpoint=url).settings)
            askers = [
                asker(server, "https"),
                asker(server, "https", proxy=through(way.port)),
                asker(1, credential=login, telemetry=telemetry),
            ]
            for number, one in enumerate(askers, 1):
                await given_up(one, heard)
                await login.aclose()
                await server.left_alone()
                assert server.connections == number
                await one.client.aclose()

    run(main())
