"""An exporter that finds its graphs: what it watches while the management plane changes, fails and hangs."""

from __future__ import annotations

import asyncio
from pathlib import Path
from random import Random
from typing import Any, NoReturn

import httpx
import pytest

from ges_exporter.client import Finder, Graphs
from ges_exporter.config import TargetSettings, secrets_of
from ges_exporter.deadline import Deadline
from ges_exporter.discovery import Discovery
from ges_exporter.exporter import Exporter
from ges_exporter.model import Graph, Plane, Target
from ges_exporter.redaction import Redaction
from ges_exporter.simulator import Fault, Plan, Project
from ges_exporter.simulator import create_app as create_simulator
from ges_exporter.simulator.faults import parse
from ges_exporter.web import Options, create_app
from tests import swift
from tests.discovering import (
    LISTS,
    MINUTE,
    add,
    configured,
    exporter_of,
    page,
    redacted,
    soon,
    up,
    value,
    watched,
    world_of,
)
from tests.exposed import Samples, samples_of, with_labels
from tests.simulated import PROJECT, START

SERVING = ("200", "202", "204", "205")
CODES = (*SERVING, "100", "201", "203", "206", "207", "208", "210", "211", "300", "303", "400", "800", "900", "920")
INTERVAL = 5 * MINUTE


async def next_search() -> None:
    """Lets the interval pass, with what it may be longer."""
    await asyncio.sleep(1.2 * INTERVAL)


def running(project: Project) -> list[str]:
    """The graphs that answer, by name."""
    return sorted(name for name, instance in project.instances.items() if instance.status in SERVING)


def errors(samples: Samples) -> dict[str, float]:
    """Failed discoveries by reason."""
    return {
        dict(labels)["reason"]: number
        for (name, labels), number in samples.items()
        if name == "ges_discovery_errors_total"
    }


# What is found -------------------------------------------------------------------------------------------------------


def test_300_graphs_in_every_state_that_change_all_the_time() -> None:
    """Whatever comes, stops, starts, moves or goes: at the next search exactly the running graphs are watched."""

    async def main() -> None:
        world, project = world_of()
        chance = Random(0)  # noqa: S311 - a test
        for number in range(300):
            add(project, f"g{number:03d}", CODES[number % len(CODES)])
        async with exporter_of(world) as exporter:
            await soon()
            for turn in range(5):
                assert watched(exporter) == running(project)
                samples = await page(exporter)
                assert up(samples) == dict.fromkeys(running(project), 1)
                assert value(samples, "ges_discovery_graphs", project="demo") == len(running(project))
                for name in chance.sample(sorted(project.instances), 60):
                    project.instances[name].status = chance.choice(CODES)
                for name in chance.sample(sorted(project.instances), 20):
                    project.remove_graph(name)
                for number in range(15):
                    add(project, f"new-{turn}-{number}", chance.choice(CODES))
                await next_search()

    swift.run(main())


@pytest.mark.parametrize("size", [0, 1, 10, 99, 100, 101, 250])
@pytest.mark.parametrize(
    "fault", ["", "page_cap=10", "page_cap=2", "page_cap=1", "ignore_limit", "ignore_limit,ignore_offset", "overlap=3"]
)
def test_all_pages_are_read(size: int, fault: str) -> None:
    """Whatever the server makes of limit and offset."""

    async def main() -> None:
        world, _ = world_of(*(f"g{number:03d}" for number in range(size)))
        for kind in filter(None, fault.split(",")):
            world.faults.add(parse(f"{kind},path={LISTS}"))
        async with exporter_of(world) as exporter:
            await soon()
            assert len(watched(exporter)) == size

    swift.run(main())


def test_a_list_that_lost_records_while_it_was_read_takes_nothing_away() -> None:
    """Where pages do not overlap, what was found before stays until a list is whole."""

    async def main() -> None:
        world, project = world_of(*(f"g{number:03d}" for number in range(150)))
        async with exporter_of(world) as exporter:
            await soon()
            world.faults.add(Fault(kind="gap", value=5, path=LISTS))
            project.instances["g149"].status = "900"
            await next_search()
            assert len(watched(exporter)) == 149
            project.remove_graph("g148")
            await next_search()
            assert len(watched(exporter)) == 149
            world.faults.clear()
            await next_search()
            assert len(watched(exporter)) == 148

    swift.run(main())


@pytest.mark.parametrize("fault", ["no_id", "total=500"])
def test_a_list_that_is_never_whole_lets_graphs_go_in_the_end(fault: str) -> None:
    """A record without an id, or a wrong total, is no reason to take a graph that is gone for one that is down."""

    async def main() -> None:
        world, project = world_of("0", "a", "b", "c")
        world.faults.add(parse(f"{fault},path={LISTS}"))
        async with exporter_of(world) as exporter:
            await soon()
            project.remove_graph("c")
            await next_search()
            assert "c" in watched(exporter), "it may only have been left out"
            for _ in range(3):
                await next_search()
            assert "c" not in watched(exporter)
            assert {"a", "b"} <= set(watched(exporter))

    swift.run(main())


