"""The ledger on disk: what has gathered goes into one transaction, and is shown only once that is done.

`Store` does the waiting and the gathering; `ges_exporter.store.database` does the SQL, in one thread of its own.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

import structlog

from ges_exporter.errors import LedgerError
from ges_exporter.ledger import Changes, JobRow, TargetRecord
from ges_exporter.model import Target
from ges_exporter.store.backlog import Backlog
from ges_exporter.store.database import Database, open_database

__all__ = ["MEMORY", "Store"]

MEMORY = ":memory:"
"""The path that keeps nothing."""

_log = structlog.get_logger(__name__)


class Store:
    """The ledger's file; with the path ``:memory:`` there is none, and everything counts as saved.

    Raises:
        LedgerInUseError: another exporter has the file open.
        LedgerError: it cannot be opened or made.
    """

    def __init__(self, path: str, *, clock: Callable[[], float] = time.time) -> None:
        self.last_save: float | None = None
        """Unix seconds."""
        self.last_seconds = 0.0
        """How long the last save took."""
        self.save_errors = 0
        self._clock = clock
        self._thread = ThreadPoolExecutor(1, "ledger")
        self._backlog = Backlog()
        self._waiting: list[asyncio.Future[bool]] = []
        self._writer: asyncio.Task[None] | None = None
        self._database = None if path == MEMORY else open_database(path, clock())
        self.set_aside = self._database.set_aside if self._database else 0
        """Files that could not be read and were set aside."""

    def records(self) -> list[TargetRecord]:
        """Returns all targets ever stored, without their job rows."""
        return self._database.records() if self._database else []

    async def jobs(self, target: Target) -> Mapping[str, JobRow]:
        """Returns a target's job rows by job id."""
        if self._database is None:
            return {}
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._database.jobs, target)

    async def save(self, changes: Changes) -> bool:
        """Returns whether the changes are on disk; those that are not stay due, and go with the next save."""
        self._backlog.add(changes)
        return await self._flush()

    async def forget(self, targets: Iterable[Target]) -> bool:
        """Deletes all that is stored of some targets."""
        self._backlog.forget(targets)
        return await self._flush()

    async def aclose(self) -> None:
        """Saves what is still due, and closes the file."""
        if not self._backlog.empty:
            await self._flush()
        if self._writer is not None:
            await self._writer
        if self._database is not None:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._database.close)
        self._thread.shutdown()

    async def _flush(self) -> bool:
        if self._database is None:
            self._backlog.take()
            self.last_save = self._clock()
            return True
        future = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write(self._database))
        return await asyncio.shield(future)

    async def _write(self, database: Database) -> None:
        """Saves in one transaction whatever has gathered, until nobody waits any more."""
        while self._waiting:
            waiting, self._waiting = self._waiting, []
            batch, began = self._backlog.take(), time.monotonic()
            try:
                await asyncio.get_running_loop().run_in_executor(self._thread, database.write, batch)
            except LedgerError as error:
                self.save_errors += 1
                self._backlog.put_back(batch)
                _log.error("the ledger could not be saved", error=str(error), errors=self.save_errors)
                saved = False
            except Exception as bug:  # noqa: BLE001 - those who wait raise it: a bug is loud, and nothing is lost by it
                self._backlog.put_back(batch)
                for future in waiting:
                    if not future.done():
                        future.set_exception(bug)
                continue
            else:
                self.last_save, saved = self._clock(), True
            self.last_seconds = time.monotonic() - began
            for future in waiting:
                if not future.done():
                    future.set_result(saved)
