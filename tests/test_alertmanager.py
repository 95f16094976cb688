"""The example Alertmanager configuration: who is told, and what is left unsaid, asked of the real program."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx
import pytest

from tests.alerting import ROOT

CONFIG = ROOT / "config/alertmanager/alertmanager.yml"

Labels = dict[str, str]

SERVICE = {"project": "prod", "graph": "movie", "plane": "service"}
JOB = {"alertname": "GesJobStuck", "severity": "critical", "job_type": "ImportGraph", **SERVICE}
JOB_OF_TASK_CENTRE = {**JOB, "plane": "management"}
IMPORT = {"alertname": "GesImportFailedLines", "severity": "warning", "kind": "edge", **SERVICE}
TARGET = {"alertname": "GesTargetFailing", "severity": "warning", **SERVICE}
TARGET_FOR_LONG = {**TARGET, "severity": "critical"}
TASK_CENTRE = {"alertname": "GesTargetFailing", "severity": "warning", "project": "prod", "plane": "management"}
REFUSED = {"alertname": "GesAuthenticationFailing", "severity": "critical", **SERVICE}
TASK_CENTRE_REFUSED = {**TASK_CENTRE, "alertname": "GesAuthenticationFailing", "severity": "critical"}
NOBODY = {"alertname": "GesExporterDown", "severity": "critical", "scope": "all"}
ONE_DOWN = {"alertname": "GesExporterDown", "severity": "critical", "scope": "one", "instance": "a:9877"}
LEDGER = {"alertname": "GesLedgerNotSaved", "severity": "critical", "instance": "a:9877"}
DEADLINE = {"alertname": "GesScrapeNearDeadline", "severity": "warning", **SERVICE}
LIMIT = {"alertname": "GesLimitReached", "severity": "warning", "limit": "listing", **SERVICE}
THROTTLED = {"alertname": "GesApiThrottled", "severity": "warning", **SERVICE}
OTHER_LEDGER = {**LEDGER, "instance": "b:9877"}
JOB_OF_OTHER_GRAPH = {**JOB, "graph": "kg"}
JOB_OF_OTHER_PROJECT = {**JOB_OF_TASK_CENTRE, "project": "test"}
DISK = {"alertname": "DiskFull", "severity": "critical", **SERVICE}

pytestmark = pytest.mark.e2e


def program(name: str) -> str:
    """Where a program is."""
    path = shutil.which(name)
    assert path, f"{name} is needed"
    return path


def amtool(*arguments: str) -> str:
    """What amtool says; a failure shows it."""
    done = subprocess.run([program("amtool"), *arguments], capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@contextlib.contextmanager
def alertmanager(folder: Path) -> Iterator[httpx.Client]:
    """A running Alertmanager with the example configuration."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    command = [
        program("prometheus-alertmanager"),
        f"--config.file={CONFIG}",
        f"--storage.path={folder}",
        f"--web.listen-address={address}",
        "--cluster.listen-address=",
    ]
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(command, stdout=log, stderr=log) as process,  # noqa: S603
        httpx.Client(base_url=f"http://{address}", transport=httpx.HTTPTransport(retries=8)) as client,
    ):
        try:
            client.get("/-/ready").raise_for_status()
            yield client
        finally:
            process.terminate()


def inhibited(client: httpx.Client, alerts: Sequence[Labels]) -> list[Labels]:
    """Which of the alerts are inhibited when all of them fire.

    They are taken in one after the other, so all are when the last, of which that is known, is inhibited.
    """
    last, its_source = ({**labels, "instance": "last:9877"} for labels in (LEDGER, ONE_DOWN))
    everything = [*alerts, its_source, last]
    client.post("/api/v2/alerts", json=[{"labels": labels} for labels in everything]).raise_for_status()
    found: list[Labels] = []
    while last not in found:
        told = client.get("/api/v2/alerts").raise_for_status().json()
        found = [alert["labels"] for alert in told if alert["status"]["inhibitedBy"]]
    return [labels for labels in found if labels not in (last, its_source)]


def test_configuration_is_accepted() -> None:
    """It loads as it stands."""
    amtool("check-config", str(CONFIG))


@pytest.mark.parametrize(
    ("severity", "receiver"), [("critical", "on-call"), ("warning", "team"), ("info", "log")], ids=lambda word: word
)
def test_severity_decides_who_is_told(severity: str, receiver: str) -> None:
    """Only what is critical gets someone up."""
    told = amtool("config", "routes", "test", f"--config.file={CONFIG}", "alertname=GesAny", f"severity={severity}")
    assert told.strip() == receiver


@pytest.mark.parametrize(
    ("alerts", "silent"),
    [
        pytest.param(
            [NOBODY, ONE_DOWN, JOB, JOB_OF_TASK_CENTRE, TARGET, LEDGER],
            [ONE_DOWN, JOB, JOB_OF_TASK_CENTRE, TARGET, LEDGER],
            id="no exporter answers: everything else of ours is silent",
        ),
        pytest.param([NOBODY, DISK], [], id="no exporter answers: what is not ours is said"),
        pytest.param(
            [ONE_DOWN, JOB, JOB_OF_TASK_CENTRE, LEDGER, OTHER_LEDGER],
            [LEDGER],
            id="one of several exporters is down: only what it said of itself is silent",
        ),
        pytest.param(
            [TARGET, JOB, IMPORT, JOB_OF_TASK_CENTRE, JOB_OF_OTHER_GRAPH],
            [JOB, IMPORT],
            id="a graph cannot be read: its jobs on this plane are silent",
        ),
        pytest.param(
            [TASK_CENTRE, JOB, JOB_OF_TASK_CENTRE, JOB_OF_OTHER_PROJECT],
            [JOB_OF_TASK_CENTRE],
            id="a task centre cannot be read: the jobs of all graphs of the project are silent on this plane",
        ),
        pytest.param([REFUSED, TARGET, JOB], [TARGET, JOB], id="credentials are refused: the target is silent"),
        pytest.param(
            [TASK_CENTRE_REFUSED, TASK_CENTRE, TARGET, JOB_OF_TASK_CENTRE],
            [TASK_CENTRE, JOB_OF_TASK_CENTRE],
            id="credentials for a task centre are refused: no graph's target is silent",
        ),
        pytest.param([TARGET, TARGET_FOR_LONG], [TARGET], id="a target fails for long: it is said once"),
        pytest.param([TARGET, DEADLINE], [DEADLINE], id="a target that times out: it is said once"),
        pytest.param([TARGET, LIMIT, THROTTLED], [], id="a target fails: what may be the reason is said"),
    ],
)
def test_what_follows_from_another_alert_is_left_unsaid(
    alerts: list[Labels], silent: list[Labels], tmp_path: Path
) -> None:
    """An alert is inhibited by what explains it, and by nothing else."""
    with alertmanager(tmp_path) as client:
        found = inhibited(client, alerts)
    assert sorted(map(sorted, map(dict.items, found))) == sorted(map(sorted, map(dict.items, silent)))
