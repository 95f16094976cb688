"""The command ``ges-simulator``, as a process."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from ges_exporter import __version__
from ges_exporter.simulator.cli import main
from ges_exporter.simulator.faults import KINDS
from ges_exporter.simulator.scenarios.fleet import PROJECT_ID as FLEET
from ges_exporter.simulator.scenarios.schedule import PROJECT_ID as LIVING

COMMAND = str(Path(sys.executable).parent / "ges-simulator")


@asynccontextmanager
async def running(*flags: str) -> AsyncIterator[tuple[str, Process]]:
    """The command on a free port: its URL, as it prints it, and the process."""
    process = await asyncio.create_subprocess_exec(
        COMMAND, "--listen-address", "127.0.0.1:0", *flags, stdout=PIPE, stderr=PIPE
    )
    assert process.stdout is not None
    line = (await process.stdout.readline()).decode()
    assert line.startswith("listening on http://127.0.0.1:"), line
    try:
        yield line.split()[-1], process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.mark.parametrize(
    ("flags", "path"),
    [
        (("--scenario", "living"), f"/ges/v1.0/{LIVING}/graphs/movie/jobs/status"),
        (("--scenario", "pages"), "/ges/v1.0/any/graphs/movie/jobs/status"),
        (("--scenario", "fleet", "--graphs", "2", "--jobs", "5"), f"/ges/v1.0/{FLEET}/graphs/graph-0001/jobs/status"),
    ],
)
def test_each_scenario_answers_and_stops_cleanly(flags: tuple[str, ...], path: str) -> None:
    """The address is printed once it listens; SIGTERM ends it with 0 and nothing on standard error."""

    async def scenario() -> tuple[int, int, bytes]:
        async with running(*flags) as (url, process), httpx.AsyncClient() as session:
            answer = await session.get(url + path)
            process.send_signal(signal.SIGTERM)
            _, errors = await process.communicate()
            assert process.returncode is not None
            return answer.status_code, process.returncode, errors

    assert asyncio.run(scenario()) == (200, 0, b"")


def test_sigterm_does_not_wait_for_what_hangs() -> None:
    """A request that is never answered is cut."""

    async def scenario() -> int:
        async with running("--fault", "hang,path=/ges/", "--latency", "1ms") as (url, process):
            async with httpx.AsyncClient(base_url=url) as session:
                hanging = asyncio.create_task(session.get(f"/ges/v1.0/{LIVING}/graphs", timeout=None))
                while not (await session.get("/simulator/requests")).json()["under_way"]:
                    pass
                process.send_signal(signal.SIGTERM)
                with pytest.raises(httpx.RemoteProtocolError):
                    await hanging
            return await process.wait()

    assert asyncio.run(scenario()) == 0


def test_the_flags_reach_the_world() -> None:
    """Token lifetime, faults and bare addresses."""

    async def scenario() -> tuple[str, str, str]:
        flags = ("--token-lifetime", "90s", "--plain-addresses", "--fault", "html,path=/v1.0/")
        user = {"name": "demo", "password": "demo", "domain": {"name": "demo"}}
        identity = {"methods": ["password"], "password": {"user": user}}
        body = {"auth": {"identity": identity, "scope": {"project": {"id": LIVING}}}}
        async with running(*flags) as (url, _), httpx.AsyncClient(base_url=url) as session:
            token = (await session.post("/v3/auth/tokens", json=body)).json()["token"]
            graphs = (await session.get(f"/v2/{LIVING}/graphs")).json()["graphs"]
            page = await session.get(f"/v1.0/{LIVING}/graphs")
        seconds = str(_seconds(token["expires_at"]) - _seconds(token["issued_at"]))
        return seconds, graphs[0]["private_ip"], page.headers["Content-Type"]

    seconds, address, kind = asyncio.run(scenario())
    assert float(seconds) == pytest.approx(90, abs=1)
    assert (address, kind) == ("127.0.0.1", "text/html")


def _seconds(moment: str) -> float:
    hours, minutes, seconds = moment.rstrip("Z").partition("T")[2].split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


@pytest.mark.parametrize(
    "flags",
    [
        ("--listen-address", "nowhere"),
        ("--scenario", "bogus"),
        ("--fault", "bogus"),
        ("--fault", "hang,times=often"),
        ("--latency", "soon"),
    ],
)
def test_bad_flags_are_refused(flags: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    """Exit status 2, and a sentence with the wrong word."""
    with pytest.raises(SystemExit) as stopped:
        main(flags)
    assert stopped.value.code == 2
    assert flags[1].partition("=")[2] in capsys.readouterr().err


def test_the_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    """And the exit status is 0."""
    with pytest.raises(SystemExit) as stopped:
        main(["--version"])
    assert (stopped.value.code, capsys.readouterr().out) == (0, f"ges-simulator {__version__}\n")


def test_the_help_names_every_fault(capsys: pytest.CaptureFixture[str]) -> None:
    """With what it does."""
    with pytest.raises(SystemExit):
        main(["--help"])
    text = capsys.readouterr().out
    assert all(kind in text and meaning in text for kind, meaning in KINDS.items())


def test_an_address_that_is_taken_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit status 1 and a sentence, no traceback."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert main(["--listen-address", f"127.0.0.1:{taken.getsockname()[1]}"]) == 1
    assert "in use" in capsys.readouterr().err
