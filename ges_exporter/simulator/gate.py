"""What every request passes: the log of requests, and the faults on the way in and out."""

from __future__ import annotations

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ges_exporter.simulator.delivery import ALTERING, capture, deliver, gone_within
from ges_exporter.simulator.faults import Place
from ges_exporter.simulator.instead import instead
from ges_exporter.simulator.requestlog import Entry
from ges_exporter.simulator.world import World

ADMIN = "/simulator/"


class Gate:
    """Middleware that notes each request, lets faults strike it, and hands the rest to the application."""

    def __init__(self, app: ASGIApp, world: World) -> None:
        self._app = app
        self._world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request."""
        if scope["type"] != "http" or scope["path"].startswith(ADMIN):
            await self._app(scope, receive, send)
            return
        entry = self._entry(scope)
        self._world.requests.begin(entry)

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                entry.status = message["status"]
            await send(message)

        try:
            await self._serve(scope, receive, noting, entry)
        finally:
            self._world.requests.end(entry)

    def _entry(self, scope: Scope) -> Entry:
        url = Request(scope).url
        raw_path = scope.get("raw_path") or url.path.encode()
        query = scope["query_string"].decode("latin-1")
        return Entry(self._world.clock(), scope["method"], url.hostname or "", raw_path.decode("latin-1"), query)

    async def _serve(self, scope: Scope, receive: Receive, send: Send, entry: Entry) -> None:
        faults = self._world.faults.striking(Place(entry.path, entry.host), self._world.elapsed)
        if not faults:
            await self._app(scope, receive, send)
            return
        scope.setdefault("state", {})["faults"] = faults
        body = await Request(scope, receive).body()
        if "latency" in faults and await gone_within(receive, faults["latency"].number(0)):
            return
        if "hang" in faults:
            await gone_within(receive, None)
            return

        async def replay() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        parcel = instead(faults, entry.path)
        if parcel is None and not faults.keys() & ALTERING:
            await self._app(scope, replay, send)
            return
        parcel = parcel or await capture(self._app, scope, replay)
        await deliver(parcel, faults, Request(scope, receive), send)
