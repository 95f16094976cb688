"""All credentials of a configuration, made when first asked for and shared by the targets that use the same."""

from __future__ import annotations

import functools
import ssl
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple, assert_never

import httpx

from ges_exporter.auth.credential import Credential, HeaderCredential, NoneCredential, TokenCredential
from ges_exporter.auth.login import Login
from ges_exporter.auth.password import PasswordCredential
from ges_exporter.auth.patience import Account
from ges_exporter.auth.secret import Learn, SecretSource, nobody
from ges_exporter.auth.signature import SignedCredential
from ges_exporter.auth.wire import Wire
from ges_exporter.config import (
    AkskCredentials,
    Credentials,
    HeaderCredentials,
    NoCredentials,
    PasswordCredentials,
    Secret,
    TargetSettings,
    TokenCredentials,
)
from ges_exporter.telemetry import Telemetry


class Use(NamedTuple):
    """What decides whether two targets can share a credential."""

    name: str
    project_id: str
    iam_endpoint: str
    proxy: Secret | None


class Keyring:
    """Hands out a `Credential` for each target.

    ``transport`` stands in for the network of the logins, which end after ``login_timeout`` seconds. Credentials asked
    for that are configured as they were in ``previous`` are taken over from it, with their tokens and waiting times;
    whatever is left there is given up when it is closed.
    """

    def __init__(  # noqa: PLR0913 the world is injected
        self,
        credentials: Mapping[str, Credentials],
        telemetry: Telemetry,
        *,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        transport: httpx.AsyncBaseTransport | None = None,
        login_timeout: float = 20.0,
        previous: Keyring | None = None,
        learn: Learn = nobody,
    ) -> None:
        self._credentials = dict(credentials)
        for name in credentials:
            telemetry.auth_errors[name] += 0
        self._telemetry = telemetry
        self._clock = clock
        self._monotonic = monotonic
        self._transport = transport
        self._login_timeout = login_timeout
        self._tls = functools.cache(ssl.create_default_context)
        self._made: dict[Use, Credential] = {}
        self._accounts = previous.accounts(credentials) if previous is not None else {}
        """By the credentials' name and the IAM: one that hangs must not keep those who ask another waiting."""
        self._previous = previous
        self._learn = learn

    def __repr__(self) -> str:
        return f"<Keyring {sorted(self._credentials)}>"

    def credential(self, settings: TargetSettings) -> Credential:
        """What to send along to a target; the same object for targets that can share it."""
        use = Use(settings.credentials, settings.project_id, settings.iam_endpoint, settings.proxy)
        if use not in self._made:
            self._made[use] = self._taken_over(use) or self._make(use)
        return self._made[use]

    async def aclose(self) -> None:
        """Give up the tokens and the logins under way, save what another keyring has taken over."""
        for credential in self._made.values():
            await credential.aclose()
        self._made.clear()
        self._previous = None

    def hand_over(self, use: Use, settings: Credentials | None) -> Credential | None:
        """Give away the credential made for ``use`` if ``settings`` are still what it was made of."""
        return self._made.pop(use, None) if self._credentials.get(use.name) == settings else None

    def accounts(self, credentials: Mapping[str, Credentials]) -> dict[tuple[str, str], Account]:
        """Share what is known of the users of those ``credentials`` that are what they were made of."""
        same = {name for name, settings in credentials.items() if self._credentials.get(name) == settings}
        return {key: account for key, account in self._accounts.items() if key[0] in same}

    def _taken_over(self, use: Use) -> Credential | None:
        if self._previous is None:
            return None
        return self._previous.hand_over(use, self._credentials.get(use.name))

    def _make(self, use: Use) -> Credential:
        if not use.name:
            return NoneCredential("", self._telemetry)
        settings = self._credentials[use.name]
        match settings:
            case PasswordCredentials():
                return self._password(use, settings)
            case AkskCredentials():
                return self._signed(use, settings)
            case TokenCredentials():
                token = self._source(use, "token", settings.token, settings.token_file)
                return TokenCredential(use.name, self._telemetry, token)
            case HeaderCredentials():
                value = self._source(use, "value", settings.value, settings.value_file)
                return HeaderCredential(use.name, self._telemetry, settings.name, value)
            case NoCredentials():
                return NoneCredential(use.name, self._telemetry)
            case _:
                assert_never(settings)

    def _password(self, use: Use, settings: PasswordCredentials) -> PasswordCredential:
        wire = Wire(
            self._telemetry,
            proxy=use.proxy,
            tls=self._tls,
            transport=self._transport,
            time_limit=self._login_timeout,
            monotonic=self._monotonic,
        )
        return PasswordCredential(
            use.name,
            self._telemetry,
            login=Login(use.iam_endpoint, settings.domain, settings.username, use.project_id),
            password=self._source(use, "password", settings.password, settings.password_file),
            wire=wire,
            account=self._accounts.setdefault((use.name, use.iam_endpoint), Account()),
            clock=self._clock,
            monotonic=self._monotonic,
            learn=self._learn,
        )

    def _signed(self, use: Use, settings: AkskCredentials) -> SignedCredential:
        temporary = settings.security_token is not None or settings.security_token_file is not None
        return SignedCredential(
            use.name,
            self._telemetry,
            access_key=Secret(settings.access_key),
            secret_key=self._source(use, "secret key", settings.secret_key, settings.secret_key_file),
            security_token=self._source(use, "security token", settings.security_token, settings.security_token_file)
            if temporary
            else None,
            project_id=use.project_id,
            clock=self._clock,
        )

    def _source(self, use: Use, what: str, literal: Secret | None, path: str | None) -> SecretSource:
        return SecretSource(f"the {what} of credentials {use.name!r}", literal, path, self._learn)
