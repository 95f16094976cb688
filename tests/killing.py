"""A simulated GES at work, and the real exporter that watches it, is killed at any moment, and is started again."""

from __future__ import annotations

import asyncio
import re
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import httpx
import yaml
from prometheus_client.parser import text_string_to_metric_families

from ges_exporter.simulator import World, create_app, serve
from ges_exporter.simulator.joblist import JobList
from ges_exporter.simulator.jobs import File, Kind, Plan
from tests.simulated import PROJECT

Totals = Counter[tuple[str, ...]]
"""By name, plane, graph and the other labels."""
OUTCOMES = ("success", "failed", "partiallyFailed", "stopped")
NAMES = {
    "ges_jobs_discovered_total": ("job_type", "algorithm"),
    "ges_jobs_finished_total": ("job_type", "algorithm", "status"),
    "ges_job_duration_seconds_sum": ("job_type", "algorithm", "status"),
    "ges_import_lines_total": ("kind",),
    "ges_import_failed_lines_total": ("kind",),
    "ges_import_files_total": ("kind", "status"),
    "ges_import_files_unreported_total": ("kind",),
    "ges_jobs_vanished_total": ("job_type", "algorithm"),
    "ges_jobs_late_total": ("job_type", "algorithm", "status"),
}


class Works:
    """A world whose jobs come and end within the second.

    It has three graphs, one of them of the database edition, and a task centre.
    """

    def __init__(self, chance: Random) -> None:
        self.world = World()
        self.world.iam.accepts = frozenset({"anything"})
        self._chance = chance
        project = self.world.add_project("demo", PROJECT)
        self._memory = project.add_graph("movie").jobs
        self._database = project.add_graph("chain", "database").jobs
        project.add_graph("fraud")
        self._centre = project.centre
        for jobs in self.lists:
            for age in (500.0, 400.0, 2.0):
                self._submit(jobs, after=-age)

    @property
    def lists(self) -> tuple[JobList, ...]:
        """All lists of jobs."""
        return (self._memory, self._database, self._centre)

    def submit(self) -> None:
        """A few jobs come, here and there."""
        for jobs in self.lists:
            for _ in range(self._chance.randint(0, 3)):
                self._submit(jobs)

    def prune(self, since: float) -> None:
        """Takes out half of what had ended before ``since``, Unix seconds, and needs not be asked about any more."""
        for jobs in self.lists:
            for job in jobs.visible():
                asked = jobs is self._centre and job.plan.job_type == "ImportGraph"
                if job.ends < since and not asked and self._chance.random() < 0.5:
                    jobs.remove(job.id)

    def turn(self) -> None:
        """Puts the lists into another order."""
        for jobs in self.lists:
            jobs.order = self._chance.choice(["newest", "oldest", "shuffled"])

    @property
    def busy(self) -> bool:
        """Whether a job has not ended."""
        return any(not job.finished(self.world.clock()) for jobs in self.lists for job in jobs.visible())

    def _submit(self, jobs: JobList, after: float = 0.0) -> None:
        chance = self._chance
        other = {self._memory: "Algorithm", self._database: "import_graph", self._centre: "ClearGraph"}[jobs]
        job_type = "ImportGraph" if chance.random() < 0.3 and jobs is not self._database else other
        jobs.submit(
            Plan(
                job_type=job_type,
                algorithm=chance.choice(["pagerank", "wcc"]) if job_type == "Algorithm" else "",
                graph=chance.choice(["movie", "fraud"]) if jobs is self._centre else "",
                after=after,
                wait=chance.uniform(0, 0.3),
                run=chance.uniform(0, 0.5),
                outcome="complete" if jobs is self._database else chance.choice(OUTCOMES),
                files=tuple(self._files()) if job_type == "ImportGraph" else (),
                counts=chance.choice(["list", "details", "never"]) if jobs is self._centre else "list",
            )
        )

    def _files(self) -> Iterable[File]:
        kinds: tuple[Kind, ...] = ("vertex", "edge")
        for kind in kinds:
            lines = self._chance.choice([None, 10, 200])
            yield File(kind=kind, name=f"{kind}.csv", lines=lines, failed_lines=None if lines is None else lines // 10)


class Exporter:
    """The real program on one ledger, started again and again, and all that it has ever shown."""

    def __init__(self, folder: Path, url: str) -> None:
        folder.mkdir(exist_ok=True)
        self._file = folder / "ges-exporter.yml"
        self._file.write_text(yaml.safe_dump(_configuration(url)), encoding="utf-8")
        self._url = url
        self._http = httpx.AsyncClient(timeout=30)
        self._history: Totals = Counter()
        self.highest: Totals = Counter()

    async def first(self) -> None:
        """Meets the targets."""
        async with self.running() as address:
            await self.scrape(address)
        self._history = await self._books()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        """One run of the program, which ends by kill -9; yields its URL once it listens."""
        process = await self.start()
        try:
            yield await _address(process)
        finally:
            await kill(process)

    async def start(self) -> asyncio.subprocess.Process:
        """Starts the program, without waiting for more than that."""
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "ges_exporter",
            f"--config.file={self._file}",
            "--web.listen-address=127.0.0.1:0",
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )

    async def scrape(self, address: str, path: str = "/metrics") -> Totals:
        """One scrape that must succeed; what it shows must not have gone down, nor be more than is true."""
        page = (await self._http.get(address + path)).raise_for_status().text
        shown = _totals(page)
        fallen = self.highest - (shown if path == "/metrics" else self.highest | shown)
        assert not fallen, f"counters fell: {fallen}"
        self.highest |= shown
        invented = shown - await self.truth()
        assert not invented, f"jobs were invented: {invented}"
        return shown

    async def scrape_in_vain(self, address: str, path: str) -> None:
        """One scrape in the middle of which the program may die."""
        try:
            await self.scrape(address, path)
        except httpx.TransportError:
            return

    async def truth(self) -> Totals:
        """What has happened since the targets were met, by the simulator's books."""
        return await self._books() - self._history

    async def _books(self) -> Totals:
        answer = await self._http.get(f"{self._url}/simulator/books")
        return _accounted(answer.raise_for_status().json()["entries"])

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._http.aclose()


