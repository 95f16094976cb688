"""An exporter over real sockets whose targets break: what each costs, and what stays untouched."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import sys
import threading
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import structlog
import yaml

from ges_exporter.dialects import DIALECTS
from ges_exporter.exporter import Exporter
from ges_exporter.families import FAMILIES
from ges_exporter.simulator import File, Plan, World, create_app, serve
from ges_exporter.simulator.faults import parse
from ges_exporter.threads import allow_many_lookups
from ges_exporter.web import Options
from ges_exporter.web import create_app as create_web
from tests.exposed import Samples, samples_of, with_labels
from tests.serving import asking, exporting, listening, small_world, watching
from tests.settings import parsed
from tests.simulated import PROJECT, Clock, arrival
from tests.wires import HEAD, answering, drip, endless_body, never, reset, wire

BROKEN = {
    "hangs": (never, "timeout"),
    "drips": (drip, "timeout"),
    "resets": (answering(HEAD, then=reset), "connect"),
    "speaks-html": (answering(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>"), "decode"),
    "redirects": (
        answering(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n"),
        "http_3xx",
    ),
    "fails": (answering(b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n"), "http_5xx"),
    "never-ends": (endless_body, "too_large"),
}
GOOD = [f"good-{i}" for i in range(13)]
UNRESOLVED = 40
"""More than there are threads in any event loop as it comes."""


async def page(exporter: Exporter, seconds: float | None = None, path: str = "/metrics") -> Samples:
    """What Prometheus is answered whose own limit is ``seconds``."""
    headers = {} if seconds is None else {"X-Prometheus-Scrape-Timeout-Seconds": str(seconds)}
    async with asking(exporter) as client:
        answer = await client.get(path, headers=headers)
    assert answer.status_code == 200, answer.text
    return samples_of(answer.text)


def value(samples: Samples, name: str, **labels: str) -> float:
    """The one sample of a name that has the labels."""
    (found,) = [number for (sample, _), number in with_labels(samples, **labels).items() if sample == name]
    return found


def graphs(urls: Mapping[str, str], **scrape: Any) -> dict[str, Any]:  # noqa: ANN401 - as the file has it
    """A configuration of graphs by name and URL."""
    found = [{"name": name, "endpoint": url} for name, url in urls.items()]
    return {
        "ledger": {"path": ":memory:"},
        "scrape": {"max_response_bytes": "1MiB", **scrape},
        "projects": [{"name": "demo", "project_id": PROJECT, "graphs": found}],
    }


@asynccontextmanager
async def thirteen_of_twenty() -> AsyncIterator[Exporter]:
    """An exporter of thirteen good graphs among seven that are broken in seven ways."""
    world = World()
    project = world.add_project("demo", PROJECT)
    for number, name in enumerate(GOOD):
        for i in range(number + 1):
            project.add_graph(name) if i == 0 else None
            project.graphs[name].jobs.submit(Plan(job_type="Algorithm", algorithm="pagerank", after=-99, run=1))
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(serve(create_app(world)))
        urls = dict.fromkeys(GOOD, url)
        for name, (handler, _) in BROKEN.items():
            server = await stack.enter_async_context(wire(handler))
            urls[name] = f"http://127.0.0.1:{server.port}"
        exporter = Exporter(parsed(graphs(dict(sorted(urls.items(), reverse=True)))))
        yield exporter
        await exporter.aclose()


def test_thirteen_of_twenty_targets() -> None:
    """Seven targets broken in seven ways, three seconds: an answer in time, thirteen whole."""

    async def main() -> tuple[list[Samples], list[float]]:
        pages, took = [], []
        async with thirteen_of_twenty() as exporter:
            for seconds in (3.0, 2.0):
                begin = time.monotonic()
                pages.append(await page(exporter, seconds))
                took.append(time.monotonic() - begin)
        return pages, took

    pages, took = asyncio.run(main())
    # The deadline is the promise; so it is measured.
    assert took[0] < 3.0
    assert took[1] < 2.0
    for count, samples in enumerate(pages, 1):
        up = {dict(labels)["graph"]: number for (name, labels), number in samples.items() if name == "ges_up"}
        assert up == {**dict.fromkeys(GOOD, 1), **dict.fromkeys(BROKEN, 0)}
        for number, name in enumerate(GOOD, 1):
            assert value(samples, "ges_jobs", graph=name, status="success") == number
            assert value(samples, "ges_scrape_truncated", graph=name) == 0
        errors = {
            (dict(labels)["graph"], dict(labels)["reason"]): number
            for (name, labels), number in samples.items()
            if name == "ges_scrape_errors_total" and number
        }
        assert errors == {(name, reason): count for name, (_, reason) in BROKEN.items()}


@pytest.fixture
def silence(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Until it is set, no name server answers for a name in ``.invalid``."""
    look_up, over = socket.getaddrinfo, threading.Event()

    def answer(host: Any, *rest: Any, **named: Any) -> Any:  # noqa: ANN401 - as in the standard library
        name = host.decode() if isinstance(host, bytes) else host
        if not name.endswith(".invalid"):
            return look_up(host, *rest, **named)
        over.wait(30)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    return over


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_names_that_nobody_resolves(host: str, silence: threading.Event) -> None:
    """While a name server leaves many names unanswered, the page comes in time, with all graphs that can be reached."""

    async def main() -> tuple[Samples, float]:
        allow_many_lookups()
        unknown = {f"unknown-{number}": f"http://graph-{number}.invalid" for number in range(UNRESOLVED)}
        async with exporting(
            small_world(), lambda url: graphs({**unknown, "movie": url.replace("127.0.0.1", host)}), network=True
        ) as exporter:
            begin = time.monotonic()
            try:
                return await page(exporter, 3.0), time.monotonic() - begin
            finally:
                silence.set()

    samples, took = asyncio.run(main())
    assert took < 3.0
    up = {dict(labels)["graph"]: number for (name, labels), number in samples.items() if name == "ges_up"}
    assert [name for name, number in up.items() if number] == ["movie"]
    assert value(samples, "ges_scrape_errors_total", graph="unknown-0", reason="timeout") == 1


