"""The simulated IAM: tokens, signatures and API keys."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import pytest
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.sdk_request import SdkRequest
from huaweicloudsdkcore.signer.signer import Signer

from ges_exporter.simulator import World
from ges_exporter.simulator.signature import AccessKey
from tests.simulated import PROJECT, START, Clock, ask

SERVICE = f"/ges/v1.0/{PROJECT}/graphs/movie/jobs/status"
PASSWORD = "secret"
UNDATED = f"SDK-HMAC-SHA256 Access=AK, SignedHeaders=host, Signature={'0' * 64}"
MANAGEMENT = f"/v2/{PROJECT}/graphs/jobs"


@pytest.fixture
def world() -> World:
    """A world that asks for credentials and knows one user, one access key, one temporary one and one API key."""
    world = World(Clock())
    world.add_project("demo", PROJECT).add_graph("movie")
    world.add_project("other")
    world.iam.accepts = frozenset({"token", "aksk", "key"})
    world.iam.users["account", "monitor"] = PASSWORD
    world.iam.access_keys = {"AK": AccessKey("SK"), "TEMP": AccessKey("SK", "security")}
    world.iam.api_keys["x-api-key"] = "key"
    return world


def token_request(password: str = PASSWORD, scope: dict[str, Any] | None = None) -> dict[str, Any]:
    """The body of a request for a token."""
    user = {"name": "monitor", "password": password, "domain": {"name": "account"}}
    identity = {"methods": ["password"], "password": {"user": user}}
    return {"auth": {"identity": identity, "scope": {"project": {"id": PROJECT}} if scope is None else scope}}


def login(world: World, **options: Any) -> httpx.Response:  # noqa: ANN401
    """Ask for a token."""
    return ask(world, "/v3/auth/tokens", "POST", json=token_request(**options))


def status(world: World, path: str, headers: dict[str, str]) -> int:
    """The HTTP code of an answer."""
    return ask(world, path, headers=headers).status_code


def test_a_user_gets_a_token_that_opens_both_planes(world: World) -> None:
    """The token is in a header of a 201, its end in the body."""
    answer = login(world)
    assert (answer.status_code, answer.json()["token"]["expires_at"]) == (201, "2025-06-16T15:06:40.000000Z")
    headers = {"X-Auth-Token": answer.headers["X-Subject-Token"]}
    assert (status(world, SERVICE, headers), status(world, MANAGEMENT, headers)) == (200, 200)


def test_the_scope_may_name_the_project(world: World) -> None:
    """By name as well as by id; without a known project there is no token."""
    assert login(world, scope={"project": {"name": "demo"}}).status_code == 201
    assert login(world, scope={"project": {"name": "nowhere"}}).status_code == 400
    assert login(world, scope={}).status_code == 400


def test_a_wrong_password_is_refused_and_counted(world: World) -> None:
    """401, and the accounts tell how often; the password is in no log."""
    assert login(world, password="wrong").status_code == 401
    login(world)
    assert ask(world, "/simulator/iam").json() == {"tokens_made": 1, "wrong_passwords": 1, "tokens_live": 1}
    assert "wrong" not in ask(world, "/simulator/requests").text


@pytest.mark.parametrize("bad", ["expired", "revoked", "another project's", "made up", "missing"])
def test_a_bad_token_is_refused(world: World, bad: str) -> None:
    """400 and GES.8007 on the service plane, 401 on the management plane."""
    scope = {"project": {"name": "other"}} if bad == "another project's" else None
    headers = {"X-Auth-Token": login(world, scope=scope).headers["X-Subject-Token"]}
    if bad == "expired":
        clock = world.clock
        assert isinstance(clock, Clock)
        clock.advance(world.iam.lifetime)
    elif bad == "revoked":
        ask(world, "/simulator/iam/tokens", "DELETE")
    elif bad == "made up":
        headers = {"X-Auth-Token": "x"}
    elif bad == "missing":
        headers = {}
    service = ask(world, SERVICE, headers=headers)
    assert (service.status_code, service.json()["errorCode"]) == (400, "GES.8007")
    assert status(world, MANAGEMENT, headers) == 401


def test_the_service_plane_can_answer_a_bad_token_with_401(world: World) -> None:
    """As some engine versions do."""
    world.iam.bad_token_status = 401
    assert status(world, SERVICE, {"X-Auth-Token": "x"}) == 401


def test_what_is_not_needed_is_checked_all_the_same(world: World) -> None:
    """Where no credentials are needed a bad token is still bad, unless anything goes."""
    world.iam.accepts |= {"none"}
    assert (status(world, SERVICE, {}), status(world, SERVICE, {"X-Auth-Token": "x"})) == (200, 400)
    world.iam.accepts = frozenset({"anything"})
    assert status(world, SERVICE, {"X-Auth-Token": "x"}) == 200


def test_an_api_key_is_a_header(world: World) -> None:
    """The configured header with its value opens the door, another value does not."""
    assert status(world, SERVICE, {"X-Api-Key": "key"}) == 200
    assert status(world, SERVICE, {"X-Api-Key": "no"}) == 400


def sign(
    path: str, query: list[tuple[str, str]] | None = None, key: str = "AK", security_token: str = ""
) -> dict[str, str]:
    """The headers that the SDK's signer makes for a GET at ``START``."""
    date = datetime.fromtimestamp(START, UTC).strftime("%Y%m%dT%H%M%SZ")
    headers = {"X-Sdk-Date": date, "X-Project-Id": PROJECT}
    if security_token:
        headers["X-Security-Token"] = security_token
    request = SdkRequest(
        method="GET",
        schema="http",
        host="ges.test",
        resource_path=path,
        query_params=query or [],
        header_params=headers,
        body="",
    )
    signed = Signer(BasicCredentials(key, "SK")).sign(request)
    return {name: str(value) for name, value in signed.header_params.items()}


