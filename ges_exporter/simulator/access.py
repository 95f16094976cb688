"""The door of both planes: which world and project a request is about, and whether its credentials are good."""

from __future__ import annotations

from starlette.requests import Request

from ges_exporter.simulator.answers import ApiError
from ges_exporter.simulator.iam import Denied
from ges_exporter.simulator.listing import faults_of
from ges_exporter.simulator.signature import SignedRequest
from ges_exporter.simulator.world import Project, World


def world_of(request: Request) -> World:
    """The world that the application serves."""
    world: World = request.app.state.world
    return world


async def enter(request: Request) -> Project:
    """The project of the path, for a request with good credentials; else ApiError.

    A bad token is answered with 401, on the service plane with 400 and ``GES.8007`` (or as `Iam.bad_token_status`
    says).
    """
    world, project_id = world_of(request), request.path_params["project"]
    fault = faults_of(request).get("bad_token")
    if fault is not None:
        raise _refusal(request, int(fault.number(400)), "the token is not good")
    try:
        world.iam.check(await signed(request), project_id)
    except Denied as denied:
        raise _refusal(request, world.iam.bad_token_status, str(denied)) from None
    project = world.projects.get(project_id)
    if project is None:
        raise ApiError(403, "GES.0003", f"no right to the project {project_id}")
    return project


async def signed(request: Request) -> SignedRequest:
    """What of a request a signature covers."""
    scope = request.scope
    path = scope.get("raw_path") or request.url.path.encode()
    return SignedRequest(
        method=request.method,
        path=path.decode("ascii"),
        query=scope["query_string"].decode("ascii"),
        headers={name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]},
        body=await request.body(),
    )


def _refusal(request: Request, service_status: int, message: str) -> ApiError:
    if request.url.path.startswith("/ges/"):
        return ApiError(service_status, "GES.8007", f"token is invalid: {message}")
    return ApiError(401, "APIGW.0301", f"Incorrect IAM authentication information: {message}")
