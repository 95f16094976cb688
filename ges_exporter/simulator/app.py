"""The ASGI application."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from ges_exporter.simulator import admin, management, service, tokens
from ges_exporter.simulator.answers import ApiError, answer_error
from ges_exporter.simulator.gate import Gate
from ges_exporter.simulator.world import World

API: tuple[BaseRoute, ...] = (*management.ROUTES, *service.ROUTES)
"""Both planes of the service, as the world has them."""


def create_app(world: World, api: Sequence[BaseRoute] = API) -> Starlette:
    """The simulator of ``world``, for a server or for a client that calls it without a socket.

    ``api`` are the routes of the two planes; IAM, the administration's paths and the faults are always there.
    """
    app = Starlette(
        routes=[*tokens.ROUTES, *admin.ROUTES, *api],
        middleware=[Middleware(Gate, world=world)],
        exception_handlers={ApiError: answer_error},
    )
    app.state.world = world
    return app
