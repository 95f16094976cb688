"""Every query of every dashboard, asked of a real Prometheus that watches the living scenario."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from grafana.__main__ import FOLDER
from tests.e2e.monitoring import Prometheus
from tests.e2e.programs import until

STEP = 5
RANGE = 120
TIMES = {"__interval_ms": f"{STEP * 1000}", "__rate_interval": "15s", "__range": f"{RANGE}s"}
"""As Grafana would choose them, in seconds, for the last two minutes of a Prometheus that scrapes every two seconds."""
VARIABLE = re.compile(r"\$([a-z_]+)")
LABEL_VALUES = re.compile(r"label_values\((.+), (\w+)\)")

Json = dict[str, Any]
Values = dict[str, str]

DASHBOARDS: dict[str, Json] = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.json"))}

pytestmark = pytest.mark.e2e
every_dashboard = pytest.mark.parametrize("uid", DASHBOARDS)


class Panel(NamedTuple):
    """A panel that asks for something."""

    title: str
    targets: list[Json]


def panels(uid: str) -> Iterator[Panel]:
    """The panels of a dashboard that have queries."""
    for panel in DASHBOARDS[uid]["panels"]:
        for each in (panel, *panel.get("panels", ())):
            if each.get("targets"):
                yield Panel(each["title"], each["targets"])


def interpolated(expression: str, values: Values) -> str:
    """An expression with its variables replaced."""
    return VARIABLE.sub(lambda found: values[found[1]], expression)


def everything(uid: str) -> Values:
    """The variables where all is chosen."""
    variables = DASHBOARDS[uid]["templating"]["list"]
    return TIMES | {variable["name"]: variable["allValue"] for variable in variables if variable["type"] == "query"}


def offered(prometheus: Prometheus, uid: str) -> dict[str, list[str]]:
    """What each variable offers while all is chosen in the others."""
    found = {}
    for variable in DASHBOARDS[uid]["templating"]["list"]:
        asked = LABEL_VALUES.fullmatch(variable["query"])
        if asked:
            matching = {"match[]": interpolated(asked[1], everything(uid))}
            found[variable["name"]] = prometheus.get(f"label/{asked[2]}/values", **matching)
    return found


def answer(prometheus: Prometheus, target: Json, values: Values) -> list[Json]:
    """The series of a panel's query, over the time that is shown."""
    expression, now = interpolated(target["expr"], values), time.time()
    if target.get("instant"):
        return prometheus.query(expression)
    found = prometheus.get("query_range", query=expression, start=now - RANGE, end=now, step=STEP)
    return list(found["result"])


def empty(prometheus: Prometheus, uid: str, values: Values) -> list[str]:
    """The titles of the panels that show nothing; all their queries are asked."""
    shown = [(panel.title, [answer(prometheus, one, values) for one in panel.targets]) for panel in panels(uid)]
    return [title for title, answers in shown if not any(answers)]


@every_dashboard
def test_variables_offer_what_is_watched(prometheus: Prometheus, uid: str) -> None:
    """People can choose among the projects, planes and graphs that there are."""

    def values() -> dict[str, list[str]]:
        found = offered(prometheus, uid)
        return found if all(found.values()) else {}

    found = until(values)
    assert found["project"] == ["demo"]
    assert found["plane"] == ["management", "service"]
    assert {"movie", "fraud", "social"} <= set(found["graph"])


@every_dashboard
def test_panels_have_data(prometheus: Prometheus, uid: str) -> None:
    """Every query is answered without error, and within minutes there is something to see in every panel."""
    chosen = everything(uid)
    assert until(lambda: not empty(prometheus, uid, chosen), 100), empty(prometheus, uid, chosen)


@every_dashboard
def test_single_choices_are_understood(prometheus: Prometheus, uid: str) -> None:
    """With one graph on one plane chosen, or two of each, every query is answered without error."""
    one = everything(uid) | {"project": "demo", "plane": "service", "graph": "movie"}
    two = one | {"plane": "(management|service)", "graph": "(fraud|movie)"}
    for values in (one, two):
        empty(prometheus, uid, values)
