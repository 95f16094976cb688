"""docs/configuration.md describes every key of the schema, and none that is not there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from pydantic import TypeAdapter
from pydantic.fields import FieldInfo

from ges_exporter.config import Config
from ges_exporter.config.credentials import KINDS
from ges_exporter.config.section import Section

DOCUMENT = Path(__file__).parent.parent / "docs/configuration.md"
HEADING = re.compile(r"#{2,3} `(?P<section>[^`]+)`(?:, `type: (?P<kind>\w+)`)?")
ROW = re.compile(r"\| `(?P<key>\w+)` \|(?P<default>.*?)\|.*\|")


def documented() -> dict[str, dict[str, str]]:
    """The defaults that the document tells, by section and key."""
    sections: dict[str, dict[str, str]] = {}
    for line in DOCUMENT.read_text(encoding="utf-8").splitlines():
        if heading := HEADING.fullmatch(line):
            rows = sections.setdefault(f"{heading['section']} {heading['kind'] or ''}".strip(), {})
        elif row := ROW.fullmatch(line):
            assert row["key"] not in rows
            rows[row["key"]] = row["default"].strip()
    return sections


def sections_of(annotation: object, path: str) -> Iterator[tuple[str, type[Section]]]:
    """The sections that a key of this type holds, each with its path."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        yield path, annotation
    for inner in get_args(annotation):
        yield from sections_of(inner, f"{path}[]" if getattr(annotation, "__origin__", None) is tuple else path)


def schema() -> dict[str, type[Section]]:
    """Every section under the first path that leads to it."""
    sections: dict[str, type[Section]] = {
        f"credentials.<name> {kind}": credentials for kind, credentials in KINDS.items()
    }
    waiting: list[tuple[str, type[Section]]] = [("", Config)]
    while waiting:
        path, section = waiting.pop(0)
        if section in sections.values():
            continue
        sections[path] = section
        for name, field in section.model_fields.items():
            waiting += sections_of(field.annotation, f"{path}.{name}".lstrip("."))
    del sections[""]
    return sections


SCHEMA = schema()


def test_every_section_is_documented() -> None:
    """Each section has a heading, and each heading a section; `credentials` is one that holds named ones."""
    assert set(documented()) - {"credentials"} == set(SCHEMA)


@pytest.mark.parametrize("section", SCHEMA)
def test_every_key_is_documented(section: str) -> None:
    """Each key has a row in the table of its section, and each row a key."""
    assert set(documented()[section]) == set(SCHEMA[section].model_fields)


@pytest.mark.parametrize(
    ("section", "key", "field"),
    [(path, key, field) for path, section in SCHEMA.items() for key, field in section.model_fields.items()],
)
def test_every_default_is_documented(section: str, key: str, field: FieldInfo) -> None:
    """The default in the table is the one in force; where there is none, the table does not tell a value."""
    told = documented()[section][key]
    if field.is_required() or key == "type":
        assert told == "required"
        return
    default = getattr(SCHEMA[section].model_construct(), key)
    if default is None or isinstance(default, Section):
        assert told != "required"
        assert not told.startswith("`")
    else:
        assert TypeAdapter[Any](field.rebuild_annotation()).validate_python(yaml.safe_load(told.strip("`"))) == default
