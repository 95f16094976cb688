"""Basic authentication, response headers and the rate limit of --web.config.file."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from pathlib import Path

import bcrypt
import httpx
import pytest
from starlette.responses import PlainTextResponse

from ges_exporter.config import Secret
from ges_exporter.web import Protection
from ges_exporter.web.bucket import Bucket
from ges_exporter.web.guard import LONGEST_HEADERS, LONGEST_TARGET, Guard
from ges_exporter.web.users import MOST_REMEMBERED, Users
from tests.certificates import web_config
from tests.serving import pages, run, small_world
from tests.simulated import Clock

PASSWORD = "correct horse"


def hashed(password: str, cost: int = 4) -> str:
    """As htpasswd writes it."""
    return bcrypt.hashpw(password.encode()[:72], bcrypt.gensalt(cost)).decode().replace("$2b$", "$2y$")


def basic(user: str, password: str) -> str:
    """The header of basic authentication."""
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


def protection(folder: Path, **sections: object) -> Protection:
    """What a file asks for."""
    return Protection(web_config(folder, **sections))


def guarded(measures: Protection) -> httpx.AsyncClient:
    """A client of an application behind a guard, which says hello."""
    transport = httpx.ASGITransport(Guard(PlainTextResponse("hello"), measures))
    return httpx.AsyncClient(transport=transport, base_url="http://exporter.test")


ADMITTED = {
    "the user": (basic("alice", PASSWORD), True),
    "another user": (basic("bob", "x" * 100), True),
    "a wrong password": (basic("alice", "wrong"), False),
    "another's password": (basic("bob", PASSWORD), False),
    "an unknown user": (basic("carol", PASSWORD), False),
    "no user": (basic("", PASSWORD), False),
    "no password": (basic("alice", ""), False),
    "a hash": (basic("alice", "$2y$04$UCNnxtwAW9gz85v.48/2Ge41qjzv/Y5MxuxTr4sgnB1pxoC4M5hGm"), False),
    "a null byte": (basic("alice", f"{PASSWORD}\0"), False),
    "a small scheme": (basic("alice", PASSWORD).replace("Basic", "basic"), True),
    "another scheme": ("Bearer abc", False),
    "no base64": ("Basic !!!", False),
    "no colon": ("Basic YWxpY2U=", False),
    "nothing": ("Basic", False),
    "no header": ("", False),
}


@pytest.mark.parametrize(("header", "welcome"), ADMITTED.values(), ids=ADMITTED)
def test_who_is_admitted(tmp_path: Path, header: str, welcome: bool) -> None:
    """Who knows a user's password; the first time and every time, for bcrypt looks at 72 bytes."""

    async def main() -> list[httpx.Response]:
        users = {"alice": hashed(PASSWORD), "bob": hashed("x" * 100)}
        async with guarded(protection(tmp_path, basic_auth_users=users)) as client:
            return [await client.get("/metrics", headers={"Authorization": header}) for _ in range(2)]

    for answer in run(main):
        assert (answer.status_code, answer.text) == (
            (200, "hello") if welcome else (401, "a user's name and password are needed\n")
        )
        assert ("WWW-Authenticate" in answer.headers) is not welcome


def test_nothing_is_told_to_strangers(tmp_path: Path) -> None:
    """Not even which paths there are; only health is open, for load balancers and kubelets."""

    async def main() -> dict[str, int]:
        measures = protection(tmp_path, basic_auth_users={"alice": hashed(PASSWORD)})
        async with pages(small_world(), protection=measures) as client:
            paths = [
                "/metrics",
                "/probe",
                "/sd",
                "/jobs",
                "/config",
                "/",
                "/nope",
                "/-/healthy",
                "/-/ready",
                "/-/reload",
            ]
            return {path: (await client.get(path)).status_code for path in paths}

    codes = run(main)
    assert {path for path, code in codes.items() if code != 401} == {"/-/healthy", "/-/ready"}


def test_the_loop_goes_on_while_a_password_is_checked() -> None:
    """Bcrypt takes its time in a thread; others are answered meanwhile."""

    async def main() -> bool:
        users = Users({"alice": Secret(hashed(PASSWORD, cost=12))})
        checking = asyncio.create_task(users.admit(basic("alice", PASSWORD)))
        await asyncio.sleep(0)
        turns = 0
        while not checking.done():
            turns += 1
            await asyncio.sleep(0)
        return await checking and turns > 10

    assert run(main)


def test_the_same_words_are_checked_once() -> None:
    """Ten scrapes after a start cost one computation, and those after them none."""

    async def main() -> tuple[int, int]:
        users = Users({"alice": Secret(hashed(PASSWORD))})
        tasks = [asyncio.create_task(users.admit(basic("alice", PASSWORD))) for _ in range(10)]
        await asyncio.sleep(0)
        under_way = len(users._under_way)
        assert all(await asyncio.gather(*tasks))
        assert await users.admit(basic("alice", PASSWORD))
        return under_way, len(users._under_way)

    assert run(main) == (1, 0)


