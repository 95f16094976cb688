"""The command ``ges-exporter``: flags, exit statuses, what it writes where, and how it ends."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import httpx
import pytest
import yaml

from ges_exporter import __version__
from ges_exporter.cli import main
from ges_exporter.simulator import Fault, World, create_app, serve
from tests.certificates import Authority, web_config
from tests.serving import run, small_world, watching
from tests.simulated import arrival
from tests.test_web_auth import PASSWORD, hashed

NO_HASH = "expected a bcrypt hash of a cost from 4 to 18, such as htpasswd -nBC 10 writes: $2y$10$…"
NOBODY = "http://127.0.0.1:9"


pytestmark = pytest.mark.usefixtures("own_logging")


def written(folder: Path, content: Mapping[str, Any]) -> str:
    """A configuration as a file."""
    path = folder / "ges-exporter.yml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return str(path)


@contextmanager
def started(*flags: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command as a process, with the URL that its log tells."""
    command = [sys.executable, "-m", "ges_exporter", "--web.listen-address=127.0.0.1:0", *flags]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # noqa: S603 - ours
    try:
        assert process.stderr is not None
        yield process, address(process.stderr)
    finally:
        process.kill()
        process.communicate()


def address(log: IO[str]) -> str:
    """The URL that is told once it listens."""
    for line in log:
        if found := re.search(r"addresses=(\S+)", line):
            return found[1]
    raise AssertionError("it ended before it listened")


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    """On standard output, status 0."""
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert (ended.value.code, capsys.readouterr().out) == (0, f"ges-exporter {__version__}\n")


FLAGS = (
    "--config.file",
    "--config.check",
    "--web.listen-address",
    "--web.config.file",
    "--web.telemetry-path",
    "--web.enable-lifecycle",
    "--web.external-url",
    "--ledger.path",
    "--log.level",
    "--log.format",
    "--once",
    "--demo",
    "--version",
    "--help",
)


def test_help_tells_every_flag(capsys: pytest.CaptureFixture[str]) -> None:
    """Spelled as the Prometheus programs spell theirs."""
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    told = capsys.readouterr().out
    assert ended.value.code == 0
    assert [flag for flag in FLAGS if flag not in told] == []


BAD_FLAGS = {
    "--nope": "unrecognized arguments: --nope",
    "--web.listen=:1": "unrecognized arguments: --web.listen=:1",
    "--web.listen-address=9877": "expected HOST:PORT, [IPV6]:PORT or :PORT, got '9877'",
    "--web.telemetry-path=metrics": "expected a path such as /metrics, got 'metrics'",
    "--web.telemetry-path=/jobs": "expected a path of its own, got '/jobs'",
    "--web.telemetry-path=/": "expected a path of its own, got '/'",
    "--web.telemetry-path=/-/metrics": "expected a path of its own, got '/-/metrics'",
    "--web.telemetry-path=/{x}": "expected a path such as /metrics, got '/{x}'",
    "--web.external-url=ges-exporter": "expected a URL with http or https, got 'ges-exporter'",
    "--demo --config.check": "--config.check: there is no file to check with --demo",
    "--log.level=trace": "invalid choice: 'trace'",
    "--log.format=xml": "invalid choice: 'xml'",
}


