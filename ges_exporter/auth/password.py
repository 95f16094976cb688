"""IAM tokens for a user name and a password: obtained when needed, shared by all who need them, renewed in time."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import time
from collections.abc import AsyncGenerator, Callable, Generator
from dataclasses import dataclass

import httpx
import structlog

from ges_exporter.auth.credential import TOKEN_HEADER, SecretCredential
from ges_exporter.auth.login import Failure, Login, Token, log_in
from ges_exporter.auth.patience import Account, Backoff, Patience
from ges_exporter.auth.secret import Learn, SecretSource, nobody
from ges_exporter.auth.wire import Wire
from ges_exporter.errors import AuthFailed, ConnectFailed, TargetError
from ges_exporter.telemetry import Telemetry

_LONGEST_MARGIN = 600.0
_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _Held:
    """A token with the monotonic times of its renewal and its end."""

    token: Token
    stale: float
    dead: float

    @classmethod
    def of(cls, token: Token, asked: float) -> _Held:
        dead = asked + token.life
        return cls(token, stale=dead - min(_LONGEST_MARGIN, token.life / 4), dead=dead)


class PasswordCredential(SecretCredential):
    """Sends a token of IAM.

    One login at a time, all who wait share it, and none of them can cancel it for the others. Towards the end of a
    token's life it is renewed beside the requests, which go on with the old one while that is valid. A refused password
    is not tried again for a growing while, unless it has changed: accounts get locked. Those of one user for several
    projects share an ``account``.
    """

    def __init__(  # noqa: PLR0913 the world is injected
        self,
        name: str,
        telemetry: Telemetry,
        *,
        login: Login,
        password: SecretSource,
        wire: Wire,
        account: Account,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        learn: Learn = nobody,
    ) -> None:
        super().__init__(name, telemetry)
        telemetry.token_refreshes[name] += 0
        self._login = login
        self._password = password
        self._wire = wire
        self._account = account
        account.join(self)
        self._clock = clock
        self._monotonic = monotonic
        self._learn = learn
        self._held: _Held | None = None
        self._attempt: asyncio.Task[Token | Failure] | None = None
        self._patience = Patience()
        self._doubts: dict[bytes, Backoff] = {}

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:  # noqa: ARG002
        """Not without an event loop."""
        raise RuntimeError("a password's token is obtained asynchronously: use httpx.AsyncClient")

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Attach a valid token, waiting for a login if there is none."""
        request.headers[TOKEN_HEADER] = (await self._token()).value
        response = yield request
        if response.is_success:
            self._doubts.pop(_place(request), None)

    async def aclose(self) -> None:
        """Give up a login under way, and the token."""
        self._account.leave(self)
        if self._attempt is not None and not self._attempt.done():
            self._attempt.cancel()
            await asyncio.wait({self._attempt})
        expiry = self._telemetry.token_expiry.get(self.name, {})
        if self._held is not None and expiry.get(self._login.project_id) == self._held.token.expires:
            del expiry[self._login.project_id]
        self._held = None

    async def _token(self) -> Token:
        now = self._monotonic()
        if self._held is None or now >= self._held.dead:
            return await self._fresh()
        if now >= self._held.stale:
            with contextlib.suppress(TargetError):
                self._begin()
        return self._held.token

    async def renew(self, refused: httpx.Request) -> bool:
        """Whether there is another token; logs in for one, but not again and again for a graph that refuses each."""
        carried: str = refused.headers.get(TOKEN_HEADER, "")
        if self._held is not None and self._held.token.value != carried:
            return True
        doubt = self._doubts.setdefault(_place(refused), Backoff(60, 3600))
        if doubt.active(self._monotonic()) and not self._under_way():
            return False
        try:
            token = await self._fresh()
        except TargetError:
            return False
        except asyncio.CancelledError:
            # The login goes on without the one who wanted it.
            if self._attempt is not None:
                self._attempt.add_done_callback(functools.partial(self._note_renewal, doubt))
            raise
        self._note_renewal(doubt)
        return token.value != carried

    def _note_renewal(self, doubt: Backoff, attempt: asyncio.Task[Token | Failure] | None = None) -> None:
        """Puts off the next login for a place that has had its token renewed."""
        failed = attempt is not None and (attempt.cancelled() or not isinstance(attempt.result(), Token))
        if not failed and not doubt.active(self._monotonic()):
            doubt.grow(self._monotonic())

    async def _fresh(self) -> Token:
        attempt = self._begin()
        await asyncio.wait({attempt})
        if attempt.cancelled():
            raise ConnectFailed(f"credentials {self.name!r} were closed during the login")
        outcome = attempt.result()
        if isinstance(outcome, Failure):
            outcome.raise_error()
        return outcome

    def _under_way(self) -> bool:
        return self._attempt is not None and not self._attempt.done()

    def _begin(self) -> asyncio.Task[Token | Failure]:
        """The login under way, or a new one; `TargetError` if it is too early for one."""
        if self._attempt is None or self._attempt.done():
            password, now = self._password.text(), self._monotonic()
            self._patience.check(password, now)
            if (refusal := self._account.held(self, password, now)) is not None:
                refusal.raise_error()
            self._attempt = asyncio.create_task(self._log_in(password))
        return self._attempt

    async def _log_in(self, password: str) -> Token | Failure:
        async with self._account.turn(password, self._monotonic):
            asked = self._monotonic()
            # Another project's login may have been refused while this one waited.
            if (refusal := self._account.held(self, password, asked)) is not None:
                return refusal
            try:
                outcome = await self._wire.drive(log_in(self._login, password, self._clock()))
            except TargetError as error:
                outcome = Failure(error)
            if isinstance(outcome, Failure):
                self._note_failure(outcome, password)
            else:
                self._note_token(outcome, password, asked)
        return outcome

    def _note_token(self, token: Token, password: str, asked: float) -> None:
        self._learn(token.value)
        self._held = _Held.of(token, asked)
        self._patience.succeeded()
        self._account.succeeded(self, password, asked)
        self._telemetry.token_expiry.setdefault(self.name, {})[self._login.project_id] = token.expires
        self._telemetry.token_refreshes[self.name] += 1
        _log.info("token obtained", credentials=self.name, project_id=self._login.project_id)

    def _note_failure(self, failure: Failure, password: str) -> None:
        self._patience.failed(failure, password, self._monotonic())
        if isinstance(failure.error, AuthFailed):
            self._account.refused(self, password, failure, self._monotonic())
            self._telemetry.auth_errors[self.name] += 1
        _log.warning("login failed", credentials=self.name, reason=failure.error.reason, error=str(failure.error))


def _place(request: httpx.Request) -> bytes:
    """Returns what refuses, or takes, a token: of one host each graph for itself, for a gateway may lead to many."""
    return request.url.netloc + request.url.raw_path.partition(b"/jobs")[0]
