"""What is exposed of a ledger under test, family by family, and what is expected, written as Prometheus writes it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from prometheus_client.parser import text_string_to_metric_families

from ges_exporter.exposition import render
from ges_exporter.families import FAMILIES, Facts, Scraped, Snapshot, State, ThresholdRules
from ges_exporter.ledger import View
from ges_exporter.model import Job, Target
from ges_exporter.telemetry import Telemetry
from tests.simulated import START
from tests.watching import MINUTE, NoThresholds, Watcher

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]
"""Values by name and labels."""

ABBREVIATIONS = {
    "@": 'project="demo",graph="movie",plane="service"',
    "##": 'job_type="ImportGraph",algorithm=""',
    "#": 'job_type="Algorithm",algorithm="pagerank"',
}
"""What stands for labels in expected pages."""
BOUNDS = (1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 1800.0, 3600.0, 7200.0, 14400.0, 43200.0, 86400.0)


def scraped(watcher: Watcher, target: Target | None = None, **facts: Any) -> Scraped:  # noqa: ANN401
    """A target of a watcher as one scrape found it; ``facts`` as `Scraped` takes them, or fields of its `Facts`."""
    target = target or next(iter(watcher.views))
    view = watcher.views[target]
    known = Facts(target, facts.pop("project_id", "p"), facts.pop("region", ""), facts.pop("api", "unknown"))
    defaults: dict[str, Any] = {
        "up": view.listing is not None,
        "now": watcher.clock(),
        "active_limit": 20,
        "thresholds": NoThresholds(),
        "bounds": watcher.rules.bounds,
        "errors": {},
    }
    return Scraped(known, view, **defaults | facts)


def untouched(target: Target, thresholds: ThresholdRules | None = None) -> Scraped:
    """A target that never answered."""
    return Scraped(
        Facts(target, "p", "", "unknown"),
        View(target, None, None),
        up=False,
        now=START,
        active_limit=20,
        thresholds=thresholds or NoThresholds(),
        bounds=BOUNDS,
        errors={},
    )


def state(**fields: Any) -> State:  # noqa: ANN401
    """The state of an exporter that has done nothing yet, but for ``fields``."""
    nothing: dict[str, Any] = {
        "telemetry": Telemetry(),
        "views": (),
        "dropped": {},
        "credentials": (),
        "backoff": {},
        "last_save": None,
        "save_errors": 0,
        "set_aside": 0,
        "reload_successful": True,
        "reload_time": START,
        "version": "1.2.3",
        "python_version": "3.11.0",
        "external_url": "",
    }
    return State(**nothing | fields)


def snapshot(*targets: Scraped, exporter: State | None = None) -> Snapshot:
    """What one exposition shows."""
    return Snapshot(START, 9.0, targets, exporter)


def exposed(shown: Snapshot, family: str) -> Samples:
    """The samples of one family, from the classic page."""
    return samples_of(render(shown)[0].decode(), [family])


def expected(text: str) -> Samples:
    """The samples of a page with `ABBREVIATIONS`, in which ``t+10`` stands for a time ten seconds after `START`."""
    for short, labels in ABBREVIATIONS.items():
        text = text.replace(short, labels)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return samples_of("\n".join(_with_number(line) for line in lines) + "\n")


def samples_of(page: str, families: Sequence[str] = ()) -> Samples:
    """The samples of a classic page, all of them or those of some families; none may be there twice."""
    found: Samples = {}
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            if not families or _belongs(sample.name, families):
                key = (sample.name, tuple(sorted(sample.labels.items())))
                assert key not in found, f"{key} is there twice"
                found[key] = sample.value
    return found


def with_labels(samples: Samples, **labels: str) -> Mapping[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Those that have these labels."""
    return {key: value for key, value in samples.items() if labels.items() <= dict(key[1]).items()}


def names(page: str) -> set[str]:
    """The families of a classic page."""
    return {line.split()[2] for line in page.splitlines() if line.startswith("# TYPE")}


TYPES = {family.name: family.type for family in FAMILIES}


def _belongs(name: str, families: Iterable[str]) -> bool:
    ends = ("_bucket", "_count", "_sum")
    return any(
        name == family or (TYPES[family] == "histogram" and name in {family + end for end in ends})
        for family in families
    )


def _with_number(line: str) -> str:
    series, _, value = line.rpartition(" ")
    return f"{series} {START + float(value[1:])}" if value.startswith("t") else line


Story = Callable[[Watcher], object]


class Case(NamedTuple):
    """What the lists showed, and what a family then shows."""

    family: str
    story: Story
    page: str


def first(*jobs: Job) -> Story:
    """One listing."""
    return lambda watcher: watcher.show(*jobs)


def then(*jobs: Job, after: float = MINUTE, before: tuple[Job, ...] = ()) -> Story:
    """A listing of ``before``, and one a minute later."""

    def story(watcher: Watcher) -> None:
        watcher.show(*before)
        watcher.wait(after)
        watcher.show(*jobs)

    return story
