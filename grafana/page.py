"""What all three dashboards share: variables, links to each other, time range, and how they become JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as models

from grafana.panels import DATASOURCE

TAG = "ges"
TITLES = {"ges-jobs": "GES jobs", "ges-graph": "GES graph", "ges-exporter": "GES exporter"}
"""The dashboards by their uids, which never change: links, bookmarks and alerts hold them."""

# Name, query, and the regular expression that stands for all.
SCOPE_VARIABLES = (
    ("project", "label_values(ges_target_info, project)", ".+"),
    ("plane", 'label_values(ges_target_info{project=~"$project"}, plane)', ".+"),
    (
        "graph",
        'label_values({__name__=~"ges_jobs|ges_target_info", project=~"$project", plane=~"$plane"}, graph)',
        ".*",  # a task centre's series have no graph
    ),
)
EXPORTER_VARIABLES = (
    ("job", "label_values(ges_exporter_build_info, job)", ".+"),
    ("instance", 'label_values(ges_exporter_build_info{job=~"$job"}, instance)', ".+"),
)


def page(uid: str, description: str, begin: str, variables: Iterable[tuple[str, str, str]]) -> builders.Dashboard:
    """An empty dashboard that shows the time since ``begin`` and leads to the other two."""
    dashboard = builders.Dashboard(TITLES[uid]).uid(uid).description(description).tags([TAG]).readonly()
    dashboard = dashboard.time(begin, "now").refresh("1m").timezone("browser")
    dashboard = dashboard.tooltip(models.DashboardCursorSync.CROSSHAIR)
    for other in TITLES:
        if other != uid:
            dashboard = dashboard.link(_link(other))
    dashboard = dashboard.with_variable(
        builders.DatasourceVariable("datasource").label("Data source").type("prometheus")
    )
    for each in variables:
        dashboard = dashboard.with_variable(_variable(*each))
    return dashboard


def section(
    dashboard: builders.Dashboard, title: str | None, *panels: Builder[models.Panel], repeat: str = ""
) -> builders.Dashboard:
    """The dashboard with these panels, under a row with this title, one for each value of the variable ``repeat``."""
    if title:
        row = builders.Row(title)
        dashboard = dashboard.with_row(row.repeat(repeat) if repeat else row)
    for panel in panels:
        dashboard = dashboard.with_panel(panel)
    return dashboard


def text(dashboard: builders.Dashboard) -> str:
    """The dashboard as JSON, the same on each day and machine; panels are numbered in their order."""
    built = dashboard.build()
    for number, panel in enumerate(built.panels or (), start=1):
        panel.id_val = number
    encoded: object = json.loads(JSONEncoder().encode(built))
    return json.dumps(encoded, indent=2, sort_keys=True) + "\n"


def _variable(name: str, query: str, everything: str) -> builders.QueryVariable:
    built = builders.QueryVariable(name).label(name.capitalize()).datasource(DATASOURCE).query(query)
    built = built.multi(True).include_all(True).all_value(everything)
    built = built.refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED).sort(models.VariableSort.ALPHABETICAL_ASC)
    return built.current(models.VariableOption(text="All", value="$__all"))


def _link(uid: str) -> builders.DashboardLink:
    said = f"Open {TITLES[uid]} with these variables and this time range"
    built = builders.DashboardLink(TITLES[uid]).type(models.DashboardLinkType.LINK).url(f"/d/{uid}").icon("dashboard")
    return built.tooltip(said).include_vars(True).keep_time(True)
