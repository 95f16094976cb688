"""Tables: one row for each set of labels, one column for each label and each query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from string import ascii_uppercase

from grafana_foundation_sdk.builders import common, table
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from grafana.panels import WARNING, Frame, Query, Steps, framed, nothing, properties, target

Options = Mapping[str, object]
"""Field options by their ids, such as ``unit`` or ``custom.width``."""


NARROW: Options = {"custom.minWidth": 90}
TASK_CENTRE: Options = {"mappings": [nothing("task centre")]}
"""Of a column of graphs, in which a task centre has no name."""
SOME: Steps = ((None, "transparent"), (0.5, WARNING))
"""Only what is not 0 stands out."""


@dataclass(frozen=True)
class Label:
    """A column that shows a label; ``name`` is the label's, ``title`` the column's."""

    name: str
    title: str
    options: Options = field(default_factory=dict)


@dataclass(frozen=True)
class Value:
    """A column that shows a number; without a title it is not shown, and only its labels are."""

    title: str
    expression: str
    options: Options = field(default_factory=dict)


def rows(frame: Frame, *columns: Label | Value, first: Sequence[str] = (), hidden: Sequence[str] = ()) -> table.Panel:
    """A table of the newest values.

    ``first`` names the columns by which it is sorted, highest first; ``hidden`` the labels that tell rows apart unseen.
    """
    queries = [Query(column.expression, "") for column in columns if isinstance(column, Value)]
    targets = [target(query).instant().format(PromQueryFormat.TABLE) for query in queries]
    panel = framed(table.Panel(), frame, targets)
    for transformation in _joined(columns, hidden):
        panel = panel.with_transformation(transformation)
    for column in filter(_titled, columns):
        panel = panel.override_by_name(column.title, properties({"noValue": "-", **column.options}))
    return panel.sort_by([common.TableSortByFieldState().display_name(title).desc(True) for title in first])


def wide(width: int, **more: object) -> Options:
    """The options of a column of a fixed width in pixels."""
    return {"custom.width": width, **more}


def shaded(steps: Steps, **more: object) -> Options:
    """The options of a column whose cells take their value's colour."""
    bounds = {"mode": "absolute", "steps": [{"value": value, "color": colour} for value, colour in steps]}
    return {"custom.cellOptions": {"type": "color-background", "mode": "basic"}, "thresholds": bounds, **more}


def linked(title: str, url: str, **more: object) -> Options:
    """The options of a column whose cells lead elsewhere."""
    return {"links": [{"title": title, "url": url, "targetBlank": False}], **more}


def _titled(column: Label | Value) -> bool:
    return bool(column.title)


def _joined(columns: Sequence[Label | Value], hidden: Sequence[str]) -> list[models.DataTransformerConfig]:
    letters = iter(ascii_uppercase)
    titles = {one.name if isinstance(one, Label) else f"Value #{next(letters)}": one.title for one in columns}
    titles["Value"] = titles["Value #A"]  # its name where no other query has an answer
    unseen = ["Time", *hidden, *(name for name, title in titles.items() if not title)]
    tidy = {
        "excludeByName": dict.fromkeys(unseen, True),
        "indexByName": {name: position for position, name in enumerate(titles)},
        "renameByName": {name: title for name, title in titles.items() if title},
    }
    return [
        models.DataTransformerConfig(id_val="merge", options={}),
        models.DataTransformerConfig(id_val="organize", options=tidy),
    ]