def test_an_empty_list_that_claims_graphs_takes_none_away_at_once() -> None:
    """Nor does a page that is repeated, whatever the offset."""

    async def main() -> None:
        world, _ = world_of("a", "b", "c", "d")
        async with exporter_of(world) as exporter:
            await soon()
            for faults in (("page_cap=2", "ignore_offset"), ("page_cap=0",)):
                world.faults.clear()
                for fault in faults:
                    world.faults.add(parse(f"{fault},path={LISTS}"))
                await next_search()
                assert watched(exporter) == ["a", "b", "c", "d"]

    swift.run(main())


def test_what_is_configured_wins() -> None:
    """A graph of the same name is asked as the configuration says, and only once; order: as configured, then found."""

    async def main() -> None:
        world, project = world_of("fraud", "movie", "archive")
        project.instances["archive"].status = "900"
        graphs = [{"name": "movie", "endpoint": "http://10.9.9.9", "timezone": "UTC"}]
        async with exporter_of(world, configured(graphs=graphs)) as exporter:
            assert watched(exporter) == ["movie"]
            await soon()
            assert watched(exporter) == ["movie", "fraud"]
            settings = exporter.scraper.watches[Target("demo", "movie", Plane.SERVICE)].settings
            assert (settings.endpoints, settings.zone) == (("http://10.9.9.9",), "UTC")
            project.remove_graph("movie")
            await next_search()
            assert watched(exporter) == ["movie", "fraud"]

    swift.run(main())


def test_each_project_finds_its_own() -> None:
    """Two projects with graphs of the same names are kept apart, and one that cannot be asked harms no other."""

    async def main() -> None:
        world, _ = world_of("movie")
        other = world.add_project("other", "f" * 32)
        add(other, "movie")
        add(other, "fraud")
        world.faults.add(Fault(kind="status", value=403, path=LISTS))
        config = configured()
        second = config.projects[0].model_copy(update={"name": "other", "project_id": other.id})
        config = config.model_copy(update={"projects": (*config.projects, second)})
        async with exporter_of(world, config) as exporter:
            await soon()
            assert [(one.project, one.graph) for one in exporter.targets] == [("other", "fraud"), ("other", "movie")]
            samples = await page(exporter)
            assert errors(with_labels(samples, project="demo")) == {"auth": 1}  # type: ignore[arg-type]
            assert errors(with_labels(samples, project="other")) == {}  # type: ignore[arg-type]

    swift.run(main())


@pytest.mark.parametrize(("api", "path"), [("v2", "/v2/"), ("v1.0", "/v1.0/")])
def test_the_management_plane_is_asked_as_its_task_centre_is(api: str, path: str) -> None:
    """In the version of the API that the project's management names."""

    async def main() -> None:
        world, _ = world_of("movie")
        management = {"endpoint": "http://10.0.0.1", "api": api}
        config = configured({"endpoint": "http://10.0.0.2"}, management=management)
        async with exporter_of(world, config) as exporter:
            await soon()
            assert watched(exporter) == ["movie"]
            assert world.requests.asked(f"{path}{PROJECT}/graphs") > 0
            assert {entry.host for entry in world.requests.latest} == {"10.0.0.2"}

    swift.run(main())


# Clusters ------------------------------------------------------------------------------------------------------------


def add_cluster(project: Project, name: str, *graphs: str) -> None:
    """Add a database-edition cluster at an address of its own."""
    add(project, name, edition="database")
    instance = project.instances[name]
    del project.graphs[name], instance.graphs[name]
    for graph in graphs:
        project.add_graph(graph, instance=instance, node=instance.private_ip)


def test_clusters_are_opened_into_their_graphs() -> None:
    """Graphs in a cluster come and go like others; the cluster itself is no target."""

    async def main() -> None:
        world, project = world_of("movie")
        add_cluster(project, "kg", "people", "places")
        add_cluster(project, "empty")
        async with exporter_of(world) as exporter:
            await soon()
            assert watched(exporter) == ["movie", "people", "places"]
            assert up(await page(exporter)) == {"movie": 1, "people": 1, "places": 1}
            del project.graphs["people"]
            project.add_graph("things", instance=project.instances["kg"], node=project.instances["kg"].private_ip)
            await next_search()
            assert watched(exporter) == ["movie", "places", "things"]
            project.instances["kg"].status = "900"
            await next_search()
            assert watched(exporter) == ["movie"]

    swift.run(main())


