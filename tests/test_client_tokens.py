"""Tokens that go bad, and logins that fail, seen from a target."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from ges_exporter.auth import Keyring
from ges_exporter.config import PasswordCredentials, Secret
from ges_exporter.simulator import Plan
from ges_exporter.simulator.faults import parse
from ges_exporter.telemetry import Telemetry
from tests import swift
from tests.asking import CENTRE, Asker, Script, answered, over, reason, world_with
from tests.simulated import PROJECT

PASSWORD = "correct-horse-battery-staple"


class Login:
    """A world that wants tokens, and a keyring that gets them."""

    def __init__(self, password: str = PASSWORD) -> None:
        self.world = world_with("movie", "fraud")
        self.world.projects[PROJECT].centre.submit(Plan(job_type="StartGraph", graph="movie", after=-9, run=1))
        self.world.iam.accepts = frozenset({"token"})
        self.world.iam.users["acme", "monitor"] = PASSWORD
        self.telemetry = Telemetry()
        credentials = PasswordCredentials(
            type="password",
            domain="acme",
            username="monitor",
            password=Secret(password),
            iam_endpoint="http://iam.test",
        )
        self.transport = over(self.world)
        self.keyring = Keyring({"prod": credentials}, self.telemetry, transport=self.transport)

    def asker(self, transport: httpx.AsyncBaseTransport | None = None, **settings: Any) -> Asker:  # noqa: ANN401
        """A client that uses them."""
        plain = Asker(credentials="prod", iam_endpoint="http://iam.test", **settings).settings
        credential = self.keyring.credential(plain)
        return Asker(transport or self.transport, credential, self.telemetry, **settings)

    @property
    def made(self) -> int:
        """How many tokens IAM has made."""
        return self.world.iam.tokens_made


@pytest.mark.parametrize("status", [400, 401])
@pytest.mark.parametrize("target", ["movie", "centre"])
def test_a_token_that_has_gone_bad_is_renewed_once(status: int, target: str) -> None:
    """A 401, or a 400 with ``GES.8007``, costs one login and no scrape."""
    login = Login()
    login.world.iam.bad_token_status = status
    asker = login.asker() if target == "movie" else login.asker(target=CENTRE)

    async def main() -> None:
        assert not (await asker.node()).reason
        login.world.iam.revoke()
        listing = await asker.ask()
        assert (listing.up, listing.requests) == (True, 3)

    swift.run(main())
    assert login.made == 2
    assert login.telemetry.retries["list_jobs", "auth"] == 1
    assert login.telemetry.auth_errors["prod"] == 0


def test_a_token_refused_again_and_again_is_not_renewed_again_and_again() -> None:
    """Where a fresh token is refused too, the scrape fails; and the next ones make no login storm."""
    login = Login()
    login.world.faults.add(parse("bad_token,path=/ges"))
    asker = login.asker()

    async def main() -> None:
        for _ in range(5):
            assert (await asker.node()).reason == "auth"

    swift.run(main())
    assert login.made <= 3
    assert login.telemetry.auth_errors["prod"] == 5


def test_a_user_without_rights_is_counted_as_refused() -> None:
    """A 403 is a refusal of the credentials, though no other token would do better."""
    login = Login()
    login.world.faults.add(parse("status=403,path=/ges"))

    async def main() -> None:
        assert (await login.asker().node()).reason == "auth"

    swift.run(main())
    assert (login.made, login.telemetry.auth_errors["prod"]) == (1, 1)


def test_waiters_share_one_renewal() -> None:
    """Ten targets whose token is revoked at the same moment log in once."""
    login = Login()
    askers = [login.asker() for _ in range(10)]

    async def main() -> None:
        await asyncio.gather(*(asker.node() for asker in askers))
        login.world.iam.revoke()
        nodes = await asyncio.gather(*(asker.node() for asker in askers))
        assert [node.reason for node in nodes] == [""] * 10

    swift.run(main())
    assert login.made == 2


def test_without_a_token_nothing_is_sent() -> None:
    """Where IAM refuses the user, the target is not asked, and no request is claimed to have been made."""
    login = Login(password="wrong")
    asker = login.asker()
    listing = swift.run(asker.ask())
    assert (listing.nodes[0].reason, listing.requests) == ("auth", 0)
    assert {operation for operation, _ in login.telemetry.requests} == {"create_token"}
    assert "list_jobs" not in login.telemetry.durations


def test_a_login_that_hangs_ends_at_the_deadline() -> None:
    """The deadline covers the login, too."""
    login = Login()
    login.world.faults.add(parse("hang,path=/v3"))

    async def main() -> tuple[str, float]:
        begin = swift.now()
        node = await login.asker().node(3.0)
        took = swift.now() - begin
        await login.keyring.aclose()
        return node.reason, took

    expected, took = swift.run(main())
    assert expected == "timeout"
    assert took == pytest.approx(3.0)


def test_the_token_stays_with_its_endpoint() -> None:
    """A redirect gets no further request, so no token goes where it was not meant to."""
    login = Login()
    script = Script(answered(b"", 307, Location="http://elsewhere.example/"))
    assert reason(login.asker(script)) == "http_3xx"
    assert [request.url.host for request in script.requests] == ["ges.test"]
    assert "X-Auth-Token" in script.requests[0].headers
