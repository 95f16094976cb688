"""The server: addresses, signals, and clients that are slow, silent or many."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from pathlib import Path

import pytest

from ges_exporter.server import LARGEST_HEAD, listen, split_address, urls
from ges_exporter.web import Protection
from tests.certificates import Authority, web_config
from tests.connecting import GET, QUICK, App, serving_few
from tests.serving import run

OK, BUSY = b"HTTP/1.1 200 OK", b"HTTP/1.1 503 Service Unavailable"


def test_a_connection_is_used_again() -> None:
    """As Prometheus does from scrape to scrape."""

    async def main() -> list[bytes]:
        async with serving_few(App()) as serving:
            client = await serving.connect()
            answers = []
            for _ in range(3):
                client.send(GET)
                answers.append(await client.answer())
            return answers

    assert run(main) == [OK] * 3


def test_requests_in_one_go_are_answered_in_turn() -> None:
    """Pipelining is rare, and allowed."""

    async def main() -> list[bytes]:
        async with serving_few(App()) as serving:
            client = await serving.connect()
            client.send(GET * 3)
            return [await client.answer() for _ in range(3)]

    assert run(main) == [OK] * 3


SLOW = {
    "says nothing": b"",
    "never ends its headers": b"GET / HTTP/1.1\r\nHost: x\r\nX-A: ",
    "never ends its second request": GET + b"GET / HTTP/1.1\r\nX-A: ",
    "never ends its body": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nabc",
}


@pytest.mark.parametrize("sent", SLOW.values(), ids=SLOW)
def test_a_client_that_is_too_slow_is_cut(sent: bytes) -> None:
    """However it drips: its time is counted from the first byte of a request, not from the last one."""

    async def main() -> None:
        async with serving_few(App(), QUICK) as serving:
            client = await serving.connect()
            client.send(sent)
            if b"\r\n\r\n" in sent:
                assert await client.answer() == OK
            dripping = asyncio.create_task(client.drip())
            await client.rest()
            dripping.cancel()

    run(main)


def test_a_slow_answer_is_waited_for() -> None:
    """The clock of a request stops when it has been read: a scrape may take its time."""

    async def main() -> bytes:
        app = App()
        app.may.clear()
        async with serving_few(app, QUICK) as serving:
            client = await serving.connect()
            client.send(GET)
            silent = await serving.connect()
            await silent.rest()
            app.may.set()
            return await client.answer()

    assert run(main) == OK


def test_an_idle_connection_is_closed_in_the_end() -> None:
    """Nobody keeps it for ever."""

    async def main() -> bytes:
        async with serving_few(App(), QUICK) as serving:
            client = await serving.connect()
            client.send(GET)
            await client.answer()
            return await client.rest()

    assert run(main) == b""


def test_who_does_not_read_is_cut() -> None:
    """An answer that nobody fetches does not stay in memory."""

    async def main() -> None:
        async with serving_few(App(b"x" * 20_000_000), QUICK) as serving:
            with socket.create_connection(("127.0.0.1", serving.clients.port)) as client:
                client.sendall(GET)
                while not serving.server.server_state.total_requests:  # noqa: ASYNC110 - there is no event
                    await asyncio.sleep(0.01)
                while serving.server.server_state.connections:  # noqa: ASYNC110 - as above
                    await asyncio.sleep(0.01)

    run(main)


def test_idle_connections_make_room() -> None:
    """Whoever keeps connections open cannot lock others out."""

    async def main() -> tuple[list[bytes], bytes]:
        async with serving_few(App()) as serving:
            clients = [await serving.connect() for _ in range(3)]
            for client in clients[:2]:
                client.send(GET)
                await client.answer()
            newcomers = [await serving.connect() for _ in range(3)]
            answers = []
            for client in newcomers:
                client.send(GET)
                answers.append(await client.answer())
            return answers, await clients[0].answer()

    answers, evicted = run(main)
    assert (answers, evicted) == ([OK] * 3, b"")


def test_too_many_connections_at_work_are_refused_with_a_sentence() -> None:
    """503 at once, not a request that hangs; those at work are not disturbed."""

    async def main() -> tuple[bytes, bytes, list[bytes], bytes]:
        app = App()
        app.may.clear()
        async with serving_few(app) as serving:
            clients = [await serving.connect() for _ in range(3)]
            for number, client in enumerate(clients):
                client.send(GET)
                while app.asked <= number:
                    await app.begun.wait()
                    await asyncio.sleep(0)
            late = await serving.connect()
            refusal = await late.rest()
            app.may.set()
            answers = [await client.answer() for client in clients]
            after = await serving.connect()
            after.send(GET)
            return refusal.split(b"\r\n")[0], refusal, answers, await after.answer()

    line, refusal, answers, after = run(main)
    assert line == BUSY
    assert refusal.endswith(b"\r\n\r\ntoo many connections; try again in a moment\n")
    assert (answers, after) == ([OK] * 3, OK)


def test_heads_without_end_are_refused() -> None:
    """Beyond 64 KiB nothing is kept, whatever comes."""

    async def main() -> bytes:
        app = App()
        async with serving_few(app) as serving:
            client = await serving.connect()
            client.send(b"GET /?" + b"x" * (2 * LARGEST_HEAD))
            answer = await client.rest()
            assert not app.asked
            return answer[:12]

    # who is still sending may not get to see the answer
    assert run(main) in {b"HTTP/1.1 400", b""}


@pytest.mark.parametrize(
    "nonsense", [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"hello\r\n\r\n", b"GET / HTTP/9\r\n\r\n"]
)
def test_what_is_no_http_is_refused_in_silence(nonsense: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """Whoever scans ports does not fill the log."""

    async def main() -> bytes:
        async with serving_few(App()) as serving:
            client = await serving.connect()
            client.send(nonsense + b"\r\n\r\n")
            return (await client.rest())[:12]

    assert run(main) == b"HTTP/1.1 400"
    assert not caplog.records


def test_websockets_are_no_business_of_ours() -> None:
    """An upgrade is not made; the request is answered as any other."""

    async def main() -> bytes:
        async with serving_few(App()) as serving:
            client = await serving.connect()
            client.send(GET[:-2] + b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n")
            return await client.answer()

    assert run(main) == OK


def test_a_handshake_that_never_ends_is_cut(tmp_path: Path) -> None:
    """A connection to a TLS port that says nothing does not stay."""

    async def main() -> bytes:
        async with serving_few(App(), QUICK, tls=protection.tls) as serving:
            client = await serving.connect()
            return await client.rest()

    Authority(tmp_path).server()
    files = {"cert_file": "server.crt", "key_file": "server.key"}
    protection = Protection(web_config(tmp_path, tls_server_config=files))
    assert run(main) == b""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_it_after_what_is_under_way(number: signal.Signals) -> None:
    """The request is answered, new connections are refused, and the server returns."""

    async def main() -> bytes:
        app = App()
        app.may.clear()
        async with serving_few(app) as serving:
            client, idle = await serving.connect(), await serving.connect()
            client.send(GET)
            await app.begun.wait()
            os.kill(os.getpid(), number)
            await idle.rest()
            with pytest.raises(ConnectionError):
                await serving.connect()
            app.may.set()
            answer = await client.answer()
            await serving.task
            return answer

    assert run(main) == OK


def test_it_does_not_wait_for_ever() -> None:
    """What is still under way when the grace is over is given up."""

    async def main() -> None:
        app = App()
        app.may.clear()
        async with serving_few(app, grace=1) as serving:
            client = await serving.connect()
            client.send(GET)
            await app.begun.wait()
            serving.server.should_exit = True
            await serving.task

    run(main)


ADDRESSES = {
    ":9877": ("", 9877),
    "127.0.0.1:0": ("127.0.0.1", 0),
    "[::1]:9877": ("::1", 9877),
    "localhost:80": ("localhost", 80),
}


@pytest.mark.parametrize(("text", "address"), ADDRESSES.items(), ids=list(ADDRESSES))
def test_addresses(text: str, address: tuple[str, int]) -> None:
    """As the Prometheus programs take them."""
    assert split_address(text) == address


@pytest.mark.parametrize("text", ["", "9877", "::1:9877", "host:", "host:http", "host:65536", "host:-1", "host:٣"])
def test_no_addresses(text: str) -> None:
    """With what was expected."""
    with pytest.raises(ValueError, match=r"expected HOST:PORT, \[IPV6\]:PORT or :PORT, got "):
        split_address(text)


@pytest.mark.parametrize(
    ("address", "url"),
    [(":0", "http://localhost:"), ("127.0.0.1:0", "http://127.0.0.1:"), ("[::1]:0", "http://[::1]:")],
)
def test_where_it_listens(address: str, url: str) -> None:
    """A free port is picked, and told."""
    with listen(address) as listener:
        (told,) = urls([listener])
        assert told == f"{url}{listener.getsockname()[1]}"


def test_all_addresses_are_both_families() -> None:
    """An empty host answers on IPv4 and IPv6."""
    with listen(":0") as listener:
        port = listener.getsockname()[1]
        for host in ("127.0.0.1", "::1"):
            socket.create_connection((host, port)).close()


def test_an_address_in_use() -> None:
    """Is an error at the start."""
    with listen("127.0.0.1:0") as listener, pytest.raises(OSError, match="in use"):
        listen(f"127.0.0.1:{listener.getsockname()[1]}")
