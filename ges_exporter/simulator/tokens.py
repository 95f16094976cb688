"""IAM: ``POST /v3/auth/tokens``."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ges_exporter.simulator.access import world_of
from ges_exporter.simulator.answers import ApiError, answer
from ges_exporter.simulator.iam import Denied, TokenRequest
from ges_exporter.simulator.world import Project, World


async def create_token(request: Request) -> Response:
    """A token for one project, in the header ``X-Subject-Token``; 401 for a wrong password, 400 without a project."""
    world = world_of(request)
    try:
        wanted = msgspec.json.decode(await request.body(), type=TokenRequest)
    except msgspec.DecodeError as error:
        raise ApiError(400, "Bad Request", str(error)) from None
    project = _project(world, wanted)
    try:
        value, token = world.iam.issue(wanted, project.id)
    except Denied as denied:
        raise ApiError(401, "Unauthorized", str(denied)) from None
    body = {
        "token": {
            "methods": ["password"],
            "issued_at": _iso(world.clock()),
            "expires_at": _iso(token.expires),
            "project": {"id": project.id, "name": project.name},
        }
    }
    return answer(body, 201, {"X-Subject-Token": value})


def _project(world: World, request: TokenRequest) -> Project:
    for project in world.projects.values():
        if request.project.id == project.id or request.project.name == project.name:
            return project
    raise ApiError(400, "Bad Request", "the scope must name a project")


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, tz=UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


ROUTES = [Route("/v3/auth/tokens", create_token, methods=["POST"])]
