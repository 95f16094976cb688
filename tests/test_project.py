"""What stands around the program agrees with it and with itself: targets, pins, manifests, links."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib.metadata import requires
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from ges_exporter import __version__
from ges_exporter.config import load

ROOT = Path(__file__).parents[1]
KUBERNETES = ROOT / "config/kubernetes"
DOCUMENTS = sorted(
    path.relative_to(ROOT)
    for folder in (".", "docs", "config", "grafana", "benchmarks")
    for path in (ROOT / folder).glob("*.md" if folder == "." else "**/*.md")
)
EXAMPLES = sorted(
    path.relative_to(ROOT)
    for path in (ROOT / "config").rglob("ges-exporter*.yml")
    if not path.name.endswith(".rules.yml")
)
STARTS = (
    "Dockerfile",
    "compose.yaml",
    "config/systemd/ges-exporter.service",
    "config/kubernetes/base/statefulset.yaml",
)


def read(path: Path | str) -> str:
    """The text of a file of the project."""
    return (ROOT / path).read_text(encoding="utf-8")


def pins() -> dict[str, str]:
    """The pinned version of each package, by its normalised name."""
    lines = [line for line in read("constraints.txt").splitlines() if not line.startswith("#")]
    return {canonicalize_name(name): version for name, _, version in (line.partition("==") for line in lines)}


def direct_requirements() -> list[Requirement]:
    """What pyproject.toml asks for, to run and to develop."""
    project = tomllib.loads(read("pyproject.toml"))
    return [Requirement(text) for text in project["project"]["dependencies"] + project["dependency-groups"]["dev"]]


def all_requirements() -> set[str]:
    """The normalised names of what pyproject.toml asks for, and of all that those need here."""
    names: set[str] = set()
    waiting = direct_requirements()
    seen: set[str] = set()
    while waiting:
        requirement = waiting.pop()
        if str(requirement) in seen:
            continue
        seen.add(str(requirement))
        names.add(canonicalize_name(requirement.name))
        needs = [Requirement(text) for text in requires(requirement.name) or ()]
        waiting += [need for need in needs if applies(need, requirement.extras)]
    return names


def applies(need: Requirement, extras: set[str]) -> bool:
    """Whether a package asked for with ``extras`` has this need on this machine."""
    return need.marker is None or any(need.marker.evaluate({"extra": extra}) for extra in {"", *extras})


def test_every_target_of_the_makefile_is_told_by_help() -> None:
    """`make` alone shows everything that can be made: each target carries its sentence."""
    makefile = read("Makefile")
    declared = re.findall(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)
    told = re.findall(r"^([a-z0-9-]+):.*## \S", makefile, re.MULTILINE)
    assert declared == told


def test_constraints_are_nothing_but_pins() -> None:
    """Where packages come from is the machine's business: no address, no option, no local path stands in the pins."""
    lines = [line for line in read("constraints.txt").splitlines() if not line.startswith("#")]
    assert [line for line in lines if not re.fullmatch(r"[\w.-]+==[\w.!+]+", line)] == []


def test_constraints_cover_everything_that_is_installed() -> None:
    """A fresh environment is the same everywhere: whatever pyproject.toml leads to has a pin (`make constraints`)."""
    assert all_requirements() - pins().keys() == set()


@pytest.mark.parametrize("requirement", direct_requirements(), ids=lambda requirement: requirement.name)
def test_pins_satisfy_the_project_file(requirement: Requirement) -> None:
    """A raised lower bound comes with new pins."""
    assert requirement.specifier.contains(pins()[canonicalize_name(requirement.name)])


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_relative_links_lead_somewhere(document: Path) -> None:
    """Every link from a page to another file of the project finds it."""
    links = re.findall(r"\]\(([^)\s#]+)", read(document))
    relative = [link for link in links if "://" not in link and not link.startswith("mailto:")]
    assert [link for link in relative if not (ROOT / document.parent / link).exists()] == []


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_example_configurations_are_accepted(example: Path) -> None:
    """What we tell people to begin with has no fault, once its variables are set."""
    variables = re.findall(r"(?<!\$)\$\{(\w+)\}", read(example))
    assert load(ROOT / example, dict.fromkeys(variables, "set")).targets()


