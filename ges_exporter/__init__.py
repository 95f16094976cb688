"""A Prometheus exporter for the jobs of Huawei Cloud's Graph Engine Service (GES)."""

from __future__ import annotations

__version__ = "0.1.0"
