"""The alerting and recording rules as their files hold them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

ROOT = Path(__file__).parent.parent
PROMETHEUS = ROOT / "config/prometheus"
RULES = PROMETHEUS / "rules"
CASES = ROOT / "tests/rules"
RUNBOOKS = ROOT / "docs/runbooks"


class Rule(NamedTuple):
    """One rule; what only alerts have is empty in a recording rule."""

    name: str
    expression: str
    alert: bool
    labels: dict[str, str]
    annotations: dict[str, str]

    @property
    def queries(self) -> str:
        """The expression, and the queries that the annotations make."""
        return "\n".join((self.expression, *re.findall(r'"((?:[^"\\]|\\.)*\bges_(?:[^"\\]|\\.)*)"', self._templates)))

    @property
    def _templates(self) -> str:
        return "\n".join(self.annotations.values())


def rules() -> Iterator[Rule]:
    """Every rule of every file, in their order."""
    for path in sorted(RULES.glob("*.yml")):
        for group in yaml.safe_load(path.read_text("utf-8"))["groups"]:
            for rule in group["rules"]:
                name = rule.get("alert") or rule["record"]
                yield Rule(name, rule["expr"], "alert" in rule, rule.get("labels", {}), rule.get("annotations", {}))


def cases(alert: str) -> list[dict[str, Any]]:
    """What `promtool test rules` is asked about an alert in the file of its name."""
    path = CASES / f"{alert}.yml"
    tests = yaml.safe_load(path.read_text("utf-8"))["tests"] if path.is_file() else []
    return [case for test in tests for case in test.get("alert_rule_test", ()) if case["alertname"] == alert]