def test_who_hangs_up_takes_nobody_along() -> None:
    """A check that several wait for goes on when one of them leaves."""

    async def main() -> bool:
        users = Users({"alice": Secret(hashed(PASSWORD))})
        first, second = (asyncio.create_task(users.admit(basic("alice", PASSWORD))) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        return await second

    assert run(main)


def test_what_is_remembered_is_bounded_and_no_password() -> None:
    """Bcrypt takes any ending after 72 bytes, so one password has many spellings; memory holds digests only."""

    async def main() -> Users:
        users = Users({"alice": Secret(hashed("x" * 72))})
        for number in range(MOST_REMEMBERED + 20):
            assert await users.admit(basic("alice", "x" * 72 + str(number)))
        return users

    users = run(main)
    assert len(users._succeeded) == MOST_REMEMBERED
    assert not any(b"xxx" in digest for digest in users._succeeded)


def test_unknown_users_cost_what_known_ones_cost() -> None:
    """An unknown name is checked against somebody's hash, always the same one; the outcome does not matter."""

    async def main() -> set[bool]:
        users = Users({"alice": Secret(hashed("alike")), "bob": Secret(hashed("alike", cost=5))})
        decoys = {name: {users._decoy(name) for _ in range(3)} for name in (b"carol", b"dave", b"erin", b"frank")}
        assert all(len(one) == 1 for one in decoys.values())
        return {await users.admit(basic(name.decode(), "alike")) for name in decoys}

    assert run(main) == {False}


def test_users_change_in_a_reload(tmp_path: Path) -> None:
    """Who was removed is out at once, though the password had been remembered; who stays need not wait again."""

    async def main() -> list[int]:
        async with guarded(measures) as client:
            codes = []
            for users in ({"alice": alice}, {"alice": alice, "bob": alice}, {"bob": alice}, {}):
                web_config(tmp_path, basic_auth_users=users)
                measures.reload()
                codes.append((await client.get("/", headers={"Authorization": basic("alice", PASSWORD)})).status_code)
            return codes

    alice = hashed(PASSWORD)
    measures = protection(tmp_path, basic_auth_users={"alice": alice})
    assert run(main) == [200, 200, 401, 200]


def test_headers_that_are_asked_for(tmp_path: Path) -> None:
    """They win over those of the program; a blank one is none. Every answer has them, refusals too."""

    async def main() -> list[httpx.Response]:
        headers = {
            "X-Frame-Options": "sameorigin",
            "Content-Security-Policy": "",
            "Strict-Transport-Security": "max-age=63072000",
        }
        users = {"alice": hashed(PASSWORD)}
        async with guarded(
            protection(tmp_path, http_server_config={"headers": headers}, basic_auth_users=users)
        ) as client:
            return [await client.get("/"), await client.get("/-/healthy")]

    for answer in run(main):
        assert answer.headers["X-Frame-Options"] == "sameorigin"
        assert answer.headers["Strict-Transport-Security"] == "max-age=63072000"
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'"


def test_the_rate_limit(tmp_path: Path) -> None:
    """So many at once; then 429, but for the health."""

    async def main() -> list[int]:
        async with guarded(protection(tmp_path, rate_limit={"interval": "1h", "burst": 2})) as client:
            return [(await client.get(path)).status_code for path in ("/", "/", "/", "/-/healthy", "/")]

    assert run(main) == [200, 200, 429, 200, 429]


def test_the_bucket_fills_again() -> None:
    """One token each interval, never more than the burst."""
    clock = Clock()
    bucket = Bucket(2.0, 3, clock)
    assert [bucket.take() for _ in range(4)] == [True, True, True, False]
    clock.advance(2)
    assert [bucket.take() for _ in range(2)] == [True, False]
    clock.advance(1000)
    assert [bucket.take() for _ in range(4)] == [True, True, True, False]


def test_no_limit_unless_asked() -> None:
    """An interval of 0 is none."""
    bucket = Bucket(0.0, 0, Clock())
    assert all(bucket.take() for _ in range(100))


@pytest.mark.parametrize(
    ("path", "headers", "code"),
    [
        ("/metrics?collect[]=" + "x" * LONGEST_TARGET, {}, 414),
        ("/" + "x" * LONGEST_TARGET, {}, 414),
        ("/-/healthy?" + "x" * LONGEST_TARGET, {}, 414),
        ("/metrics", {"X-Long": "x" * LONGEST_HEADERS}, 431),
        ("/metrics", {f"X-{number}": "x" * 100 for number in range(LONGEST_HEADERS // 100)}, 431),
        ("/metrics?" + "x" * (LONGEST_TARGET - 100), {"X-Long": "x" * (LONGEST_HEADERS - 1000)}, 200),
    ],
)
def test_what_is_too_long_is_refused(path: str, headers: dict[str, str], code: int) -> None:
    """Paths, queries and headers have an end."""

    async def main() -> int:
        async with guarded(Protection()) as client:
            return (await client.get(path, headers=headers)).status_code

    assert run(main) == code