@pytest.mark.parametrize(("fault", "reason"), [("hang", "timeout"), ("status=500", "http_5xx"), ("bad_token", "auth")])
def test_a_cluster_that_cannot_be_asked_keeps_its_graphs(fault: str, reason: str) -> None:
    """They stay what they were, other clusters and graphs are found, and the discovery does not count as a success."""

    async def main() -> None:
        world, project = world_of()
        add_cluster(project, "kg", "people")
        add_cluster(project, "lab", "mice")
        async with exporter_of(world) as exporter:
            await soon()
            host = project.instances["kg"].private_ip
            world.faults.add(parse(f"{fault},host={host},path=/ges/v1.0/{PROJECT}/graphs"))
            add(project, "movie")
            project.add_graph("rats", instance=project.instances["lab"], node=project.instances["lab"].private_ip)
            await next_search()
            assert watched(exporter) == ["mice", "movie", "people", "rats"]
            samples = await page(exporter)
            assert errors(samples).keys() == {reason}
            assert (value(samples, "ges_discovery_last_success_timestamp_seconds", project="demo") or 0) < START + 1
            world.faults.clear()
            await next_search()
            samples = await page(exporter)
            assert (value(samples, "ges_discovery_last_success_timestamp_seconds", project="demo") or 0) > START + 1

    swift.run(main())


def test_a_cluster_that_does_not_know_the_question_holds_one_graph() -> None:
    """Those of 100 billion edges are older than it: the graph has the cluster's name; that is no error."""

    async def main() -> None:
        world, project = world_of()
        add(project, "huge", edition="database")
        world.faults.add(Fault(kind="error", value="404:GES.0001", path=f"/ges/v1.0/{PROJECT}/graphs", times=2))
        async with exporter_of(world) as exporter:
            await soon()
            assert watched(exporter) == ["huge"]
            await next_search()
            assert watched(exporter) == ["huge"]
            assert errors(await page(exporter)) == {}

    swift.run(main())


def test_a_cluster_that_is_starting_is_not_taken_for_one_graph() -> None:
    """An error that may pass shows as one, and the question is put again soon; only then is it believed."""

    async def main() -> None:
        world, project = world_of()
        add_cluster(project, "kg", "people")
        world.faults.add(Fault(kind="error", value="400:GES.8999", path=f"/ges/v1.0/{PROJECT}/graphs", times=1))
        async with exporter_of(world) as exporter:
            await soon()
            samples = await page(exporter)
            assert (watched(exporter), errors(samples)) == ([], {"api_error": 1})
            assert value(samples, "ges_discovery_last_success_timestamp_seconds", project="demo") is None
            await asyncio.sleep(20)
            assert watched(exporter) == ["people"]

    swift.run(main())


def test_a_cluster_that_never_answers_the_question_otherwise_holds_one_graph() -> None:
    """Whatever error it is: one that stays is no start."""

    async def main() -> None:
        world, project = world_of()
        add(project, "huge", edition="database")
        world.faults.add(Fault(kind="error", value="400:GES.0001", path=f"/ges/v1.0/{PROJECT}/graphs", times=4))
        async with exporter_of(world) as exporter:
            await soon()
            await asyncio.sleep(20)
            assert watched(exporter) == ["huge"]
            await next_search()
            assert (watched(exporter), errors(await page(exporter))) == (["huge"], {"api_error": 1})

    swift.run(main())


def test_a_cluster_answers_by_any_of_its_nodes() -> None:
    """With all nodes' addresses, one that hangs leaves time for the next."""

    async def main() -> None:
        world, project = world_of()
        add_cluster(project, "kg", "people")
        world.projects[PROJECT].add_node(project.graphs["people"], "10.7.7.7")
        first, second = project.instances["kg"].node_ips
        for host, kind in ((first, "hang"), (second, "")):
            if kind:
                world.faults.add(Fault(kind=kind, host=host))
        async with exporter_of(world, configured({"address": "traffic"})) as exporter:
            await asyncio.sleep(20)
            assert watched(exporter) == ["people"]
            (settings,) = (watch.settings for watch in exporter.scraper.watches.values())
            assert settings.endpoints == (f"http://{first}", f"http://{second}")
            samples = await page(exporter)
            assert (up(samples), errors(samples)) == ({"people": 1}, {})

    swift.run(main())


