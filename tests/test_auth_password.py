"""Tokens for a password: shared, renewed in time, and never asked for too often."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest

from ges_exporter.auth import Credential, Keyring
from ges_exporter.config import PasswordCredentials, Secret
from ges_exporter.errors import (
    AuthFailed,
    ConnectFailed,
    DecodeFailed,
    HttpServerError,
    TargetError,
    Throttled,
    TimeoutExceeded,
    TooLarge,
)
from ges_exporter.telemetry import Telemetry
from tests.iam import DAY, NOON, PROJECT, Chunks, Clock, Iam, refusal, run, sent, target_settings

PASSWORD = "correct horse"


class World:
    """A password credential, its IAM, its clock and its telemetry."""

    def __init__(
        self, *script: httpx.Response | Exception, password_file: Path | None = None, limit: float = 20
    ) -> None:
        self.clock = Clock()
        self.iam = Iam(self.clock, *script)
        self.telemetry = Telemetry()
        secret = {"password_file": str(password_file)} if password_file else {"password": Secret(PASSWORD)}
        self.keyring = Keyring(
            {"prod": PasswordCredentials(type="password", domain="account", username="monitor", **secret)},
            self.telemetry,
            clock=self.clock.wall,
            monotonic=self.clock.monotonic,
            transport=self.iam,
            login_timeout=limit,
        )
        self.credential: Credential = self.keyring.credential(target_settings("prod"))

    async def token(self) -> str:
        """The token that a request sent now carries."""
        token: str = (await sent(self.credential)).headers["X-Auth-Token"]
        return token

    async def refused(self, host: str = "ges.example") -> httpx.Request:
        """A request that went to ``host`` and whose token is refused there."""
        return await sent(self.credential, lambda _: httpx.Response(401), f"https://{host}/v2")

    async def background(self) -> None:
        """Let a login that runs beside the requests end."""
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            await task


def test_one_token_serves_all_requests() -> None:
    """A token is obtained once and sent with every request until it is nearly used up."""

    async def scenario(world: World) -> None:
        tokens = [await world.token() for _ in range(3)]
        world.clock.pass_by(DAY - 601)
        assert [*tokens, await world.token()] == ["token-1"] * 4
        assert world.iam.logins == 1

    run(scenario(World()))


def test_many_waiters_share_one_login() -> None:
    """Targets that begin together wait for one login, whatever becomes of the one that began it."""

    async def scenario(world: World) -> None:
        world.iam.close()
        assert world.iam.gate is not None
        first = asyncio.create_task(world.token())
        await world.iam.arrived(1)
        others = [asyncio.create_task(world.token()) for _ in range(49)]
        await asyncio.sleep(0)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        world.iam.gate.set()
        assert set(await asyncio.gather(*others)) == {"token-1"}
        assert world.iam.logins == 1

    run(scenario(World()))


@pytest.mark.parametrize(("life", "left"), [(DAY, 600), (80, 20)])
def test_token_is_renewed_before_it_expires(life: float, left: float) -> None:
    """Near its end (10 min, or a quarter of its life) a token is renewed while requests go on with it undelayed."""

    async def scenario(world: World) -> None:
        world.iam.life = life
        await world.token()
        world.clock.pass_by(life - left)
        world.iam.close()
        assert world.iam.gate is not None
        assert await world.token() == "token-1"
        world.iam.gate.set()
        await world.background()
        assert await world.token() == "token-2"
        assert world.iam.logins == 2

    run(scenario(World()))


def test_failed_renewal_falls_back_to_the_valid_token() -> None:
    """While the old token is valid, an IAM that is down or refuses fails no request; after that it does."""

    async def scenario(world: World) -> None:
        await world.token()
        world.clock.pass_by(DAY - 500)
        world.iam.script = [httpx.Response(500), refusal()]
        for _ in range(2):
            assert await world.token() == "token-1"
            await world.background()
            world.clock.pass_by(2)
        assert await world.token() == "token-1"
        assert world.iam.logins == 3
        world.clock.pass_by(500)
        assert await world.token() == "token-4"

    run(scenario(World()))


def test_unreadable_password_does_not_spoil_a_valid_token(tmp_path: Path) -> None:
    """A password file that is gone matters only once the token has expired."""
    file = tmp_path / "password"
    file.write_text(PASSWORD)

    async def scenario(world: World) -> None:
        await world.token()
        file.unlink()
        world.clock.pass_by(DAY - 1)
        assert await world.token() == "token-1"
        world.clock.pass_by(1)
        with pytest.raises(
            AuthFailed, match=r"the password of credentials 'prod': the file .*/password cannot be read"
        ):
            await world.token()
        assert world.iam.logins == 1

    run(scenario(World(password_file=file)))


def test_clock_that_is_wrong_does_not_age_a_token() -> None:
    """A machine whose clock is a week ahead of IAM's logs in once, not for each request."""

    async def scenario(world: World) -> None:
        world.iam.clock = Clock()
        world.clock.pass_by(7 * DAY)
        assert [await world.token(), await world.token()] == ["token-1"] * 2

    run(scenario(World()))


