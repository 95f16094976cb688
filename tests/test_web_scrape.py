"""``/metrics``, ``/probe`` and ``/sd``: what Prometheus asks for, as it asks."""

from __future__ import annotations

import asyncio
import gzip

import httpx
import pytest

from ges_exporter.simulator import Fault, Plan, World
from ges_exporter.web.metrics import TIMEOUT_HEADER, accepts_gzip
from tests.serving import pages, run, small_world
from tests.simulated import PROJECT

OPENMETRICS = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.2"
CLASSIC = "text/plain; version=0.0.4; charset=utf-8"
TARGETS = {("demo", "", "management"), ("demo", "movie", "service"), ("demo", "fraud", "service")}


def world_with_a_job() -> World:
    """One failed algorithm on ``movie``."""
    world = small_world()
    movie = world.projects[PROJECT].graphs["movie"].jobs
    movie.submit(Plan(job_type="Algorithm", algorithm="pagerank", after=-60, run=5, outcome="failed"))
    return world


def ask(
    path: str, world: World | None = None, headers: dict[str, str] | None = None, method: str = "GET"
) -> httpx.Response:
    """The exporter's answer to one request."""

    async def main() -> httpx.Response:
        async with pages(world or world_with_a_job()) as client:
            return await client.request(method, path, headers=headers)

    return run(main)


def ups(page: str) -> set[tuple[str, ...]]:
    """Project, graph and plane of each target on a page."""
    lines = [line for line in page.splitlines() if line.startswith("ges_up{")]
    return {tuple(_label(line, name) for name in ("project", "graph", "plane")) for line in lines}


def _label(line: str, name: str) -> str:
    return line.partition(f'{name}="')[2].partition('"')[0]


def test_metrics_show_every_target_and_the_exporter() -> None:
    """In the classic format for those who ask for nothing else."""
    answer = ask("/metrics")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, CLASSIC)
    assert ups(answer.text) == TARGETS
    assert "ges_exporter_build_info{" in answer.text
    assert "process_start_time_seconds" in answer.text


def test_openmetrics_for_those_who_ask() -> None:
    """By content negotiation, as Prometheus asks."""
    answer = ask("/metrics", headers={"Accept": OPENMETRICS})
    assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")
    assert answer.headers["Vary"] == "Accept, Accept-Encoding"


COLLECTED = {
    "collect[]=management": ({("demo", "", "management")}, False),
    "collect[]=service": ({("demo", "movie", "service"), ("demo", "fraud", "service")}, False),
    "collect[]=exporter": (set(), True),
    "collect[]=management&collect[]=service": (TARGETS, False),
    "collect[]=management&collect[]=exporter": ({("demo", "", "management")}, True),
    "collect%5B%5D=exporter": (set(), True),
}


@pytest.mark.parametrize(("query", "shown"), COLLECTED.items(), ids=list(COLLECTED))
def test_collect_limits_what_is_shown_and_what_is_asked(query: str, shown: tuple[set[tuple[str, ...]], bool]) -> None:
    """What is not collected costs the API nothing."""
    world = world_with_a_job()
    answer = ask(f"/metrics?{query}", world)
    targets, own = shown
    assert (ups(answer.text), "ges_exporter_build_info{" in answer.text) == (targets, own)
    planes = {plane for _, _, plane in targets}
    assert bool(world.requests.asked("/v2/")) == ("management" in planes)
    assert bool(world.requests.asked("/ges/")) == ("service" in planes)


@pytest.mark.parametrize("word", ["jobs", "", "Service"])
def test_another_word_is_refused(word: str) -> None:
    """With the words that there are."""
    answer = ask(f"/metrics?collect[]=service&collect[]={word}")
    assert answer.status_code == 400
    assert answer.text == f"collect[]: expected management, service, exporter, got {word!r}\n"


@pytest.mark.parametrize(("query", "target"), [("&graph=movie", "movie"), ("", ""), ("&graph=", "")])
def test_probe_shows_one_target_and_nothing_of_the_exporter(query: str, target: str) -> None:
    """The graph, or without a graph the task centre; nothing else is asked."""
    world = world_with_a_job()
    answer = ask(f"/probe?project=demo{query}", world)
    assert answer.status_code == 200
    assert {graph for _, graph, _ in ups(answer.text)} == {target}
    assert "ges_scrape_duration_seconds{" in answer.text
    assert "ges_exporter_" not in answer.text
    assert "process_" not in answer.text
    wanted = f"/ges/v1.0/{PROJECT}/graphs/{target}/" if target else "/v2/"
    assert all(entry.path.startswith(wanted) for entry in world.requests.latest)


