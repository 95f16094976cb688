"""From a file, or from what it holds, to a `Config`, or another section, or to every fault at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from ges_exporter.config.configuration import Config
from ges_exporter.config.document import read_document
from ges_exporter.config.faults import faults_of
from ges_exporter.config.rules import RULES, Rule
from ges_exporter.config.section import Section
from ges_exporter.config.tree import Fault, Node, Resolver
from ges_exporter.errors import ConfigError

S = TypeVar("S", bound=Section)


def load(path: Path, environment: Mapping[str, str]) -> Config:
    """The configuration in the YAML file at ``path``; paths in it are relative to its folder.

    Raises:
        ConfigError: the file cannot be read, or its content cannot be used.
    """
    return load_section(Config, path, environment, RULES)


def parse(content: object, environment: Mapping[str, str], base: Path) -> Config:
    """The configuration in ``content``, which is what a YAML file holds; relative paths are relative to ``base``.

    Raises:
        ConfigError: the content cannot be used.
    """
    return _build(Config, content, base, Resolver(environment), [], RULES)


def load_section(
    kind: type[S], path: Path, environment: Mapping[str, str] | None = None, rules: Iterable[Rule] = ()
) -> S:
    """A file of any shape, read as `load` reads the configuration; without an environment ``${`` is text.

    Raises:
        ConfigError: the file cannot be read, or its content cannot be used.
    """
    content, faults = read_document(path)
    return _build(kind, content, path.absolute().parent, Resolver(environment), faults, rules)


def _build(  # noqa: PLR0913, PLR0917 what the public functions differ in
    kind: type[S], content: object, base: Path, resolver: Resolver, faults: list[Fault], rules: Iterable[Rule]
) -> S:
    tree = resolver.resolve(content)
    section = _validate(kind, tree, base)
    faults = [*faults, *resolver.faults]
    if isinstance(section, list):
        faults += [fault for fault in section if fault.place not in resolver.broken]
    for rule in rules:
        faults += rule(Node(tree))
    if faults or isinstance(section, list):
        raise ConfigError([str(fault) for fault in resolver.in_order(faults)])
    return section


def _validate(kind: type[S], tree: object, base: Path) -> S | list[Fault]:
    # faults are returned: raised from here they would carry pydantic's error, and that the values, as their context
    try:
        return kind.model_validate(tree, context={"base": base})
    except ValidationError as error:
        return list(faults_of(error, kind))
