"""From a file, or from what it holds, to a `Config`, or to every fault at once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from ges_exporter.config.configuration import Config
from ges_exporter.config.document import read_document
from ges_exporter.config.faults import faults_of
from ges_exporter.config.rules import RULES
from ges_exporter.config.tree import Fault, Node, Resolver
from ges_exporter.errors import ConfigError


def load(path: Path, environment: Mapping[str, str]) -> Config:
    """The configuration in the YAML file at ``path``; paths in it are relative to its folder.

    Raises:
        ConfigError: the file cannot be read, or its content cannot be used.
    """
    content, faults = read_document(path)
    return _build(content, environment, path.absolute().parent, faults)


def parse(content: object, environment: Mapping[str, str], base: Path) -> Config:
    """The configuration in ``content``, which is what a YAML file holds; relative paths are relative to ``base``.

    Raises:
        ConfigError: the content cannot be used.
    """
    return _build(content, environment, base, [])


def _build(content: object, environment: Mapping[str, str], base: Path, faults: list[Fault]) -> Config:
    resolver = Resolver(environment)
    tree = resolver.resolve(content)
    config = _validate(tree, base)
    faults = [*faults, *resolver.faults]
    if not isinstance(config, Config):
        faults += [fault for fault in config if fault.place not in resolver.broken]
    for rule in RULES:
        faults += rule(Node(tree))
    if faults or not isinstance(config, Config):
        raise ConfigError([str(fault) for fault in resolver.in_order(faults)])
    return config


def _validate(tree: object, base: Path) -> Config | list[Fault]:
    # faults are returned: raised from here they would carry pydantic's error, and that the values, as their context
    try:
        return Config.model_validate(tree, context={"base": base})
    except ValidationError as error:
        return list(faults_of(error))
