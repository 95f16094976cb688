"""Changes that are still to be saved: the newest row of each key, and no more of them than there are keys."""

from __future__ import annotations

from collections.abc import Iterable

from ges_exporter.ledger.accounts import Account, ImportAccount
from ges_exporter.ledger.changes import Changes, JobRow, TargetState
from ges_exporter.model import Target


class Due:
    """What is due of one target."""

    def __init__(self) -> None:
        self.state: TargetState | None = None
        self.accounts: dict[int, Account] = {}
        self.imports: dict[str, ImportAccount] = {}
        self.jobs: dict[str, JobRow | None] = {}
        """None for a row to be deleted."""
        self.deleted = False
        """Whether everything stored before goes first."""
        self.durable = False
        """Whether the disk itself, not only the system, must have it."""

    def add(self, changes: Changes) -> None:
        """Takes newer rows."""
        self.state = changes.state
        self.accounts |= {account.number: account for account in changes.accounts}
        self.imports |= {one.graph: one for one in changes.imports}
        self.jobs |= dict.fromkeys(changes.forgotten)
        self.jobs |= changes.jobs
        self.durable = self.durable or changes.durable

    def add_under(self, older: Due) -> None:
        """Takes older rows, of which the newer ones of the same key are kept."""
        if self.deleted:
            return
        self.state = self.state or older.state
        self.accounts = older.accounts | self.accounts
        self.imports = older.imports | self.imports
        self.jobs = older.jobs | self.jobs
        self.deleted, self.durable = older.deleted, self.durable or older.durable


Batch = dict[Target, Due]


class Backlog:
    """All that is due."""

    def __init__(self) -> None:
        self._due: Batch = {}

    @property
    def empty(self) -> bool:
        """Whether nothing is due."""
        return not self._due

    def add(self, changes: Changes) -> None:
        """Adds the changes of one target."""
        self._due.setdefault(changes.target, Due()).add(changes)

    def forget(self, targets: Iterable[Target]) -> None:
        """Adds the deletion of targets."""
        for target in targets:
            due = self._due[target] = Due()
            due.deleted = due.durable = True

    def take(self) -> Batch:
        """Returns, and lets go of, all that is due."""
        due, self._due = self._due, {}
        return due

    def put_back(self, batch: Batch) -> None:
        """Takes back what could not be saved."""
        for target, older in batch.items():
            self._due.setdefault(target, Due()).add_under(older)
