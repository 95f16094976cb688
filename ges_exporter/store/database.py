"""The SQL of the ledger's file. Every method blocks, and runs in the one thread that the store keeps for it."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import msgspec

from ges_exporter.errors import LedgerError, LedgerInUseError
from ges_exporter.ledger.accounts import Account, ImportAccount
from ges_exporter.ledger.changes import JobRow, Owed, TargetRecord, TargetState
from ges_exporter.ledger.view import Open
from ges_exporter.model import Plane, Status, Target
from ges_exporter.store.backlog import Batch, Due
from ges_exporter.store.schema import VERSION, migrate

T = TypeVar("T")

_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_BROKEN = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_COUNTED, _VANISHED = 1, 2
_REPLACE = """
ON CONFLICT (target, id) DO UPDATE SET account = excluded.account, status = excluded.status, flags = excluded.flags,
absent_since = excluded.absent_since, open = excluded.open, owed = excluded.owed
"""
_INSERT = "INSERT INTO jobs (target, account, status, flags, absent_since, open, owed, id)"
_INSERT_JOB = f"{_INSERT} VALUES (?, ?, ?, ?, ?, ?, ?, ?) {_REPLACE}"
_INSERT_JOBS = f"{_INSERT} SELECT ?, ?, ?, ?, ?, ?, ?, value FROM json_each(?) WHERE true {_REPLACE}"  # noqa: S608 - constants
_encode = msgspec.json.Encoder().encode


def open_database(path: str, now: float) -> tuple[Database, int]:
    """Opens or makes the file; returns it, and how many files that cannot be read were set aside for it (0 or 1).

    Raises:
        LedgerInUseError: another process has it open.
        LedgerError: it cannot be opened or made, or was written by a newer version.
    """
    try:
        return Database(path), 0
    except sqlite3.DatabaseError as error:
        if _code(error) not in _BROKEN:
            raise _error(path, error) from None
    except msgspec.MsgspecError:
        pass
    _set_aside(Path(path), now)
    try:
        return Database(path), 1
    except sqlite3.DatabaseError as error:
        raise _error(path, error) from None


class Database:
    """One open file, locked against every other process."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._connection = sqlite3.connect(path, timeout=1.0, isolation_level=None, check_same_thread=False)
        self._targets: dict[Target, int] = {}
        self._records: list[TargetRecord] = []
        try:
            self._prepare()
        except BaseException:
            self._connection.close()
            raise

    def records(self) -> list[TargetRecord]:
        """Returns, once, what was read when the file was opened."""
        records, self._records = self._records, []
        return records

    def jobs(self, target: Target) -> dict[str, JobRow]:
        """Returns the job rows of a target by job id.

        Raises:
            LedgerError: they cannot be read.
        """
        try:
            rows = self._connection.execute(
                "SELECT id, account, status, flags, absent_since, open, owed FROM jobs WHERE target = ?",
                (self._targets.get(target),),
            )
            return {row[0]: _row(*row[1:]) for row in rows}
        except (sqlite3.DatabaseError, msgspec.MsgspecError) as error:
            raise _error(self._path, error) from None

    def write(self, batch: Batch) -> None:
        """Writes everything, or nothing.

        Raises:
            LedgerError: nothing was written.
        """
        durable = any(due.durable for due in batch.values())
        targets = dict(self._targets)
        try:
            self._connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            self._connection.execute("BEGIN IMMEDIATE")
            for target, due in batch.items():
                self._write_target(target, due)
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._targets = targets
            self._roll_back()
            raise _error(self._path, error) from None

    def close(self) -> None:
        """Closes the file."""
        self._connection.close()

    def _prepare(self) -> None:
        execute = self._connection.execute
        execute("PRAGMA locking_mode = EXCLUSIVE")
        execute("PRAGMA journal_mode = WAL")
        execute("PRAGMA cache_size = -16384")
        # Takes the lock, which is then kept: a second exporter on this file would count everything twice.
        execute("BEGIN EXCLUSIVE")
        version = execute("PRAGMA user_version").fetchone()[0]
        if version > VERSION:
            raise LedgerError(
                f"the ledger {self._path} was written by a newer version of this program: it has schema {version}, "
                f"and this one knows schemas up to {VERSION}"
            )
        migrate(self._connection, version)
        execute("COMMIT")
        if (verdict := execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
            broken = sqlite3.DatabaseError(verdict)
            broken.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
            raise broken
        self._records = self._read_records()

    def _read_records(self) -> list[TargetRecord]:
        execute = self._connection.execute
        counts = dict(execute("SELECT target, count(*) FROM jobs GROUP BY target").fetchall())
        records: dict[int, TargetRecord] = {}
        for number, project, graph, plane, state in execute("SELECT id, project, graph, plane, state FROM targets"):
            target = Target(project, graph, Plane(plane))
            self._targets[target] = number
            record = TargetRecord(target, _decode(state, TargetState), [], [], counts.get(number, 0))
            records[number] = record
        for number, state in execute("SELECT target, state FROM accounts ORDER BY target, number"):
            records[number].accounts.append(_decode(state, Account))
        for number, state in execute("SELECT target, state FROM imports"):
            records[number].imports.append(_decode(state, ImportAccount))
        return list(records.values())

    def _write_target(self, target: Target, due: Due) -> None:
        execute, many = self._connection.execute, self._connection.executemany
        if due.deleted and (number := self._targets.pop(target, None)) is not None:
            for table in ("jobs", "accounts", "imports"):
                execute(f"DELETE FROM {table} WHERE target = ?", (number,))  # noqa: S608 - names of ours
            execute("DELETE FROM targets WHERE id = ?", (number,))
        if due.state is None:
            return
        number = self._number(target, due.state)
        many(
            "INSERT OR REPLACE INTO accounts VALUES (?, ?, ?)",
            [(number, account.number, _encode(account)) for account in due.accounts.values()],
        )
        many(
            "INSERT OR REPLACE INTO imports VALUES (?, ?, ?)",
            [(number, one.graph, _encode(one)) for one in due.imports.values()],
        )
        plain: dict[JobRow, list[str]] = {}
        for identity, row in due.jobs.items():
            if row is None:
                execute("DELETE FROM jobs WHERE target = ? AND id = ?", (number, identity))
            elif row.plain:
                plain.setdefault(row, []).append(identity)
            else:
                execute(_INSERT_JOB, (number, *_values(row), identity))
        for row, identities in plain.items():
            # A first listing of 100,000 jobs has a handful of kinds: SQLite itself runs through the ids of each.
            execute(_INSERT_JOBS, (number, *_values(row), _encode(sorted(identities)).decode()))

    def _number(self, target: Target, state: TargetState) -> int:
        number = self._targets.get(target)
        if number is None:
            cursor = self._connection.execute(
                "INSERT INTO targets (project, graph, plane, state) VALUES (?, ?, ?, ?)",
                (target.project, target.graph, target.plane.value, _encode(state)),
            )
            number = self._targets[target] = int(cursor.lastrowid or 0)
        else:
            self._connection.execute("UPDATE targets SET state = ? WHERE id = ?", (_encode(state), number))
        return number

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            try:
                self._connection.execute("ROLLBACK")
            except sqlite3.Error as error:
                raise _error(self._path, error) from None


def _values(row: JobRow) -> tuple[object, ...]:
    return (
        row.account,
        row.status.value,
        _COUNTED * row.counted + _VANISHED * row.vanished,
        row.absent_since,
        None if row.open is None else _encode(row.open),
        None if row.owed is None else _encode(row.owed),
    )


def _row(  # noqa: PLR0913, PLR0917 - the columns
    account: int,
    status: str,
    flags: int,
    absent_since: float | None,
    opened: bytes | None,
    owed: bytes | None,
) -> JobRow:
    return JobRow(
        account,
        Status(status),
        bool(flags & _COUNTED),
        bool(flags & _VANISHED),
        absent_since,
        None if opened is None else _decode(opened, Open),
        None if owed is None else _decode(owed, Owed),
    )


def _decode(data: bytes, type_: type[T]) -> T:
    return msgspec.json.decode(data, type=type_)


def _code(error: Exception) -> int:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _error(path: str, error: Exception) -> LedgerError:
    if _code(error) in _BUSY:
        return LedgerInUseError(f"the ledger {path} is in use by another exporter; each needs a file of its own")
    return LedgerError(f"the ledger {path} cannot be used: {error}")


def _set_aside(path: Path, now: float) -> None:
    stamp = datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")
    for part in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-journal")):
        if part.exists():
            part.rename(part.with_name(f"{part.name}.unreadable-{stamp}"))