# Failures ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("hang", "timeout"),
        ("drip=1", "timeout"),
        ("status=401", "auth"),
        ("status=403", "auth"),
        ("throttle=90", "throttled"),
        ("redirect", "http_3xx"),
        ("status=404", "http_4xx"),
        ("error=500:GES.9999", "http_5xx"),
        ("error=400:GES.0016", "api_error"),
        ("html", "decode"),
        ("invalid_json", "decode"),
        ("truncated", "decode"),
        ("huge=4000000", "too_large"),
    ],
)
def test_a_failed_discovery_keeps_the_last_answer(fault: str, reason: str) -> None:
    """The graphs stay targets and are scraped; the metrics tell since when and why; then it goes on."""

    async def main() -> None:
        world, project = world_of("fraud", "movie")
        async with exporter_of(world) as exporter:
            await soon()
            world.faults.add(parse(f"{fault},path={LISTS}"))
            add(project, "kg")
            project.remove_graph("fraud")
            await asyncio.sleep(20 * MINUTE)
            assert watched(exporter) == ["fraud", "movie"]
            samples = await page(exporter)
            assert up(samples) == {"fraud": 0, "movie": 1}
            assert errors(samples).keys() == {reason}
            found = value(samples, "ges_discovery_last_success_timestamp_seconds", project="demo")
            assert found is not None
            assert START <= found < START + 1
            world.faults.clear()
            await next_search()
            assert watched(exporter) == ["kg", "movie"]

    swift.run(main())


def test_a_passing_error_is_tried_again_at_once() -> None:
    """Within one discovery; it shows in the exporter's own metrics, and not as a failure."""

    async def main() -> None:
        world, _ = world_of("movie")
        world.faults.add(Fault(kind="status", value=502, path=LISTS, times=2))
        async with exporter_of(world) as exporter:
            await asyncio.sleep(5)
            assert watched(exporter) == ["movie"]
            samples = await page(exporter)
            assert errors(samples) == {}
            retries = value(samples, "ges_exporter_api_retries_total", operation="list_graphs", reason="http_5xx")
            asked = value(samples, "ges_exporter_api_requests_total", operation="list_graphs", code="200")
            assert (retries, asked) == (2, 2)

    swift.run(main())


def test_after_a_failure_the_next_attempt_comes_sooner() -> None:
    """A start before the network is there costs seconds, not an interval; an outage is not met with a hail."""

    async def main() -> None:
        world, _ = world_of("movie")
        world.faults.add(Fault(kind="status", value=404, path=LISTS, times=1))
        async with exporter_of(world) as exporter:
            await asyncio.sleep(30)
            assert watched(exporter) == ["movie"]
            world.faults.add(Fault(kind="status", value=404, path=LISTS))
            before = world.requests.asked(LISTS)
            await asyncio.sleep(60 * MINUTE)
            assert 12 <= world.requests.asked(LISTS) - before <= 18

    swift.run(main())


@pytest.mark.parametrize("interval", ["1m", "5m", "1h"])
def test_it_asks_on_its_interval(interval: str) -> None:
    """Give or take a tenth, so that many exporters do not stay in step."""

    async def main() -> None:
        world, _ = world_of()
        async with exporter_of(world, configured({"interval": interval})):
            await asyncio.sleep(24 * 60 * MINUTE)
            asked = world.requests.asked(LISTS)
        expected = 24 * 60 / {"1m": 1, "5m": 5, "1h": 60}[interval]
        assert 0.9 * expected <= asked <= 1.12 * expected + 1

    swift.run(main())


def test_a_management_plane_that_hangs_makes_no_scrape_late() -> None:
    """What is configured is scraped as if nothing were the matter, from the first moment on."""

    async def main() -> None:
        world, _ = world_of("movie")
        world.faults.add(Fault(kind="hang", path=LISTS))
        graphs = [{"name": "movie", "endpoint": "http://10.1.0.2"}]
        async with exporter_of(world, configured(graphs=graphs)) as exporter:
            for _ in range(50):
                began = swift.now()
                samples = await page(exporter)
                assert swift.now() == began
                assert up(samples) == {"movie": 1}
                await asyncio.sleep(10)
            assert errors(samples).keys() == {"timeout"}

    swift.run(main())


def test_a_discovery_has_an_end_however_many_clusters_hang() -> None:
    """A list that hangs, or a hundred clusters that do, keep it busy for about a minute each."""

    async def main() -> None:
        world, project = world_of("movie")
        for number in range(100):
            add_cluster(project, f"kg{number}")
        world.faults.add(Fault(kind="hang", path=f"/ges/v1.0/{PROJECT}/graphs"))
        async with exporter_of(world) as exporter:
            await asyncio.sleep(65)
            assert watched(exporter) == ["movie"]

    swift.run(main())