@pytest.mark.parametrize(
    ("path", "query"),
    [
        (MANAGEMENT, []),
        (MANAGEMENT, [("offset", "0"), ("limit", "100"), ("graph_name", "图 a+b~c/d&e=f"), ("status", "")]),
        (f"/ges/v1.0/{PROJECT}/graphs/movie/jobs/status", [("limit", "1")]),
        (f"/ges/v1.0/{PROJECT}/graphs/{quote('图 (1)')}/jobs/status", []),
    ],
)
def test_the_sdks_signatures_are_good(world: World, path: str, query: list[tuple[str, str]]) -> None:
    """Signatures of the vendor's SDK are accepted for any path and query."""
    next(iter(world.projects.values())).add_graph("图 (1)")
    url = f"{path}?{urlencode(query)}" if query else path
    assert status(world, url, sign(path, query)) == 200


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        pytest.param(f"{MANAGEMENT}?limit=1", sign(MANAGEMENT), id="another query"),
        pytest.param(f"/v2/{PROJECT}/graphs", sign(MANAGEMENT), id="another path"),
        pytest.param(MANAGEMENT, sign(MANAGEMENT) | {"X-Project-Id": "x"}, id="another project"),
        pytest.param(MANAGEMENT, sign(MANAGEMENT) | {"X-Sdk-Date": "20250615T150641Z"}, id="another date"),
        pytest.param(MANAGEMENT, sign(MANAGEMENT, key="UNKNOWN"), id="unknown key"),
        pytest.param(MANAGEMENT, sign(MANAGEMENT, key="TEMP"), id="temporary key without its token"),
        pytest.param(MANAGEMENT, sign(MANAGEMENT) | {"X-Sdk-Date": "yesterday"}, id="malformed date"),
        pytest.param(MANAGEMENT, {"Authorization": "SDK-HMAC-SHA256 Access=AK"}, id="malformed"),
        pytest.param(MANAGEMENT, sign(MANAGEMENT) | {"Authorization": UNDATED}, id="undated"),
    ],
)
def test_a_signature_covers_the_whole_request(world: World, path: str, headers: dict[str, str]) -> None:
    """What was not signed so is refused."""
    assert status(world, path, headers) == 401


def test_temporary_keys_bring_their_security_token(world: World) -> None:
    """The token stands in X-Security-Token and is signed like other headers."""
    assert status(world, MANAGEMENT, sign(MANAGEMENT, key="TEMP", security_token="security")) == 200


@pytest.mark.parametrize("seconds", [-1000, 1000])
def test_an_old_signature_is_refused(world: World, seconds: float) -> None:
    """The date may be fifteen minutes off, no more."""
    clock = world.clock
    assert isinstance(clock, Clock)
    clock.advance(seconds)
    assert status(world, MANAGEMENT, sign(MANAGEMENT)) == 401


def test_a_body_that_is_no_request_for_a_token_is_refused(world: World) -> None:
    """400, not a traceback."""
    assert ask(world, "/v3/auth/tokens", "POST", content=b"{").status_code == 400


def test_a_project_that_does_not_exist_is_out_of_reach(world: World) -> None:
    """Where no credentials are needed the project must still be one."""
    world.iam.accepts |= {"none"}
    assert (status(world, "/v2/nowhere/graphs", {}), status(world, "/ges/v1.0/nowhere/graphs", {})) == (403, 403)
