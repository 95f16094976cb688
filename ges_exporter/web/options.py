"""What the command line says of the web side."""

from __future__ import annotations

from typing import NamedTuple

TAKEN = frozenset({"/", "/probe", "/sd", "/jobs", "/config"})
"""Paths that the metrics cannot have, nor any below ``/-/``."""


class Options(NamedTuple):
    """How the exporter is reached and what it offers."""

    telemetry_path: str = "/metrics"
    external_url: str = ""
    enable_lifecycle: bool = False