def test_credentials_stay_off_plain_http() -> None:
    """A graph at a public address by plain http is left out: counted each time, shown, and never sent the key."""

    async def main() -> None:
        world, project = world_of()
        add(project, "bare", public_ip="8.8.8.8")
        add(project, "safe", public_ip="8.8.4.4", enable_https=True)
        config = configured({"address": "public"}, credentials="key")
        async with exporter_of(world, config) as exporter:
            await soon()
            assert watched(exporter) == ["safe"]
            await next_search()
            samples = await page(exporter)
            assert errors(samples) == {"plain_http": 2}
            assert value(samples, "ges_graph_status", project="demo", graph="bare", status="running") == 1
            assert "8.8.8.8" not in {entry.host for entry in world.requests.latest}

    swift.run(main())


def test_what_is_left_out_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    """The log names each graph that was found and cannot be watched, and why, when that begins."""

    async def main() -> None:
        world, project = world_of()
        add(project, "nowhere", private_ip="")
        async with exporter_of(world):
            await asyncio.sleep(60 * MINUTE)

    swift.run(main())
    lines = [line for line in capsys.readouterr().out.splitlines() if "nowhere" in line]
    assert len(lines) == 1
    assert "it has no private address" in lines[0]


# Coming and going ----------------------------------------------------------------------------------------------------


def finished(samples: Samples, graph: str) -> float:
    """Finished jobs of a graph, as counted."""
    return sum(
        with_labels({k: v for k, v in samples.items() if k[0] == "ges_jobs_finished_total"}, graph=graph).values()
    )


def test_a_graph_that_goes_takes_its_series_along_and_counts_on_when_it_is_back() -> None:
    """No series of it says that anything is down; back, its counters go on where they were, and nothing twice."""

    async def main() -> None:
        world, project = world_of("movie", "fraud")
        jobs = project.graphs["movie"].jobs
        async with exporter_of(world) as exporter:
            await soon()
            await page(exporter)
            jobs.submit(Plan(job_type="Algorithm", algorithm="pagerank", run=1))
            await asyncio.sleep(5)
            assert finished(await page(exporter), "movie") == 1
            project.instances["movie"].status = "900"
            await next_search()
            samples = await page(exporter)
            gone = with_labels(samples, graph="movie")
            assert {name for name, _ in gone} == {"ges_graph_status", "ges_graph_info"}
            assert value(samples, "ges_graph_status", project="demo", graph="movie", status="stopped") == 1
            project.instances["movie"].status = "200"
            jobs.submit(Plan(job_type="Algorithm", algorithm="pagerank", run=1))
            await next_search()
            assert finished(await page(exporter), "movie") == 2
            assert up(await page(exporter)) == {"movie": 1, "fraud": 1}

    swift.run(main())


def test_another_graph_of_the_same_name_brings_a_history_of_its_own() -> None:
    """Its list is met like any other: what is over by then counts nowhere, what is active counts when it is over."""

    async def main() -> None:
        world, project = world_of("movie")
        project.graphs["movie"].jobs.submit(Plan(job_type="Algorithm", algorithm="pagerank", after=-5, run=20))
        async with exporter_of(world) as exporter:
            await soon()
            await page(exporter)
            await asyncio.sleep(30)
            assert finished(await page(exporter), "movie") == 1
            project.remove_graph("movie")
            add(project, "movie")
            for number in range(40):
                project.graphs["movie"].jobs.submit(
                    Plan(job_type="Algorithm", algorithm="pagerank", after=-60.0 - number, run=5)
                )
            project.graphs["movie"].jobs.submit(Plan(job_type="Algorithm", algorithm="pagerank", run=10 * MINUTE))
            await next_search()
            samples = await page(exporter)
            assert finished(samples, "movie") == 1
            kind = {"project": "demo", "graph": "movie", "plane": "service"}
            kind |= {"job_type": "Algorithm", "algorithm": "pagerank"}
            assert value(samples, "ges_jobs", **kind, status="success") == 40
            assert value(samples, "ges_jobs_discovered_total", **kind) == 0
            await asyncio.sleep(10 * MINUTE)
            assert finished(await page(exporter), "movie") == 2

    swift.run(main())


class Told(Finder):
    """Knows two running graphs of one name."""

    def __init__(self) -> None:
        pass

    async def graphs(self, settings: TargetSettings, deadline: Deadline) -> Graphs:  # noqa: ARG002 - always the same
        """Both of them."""
        return Graphs([Graph(one, "movie", "200", private_ip=f"10.0.0.{one}") for one in "12"], complete=True)


@pytest.mark.parametrize("before", ["1", "2"])
def test_of_two_graphs_of_a_name_the_same_is_watched_after_a_restart(before: str) -> None:
    """The other's jobs would look like new ones."""

    async def main() -> list[str]:
        discovery = Discovery(
            configured(),
            Told(),
            clean=str,
            on_change=lambda: None,
            sources=lambda project: {"movie": before, "x": project},
        )
        assert await discovery.looked(5)
        await discovery.aclose()
        return [found.source for found in discovery.targets()]

    assert swift.run(main()) == [before]


