"""The SQL by which a batch is written: few statements, each for many rows.

While a statement is at work, so is the event loop; between two of them this thread has to wait for its turn, for
milliseconds where the loop is busy. Were there one for each row, the first listings of many graphs would wait for them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, MutableMapping, Sequence

from ges_exporter.ledger.changes import JobRow, TargetState
from ges_exporter.model import Target
from ges_exporter.store.backlog import Batch, Due
from ges_exporter.store.rows import encode, values

Row = Sequence[object]

_AT_ONCE = 100
"""Rows of a statement: SQLite takes 999 values at least, and keeps statements of each length at hand."""

_TARGETS = """
INSERT INTO targets (id, project, graph, plane, state) VALUES {rows}
ON CONFLICT (id) DO UPDATE SET state = excluded.state
"""
_ACCOUNTS = "INSERT OR REPLACE INTO accounts VALUES {rows}"
_IMPORTS = "INSERT OR REPLACE INTO imports VALUES {rows}"
_JOBS = "INSERT OR REPLACE INTO jobs (target, account, status, flags, absent_since, open, owed, id) VALUES {rows}"
_ALIKE = """
WITH alike (target, account, status, flags, absent_since, open, owed, ids) AS (VALUES {rows})
INSERT OR REPLACE INTO jobs (target, account, status, flags, absent_since, open, owed, id)
SELECT target, account, status, flags, absent_since, open, owed, value FROM alike, json_each(ids)
"""
_GONE = "DELETE FROM jobs WHERE target = {number} AND id IN (VALUES {{rows}})"
_CUT = r"\u0000"
"""Where SQLite's JSON ends a text."""


def write(connection: sqlite3.Connection, batch: Batch, numbers: MutableMapping[Target, int]) -> None:
    """Writes a batch within the transaction that is open; ``numbers`` has, and is given, the targets' ids."""
    for target in [target for target, due in batch.items() if due.deleted and target in numbers]:
        _delete(connection, numbers.pop(target))
    states = {target: due.state for target, due in batch.items() if due.state is not None}
    _number(numbers, states)
    _write(connection, _TARGETS, [_target(numbers[target], target, state) for target, state in states.items()])
    dues = [(numbers[target], batch[target]) for target in states]
    _write(
        connection,
        _ACCOUNTS,
        [(number, account.number, encode(account)) for number, due in dues for account in due.accounts.values()],
    )
    _write(
        connection,
        _IMPORTS,
        [(number, one.graph, encode(one)) for number, due in dues for one in due.imports.values()],
    )
    for number, due in dues:
        gone = [(identity,) for identity, row in due.jobs.items() if row is None]
        _write(connection, _GONE.format(number=number), gone)
    jobs = [_jobs(number, due) for number, due in dues]
    _write(connection, _JOBS, [row for own, _ in jobs for row in own])
    _write(connection, _ALIKE, [row for _, alike in jobs for row in alike])


def _write(connection: sqlite3.Connection, statement: str, rows: Sequence[Row]) -> None:
    for first in range(0, len(rows), _AT_ONCE):
        some = rows[first : first + _AT_ONCE]
        places = f"({','.join('?' * len(some[0]))})"
        connection.execute(
            statement.format(rows=",".join([places] * len(some))), [value for row in some for value in row]
        )


def _delete(connection: sqlite3.Connection, number: int) -> None:
    for table in ("jobs", "accounts", "imports"):
        connection.execute(f"DELETE FROM {table} WHERE target = ?", (number,))  # noqa: S608 - names of ours
    connection.execute("DELETE FROM targets WHERE id = ?", (number,))


def _number(numbers: MutableMapping[Target, int], targets: Iterable[Target]) -> None:
    free = max(numbers.values(), default=0) + 1
    for target in targets:
        if target not in numbers:
            numbers[target] = free
            free += 1


def _target(number: int, target: Target, state: TargetState) -> Row:
    return number, target.project, target.graph, target.plane.value, encode(state)


def _jobs(number: int, due: Due) -> tuple[list[Row], list[Row]]:
    """Returns the rows of jobs that are remembered each in its own way, and those of many that are remembered alike.

    A first listing of 100,000 jobs has a handful of kinds.
    """
    own: list[Row] = []
    alike: list[Row] = []
    kinds: dict[int, tuple[JobRow, list[str]]] = {}
    for identity, row in due.jobs.items():
        if row is not None:
            # Those that are alike share their row; to compare its fields for each would take longer than all the rest.
            kinds.setdefault(id(row), (row, []))[1].append(identity)
    for row, identities in kinds.values():
        ids = encode(identities).decode() if row.plain else _CUT
        if _CUT in ids:
            own += [(number, *values(row), identity) for identity in identities]
        else:
            alike.append((number, *values(row), ids))
    return own, alike
