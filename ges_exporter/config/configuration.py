"""The configuration as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import Field

from ges_exporter.config.credentials import Credentials, NoCredentials
from ges_exporter.config.environment import escape
from ges_exporter.config.schema import Histogram, Ledger, Limits, Project, Scrape
from ges_exporter.config.section import Section
from ges_exporter.config.targets import TargetSettings, discovery_target, targets_of
from ges_exporter.config.thresholds import Threshold
from ges_exporter.config.values import MEMORY, Name, NotEmpty
from ges_exporter.errors import ConfigError

_TaggedCredentials = Annotated[Credentials, Field(discriminator="type")]


class Config(Section):
    """The configuration in force; attributes are named as the keys of the file."""

    scrape: Scrape = Scrape()
    ledger: Annotated[Ledger, Field(validate_default=True, default_factory=dict)]
    limits: Limits = Limits()
    histogram: Histogram = Histogram()
    credentials: Mapping[Name, _TaggedCredentials] = Field(default_factory=dict)
    projects: Annotated[tuple[Project, ...], NotEmpty]
    thresholds: tuple[Threshold, ...] = ()

    def targets(self) -> tuple[TargetSettings, ...]:
        """Every configured target: of each project the task centre first, then its graphs."""
        return tuple(target for project in self.projects for target in targets_of(project, self.credentials))

    def credentials_of(self, target: TargetSettings) -> Credentials:
        """What ``target`` wants to see."""
        return self.credentials[target.credentials] if target.credentials else NoCredentials()

    def with_ledger_path(self, path: str) -> Self:
        """The same with the ledger elsewhere; a relative path is relative to the working directory.

        Raises:
            ConfigError: the path is empty.
        """
        if not path:
            raise ConfigError(["--ledger.path: expected the path of a file, or :memory:"])
        absolute = path if path == MEMORY else str(Path(path).absolute())
        return self.model_copy(update={"ledger": self.ledger.model_copy(update={"path": absolute})})

    def redacted(self) -> str:
        """The configuration in force as YAML in the shape of the file, defaults included, secrets as ``<secret>``."""
        values = _escaped(self.model_dump(mode="json", exclude_none=True))
        for project, written in zip(self.projects, values["projects"], strict=True):
            if project.management is not None:
                written["management"] |= {"endpoint": project.management_endpoint}
            if project.discovers:
                written["discovery"] |= {"endpoint": discovery_target(project, self.credentials).endpoints[0]}
        return yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=120)


def _escaped(value: Any) -> Any:  # noqa: ANN401 what YAML can hold
    match value:
        case dict():
            return {key: _escaped(item) for key, item in value.items()}
        case list():
            return [_escaped(item) for item in value]
        case str():
            return escape(value)
    return value
