"""``/sd``: the targets, as Prometheus' HTTP service discovery reads them."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from tests.serving import connected, pages, run, small_world


def discover(host: str) -> httpx.Response:
    """The answer to a request that was sent to ``host``."""

    async def main() -> httpx.Response:
        async with pages(small_world()) as client:
            return await client.get("/sd", headers={"Host": host})

    return run(main)


def test_discovery_lists_each_target() -> None:
    """As Prometheus' HTTP service discovery reads it, without plain labels that would rename ours."""
    answer = discover("ges-exporter-2.ges-exporter:9877")
    assert answer.headers["Content-Type"] == "application/json"
    groups = answer.json()
    assert {tuple(group["targets"]) for group in groups} == {("ges-exporter-2.ges-exporter:9877",)}
    centre, movie, _ = (group["labels"] for group in groups)
    common = {
        "__metrics_path__": "/probe",
        "__param_project": "demo",
        "__meta_ges_project": "demo",
        "__scheme__": "https",
    }
    region = {"__meta_ges_region": "simulated"}
    assert centre == common | region | {"__meta_ges_graph": "", "__meta_ges_plane": "management"}
    assert movie == common | region | {
        "__param_graph": "movie",
        "__meta_ges_graph": "movie",
        "__meta_ges_plane": "service",
    }


HOSTS = {
    "exporter": "exporter",
    "exporter:9877": "exporter:9877",
    "10.0.0.1:80": "10.0.0.1:80",
    "[2001:db8::1]:9877": "[2001:db8::1]:9877",
    "a_b-c.d.": "a_b-c.d.",
}
BAD_HOSTS = ["a b", "user@host", "host:port", "host:999999", "2001:db8::1", "host/path", "[::1", 'a"b', "a,b"]


@pytest.mark.parametrize(("host", "address"), HOSTS.items(), ids=list(HOSTS))
def test_discovery_gives_the_address_that_was_asked(host: str, address: str) -> None:
    """As it stands in the request, port or not."""
    assert discover(host).json()[0]["targets"] == [address]


@pytest.mark.parametrize("host", BAD_HOSTS)
def test_discovery_hands_on_no_nonsense(host: str) -> None:
    """What is no address is refused, not given to Prometheus."""
    answer = discover(host)
    assert answer.status_code == 400
    assert answer.text.startswith("Host: expected HOST or HOST:PORT, got ")


@pytest.mark.parametrize(("address", "shown"), [("127.0.0.1:0", "127.0.0.1"), ("[::1]:0", "[::1]")])
def test_discovery_without_a_host_gives_the_listening_address(address: str, shown: str) -> None:
    """Somebody may still speak HTTP/1.0; over plain HTTP there is no __scheme__."""

    async def main() -> tuple[str, bytes]:
        async with connected(small_world(), address=address) as client:
            reader, writer = await asyncio.open_connection(shown.strip("[]"), client.base_url.port)
            writer.write(b"GET /sd HTTP/1.0\r\n\r\n")
            answer = await reader.read()
            writer.close()
            return f"{shown}:{client.base_url.port}", answer

    expected, answer = run(main)
    assert f'"targets":["{expected}"]'.encode() in answer
    assert b"__scheme__" not in answer


def test_headers_of_proxies_change_nothing() -> None:
    """Who may set them is not known: neither the scheme nor the address comes from them."""

    async def main() -> httpx.Response:
        async with connected(small_world()) as client:
            forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.test", "Forwarded": "host=evil.test"}
            return await client.get("/sd", headers=forwarded)

    answer = run(main)
    assert "__scheme__" not in answer.text
    assert "evil" not in answer.text
