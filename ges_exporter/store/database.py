"""The SQL of the ledger's file. Every method blocks, and runs in the one thread that the store keeps for it."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import structlog

from ges_exporter.errors import LedgerError, LedgerInUseError
from ges_exporter.ledger.accounts import Account, ImportAccount
from ges_exporter.ledger.changes import JobRow, TargetRecord, TargetState
from ges_exporter.model import Plane, Status, Target
from ges_exporter.store.backlog import Batch
from ges_exporter.store.rows import decode, read
from ges_exporter.store.schema import VERSION, migrate
from ges_exporter.store.writing import write

_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_BROKEN = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR}
"""While a file is opened, an error in our SQL means that its tables are not ours."""
_log = structlog.get_logger(__name__)


def open_database(path: str, now: float) -> Database:
    """Opens or makes the file; one that cannot be read is set aside under a new name.

    Raises:
        LedgerInUseError: another process has it open.
        LedgerError: it cannot be opened or made, or was written by a newer version.
    """
    try:
        return Database(path)
    except _Unreadable as error:
        fault: Exception = error
    except sqlite3.DatabaseError as error:
        if _code(error) not in _BROKEN:
            raise _error(path, error) from None
        fault = error
    aside = _set_aside(Path(path), now)
    _log.error("the ledger cannot be read, and counting begins anew", error=str(fault), set_aside_as=str(aside))
    try:
        return Database(path, set_aside=1)
    except sqlite3.DatabaseError as error:
        raise _error(path, error) from None


class _Unreadable(Exception):
    """The file holds what this program did not write."""


class Database:
    """One open file, locked against every other process."""

    def __init__(self, path: str, set_aside: int = 0) -> None:
        self.set_aside = set_aside
        """How many files that cannot be read were set aside for this one."""
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
            return {row[0]: read(*row[1:]) for row in rows}
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
            write(self._connection, batch, targets)
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._roll_back()
            raise _error(self._path, error) from None
        self._targets = targets

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
        if version == 0 and execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            raise _Unreadable("it is the database of another program")
        if version < VERSION:
            migrate(self._connection, version)
        execute("COMMIT")
        if (verdict := execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
            raise _Unreadable(verdict)
        try:
            self._records = self._read_records()
            self._check_jobs({self._targets[record.target]: record for record in self._records})
        except (msgspec.MsgspecError, KeyError, TypeError, ValueError) as error:
            raise _Unreadable(f"{type(error).__name__}: {error}") from None

    def _read_records(self) -> list[TargetRecord]:
        execute = self._connection.execute
        counts = dict(execute("SELECT target, count(*) FROM jobs GROUP BY target").fetchall())
        records: dict[int, TargetRecord] = {}
        for number, project, graph, plane, state in execute("SELECT id, project, graph, plane, state FROM targets"):
            target = Target(project, graph, Plane(plane))
            self._targets[target] = number
            record = TargetRecord(target, decode(state, TargetState), [], [], counts.get(number, 0))
            records[number] = record
        for number, state in execute("SELECT target, state FROM accounts ORDER BY target, number"):
            records[number].accounts.append(decode(state, Account))
        for number, state in execute("SELECT target, state FROM imports"):
            records[number].imports.append(decode(state, ImportAccount))
        return list(records.values())

    def _check_jobs(self, records: Mapping[int, TargetRecord]) -> None:
        """Raises where a row of a job cannot be read: later, when the jobs are needed, would be too late."""
        execute = self._connection.execute
        numbers = {number: {account.number for account in record.accounts} for number, record in records.items()}
        for number, account, status in execute("SELECT DISTINCT target, account, status FROM jobs"):
            if account not in numbers[number] or not Status(status):
                raise KeyError(account)
        for opened, owed in execute("SELECT open, owed FROM jobs WHERE open IS NOT NULL OR owed IS NOT NULL"):
            read(0, Status.UNKNOWN, 0, None, opened, owed)

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            try:
                self._connection.execute("ROLLBACK")
            except sqlite3.Error as error:
                raise _error(self._path, error) from None


def _code(error: Exception) -> int:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _error(path: str, error: Exception) -> LedgerError:
    if _code(error) in _BUSY:
        return LedgerInUseError(f"the ledger {path} is in use by another exporter; each needs a file of its own")
    return LedgerError(f"the ledger {path} cannot be used: {error}")


def _set_aside(path: Path, now: float) -> Path:
    stamp = datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")
    aside = path.with_name(f"{path.name}.unreadable-{stamp}")
    for suffix in ("-wal", "-journal", ""):
        if (part := path.with_name(path.name + suffix)).exists():
            part.rename(aside.with_name(aside.name + suffix))
    return aside