LEDGER_FAMILIES = [
    "ges_jobs_discovered_total",
    "ges_jobs_finished_total",
    "ges_job_duration_seconds",
    "ges_job_last_start_timestamp_seconds",
    "ges_job_last_success_timestamp_seconds",
    "ges_job_last_failure_timestamp_seconds",
    "ges_job_last_success_duration_seconds",
    "ges_import_lines_total",
    "ges_import_failed_lines_total",
    "ges_import_files_total",
    "ges_import_files_unreported_total",
    "ges_import_last_lines",
    "ges_import_last_failed_lines",
    "ges_scrape_last_success_timestamp_seconds",
    "ges_target_first_listing_timestamp_seconds",
]
LISTING_FAMILIES = [
    "ges_jobs",
    "ges_job_oldest_pending_timestamp_seconds",
    "ges_job_oldest_running_timestamp_seconds",
    "ges_job_start_timestamp_seconds",
    "ges_job_progress_ratio",
    "ges_import_listed_lines",
]


def busy_world() -> World:
    """Both graphs of `small_world` with what fills the families."""
    world = small_world()
    for name, graph in world.projects[PROJECT].graphs.items():
        file = File(kind="edge", name="e.csv", lines=10, failed_lines=1)
        graph.jobs.submit(Plan(job_type="ImportGraph", id=f"{name}-import", after=-90, run=9, files=(file,)))
        graph.jobs.submit(Plan(job_type="Algorithm", algorithm="pagerank", after=-80, run=9))
        graph.jobs.submit(Plan(job_type="Algorithm", algorithm="pagerank", after=-70, run=9, outcome="failed"))
        graph.jobs.submit(Plan(job_type="Algorithm", algorithm="pagerank", after=-60, run=999))
        graph.jobs.submit(Plan(job_type="Algorithm", algorithm="pagerank", after=-50, wait=999))
    return world


def of(samples: Samples, families: list[str], graph: str) -> dict[Any, float]:
    """The samples of some families of a graph."""
    starts = tuple(families)
    return {
        (name, labels): number
        for (name, labels), number in with_labels(samples, graph=graph, plane="service").items()
        if name in starts or name.removesuffix("_bucket").removesuffix("_sum").removesuffix("_count") in starts
    }


def test_a_listing_that_fails_leaves_what_is_remembered() -> None:
    """The graph's listing families are gone, those of its ledger are as they were, and nothing else is touched."""
    world = busy_world()

    async def main() -> tuple[Samples, Samples]:
        async with exporting(world) as exporter:
            await page(exporter)
            for graph in world.projects[PROJECT].graphs.values():
                graph.jobs.submit(Plan(job_type="Algorithm", algorithm="pagerank", after=-40, run=9))
            before = await page(exporter)
            world.faults.add(parse("html,graph=movie"))
            return before, await page(exporter)

    before, after = asyncio.run(main())
    assert set(LEDGER_FAMILIES + LISTING_FAMILIES) <= {family.name for family in FAMILIES}
    assert value(after, "ges_up", graph="movie", plane="service") == 0
    assert of(before, LISTING_FAMILIES, "movie")
    assert not of(after, LISTING_FAMILIES, "movie")
    assert of(before, LEDGER_FAMILIES, "movie")
    assert of(after, LEDGER_FAMILIES, "movie") == of(before, LEDGER_FAMILIES, "movie")
    assert of(after, LEDGER_FAMILIES + LISTING_FAMILIES, "fraud") == of(
        before, LEDGER_FAMILIES + LISTING_FAMILIES, "fraud"
    )
    assert value(before, "ges_jobs_finished_total", graph="movie", status="success", algorithm="pagerank") == 1


