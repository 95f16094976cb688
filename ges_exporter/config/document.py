"""YAML, read strictly: what it holds as plain values, and every oddity with its place.

Of YAML 1.1's surprises only the booleans (``yes``, ``off``) are kept: ``+10:00`` is a text and no number in base 60,
``010`` is no octal number, a date is a text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from ges_exporter.config.environment import BOOLEANS
from ges_exporter.config.tree import BROKEN, Fault, Place
from ges_exporter.errors import ConfigError

_MOST_VALUES = 200_000
_TAG = "tag:yaml.org,2002:"
_MERGE = f"{_TAG}merge"
_QUOTED = re.compile(r"'([^']*)'")

_TAGGED = "expected a value without a tag of its own"

_SCALARS: Mapping[str, Callable[[str], object]] = {
    "str": str,
    "null": lambda _: None,
    "bool": lambda text: BOOLEANS[text.lower()],
    "int": int,
    "float": lambda text: float(re.sub(r"\.(?=inf|nan)", "", text.lower())),
}


def _resolvers() -> dict[str, list[tuple[str, re.Pattern[str]]]]:
    """Which unquoted scalars are not texts, by their first character, as PyYAML wants it."""
    kinds = (
        ("bool", "yYnNtTfFoO", r"(?i:true|false|yes|no|on|off)"),
        ("int", "-+0123456789", r"[-+]?(?:0|[1-9][0-9]{0,99})"),
        ("float", "-+.0123456789", r"[-+]?(?:[0-9]+\.[0-9]*(?:[eE][-+]?[0-9]+)?|\.[0-9]+|\.(?i:inf))|\.(?i:nan)"),
        ("null", ["~", "n", "N", ""], r"~|null|Null|NULL|"),
        ("merge", "<", r"<<"),
    )
    resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}
    for kind, firsts, pattern in kinds:
        for first in firsts:
            resolvers.setdefault(first, []).append((f"{_TAG}{kind}", re.compile(rf"(?:{pattern})\Z")))
    return resolvers


class _Loader(yaml.SafeLoader):
    """PyYAML's, with fewer kinds of scalars."""

    yaml_implicit_resolvers = _resolvers()


def read_document(path: Path) -> tuple[object, list[Fault]]:
    """What the YAML file at ``path`` holds, and what in it is not as it should be.

    Raises:
        ConfigError: there is no such file, or it is no YAML.
    """
    composed = _compose(path)
    if isinstance(composed, str):
        raise ConfigError([composed])
    reader = _Reader()
    try:
        return reader.read(composed), reader.faults
    except (RecursionError, OverflowError):
        raise ConfigError(
            [f"{path}: expected less: the file is nested too deeply, or repeats itself too often"]
        ) from None


def _compose(path: Path) -> yaml.Node | str:
    """The file's nodes, or what is wrong with it: the errors met here hold the file's text and go no further."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
        composed = yaml.compose(text, Loader=_Loader)
    except OSError as error:
        return f"{path}: cannot be read: {error.strerror}"
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        return f"{path}:{line}: expected text in UTF-8"
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else f"{path}"
        return f"{place}: expected YAML: {_without_content(error.problem or '')}"
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        return f"{path}:{line}: expected printable characters"
    except RecursionError:
        return f"{path}: expected less: the file is nested too deeply"
    return f"{path}: expected a mapping, but the file is empty" if composed is None else composed


def _without_content(problem: str) -> str:
    """A complaint of PyYAML without the words of the file that it repeats; characters and token names may stay."""

    def shown(quoted: re.Match[str]) -> str:
        return quoted[0] if len(quoted[1]) <= 1 or quoted[1].startswith("<") else "something"

    return _QUOTED.sub(shown, problem)


class _Reader:
    """Turns nodes into plain values; what cannot be one is `BROKEN`, and a fault."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self._open: set[int] = set()
        self._values = 0

    def read(self, node: yaml.Node, place: Place = ()) -> Any:  # noqa: ANN401 what YAML can hold
        """The value of ``node``; raises OverflowError when aliases multiply beyond measure."""
        self._values += 1
        if self._values > _MOST_VALUES:
            raise OverflowError
        if id(node) in self._open:
            return self._refuse(place, "expected a value, got an alias for what it is part of")
        self._open.add(id(node))
        try:
            return self._value(node, place)
        finally:
            self._open.discard(id(node))

    def _value(self, node: yaml.Node, place: Place) -> Any:  # noqa: ANN401 as above
        kind = node.tag.removeprefix(_TAG)
        match node:
            case yaml.MappingNode() if kind == "map":
                return self._mapping(node, place)
            case yaml.SequenceNode() if kind == "seq":
                return [self.read(item, (*place, index)) for index, item in enumerate(node.value)]
            case yaml.ScalarNode() if kind in _SCALARS:
                return self._scalar(_SCALARS[kind], node.value, place)
        return self._refuse(place, _TAGGED)

    def _scalar(self, convert: Callable[[str], object], text: str, place: Place) -> object:
        try:
            return convert(text)
        except (KeyError, ValueError):
            return self._refuse(place, _TAGGED)

    def _mapping(self, node: yaml.MappingNode, place: Place) -> dict[Any, Any]:
        merged: dict[Any, Any] = {}
        own: dict[Any, Any] = {}
        lines: dict[Any, int] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if key_node.tag == _MERGE:
                merged = self._merged(value_node, place) | merged
                continue
            key = self._key(key_node, place)
            if key is BROKEN:
                continue
            here = (*place, str(key))
            if key in own:
                self._refuse(here, f"expected the key once, got it in line {lines[key]} and in line {line}")
            lines.setdefault(key, line)
            own[key] = self.read(value_node, here)
        return merged | own

    def _key(self, node: yaml.Node, place: Place) -> Any:  # noqa: ANN401 a scalar
        if isinstance(node, yaml.ScalarNode):
            return self.read(node, place)
        return self._refuse(place, "expected keys that are strings, got a list or a mapping")

    def _merged(self, node: yaml.Node, place: Place) -> dict[Any, Any]:
        value = self.read(node, place)
        merged: dict[Any, Any] = {}
        for mapping in value if isinstance(value, list) else [value]:
            if isinstance(mapping, dict):
                merged = mapping | merged
            else:
                self._refuse(place, "expected << to name a mapping, or a list of them")
        return merged

    def _refuse(self, place: Place, sentence: str) -> object:
        self.faults.append(Fault(place, sentence))
        return BROKEN
