"""The alerts and what belongs to them: the promises that a reader woken by one relies on."""

from __future__ import annotations

import re
import shutil
import subprocess
import textwrap
from collections.abc import Iterable
from pathlib import Path

import pytest
import yaml

from ges_exporter.families import FAMILIES
from tests.alerting import CASES, PROMETHEUS, ROOT, RULES, RUNBOOKS, Rule, cases, rules

ALL = list(rules())
ALERTS = [rule for rule in ALL if rule.alert]
RECORDED = [rule for rule in ALL if not rule.alert]
NAMES = sorted({rule.name for rule in ALERTS})

OF_PROMETHEUS = {"job", "instance", "target"}
"""Labels that a scrape adds; `target` is that of config/prometheus/prometheus-probe.yml."""
OF_RULES = {"limit"}
"""Labels that rules add."""

METRIC = re.compile(r"(?<![\w:])ges_\w+(?![\w:])")
SELECTOR = re.compile(r"(?<![\w:])(ges_\w+)\{([^}]*)\}")
MATCHER = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)")
GROUPING = re.compile(r"\b(?:by|on|ignoring|without|group_left|group_right) \(([^)]*)\)")

every_alert = pytest.mark.parametrize("rule", [pytest.param(r, id=f"{r.name}-{r.labels['severity']}") for r in ALERTS])
every_rule = pytest.mark.parametrize("rule", [pytest.param(rule, id=rule.name) for rule in ALL])
every_name = pytest.mark.parametrize("name", NAMES)


def known() -> dict[str, set[str]]:
    """The labels of every series that the exporter has, by name."""
    labels: dict[str, set[str]] = {}
    for family in FAMILIES:
        own = {*family.labels, *OF_PROMETHEUS}
        labels[family.name] = own
        if family.type == "histogram":
            labels |= {f"{family.name}_{part}": own | {"le"} for part in ("bucket", "sum", "count")}
    return labels


SERIES = known()


def groupings(text: str) -> Iterable[set[str]]:
    """The lists of labels by which an expression aggregates or joins."""
    return ({label.strip() for label in match.split(",")} - {""} for match in GROUPING.findall(text))


@every_alert
def test_alert_tells_what_its_reader_needs(rule: Rule) -> None:
    """Severity, summary, description, runbook and dashboard: an alert without one of them does not land."""
    assert rule.labels["severity"] in {"critical", "warning", "info"}
    assert set(rule.annotations) == {"summary", "description", "runbook_url", "dashboard_url"}
    assert len(rule.annotations["description"]) > len(rule.annotations["summary"])


@every_alert
def test_alert_links_to_the_jobs_it_is_about(rule: Rule) -> None:
    """An alert about a target names project and plane, and links to its jobs where the exporter's address is known."""
    description = rule.annotations["description"]
    if "$labels.plane" in description:
        assert "{{ $labels.project }}" in description
        assert "ges_exporter_info" in description
        assert '| label "url"' in description
        assert "/jobs?project={{ $labels.project | urlquery }}&graph={{ $labels.graph | urlquery }}" in description
    else:
        assert "project, graph, plane" not in rule.expression.splitlines()[0]


def test_critical_is_kept_for_what_gets_someone_up() -> None:
    """Nobody is woken by anything else."""
    assert {rule.name for rule in ALERTS if rule.labels["severity"] == "critical"} == {
        "GesAuthenticationFailing",
        "GesExporterDown",
        "GesJobNoSuccess",
        "GesJobStuck",
        "GesLedgerNotSaved",
        "GesTargetFailing",
    }


@every_alert
def test_links_have_a_base_that_one_command_replaces(rule: Rule) -> None:
    """docs/alerting.md gives the two bases and the command; every link begins with one of them."""
    assert rule.annotations["runbook_url"] == f"https://runbooks.example.com/ges-exporter/{rule.name}.md"
    assert re.match(
        r"https://grafana\.example\.com/d/ges-(jobs|graph|exporter)(\?|$)", rule.annotations["dashboard_url"]
    )
    told = (ROOT / "docs/alerting.md").read_text("utf-8")
    assert "https://runbooks.example.com/ges-exporter" in told
    assert "https://grafana.example.com" in told


def test_every_alert_has_a_runbook_and_every_runbook_an_alert() -> None:
    """No link leads nowhere, and no page outlives its alert."""
    assert sorted(page.stem for page in RUNBOOKS.glob("*.md")) == NAMES


@every_name
def test_runbook_has_its_four_parts(name: str) -> None:
    """Meaning, impact, diagnosis, mitigation, in this order, none of them empty."""
    page = (RUNBOOKS / f"{name}.md").read_text("utf-8")
    assert page.startswith(f"# {name}\n")
    parts = re.split(r"^## (.*)\n", page, flags=re.MULTILINE)[1:]
    assert parts[::2] == ["Meaning", "Impact", "Diagnosis", "Mitigation"]
    assert all(part.strip() for part in parts[1::2])


