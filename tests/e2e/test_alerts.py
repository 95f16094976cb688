"""From a job that fails to the one who is told, through the real Prometheus and the real Alertmanager."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.alerting import rules
from tests.e2e.conftest import PLANTED
from tests.e2e.monitoring import Prometheus, Receiver
from tests.e2e.programs import until
from tests.e2e.watched import Simulator

Json = dict[str, Any]
Alerts = dict[str, Json]

REASON = "Import graph failed: OBS object planted/edge.csv is not accessible"
EDGES = {"kind": "edge", "name": "edge.csv", "lines": 1000, "failed_lines": 0}

pytestmark = pytest.mark.e2e


def fail_import(simulator: Simulator, graph: str) -> str:
    """An import that fails half a second from now; its id."""
    return simulator.submit(graph, job_type="ImportGraph", run=0.5, outcome="failed", reason=REASON)


def succeed(simulator: Simulator, graph: str) -> None:
    """A good import."""
    simulator.submit(graph, job_type="ImportGraph", run=0.5, files=[EDGES])


def of(alert: Json, name: str, graph: str) -> bool:
    """Whether an alert has this name and is about a graph's service plane."""
    wanted = {"alertname": name, "project": "demo", "graph": graph, "plane": "service"}
    return bool(wanted.items() <= alert["labels"].items())


def known(alertmanager: httpx.Client, graph: str) -> Alerts:
    """What Alertmanager holds about a graph, by the alert's name."""
    told = alertmanager.get("/api/v2/alerts", params={"filter": f'graph="{graph}"'}).raise_for_status().json()
    return {alert["labels"]["alertname"]: alert for alert in told}


def test_targets_are_discovered_and_scraped(prometheus: Prometheus) -> None:
    """Prometheus learns the task centre and each graph from the exporter, the found ones too, and reads them all."""
    graphs = {"", "movie", "fraud", "social", *PLANTED}

    def up() -> set[str]:
        return {series["metric"].get("graph", "") for series in prometheus.query("ges_up == 1")}

    def pools() -> list[tuple[str, str, str]]:
        active = prometheus.get("targets", state="active")["activeTargets"]
        return sorted((one["scrapePool"], one["labels"].get("target", ""), one["health"]) for one in active)

    until(lambda: up() == graphs)
    until(lambda: all(health != "unknown" for _, _, health in pools()))
    probes = [("ges-probe", f"demo/{graph}", "up") for graph in sorted(graphs)]
    assert pools() == [("ges-exporter", "", "up"), *probes]


def test_failing_import_is_told_and_resolves_with_a_good_one(
    simulator: Simulator, prometheus: Prometheus, exporter: httpx.Client, receiver: Receiver
) -> None:
    """The team hears of it, with a link that shows why; and after the next good import that it is over."""
    until(lambda: prometheus.query('ges_up{graph="planted"} == 1'))
    job_id = fail_import(simulator, "planted")

    def failed(path: str, alert: Json, status: str = "firing") -> bool:
        return path == "/team" and alert["status"] == status and of(alert, "GesJobLastRunFailed", "planted")

    alert = receiver.wait(failed)
    assert alert["annotations"]["runbook_url"].endswith("/GesJobLastRunFailed.md")
    link = urlsplit(alert["annotations"]["description"].split()[-1])
    page = exporter.get(f"{link.path}?{link.query}").raise_for_status().text
    assert link.netloc == str(exporter.base_url.netloc, "ascii")
    assert job_id in page
    assert REASON in page

    succeed(simulator, "planted")
    receiver.wait(lambda path, told: failed(path, told, "resolved"))


def test_target_that_is_down_silences_the_alerts_on_its_jobs(
    simulator: Simulator, prometheus: Prometheus, alertmanager: httpx.Client
) -> None:
    """While a graph cannot be read, only that is said; what its jobs did is said again when it can."""
    until(lambda: prometheus.query('ges_up{graph="hidden"} == 1'))
    fail_import(simulator, "hidden")
    until(lambda: known(alertmanager, "hidden").get("GesJobLastRunFailed"))

    simulator.post("faults", kind="status", value=503, path="/ges/", graph="hidden")

    def silenced() -> Alerts:
        alerts = known(alertmanager, "hidden")
        return alerts if alerts["GesJobLastRunFailed"]["status"]["inhibitedBy"] else {}

    alerts = until(silenced)
    assert alerts["GesTargetFailing"]["status"]["state"] == "active"
    assert alerts["GesJobLastRunFailed"]["status"]["inhibitedBy"] == [alerts["GesTargetFailing"]["fingerprint"]]

    simulator.mend()
    until(lambda: [alert["status"]["state"] for alert in known(alertmanager, "hidden").values()] == ["active"])
    assert "GesJobLastRunFailed" in known(alertmanager, "hidden")


def test_rules_are_evaluated_without_error(prometheus: Prometheus) -> None:
    """Each shipped rule is loaded, and evaluates over living data, as it stands and with shorter times."""
    shipped = list(rules())

    def evaluated() -> list[Json]:
        found = prometheus.rules()
        return found if all(rule["health"] != "unknown" for rule in found) else []

    found = until(evaluated)
    assert sorted(rule["name"] for rule in found) == sorted(rule.name for rule in shipped)
    assert {rule["name"]: rule.get("lastError") for rule in found if rule["health"] != "ok"} == {}
    for rule in shipped:
        prometheus.query(rule.expression)


def test_texts_of_alerts_are_complete(prometheus: Prometheus) -> None:
    """What goes wrong in the living scenario is told in whole sentences, and where to look."""

    def active() -> list[Json]:
        return [alert for rule in prometheus.rules() for alert in rule.get("alerts", ()) if alert["state"] == "firing"]

    for alert in until(active):
        for text in alert["annotations"].values():
            assert "error expanding template" not in text
            assert "<no value>" not in text
        assert "graph" not in alert["labels"] or "/jobs?project=demo&graph=" in alert["annotations"]["description"]
