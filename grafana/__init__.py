"""The three Grafana dashboards, made by Python; ``python -m grafana`` writes them to ``grafana/dashboards``."""

from __future__ import annotations
