"""What imports brought, and what they rejected."""

from __future__ import annotations

from collections.abc import Sequence

from grafana_foundation_sdk.builders import stat, table, timeseries
from grafana_foundation_sdk.models import common as options

from grafana.panels import (
    BAD,
    GOOD,
    NEUTRAL,
    STATUS_COLOURS,
    WARNING,
    Frame,
    Query,
    Steps,
    by_plane,
    coloured,
    counts,
    numbers,
)
from grafana.promql import LINES, by, in_range, in_step, now
from grafana.tables import NARROW, SOME, Label, Value, rows, shaded, wide

KIND_COLOURS = {"edge": GOOD, "vertex": "#CC79A7", "schema": NEUTRAL}

REJECTED: Steps = ((None, GOOD), (1e-9, WARNING), (0.01, BAD))


def rejected_ratio() -> stat.Panel:
    """Failed lines among all lines of imports."""
    said = "Vertex and edge lines that imports rejected, among those they read, in the time range."
    frame = Frame("Import failed-line ratio", said, "percentunit", "No line was imported", 6, 4)
    return by_plane(frame, _ratio(["plane"], 'kind!="schema"'), REJECTED)


def lines_read() -> timeseries.Panel:
    """Lines read by imports."""
    said = "Lines read by the imports that finished in each step. Schema lines are labels."
    read = by("sum", ["kind"], in_step("ges_import_lines_total", LINES))
    frame = Frame("Import lines", said, "short", "No import reports lines here", 8)
    return coloured(counts(frame, Query(read, "{{kind}}")), KIND_COLOURS)


def lines_failed() -> timeseries.Panel:
    """Lines rejected by imports."""
    said = "Lines rejected by the imports that finished in each step. Files without counts are not in it."
    rejected = by("sum", ["kind"], in_step("ges_import_failed_lines_total", LINES))
    frame = Frame("Import failed lines", said, "short", "No import reports lines here", 8)
    return coloured(counts(frame, Query(rejected, "{{kind}}")), KIND_COLOURS)


def ratio_by_kind() -> stat.Panel:
    """Failed lines among all, by kind."""
    said = "Lines rejected among lines read in the time range, by kind; the kinds of which no line was read are absent."
    return numbers(
        Frame("Import failed-line ratio by kind", said, "percentunit", "No line was imported", 8),
        *(Query(_ratio(["kind"], f'kind="{kind}"'), "{{kind}}") for kind in ("vertex", "edge", "schema")),
        steps=REJECTED,
    ).orientation(options.VizOrientation.HORIZONTAL)


def _ratio(labels: Sequence[str], matcher: str) -> str:
    rejected = by("sum", labels, in_range("ges_import_failed_lines_total", LINES, matcher))
    read = by("sum", labels, in_range("ges_import_lines_total", LINES, matcher))
    return f"{rejected} / ({read} > 0)"


def files() -> timeseries.Panel:
    """Imported files by outcome."""
    said = "Files of the imports that finished in each step, by outcome."
    files = by("sum", ["status"], in_step("ges_import_files_total", (*LINES, "status")))
    frame = Frame("Import files", said, "short", "No import reports files here", 8)
    return coloured(counts(frame, Query(files, "{{status}}")).decimals(0), STATUS_COLOURS)


def newest() -> table.Panel:
    """What imports brought, by kind."""
    said = (
        "Lines of each kind of file: of the newest import that reported counts, and of all imports in the job list. "
        "'Unreported' are files in the time range of which the API returned no counts."
    )
    last, listed = now("ges_import_last_failed_lines", LINES), now("ges_import_listed_failed_lines", LINES)
    return rows(
        Frame("Imports", said, "short", "No import reports lines here", 16),
        Label("graph", "Graph", NARROW),
        Label("kind", "Kind", wide(80)),
        Value("Last lines", now("ges_import_last_lines", LINES), wide(100)),
        Value("Last failed", last, shaded(SOME, **wide(100))),
        Value("Listed lines", now("ges_import_listed_lines", LINES), wide(110)),
        Value("Listed failed", listed, shaded(SOME, **wide(110))),
        Value(
            "Unreported", in_range("ges_import_files_unreported_total", LINES), shaded(SOME, **wide(105), decimals=0)
        ),
        hidden=("project", "plane"),
    )
