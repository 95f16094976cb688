"""The exposition: both formats, as those who read them demand."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import Metric
from prometheus_client.openmetrics import parser

from ges_exporter.exposition import OPENMETRICS, Process, negotiate, render
from ges_exporter.families import FAMILIES, Snapshot
from ges_exporter.ledger import Rules
from ges_exporter.model import ImportFile, Job, Kind, Status, Time
from tests.exposed import expected, names, samples_of, scraped, snapshot, state, untouched
from tests.simulated import START
from tests.test_families_exporter import worked
from tests.watching import CENTRE, MINUTE, MOVIE, Watcher, file, job, load, task, timeless

CLASSIC_TYPE = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8"
ACCEPT_OF_PROMETHEUS = (
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,"
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
    "application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)


def a_page() -> Snapshot:
    """A page on which every kind of sample stands."""
    watcher = Watcher(MOVIE, CENTRE)
    watcher.show(job("old", "failed", begin=-9, end=-2))
    watcher.show(target=CENTRE)
    watcher.wait(MINUTE)
    watcher.show(
        job("old", "failed", begin=-9, end=-2),
        job("done", begin=1, end=8),
        job("at work", "running", begin=3, progress=0.5),
        job("waiting", "pending", begin=4),
        load("loaded", begin=1, end=50, files=[file("edge", 100, 10)]),
    )
    watcher.show(task("a", begin=1, end=2, graph='图/"一"\\'), task("b", "running", begin=1), target=CENTRE)
    exporter = state(
        telemetry=worked(), views=list(watcher.views.values()), dropped={"x": 1}, credentials=("prod",), last_save=START
    )
    return snapshot(
        scraped(watcher, nodes=[("https://10.0.0.5", True)], errors={"timeout": 3}),
        scraped(watcher, CENTRE),
        exporter=exporter,
    )


def parsed(shown: Snapshot) -> list[Metric]:
    """The families of the OpenMetrics page, as the strict parser reads them."""
    page = render(shown, OPENMETRICS)[0].decode()
    return list(parser.text_string_to_metric_families(page))  # type: ignore[no-untyped-call]


def test_both_formats_tell_the_same() -> None:
    """The strict parser accepts OpenMetrics, the classic one the other, and both read the same numbers."""
    shown = a_page()
    strict = {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in parsed(shown)
        for sample in family.samples
        if not sample.name.endswith("_created")
    }
    assert strict == samples_of(render(shown)[0].decode())


def test_no_sample_carries_a_timestamp() -> None:
    """A sample is as old as its scrape: Prometheus stamps it."""
    for family in parsed(a_page()):
        assert all(sample.timestamp is None for sample in family.samples)


def test_families_stand_in_the_order_of_the_table_each_once() -> None:
    """One HELP, one TYPE, and all samples of a family together."""
    page = render(a_page())[0].decode()
    order = [family.name for family in FAMILIES]
    told = [line.split()[2] for line in page.splitlines() if line.startswith("# TYPE")]
    assert told == sorted(set(told), key=order.index)
    assert [line.split()[2] for line in page.splitlines() if line.startswith("# HELP")] == told


@pytest.mark.parametrize(
    "shown",
    [snapshot(), snapshot(untouched(MOVIE), untouched(CENTRE)), snapshot(exporter=state())],
    ids=["nothing", "targets that never answered", "an exporter without targets"],
)
def test_empty_sets_are_pages_too(shown: Snapshot) -> None:
    """Where there is nothing to show, both formats are still valid, and no family stands there without samples."""
    assert parsed(shown) or not names(render(shown)[0].decode())
    page = render(shown)[0].decode()
    assert names(page) == {_family_of(name) for name, _ in samples_of(page)}


def _family_of(sample: str) -> str:
    if sample.startswith("ges_exporter_api_request_duration_seconds"):
        return "ges_exporter_api_request_duration_seconds"
    return sample


def test_the_process_is_shown_where_it_is_wanted() -> None:
    """The client library's own families, in both formats."""
    for accept in ("", OPENMETRICS):
        page = render(snapshot(), accept, Process())[0].decode()
        assert "# TYPE process_cpu_seconds" in page
        assert "# TYPE python_info" in page
    assert "process_" not in render(snapshot())[0].decode()