def test_the_flags_in_use_exist() -> None:
    """The image, Compose, systemd and Kubernetes start the program with flags that it has."""
    command = [sys.executable, "-m", "ges_exporter", "--help"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603  # our own program
    used = {
        flag for path in STARTS for flag in re.findall(r"--(?:config|demo|ledger|log|web)[\w.-]*", program_of(path))
    }
    assert used - set(re.findall(r"--[\w.-]+", told)) == set()


def program_of(path: str) -> str:
    """The part of a file that starts the exporter, where it also starts others."""
    text = read(path)
    return str(yaml.safe_load(text)["services"]["ges-exporter"]["command"]) if path == "compose.yaml" else text


def test_compose_puts_the_dashboards_where_grafana_looks_for_them() -> None:
    """The folder that the provisioning names is the one into which they are mounted."""
    provider = yaml.safe_load(read("grafana/provisioning/dashboards/ges.yml"))["providers"][0]
    mounts = yaml.safe_load(read("compose.yaml"))["services"]["grafana"]["volumes"]
    assert f"./grafana/dashboards:{provider['options']['path']}:ro" in mounts


def test_the_unit_finds_the_secret_where_the_docs_put_it() -> None:
    """Each credential that systemd hands over is a file that was installed a step before."""
    wanted = re.findall(r"^LoadCredential=\S+:(\S+)$", read("config/systemd/ges-exporter.service"), re.MULTILINE)
    installed = re.findall(r"^install -m \d+ (\S+) (/etc/ges-exporter/)\s", read("docs/deployment.md"), re.MULTILINE)
    assert set(wanted) <= {folder + name for name, folder in installed}


@pytest.mark.parametrize("folder", [".", "sharded"])
def test_manifests_name_the_image_of_this_version(folder: str) -> None:
    """The manifests of a release start that release."""
    kustomization = yaml.safe_load(read(KUBERNETES / folder / "kustomization.yaml"))
    assert [image["newTag"] for image in kustomization["images"]] == [__version__]


def test_shards_agree() -> None:
    """There is one replica for each remainder of the hash, and its own metrics are scraped."""
    targets, exporters = yaml.safe_load(read(KUBERNETES / "sharded/prometheus.yml"))["scrape_configs"]
    replicas = yaml.safe_load(read(KUBERNETES / "sharded/kustomization.yaml"))["replicas"][0]["count"]
    hashmod, address, _ = targets["relabel_configs"]
    names = [address["replacement"].replace("$1", str(shard)) for shard in range(hashmod["modulus"])]
    assert (len(names), names) == (replicas, exporters["static_configs"][0]["targets"])


def test_the_operator_is_told_the_same_as_prometheus() -> None:
    """Both ways to scrape many replicas name, relabel and scrape alike."""
    jobs = yaml.safe_load(read(KUBERNETES / "sharded/prometheus.yml"))["scrape_configs"]
    resources = yaml.safe_load_all(read(KUBERNETES / "sharded/scrapeconfig.yaml"))
    assert [as_prometheus_spells(resource["spec"]) for resource in resources] == jobs


def as_prometheus_spells(spec: dict[str, Any]) -> dict[str, Any]:
    """The scrape job that a ScrapeConfig stands for; its first rule names it, instead of the operator."""
    naming, *rules = spec["relabelings"]
    assert naming["targetLabel"] == "job"
    job = {snake_case(key): value for key, value in spec.items() if key != "relabelings"}
    relabelling = [{snake_case(key): value for key, value in rule.items()} for rule in rules]
    return {"job_name": naming["replacement"], **job, **({"relabel_configs": relabelling} if rules else {})}


def snake_case(key: str) -> str:
    """A key as Prometheus spells it, from one as the operator does."""
    return re.sub(r"(?<=[a-z])[A-Z]+(?=[A-Z]|$)|[A-Z]", lambda match: f"_{match[0].lower()}", key)
