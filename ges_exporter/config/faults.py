"""What pydantic finds wrong, as sentences with places."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from ges_exporter.config.credentials import KINDS
from ges_exporter.config.section import Section
from ges_exporter.config.tree import Fault, Place, describe, suggest

_EXPECTED = {
    "string_type": "a string",
    "string_too_short": "a string that is not empty",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "finite_number": "a finite number",
    "greater_than": "more than {gt:g}",
    "greater_than_equal": "at least {ge}",
    "less_than_equal": "at most {le}",
    "literal_error": "{expected}",
    "union_tag_invalid": "one of {expected_tags}",
    "expected": "{what}",
}
"""By pydantic's type of error, what was expected where the value found may be shown."""

_UNSHOWN = {
    "missing": "a value, but the key is missing",
    "union_tag_not_found": "a value, but the key is missing",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "dict_type": "a mapping",
    "tuple_type": "a list",
    "unshown": "{what}",
}
"""The same where it may not, or where there is none."""

_TYPE = "type"


def faults_of(error: ValidationError, root: type[Section]) -> Iterator[Fault]:
    """A fault for each of pydantic's; ``root`` is the section that was to be read."""
    for details in error.errors(include_url=False):
        yield Fault(_place(details), _sentence(details, root))


def _place(details: ErrorDetails) -> Place:
    place = details["loc"]
    if place[-1:] == ("[key]",):
        return place[:-1]
    if details["type"].startswith("union_tag_"):
        return (*place, _TYPE)
    # behind the name of credentials pydantic tells their type, which is no key of the file
    return place[:2] + place[3:] if place[:1] == ("credentials",) else place


def _sentence(details: ErrorDetails, root: type[Section]) -> str:
    kind, context = details["type"], details.get("ctx", {})
    if kind == "extra_forbidden":
        *above, key = details["loc"]
        return f"unknown key{suggest(str(key), _section_at(above, root).model_fields)}"
    if kind in _UNSHOWN:
        return f"expected {_UNSHOWN[kind].format_map(context)}"
    what = _EXPECTED[kind].format_map(context)
    if kind in {"literal_error", "union_tag_invalid"}:
        what = what.replace("'", "")
    return f"expected {what}, got {_found(details)}"


def _found(details: ErrorDetails) -> str:
    value = details["input"]
    if details["type"] == "union_tag_invalid":
        value = value[_TYPE]
    unquoted = details["type"] == "string_type" and isinstance(value, int | float)
    hint = " (put it in quotes)" if unquoted else details.get("ctx", {}).get("hint", "")
    return f"{describe(value)}{hint}"


def _section_at(place: list[str | int], root: type[Section]) -> type[Section]:
    """The section that has the keys which the unknown one may have been meant to be."""
    if place and place[0] == "credentials":
        return KINDS[str(place[2])]
    section = root
    for part in place:
        if isinstance(part, str):
            section = next(_sections_in(section.model_fields[part].annotation))
    return section


def _sections_in(annotation: object) -> Iterator[type[Section]]:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        yield annotation
    for inner in get_args(annotation):
        yield from _sections_in(inner)