@asynccontextmanager
async def watched(folder: Path, works: Works) -> AsyncIterator[Exporter]:
    """Serves the world, and gives the exporter that watches it."""
    async with serve(create_app(works.world)) as url:
        exporter = Exporter(folder, url)
        try:
            yield exporter
        finally:
            await exporter.aclose()


async def kill(process: asyncio.subprocess.Process) -> None:
    """Ends a process, at once."""
    if process.returncode is None:
        process.kill()
    await process.communicate()


async def _address(process: asyncio.subprocess.Process) -> str:
    assert process.stderr is not None
    log = b""
    async for line in process.stderr:
        log += line
        if found := re.search(rb"addresses=(\S+)", line):
            return found[1].decode()
    raise AssertionError(f"it ended before it listened: {log.decode()}")


def _configuration(url: str) -> dict[str, Any]:
    return {
        "projects": [
            {
                "name": "demo",
                "project_id": PROJECT,
                "region": "simulated",
                "management": {"endpoint": url},
                "graphs": [{"name": "movie", "endpoint": url}, {"name": "chain", "endpoint": url}],
            }
        ]
    }


def _totals(page: str) -> Totals:
    """What a page counts."""
    totals: Totals = Counter()
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            if sample.name in NAMES:
                labels = sample.labels
                key = (sample.name, labels["plane"], labels["graph"], *(labels[name] for name in NAMES[sample.name]))
                totals[key] += round(sample.value)
    return +totals


def _accounted(entries: Iterable[dict[str, Any]]) -> Totals:
    """What the books count, under the names of the metrics."""
    totals: Totals = Counter()
    for entry in entries:
        place = (entry["plane"], entry["graph"])
        for job in entry["jobs"]:
            totals["ges_jobs_discovered_total", *place, job["job_type"], job["algorithm"]] = job["appeared"]
        for job in entry["finished"]:
            kind = (*place, job["job_type"], job["algorithm"], job["status"])
            totals["ges_jobs_finished_total", *kind] = job["count"]
            totals["ges_job_duration_seconds_sum", *kind] = job["seconds"] or 0
        for one in entry["imports"]:
            files = (*place, one["kind"])
            totals["ges_import_lines_total", *files] = one["lines"]
            totals["ges_import_failed_lines_total", *files] = one["failed_lines"]
            totals["ges_import_files_unreported_total", *files] = one["unreported"]
            for status, number in one["files"].items():
                totals["ges_import_files_total", *files, status] = number
    return totals
