"""Which targets share a credential, what a reload keeps, and that no secret is ever shown."""

from __future__ import annotations

import asyncio
import json
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from ges_exporter.auth import Keyring
from ges_exporter.config import (
    AkskCredentials,
    Credentials,
    HeaderCredentials,
    PasswordCredentials,
    TokenCredentials,
)
from ges_exporter.errors import AuthFailed, TargetError
from ges_exporter.telemetry import Telemetry
from tests.iam import DAY, PROJECT, Chunks, Clock, Iam, refusal, run, sent, target_settings


def user(**given: str) -> PasswordCredentials:
    """Credentials of an IAM user."""
    fields = {"type": "password", "domain": "account", "username": "monitor", "password": "pw-PLANTED", **given}
    return PasswordCredentials.model_validate(fields)


class World:
    """Keyrings that share an IAM, a clock and a telemetry."""

    def __init__(self, *script: httpx.Response | Exception) -> None:
        self.clock = Clock()
        self.iam = Iam(self.clock, *script)
        self.telemetry = Telemetry()

    def keyring(self, credentials: Mapping[str, Credentials], previous: Keyring | None = None) -> Keyring:
        """A keyring of ``credentials``."""
        return Keyring(
            credentials,
            self.telemetry,
            clock=self.clock.wall,
            monotonic=self.clock.monotonic,
            transport=self.iam,
            previous=previous,
        )


async def token(keyring: Keyring, name: str = "prod", **settings: str) -> str:
    """The token that a target is sent."""
    request = await sent(keyring.credential(target_settings(name, **settings)))
    value: str = request.headers["X-Auth-Token"]
    return value


def test_targets_of_a_project_share_a_token() -> None:
    """All graphs of a project use one token; another project, user or proxy has its own."""

    async def scenario(world: World) -> None:
        keyring = world.keyring({"prod": user(), "other": user(username="other")})
        same = [await token(keyring, graph=graph) for graph in ("movie", "fraud", "")]
        assert same == ["token-1"] * 3
        assert await token(keyring, project_id="f" * 32) == "token-2"
        assert await token(keyring, name="other") == "token-3"
        assert await token(keyring, proxy="http://proxy.example:3128") == "token-4"

    run(scenario(World()))


def test_reload_keeps_unchanged_tokens() -> None:
    """Credentials that a reload leaves as they were keep their token, also when the old keyring is closed."""

    async def scenario(world: World) -> None:
        old = world.keyring({"prod": user(), "other": user()})
        assert [await token(old), await token(old, "other")] == ["token-1", "token-2"]
        new = world.keyring({"prod": user(), "other": user(password="another")}, old)
        assert [await token(new), await token(new, "other")] == ["token-1", "token-3"]
        await old.aclose()
        assert [await token(new), await token(new, "other")] == ["token-1", "token-3"]
        newest = world.keyring({"prod": user()}, new)
        assert await token(newest) == "token-1"
        await new.aclose()
        assert {name: len(tokens) for name, tokens in world.telemetry.token_expiry.items()} == {"prod": 1, "other": 0}

    run(scenario(World()))


def test_reload_keeps_a_refused_password_waiting() -> None:
    """A reload that changes nothing about a refused password does not make it be tried again."""

    async def scenario(world: World) -> None:
        old = world.keyring({"prod": user()})
        for keyring in (old, world.keyring({"prod": user()}, old)):
            with pytest.raises(AuthFailed):
                await token(keyring)
        assert world.iam.logins == 1
        assert await token(world.keyring({"prod": user(password="right")}, old)) == "token-2"

    run(scenario(World(refusal())))


async def tried(keyring: Keyring, *projects: str) -> dict[str, bool]:
    """For each project, asked at the same time, whether it got a token."""
    asked = (token(keyring, project_id=project) for project in projects)
    results = await asyncio.gather(*asked, return_exceptions=True)
    for result in results:
        assert isinstance(result, str | AuthFailed)
    return {project: isinstance(result, str) for project, result in zip(projects, results, strict=True)}


