"""``/``: what is watched, and how it fares."""

from __future__ import annotations

from typing import Any

import httpx

from ges_exporter.simulator import Fault
from ges_exporter.web import Options
from tests.browsing import Reader, busy_world
from tests.serving import asking, exporting, pages, run, small_world, watching
from tests.simulated import PROJECT


def test_every_target_with_its_state() -> None:
    """And what it last listed, with links to the jobs and to the one target."""

    async def main() -> str:
        async with pages(busy_world()) as client:
            await client.get("/probe?project=demo&graph=movie")
            return (await client.get("/")).text

    page = run(main)
    text = Reader(page).text
    assert "3 targets: 1 up, 2 not asked yet" in text
    assert text.count("not asked yet") == 3
    for link in (
        "jobs?project=demo&amp;graph=movie&amp;status=failed",
        "probe?project=demo&amp;graph=movie",
        "probe?project=demo",
    ):
        assert f'href="{link}"' in page
    for link in (".", "jobs", "metrics", "sd", "config"):
        assert f'<a href="{link}"' in page


def test_errors_in_words() -> None:
    """Why a target is down, and since when there has been no listing."""

    async def main() -> tuple[str, str]:
        world = small_world()
        async with exporting(world) as exporter, asking(exporter) as client:
            await client.get("/metrics")
            world.faults.add(Fault(kind="html", graph="movie"))
            world.faults.add(Fault(kind="error", value="GES.8002", graph="fraud"))
            await client.get("/metrics")
            return (await client.get("/")).text, (await client.get("/jobs")).text

    for page in run(main):
        text = Reader(page).text
        assert "its answer cannot be read: " in text
        assert "it answers with an error: GES.8002: internal error" in text


def test_a_node_that_is_down_while_another_answers() -> None:
    """The target is up, and still there is something to tell."""

    def two_nodes(url: str) -> dict[str, Any]:
        configuration = watching(url)
        graph = configuration["projects"][0]["graphs"][0]
        graph["endpoints"] = [graph.pop("endpoint"), "http://127.0.0.1:9"]
        return configuration

    async def main() -> list[httpx.Response]:
        async with exporting(small_world(), two_nodes, network=True) as exporter, asking(exporter) as client:
            await client.get("/metrics")
            return [await client.get("/"), await client.get("/jobs")]

    first, second = (Reader(answer.text).text for answer in run(main))
    assert "a node does not answer: http://127.0.0.1:9: no connection" in first
    assert "A node does not answer: http://127.0.0.1:9: no connection" in second


def test_the_metrics_are_linked_where_they_are() -> None:
    """--web.telemetry-path."""

    async def main() -> str:
        async with pages(small_world(), options=Options(telemetry_path="/ges/metrics")) as client:
            return (await client.get("/")).text

    assert '<a href="ges/metrics"' in run(main)


def test_a_failed_reload_is_told() -> None:
    """Who edits the file looks here first."""

    async def main() -> str:
        async with exporting(small_world()) as exporter, asking(exporter) as client:
            exporter.reloads.successful = False
            return (await client.get("/")).text

    assert "The last reload of the configuration failed" in run(main)


def test_what_discovery_has_found() -> None:
    """And which graphs it found that cannot be watched, with why."""

    def found(url: str) -> dict[str, Any]:
        configuration = watching(url)
        project = configuration["projects"][0]
        del project["graphs"]
        return configuration | {"projects": [project | {"discovery": {"enabled": True, "address": "public"}}]}

    async def main() -> str:
        world = small_world()
        world.projects[PROJECT].instances["movie"].public_ip = "10.0.0.5"
        async with exporting(world, found) as exporter, asking(exporter) as client:
            await exporter.discovered(10)
            return (await client.get("/")).text

    text = Reader(run(main)).text
    assert "Discovery in demo: 1 running graphs found. Last success: just now." in text
    assert "The graph fraud is not watched: it has no public address" in text
    assert "2 targets" in text