# Negotiation ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("", CLASSIC_TYPE),
        ("*/*", CLASSIC_TYPE),
        ("text/html,application/xhtml+xml,*/*;q=0.8", CLASSIC_TYPE),
        ("text/plain", CLASSIC_TYPE),
        ("text/plain;version=1.0.0;escaping=allow-utf-8", CLASSIC_TYPE),
        ("application/json", CLASSIC_TYPE),
        ("application/openmetrics-text", OPENMETRICS_TYPE),
        ("Application/OpenMetrics-Text ; Version=1.0.0", OPENMETRICS_TYPE),
        ('application/openmetrics-text;version="1.0.0"', OPENMETRICS_TYPE),
        ("application/openmetrics-text;version=0.0.1,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", CLASSIC_TYPE),
        ("application/openmetrics-text;version=2.0.0,text/plain;q=0.1", CLASSIC_TYPE),
        ("application/openmetrics-text;version=none", CLASSIC_TYPE),
        ("application/openmetrics-text;q=0", CLASSIC_TYPE),
        ("application/openmetrics-text;q=much", CLASSIC_TYPE),
        ("text/plain;version=0.0.4;q=0.6,application/openmetrics-text;version=1.0.0;q=0.5", CLASSIC_TYPE),
        ("application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.5", OPENMETRICS_TYPE),
        (
            ACCEPT_OF_PROMETHEUS,
            OPENMETRICS_TYPE,
        ),
    ],
)
def test_the_format_is_the_one_asked_for(accept: str, content_type: str) -> None:
    """OpenMetrics for those who name it, in the version that is written; the classic format for all others."""
    page, told = render(snapshot(), accept)
    assert told == content_type
    assert page.endswith(b"# EOF\n") == (content_type == OPENMETRICS_TYPE)


@settings(deadline=None)
@given(accept=st.text(max_size=60) | st.from_regex(r"(application/openmetrics-text|text/plain);(version|q)=[^,]*"))
def test_no_header_is_too_odd(accept: str) -> None:
    """Whoever asks gets a page."""
    assert negotiate(accept) in {"text/plain", OPENMETRICS}


# What only OpenMetrics has --------------------------------------------------------------------------------------------


def exemplars(shown: Snapshot, sample: str) -> list[tuple[str, float]]:
    """The job ids and values of the exemplars of a sample's series."""
    return [
        (found.exemplar.labels["job_id"], found.exemplar.value)
        for family in parsed(shown)
        for found in family.samples
        if found.name == sample and found.exemplar is not None
    ]


def finished(*jobs: Job) -> Snapshot:
    """A page after jobs have finished."""
    watcher = Watcher(rules=Rules(bounds=(10.0, 100.0)))
    watcher.show()
    watcher.wait(MINUTE)
    watcher.show(*jobs)
    return snapshot(scraped(watcher))


def test_the_newest_job_is_the_exemplar() -> None:
    """From a counter, and from each bucket, it is one step to a job's id."""
    shown = finished(
        job("first", begin=1, end=2),
        job("slow", begin=3, end=43),
        job("newest", begin=50, end=51),
        job("at work", "running"),
    )
    assert exemplars(shown, "ges_jobs_finished_total") == [("newest", 1.0)]
    assert exemplars(shown, "ges_job_duration_seconds_bucket") == [("newest", 1.0), ("slow", 40.0)]


@pytest.mark.parametrize(("identity", "shown"), [("x" * 100, True), ("x" * 101, False), ("图" * 100, True)])
def test_an_id_too_long_for_the_format_is_no_exemplar(identity: str, shown: bool) -> None:
    """OpenMetrics allows 128 characters for an exemplar's labels in all; the job counts all the same."""
    page = finished(job(identity, begin=1, end=2))
    assert exemplars(page, "ges_jobs_finished_total") == ([(identity, 1.0)] if shown else [])
    assert sum(samples_of(render(page)[0].decode(), ["ges_jobs_finished_total"]).values()) == 1


@pytest.mark.parametrize("identity", ['q"uoted', "back\\", "line\nfeed"])
def test_an_id_that_would_have_to_be_escaped_is_no_exemplar(identity: str) -> None:
    """Not every parser reads escapes in exemplars, and no real id needs them; the job counts all the same."""
    page = finished(job(identity, begin=1, end=2))
    assert exemplars(page, "ges_jobs_finished_total") == []
    assert sum(samples_of(render(page)[0].decode(), ["ges_jobs_finished_total"]).values()) == 1


def test_the_classic_format_has_neither_exemplars_nor_creation_times() -> None:
    """It knows neither, and would take the times for series of their own."""
    page = render(finished(job("a", begin=1, end=2)))[0].decode()
    assert "_created" not in page
    assert " # {" not in page


def created(watcher: Watcher) -> dict[str, set[float]]:
    """The creation times, in seconds after `START`, by family."""
    return {
        family.name: {sample.value - START for sample in family.samples if sample.name == f"{family.name}_created"}
        for family in parsed(snapshot(scraped(watcher)))
        if family.type in {"counter", "histogram"}
    }


def test_series_were_created_with_the_listing_before_the_one_that_first_showed_them() -> None:
    """So that the first job of a kind is an increase, and the rate over its first minute is right."""
    watcher = Watcher()
    watcher.show()
    watcher.wait(MINUTE)
    watcher.show()
    watcher.wait(MINUTE)
    watcher.show(job("a", begin=61, end=62))
    watcher.wait(MINUTE)
    watcher.show(job("a", begin=61, end=62), job("b", begin=121, end=125))
    told = created(watcher)
    assert told["ges_jobs_finished"] == told["ges_jobs_discovered"] == told["ges_job_duration_seconds"] == {60.0}