def projects_tried(iam: Iam) -> list[str]:
    """The projects of the logins, in their order."""
    return [json.loads(request.content)["auth"]["scope"]["project"]["id"] for request in iam.requests]


def test_a_wrong_password_is_tried_for_one_project() -> None:
    """IAM counts by user and locks it: however many projects share the password, it is tried once in each while."""

    async def scenario(world: World) -> None:
        keyring = world.keyring({"prod": user()})
        logins = []
        for _ in range(4):
            assert set((await tried(keyring, *"abcdefgh")).values()) == {False}
            logins.append(world.iam.logins)
            world.clock.pass_by(61)
        assert logins == [1, 2, 2, 3]
        assert len(set(projects_tried(world.iam))) == 3
        assert world.telemetry.auth_errors["prod"] == 3

    run(scenario(World(*[refusal()] * 9)))


def test_a_project_without_rights_does_not_keep_the_others_waiting_for_long() -> None:
    """The next to try is another one; as soon as IAM has taken the password, refusals are the project's own."""

    async def scenario(world: World) -> None:
        keyring = world.keyring({"prod": user()})
        world.iam.script = [refusal()]
        assert not any((await tried(keyring, *"abc")).values())
        world.clock.pass_by(61)
        world.iam.refuses = "a"
        assert await tried(keyring, *"abc") == {"a": False, "b": True, "c": True}
        for _ in range(3):
            world.clock.pass_by(3601)
            assert await tried(keyring, *"abcd") == {"a": False, "b": True, "c": True, "d": True}

    run(scenario(World()))


def test_a_password_that_was_right_and_is_not_any_more() -> None:
    """The tokens of many projects end at the same moment: one of them finds out."""

    async def scenario(world: World) -> None:
        keyring = world.keyring({"prod": user()})
        assert all((await tried(keyring, *"abcd")).values())
        world.clock.pass_by(DAY + 1)
        world.iam.script = [refusal()] * 9
        assert not any((await tried(keyring, *"abcd")).values())
        assert world.iam.logins == 5

    run(scenario(World()))


def test_a_project_that_is_forbidden_keeps_nobody_waiting() -> None:
    """403 says that the user is known: IAM does not count it, and the other projects have their tokens at once."""

    async def scenario(world: World) -> None:
        keyring = world.keyring({"prod": user()})
        assert await tried(keyring, *"abc") == {"a": False, "b": True, "c": True}
        assert await tried(keyring, *"abc") == {"a": False, "b": True, "c": True}
        assert projects_tried(world.iam) == ["a", "b", "c"]

    run(scenario(World(refusal(403))))


@pytest.mark.parametrize("first", ["a", ""], ids=["known before", "all at the same time"])
def test_a_right_password_is_tried_for_all_projects_at_once(first: str) -> None:
    """After the first login the others do not wait for each other."""

    async def scenario(world: World) -> None:
        keyring = world.keyring({"prod": user()})
        asked = asyncio.create_task(tried(keyring, *(first or "abcd")))
        world.iam.close()
        assert world.iam.gate is not None
        await world.iam.arrived(1)
        first_gate = world.iam.gate
        world.iam.close()
        first_gate.set()
        if first:
            await asked
            asked = asyncio.create_task(tried(keyring, *"bcd"))
        await world.iam.arrived(4)
        world.iam.gate.set()
        assert all((await asked).values())

    run(scenario(World()))


@pytest.mark.parametrize("others", ["", "b"], ids=["never asks", "is forbidden for good"])
def test_a_refusal_that_passes_keeps_nobody_waiting_for_ever(others: str) -> None:
    """Who was refused less often goes first, but may never come: a minute later the others go on."""

    async def scenario(world: World) -> None:
        keyring = world.keyring({"prod": user()})
        keyring.credential(target_settings("prod", project_id="b"))
        assert not (await tried(keyring, "a"))["a"]
        world.iam.refuses, world.iam.refusal_status = others, 403
        world.clock.pass_by(121)
        assert (await tried(keyring, "a", *others))["a"]

    run(scenario(World(refusal())))