NOT_CONFIGURED = {
    "project=demo&graph=nope": "the graph 'nope' of the project 'demo' is not configured here\n",
    "project=nope": "a task centre of the project 'nope' is not configured here\n",
    "project=nope&graph=movie": "the graph 'movie' of the project 'nope' is not configured here\n",
    "project=demo&graph=http://x.test/": "the graph 'http://x.test/' of the project 'demo' is not configured here\n",
    "project=demo&graph=%0Aa": "the graph '\\na' of the project 'demo' is not configured here\n",
}


@pytest.mark.parametrize(("query", "sentence"), NOT_CONFIGURED.items(), ids=list(NOT_CONFIGURED))
def test_probe_knows_configured_names_only(query: str, sentence: str) -> None:
    """A name that is not configured is never followed, whatever it looks like."""
    world = world_with_a_job()
    answer = ask(f"/probe?{query}", world)
    assert (answer.status_code, answer.text) == (404, sentence)
    assert not world.requests.latest


@pytest.mark.parametrize("query", ["", "?graph=movie", "?project=&graph=movie", "?target=http://evil.test"])
def test_probe_without_a_project_is_refused(query: str) -> None:
    """With how it should be asked."""
    answer = ask(f"/probe{query}")
    assert answer.status_code == 400
    assert answer.text == "the parameter project is missing: /probe?project=NAME[&graph=NAME]\n"


def test_long_words_are_not_repeated_at_length() -> None:
    """An answer is a sentence."""
    answer = ask(f"/probe?project={'x' * 5000}")
    assert answer.status_code == 404
    assert len(answer.text) < 200


@pytest.mark.parametrize("path", ["/metrics", "/probe?project=demo&graph=movie"])
@pytest.mark.parametrize(
    ("asked", "timeout"),
    [("4", 3.5), ("0.5", 0.25), ("1000", 119.5), (None, 9.0), ("soon", 9.0), ("-1", 9.0), ("nan", 9.0), ("inf", 9.0)],
)
def test_the_scraper_tells_how_long_it_waits(path: str, asked: str | None, timeout: float) -> None:
    """On every path that scrapes; what makes no sense is as good as nothing."""
    answer = ask(path, headers={TIMEOUT_HEADER: asked} if asked else {})
    line = next(line for line in answer.text.splitlines() if line.startswith("ges_scrape_timeout_seconds"))
    assert float(line.split()[1]) == timeout


def test_a_target_that_hangs_costs_only_itself() -> None:
    """Within the deadline of the scraper."""
    world = world_with_a_job()
    world.faults.add(Fault(kind="hang", graph="fraud"))
    answer = ask("/metrics", world, {TIMEOUT_HEADER: "1"})
    assert answer.status_code == 200
    values = {_label(line, "graph"): line[-3:] for line in answer.text.splitlines() if line.startswith("ges_up{")}
    assert values == {"": "1.0", "movie": "1.0", "fraud": "0.0"}
    assert 'reason="timeout"' in answer.text


def test_scrapes_at_once_share_their_listings() -> None:
    """Ten of them make one, by whichever path."""

    async def asked(*paths: str) -> tuple[set[int], int]:
        world = world_with_a_job()
        world.faults.add(Fault(kind="latency", value=0.2))
        async with pages(world) as client:
            answers = await asyncio.gather(*(client.get(path) for path in paths))
            return {answer.status_code for answer in answers}, world.requests.asked(
                f"/ges/v1.0/{PROJECT}/graphs/movie/"
            )

    ten = ["/metrics", "/probe?project=demo&graph=movie"] * 5
    assert asyncio.run(asked(*ten)) == asyncio.run(asked("/metrics"))


ENCODINGS = {
    "gzip": True,
    "gzip;q=1.0, identity; q=0.5": True,
    "br, GZIP": True,
    "*": True,
    "*;q=0, gzip": True,
    "": False,
    "identity": False,
    "gzip;q=0": False,
    "gzip; q=0.000, *": False,
    "*;q=0": False,
}


@pytest.mark.parametrize(("header", "accepted"), ENCODINGS.items(), ids=list(ENCODINGS))
def test_who_accepts_gzip(header: str, accepted: bool) -> None:
    """The name counts before the star."""
    assert accepts_gzip(header) == accepted


def test_gzip_when_accepted() -> None:
    """A page of metrics shrinks to a tenth."""

    async def main() -> tuple[httpx.Response, bytes]:
        async with (
            pages(world_with_a_job()) as client,
            client.stream("GET", "/metrics", headers={"Accept-Encoding": "gzip"}) as answer,
        ):
            return answer, b"".join([chunk async for chunk in answer.aiter_raw()])

    answer, body = run(main)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert b"ges_up{" in gzip.decompress(body)