def test_details_that_hang_do_not_hide_the_list() -> None:
    """While the details of an import hang, the task centre is up, its jobs are counted, and the deadline holds."""
    world = small_world()
    centre, instance = world.projects[PROJECT].centre, world.projects[PROJECT].instances["movie"]

    async def main() -> tuple[Samples, Samples]:
        async with exporting(world) as exporter:
            await page(exporter, path="/probe?project=demo")
            centre.submit(Plan(job_type="ImportGraph", graph="movie", id="late", after=-9, run=1, files=IMPORTED))
            world.faults.add(parse(f"hang,graph={instance.id}"))
            hanging = await page(exporter, 1.5, "/probe?project=demo")
            world.faults.clear()
            return hanging, await page(exporter, path="/probe?project=demo")

    hanging, after = asyncio.run(main())
    assert value(hanging, "ges_up", plane="management") == 1
    assert value(hanging, "ges_jobs_finished_total", job_type="ImportGraph", status="success") == 1
    assert value(hanging, "ges_import_lines_total", graph="movie", kind="edge") == 0
    assert value(after, "ges_jobs_finished_total", job_type="ImportGraph", status="success") == 1
    assert value(after, "ges_import_lines_total", graph="movie", kind="edge") == 10


IMPORTED = (File(kind="edge", name="e.csv", lines=10, failed_lines=1),)


def test_twenty_details_in_a_scrape() -> None:
    """Of many finished imports twenty are asked about in a scrape, the others in the next ones, each once."""
    world = small_world()
    centre = world.projects[PROJECT].centre

    def asked() -> int:
        return sum(entry.path.endswith("/status") for entry in world.requests.latest)

    async def main() -> list[int]:
        async with exporting(world) as exporter:
            await page(exporter, path="/probe?project=demo")
            for i in range(25):
                centre.submit(Plan(job_type="ImportGraph", graph="movie", id=str(i), after=-9, run=1, files=IMPORTED))
            counts = [0]
            for _ in range(3):
                samples = await page(exporter, path="/probe?project=demo")
                counts.append(asked())
            assert value(samples, "ges_import_lines_total", graph="movie", kind="edge") == 250
            return [after - before for before, after in pairwise(counts)]

    assert asyncio.run(main()) == [20, 5, 0]


def test_a_back_off_is_shown_while_it_lasts() -> None:
    """``ges_exporter_backoff_until_timestamp_seconds`` is there for an endpoint that is left alone, and then gone."""
    clock = Clock()
    world = small_world(clock)
    name = "ges_exporter_backoff_until_timestamp_seconds"

    async def main() -> tuple[float, list[dict[Any, float]], float]:
        async with exporting(world) as exporter:
            world.faults.add(parse("throttle=100,times=3"))
            shown = []
            for seconds in (0, 60, 60):
                clock.advance(seconds)
                samples = await page(exporter)
                shown.append({key: number for key, number in samples.items() if key[0] == name})
            ups = sum(number for (sample, _), number in samples.items() if sample == "ges_up")
            return world.born, shown, ups

    born, shown, ups = asyncio.run(main())
    until = pytest.approx(born + 100, abs=0.1)
    assert [list(one.values()) for one in shown] == [[until], [until], []]
    assert ups == 3


