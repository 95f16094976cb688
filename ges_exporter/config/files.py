"""The files that a configuration names, which others may put there later, and replace at any time."""

from __future__ import annotations

import os
from collections.abc import Iterator

from ges_exporter.config.configuration import Config
from ges_exporter.config.schema import Project, Tls


def unreadable_files(config: Config) -> Iterator[tuple[str, str]]:
    """Yields the place in the configuration, and the path, of each file that cannot be read now."""
    named = [(place, path) for place, path in _files_of(config) if path is not None]
    return ((place, path) for place, path in named if not (os.path.isfile(path) and os.access(path, os.R_OK)))  # noqa: PTH113


def _files_of(config: Config) -> Iterator[tuple[str, str | None]]:
    for name, credentials in config.credentials.items():
        for key in type(credentials).model_fields:
            if key.endswith("_file"):
                yield f"credentials.{name}.{key}", getattr(credentials, key)
    for number, project in enumerate(config.projects):
        for place, tls in _trust_of(project):
            yield f"projects[{number}].{place}.tls.ca_file", tls.ca_file


def _trust_of(project: Project) -> Iterator[tuple[str, Tls]]:
    if project.management is not None:
        yield "management", project.management.tls
    for number, graph in enumerate(project.graphs):
        yield f"graphs[{number}]", graph.tls
    if project.discovery is not None:
        for number, found in enumerate(project.discovery.graphs):
            yield f"discovery.graphs[{number}]", found.tls
