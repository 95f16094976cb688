"""The routes: what Prometheus scrapes, what it discovers, and what people look at."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.routing import Route

from ges_exporter.exporter import Exporter
from ges_exporter.web import discovery, health, metrics, pages
from ges_exporter.web.options import Options

__all__ = ["Options", "create_app"]


def create_app(exporter: Exporter, options: Options) -> Starlette:
    """Returns the application that serves an exporter."""
    app = Starlette(
        routes=[
            Route("/", pages.index, name="index"),
            Route(options.telemetry_path, metrics.metrics, name="metrics"),
            Route("/probe", metrics.probe, name="probe"),
            Route("/sd", discovery.targets, name="sd"),
            Route("/config", pages.configuration, name="config"),
            Route("/-/healthy", health.healthy, name="healthy"),
            Route("/-/ready", health.ready, name="ready"),
        ],
        exception_handlers={404: pages.not_found, 405: pages.not_allowed},
    )
    app.state.exporter = exporter
    app.state.options = options
    return app