@pytest.mark.parametrize(
    "page", [*sorted(RUNBOOKS.glob("*.md")), ROOT / "docs/alerting.md"], ids=lambda path: path.stem
)
def test_pages_speak_of_metrics_that_exist(page: Path) -> None:
    """Every metric and every rule that a page names is there, so that its queries work at three in the morning."""
    text = page.read_text("utf-8")
    assert set(METRIC.findall(text)) <= set(SERIES)
    assert set(re.findall(r"\b\w+:ges_\w+:\w+\b", text)) <= {rule.name for rule in RECORDED}
    assert set(re.findall(r"\bGes[A-Z]\w+\b", text)) <= set(NAMES)
    for metric, matchers in SELECTOR.findall(text):
        assert set(MATCHER.findall(matchers)) <= SERIES[metric]


@every_name
def test_every_alert_is_seen_to_fire_and_not_to_fire(name: str) -> None:
    """The file of the alert's name has a case in which it fires, and one in which it must not."""
    expected = [bool(case.get("exp_alerts")) for case in cases(name)]
    assert True in expected
    assert False in expected


def test_every_file_of_cases_is_about_an_alert() -> None:
    """No cases outlive their alert."""
    assert sorted(path.stem for path in CASES.glob("*.yml")) == NAMES


@every_rule
def test_rule_uses_names_and_labels_that_exist(rule: Rule) -> None:
    """Metrics and labels are those of the exporter's own table, or of an earlier rule."""
    assert set(METRIC.findall(rule.queries)) <= set(SERIES)
    assert set(re.findall(r"\b\w+:ges_\w+:\w+\b", rule.expression)) <= {one.name for one in RECORDED}
    for metric, matchers in SELECTOR.findall(rule.queries):
        assert set(MATCHER.findall(matchers)) <= SERIES[metric]
    labels = set.union(*SERIES.values())
    assert all(grouping <= labels for grouping in groupings(rule.queries))
    shown = set(re.findall(r"\$labels\.(\w+)", "\n".join(rule.annotations.values())))
    assert shown <= labels | OF_RULES


@every_rule
def test_rule_never_adds_planes_together(rule: Rule) -> None:
    """Whatever is aggregated or joined by project and graph, is by plane too, and no label is dropped unnamed."""
    assert " without (" not in rule.queries
    assert all("plane" in grouping for grouping in groupings(rule.queries) if "graph" in grouping)


@every_rule
def test_rule_counts_a_target_once_however_many_exporters_watch_it(rule: Rule) -> None:
    """Sums keep the exporter's labels, so that only `max` and `min` join what several exporters say."""
    for labels in re.findall(r"\bsum by \(([^)]*)\)", rule.expression):
        assert {"job", "instance"} <= {label.strip() for label in labels.split(",")}


@pytest.mark.parametrize("rule", RECORDED, ids=lambda rule: rule.name)
def test_recording_rule_is_named_by_custom_and_needed(rule: Rule) -> None:
    """Its name is level:metric:operations, and a rule or a dashboard reads it."""
    assert re.fullmatch(r"(job_instance_graph|job_type|graph):ges_\w+:\w+", rule.name)
    readers = [other.expression for other in ALL if other is not rule]
    readers += [path.read_text("utf-8") for path in (ROOT / "grafana/dashboards").glob("*.json")]
    assert any(rule.name in reader for reader in readers)


def run(program: str, *arguments: object) -> str:
    """What a program says; a failure shows it."""
    path = shutil.which(program)
    assert path, f"{program} is needed"
    done = subprocess.run([path, *map(str, arguments)], capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.e2e
@every_name
def test_promtool_agrees_with_the_cases(name: str) -> None:
    """The alert fires when it should, with these very words, and not in the nearest case in which it must not."""
    run("promtool", "test", "rules", CASES / f"{name}.yml")


@pytest.mark.e2e
def test_promtool_accepts_the_rules() -> None:
    """No rule is twice there, and all can be loaded."""
    run("promtool", "check", "rules", "--lint=all", "--lint-fatal", *sorted(RULES.glob("*.yml")))


@pytest.mark.e2e
@pytest.mark.parametrize("name", ["prometheus.yml", "prometheus-probe.yml"])
def test_promtool_accepts_the_example_configurations(name: str) -> None:
    """They load as they stand, and find both files of rules."""
    assert "2 rule files found" in run("promtool", "check", "config", PROMETHEUS / name)


@pytest.mark.e2e
def test_promtool_understands_the_queries_of_the_runbooks(tmp_path: Path) -> None:
    """Each can be pasted into Prometheus as it stands."""
    queries = [
        query
        for page in sorted(RUNBOOKS.glob("*.md"))
        for query in re.findall(r"```promql\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    ]
    named = [
        {"record": f"runbooks:query:{number}", "expr": textwrap.dedent(query)} for number, query in enumerate(queries)
    ]
    file = tmp_path / "queries.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "runbooks", "rules": named}]}), "utf-8")
    run("promtool", "check", "rules", file)
