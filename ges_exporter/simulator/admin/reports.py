"""What the simulator tells about itself, and the switches that are no jobs."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ges_exporter.simulator.access import world_of
from ges_exporter.simulator.admin.body import decode
from ges_exporter.simulator.answers import ApiError, answer
from ges_exporter.simulator.books import books
from ges_exporter.simulator.faults import Fault


async def show_books(request: Request) -> Response:
    """The books, as of ``at``."""
    world, at = world_of(request), request.query_params.get("at")
    now = world.clock()
    try:
        moment = float(at) if at else now
    except ValueError:
        raise ApiError(400, "at", f"{at} is no time") from None
    return answer({"now": now, "entries": books(world, moment)})


async def show_world(request: Request) -> Response:
    """The names and ids of what there is."""
    world = world_of(request)
    projects = [
        {
            "name": project.name,
            "id": project.id,
            "graphs": [
                {"name": graph.name, "edition": graph.edition, "id": graph.instance.id, "nodes": list(graph.nodes)}
                for graph in project.graphs.values()
            ],
        }
        for project in world.projects.values()
    ]
    return answer({"now": world.clock(), "born": world.born, "projects": projects})


async def show_faults(request: Request) -> Response:
    """The faults in force."""
    return answer(list(world_of(request).faults))


async def add_faults(request: Request) -> Response:
    """Put faults in force."""
    world = world_of(request)
    added = await decode(request, Fault | list[Fault])
    for fault in added if isinstance(added, list) else [added]:
        world.faults.add(msgspec.structs.replace(fault, start=fault.start + world.elapsed))
    return answer({}, 201)


async def clear_faults(request: Request) -> Response:
    """Take all faults away."""
    world_of(request).faults.clear()
    return answer({})


async def show_requests(request: Request) -> Response:
    """What was asked."""
    return answer(world_of(request).requests.report())


async def clear_requests(request: Request) -> Response:
    """Forget what was asked."""
    world_of(request).requests.clear()
    return answer({})


async def show_iam(request: Request) -> Response:
    """The accounts of IAM."""
    return answer(world_of(request).iam.report())


async def revoke_tokens(request: Request) -> Response:
    """Make all tokens bad."""
    world_of(request).iam.revoke()
    return answer({})


ROUTES = [
    Route("/simulator/books", show_books),
    Route("/simulator/world", show_world),
    Route("/simulator/faults", show_faults),
    Route("/simulator/faults", add_faults, methods=["POST"]),
    Route("/simulator/faults", clear_faults, methods=["DELETE"]),
    Route("/simulator/requests", show_requests),
    Route("/simulator/requests", clear_requests, methods=["DELETE"]),
    Route("/simulator/iam", show_iam),
    Route("/simulator/iam/tokens", revoke_tokens, methods=["DELETE"]),
]