def test_what_is_known_of_a_user_outlives_reloads() -> None:
    """However many, and whichever credentials were asked for between them."""

    async def scenario(world: World) -> None:
        keyring = world.keyring({"prod": user()})
        assert not (await tried(keyring, "a"))["a"]
        for _ in range(3):
            keyring, old = world.keyring({"prod": user()}, keyring), keyring
            keyring.credential(target_settings("prod", project_id="a"))
            await old.aclose()
        assert not (await tried(keyring, "b"))["b"]
        assert world.iam.logins == 1

    run(scenario(World(refusal())))


def test_an_iam_that_hangs_keeps_nobody_waiting_who_asks_another() -> None:
    """In another region the same user has a token at once."""

    async def scenario(world: World) -> None:
        keyring = world.keyring({"prod": user()})
        world.iam.silent = "iam.north.example"
        hanging = asyncio.create_task(token(keyring, iam_endpoint="https://iam.north.example"))
        await world.iam.arrived(1)
        assert await token(keyring, project_id="b", iam_endpoint="https://iam.south.example") == "token-2"
        hanging.cancel()
        await keyring.aclose()

    run(scenario(World()))


def test_a_reload_keeps_the_others_waiting_too() -> None:
    """A project that comes with a reload does not try what has just been refused for another."""

    async def scenario(world: World) -> None:
        old = world.keyring({"prod": user()})
        assert not (await tried(old, "a"))["a"]
        new = world.keyring({"prod": user()}, old)
        assert await tried(new, "a", "b") == {"a": False, "b": False}
        assert world.iam.logins == 1

    run(scenario(World(refusal(), refusal())))


def test_login_started_before_a_reload_serves_after_it() -> None:
    """A login under way during a reload goes on for the new keyring."""

    async def scenario(world: World) -> None:
        world.iam.close()
        assert world.iam.gate is not None
        old = world.keyring({"prod": user()})
        waiting = asyncio.create_task(token(old))
        await world.iam.arrived(1)
        new = world.keyring({"prod": user()}, old)
        new.credential(target_settings("prod"))
        await old.aclose()
        world.iam.gate.set()
        assert [await waiting, await token(new)] == ["token-1"] * 2

    run(scenario(World()))


def test_redirect_of_a_login_is_not_followed() -> None:
    """A password never follows a redirect."""

    async def scenario(world: World) -> None:
        with pytest.raises(TargetError, match="IAM answered HTTP 307"):
            await token(world.keyring({"prod": user()}))
        assert world.iam.logins == 1

    run(scenario(World(httpx.Response(307, headers={"Location": "https://elsewhere.example/"}))))


PLANTED = "PLANTED"
ECHO = b'{"error_code": "pw-PLANTED", "error_msg": "pw-PLANTED", "token": "PLANTED"}'


def shown(error: BaseException) -> str:
    """All that a log could show of an error."""
    return repr(error) + str(error) + "".join(traceback.format_exception(error))


