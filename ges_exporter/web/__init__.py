"""The routes: what Prometheus scrapes, what it discovers, and what people look at."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp

from ges_exporter.exporter import Exporter
from ges_exporter.web import discovery, errors, health, jobs, lifecycle, metrics, overview
from ges_exporter.web.guard import Guard
from ges_exporter.web.lifecycle import Reload
from ges_exporter.web.load import Load
from ges_exporter.web.options import Options
from ges_exporter.web.protection import Protection

__all__ = ["Options", "Protection", "create_app"]


def create_app(
    exporter: Exporter, options: Options, protection: Protection | None = None, reload: Reload | None = None
) -> ASGIApp:
    """Returns the application that serves an exporter; without ``protection``, to everybody."""
    app = Starlette(
        routes=[
            Route("/", overview.index, name="index"),
            Route(options.telemetry_path, metrics.metrics, name="metrics"),
            Route("/probe", metrics.probe, name="probe"),
            Route("/sd", discovery.targets, name="sd"),
            Route("/jobs", jobs.jobs, name="jobs"),
            Route("/config", overview.configuration, name="config"),
            Route(health.HEALTHY, health.healthy, name="healthy"),
            Route(health.READY, health.ready, name="ready"),
            Route("/-/reload", lifecycle.reload, name="reload", methods=["GET", "POST", "PUT"]),
        ],
        exception_handlers={404: errors.not_found, 405: errors.not_allowed, Exception: errors.failed},
    )
    app.router.redirect_slashes = False
    app.state.exporter = exporter
    app.state.options = options
    app.state.load = Load()
    app.state.reload = reload
    # around everything, so that the answer to a bug has the headers, too
    return Guard(app, protection or Protection())