def test_a_bug_is_loud(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """A mistake in a dialect is HTTP 500 with a traceback in the log, not a target that is down; and it passes."""

    def mistaken(_: bytes) -> Any:  # noqa: ANN401 - it returns nothing
        raise ZeroDivisionError("a mistake in a dialect")

    async def main() -> None:
        async with (
            exporting(small_world()) as exporter,
            listening(create_web(exporter, Options())) as url,
            httpx.AsyncClient() as client,
        ):
            with monkeypatch.context() as patched:
                patched.setitem(DIALECTS, "v2", msgspec.structs.replace(DIALECTS["v2"], parse=mistaken))
                answer = await client.get(f"{url}/metrics")
                assert (answer.status_code, "mistake" in answer.text) == (500, False)
                others = await client.get(f"{url}/metrics?collect[]=service")
                assert value(samples_of(others.text), "ges_up", graph="movie", plane="service") == 1
            healed = await client.get(f"{url}/metrics")
            assert value(samples_of(healed.text), "ges_up", plane="management") == 1

    asyncio.run(main())
    assert "a mistake in a dialect" in caplog.text
    assert "Traceback" in caplog.text


def test_a_client_that_disconnects_costs_nothing() -> None:
    """A scrape whose client has gone is finished all the same; the next one is answered as if nothing had been."""
    world = small_world()
    world.faults.add(parse("latency=300ms,times=3"))

    async def main() -> Samples:
        async with exporting(world) as exporter, listening(create_web(exporter, Options())) as url:
            host, _, port = url.removeprefix("http://").rpartition(":")
            _, writer = await asyncio.open_connection(host, int(port))
            writer.write(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
            await arrival(world)
            writer.transport.abort()
            async with httpx.AsyncClient() as client:
                return samples_of((await client.get(f"{url}/metrics")).text)

    samples = asyncio.run(main())
    assert sum(number for (name, _), number in samples.items() if name == "ges_up") == 3
    assert not [key for key in samples if key[0] == "ges_scrape_errors_total"]
    assert world.requests.asked() == 3, "the second scrape awaited what the first had begun"


TOKEN = "-".join(f"token{i:04}" for i in range(300))


@pytest.mark.parametrize("kind", ["password", "token"])
def test_a_token_that_is_echoed_is_told_to_nobody(kind: str, tmp_path: Path) -> None:
    """A server that repeats the token in its error message gets it neither into a log nor on a page."""
    sent: list[str] = []

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        token = re.split(r"(?i)x-auth-token: ", head)[1].partition("\r\n")[0]
        sent.append(token)
        body = msgspec.json.encode({"error_code": "GES.0001", "error_msg": f"I do not know {token}, who are you?"})
        writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))

    world = small_world()
    world.iam.users["acme", "monitor"] = "correct-horse-battery"
    (tmp_path / "token").write_text(TOKEN)

    async def main() -> str:
        async with serve(create_app(world)) as iam, wire(echo) as server:
            credentials = {
                "password": {
                    "type": "password",
                    "domain": "acme",
                    "username": "monitor",
                    "password": "correct-horse-battery",
                    "iam_endpoint": iam,
                },
                "token": {"type": "token", "token_file": str(tmp_path / "token")},
            }
            configuration = graphs({"movie": f"http://127.0.0.1:{server.port}"})
            configuration["credentials"] = {"prod": credentials[kind]}
            configuration["projects"][0]["credentials"] = "prod"
            exporter = Exporter(parsed(configuration))
            async with asking(exporter) as client:
                paths = ("/metrics", "/", "/jobs", "/jobs?format=json", "/config", "/sd")
                pages = [(await client.get(path)).text for path in paths]
            await exporter.aclose()
            return "".join(pages)

    with structlog.testing.capture_logs() as logged:
        told = asyncio.run(main()) + repr(logged)
    assert "GES.0001" in told, "the rest of the message is of use"
    tokens = {*world.iam.tokens, TOKEN} if kind == "password" else {TOKEN}
    assert sent
    assert tokens >= set(sent)
    for token in tokens:
        assert not any(token[i : i + 24] in told for i in range(len(token) - 24))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_the_scrape_finish(number: signal.Signals, tmp_path: Path) -> None:
    """SIGTERM in the middle of a slow scrape: it is answered in full, then the process ends, with status 0."""
    world = small_world()
    world.faults.add(parse("latency=500ms"))

    async def main() -> tuple[Samples, int | None, str]:
        async with serve(create_app(world)) as url:
            file = tmp_path / "ges-exporter.yml"
            file.write_text(yaml.safe_dump({**watching(url), "ledger": {"path": "ledger.db"}}))
            command = ["-m", "ges_exporter", "--config.file", str(file), "--web.listen-address", "127.0.0.1:0"]
            process = await asyncio.create_subprocess_exec(
                sys.executable, *command, stderr=asyncio.subprocess.PIPE, env=dict(os.environ)
            )
            assert process.stderr is not None
            lines: list[str] = []
            while not (address := re.search(r"http://127\.0\.0\.1:\d+", "".join(lines))):
                lines.append((await process.stderr.readline()).decode())
            async with httpx.AsyncClient() as client:
                scrape = asyncio.create_task(client.get(f"{address[0]}/metrics"))
                await arrival(world)
                process.send_signal(number)
                answer = await scrape
            _, rest = await process.communicate()
            return samples_of(answer.text), process.returncode, "".join(lines) + rest.decode()

    samples, status, log = asyncio.run(main())
    assert sum(value for (name, _), value in samples.items() if name == "ges_up") == 3
    assert status == 0, log
    assert "Traceback" not in log
