"""The examples that spread targets over exporters: whatever the way, each target is scraped by exactly one."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
TARGETS = [("prod", ""), ("lab", "")] + [("prod", f"graph-{number}") for number in range(58)]
PROBES = "ges-probe"

Job = dict[str, Any]
Labels = dict[str, str]


def jobs_of(text: str) -> dict[str, Job]:
    """The scrape jobs of a configuration, by their names."""
    return {job["job_name"]: job for job in yaml.safe_load(text)["scrape_configs"]}


def snippets(path: str) -> list[str]:
    """The scrape configurations in a page."""
    found = re.findall(r"```yaml\n(scrape_configs:.*?)```", (ROOT / path).read_text("utf-8"), re.DOTALL)
    return [text for text in found if "hashmod" in text]


EXAMPLES = {
    "probe": (ROOT / "config/prometheus/prometheus-probe.yml").read_text("utf-8"),
    "kubernetes": (ROOT / "config/kubernetes/sharded/prometheus.yml").read_text("utf-8"),
    "plain hosts": snippets("docs/deployment.md")[0],
}


def relabelled(labels: Labels, rules: list[Job]) -> Labels:
    """What Prometheus makes of labels: the two actions that are used, and their defaults, as its manual has them."""
    labels = dict(labels)
    for rule in rules:
        text = rule.get("separator", ";").join(labels.get(name, "") for name in rule["source_labels"])
        if rule.get("action", "replace") == "hashmod":
            remainder = int.from_bytes(hashlib.md5(text.encode()).digest()[8:], "big") % rule["modulus"]  # noqa: S324
            labels[rule["target_label"]] = str(remainder)
        elif match := re.fullmatch(rule.get("regex", "(.*)"), text):
            replacement = re.sub(r"\$(\d)", r"\\\1", rule.get("replacement", "$1"))
            labels[rule["target_label"]] = match.expand(replacement)
    return labels


def discovered(project: str, graph: str) -> Labels:
    """The labels of a target as ``/sd`` gives them, asked at the first exporter."""
    labels = {"__address__": "first:9877", "__param_project": project}
    return labels | ({"__param_graph": graph} if graph else {})


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_exporter_has_its_share(example: str) -> None:
    """Each target has one address, which is an exporter's whose own metrics are scraped; none of them is idle."""
    jobs = jobs_of(EXAMPLES[example])
    exporters = set(jobs["ges-exporter"]["static_configs"][0]["targets"])
    rules = jobs[PROBES]["relabel_configs"]
    addresses = [relabelled(discovered(*target), rules)["__address__"] for target in TARGETS]
    assert set(addresses) == exporters
    assert jobs["ges-exporter"]["params"] == {"collect[]": ["exporter"]}


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_target_has_an_up_of_its_own(example: str) -> None:
    """A label tells its scrapes apart, and no label renames those of the metrics."""
    rules = jobs_of(EXAMPLES[example])[PROBES]["relabel_configs"]
    kept = [
        {name: text for name, text in relabelled(discovered(*target), rules).items() if not name.startswith("__")}
        for target in TARGETS
    ]
    assert len({tuple(labels.items()) for labels in kept}) == len(TARGETS)
    assert {name for labels in kept for name in labels} == {"target"}


def test_the_examples_for_three_exporters_spread_alike() -> None:
    """Whoever goes from one to the other moves no target."""
    probe, kubernetes = (jobs_of(EXAMPLES[example])[PROBES]["relabel_configs"] for example in ("probe", "kubernetes"))
    for target in TARGETS:
        one, other = (relabelled(discovered(*target), rules)["__address__"] for rules in (probe, kubernetes))
        assert one == other


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_exporter_is_asked_for_the_list(example: str) -> None:
    """One that has just started, and cannot find the graphs yet, takes none away that another lists."""
    jobs = jobs_of(EXAMPLES[example])
    asked = {source["url"] for source in jobs[PROBES]["http_sd_configs"]}
    assert asked == {f"http://{address}/sd" for address in jobs["ges-exporter"]["static_configs"][0]["targets"]}
