"""The files of an import, one by one: what cannot be read of one takes no other with it.

Shapes: the memory edition has an array of one-key objects (the table of "Listing Jobs (2.2.13)" says an object), the
management plane an object of arrays; each array holds objects.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from ges_exporter.dialects.notes import Notes
from ges_exporter.model import ImportFile, Kind, Status


class Words(msgspec.Struct, frozen=True):
    """How an API spells what it tells of files."""

    field: str
    """The field of a job that holds them."""
    kinds: Mapping[str, Kind]
    lines: str
    failed_lines: str
    labels: str = ""
    """For ``lines`` of a schema, where it has a word of its own."""
    failed_labels: str = ""
    begin: str = ""
    """Where it is told: Unix microseconds."""
    end: str = ""


def read_files(value: object, words: Words, notes: Notes) -> tuple[ImportFile, ...]:
    """Returns the files that a job's field holds; one that cannot be read is a file of which nothing is told."""
    return tuple(_files(value, words, notes)) if value is not None else ()


def _files(value: object, words: Words, notes: Notes) -> Iterator[ImportFile]:
    for group in _objects(value, words, notes):
        for name, kind in words.kinds.items():
            for file in _objects((group or {}).get(name), words, notes):
                yield ImportFile(kind, Status.UNKNOWN) if file is None else _file(file, kind, words, notes)


def _objects(value: object, words: Words, notes: Notes) -> Iterator[dict[str, Any] | None]:
    """Yields what an array holds, or what stands in the place of one; None for what is no object, which is noted."""
    for one in value if isinstance(value, list) else () if value is None else (value,):
        if isinstance(one, dict):
            yield one
        else:
            notes.faults.append(words.field)
            yield None


def _file(file: Mapping[str, Any], kind: Kind, words: Words, notes: Notes) -> ImportFile:
    def plain(name: str, field: str) -> Any:  # noqa: ANN401 - a number or a text
        value = file.get(name)
        if isinstance(value, dict | list):
            notes.faults.append(f"{words.field}.{field}")
            return None
        return value

    own = kind is Kind.SCHEMA and words.labels
    lines, failed = (words.labels, words.failed_labels) if own else (words.lines, words.failed_lines)
    return ImportFile(
        kind,
        notes.status(plain("status", "status"), f"{words.field}.status"),
        notes.count(plain(lines, words.lines), f"{words.field}.{words.lines}"),
        notes.count(plain(failed, words.failed_lines), f"{words.field}.{words.failed_lines}"),
        _seconds(plain(words.begin, words.begin), f"{words.field}.{words.begin}", notes) if words.begin else None,
        _seconds(plain(words.end, words.end), f"{words.field}.{words.end}", notes) if words.end else None,
    )


def _seconds(value: Any, field: str, notes: Notes) -> float | None:  # noqa: ANN401 - a number or a text
    # A string of the node's own clock would prove no offset.
    time = notes.time(value, field, local=True)
    return time.seconds if time and not time.local else None
