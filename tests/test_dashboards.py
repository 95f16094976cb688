"""The Grafana dashboards: what people may rely on, read from the JSON that they import."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ges_exporter.families import FAMILIES
from grafana.__main__ import FOLDER, stale

Json = dict[str, Any]

DASHBOARDS: dict[str, Json] = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.json"))}
PROVISIONING = FOLDER.parent / "provisioning"

OWN_TYPES = {"bargauge", "heatmap", "row", "stat", "state-timeline", "table", "timeseries"}
CONFUSABLE = re.compile(r"red|green|yellow")

EXPORTERS = {"job", "instance", "target"}
"""Labels that Prometheus adds."""
NAME = re.compile(r"\b(?:ges|process)_[a-z_]+")
SELECTOR = re.compile(r"(\b(?:ges|process)_[a-z_]+)\{([^}]*)\}")
GROUPING = re.compile(r"\b(?:by|on|group_left|ignoring|without) \(([^)]*)\)")

PROCESS = {
    "process_cpu_seconds_total",
    "process_max_fds",
    "process_open_fds",
    "process_resident_memory_bytes",
    "process_start_time_seconds",
}
LABELS = {family.name: set(family.labels) for family in FAMILIES} | {name: set[str]() for name in PROCESS}
for family in FAMILIES:
    if family.type == "histogram":
        LABELS[f"{family.name}_bucket"] = {*family.labels, "le"}


def _panels(dashboard: Json) -> Iterator[Json]:
    for panel in dashboard["panels"]:
        yield panel
        yield from panel.get("panels", ())


def _targets() -> Iterator[tuple[str, Json, Json]]:
    for uid, dashboard in DASHBOARDS.items():
        for panel in _panels(dashboard):
            for target in panel.get("targets", ()):
                yield uid, panel, target


def _variables(uid: str) -> dict[str, Json]:
    return {variable["name"]: variable for variable in DASHBOARDS[uid]["templating"]["list"]}


def _values(node: object, key: str) -> Iterator[Any]:
    """Every value that stands under ``key`` anywhere below."""
    if isinstance(node, dict):
        for name, child in node.items():
            if name == key:
                yield child
            yield from _values(child, key)
    elif isinstance(node, list):
        for child in node:
            yield from _values(child, key)


def _repeated(dashboard: Json) -> set[int]:
    """The ids of the panels that stand in a row of which there is one for each plane."""
    inside, found = False, set()
    for panel in dashboard["panels"]:
        if panel["type"] == "row":
            inside = panel.get("repeat") == "plane"
        elif inside:
            found.add(panel["id"])
    return found


every_dashboard = pytest.mark.parametrize("uid", DASHBOARDS)
every_panel = pytest.mark.parametrize(
    "panel",
    [
        pytest.param(panel, id=f"{uid}-{panel['id']}")
        for uid, dashboard in DASHBOARDS.items()
        for panel in _panels(dashboard)
    ],
)
every_target = pytest.mark.parametrize(
    ("uid", "panel", "target"),
    [pytest.param(*found, id=f"{found[0]}-{found[1]['id']}-{found[2]['refId']}") for found in _targets()],
)


def test_files_are_fresh() -> None:
    """The committed files are what ``python -m grafana`` writes."""
    assert not stale()


def test_uids_are_stable() -> None:
    """Links, bookmarks and alerts hold these uids, and the tag finds all three."""
    assert {dashboard["uid"]: dashboard["title"] for dashboard in DASHBOARDS.values()} == {
        "ges-jobs": "GES jobs",
        "ges-graph": "GES graph",
        "ges-exporter": "GES exporter",
    }
    assert all(dashboard["tags"] == ["ges"] for dashboard in DASHBOARDS.values())


@every_dashboard
def test_leads_to_the_others(uid: str) -> None:
    """Each dashboard links to the other two and takes variables and time range along."""
    links = DASHBOARDS[uid]["links"]
    assert {link["url"] for link in links} == {f"/d/{other}" for other in DASHBOARDS if other != uid}
    assert all(link["includeVars"] and link["keepTime"] for link in links)


@every_dashboard
def test_time_suits_jobs(uid: str) -> None:
    """Jobs last minutes to hours: hours are shown, and a minute's delay does not matter."""
    assert DASHBOARDS[uid]["time"] in ({"from": "now-6h", "to": "now"}, {"from": "now-24h", "to": "now"})
    assert DASHBOARDS[uid]["refresh"] == "1m"


@every_dashboard
def test_data_source_is_chosen(uid: str) -> None:
    """No data source is fixed, so importing by hand and provisioning both work."""
    assert _variables(uid)["datasource"]["type"] == "datasource"
    sources = list(_values({**DASHBOARDS[uid], "annotations": {}}, "datasource"))
    assert sources
    assert all(source == {"type": "prometheus", "uid": "${datasource}"} for source in sources)
    assert DASHBOARDS[uid].get("id") is None
    assert "__inputs" not in DASHBOARDS[uid]


@every_dashboard
@pytest.mark.parametrize("name", ["project", "plane", "graph"])
def test_scope_is_chosen(uid: str, name: str) -> None:
    """Project, plane and graph allow many and all; all graphs include the task centre, whose graph is empty."""
    variable = _variables(uid)[name]
    assert variable["multi"]
    assert variable["includeAll"]
    assert variable["current"]["value"] == "$__all"
    assert (re.fullmatch(variable["allValue"], "") is not None) == (name == "graph")


@every_dashboard
def test_panels_are_numbered_and_fit(uid: str) -> None:
    """Ids are unique, nothing overlaps the page's edge, and no panel is too narrow to read at 1280 pixels."""
    panels = list(_panels(DASHBOARDS[uid]))
    assert len({panel["id"] for panel in panels}) == len(panels)
    for place in (panel["gridPos"] for panel in panels):
        assert place["x"] + place["w"] <= 24
        assert place["w"] >= 6