def test_a_scrape_under_way_ends_when_its_graph_goes() -> None:
    """It gets the answer that it waits for; nothing is cut off by a discovery."""

    async def main() -> None:
        world, project = world_of("movie", "fraud")
        async with exporter_of(world, configured({"interval": "10s"})) as exporter:
            await soon()
            world.faults.add(Fault(kind="latency", value=15, graph="movie"))
            scrape = asyncio.create_task(page(exporter, 20.0))
            await asyncio.sleep(0.1)
            world.projects[PROJECT].instances["movie"].status = "201"
            await asyncio.sleep(12)
            assert watched(exporter) == ["fraud"]
            project.instances["movie"].status = "200"
            assert up(await scrape) == {"movie": 1, "fraud": 1}

    swift.run(main())


def test_a_graph_that_moves_is_asked_where_it_is_now() -> None:
    """Its counters go on, for it is the same graph."""

    async def main() -> None:
        world, project = world_of("movie")
        async with exporter_of(world) as exporter:
            await soon()
            await page(exporter)
            graph = project.graphs["movie"]
            graph.jobs.submit(Plan(job_type="Algorithm", algorithm="pagerank", run=1))
            graph.nodes["10.8.8.8"] = graph.nodes.pop(graph.floating)
            graph.floating = graph.instance.private_ip = "10.8.8.8"
            await next_search()
            samples = await page(exporter)
            assert value(samples, "ges_node_up", **LABELS, endpoint="http://10.8.8.8") == 1
            assert finished(samples, "movie") == 1

    swift.run(main())


LABELS = {"project": "demo", "graph": "movie", "plane": "service"}


# Metrics -------------------------------------------------------------------------------------------------------------


def test_each_graph_shows_its_status_and_its_facts() -> None:
    """One word in force, the others 0; a code that nobody knows is unknown, and counted as such."""

    async def main() -> None:
        world, project = world_of("movie")
        add(project, "odd", "777", version="9.9")
        add(project, "new", "303")
        async with exporter_of(world) as exporter:
            await soon()
            samples = await page(exporter)
        assert status(samples, "movie") == "running"
        assert status(samples, "odd") == "unknown"
        assert status(samples, "new") == "create_failed"
        facts = {"graph_id": project.instances["odd"].id, "product_type": "InMemory", "version": "9.9"}
        assert value(samples, "ges_graph_info", project="demo", graph="odd", **facts) == 1
        assert value(samples, "ges_exporter_unknown_values_total", field="graphs.status") == 1

    swift.run(main())


def status(samples: Samples, graph: str) -> str:
    """The one status of a graph that is 1."""
    shown = {
        dict(labels)["status"]: number
        for (name, labels), number in samples.items()
        if name == "ges_graph_status" and dict(labels)["graph"] == graph
    }
    (word,) = (word for word, number in shown.items() if number == 1)
    assert sum(shown.values()) == 1
    assert len(shown) > 15
    return word


def test_the_page_of_one_target_has_nothing_of_discovery() -> None:
    """It is the exporter's business, not the target's."""

    async def main() -> None:
        world, _ = world_of("movie")
        async with exporter_of(world) as exporter:
            await soon()
            samples = await page(exporter, own=False)
        assert not [name for name, _ in samples if name.startswith(("ges_discovery", "ges_graph_"))]

    swift.run(main())


def test_there_is_nothing_of_discovery_where_it_is_off() -> None:
    """A configuration without it has none of its series, and asks for no list of graphs."""

    async def main() -> None:
        world, _ = world_of("movie")
        config = configured({"enabled": False}, graphs=[{"name": "movie", "endpoint": "http://10.1.0.2"}])
        async with exporter_of(world, config) as exporter:
            await asyncio.sleep(60 * MINUTE)
            samples = await page(exporter)
            assert world.requests.asked(LISTS) == 0
        assert not [name for name, _ in samples if name.startswith(("ges_discovery", "ges_graph_"))]

    swift.run(main())


# Reload, start and end -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("discovery", "expected"),
    [
        ({"exclude": ["fraud"]}, ["movie"]),
        ({"interval": "1h"}, ["fraud", "movie"]),
        ({"endpoint": "http://10.0.0.77"}, []),
        ({"enabled": False}, []),
    ],
)
def test_a_reload_goes_on_with_what_is_known(discovery: dict[str, Any], expected: list[str]) -> None:
    """What still asks the same place keeps its last answer, seen through the new settings, at once."""

    async def main() -> None:
        world, _ = world_of("movie", "fraud")
        graphs = [{"name": "own", "endpoint": "http://10.9.9.9"}]
        async with exporter_of(world, configured(graphs=graphs)) as exporter:
            await soon()
            asked = world.requests.asked(LISTS)
            exporter.reload(configured(discovery, graphs=graphs))
            assert watched(exporter) == ["own", *expected]
            await soon()
            moved = discovery.get("endpoint") is not None
            assert (world.requests.asked(LISTS) > asked) == moved
            assert watched(exporter) == ["own", *(["fraud", "movie"] if moved else expected)]

    swift.run(main())


