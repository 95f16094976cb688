"""A configuration before it is validated: plain values, each with its place in the file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, NamedTuple

from ges_exporter.config.environment import FromEnvironment, as_boolean, substitute

Place = tuple[str | int, ...]
"""The keys and indexes that lead to a value."""

_DEEPEST = 16
_LONGEST_SHOWN = 120
_NEAR = 0.7
_PLAIN_KEY = re.compile(r"[\w-]+")

BROKEN = object()
"""Stands for a value that is known to be faulty, so that nobody complains of it again."""


class Fault(NamedTuple):
    """What is wrong, and where."""

    place: Place
    sentence: str

    def __str__(self) -> str:
        return f"{write_place(self.place)}: {self.sentence}"


@dataclass(frozen=True)
class Node:
    """A value and its place, for rules that must work on what may be faulty elsewhere: what is not there is None."""

    value: object
    place: Place = ()

    def __getitem__(self, key: str) -> Node:
        """The value under ``key``; of anything but a mapping, None."""
        return Node(self.value.get(key) if isinstance(self.value, Mapping) else None, (*self.place, key))

    def __contains__(self, key: str) -> bool:
        return isinstance(self.value, Mapping) and key in self.value

    @property
    def items(self) -> list[Node]:
        """The items of a list; of anything else, none."""
        items = self.value if isinstance(self.value, list) else []
        return [Node(item, (*self.place, index)) for index, item in enumerate(items)]

    @property
    def entries(self) -> list[tuple[str, Node]]:
        """The keys and values of a mapping; of anything else, none."""
        return [(key, self[key]) for key in self.value] if isinstance(self.value, Mapping) else []

    @property
    def is_mapping(self) -> bool:
        """Whether the value can hold keys."""
        return isinstance(self.value, Mapping)

    @property
    def text(self) -> str | None:
        """The value if it is a text."""
        return self.value if isinstance(self.value, str) else None

    @property
    def on(self) -> bool:
        """Whether the value is true, or a variable that says so."""
        return as_boolean(self.value) is True

    @property
    def path(self) -> str:
        """The place as people write it."""
        return write_place(self.place)

    def fault(self, sentence: str) -> Fault:
        """A fault in this place."""
        return Fault(self.place, sentence)


class Resolver:
    """Replaces the variables in a tree and notes what no configuration may hold; such values become None.

    ``environment`` None: there are no variables, ``${`` is text.
    """

    def __init__(self, environment: Mapping[str, str] | None) -> None:
        self.faults: list[Fault] = []
        self.broken: set[Place] = set()
        self._environment = environment
        self._order: dict[Place, int] = {}

    def resolve(self, value: object, place: Place = ()) -> Any:  # noqa: ANN401 what the file holds
        """``value`` as plain mappings, lists, texts, numbers and booleans."""
        self._order[place] = len(self._order)
        if value is BROKEN:
            return self._refuse(place)
        if len(place) > _DEEPEST:
            return self._refuse(place, "expected nothing nested so deeply")
        match value:
            case Mapping():
                return {key: self.resolve(item, (*place, key)) for key, item in self._entries(value, place)}
            case list() | tuple():
                return [self.resolve(item, (*place, index)) for index, item in enumerate(value)]
        return self._scalar(value, place)

    def in_order(self, faults: list[Fault]) -> list[Fault]:
        """``faults`` as their places follow each other in the file."""
        return sorted(faults, key=lambda fault: self._position(fault.place))

    def _position(self, place: Place) -> int:
        while place not in self._order:
            place = place[:-1]
        return self._order[place]

    def _scalar(self, value: object, place: Place) -> object:
        match value:
            case str():
                return self._text(value, place)
            case bool() | int() | float():
                return value
            case None:
                return self._refuse(place, "expected a value, got nothing (leave the key out for its default)")
        return self._refuse(place, "expected a text, a number, a list or a mapping")

    def _refuse(self, place: Place, *sentences: str) -> object:
        self.faults.extend(Fault(place, sentence) for sentence in sentences)
        self.broken.add(place)
        return None

    def _entries(self, value: Mapping[Any, object], place: Place) -> Iterator[tuple[str, object]]:
        for key, item in value.items():
            if isinstance(key, str) and _encodable(key):
                yield key, item
            else:
                self.faults.append(Fault(place, f"expected keys that are strings, got {_shown(key)}"))

    def _text(self, value: str, place: Place) -> object:
        text, sentences = (value, []) if self._environment is None else substitute(value, self._environment)
        if not _encodable(text):
            sentences.append("expected a text in UTF-8")
        return self._refuse(place, *sentences) if sentences else text


def write_place(place: Place) -> str:
    """A place as people write it: ``projects[0].graphs[2].endpoint``."""
    if not place:
        return "top level"
    return "".join(_step(part) for part in place).removeprefix(".")


def describe(value: object) -> str:
    """``value`` as a fault shows it: whatever a variable held stays untold."""
    match value:
        case FromEnvironment():
            return f"the value of {_shown(value.written)}"
        case Mapping():
            return "a mapping"
        case list() | tuple():
            return "a list"
    return _shown(value)


def suggest(word: str, known: Iterable[str]) -> str:
    """The end of a sentence: the nearest of the ``known`` words as a question, if one is near."""
    near = get_close_matches(word, sorted(known), 1, _NEAR)
    return f'; did you mean "{near[0]}"?' if near else ""


def _step(part: str | int) -> str:
    if isinstance(part, int):
        return f"[{part}]"
    return f".{part}" if _PLAIN_KEY.fullmatch(part) else f"[{_quote(part)}]"


def _shown(value: object) -> str:
    text = _quote(value) if isinstance(value, str | bool | int | float | None) else "something else"
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def _quote(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if text.isprintable() else json.dumps(value)


def _encodable(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)
