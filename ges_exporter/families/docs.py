"""Prints ``docs/metrics.md``: every family, as the table knows it (``make docs`` writes the file)."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

from ges_exporter.families.discovery import DISCOVERY
from ges_exporter.families.exporter import EXPORTER
from ges_exporter.families.family import Family, G, J, S
from ges_exporter.families.listing import LISTING
from ges_exporter.families.scrape import SCRAPE
from ges_exporter.families.thresholds import THRESHOLDS
from ges_exporter.families.totals import TOTALS

PREFACE = """\
# Metrics

Every metric family of the exporter. This page is generated from the code (`make docs`), so it is always right. Names,
types and labels are a promise: they change only with a new major version.

## Words

**Planes.** GES has two unrelated worlds of jobs, told apart by the label `plane`. `management` is a project's task
centre: creating, stopping and deleting graphs, backups, imports and exports begun in the console. `service` is the
list that each graph keeps itself: algorithms, queries, imports, exports. Ids differ and nothing links them; an import
begun in the console may appear on both, so *never add the planes together*.

**Targets.** A target is one job list that is asked: a project's task centre, or one graph's list. On series about a
task centre as a whole the label `graph` is empty.

**Statuses.** One vocabulary for all APIs: `pending`, `running` (these two are *active*), `success`,
`partially_failed`, `failed`, `complete` (finished, and the API does not tell how: database edition), and `unknown`
for a word that the exporter does not know (see `ges_exporter_unknown_values_total`; the job is counted all the same,
as finished once it has an end time).

**Kinds of jobs.** `job_type` is what the API calls the work: `ImportGraph`, `Algorithm`, in the database edition
`import_graph`. `algorithm` is the algorithm's name where there is one (`pagerank`), else empty. Beyond
`limits.label_sets_per_graph` kinds of a graph, and `limits.graphs_per_project` graphs of a task centre, the rest is
counted under `other`, and so is a name of more than 128 bytes or with control characters.

**History.** What a target's first listing shows finished happened before anybody watched: the gauges show it, the
counters begin at 0. From then on each job id is counted once, the first time it is seen finished, over pruned lists,
fail-overs, failed scrapes and restarts.

**Late.** A list of old jobs that turns up suddenly, as a node shows that takes over, is no news. A job that ended
more than `ledger.late_after` before the newest time that was known is counted in `ges_jobs_late_total` and nowhere
else.

**Absent is not zero.** A number that the API did not return makes no sample. In a scrape in which a target could not
be listed `ges_up` is 0, the gauges of its listing are absent, and what the ledger counts stays as it was.

**Units.** Times are Unix seconds, durations seconds, progress is 0 to 1. Times without a zone are UTC on the
management plane; on the service plane they are the engine's own, and `ges_target_utc_offset_seconds` says how they
are read.
"""

LABELS = """\
## Labels

In the tables **G** stands for `project`, `graph`, `plane`; **J** for G and `job_type`, `algorithm`; **S** for J and
`status`.
"""

_EXPECTED = """\
What the configuration's `thresholds` expect of jobs, so that alerts need no editing: one sample for each known kind of
job that a rule matches, and for one that a rule names literally also before it was seen."""

GROUPS: tuple[tuple[str, str, Sequence[Family]], ...] = (
    ("From the listing", "What a target's list holds at this scrape.", LISTING),
    ("From the ledger", "What the exporter remembers, across scrapes and restarts.", TOTALS),
    ("Thresholds", _EXPECTED, THRESHOLDS),
    ("The scrape", "How the asking went.", SCRAPE),
    ("Discovery", "What was found of a project's graphs; only where discovery is switched on.", DISCOVERY),
    ("The exporter", "Its own state; and the Prometheus client's `process_*` and `python_*`.", EXPORTER),
)
"""Title, introduction and families of each part of the page."""


def page() -> Iterator[str]:
    """Returns the page in pieces, each to end with a line feed."""
    yield PREFACE
    yield LABELS
    for title, introduction, families in GROUPS:
        rows = [
            f"| `{family.name}` | {family.type} | {_labels(family.labels)} | {family.help} |" for family in families
        ]
        head = ["| name | type | labels | meaning |", "|---|---|---|---|"]
        yield "\n".join([f"## {title}", "", introduction, "", *head, *rows, ""])


def _labels(labels: tuple[str, ...]) -> str:
    for letter, known in (("S", S), ("J", J), ("G", G)):
        if labels[: len(known)] == known:
            return ", ".join((letter, *(f"`{name}`" for name in labels[len(known) :])))
    return ", ".join(f"`{name}`" for name in labels)


if __name__ == "__main__":
    sys.stdout.write("\n".join(page()))