def test_a_reload_that_changes_nothing_keeps_connections_and_counts() -> None:
    """The same watches go on, and the failures counted so far stay counted."""

    async def main() -> None:
        world, _ = world_of("movie", "fraud")
        async with exporter_of(world) as exporter:
            await soon()
            world.faults.add(Fault(kind="status", value=403, path=LISTS))
            await next_search()
            before = dict(exporter.scraper.watches)
            counted = errors(await page(exporter))
            exporter.reload(configured())
            assert exporter.scraper.watches == before
            assert errors(await page(exporter)) == counted
            assert counted["auth"] > 0

    swift.run(main())


def test_a_reload_in_the_middle_of_a_discovery_asks_anew() -> None:
    """The old question is given up, the new one is asked at once."""

    async def main() -> None:
        world, _ = world_of("movie")
        world.faults.add(Fault(kind="hang", path=LISTS, times=1))
        async with exporter_of(world) as exporter:
            await asyncio.sleep(10)
            exporter.reload(configured({"interval": "1m"}))
            await soon()
            assert watched(exporter) == ["movie"]
            assert world.requests.under_way == 0

    swift.run(main())


def test_a_reload_brings_a_shorter_interval() -> None:
    """What was due in an hour comes as soon as the new interval says."""

    async def main() -> None:
        world, project = world_of()
        async with exporter_of(world, configured({"interval": "1h"})) as exporter:
            await soon()
            add(project, "movie")
            exporter.reload(configured({"interval": "1m"}))
            await asyncio.sleep(MINUTE + 1)
            assert watched(exporter) == ["movie"]

    swift.run(main())


def test_a_reload_opens_clusters_that_were_not_asked_before() -> None:
    """What is not excluded any more is there at once, though nobody has been told yet what is in it."""

    async def main() -> None:
        world, project = world_of("movie")
        add_cluster(project, "kg", "people")
        async with exporter_of(world, configured({"exclude": ["kg"]})) as exporter:
            await soon()
            assert watched(exporter) == ["movie"]
            exporter.reload(configured())
            await soon()
            assert watched(exporter) == ["movie", "people"]

    swift.run(main())


def test_a_reload_that_mends_what_failed_is_tried_at_once() -> None:
    """One that changes nothing does not hasten the next attempt."""

    async def main() -> None:
        world, _ = world_of("movie")
        world.faults.add(Fault(kind="status", value=403, path=LISTS))
        async with exporter_of(world) as exporter:
            await asyncio.sleep(20 * MINUTE)
            asked = world.requests.asked(LISTS)
            exporter.reload(configured())
            await soon()
            assert world.requests.asked(LISTS) == asked
            world.faults.clear()
            exporter.reload(configured(credentials="key"))
            await soon()
            assert watched(exporter) == ["movie"]

    swift.run(main())


@pytest.mark.parametrize("fault", ["", "hang"])
def test_nothing_goes_on_after_the_end(fault: str) -> None:
    """Closed in the middle of a discovery or between two, the exporter leaves no task behind, and at once."""

    async def main() -> None:
        world, _ = world_of("movie")
        if fault:
            world.faults.add(Fault(kind=fault, path=LISTS))
        async with exporter_of(world):
            await soon()
            began = swift.now()
        assert swift.now() == began
        assert asyncio.all_tasks() == {asyncio.current_task()}

    swift.run(main())


def test_what_is_yet_to_be_found_is_not_forgotten(tmp_path: Path) -> None:
    """However long the exporter was down: a start before the graphs can be found costs no counter."""
    world, project = world_of("movie")
    config = configured().with_ledger_path(str(tmp_path / "ledger.db"))
    now = START

    async def counted() -> float:
        transport = httpx.ASGITransport(create_simulator(world))
        exporter = Exporter(config, redaction=Redaction(), clock=lambda: now, transport=transport)
        try:
            assert await exporter.discovered(5)
            body, _ = await exporter.page(exporter.targets, None, "", own=True)
            return finished(samples_of(body.decode()), "movie")
        finally:
            await exporter.aclose()

    assert asyncio.run(counted()) == 0
    project.graphs["movie"].jobs.submit(Plan(job_type="Algorithm", algorithm="pagerank", run=0))
    assert asyncio.run(counted()) == 1
    now += config.ledger.forget_after + 1
    world.faults.add(Fault(kind="status", value=404, path=LISTS))
    assert asyncio.run(counted()) == 0
    world.faults.clear()
    assert asyncio.run(counted()) == 1


