"""What is logged of listings: each failure once, each change of a target's state once, and never a secret."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stderr
from typing import Any

import pytest

from ges_exporter import logs
from ges_exporter.simulator import Fault, Plan, World
from tests.serving import pages, run, small_world, watching
from tests.simulated import PROJECT, Clock

pytestmark = pytest.mark.usefixtures("own_logging")


class Scene:
    """A world that is scraped now and then, and what is logged meanwhile."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.world: World = small_world(self.clock)
        self.movie = self.world.projects[PROJECT].graphs["movie"].jobs
        self.centre = self.world.projects[PROJECT].centre

    def play(self, *steps: object) -> list[dict[str, Any]]:
        """Scrapes once, then again after each step; returns the lines of the log."""

        async def main() -> None:
            async with pages(self.world) as client:
                await client.get("/metrics")
                for step in steps:
                    if callable(step):
                        step()
                    self.clock.advance(60)
                    await client.get("/metrics", headers={"X-Prometheus-Scrape-Timeout-Seconds": "1"})

        log = io.StringIO()
        with redirect_stderr(log):
            logs.configure("info", "json")
            run(main)
        return [json.loads(line) for line in log.getvalue().splitlines()]


def told(lines: list[dict[str, Any]], message: str) -> list[dict[str, Any]]:
    """The lines with a message, without their time."""
    return [{key: value for key, value in line.items() if key != "ts"} for line in lines if line["msg"] == message]


def test_a_failed_job_is_one_line() -> None:
    """With all that Loki should find it by; what a first listing shows is history and makes none."""
    scene = Scene()
    scene.movie.submit(Plan(id="old", job_type="Algorithm", after=-60, run=5, outcome="failed"))
    plan = Plan(
        id="new", job_type="Algorithm", algorithm="pagerank", after=5, run=30, outcome="failed", reason="no memory"
    )
    scene.movie.submit(plan)
    assert told(scene.play(None, None, None), "a job failed") == [
        {
            "level": "warn",
            "logger": "ges_exporter",
            "msg": "a job failed",
            "project": "demo",
            "graph": "movie",
            "plane": "service",
            "job_type": "Algorithm",
            "algorithm": "pagerank",
            "job_id": "new",
            "status": "failed",
            "duration_seconds": 30.0,
            "reason": "no memory",
        }
    ]


def test_a_job_of_a_task_centre_names_its_graph() -> None:
    """And a partial failure is a failure, too."""
    scene = Scene()
    scene.centre.submit(Plan(job_type="ImportGraph", graph="fraud", after=5, run=10, outcome="partiallyFailed"))
    (line,) = told(scene.play(None, None), "a job failed")
    assert (line["graph"], line["plane"], line["status"]) == ("fraud", "management", "partially_failed")


def test_success_is_silent() -> None:
    """Only what somebody may have to look at is a line."""
    scene = Scene()
    scene.movie.submit(Plan(job_type="Algorithm", after=5, run=10))
    assert told(scene.play(None, None), "a job failed") == []


def test_a_target_that_goes_down_and_comes_back() -> None:
    """One line each, however many scrapes it takes."""

    def down() -> None:
        scene.world.faults.add(Fault(kind="html", graph="movie"))

    scene = Scene()
    lines = scene.play(down, None, None, scene.world.faults.clear, None)
    (gone,) = told(lines, "a target is down")
    (back,) = told(lines, "a target is back")
    assert (gone["graph"], gone["reason"], gone["level"]) == ("movie", "decode", "warn")
    assert back == {
        "level": "info",
        "logger": "ges_exporter",
        "msg": "a target is back",
        "project": "demo",
        "graph": "movie",
        "plane": "service",
    }


def test_reasons_in_the_log_are_clean_and_short() -> None:
    """A log line is no place for keys, nor for novels."""
    scene = Scene()
    reason = "key HPUAABCDEFGHIJ234567 denied. " + "and so on " * 1000
    scene.movie.submit(Plan(job_type="ImportGraph", after=5, run=10, outcome="failed", reason=reason))
    (line,) = told(scene.play(None), "a job failed")
    assert line["reason"].startswith("key <secret> denied. and so on")
    assert len(line["reason"]) == 500


def test_an_unknown_word_is_told_once() -> None:
    """Whoever adds a status to the API should be noticed, not shout."""
    scene = Scene()
    for number in range(3):
        scene.movie.submit(Plan(job_type="Algorithm", after=-60 - number, run=5, outcome="paused"))
    lines = told(scene.play(None, None), "the API uses a value that is not known")
    assert [(line["field"], line["value"]) for line in lines] == [("status", "'paused'")]


def test_plain_http_is_told_once_for_all() -> None:
    """In one line that names the targets, not in one for each."""
    log = io.StringIO()

    async def main() -> None:
        credentials = {"open": {"type": "token", "token": "hunter22"}}

        def made(url: str) -> dict[str, Any]:
            content = watching(url, credentials=credentials)
            content["projects"][0]["credentials"] = "open"
            return content

        async with pages(small_world(), made):
            pass

    with redirect_stderr(log):
        logs.configure("info", "logfmt")
        run(main)
    (line,) = log.getvalue().splitlines()
    assert 'msg="credentials are sent over plain http" targets="demo/task centre,demo/movie,demo/fraud"' in line
