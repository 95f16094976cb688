"""``--once`` and what else ends by itself: real processes, beside a simulated GES that gives the documented answers."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from ges_exporter import __version__
from ges_exporter.cli import main
from ges_exporter.simulator import create_app, serve
from ges_exporter.simulator.scenarios.pages import ROUTES, pages
from ges_exporter.store import Store
from tests.exposed import expected, names, samples_of

GOOD = """\
credentials:
  given: {{type: token, token: s3cr3t-token}}
projects:
  - name: demo
    project_id: 0123456789abcdef0123456789abcdef
    credentials: given
    management: {{api: v1.0, endpoint: {url}}}
    graphs:
      - {{name: movie, endpoint: {url}}}
      - {{name: {graph}, endpoint: {url}}}
"""
UNREACHABLE = """\
  - name: elsewhere
    project_id: 00000000000000000000000000000000
    discovery: {enabled: true, endpoint: "http://127.0.0.1:1"}
"""
BAD = """\
projects:
  - name: demo
    projectid: 1
    graphs: [{name: movie, endpoint: 10.0.0.5}]
"""


class Outcome(NamedTuple):
    """How a process ended."""

    status: int
    out: str
    err: str


async def run(*arguments: str) -> Outcome:
    """Runs the command to its end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "ges_exporter",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return Outcome(process.returncode or 0, out.decode(), err.decode())


async def run_all(folder: Path) -> dict[str, Outcome]:
    """Runs everything that these tests look at, side by side."""
    async with serve(create_app(pages(), ROUTES)) as url:
        good, failing, finding, bad = (folder / f"{name}.yml" for name in ("good", "failing", "finding", "bad"))
        good.write_text(GOOD.format(url=url, graph="moviejx"), encoding="utf-8")
        failing.write_text(GOOD.format(url=url, graph="nowhere"), encoding="utf-8")
        finding.write_text(GOOD.format(url=url, graph="moviejx") + UNREACHABLE, encoding="utf-8")
        bad.write_text(BAD, encoding="utf-8")
        held = Store(str(folder / "held.db"))
        commands = {
            "once": ("--once", f"--config.file={good}"),
            "once, a target failing": ("--once", f"--config.file={failing}", "--ledger.path=:memory:"),
            "once, ledger in use": ("--once", f"--config.file={good}", f"--ledger.path={folder / 'held.db'}"),
            "once, a discovery failing": ("--once", f"--config.file={finding}", "--ledger.path=:memory:"),
            "check": ("--config.check", f"--config.file={good}"),
            "check, bad file": ("--config.check", f"--config.file={bad}"),
        }
        outcomes = await asyncio.gather(*(run(*arguments) for arguments in commands.values()))
        await held.aclose()
    return dict(zip(commands, outcomes, strict=True))


@pytest.fixture(scope="module", name="folder")
def _folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("once")


@pytest.fixture(scope="module", name="ended")
def _ended(folder: Path) -> dict[str, Outcome]:
    return asyncio.run(run_all(folder))


def test_once_prints_a_page_and_ends(ended: dict[str, Outcome]) -> None:
    """Every target is scraped once, standard output holds the metrics and nothing else, and the status is 0."""
    status, page, _ = ended["once"]
    assert status == 0
    shown = samples_of(page)
    up = expected(
        """
        ges_up{project="demo",graph="",plane="management"} 1
        ges_up{@} 1
        ges_up{project="demo",graph="moviejx",plane="service"} 1
        """
    )
    assert {key: shown.get(key) for key in up} == up
    assert "ges_exporter_build_info" in names(page)


def test_once_leaves_out_what_other_collectors_tell(ended: dict[str, Outcome]) -> None:
    """node_exporter's textfile collector would refuse a second process_* or python_*."""
    assert [name for name in names(ended["once"].out) if not name.startswith("ges_")] == []


def test_once_exits_with_1_if_a_target_fails(ended: dict[str, Outcome]) -> None:
    """Whoever runs it from cron hears of it, and still has the page of the others."""
    status, page, _ = ended["once, a target failing"]
    assert status == 1
    shown = samples_of(page, ["ges_up", "ges_scrape_errors_total"])
    assert shown == expected(
        """
        ges_up{project="demo",graph="",plane="management"} 1
        ges_up{@} 1
        ges_up{project="demo",graph="nowhere",plane="service"} 0
        ges_scrape_errors_total{project="demo",graph="nowhere",plane="service",reason="api_error"} 1
        """
    )


def test_once_fails_where_graphs_cannot_be_found(ended: dict[str, Outcome]) -> None:
    """What could not be looked for may hold failures: all known targets are well, and the status is 1."""
    status, page, _ = ended["once, a discovery failing"]
    assert status == 1
    shown = samples_of(page, ["ges_up", "ges_discovery_graphs"])
    assert sorted(shown.values()) == [0, 1, 1, 1]


def test_once_does_not_share_the_ledger_of_a_running_exporter(ended: dict[str, Outcome]) -> None:
    """Two that count in one file would count twice: a sentence says so, and nothing is printed."""
    status, page, told = ended["once, ledger in use"]
    assert (status, page) == (1, "")
    assert told.startswith("ges-exporter: the ledger ")
    assert "in use by another exporter" in told
    assert "Traceback" not in told


def test_once_saves_the_ledger(folder: Path, ended: dict[str, Outcome]) -> None:
    """The next run, or an exporter, goes on counting where it ended."""
    assert ended["once"].status == 0
    store = Store(str(folder / "ges-exporter.db"))
    met = {record.target.graph for record in store.records() if record.state.met is not None}
    asyncio.run(store.aclose())
    assert met == {"", "movie", "moviejx"}


def test_all_faults_of_a_file_are_told_at_once(ended: dict[str, Outcome]) -> None:
    """Each with its place, on standard error, and the status is 1."""
    status, out, told = ended["check, bad file"]
    assert (status, out) == (1, "")
    assert [line.split(": ")[1] for line in told.splitlines()] == [
        "projects[0].project_id",
        "projects[0].projectid",
        "projects[0].graphs[0].endpoint",
    ]


def test_a_good_file_is_said_to_be_one(ended: dict[str, Outcome]) -> None:
    """And nothing is asked, nothing is started."""
    status, out, told = ended["check"]
    assert (status, told) == (0, "")
    assert out.endswith("good.yml: 3 targets, no faults\n")


@pytest.mark.parametrize(
    "flags", [["--config.fil=x"], ["--log.level=loud"], ["--web.listen-address=9877"], ["file.yml"]]
)
def test_bad_flags_end_with_2(flags: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A flag that nobody knows, not even by its beginning, or a value that it does not take."""
    with pytest.raises(SystemExit) as ended:
        main(flags)
    assert ended.value.code == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("usage: ges-exporter")


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """On standard output, with status 0."""
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr() == (f"ges-exporter {__version__}\n", "")


def test_no_secret_is_told(ended: dict[str, Outcome]) -> None:
    """Whatever happens, the token is on neither stream."""
    assert [name for name, (_, out, err) in ended.items() if "s3cr3t" in out + err] == []
