"""What is put together for one exposition: thresholds, what is dropped and folded, the exporter's state."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

import pytest

from ges_exporter.exporter import Exporter
from ges_exporter.exposition import render
from ges_exporter.families import Snapshot, Thresholds
from ges_exporter.model import Plane, Target
from ges_exporter.report import ThresholdTable
from tests.documented import World, scrape
from tests.exposed import expected, exposed, names, with_labels
from tests.settings import minimal, parsed

T = TypeVar("T")
MOVIE = Target("demo", "movie", Plane.SERVICE)
FRAUD = Target("demo", "fraud", Plane.SERVICE)
CENTRE = Target("demo", "", Plane.MANAGEMENT)
IMPORT = ("demo", "movie", "service", "ImportGraph", "")
PAGERANK = ("demo", "movie", "service", "Algorithm", "pagerank")


def limits(*rules: dict[str, Any]) -> ThresholdTable:
    """The limits that a configuration with these thresholds sets."""
    return ThresholdTable(parsed(minimal(thresholds=list(rules))).thresholds)


def watching(story: Callable[[World, Exporter], Coroutine[Any, Any, T]], **sections: Any) -> T:  # noqa: ANN401
    """What comes of a story of the documented world and an exporter that watches it."""

    async def main() -> T:
        world = World()
        exporter = world.exporter(**sections)
        try:
            return await story(world, exporter)
        finally:
            await exporter.aclose()

    return asyncio.run(main())


async def two_scrapes(world: World, exporter: Exporter) -> Snapshot:
    """The page of the second of two scrapes."""
    await scrape(exporter)
    world.later()
    return await scrape(exporter)


# Thresholds -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "labels", "limit"),
    [
        ([], IMPORT, Thresholds()),
        ([{"max_duration": "1h"}], IMPORT, Thresholds(max_duration=3600.0)),
        ([{"job_type": "ImportGraph", "max_duration": "1h"}], PAGERANK, Thresholds()),
        ([{"job_type": "Import", "max_duration": "1h"}], IMPORT, Thresholds()),
        ([{"job_type": "Import.*", "max_duration": "1h"}], IMPORT, Thresholds(max_duration=3600.0)),
        ([{"graph": "mov|movie", "max_pending": "1m"}], IMPORT, Thresholds(max_pending=60.0)),
        ([{"plane": "management", "max_duration": "1h"}], IMPORT, Thresholds()),
        ([{"plane": "service", "max_duration": "1h"}], IMPORT, Thresholds(max_duration=3600.0)),
        ([{"algorithm": "pagerank|louvain", "max_duration": "1h"}], PAGERANK, Thresholds(max_duration=3600.0)),
        ([{"algorithm": "pagerank|louvain", "max_duration": "1h"}], IMPORT, Thresholds()),
        ([{"algorithm": "", "max_duration": "1h"}], PAGERANK, Thresholds()),
        ([{"max_duration": "1h"}, {"max_duration": "2h"}], IMPORT, Thresholds(max_duration=3600.0)),
        (
            [
                {"job_type": "Algorithm", "max_duration": "1h", "max_pending": "1m"},
                {"job_type": "ImportGraph", "expected_interval": "1d"},
                {"expected_interval": "2d", "max_duration": "2h"},
                {"max_duration": "3h", "max_pending": "3m"},
            ],
            IMPORT,
            Thresholds(expected_interval=86400.0, max_duration=7200.0, max_pending=180.0),
        ),
    ],
)
def test_the_first_rule_that_matches_counts_for_each_value(
    rules: list[dict[str, Any]], labels: tuple[str, ...], limit: Thresholds
) -> None:
    """Rules match labels as a whole, and each of the three values comes from the first rule that has it."""
    assert limits(*rules).of(labels) == limit


LITERAL = {"project": "demo", "graph": "movie", "plane": "service", "job_type": "ImportGraph", "max_duration": "1h"}


@pytest.mark.parametrize(
    ("change", "target", "labels"),
    [
        ({}, MOVIE, [IMPORT]),
        ({}, FRAUD, []),
        ({}, CENTRE, []),
        ({"plane": "management"}, CENTRE, [("demo", "movie", "management", "ImportGraph", "")]),
        ({"plane": "management"}, MOVIE, []),
        ({"project": "other"}, MOVIE, []),
        ({"graph": "movi."}, MOVIE, []),
        ({"plane": "service|management"}, MOVIE, []),
        ({"job_type": "Import.*"}, MOVIE, []),
        ({"job_type": "Algorithm", "algorithm": "pagerank"}, MOVIE, [PAGERANK]),
        ({"job_type": "Algorithm", "algorithm": "page.*"}, MOVIE, []),
        ({"job_type": None}, MOVIE, []),
    ],
)
def test_what_rules_name_literally_is_known_before_it_was_seen(
    change: dict[str, Any], target: Target, labels: Sequence[tuple[str, ...]]
) -> None:
    """Only of the target that the rule names, and only where the rule leaves nothing open."""
    rule = {key: value for key, value in (LITERAL | change).items() if value is not None}
    assert list(limits(rule).literal(target)) == labels


def test_thresholds_of_jobs_nobody_has_seen_are_shown() -> None:
    """A job that should come every week, and has never come, can be missed."""
    shown = watching(two_scrapes)
    assert with_labels(exposed(shown, "ges_job_expected_interval_seconds"), plane="management") == expected(
        """
        ges_job_expected_interval_seconds{
            project="demo",graph="movie",plane="management",job_type="ExportGraph",algorithm=""} 604800
        """.replace("\n            ", "")
    )


def test_thresholds_of_both_planes_stay_apart() -> None:
    """A rule for one plane says nothing of the other."""
    shown = exposed(watching(two_scrapes), "ges_job_max_duration_seconds")
    assert {dict(labels)["plane"] for _, labels in shown} == {"service"}


def test_thresholds_hold_for_what_is_folded() -> None:
    """What is counted under `other` is matched as `other`."""
    rules = [{"job_type": "other", "max_duration": "1h"}, {"max_duration": "2h"}]
    shown = watching(two_scrapes, thresholds=rules, limits={"label_sets_per_graph": 1})
    by_type = {dict(labels)["job_type"]: value for (_, labels), value in _of_movie(shown).items()}
    (seated,) = by_type.keys() - {"other"}
    assert by_type == {seated: 7200, "other": 3600}


def _of_movie(shown: Snapshot) -> dict[Any, float]:
    return dict(with_labels(exposed(shown, "ges_job_max_duration_seconds"), graph="movie", plane="service"))


# What is left out -----------------------------------------------------------------------------------------------------


def test_nothing_dropped_is_a_zero() -> None:
    """An alert on dropped series can tell none from not known."""
    assert exposed(watching(two_scrapes), "ges_exporter_series_dropped") == expected(
        """
        ges_exporter_series_dropped{limit="active_jobs_per_graph"} 0
        ges_exporter_series_dropped{limit="job_id_length"} 0
        """
    )


def test_what_limits_drop_is_told() -> None:
    """Of each limit, how many active jobs have no series of their own for its sake."""

    async def story(world: World, exporter: Exporter) -> Snapshot:
        world.later()
        world.nodes["jobs"][0]["status"] = "running"
        world.movie["jobs"][0] |= {"jobId": "x" * 129}
        return await scrape(exporter)

    shown = watching(story, limits={"active_jobs_per_graph": 1})
    # Of nodes one of two; of the task centre's graph movie one of two; of movie the one whose id is too long.
    assert exposed(shown, "ges_exporter_series_dropped") == expected(
        """
        ges_exporter_series_dropped{limit="active_jobs_per_graph"} 2
        ges_exporter_series_dropped{limit="job_id_length"} 1
        """
    )
    starts = exposed(shown, "ges_job_start_timestamp_seconds")
    assert len(with_labels(starts, graph="nodes")) == 1


def test_folded_kinds_are_told_for_each_target() -> None:
    """Where the seats are taken, the number of kinds without one is shown, by graph."""
    shown = watching(two_scrapes, limits={"label_sets_per_graph": 1})
    folded = exposed(shown, "ges_exporter_series_folded")
    told = {(dict(labels)["graph"], dict(labels)["plane"]): value for (_, labels), value in folded.items() if value}
    # movie lists imports and three algorithms; its task centre three kinds; nodes two algorithms, one without a name.
    assert told == {("movie", "service"): 3, ("movie", "management"): 2, ("nodes", "service"): 1}


# The exporter's state -------------------------------------------------------------------------------------------------


def test_the_exporters_own_state_can_be_left_out() -> None:
    """A probe shows its target and its scrape, and nothing of the exporter."""

    async def story(_: World, exporter: Exporter) -> Snapshot:
        return exporter.snapshot(await exporter.scrape([MOVIE], 9.0), 9.0, own=False)

    shown = names(render(watching(story))[0].decode())
    assert not any(name.startswith("ges_exporter_") for name in shown)
    assert {"ges_up", "ges_jobs", "ges_scrape_timeout_seconds"} <= shown


def test_a_page_of_one_target_shows_no_other() -> None:
    """What was not asked in this scrape is not shown, though its state is known."""

    async def story(_: World, exporter: Exporter) -> Snapshot:
        await scrape(exporter)
        return exporter.snapshot(await exporter.scrape([MOVIE], 9.0), 9.0, own=True)

    shown = watching(story)
    assert {dict(labels)["graph"] for _, labels in exposed(shown, "ges_up")} == {"movie"}
    assert len(exposed(shown, "ges_exporter_ledger_jobs")) > 1


def test_a_snapshot_is_of_one_instant() -> None:
    """A page that takes its time to render shows nothing of what happens meanwhile."""

    async def story(world: World, exporter: Exporter) -> tuple[Snapshot, str, str]:
        first = await scrape(exporter)
        page = render(first)[0].decode()
        world.later()
        await scrape(exporter)
        return first, page, render(first)[0].decode()

    _, before, after = watching(story)
    assert before == after


def test_credentials_are_shown_from_the_start() -> None:
    """Their counters begin at zero, used or not, so that the first refusal is an increase."""
    credentials = {
        "given": {"type": "token", "token": "t"},
        "monitor": {"type": "header", "name": "X-Key", "value": "v"},
        "unused": {"type": "aksk", "access_key": "a", "secret_key": "s"},
    }
    shown = exposed(watching(two_scrapes, credentials=credentials), "ges_exporter_auth_errors_total")
    assert {dict(labels)["credentials"]: value for (_, labels), value in shown.items()} == dict.fromkeys(credentials, 0)


def test_an_endpoint_that_is_left_alone_is_told_until_when() -> None:
    """A back-off is visible while it lasts, and gone after it."""

    async def story(world: World, exporter: Exporter) -> tuple[Snapshot, Snapshot]:
        world.moviejx = {"error_code": "APIG.0308", "error_msg": "throttled"}
        held = await scrape(exporter)
        world.clock.advance(600.0)
        return held, exporter.snapshot({}, 9.0, own=True)

    held, released = watching(story)
    (until,) = exposed(held, "ges_exporter_backoff_until_timestamp_seconds").values()
    assert until > held.now
    assert exposed(released, "ges_exporter_backoff_until_timestamp_seconds") == {}


def test_the_api_is_what_the_configuration_says_or_else_what_the_answer_tells() -> None:
    """`unknown` only until the first answer."""
    shown = exposed(watching(two_scrapes), "ges_target_info")
    told = {(dict(labels)["project"], dict(labels)["graph"]): dict(labels)["api"] for _, labels in shown}
    assert told == {
        ("demo", ""): "v2",
        ("demo", "movie"): "memory",
        ("demo", "moviejx"): "database",
        ("demo", "persistent"): "database",
        ("demo", "空图"): "memory",
        ("demo", "broken"): "unknown",
        ("demo", "nodes"): "memory",
        ("old", ""): "v1.0",
    }
