"""What the exporter remembers, so that each job is counted once, whatever the lists do.

A pure state machine: listings and the time go in, frozen views and the changes to be stored come out. It reads no
clock and does no I/O.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

import msgspec

from ges_exporter.ledger.book import Book
from ges_exporter.ledger.changes import Changes, JobRow, Rules, TargetRecord
from ges_exporter.ledger.roster import Recall
from ges_exporter.ledger.union import NodeRecall
from ges_exporter.ledger.view import View
from ges_exporter.ledger.zone import Zone
from ges_exporter.model import Details, Job, Listing, Owed, Target

__all__ = ["Changes", "JobRow", "Ledger", "Observation", "Rules", "TargetRecord", "View", "Zone"]

DAY = 86400.0


class Observation(msgspec.Struct, frozen=True):
    """What came of one step."""

    view: View
    changes: Changes
    finished: tuple[Job, ...]
    """The jobs counted as finished in it."""
    faults: tuple[str, ...]
    """For each value that made no sense, the name of its field."""


class Ledger:
    """All targets that are, or were, watched."""

    def __init__(self, rules: Rules, records: Iterable[TargetRecord] = ()) -> None:
        self._rules = rules
        self._records = {record.target: record for record in records}
        self._books: dict[Target, Book] = {}
        self._awake = max((record.state.awake for record in self._records.values()), default=0.0)
        self._last_asked: float | None = None

    def watch(self, target: Target, zone: Zone | None = None, *, details: bool = True) -> None:
        """Opens a target's page, or changes its settings; ``zone`` None means to find it out."""
        book = self._books.get(target)
        if book is None:
            book = self._books[target] = Book(target, self._rules, zone, details=details)
            if (record := self._records.pop(target, None)) is not None:
                book.restore(record)
        book.change_settings(zone, details=details)

    def change_rules(self, rules: Rules) -> None:
        """Goes on under other limits; changed bounds begin all histograms anew."""
        self._rules = rules
        for book in self._books.values():
            book.change_rules(rules)

    def lacks_jobs(self, target: Target) -> bool:
        """Whether the target's job rows must be restored before it can be observed."""
        return self._books[target].remembered is not None

    def restore_jobs(self, target: Target, rows: Mapping[str, JobRow]) -> None:
        """Takes a target's stored job rows."""
        self._books[target].restore_jobs(rows)

    def observe(self, listing: Listing, now: float) -> Observation:
        """Notes what a listing shows that is new; ``now`` in Unix seconds."""
        # A pause of all asking is no absence of one target, so only short ones count as being awake.
        if self._last_asked is not None and 0 < now - self._last_asked <= self._rules.late_after:
            self._awake += now - self._last_asked
        self._last_asked = now
        book = self._books[listing.target]
        book.observe(listing, now, self._awake)
        return self._observation(book)

    def sources(self, project: str) -> dict[str, str]:
        """Returns which of the lists of its name was listed last, by the graphs of a project."""
        states = {target: record.state for target, record in self._records.items()}
        states |= {target: book.state for target, book in self._books.items()}
        return {target.graph: state.source for target, state in states.items() if target.project == project}

    def owed(self, target: Target, limit: int, now: float) -> list[Owed]:
        """Returns up to ``limit`` imports whose details are to be asked for ``now`` (Unix seconds)."""
        return self._books[target].owed(limit, now)

    def settle(self, target: Target, answers: Iterable[Details], now: float) -> Observation:
        """Notes what the single-job API said of imports."""
        book = self._books[target]
        book.settle(answers, now)
        return self._observation(book)

    def window(self, target: Target, lookback: float, now: float) -> float:
        """Returns how far back a task centre must be listed, in Unix seconds, so that no finish falls outside."""
        book = self._books[target]
        since = [now - lookback]
        if (oldest := book.oldest_begin()) is not None:
            since.append(oldest)
        if book.state.last_complete is not None:
            since.append(book.state.last_complete - DAY)
        return min(since)

    def recall(self, target: Target) -> Callable[[str], Recall | NodeRecall | None]:
        """Returns what tells, of each endpoint of a target, what a short listing of it need not read again."""
        return self._books[target].recall

    def view(self, target: Target) -> View:
        """Returns what there is to show of a target without asking it."""
        return self._books[target].view()

    def expired(self, watched: Collection[Target], now: float, kept: Collection[str] = ()) -> list[Target]:
        """Forgets, and returns, the targets that have not been asked for longer than ids are remembered.

        Those in the projects ``kept`` stay.
        """
        known = {target: book.state.asked for target, book in self._books.items()}
        known |= {target: record.state.asked for target, record in self._records.items()}
        gone = [
            target
            for target, asked in known.items()
            if target not in watched and target.project not in kept and now - (asked or 0.0) > self._rules.forget_after
        ]
        for target in gone:
            self._books.pop(target, None)
            self._records.pop(target, None)
        return gone

    @staticmethod
    def _observation(book: Book) -> Observation:
        finished, faults = book.take_events()
        return Observation(book.view(), book.take_changes(), finished, faults)
