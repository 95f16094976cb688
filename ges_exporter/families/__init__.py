"""Every metric family, in one table: a new metric is one entry in one of its parts."""

from __future__ import annotations

from ges_exporter.families.discovery import DISCOVERY
from ges_exporter.families.exporter import EXPORTER
from ges_exporter.families.family import (
    Discovered,
    Facts,
    Family,
    HistogramSample,
    Sample,
    Scope,
    Scraped,
    Snapshot,
    State,
    ThresholdRules,
    Thresholds,
)
from ges_exporter.families.listing import LISTING
from ges_exporter.families.scrape import SCRAPE
from ges_exporter.families.thresholds import THRESHOLDS
from ges_exporter.families.totals import TOTALS

__all__ = [
    "FAMILIES",
    "Discovered",
    "Facts",
    "Family",
    "HistogramSample",
    "Sample",
    "Scope",
    "Scraped",
    "Snapshot",
    "State",
    "ThresholdRules",
    "Thresholds",
]

FAMILIES: tuple[Family, ...] = (*LISTING, *TOTALS, *THRESHOLDS, *SCRAPE, *DISCOVERY, *EXPORTER)
