"""How a job's row is written into the columns of its table, and read again."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from ges_exporter.ledger.changes import JobRow
from ges_exporter.ledger.view import Open
from ges_exporter.model import Owed, Status

T = TypeVar("T")

_COUNTED, _VANISHED = 1, 2

encode = msgspec.json.Encoder().encode


def values(row: JobRow) -> tuple[object, ...]:
    """Returns the columns of a row: account, status, flags, absent_since, open, owed."""
    return (
        row.account,
        row.status.value,
        _COUNTED * row.counted + _VANISHED * row.vanished,
        row.absent_since,
        None if row.open is None else encode(row.open),
        None if row.owed is None else encode(row.owed),
    )


def read(  # noqa: PLR0913, PLR0917 - the columns
    account: int,
    status: str,
    flags: int,
    absent_since: float | None,
    opened: bytes | None,
    owed: bytes | None,
) -> JobRow:
    """Returns the row of these columns; raises ValueError or `msgspec.MsgspecError` for what is none."""
    return JobRow(
        account,
        Status(status),
        bool(flags & _COUNTED),
        bool(flags & _VANISHED),
        absent_since,
        None if opened is None else decode(opened, Open),
        None if owed is None else decode(owed, Owed),
    )


def decode(data: bytes, type_: type[T]) -> T:
    """Returns what was encoded."""
    return msgspec.json.decode(data, type=type_)
