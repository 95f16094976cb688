"""What a configuration file means: defaults, the environment, paths, and how it looks redacted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from ges_exporter.config import load
from ges_exporter.errors import ConfigError
from tests.settings import BASE, ENDPOINT, faults, minimal, only_target, parsed, with_graph, with_project

ROOT = Path(__file__).parent.parent
GOOD = Path(__file__).parent / "config/good"
VARIABLES = {"GES_PASSWORD": "a", "HUAWEICLOUD_SDK_AK": "b", "GES_KEY": "c"}


def test_what_is_left_out_has_its_default() -> None:
    """A minimal file means the same as one that writes every default."""
    left_out, written = (load(GOOD / f"{name}.yml", {}) for name in ("minimal", "every_default"))
    assert left_out.targets() == written.targets()
    assert left_out.model_dump(exclude={"projects"}) == written.model_dump(exclude={"projects"})


def test_yaml_is_read_without_surprises() -> None:
    """Offsets, dates and ids with leading zeros are texts; merges and yes work; names may be anything."""
    targets = load(GOOD / "yaml.yml", {}).targets()
    assert [target.target.graph for target in targets] == ["ahead", "behind", "2024-05-23", '图/"quoted" name']
    assert [target.zone for target in targets] == ["+10:00", "-11:30", "+05:45", "UTC"]
    assert [target.tls.insecure_skip_verify for target in targets] == [True, True, True, False]
    assert targets[2].tls.server_name == "movie.internal"
    assert {(target.target.project, target.project_id) for target in targets} == {("123", "0123456789")}


def test_the_example_is_accepted() -> None:
    """The annotated example loads when its variables are set, and shows both planes and a graph with several nodes."""
    config = load(ROOT / "config/ges-exporter.yml", VARIABLES)
    assert [(target.target.project, target.target.graph) for target in config.targets()] == [
        ("prod", ""),
        ("prod", "movie"),
        ("prod", "fraud"),
        ("lab", "sandbox"),
    ]
    assert len(config.targets()[2].endpoints) == 2


def test_the_example_needs_its_variables() -> None:
    """Each variable that is not set is a fault of its own."""
    with pytest.raises(ConfigError) as caught:
        load(ROOT / "config/ges-exporter.yml", {})
    assert [fault.split()[4] for fault in caught.value.faults] == ["GES_PASSWORD", "HUAWEICLOUD_SDK_AK", "GES_KEY"]


@pytest.mark.parametrize(("name", "why"), [("missing.yml", "No such file or directory"), ("", "Is a directory")])
def test_a_file_that_cannot_be_read(tmp_path: Path, name: str, why: str) -> None:
    """A file that is not there, or is none, is a fault and no traceback."""
    path = tmp_path / name
    with pytest.raises(ConfigError) as caught:
        load(path, {})
    assert caught.value.faults == (f"{path}: cannot be read: {why}",)


def test_a_file_nested_beyond_reason(tmp_path: Path) -> None:
    """A file that no reader could follow is a fault and no traceback."""
    path = tmp_path / "deep.yml"
    path.write_text("[" * 5_000, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load(path, {})
    assert caught.value.faults == (f"{path}: expected less: the file is nested too deeply",)


def test_relative_paths_start_at_the_folder_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ledger, CA files and files of secrets are found beside the file, wherever the program was started."""
    folder = tmp_path / "etc"
    folder.mkdir()
    content = minimal(credentials={"t": {"type": "token", "token_file": "secrets/token"}}, ledger={"path": "a.db"})
    content["projects"][0]["graphs"][0]["tls"] = {"ca_file": "ca.pem"}
    (folder / "ges.yml").write_text(yaml.safe_dump(content), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    config = load(Path("etc/ges.yml"), {})
    assert config.ledger.path == str(folder / "a.db")
    assert config.targets()[0].tls.ca_file == str(folder / "ca.pem")
    assert getattr(config.credentials["t"], "token_file", None) == str(folder / "secrets/token")


@pytest.mark.parametrize(
    ("section", "path"),
    [
        ({}, str(BASE / "ges-exporter.db")),
        ({"path": "/var/lib/x.db"}, "/var/lib/x.db"),
        ({"path": ":memory:"}, ":memory:"),
    ],
)
def test_the_path_of_the_ledger(section: dict[str, str], path: str) -> None:
    """It is absolute, or says that nothing is kept."""
    assert parsed(minimal(ledger=section)).ledger.path == path


def test_the_command_line_may_put_the_ledger_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--ledger.path overrides the file, relative to the working directory, and changes nothing else."""
    monkeypatch.chdir(tmp_path)
    config = parsed(minimal(ledger={"late_after": "2h"}))
    assert config.with_ledger_path("x.db").ledger.path == str(tmp_path / "x.db")
    assert config.with_ledger_path(":memory:").ledger.path == ":memory:"
    assert config.with_ledger_path("x.db").with_ledger_path(config.ledger.path) == config
    with pytest.raises(ConfigError, match=r"--ledger\.path"):
        config.with_ledger_path("")


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("${A}", "x"),
        ("a-${A}-${B}", "a-x-y"),
        ("$${A}", "${A}"),
        ("$$${A}", "$${A}"),
        ("$A {A} $$", "$A {A} $$"),
        ("${C}", "${A}"),
    ],
)
def test_variables_are_replaced(written: str, name: str) -> None:
    """${NAME} stands for a variable's value, which is taken as it is; $${ stands for a literal ${."""
    environment = {"A": "x", "B": "y", "C": "${A}"}
    assert only_target(with_graph(name=written), environment).target.graph == name


def test_variables_may_hold_numbers_and_booleans() -> None:
    """A value that is one variable is read as what its key wants."""
    content = with_graph(allow_plain_http="${YES}")
    content["scrape"] = {"concurrency": "${N}", "timeout": "${T}s", "max_response_bytes": "${SIZE}"}
    content["histogram"] = {"duration_buckets": ["${HALF}", "${N}"]}
    environment = {"YES": "True", "N": "8", "T": "5", "SIZE": "1MiB", "HALF": "0.5"}
    config = parsed(content, environment)
    assert config.projects[0].graphs[0].allow_plain_http is True
    assert (config.scrape.concurrency, config.scrape.timeout, config.scrape.max_response_bytes) == (8, 5, 1024 * 1024)
    assert config.histogram.duration_buckets == (0.5, 8)


@pytest.mark.parametrize("value", ["", "1e3", "0x10", "8 ", "1.5", "true", "9" * 400])
def test_variables_that_hold_no_number(value: str) -> None:
    """What does not parse as a number is a fault that does not tell the variable's value."""
    assert faults(minimal(scrape={"concurrency": "${N}"}), {"N": value}) == (
        'scrape.concurrency: expected a whole number, got the value of "${N}"',
    )


def test_keys_are_taken_literally() -> None:
    """Variables are replaced in values only."""
    token = {"type": "token", "token_file": "t"}
    assert list(parsed(minimal(credentials={"${A}": token})).credentials) == ["${A}"]


@pytest.mark.parametrize("text", ["\ud800", "a\udcff"])
def test_texts_that_no_answer_could_hold(text: str) -> None:
    """A text that is not Unicode, such as a variable in another encoding, is a fault."""
    assert faults(with_graph(name="${A}"), {"A": text}) == ("projects[0].graphs[0].name: expected a text in UTF-8",)
    assert faults(minimal(**{text: 1})) == (f"top level: expected keys that are strings, got {json.dumps(text)}",)


@pytest.mark.parametrize("content", [None, [], "projects", 5, b"projects", {"projects"}])
def test_what_is_no_mapping(content: object) -> None:
    """Only a mapping is a configuration."""
    assert [fault.partition(":")[0] for fault in faults(content)] == ["top level"]


def test_the_redacted_configuration_can_be_read_again() -> None:
    """It is in the shape of the file, with defaults, units and the literal ${ as they would be written."""
    content = with_project(
        region="cn-north-4",
        management={},
        graphs=[{"name": "$${x} 图", "endpoints": [ENDPOINT, "https://10.0.0.6"], "timezone": "+8:00"}],
    )
    content["projects"].append({**minimal()["projects"][0], "name": "no task centre"})
    content["thresholds"] = [{"job_type": "Import.*", "expected_interval": "24h", "algorithm": ""}]
    content["credentials"] = {"t": {"type": "token", "token_file": "t"}, "none": {"type": "none"}}
    config = parsed(content)
    again = parsed(yaml.safe_load(config.redacted()))
    assert again.targets() == config.targets()
    assert again.model_dump(exclude={"projects"}) == config.model_dump(exclude={"projects"})
    assert yaml.safe_load(again.redacted()) == yaml.safe_load(config.redacted())


def test_the_redacted_configuration_is_written_as_prometheus_writes() -> None:
    """Durations and sizes have units, defaults are there, and so are endpoints that the region gives."""
    written = yaml.safe_load(parsed(with_project(region="r", management={})).redacted())
    assert written["scrape"]["timeout_offset"] == "500ms"
    assert written["scrape"]["max_response_bytes"] == "256MiB"
    assert written["ledger"]["retire_after"] == "90d"
    assert written["histogram"]["duration_buckets"][0] == 1
    assert written["projects"][0]["credentials"] == "none"
    assert written["projects"][0]["management"]["endpoint"] == "https://ges.r.myhuaweicloud.com"
