"""Reload: all of it or nothing, while scrapes go on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from ges_exporter.config import Config, parse
from ges_exporter.errors import ConfigError
from ges_exporter.exporter import Exporter
from ges_exporter.reloading import Loaded, Reloader
from ges_exporter.simulator import Fault, Plan, World, create_app, serve
from tests.simulated import PROJECT, arrival


class Site:
    """A simulated project with two graphs, and an exporter that watches the first."""

    def __init__(self, world: World, url: str) -> None:
        self.world = world
        self.url = url
        self.file: dict[str, Any] = {
            "ledger": {"path": ":memory:"},
            "credentials": {
                "user": {"type": "password", "domain": "d", "username": "u", "password": "right", "iam_endpoint": url}
            },
            "projects": [
                {
                    "name": "demo",
                    "project_id": PROJECT,
                    "credentials": "user",
                    "graphs": [{"name": "movie", "endpoint": url}],
                }
            ],
        }
        self.exporter = Exporter(self.config())
        self.reloader = Reloader(self.exporter, lambda: Loaded(self.config(), lambda: None))

    def config(self) -> Config:
        """The configuration as the file has it now."""
        return parse(self.file, {}, Path("/"))

    def add(self, graph: str) -> None:
        """Writes another graph into the file."""
        self.file["projects"][0]["graphs"].append({"name": graph, "endpoint": self.url})

    async def page(self) -> str:
        """One scrape."""
        body, _ = await self.exporter.page(self.exporter.targets, None, "", own=True)
        return body.decode()


@asynccontextmanager
async def site() -> AsyncIterator[Site]:
    """A site while the context lasts."""
    world = World()
    world.iam.users["d", "u"] = "right"
    project = world.add_project("demo", PROJECT)
    for name in ("movie", "fraud"):
        project.add_graph(name).jobs.submit(Plan(job_type="Algorithm", algorithm="pagerank", run=0.0))
    async with serve(create_app(world)) as url:
        one = Site(world, url)
        try:
            yield one
        finally:
            await one.exporter.aclose()


def value(page: str, series: str) -> str | None:
    """The value of a series that a page shows."""
    return next((line.rpartition(" ")[2] for line in page.splitlines() if line.startswith(series)), None)


def test_a_graph_that_is_added_is_there_at_the_next_scrape() -> None:
    """What the new configuration names is watched, what it leaves out is not."""

    async def main() -> None:
        async with site() as here:
            await here.page()
            here.add("fraud")
            assert await here.reloader.reload() == ()
            assert value(await here.page(), 'ges_up{graph="fraud"') == "1.0"
            del here.file["projects"][0]["graphs"][0]
            assert await here.reloader.reload() == ()
            page = await here.page()
            assert value(page, 'ges_up{graph="movie"') is None
            assert value(page, 'ges_up{graph="fraud"') == "1.0"

    asyncio.run(main())


def test_a_bad_file_leaves_everything_as_it_was() -> None:
    """Faults are told, the running configuration stays in force, and a metric says so until a reload succeeds."""

    async def main() -> None:
        async with site() as here:
            here.add("fraud")
            here.file["scrape"] = {"concurrency": 0}
            faults = await here.reloader.reload()
            assert len(faults) == 1
            assert faults[0].startswith("scrape.concurrency: ")
            page = await here.page()
            assert value(page, 'ges_up{graph="movie"') == "1.0"
            assert value(page, 'ges_up{graph="fraud"') is None
            assert value(page, "ges_exporter_config_last_reload_successful") == "0.0"
            del here.file["scrape"]
            await here.reloader.reload()
            assert value(await here.page(), "ges_exporter_config_last_reload_successful") == "1.0"

    asyncio.run(main())


def test_the_ledger_goes_on() -> None:
    """Counters go on over a reload, also those of a graph that was left out for a while."""

    async def main() -> None:
        async with site() as here:
            here.add("fraud")
            await here.reloader.reload()
            await here.page()
            for graph in ("movie", "fraud"):
                here.world.projects[PROJECT].graphs[graph].jobs.submit(
                    Plan(job_type="Algorithm", algorithm="pagerank", run=0.0)
                )
            await here.page()
            here.file["projects"][0]["graphs"].pop()
            await here.reloader.reload()
            await here.page()
            here.add("fraud")
            await here.reloader.reload()
            page = await here.page()
            for graph in ("movie", "fraud"):
                series = f'ges_jobs_discovered_total{{algorithm="pagerank",graph="{graph}"'
                assert value(page, series) == "1.0"

    asyncio.run(main())


def test_unchanged_connections_and_tokens_live_on() -> None:
    """A reload that does not touch a target costs it neither its connection nor its token."""

    async def main() -> None:
        async with site() as here:
            await here.page()
            clients = {target: watch.client for target, watch in here.exporter.scraper.watches.items()}
            here.add("fraud")
            await here.reloader.reload()
            await here.page()
            for target, client in clients.items():
                assert here.exporter.scraper.watches[target].client is client
            assert here.world.iam.tokens_made == 1

    asyncio.run(main())


def test_a_scrape_under_way_finishes_on_the_old_configuration() -> None:
    """A target that leaves while it is asked is still in the page of the scrape that asked it."""

    async def main() -> None:
        async with site() as here:
            here.add("fraud")
            await here.reloader.reload()
            await here.page()
            here.world.faults.add(Fault(kind="latency", value=0.3))
            scrape = asyncio.create_task(here.page())
            await arrival(here.world)
            here.file["projects"][0]["graphs"].pop(0)
            assert await here.reloader.reload() == ()
            assert value(await scrape, 'ges_up{graph="movie"') == "1.0"
            assert value(await here.page(), 'ges_up{graph="movie"') is None

    asyncio.run(main())


@pytest.mark.parametrize("zones", [["+09:00"], ["+09:00", "+10:00"]])
def test_a_target_asked_anew_waits_for_its_old_listing(zones: list[str]) -> None:
    """Changed settings do not put two listings of one target under way at once, however often they change."""

    async def main() -> None:
        async with site() as here:
            await here.page()
            here.world.faults.add(Fault(kind="latency", value=0.3))
            scrape = asyncio.create_task(here.page())
            await arrival(here.world)
            for zone in zones:
                here.file["projects"][0]["graphs"][0]["timezone"] = zone
                await here.reloader.reload()
            here.world.requests.clear()
            assert value(await here.page(), 'ges_up{graph="movie"') == "1.0"
            assert value(await scrape, 'ges_up{graph="movie"') == "1.0"
            assert here.world.requests.peak == 1

    asyncio.run(main())


def test_changed_bounds_begin_the_histograms_anew() -> None:
    """Other buckets mean another histogram, with a creation time of its own."""

    async def main() -> None:
        async with site() as here:
            await here.page()
            here.world.projects[PROJECT].graphs["movie"].jobs.submit(
                Plan(job_type="Algorithm", algorithm="pagerank", run=0.0)
            )
            count = 'ges_job_duration_seconds_count{algorithm="pagerank",graph="movie"'
            assert value(await here.page(), count) == "1.0"
            here.file["histogram"] = {"duration_buckets": [1, 2, 3]}
            await here.reloader.reload()
            page = await here.page()
            assert value(page, count) == "0.0"
            bounds = [line for line in page.splitlines() if line.startswith("ges_job_duration_seconds_bucket")]
            assert [line.split('le="')[1].split('"')[0] for line in bounds] == ["1.0", "2.0", "3.0", "+Inf"]

    asyncio.run(main())


def test_the_ledgers_path_cannot_change() -> None:
    """Where the ledger lies is settled at the start."""

    async def main() -> None:
        async with site() as here:
            here.file["ledger"] = {"path": "elsewhere.db"}
            faults = await here.reloader.reload()
            assert [fault.partition(":")[0] for fault in faults] == ["ledger.path"]
            with pytest.raises(ConfigError) as refused:
                here.exporter.reload(here.config())
            assert refused.value.faults == faults

    asyncio.run(main())
