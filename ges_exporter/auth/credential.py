"""The credentials that need no conversation: none at all, and those sent in one header as they are."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator

import httpx

from ges_exporter.auth.secret import SecretSource
from ges_exporter.errors import AuthFailed
from ges_exporter.telemetry import Telemetry

TOKEN_HEADER = "X-Auth-Token"  # noqa: S105 a header's name


class Credential(httpx.Auth):
    """What is sent along so that an API answers: an ``auth`` for httpx.

    A flow attaches what is needed and yields the request once; it neither reads the answer's body nor tries again:
    whoever sends does that, and asks `renew` first. Flows raise `errors.TargetError` when there is nothing to attach.
    """

    def __init__(self, name: str, telemetry: Telemetry) -> None:
        self.name = name
        self._telemetry = telemetry

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"

    async def renew(self, refused: httpx.Request) -> bool:  # noqa: ARG002 for those that can tell
        """After ``refused`` was answered with "bad token": whether something else than what it carried can be sent."""
        return False

    def note_refusal(self) -> None:
        """Note that an API does not take what is sent along."""

    async def aclose(self) -> None:
        """Let go of whatever is under way; harmless when repeated."""


class NoneCredential(Credential):
    """Sends nothing."""


class SecretCredential(Credential, ABC):
    """Sends something made of a secret, which may be another by the time it is refused."""

    @abstractmethod
    async def renew(self, refused: httpx.Request) -> bool:
        """Whether something else than what ``refused`` carried can be sent."""

    def note_refusal(self) -> None:
        """Count it."""
        self._telemetry.auth_errors[self.name] += 1


class HeaderCredential(SecretCredential):
    """Sends a secret in one header."""

    def __init__(self, name: str, telemetry: Telemetry, header: str, secret: SecretSource) -> None:
        super().__init__(name, telemetry)
        self._header = header
        self._secret = secret

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Attach the secret as it is now."""
        request.headers[self._header] = self._secret.header_value()
        yield request

    async def renew(self, refused: httpx.Request) -> bool:
        """Whether the secret has changed."""
        try:
            value = self._secret.header_value()
        except AuthFailed:
            return False
        carried: str = refused.headers.get(self._header, "")
        return carried != value


class TokenCredential(HeaderCredential):
    """Sends an IAM token that somebody else obtains."""

    def __init__(self, name: str, telemetry: Telemetry, secret: SecretSource) -> None:
        super().__init__(name, telemetry, TOKEN_HEADER, secret)
