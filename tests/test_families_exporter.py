"""The families of the exporter itself."""

from __future__ import annotations

import pytest

from ges_exporter.families import Discovered
from ges_exporter.ledger import Rules
from ges_exporter.model import Graph
from ges_exporter.telemetry import Telemetry
from tests.exposed import expected, exposed, scraped, snapshot, state, with_labels
from tests.simulated import START
from tests.watching import (
    CENTRE,
    Watcher,
    job,
    task,
)


def worked() -> Telemetry:
    """What an exporter has noted that has worked a little."""
    telemetry = Telemetry()
    telemetry.request("list_jobs", "200", 0.02)
    telemetry.request("list_jobs", "200", 7.0)
    telemetry.request("create_token", "error", 40.0)
    telemetry.retries["list_jobs", "throttled"] += 2
    telemetry.token_expiry["prod"] = {"a": START + 100, "b": START + 50}
    telemetry.token_expiry["unused"] = {}
    telemetry.token_refreshes["prod"] += 3
    telemetry.auth_errors["prod"] += 1
    telemetry.parse_errors["endTime"] += 4
    telemetry.unknown_values["status"] += 5
    telemetry.scrapes_shared = 6
    return telemetry


FOUND = Discovered(
    project="demo",
    watched=1,
    graphs={
        "movie": Graph("g1", "movie", "200", product_type="InMemory", version="2.4"),
        "图": Graph("g2", "图", "777"),
    },
    errors={"auth": 2},
    last_success=START - 5,
)

EXPORTER = {
    "ges_exporter_build_info": 'ges_exporter_build_info{version="1.2.3",python_version="3.11.0"} 1',
    "ges_exporter_info": 'ges_exporter_info{url="https://ges.example"} 1',
    "ges_exporter_api_requests_total": """
        ges_exporter_api_requests_total{operation="list_jobs",code="200"} 2
        ges_exporter_api_requests_total{operation="create_token",code="error"} 1
        """,
    "ges_exporter_api_retries_total": 'ges_exporter_api_retries_total{operation="list_jobs",reason="throttled"} 2',
    "ges_exporter_backoff_until_timestamp_seconds": (
        'ges_exporter_backoff_until_timestamp_seconds{endpoint="https://10.0.0.5"} t+30'
    ),
    "ges_exporter_token_expiry_timestamp_seconds": (
        'ges_exporter_token_expiry_timestamp_seconds{credentials="prod"} t+50'
    ),
    "ges_exporter_token_refreshes_total": """
        ges_exporter_token_refreshes_total{credentials="prod"} 3
        ges_exporter_token_refreshes_total{credentials="other"} 0
        """,
    "ges_exporter_auth_errors_total": """
        ges_exporter_auth_errors_total{credentials="prod"} 1
        ges_exporter_auth_errors_total{credentials="other"} 0
        """,
    "ges_exporter_parse_errors_total": 'ges_exporter_parse_errors_total{field="endTime"} 4',
    "ges_exporter_unknown_values_total": 'ges_exporter_unknown_values_total{field="status"} 5',
    "ges_exporter_series_dropped": 'ges_exporter_series_dropped{limit="active_jobs_per_graph"} 8',
    "ges_exporter_scrapes_shared_total": "ges_exporter_scrapes_shared_total 6",
    "ges_exporter_ledger_jobs": "ges_exporter_ledger_jobs{@} 2",
    "ges_exporter_ledger_last_save_timestamp_seconds": "ges_exporter_ledger_last_save_timestamp_seconds t+9",
    "ges_exporter_ledger_save_errors_total": "ges_exporter_ledger_save_errors_total 7",
    "ges_exporter_ledger_set_aside_total": "ges_exporter_ledger_set_aside_total 1",
    "ges_exporter_config_last_reload_successful": "ges_exporter_config_last_reload_successful 0",
    "ges_exporter_config_last_reload_success_timestamp_seconds": (
        "ges_exporter_config_last_reload_success_timestamp_seconds t-1"
    ),
    "ges_exporter_series_folded": "ges_exporter_series_folded{@} 0",
    "ges_discovery_graphs": 'ges_discovery_graphs{project="demo"} 1',
    "ges_discovery_last_success_timestamp_seconds": 'ges_discovery_last_success_timestamp_seconds{project="demo"} t-5',
    "ges_discovery_errors_total": 'ges_discovery_errors_total{project="demo",reason="auth"} 2',
    "ges_graph_info": """
        ges_graph_info{project="demo",graph="movie",graph_id="g1",product_type="InMemory",version="2.4"} 1
        ges_graph_info{project="demo",graph="图",graph_id="g2",product_type="",version=""} 1
        """,
}


