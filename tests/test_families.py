"""The table of families: the names that are promised, and that each entry is proved."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ges_exporter.families import FAMILIES, Family
from ges_exporter.families.docs import GROUPS, page
from ges_exporter.model import Plane, Status
from tests.test_families_exporter import EXPORTER
from tests.test_families_ledger import LEDGER
from tests.test_families_listing import LISTING
from tests.test_families_scrape import SCRAPE

G = ("project", "graph", "plane")
J = (*G, "job_type", "algorithm")
S = (*J, "status")

PROMISED: dict[str, tuple[str, tuple[str, ...]]] = {
    # from the listing
    "ges_jobs": ("gauge", S),
    "ges_job_oldest_pending_timestamp_seconds": ("gauge", J),
    "ges_job_oldest_running_timestamp_seconds": ("gauge", J),
    "ges_job_oldest_progress_change_timestamp_seconds": ("gauge", J),
    "ges_job_progress_ratio": ("gauge", (*J, "job_id")),
    "ges_job_start_timestamp_seconds": ("gauge", (*S, "job_id")),
    "ges_import_listed_lines": ("gauge", (*G, "kind")),
    "ges_import_listed_failed_lines": ("gauge", (*G, "kind")),
    # from the ledger
    "ges_jobs_discovered_total": ("counter", J),
    "ges_jobs_finished_total": ("counter", S),
    "ges_jobs_vanished_total": ("counter", J),
    "ges_jobs_late_total": ("counter", S),
    "ges_job_duration_seconds": ("histogram", S),
    "ges_job_last_start_timestamp_seconds": ("gauge", J),
    "ges_job_last_success_timestamp_seconds": ("gauge", J),
    "ges_job_last_failure_timestamp_seconds": ("gauge", J),
    "ges_job_last_success_duration_seconds": ("gauge", J),
    "ges_import_lines_total": ("counter", (*G, "kind")),
    "ges_import_failed_lines_total": ("counter", (*G, "kind")),
    "ges_import_files_total": ("counter", (*G, "kind", "status")),
    "ges_import_files_unreported_total": ("counter", (*G, "kind")),
    "ges_import_last_lines": ("gauge", (*G, "kind")),
    "ges_import_last_failed_lines": ("gauge", (*G, "kind")),
    # thresholds
    "ges_job_expected_interval_seconds": ("gauge", J),
    "ges_job_max_duration_seconds": ("gauge", J),
    "ges_job_max_pending_seconds": ("gauge", J),
    # the scrape
    "ges_up": ("gauge", G),
    "ges_target_info": ("gauge", (*G, "project_id", "region", "api")),
    "ges_target_first_listing_timestamp_seconds": ("gauge", G),
    "ges_node_up": ("gauge", (*G, "endpoint")),
    "ges_target_utc_offset_seconds": ("gauge", (*G, "source")),
    "ges_scrape_duration_seconds": ("gauge", G),
    "ges_scrape_requests": ("gauge", G),
    "ges_scrape_jobs": ("gauge", G),
    "ges_scrape_truncated": ("gauge", G),
    "ges_scrape_last_success_timestamp_seconds": ("gauge", G),
    "ges_scrape_errors_total": ("counter", (*G, "reason")),
    "ges_scrape_timeout_seconds": ("gauge", ()),
    # discovery
    "ges_discovery_graphs": ("gauge", ("project",)),
    "ges_discovery_last_success_timestamp_seconds": ("gauge", ("project",)),
    "ges_discovery_errors_total": ("counter", ("project", "reason")),
    "ges_graph_status": ("gauge", ("project", "graph", "status")),
    "ges_graph_info": ("gauge", ("project", "graph", "graph_id", "product_type", "version")),
    # the exporter
    "ges_exporter_build_info": ("gauge", ("version", "python_version")),
    "ges_exporter_info": ("gauge", ("url",)),
    "ges_exporter_api_requests_total": ("counter", ("operation", "code")),
    "ges_exporter_api_request_duration_seconds": ("histogram", ("operation",)),
    "ges_exporter_api_retries_total": ("counter", ("operation", "reason")),
    "ges_exporter_backoff_until_timestamp_seconds": ("gauge", ("endpoint",)),
    "ges_exporter_token_expiry_timestamp_seconds": ("gauge", ("credentials",)),
    "ges_exporter_token_refreshes_total": ("counter", ("credentials",)),
    "ges_exporter_auth_errors_total": ("counter", ("credentials",)),
    "ges_exporter_parse_errors_total": ("counter", ("field",)),
    "ges_exporter_unknown_values_total": ("counter", ("field",)),
    "ges_exporter_series_dropped": ("gauge", ("limit",)),
    "ges_exporter_series_folded": ("gauge", G),
    "ges_exporter_scrapes_shared_total": ("counter", ()),
    "ges_exporter_ledger_jobs": ("gauge", G),
    "ges_exporter_ledger_last_save_timestamp_seconds": ("gauge", ()),
    "ges_exporter_ledger_save_errors_total": ("counter", ()),
    "ges_exporter_config_last_reload_successful": ("gauge", ()),
    "ges_exporter_config_last_reload_success_timestamp_seconds": ("gauge", ()),
}
"""Names, types and labels that dashboards, alerts and people build on: never renamed, never dropped."""


@pytest.mark.parametrize("name", PROMISED)
def test_promised_families_keep_name_type_and_labels(name: str) -> None:
    """Whoever wrote a query against a name finds it as it was."""
    (family,) = [family for family in FAMILIES if family.name == name]
    assert (family.type, family.labels) == PROMISED[name]


def test_no_two_families_share_a_name() -> None:
    """Each name means one thing."""
    assert len({family.name for family in FAMILIES}) == len(FAMILIES)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_help_is_a_sentence(family: Family) -> None:
    """HELP says what is measured in a full sentence, and ends like one."""
    text = family.help
    assert re.fullmatch(r"[A-Z][^\n]*[\w)]\.", text)
    assert len(text.split()) > 3


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_names_follow_the_conventions(family: Family) -> None:
    """Counters, and only they, end in _total; units are base units and last; no label that the scraper itself sets."""
    name, type_, labels = family.name, family.type, family.labels
    assert re.fullmatch(r"ges_[a-z_]+", name)
    assert name.endswith("_total") == (type_ == "counter")
    assert not re.search(r"milli|micro|minutes|hours|percent", name)
    assert not {"job", "instance", "le", "quantile"} & set(labels)


def test_planes_and_statuses_are_the_words_of_the_labels() -> None:
    """The vocabulary of the labels is fixed."""
    assert [plane.value for plane in Plane] == ["management", "service"]
    assert [status.value for status in Status] == [
        "pending",
        "running",
        "success",
        "partially_failed",
        "failed",
        "complete",
        "unknown",
    ]


def test_every_family_has_been_seen() -> None:
    """No entry of the table is without a case above."""
    tested = {case.family for case in (*LISTING.values(), *LEDGER.values())} | SCRAPE.keys() | EXPORTER.keys()
    elsewhere = {
        "ges_job_duration_seconds",
        "ges_exporter_api_request_duration_seconds",
        "ges_graph_status",
        *(family.name for family in FAMILIES if family.help.endswith("thresholds say.")),
    }
    assert {family.name for family in FAMILIES} - tested - elsewhere == set()


def test_the_page_of_the_metrics_is_fresh() -> None:
    """`docs/metrics.md` tells of the families as they are; `make docs` writes it anew."""
    written = (Path(__file__).parents[1] / "docs/metrics.md").read_text(encoding="utf-8")
    assert written == "\n".join(page()), "docs/metrics.md is stale: run `make docs`"


def test_every_family_is_on_its_page() -> None:
    """No group of the table is forgotten."""
    assert sorted(family.name for _, _, group in GROUPS for family in group) == sorted(one.name for one in FAMILIES)