@pytest.mark.parametrize(
    "step",
    [
        httpx.ConnectError("All connection attempts failed"),
        httpx.ReadTimeout(""),
        httpx.LocalProtocolError("Illegal header value b'pw-PLANTED'"),
        httpx.RemoteProtocolError("illegal status line: b'pw-PLANTED'"),
        httpx.ProxyError("407 PLANTED"),
        httpx.Response(401, content=ECHO),
        httpx.Response(500, content=ECHO),
        httpx.Response(429, content=ECHO, headers={"Retry-After": "PLANTED"}),
        httpx.Response(302, headers={"Location": "https://PLANTED.example"}),
        httpx.Response(201, headers={"X-Subject-Token": "PLANTED token"}, content=ECHO),
        httpx.Response(201, headers={"Content-Encoding": "gzip"}, stream=Chunks(b"PLANTED")),
    ],
)
def test_failed_login_shows_no_secret(step: httpx.Response | Exception, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever goes wrong with a login, neither its error nor the log holds the password or what the server echoed."""

    async def scenario(world: World) -> str:
        settings = target_settings("prod", proxy="http://user:PLANTED@proxy.example:3128")
        credential = world.keyring({"prod": user()}).credential(settings)
        errors = []
        for _ in range(2):
            with pytest.raises(TargetError) as caught:
                await sent(credential)
            errors.append(shown(caught.value))
        return "".join(errors) + repr(credential) + repr(vars(credential))

    world = World(step)
    assert PLANTED not in run(scenario(world))
    output = capsys.readouterr()
    assert PLANTED not in output.out + output.err
    assert PLANTED not in repr(vars(world.telemetry))


def test_unusable_proxy_shows_no_secret() -> None:
    """A proxy's URL that cannot be used is an error without the URL, which may hold a password."""

    async def scenario(proxy: str) -> str:
        keyring = Keyring({"prod": user()}, Telemetry())
        with pytest.raises(TargetError, match="the proxy's URL cannot be used") as caught:
            await token(keyring, proxy=proxy)
        return shown(caught.value)

    for proxy in ("http://user:PLANTED/@proxy.example", "gopher://user:PLANTED@proxy.example"):
        assert PLANTED not in run(scenario(proxy))


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        (PasswordCredentials, {"type": "password", "domain": "d", "username": "u", "password": PLANTED}),
        (AkskCredentials, {"type": "aksk", "access_key": PLANTED, "secret_key": PLANTED, "security_token": PLANTED}),
        (TokenCredentials, {"type": "token", "token": PLANTED}),
        (HeaderCredentials, {"type": "header", "name": "X-Api-Key", "value": PLANTED}),
    ],
)
def test_printing_shows_no_secret(kind: type[Any], given: Mapping[str, str]) -> None:
    """No credential, nor the keyring, nor anything they are made of, prints a secret, before or after use."""

    async def scenario(world: World) -> str:
        keyring = world.keyring({"prod": kind.model_validate(given)})
        credential = keyring.credential(target_settings("prod", proxy="http://user:PLANTED@proxy.example:3128"))
        await sent(credential)
        return f"{keyring!r} {keyring} {credential!r} {credential} {vars(credential)} {vars(keyring)}"

    world = World()
    world.iam.script = [world.iam.token("token-PLANTED")]
    assert PLANTED not in run(scenario(world))


@pytest.mark.parametrize("secret", ["pw-\udcff-PLANTED"])
def test_secret_that_is_no_text_is_told_without_it(secret: str) -> None:
    """A password from the environment that is not UTF-8 is an error of these credentials, and not shown."""

    async def scenario(world: World) -> str:
        with pytest.raises(AuthFailed, match="the password of credentials 'prod' is not UTF-8 text") as caught:
            await token(world.keyring({"prod": user(password=secret)}))
        return shown(caught.value)

    assert PLANTED not in run(scenario(World()))


def test_secret_file_errors_show_no_secret(tmp_path: Path) -> None:
    """A password file with a broken encoding is named, its content is not."""
    file = tmp_path / "password"
    file.write_bytes(b"\xffPLANTED")
    fields = {"type": "password", "domain": "d", "username": "u", "password_file": str(file)}

    async def scenario(world: World) -> str:
        with pytest.raises(AuthFailed, match="password is not UTF-8 text") as caught:
            await token(world.keyring({"prod": PasswordCredentials.model_validate(fields)}), project_id=PROJECT)
        return shown(caught.value)

    assert PLANTED not in run(scenario(World()))