@pytest.mark.parametrize(("family", "page"), EXPORTER.items(), ids=EXPORTER)
def test_families_of_the_exporter(family: str, page: str) -> None:
    """What it notes of its own work is what it shows."""
    watcher = Watcher()
    watcher.show(job("a"), job("b", "running"))
    exporter = state(
        telemetry=worked(),
        views=list(watcher.views.values()),
        dropped={"active_jobs_per_graph": 8},
        credentials=("prod", "other"),
        backoff={"https://10.0.0.5": START + 30},
        last_save=START + 9,
        save_errors=7,
        set_aside=1,
        reload_successful=False,
        reload_time=START - 1,
        external_url="https://ges.example",
        discovered=[FOUND],
    )
    assert exposed(snapshot(exporter=exporter), family) == expected(page)


def test_request_durations_are_a_histogram() -> None:
    """Each request falls into one bucket, the slowest into the last."""
    shown = exposed(snapshot(exporter=state(telemetry=worked())), "ges_exporter_api_request_duration_seconds")
    counted = {
        (dict(labels)["operation"], dict(labels).get("le", name.rpartition("_")[2])): value
        for (name, labels), value in shown.items()
    }
    assert (counted["list_jobs", "0.01"], counted["list_jobs", "0.025"], counted["list_jobs", "+Inf"]) == (0, 1, 2)
    assert (counted["list_jobs", "count"], counted["list_jobs", "sum"]) == (2, 7.02)
    assert (counted["create_token", "30.0"], counted["create_token", "+Inf"]) == (0, 1)


def test_what_is_not_so_is_absent() -> None:
    """No address, no back-off, no token, no save: no sample, rather than a zero that means something else."""
    page = snapshot(exporter=state())
    for family in (
        "ges_exporter_info",
        "ges_exporter_backoff_until_timestamp_seconds",
        "ges_exporter_token_expiry_timestamp_seconds",
        "ges_exporter_ledger_last_save_timestamp_seconds",
    ):
        assert exposed(page, family) == {}


def test_folded_kinds_of_jobs_are_told() -> None:
    """What found no seat is counted under other, and how many kinds that are is shown."""
    watcher = Watcher(rules=Rules(label_sets_per_graph=1))
    watcher.show(job("a"), job("b", algorithm="louvain"), job("c", "failed", algorithm="kcore"))
    page = snapshot(scraped(watcher), exporter=state(views=list(watcher.views.values())))
    assert exposed(page, "ges_exporter_series_folded") == expected("ges_exporter_series_folded{@} 2")
    jobs = with_labels(exposed(page, "ges_jobs"), job_type="other", algorithm="")
    assert sum(jobs.values()) == 2


def test_nothing_is_said_of_what_a_target_folds_while_it_is_down() -> None:
    """Absent is not zero."""
    watcher = Watcher(rules=Rules(label_sets_per_graph=1))
    watcher.show(job("a"), job("b", algorithm="louvain"))
    watcher.fail()
    page = snapshot(exporter=state(views=list(watcher.views.values())))
    assert exposed(page, "ges_exporter_series_folded") == {}


def test_folded_graphs_are_told() -> None:
    """Of a task centre, graphs beyond the limit are told under the empty graph."""
    watcher = Watcher(CENTRE, rules=Rules(graphs_per_project=1))
    watcher.show(*(task(graph, graph=graph) for graph in "abc"))
    page = snapshot(scraped(watcher), exporter=state(views=list(watcher.views.values())))
    assert exposed(page, "ges_exporter_series_folded") == expected(
        'ges_exporter_series_folded{project="demo",graph="",plane="management"} 2'
    )
    assert sum(with_labels(exposed(page, "ges_jobs"), graph="other").values()) == 2


def test_a_graph_has_one_status_in_force() -> None:
    """1 for the word of its code, 0 for all others, and a code that nobody knows is unknown."""
    shown = exposed(snapshot(exporter=state(discovered=[FOUND])), "ges_graph_status")
    in_force = {(dict(labels)["graph"], dict(labels)["status"]) for (_, labels), value in shown.items() if value}
    assert in_force == {("movie", "running"), ("图", "unknown")}
    words = {dict(labels)["status"] for _, labels in shown}
    assert {"running", "importing", "exporting", "clearing", "stopped", "create_failed", "unknown"} <= words
    assert len(shown) == 2 * len(words)
