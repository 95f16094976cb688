"""Two regions and two accounts in one file, as the shipped example has them, against two simulated clouds."""

from __future__ import annotations

from pathlib import Path

import httpx

from ges_exporter.config import Config, load
from ges_exporter.exporter import Exporter
from ges_exporter.simulator import Plan, Project, World, create_app
from ges_exporter.simulator.signature import AccessKey
from tests import swift
from tests.discovering import add, clock, page, soon, up, value

EXAMPLE = Path(__file__).parents[1] / "config/examples/ges-exporter-two-regions.yml"
SECRETS = {"GES_PASSWORD_CN": "rabbit-hole", "GES_ACCESS_KEY_INTL": "AKEXAMPLE", "GES_SECRET_KEY_INTL": "looking-glass"}


class Cloud(httpx.AsyncBaseTransport):
    """Two regions, each with an IAM and graphs of its own; both use the same private addresses."""

    def __init__(self) -> None:
        self.north, self.south = World(clock, seed=1), World(clock, seed=2)
        self.north.iam.users["example-cn", "monitor"] = SECRETS["GES_PASSWORD_CN"]
        self.north.iam.accepts = frozenset({"token"})
        key = AccessKey(SECRETS["GES_SECRET_KEY_INTL"])
        self.south.iam.access_keys[SECRETS["GES_ACCESS_KEY_INTL"]] = key
        self.south.iam.accepts = frozenset({"aksk"})
        self.asked: list[httpx.Request] = []
        self._worlds = {
            "cn-north-4.myhuaweicloud.com": self.north,
            "ap-southeast-3.myhuaweicloud.com": self.south,
            "0123456789abcdef": self.north,
            "fedcba9876543210": self.south,
        }
        self._ways = {id(world): httpx.ASGITransport(create_app(world)) for world in (self.north, self.south)}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One request, to the region that its host names, or at a private address to that of the project."""
        self.asked.append(request)
        (world,) = {id(world): world for mark, world in self._worlds.items() if mark in str(request.url)}.values()
        return await self._ways[id(world)].handle_async_request(request)


def furnish(world: World, name: str, project_id: str, *graphs: str) -> Project:
    """A project with graphs, each with a finished job."""
    world.advertise_port = False
    project = world.add_project(name, project_id)
    for graph in graphs:
        add(project, graph)
        project.graphs[graph].jobs.submit(Plan(job_type="Algorithm", algorithm="pagerank", after=-9, run=1))
    project.centre.submit(Plan(job_type="ExportGraph", graph=graphs[0], after=-9, run=1))
    return project


def example() -> Config:
    """The example as it stands, but that its ledger is kept in memory."""
    return load(EXAMPLE, SECRETS).with_ledger_path(":memory:")


def test_each_project_is_asked_in_its_region_with_its_own_credentials() -> None:
    """Tokens of the one, signatures of the other account; graphs of the same names and addresses are kept apart."""

    async def main() -> None:
        cloud = Cloud()
        north = furnish(cloud.north, "north", "0123456789abcdef0123456789abcdef", "movie", "fraud", "tmp-1")
        furnish(cloud.south, "south", "fedcba9876543210fedcba9876543210", "movie", "tmp-2")
        exporter = Exporter(example(), clock=clock, transport=cloud)
        await soon()
        targets = [(target.project, target.graph) for target in exporter.targets]
        assert targets == [
            ("cn-prod", ""),
            ("cn-prod", "fraud"),
            ("cn-prod", "movie"),
            ("intl-prod", ""),
            ("intl-prod", "movie"),
        ]
        samples = await page(exporter)
        assert set(up(samples).values()) == {1}
        for project, region in (("cn-prod", "cn-north-4"), ("intl-prod", "ap-southeast-3")):
            labels = {"project": project, "graph": "movie", "plane": "service", "region": region, "api": "memory"}
            number = "0123456789abcdef" if project == "cn-prod" else "fedcba9876543210"
            assert value(samples, "ges_target_info", **labels, project_id=2 * number) == 1
        assert cloud.north.iam.tokens_made == 1
        assert cloud.south.iam.tokens_made == 0
        for request in cloud.asked:
            of_north = north.id in str(request.url)
            assert not (of_north and "Authorization" in request.headers)
            assert not (not of_north and "X-Auth-Token" in request.headers)
        await exporter.aclose()

    swift.run(main())


def test_one_account_that_is_refused_harms_no_other() -> None:
    """The other region goes on as if nothing were the matter."""

    async def main() -> None:
        cloud = Cloud()
        furnish(cloud.north, "north", "0123456789abcdef0123456789abcdef", "movie")
        furnish(cloud.south, "south", "fedcba9876543210fedcba9876543210", "movie")
        cloud.north.iam.users.clear()
        exporter = Exporter(example(), clock=clock, transport=cloud)
        await soon()
        samples = await page(exporter)
        shown = {
            (dict(labels)["project"], dict(labels)["graph"]): number
            for (name, labels), number in samples.items()
            if name == "ges_up"
        }
        assert shown == {("cn-prod", ""): 0, ("intl-prod", ""): 1, ("intl-prod", "movie"): 1}
        assert value(samples, "ges_discovery_errors_total", project="cn-prod", reason="auth") == 1
        await exporter.aclose()

    swift.run(main())
