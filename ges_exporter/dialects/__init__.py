"""The shapes in which GES tells of its jobs: one file each, and one line each in `DIALECTS`.

A dialect knows its paths, its wire structs and its status words, and turns bytes into a `JobPage`. It knows nothing of
HTTP clients, files, clocks, Prometheus or another dialect.
"""

from __future__ import annotations

from typing import Any

import msgspec

from ges_exporter.dialects.base import Cluster, Detail, Dialect
from ges_exporter.dialects.database import CLUSTER, DATABASE
from ges_exporter.dialects.management import GRAPH_STATUSES, SERVING
from ges_exporter.dialects.management_v1 import MANAGEMENT_V1
from ges_exporter.dialects.management_v2 import MANAGEMENT_V2
from ges_exporter.dialects.memory import MEMORY
from ges_exporter.dialects.reader import error_of
from ges_exporter.dialects.salvage import UNDECODABLE

__all__ = [
    "CLUSTER",
    "DIALECTS",
    "GRAPH_STATUSES",
    "SERVING",
    "Cluster",
    "Detail",
    "Dialect",
    "detect",
    "error_of",
]

DIALECTS: dict[str, Dialect] = {
    "v2": MANAGEMENT_V2,
    "v1.0": MANAGEMENT_V1,
    "memory": MEMORY,
    "database": DATABASE,
}


class _Item(msgspec.Struct, gc=False):
    taskType: Any = None  # noqa: N815 - the wire's spelling
    request: Any = None


class _Page(msgspec.Struct, gc=False):
    jobs: list[msgspec.Raw] | None = None
    jobCount: Any = msgspec.UNSET  # noqa: N815 - the wire's spelling
    totalCount: Any = msgspec.UNSET  # noqa: N815 - as above


_page = msgspec.json.Decoder(_Page)
_item = msgspec.json.Decoder(_Item)


def detect(body: bytes) -> Dialect | None:
    """Tells the service plane's two shapes apart by their keys, or returns None where an answer has none of them.

    Of an item, ``taskType`` means the memory edition and ``request`` the database edition; of an empty list, so do
    ``jobCount`` and ``totalCount`` (the examples of the two pages).
    """
    try:
        page = _page.decode(body)
    except UNDECODABLE:
        return None
    for raw in page.jobs or ():
        try:
            item = _item.decode(raw)
        except UNDECODABLE:
            continue
        if item.taskType is not None:
            return MEMORY
        if item.request is not None:
            return DATABASE
    if page.jobCount is not msgspec.UNSET:
        return MEMORY
    return DATABASE if page.totalCount is not msgspec.UNSET else None