class Broken(Finder):
    """Has a bug."""

    def __init__(self) -> None:
        pass

    async def graphs(self, _settings: TargetSettings, _deadline: Deadline) -> NoReturn:
        """Does not return."""
        raise ZeroDivisionError


def test_a_bug_is_loud() -> None:
    """Whoever asks next is told of it: a search never ends in silence."""

    async def main() -> None:
        discovery = Discovery(configured(), Broken(), clean=str, on_change=lambda: None)
        assert await discovery.looked(5)
        with pytest.raises(ZeroDivisionError):
            discovery.check()
        await discovery.aclose()

    swift.run(main())


def test_the_back_off_of_a_graph_that_goes_goes_with_it() -> None:
    """What nobody asks any more is not shown as left alone."""

    async def main() -> None:
        world, project = world_of("movie")
        world.faults.add(Fault(kind="throttle", value=3000, graph="movie"))
        async with exporter_of(world) as exporter:
            await soon()
            name = "ges_exporter_backoff_until_timestamp_seconds"
            await page(exporter)
            assert [one for one, _ in await page(exporter) if one == name] == [name]
            project.remove_graph("movie")
            await next_search()
            assert [one for one, _ in await page(exporter) if one == name] == []

    swift.run(main())


def test_secrets_in_settings_for_found_graphs_are_learned() -> None:
    """A proxy's password is hidden wherever it stands in the file, whether a graph has been found for it or not."""
    rules = [{"match": "x", "proxy": "http://user:over-the-hills@proxy:3128"}]
    assert "over-the-hills" in set(secrets_of(configured({"graphs": rules}, proxy="http://user:far-away@proxy:3128")))
    assert "far-away" in set(secrets_of(configured(proxy="http://user:far-away@proxy:3128")))


async def asked(exporter: Exporter, path: str) -> httpx.Response:
    """The web side's answer."""
    transport = httpx.ASGITransport(create_app(exporter, Options()))
    async with httpx.AsyncClient(transport=transport, base_url="http://exporter:9877") as client:
        return await client.get(path)


def test_service_discovery_follows() -> None:
    """`/sd` waits for the first search, and then has what is watched; each can be probed."""

    async def main() -> None:
        world, project = world_of("movie", "fraud")
        async with exporter_of(world) as exporter:
            groups = (await asked(exporter, "/sd")).json()
            assert [group["labels"]["__param_graph"] for group in groups] == ["fraud", "movie"]
            project.remove_graph("fraud")
            await next_search()
            groups = (await asked(exporter, "/sd")).json()
            assert [group["labels"]["__param_graph"] for group in groups] == ["movie"]
            assert (await asked(exporter, "/probe?project=demo&graph=fraud")).status_code == 404

    swift.run(main())


def test_service_discovery_is_unavailable_until_the_graphs_were_looked_for() -> None:
    """After a start, fewer would be taken for all there are: Prometheus keeps those that it had. Ready it is."""

    async def main() -> None:
        world, _ = world_of("movie")
        world.faults.add(Fault(kind="hang", path=LISTS, times=1))
        async with exporter_of(world) as exporter:
            assert (await asked(exporter, "/sd")).status_code == 503
            assert (await asked(exporter, "/-/ready")).status_code == 200
            await asyncio.sleep(2 * MINUTE)
            assert len((await asked(exporter, "/sd")).json()) == 1

    swift.run(main())


def test_a_reload_does_not_end_the_wait_for_the_graphs() -> None:
    """Whoever waits for the first search is not told of fewer graphs because another search has taken its place."""

    async def main() -> None:
        world, _ = world_of("movie")
        world.faults.add(Fault(kind="hang", path=LISTS))
        async with exporter_of(world) as exporter:
            waiting = asyncio.create_task(asked(exporter, "/sd"))
            await soon()
            exporter.reload(configured({"interval": "1m"}))
            assert (await waiting).status_code == 503

    swift.run(main())


def test_the_configuration_that_is_shown_names_the_place_that_is_asked() -> None:
    """Also where the region gives it."""
    discovery = {"enabled": True}
    config = configured(region="cn-north-4")
    project = config.projects[0]
    assert project.discovery is not None
    bare = project.model_copy(update={"discovery": project.discovery.model_copy(update={"endpoint": None})})
    shown = redacted(config.model_copy(update={"projects": (bare,)}))["projects"][0]["discovery"]
    assert shown["enabled"] is discovery["enabled"]
    assert shown["endpoint"] == "https://ges.cn-north-4.myhuaweicloud.com"
