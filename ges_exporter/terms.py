"""What the configuration says that concerns the ledger, in the ledger's own terms."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from ges_exporter.config import Config
from ges_exporter.ledger import Rules, Zone


def zone_of(setting: str) -> Zone | None:
    """Returns the zone a setting names, or None for ``auto``."""
    if setting == "auto":
        return None
    if setting[0] in "+-":
        hours, minutes = setting[1:].split(":")
        seconds = int(hours) * 3600.0 + int(minutes) * 60.0
        return Zone("configured", -seconds if setting[0] == "-" else seconds)
    return Zone("configured", named=ZoneInfo(setting))


def rules_of(config: Config) -> Rules:
    """Returns the rules by which the ledger goes."""
    ledger, limits = config.ledger, config.limits
    return Rules(
        vanish_after=ledger.vanish_after,
        forget_after=ledger.forget_after,
        late_after=ledger.late_after,
        retire_after=ledger.retire_after,
        label_sets_per_graph=limits.label_sets_per_graph,
        graphs_per_project=limits.graphs_per_project,
        bounds=config.histogram.duration_buckets,
    )
