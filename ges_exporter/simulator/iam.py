"""Who may ask: users with passwords, tokens that expire, access keys, API keys."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from ges_exporter.simulator.signature import ALGORITHM, AccessKey, BadSignature, SignedRequest, verify

ACCEPTED = frozenset({"token", "aksk", "key", "none"})
"""The kinds of credentials; ``none`` is a request that brings none. ``anything`` besides checks nothing at all."""

DAY = 86400.0


class Denied(Exception):
    """The request's credentials are missing or not good; the text says why."""


@dataclass(frozen=True)
class Token:
    """What a token is good for."""

    project: str
    """The id of its project."""
    expires: float
    """Unix seconds."""


class _Domain(msgspec.Struct):
    name: str


class _User(msgspec.Struct):
    name: str
    password: str
    domain: _Domain


class _Password(msgspec.Struct):
    user: _User


class _Identity(msgspec.Struct):
    methods: list[str]
    password: _Password


class _Project(msgspec.Struct):
    name: str = ""
    id: str = ""


class _Scope(msgspec.Struct):
    project: _Project


class _Auth(msgspec.Struct):
    identity: _Identity
    scope: _Scope


class TokenRequest(msgspec.Struct):
    """The body of ``POST /v3/auth/tokens``."""

    auth: _Auth

    @property
    def project(self) -> _Project:
        """The project that the token is wanted for, by name or id."""
        return self.auth.scope.project


class Iam:
    """Credentials and their accounts. All attributes may be changed at any time.

    ``accepts`` names the kinds of credentials that are good (`ACCEPTED`); whatever a request brings is checked, also
    where it need not bring any. ``lifetime`` is that of new tokens in seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.accepts: frozenset[str] = ACCEPTED
        self.lifetime = DAY
        self.users: dict[tuple[str, str], str] = {}
        """Passwords by (domain, user)."""
        self.access_keys: dict[str, AccessKey] = {}
        self.api_keys: dict[str, str] = {}
        """Values by header name in lower case."""
        self.bad_token_status = 400
        """What the service plane answers to a bad token: 400 (``GES.8007``) or 401."""
        self.tokens: dict[str, Token] = {}
        self.tokens_made = 0
        self.wrong_passwords = 0
        self._clock = clock

    def issue(self, request: TokenRequest, project_id: str) -> tuple[str, Token]:
        """Make a token for ``project_id``; Denied if user or password is wrong."""
        user = request.auth.identity.password.user
        expected = self.users.get((user.domain.name, user.name))
        if expected is None or not hmac.compare_digest(expected.encode(), user.password.encode()):
            self.wrong_passwords += 1
            raise Denied("The username or password is wrong.")
        self.tokens_made += 1
        value, token = secrets.token_urlsafe(48), Token(project_id, self._clock() + self.lifetime)
        self.tokens[value] = token
        return value, token

    def revoke(self) -> None:
        """Make all tokens bad."""
        self.tokens.clear()

    def check(self, request: SignedRequest, project_id: str) -> None:
        """Raise Denied unless the request's credentials are good for the project."""
        if "anything" in self.accepts:
            return
        kind = self._kind(request)
        if kind not in self.accepts:
            raise Denied(f"credentials of the kind {kind!r} are not accepted")
        if kind == "token":
            self._check_token(request.headers["x-auth-token"], project_id)
        elif kind == "aksk":
            self._check_signature(request, project_id)
        elif kind == "key":
            self._check_key(request)

    def report(self) -> dict[str, object]:
        """The accounts, without secrets."""
        now = self._clock()
        live = sum(token.expires > now for token in self.tokens.values())
        return {"tokens_made": self.tokens_made, "wrong_passwords": self.wrong_passwords, "tokens_live": live}

    def _kind(self, request: SignedRequest) -> str:
        if "x-auth-token" in request.headers:
            return "token"
        if request.headers.get("authorization", "").startswith(ALGORITHM):
            return "aksk"
        return "key" if any(name in request.headers for name in self.api_keys) else "none"

    def _check_token(self, value: str, project_id: str) -> None:
        token = self.tokens.get(value)
        if token is None or token.expires <= self._clock() or token.project != project_id:
            raise Denied("the token is unknown, expired, or another project's")

    def _check_signature(self, request: SignedRequest, project_id: str) -> None:
        if request.headers.get("x-project-id", project_id) != project_id:
            raise Denied("X-Project-Id is not the project of the path")
        try:
            verify(request, self.access_keys, self._clock())
        except BadSignature as error:
            raise Denied(str(error)) from None

    def _check_key(self, request: SignedRequest) -> None:
        for name, value in self.api_keys.items():
            given = request.headers.get(name)
            if given is not None and not hmac.compare_digest(given.encode(), value.encode()):
                raise Denied("wrong API key")