def test_refused_token_is_renewed_once_for_all() -> None:
    """Fifty targets refused with the same token make one login, and all may try again."""

    async def scenario(world: World) -> None:
        refused = await asyncio.gather(*(world.refused(f"graph-{number}.example") for number in range(50)))
        assert await asyncio.gather(*(world.credential.renew(request) for request in refused[1:])) == [True] * 49
        assert await world.credential.renew(refused[0])
        assert await world.token() == "token-2"
        assert world.iam.logins == 2

    run(scenario(World()))


def test_refused_requests_of_one_host_share_the_login() -> None:
    """Two requests refused by the same host at the same time may both try again with the one new token."""

    async def scenario(world: World) -> None:
        refused = [await world.refused(), await world.refused()]
        assert await asyncio.gather(*(world.credential.renew(request) for request in refused)) == [True, True]
        assert world.iam.logins == 2

    run(scenario(World()))


def test_token_accepted_and_revoked_again_is_renewed_again() -> None:
    """A host that has accepted a renewed token and refuses it later is believed at once."""

    async def scenario(world: World) -> None:
        for number in range(1, 4):
            assert await world.token() == f"token-{number}"
            assert await world.credential.renew(await world.refused())
        assert world.iam.logins == 4

    run(scenario(World()))


def test_host_that_refuses_every_token_costs_few_logins() -> None:
    """A host that refuses each new token gets another only after a minute, then two, while others go on."""

    async def scenario(world: World) -> None:
        renewed = []
        for seconds in (0, 30, 29, 2, 100, 21):
            world.clock.pass_by(seconds)
            renewed.append(await world.credential.renew(await world.refused("locked.example")))
            await sent(world.credential, url="https://open.example/")
        assert renewed == [True, False, False, True, False, True]
        assert world.iam.logins == 4

    run(scenario(World()))


def test_graph_that_refuses_every_token_costs_few_logins_whatever_others_on_its_host_do() -> None:
    """Behind one gateway there may be graphs that take the token that another refuses."""

    async def scenario(world: World) -> None:
        path = "https://gateway.example/ges/v1.0/p/graphs"
        renewed = []
        for seconds in (0, 30, 29, 2):
            world.clock.pass_by(seconds)
            refused = await sent(world.credential, lambda _: httpx.Response(401), f"{path}/locked/jobs/status")
            renewed.append(await world.credential.renew(refused))
            await sent(world.credential, url=f"{path}/open/jobs/status")
        assert renewed == [True, False, False, True]
        assert world.iam.logins == 3

    run(scenario(World()))


@pytest.mark.parametrize("fails", [False, True], ids=["succeeds", "fails"])
def test_renewal_that_nobody_can_wait_for(fails: bool) -> None:
    """It counts as one: the token that it brings must do for a minute. One that fails must not stop the next."""

    async def scenario(world: World) -> None:
        refused = await world.refused()
        world.iam.close()
        assert world.iam.gate is not None
        renewal = asyncio.create_task(world.credential.renew(refused))
        await world.iam.arrived(2)
        renewal.cancel()
        with pytest.raises(asyncio.CancelledError):
            await renewal
        if fails:
            world.iam.script = [httpx.ConnectError("refused")]
        world.iam.gate.set()
        await world.background()
        world.clock.pass_by(30)
        assert await world.credential.renew(await world.refused()) is fails
        assert world.iam.logins == 2 + fails

    run(scenario(World()))


def test_renewal_that_fails_says_no() -> None:
    """When IAM cannot give another token, or gives the same, a refused request is not worth sending again."""

    async def scenario(world: World) -> None:
        refused = await world.refused()
        world.iam.script = [httpx.ConnectError("refused"), world.iam.token("token-1")]
        assert not await world.credential.renew(refused)
        world.clock.pass_by(1)
        assert not await world.credential.renew(refused)
        assert world.iam.logins == 3

    run(scenario(World()))


@pytest.mark.parametrize("status", [400, 401, 403])
def test_refused_password_is_left_alone_for_a_growing_while(status: int) -> None:
    """A refused password is tried after 1, 2, 4 ... 60 minutes; meanwhile everyone is refused without traffic."""

    async def scenario(world: World) -> None:
        waits = (60, 120, 240, 480, 960, 1920, 3600, 3600)
        for logins, wait in enumerate(waits, start=1):
            for seconds in (0, wait - 1):
                world.clock.pass_by(seconds)
                with pytest.raises(AuthFailed, match=f"IAM answered HTTP {status}"):
                    await world.token()
                assert world.iam.logins == logins
            world.clock.pass_by(1)
        assert world.telemetry.auth_errors["prod"] == len(waits)
        assert await world.token() == f"token-{len(waits) + 1}"

    run(scenario(World(*(refusal(status) for _ in range(8)))))


