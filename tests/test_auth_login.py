"""The conversation with IAM, driven without a server."""

from __future__ import annotations

import json

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ges_exporter.auth.login import Answer, Failure, Login, Token, log_in, retry_after
from ges_exporter.errors import (
    AuthFailed,
    DecodeFailed,
    HttpClientError,
    HttpRedirect,
    HttpServerError,
    TargetError,
    Throttled,
)
from tests.iam import NOON, PROJECT, stamp

LOGIN = Login("https://iam.example", "account", "监控", PROJECT)
PASSWORD = 'p"ä\\ss'


def outcome(answer: Answer) -> Token | Failure:
    """What becomes of a login that is given ``answer``."""
    flow = log_in(LOGIN, PASSWORD, NOON)
    next(flow)
    with pytest.raises(StopIteration) as stop:
        flow.send(answer)
    result: Token | Failure = stop.value.value
    return result


def created(body: bytes, value: str = "a-token") -> Answer:
    """A good answer with an odd body."""
    return Answer(201, httpx.Headers({"X-Subject-Token": value}), body)


def test_request_asks_for_a_token_of_the_project() -> None:
    """The login is Keystone's password method, scoped to the project by its id, without the catalogue."""
    request = next(log_in(LOGIN, PASSWORD, NOON))
    assert (request.method, str(request.url)) == ("POST", "https://iam.example/v3/auth/tokens?nocatalog=true")
    assert request.headers["Content-Type"] == "application/json"
    assert json.loads(request.content) == {
        "auth": {
            "identity": {
                "methods": ["password"],
                "password": {"user": {"name": "监控", "password": PASSWORD, "domain": {"name": "account"}}},
            },
            "scope": {"project": {"id": PROJECT}},
        }
    }


def test_token_lives_until_iam_says() -> None:
    """A token expires when the answer's body says, and how long that is does not depend on this machine's clock."""
    times = {"issued_at": stamp(NOON + 7200), "expires_at": stamp(NOON + 7200 + 86400)}
    assert outcome(created(json.dumps({"token": times}).encode())) == Token("a-token", NOON + 93600, 86400)


def test_token_without_issue_time_lives_from_now() -> None:
    """Without the time of issue, what is left of a token's life is counted from this machine's clock."""
    body = json.dumps({"token": {"expires_at": stamp(NOON + 600), "catalog": [{}]}}).encode()
    assert outcome(created(body)) == Token("a-token", NOON + 600, 600)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"\xff",
        b"<html>",
        b"[" * 100_000,
        b'{"token": []}',
        b'{"token": {}}',
        b'{"token": {"expires_at": null}}',
        b'{"token": {"expires_at": "\xff"}}',
        b'{"token": {"expires_at": "tomorrow"}}',
        b'{"token": {"expires_at": "0001-01-01T00:00:00+23:59"}}',
        b'{"token": {"expires_at": "2001-01-01T00:00:00Z"}}',
    ],
)
def test_untold_life_is_an_hour(body: bytes) -> None:
    """A token whose end is not told, or cannot be true, is used for an hour."""
    assert outcome(created(body)) == Token("a-token", NOON + 3600, 3600)


@pytest.mark.parametrize("value", ["", " ", "two words", "täglich"])
def test_answer_without_a_usable_token(value: str) -> None:
    """A success without a token that a header can carry is not what the documentation describes."""
    headers = httpx.Headers([(b"X-Subject-Token", value.encode("latin-1"))])
    failure = outcome(Answer(201, headers, b"{}"))
    assert isinstance(failure, Failure)
    assert isinstance(failure.error, DecodeFailed)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (204, DecodeFailed),
        (302, HttpRedirect),
        (400, AuthFailed),
        (401, AuthFailed),
        (403, AuthFailed),
        (404, HttpClientError),
        (429, Throttled),
        (500, HttpServerError),
        (503, HttpServerError),
    ],
)
def test_status_becomes_a_reason(status: int, kind: type[TargetError]) -> None:
    """Each refusal of IAM has its reason; only 400, 401 and 403 blame the credentials."""
    body = b'{"error_code": "IAM.0011", "error_msg": "..."}'
    failure = outcome(Answer(status, httpx.Headers({"Retry-After": "17"}), body))
    assert isinstance(failure, Failure)
    assert type(failure.error) is kind
    assert str(failure.error) == f"IAM answered HTTP {status} (IAM.0011)"
    assert failure.retry_after == 17


@pytest.mark.parametrize("body", [b"", b"[" * 100_000, b'{"error_code": "\xff"}', b'{"error_code": 7}', b'"x"'])
def test_error_without_a_code_is_told_by_its_status(body: bytes) -> None:
    """An error body that cannot be read leaves the HTTP status to tell."""
    failure = outcome(Answer(401, httpx.Headers(), body))
    assert isinstance(failure, Failure)
    assert str(failure.error) == "IAM answered HTTP 401"


def test_error_does_not_repeat_what_was_sent() -> None:
    """A server that echoes the password in its error does not get it into the message."""
    body = json.dumps({"error_code": PASSWORD, "error_msg": PASSWORD, "error": {"message": PASSWORD}}).encode()
    failure = outcome(Answer(401, httpx.Headers({"Retry-After": PASSWORD.encode().hex()}), body))
    assert PASSWORD not in repr(failure)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("17", 17),
        ("301", 300),
        ("9" * 5000, 300),
        ("-5", 0),
        ("1.5", 0),
        ("²", 0),
        ("soon", 0),
        ("Sun, 15 Jun 2025 15:07:10 GMT", 30),
        ("Sun, 15 Jun 2025 15:07:10 -0000", 30),
        ("Sun, 15 Jun 2025 15:00:00 GMT", 0),
        ("Sun, 15 Jun 2031 15:00:00 GMT", 300),
        ("Sun, 15 Jun 99999 15:00:00 GMT", 0),
    ],
)
def test_retry_after(text: str, seconds: float) -> None:
    """``Retry-After`` is a number of seconds or a date, at most five minutes, and nonsense is no wait."""
    assert retry_after({"Retry-After": text}, NOON) == seconds
    assert retry_after({}, NOON) == 0


@settings(deadline=None)
@given(st.integers(200, 599), st.text(max_size=30), st.text(max_size=30), st.binary(max_size=60))
def test_any_answer_has_an_outcome(status: int, token: str, wait: str, body: bytes) -> None:
    """Whatever IAM answers is a token or a bounded failure, never a surprise."""
    headers = {"X-Subject-Token": token, "Retry-After": wait}
    result = outcome(Answer(status, headers, body))
    assert isinstance(result, Token) or 0 <= result.retry_after <= 300
