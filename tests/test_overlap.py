"""Scrapes of one target that overlap: nothing regresses, and nothing is observed twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from ges_exporter.config import parse
from ges_exporter.exporter import Exporter
from ges_exporter.model import Plane, Target
from ges_exporter.simulator import Fault, File, Plan, World, create_app, serve
from tests import discovering, swift
from tests.exposed import Samples
from tests.simulated import PROJECT, arrival

MOVIE = Target("demo", "movie", Plane.SERVICE)
FRAUD = Target("demo", "fraud", Plane.SERVICE)
FINISHED = 'ges_jobs_finished_total{algorithm="pagerank",graph="movie"'


@asynccontextmanager
async def watched() -> AsyncIterator[tuple[World, Exporter]]:
    """Two graphs and an exporter that has met both."""
    world = World()
    project = world.add_project("demo", PROJECT)
    for name in ("movie", "fraud"):
        project.add_graph(name)
    finish(world)
    async with serve(create_app(world)) as url:
        graphs = [{"name": name, "endpoint": url} for name in ("movie", "fraud")]
        file = {"ledger": {"path": ":memory:"}, "projects": [{"name": "demo", "project_id": PROJECT, "graphs": graphs}]}
        exporter = Exporter(parse(file, {}, Path("/")))
        try:
            await page(exporter)
            yield world, exporter
        finally:
            await exporter.aclose()


def finish(world: World) -> None:
    """A job of the graph movie comes and is over."""
    world.projects[PROJECT].graphs["movie"].jobs.submit(Plan(job_type="Algorithm", algorithm="pagerank", run=0.0))


async def page(exporter: Exporter, targets: Sequence[Target] = (MOVIE, FRAUD)) -> str:
    """One scrape."""
    body, _ = await exporter.page(targets, None, "", own=False)
    return body.decode()


def finished(text: str) -> float:
    """What the counter of finished jobs shows, all outcomes together."""
    return sum(float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(FINISHED))


def test_a_probe_during_a_slow_scrape_of_everything() -> None:
    """The page that is answered last shows what the probe in between has shown, though it had asked before."""

    async def main() -> None:
        async with watched() as (world, exporter):
            world.faults.add(Fault(kind="latency", value=0.5, graph="fraud"))
            slow = asyncio.create_task(page(exporter))
            await arrival(world)
            listing = exporter.scraper.watches[MOVIE].task
            assert listing is not None
            await listing
            finish(world)
            assert finished(await page(exporter, [MOVIE])) == 1
            assert not slow.done()
            assert finished(await slow) == 1
            assert finished(await page(exporter)) == 1

    asyncio.run(main())


def test_a_scrape_of_everything_during_a_slow_probe() -> None:
    """Both wait for the one listing, which counts once."""

    async def main() -> None:
        async with watched() as (world, exporter):
            finish(world)
            world.faults.add(Fault(kind="latency", value=0.3, graph="movie"))
            world.requests.clear()
            slow = asyncio.create_task(page(exporter, [MOVIE]))
            await arrival(world)
            asked = world.requests.asked(f"/ges/v1.0/{PROJECT}/graphs/movie")
            both = await page(exporter)
            assert finished(both) == finished(await slow) == 1
            assert exporter.telemetry.scrapes_shared == 1
            assert asked <= world.requests.asked(f"/ges/v1.0/{PROJECT}/graphs/movie") <= asked + 2

    asyncio.run(main())


@pytest.mark.parametrize(("first", "second", "after"), [(10, 10, 3), (60, 5, 1), (10, 5, 3), (5, 60, 1)])
def test_slow_details_take_the_list_from_nobody(first: float, second: float, after: float) -> None:
    """Details come after the list and never fail the target: for none of the scrapes that wait for it."""
    world, project = discovering.world_of("movie")
    config = discovering.configured({"enabled": False}, management={"api": "v2", "endpoint": discovering.HOST})

    async def main() -> None:
        async with discovering.exporter_of(world, config) as exporter:
            await discovering.page(exporter)
            for _ in range(10):
                files = (File(kind="edge", name="e", lines=3, failed_lines=0),)
                project.centre.submit(Plan(job_type="ImportGraph", graph="movie", run=1, files=files))
            await asyncio.sleep(30)
            world.faults.add(Fault(kind="hang", path=f"/v2/{PROJECT}/graphs/{project.instances['movie'].id}/"))

            async def later() -> Samples:
                await asyncio.sleep(after)
                return await discovering.page(exporter, second)

            pages = await asyncio.gather(discovering.page(exporter, first), later())
            for one in pages:
                assert discovering.value(one, "ges_up", project="demo", graph="", plane="management") == 1
            counted = ("ges_jobs_finished_total", "ImportGraph")
            assert [exposed(one, *counted) for one in pages] == [10, 10]

    swift.run(main())


def exposed(samples: Samples, name: str, job_type: str) -> float:
    """The sum of a family's samples of a job type."""
    return sum(number for (one, labels), number in samples.items() if one == name and ("job_type", job_type) in labels)