def test_changed_password_is_tried_at_once(tmp_path: Path) -> None:
    """A new content of the password file ends the waiting, and if it is refused too the waiting begins anew."""
    file = tmp_path / "password"

    async def scenario(world: World) -> None:
        for number, seconds in enumerate((0, 60, 0, 60)):
            world.clock.pass_by(seconds)
            file.write_text("first\n" if number < 2 else "second\n")
            with pytest.raises(AuthFailed):
                await world.token()
        assert world.iam.passwords() == ["first", "first", "second", "second"]
        file.write_text("third")
        assert await world.token() == "token-5"

    run(scenario(World(*(refusal() for _ in range(4)), password_file=file)))


@pytest.mark.parametrize(
    ("step", "kind", "code"),
    [
        (httpx.ConnectError("refused"), ConnectFailed, "error"),
        (httpx.ReadError("reset"), ConnectFailed, "error"),
        (httpx.RemoteProtocolError("no HTTP"), ConnectFailed, "error"),
        (httpx.ProxyError("407"), ConnectFailed, "error"),
        (httpx.ConnectTimeout("slow"), TimeoutExceeded, "error"),
        (httpx.Response(500), HttpServerError, "500"),
        (httpx.Response(429), Throttled, "429"),
        (httpx.Response(200), DecodeFailed, "200"),
        (httpx.Response(201, stream=Chunks(*[bytes(1000)] * 300)), TooLarge, "error"),
        (
            httpx.Response(201, headers={"Content-Encoding": "gzip"}, stream=Chunks(b"not packed")),
            DecodeFailed,
            "error",
        ),
    ],
)
def test_trouble_with_iam_is_told_apart(step: httpx.Response | Exception, kind: type[TargetError], code: str) -> None:
    """What goes wrong on the way to IAM has its reason, blames nobody's password, and is tried again after a second."""

    async def scenario(world: World) -> None:
        for _ in range(2):
            with pytest.raises(kind):
                await world.token()
        assert world.iam.logins == 1
        assert world.telemetry.requests == {("create_token", code): 1}
        assert world.telemetry.auth_errors["prod"] == 0
        world.clock.pass_by(1)
        assert await world.token() == "token-2"

    run(scenario(World(step)))


def test_trouble_waits_longer_each_time_up_to_a_minute() -> None:
    """An IAM that stays down is asked after 1, 2, 4 ... 60 seconds, and a success forgets that."""

    async def scenario(world: World) -> None:
        for wait in (1, 2, 4, 8, 16, 32, 60, 60):
            with pytest.raises(HttpServerError):
                await world.token()
            world.clock.pass_by(wait - 0.5)
            with pytest.raises(HttpServerError):
                await world.token()
            world.clock.pass_by(0.5)
        await world.token()
        assert world.iam.logins == 9

    run(scenario(World(*(httpx.Response(503) for _ in range(8)))))


def test_retry_after_of_iam_is_honoured() -> None:
    """IAM is left alone for as long as it asks, five minutes at most."""

    async def scenario(world: World) -> None:
        for seconds in (0, 299):
            world.clock.pass_by(seconds)
            with pytest.raises(Throttled):
                await world.token()
        assert world.iam.logins == 1
        world.clock.pass_by(1)
        assert await world.token() == "token-2"

    run(scenario(World(httpx.Response(429, headers={"Retry-After": "3000"}))))


def test_login_has_a_time_limit() -> None:
    """An IAM that never answers ends as a timeout for all who wait."""

    async def scenario(world: World) -> None:
        world.iam.close()
        outcomes = await asyncio.gather(world.token(), world.token(), return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [TimeoutExceeded] * 2
        assert world.telemetry.requests == {("create_token", "error"): 1}

    run(scenario(World(limit=0.01)))


def test_closing_ends_a_login_under_way() -> None:
    """Closing the keyring ends the login; who waits for it gets an error that can be shown, not a cancellation."""

    async def scenario(world: World) -> None:
        world.iam.close()
        waiting = asyncio.create_task(world.token())
        await world.iam.arrived(1)
        await world.keyring.aclose()
        with pytest.raises(ConnectFailed, match="closed"):
            await waiting

    run(scenario(World()))


def test_telemetry_tells_tokens_and_refusals() -> None:
    """Requests, the token's end, refreshes and refused logins are noted; the counters begin at 0."""

    async def scenario(world: World) -> None:
        assert dict(world.telemetry.token_refreshes) == dict(world.telemetry.auth_errors) == {"prod": 0}
        with pytest.raises(AuthFailed):
            await world.token()
        world.clock.pass_by(60)
        await world.token()
        assert world.telemetry.requests == {("create_token", "401"): 1, ("create_token", "201"): 1}
        assert world.telemetry.token_expiry == {"prod": {PROJECT: NOON + 60 + DAY}}
        assert world.telemetry.token_refreshes["prod"] == 1
        assert world.telemetry.auth_errors["prod"] == 1
        await world.keyring.aclose()
        assert world.telemetry.token_expiry == {"prod": {}}

    run(scenario(World(refusal())))


def test_password_needs_an_event_loop() -> None:
    """A synchronous client cannot send a request without its token by mistake."""
    flow = World().credential.sync_auth_flow(httpx.Request("GET", "https://ges.example"))
    with pytest.raises(RuntimeError, match="AsyncClient"):
        next(flow)
