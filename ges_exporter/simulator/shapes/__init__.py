"""How each API words a job, and the list of them: one entry of `SERVICE` or `MANAGEMENT` for each."""

from __future__ import annotations

from ges_exporter.simulator.shapes import database, management, memory
from ges_exporter.simulator.shapes.shape import Context, Shape

SERVICE: dict[str, Shape] = {
    "memory": memory.MEMORY,
    "database": database.DATABASE,
    "hundred_billion": database.HUNDRED_BILLION,
}
"""By the edition of the graph."""

MANAGEMENT: dict[str, Shape] = {
    "v2": management.V2,
    "v1.0": management.V1,
}
"""By the version in the path."""

__all__ = ["MANAGEMENT", "SERVICE", "Context", "Shape"]