def test_every_counter_and_histogram_of_the_ledger_has_its_creation_time() -> None:
    """With the first listing, where there is none before it, that one's."""
    watcher = Watcher()
    watcher.show(job("a"))
    told = created(watcher)
    assert told.pop("ges_jobs_finished") == {0.0}
    assert {family for family, times in told.items() if not times} == set()


# Whatever the lists hold ----------------------------------------------------------------------------------------------

NAMES = st.sampled_from(
    ["", "other", "unknown", "a", "b", "图/一", 'q"\\', "x" * 200, "line\nfeed", "\x7f", "\u2028"]
) | (st.text(max_size=6))
TIMES = st.none() | st.builds(Time, st.floats(START - 1e6, START + 1e6) | st.floats(2e5, 2.5e11), st.booleans())
COUNTS = st.none() | st.integers(0, 10**6)
JOBS = st.builds(
    Job,
    id=st.sampled_from(["1", "2", "3"]) | NAMES.filter(bool),
    status=st.sampled_from(Status),
    job_type=NAMES.map(lambda name: name or "unknown"),
    algorithm=NAMES,
    graph=NAMES,
    begin=TIMES,
    end=TIMES,
    progress=st.none() | st.floats(0, 1),
    files=st.lists(
        st.builds(ImportFile, st.sampled_from(Kind), st.sampled_from(Status), COUNTS, COUNTS), max_size=2
    ).map(tuple),
)
LISTINGS = st.lists(st.tuples(st.lists(JOBS, max_size=5), st.lists(JOBS, max_size=5)), min_size=1, max_size=3)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(listings=LISTINGS, api=st.sampled_from(["memory", "database"]))
def test_no_listing_makes_an_exposition_that_is_refused(listings: list[tuple[list[Job], list[Job]]], api: str) -> None:
    """Whatever names, times and counts the lists hold: no series is there twice, and the strict parser accepts it."""
    rules = Rules(label_sets_per_graph=2, graphs_per_project=2, bounds=(60.0,))
    watcher = Watcher(MOVIE, CENTRE, api=api, rules=rules)
    for graph, centre in listings:
        watcher.wait(MINUTE)
        watcher.show(*graph)
        watcher.show(*centre, target=CENTRE)
        shown = snapshot(
            scraped(watcher, active_limit=3),
            scraped(watcher, CENTRE, active_limit=3),
            exporter=state(views=list(watcher.views.values())),
        )
        samples = [sample for family in parsed(shown) for sample in family.samples]
        series = [(sample.name, *sorted(sample.labels.items())) for sample in samples]
        assert len(series) == len(set(series))
        samples_of(render(shown)[0].decode())
    watcher.close()


@settings(deadline=None, max_examples=40)
@given(name=st.text(min_size=1, max_size=40))
def test_names_come_through_whole_or_not_at_all(name: str) -> None:
    """A name is shown as it is, or it is `other`: never garbled."""
    watcher = Watcher()
    watcher.show(job("a", "running", algorithm=name))
    shown = samples_of(render(snapshot(scraped(watcher)))[0].decode(), ["ges_jobs"])
    (algorithm,) = {dict(labels)["algorithm"] for _, labels in shown}
    assert algorithm in {name, "other"}
    watcher.close()


def test_two_planes_of_one_graph_stay_apart() -> None:
    """The same name on both planes makes two series."""
    watcher = Watcher(MOVIE, CENTRE)
    watcher.show(load("a"))
    watcher.show(task("a"), target=CENTRE)
    shown = samples_of(render(snapshot(scraped(watcher), scraped(watcher, CENTRE)))[0].decode(), ["ges_jobs"])
    successes = {key: value for key, value in shown.items() if dict(key[1])["status"] == "success"}
    assert successes == expected(
        """
        ges_jobs{@,##,status="success"} 1
        ges_jobs{project="demo",graph="movie",plane="management",##,status="success"} 1
        """
    )


@pytest.mark.e2e
@pytest.mark.parametrize("shown", [a_page(), snapshot(), snapshot(untouched(MOVIE))], ids=["rich", "empty", "down"])
def test_promtool_has_nothing_to_say(shown: Snapshot) -> None:
    """Prometheus' own checker of names, types and help texts accepts the classic page without a word."""
    page, _ = render(shown)
    told = subprocess.run(  # a program of Prometheus, on our own page
        ["promtool", "check", "metrics"],  # noqa: S607
        input=page,
        capture_output=True,
        check=False,
    )
    assert (told.returncode, told.stdout + told.stderr) == (0, b"")


def test_a_database_list_is_a_page_too() -> None:
    """Without times, the strict parser has nothing to complain of either."""
    watcher = Watcher(api="database")
    watcher.show(timeless("a", "running"))
    watcher.wait(MINUTE)
    watcher.show(timeless("a"), timeless("b", "pending"))
    assert parsed(snapshot(scraped(watcher)))