@pytest.mark.parametrize(("flag", "complaint"), BAD_FLAGS.items(), ids=list(BAD_FLAGS))
def test_bad_flags(flag: str, complaint: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Status 2, with what was expected."""
    with pytest.raises(SystemExit) as ended:
        main(flag.split())
    assert ended.value.code == 2
    assert complaint in capsys.readouterr().err


def test_a_good_configuration(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Is checked without anything being started or written."""
    file = written(tmp_path, watching(NOBODY, ledger={"path": "ges-exporter.db"}))
    assert main(["--config.check", "--config.file", file]) == 0
    assert capsys.readouterr().out == f"{file}: 3 targets, no faults\n"
    assert [path.name for path in tmp_path.iterdir()] == ["ges-exporter.yml"]


@pytest.mark.parametrize("flags", [["--config.check"], ["--once"], []], ids=["check", "once", "serve"])
def test_every_fault_of_both_files(flags: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each with its file and place, status 1, nothing started."""
    file = written(tmp_path, {"projects": [{"name": "a", "graphs": [{"name": "b", "endpoint": "10.0.0.5"}]}]})
    web = web_config(tmp_path, basic_auth_users={"alice": "hunter2"}, nope=1)
    assert main([*flags, "--config.file", file, "--web.config.file", str(web)]) == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.splitlines() == [
        f"{file}: projects[0].project_id: expected a value, but the key is missing",
        f'{file}: projects[0].graphs[0].endpoint: expected a URL with http or https, got "10.0.0.5"',
        f"{web}: basic_auth_users.alice: {NO_HASH}",
        f"{web}: nope: unknown key",
    ]


def test_files_that_are_yet_to_come(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Secrets and certificates are read when they are needed; that they are not there yet is said, and is no fault."""
    (tmp_path / "there").touch()
    content = watching(NOBODY, credentials={"key": {"type": "token", "token_file": "token"}})
    content["credentials"]["other"] = {"type": "token", "token_file": "there"}
    content["projects"][0]["graphs"][0]["tls"] = {"ca_file": "ca.pem"}
    file = written(tmp_path, content)
    assert main(["--config.check", "--config.file", file]) == 0
    assert capsys.readouterr().err.splitlines() == [
        f"{file}: credentials.key.token_file: {tmp_path / 'token'} cannot be read now",
        f"{file}: projects[0].graphs[0].tls.ca_file: {tmp_path / 'ca.pem'} cannot be read now",
    ]


@pytest.mark.parametrize("flag", ["--config.file", "--web.config.file"])
def test_a_file_that_is_not_there(flag: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Named once."""
    missing = tmp_path / "missing.yml"
    file = written(tmp_path, watching(NOBODY))
    assert main(["--config.check", "--config.file", file, flag, str(missing)]) == 1
    assert capsys.readouterr().err == f"{missing}: cannot be read: No such file or directory\n"


def test_no_file_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Who starts it for the first time learns how to go on."""
    monkeypatch.chdir(tmp_path)
    assert main([]) == 1
    missing, hint = capsys.readouterr().err.splitlines()
    assert missing == "ges-exporter.yml: cannot be read: No such file or directory"
    assert "--config.file" in hint
    assert "--demo" in hint
    assert main(["--demo", "--web.config.file", "web.yml"]) == 1
    assert capsys.readouterr().err == "web.yml: cannot be read: No such file or directory\n"


def test_a_ledger_in_use(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A sentence, status 1."""
    file = written(tmp_path, watching(NOBODY, ledger={"path": "ges-exporter.db"}))
    with started("--config.file", file):
        assert main(["--once", "--config.file", file]) == 1
    assert "in use" in capsys.readouterr().err


def once(world: World, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    """One scrape of a world by the command."""

    async def scrape() -> subprocess.CompletedProcess[str]:
        async with serve(create_app(world)) as url:
            command = [
                sys.executable,
                "-m",
                "ges_exporter",
                "--once",
                "--config.file",
                written(tmp_path, watching(url)),
            ]
            return await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=False)

    return run(scrape)


def test_one_scrape(tmp_path: Path) -> None:
    """The classic format on standard output, without what node_exporter's textfile collector has itself."""
    done = once(small_world(), tmp_path)
    assert done.returncode == 0
    assert done.stdout.count("ges_up{") == 3
    assert "ges_exporter_build_info{" in done.stdout
    assert "process_" not in done.stdout
    assert "python_info" not in done.stdout


def test_one_scrape_of_a_target_that_fails(tmp_path: Path) -> None:
    """Status 1, and the page nevertheless."""
    world = small_world()
    world.faults.add(Fault(kind="html", graph="movie"))
    done = once(world, tmp_path)
    assert (done.returncode, done.stdout.count("ges_up{")) == (1, 3)


def test_one_scrape_of_the_demo() -> None:
    """One scrape needs no configuration either."""
    command = [sys.executable, "-m", "ges_exporter", "--demo", "--once"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603 - our own
    assert (done.returncode, done.stdout.count("ges_up{")) == (0, 4)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_demo_until_a_signal(number: signal.Signals) -> None:
    """Needs nothing, tells where to look, shows every target up, and ends with status 0."""
    with started("--demo") as (process, url):
        page = httpx.get(f"{url}/metrics").text
        jobs = httpx.get(f"{url}/jobs").status_code
        process.send_signal(number)
        output, log = process.communicate(timeout=30)
    assert f"{url}/jobs" in output
    assert {line[-3:] for line in page.splitlines() if line.startswith("ges_up{")} == {"1.0"}
    assert (jobs, process.returncode) == (200, 0), log


def test_a_scrape_under_way_is_answered_before_the_end(tmp_path: Path) -> None:
    """SIGTERM in the middle of a slow scrape: the answer is whole, then the status is 0."""

    async def scrape() -> tuple[httpx.Response, int]:
        async with serve(create_app(world)) as url, httpx.AsyncClient(timeout=30) as client:
            with started("--config.file", written(tmp_path, watching(url))) as (process, exporter):
                scraping = asyncio.create_task(client.get(f"{exporter}/metrics"))
                await arrival(world)
                process.terminate()
                answer = await scraping
                return answer, await asyncio.to_thread(process.wait, 30)

    world = small_world()
    world.faults.add(Fault(kind="latency", value=1))
    answer, status = run(scrape)
    assert {line[-3:] for line in answer.text.splitlines() if line.startswith("ges_up{")} == {"1.0"}
    assert status == 0


def test_tls_and_users(tmp_path: Path) -> None:
    """--web.config.file, from the flag to the answer."""
    authority = Authority(tmp_path)
    authority.server()
    files = {"cert_file": "server.crt", "key_file": "server.key"}
    web = web_config(tmp_path, tls_server_config=files, basic_auth_users={"alice": hashed(PASSWORD)})
    with started("--demo", "--web.config.file", str(web)) as (_, url):
        assert url.startswith("https://")
        with httpx.Client(base_url=url, verify=authority.trusting()) as client:
            assert client.get("/sd").status_code == 401
            groups = client.get("/sd", auth=("alice", PASSWORD)).json()
            assert client.get("/-/ready").status_code == 200
    assert {group["labels"]["__scheme__"] for group in groups} == {"https"}


def test_several_addresses() -> None:
    """The flag is repeatable."""
    with started("--demo", "--web.listen-address=[::1]:0") as (_, addresses):
        for url in addresses.split(","):
            assert httpx.get(f"{url}/-/healthy").status_code == 200


def test_the_log_in_json(tmp_path: Path) -> None:
    """--log.format."""
    command = [sys.executable, "-m", "ges_exporter", "--once", "--log.format=json", "--config.file"]
    command.append(written(tmp_path, watching(NOBODY)))
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own program
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert {line["msg"] for line in lines} == {"a target is down"}
    assert {line["reason"] for line in lines} == {"connect"}
