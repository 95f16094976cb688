"""The README: what it tells people to write and to type works."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from ges_exporter.config import load
from ges_exporter.flags import parser
from tests.test_families import PROMISED

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONFIGURATION, SCRAPE = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
LINES = "\n".join(re.findall(r"```sh\n(.*?)```", README, re.DOTALL)).splitlines()
COMMANDS = [line.partition("#")[0].strip() for line in LINES if line]


def test_the_configuration_is_ten_lines_and_has_no_fault(tmp_path: Path) -> None:
    """A task centre and a graph are watched with it as it stands."""
    file = tmp_path / "ges-exporter.yml"
    file.write_text(CONFIGURATION, encoding="utf-8")
    assert len(CONFIGURATION.splitlines()) <= 10
    assert len(load(file, {"GES_PASSWORD": "secret"}).targets()) == 2


def test_prometheus_is_told_the_name_that_the_rules_know() -> None:
    """Alerts about the exporter itself find it by its job."""
    (job,) = yaml.safe_load(SCRAPE)["scrape_configs"]
    (known,) = yaml.safe_load((ROOT / "config/prometheus/prometheus.yml").read_text(encoding="utf-8"))["scrape_configs"]
    assert job["job_name"] == known["job_name"]


@pytest.mark.e2e
def test_prometheus_accepts_its_part(tmp_path: Path) -> None:
    """The scrape configuration is valid as it stands."""
    file = tmp_path / "prometheus.yml"
    file.write_text(SCRAPE, encoding="utf-8")
    told = subprocess.run(["promtool", "check", "config", file], capture_output=True, check=False)  # noqa: S603, S607
    assert told.returncode == 0, told.stdout + told.stderr


def test_commands_exist() -> None:
    """Each target of make is one, and each flag of the program is known to it."""
    targets = re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    for command in COMMANDS:
        words = command.split()
        if words[0] == "make":
            assert words[1] in targets
        elif words[0] != "export":
            assert words[0] == ".venv/bin/ges-exporter"
            parser().parse_args(words[1:])


def test_the_metrics_shown_are_promised_ones() -> None:
    """Names and labels of the sample page are those of the table."""
    shown = re.findall(r"^(ges_\w+)\{(.*)\} \S+$", README, re.MULTILINE)
    assert shown
    for name, labels in shown:
        assert tuple(re.findall(r"(\w+)=", labels)) == PROMISED[name][1]