@every_panel
def test_panel_explains_itself(panel: Json) -> None:
    """Each panel has a title, a description, a unit and words for when there is nothing to show."""
    assert panel["type"] in OWN_TYPES
    assert panel["title"]
    if panel["type"] != "row":
        assert panel["description"].endswith(".")
        assert panel["fieldConfig"]["defaults"]["unit"]
        assert panel["fieldConfig"]["defaults"]["noValue"]
        assert panel["targets"]


@every_panel
def test_colours_can_be_told_apart(panel: Json) -> None:
    """No colour of a threshold, a mapping or a series rests on red against green."""
    named = [*_values(panel, "color"), *_values(panel, "fixedColor")]
    assert not [colour for colour in named if isinstance(colour, str) and CONFUSABLE.search(colour)]


@every_target
def test_names_are_exported(uid: str, panel: Json, target: Json) -> None:  # noqa: ARG001 - one table for all
    """Metrics, matchers, groupings and legends use names that the table of families has."""
    expression = target["expr"]
    names = set(NAME.findall(re.sub(r'"[^"]*"', '""', expression)))
    assert names <= LABELS.keys()
    for name, matchers in SELECTOR.findall(expression):
        assert set(re.findall(r"(\w+)=", matchers)) <= LABELS[name] | EXPORTERS
    known = set[str]().union(EXPORTERS, *(LABELS[name] for name in names))
    grouped = {label for labels in GROUPING.findall(expression) for label in re.findall(r"\w+", labels)}
    assert grouped | set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])) <= known


@every_dashboard
def test_variables_ask_for_exported_names(uid: str) -> None:
    """The variables' queries use metrics and labels that the table of families has."""
    for variable in _variables(uid).values():
        if variable["type"] == "query":
            names = set(NAME.findall(variable["query"]))
            assert names <= LABELS.keys()
            assert all(variable["name"] in LABELS[name] | EXPORTERS for name in names)


@every_target
def test_windows_follow_the_step(uid: str, panel: Json, target: Json) -> None:  # noqa: ARG001 - one table for all
    """Rates reach over ``$__rate_interval``, totals over the dashboard's range; no window is fixed."""
    assert set(re.findall(r"\brate\([^[]*\[([^]]*)\]", target["expr"])) <= {"$__rate_interval"}
    assert set(re.findall(r"\[([^]]*)\]", target["expr"])) <= {"$__rate_interval", "$__range"}


@every_target
def test_exporters_in_pairs_do_not_double(uid: str, panel: Json, target: Json) -> None:  # noqa: ARG001 - one table
    """The increase of each series comes first, then one of the exporters, and only then sums."""
    expression = target["expr"]
    rises = len(re.findall(r"\b(?:rate|increase)\(", expression))
    assert len(re.findall(r"\bmax(?: by \([^)]*\) )?\((?:rate|increase)\(", expression)) == rises
    assert not re.findall(r"\b(?:sum|avg)(?: by \([^)]*\) )?\((?!\(?(?:max|min) by|\(?time\(\) - max by)", expression)


@every_target
def test_planes_are_never_added(uid: str, panel: Json, target: Json) -> None:
    """What adds up jobs or targets keeps the plane, or stands in a row of one plane."""
    if panel["id"] in _repeated(DASHBOARDS[uid]):
        assert 'plane=~"$plane"' in target["expr"]
        return
    for labels, start in re.findall(r"\b(?:sum|avg|count)(?: by \(([^)]*)\) )?\(([^{]*)", target["expr"]):
        metrics = NAME.findall(start)
        assert "plane" in labels or not any("plane" in LABELS[name] for name in metrics)


@every_target
def test_histograms_show_exemplars(uid: str, panel: Json, target: Json) -> None:  # noqa: ARG001 - one table for all
    """A graph made from buckets names single jobs where Prometheus keeps exemplars."""
    if "_bucket{" in target["expr"] and not target["instant"]:
        assert target["exemplar"]


def test_rows_lead_to_their_graph() -> None:
    """A click on a row of the table of job types opens the graph's dashboard with that row's values."""
    (table,) = [panel for panel in DASHBOARDS["ges-jobs"]["panels"] if panel["title"] == "Job types"]
    columns = set(table["transformations"][-1]["options"]["renameByName"].values())
    (url,) = [link["url"] for links in _overridden(table, "Graph", "links") for link in links]
    assert url.startswith("/d/ges-graph?${__url_time_range}&var-datasource=${datasource}&")
    taken = dict(re.findall(r"var-(\w+)=\$\{__data\.fields\.(\w+):percentencode\}", url))
    assert taken == {"project": "Project", "plane": "Plane", "graph": "Graph"}
    assert set(taken.values()) <= columns


def _overridden(panel: Json, column: str, option: str) -> Iterator[Any]:
    for override in panel["fieldConfig"]["overrides"]:
        if override["matcher"]["options"] == column:
            yield from (each["value"] for each in override["properties"] if each["id"] == option)


def _provisioned(path: str) -> Json:
    loaded: Json = yaml.safe_load(Path(PROVISIONING, path).read_text("utf-8"))
    return loaded


def test_provisioning() -> None:
    """Grafana finds the dashboards in a folder, and a Prometheus that is nobody's default yet."""
    (provider,) = _provisioned("dashboards/ges.yml")["providers"]
    assert provider["type"] == "file"
    assert Path(provider["options"]["path"]).is_absolute()
    (source,) = _provisioned("datasources/prometheus.yml")["datasources"]
    assert source["type"] == "prometheus"
    assert "isDefault" not in source
    assert re.fullmatch(r"\d+s", source["jsonData"]["timeInterval"])
