"""The gauges of the last listing, kept so that a short listing need only tell what is new or active."""

from __future__ import annotations

from collections.abc import Mapping

from ges_exporter.ledger.accounts import Account, Lines, Pair, lines_by_kind
from ges_exporter.ledger.changes import JobRow
from ges_exporter.model import Job, Kind, Status


class Mark:
    """How a job id is remembered; shared by all ids that are alike, and compared by identity."""

    __slots__ = ("account", "counted", "row", "settled", "status", "vanished")

    def __init__(self, account: Account, status: Status, counted: bool, vanished: bool) -> None:
        self.account = account
        self.status = status
        """As last listed."""
        self.counted = counted
        """Whether it is not to be counted as finished any more."""
        self.vanished = vanished
        self.settled = counted and not status.active and status is not Status.UNKNOWN
        """Whether a listing that shows the same status has nothing to tell."""
        self.row = JobRow(account.number, status, counted, vanished)


class Marks:
    """All marks in use, one for each combination."""

    def __init__(self) -> None:
        self._marks: dict[tuple[int, Status, bool, bool], Mark] = {}

    def get(self, account: Account, status: Status, counted: bool, vanished: bool = False) -> Mark:
        """Returns the one mark of these words."""
        key = (account.number, status, counted, vanished)
        mark = self._marks.get(key)
        if mark is None:
            mark = self._marks[key] = Mark(account, status, counted, vanished)
        return mark


class Gauges:
    """How many jobs of each kind and status are listed, and the lines of the imports among them."""

    def __init__(self) -> None:
        self.tally: dict[Mark, int] = {}
        self.lines: dict[tuple[str, Kind], Lines] = {}

    def add(self, mark: Mark, job: Job) -> dict[Kind, Lines]:
        """Adds a listed job; returns the lines it brought, to be given to `remove`."""
        self.tally[mark] = self.tally.get(mark, 0) + 1
        return self.add_lines(mark.account.pair.graph, job) if job.files else {}

    def add_lines(self, graph: str, job: Job) -> dict[Kind, Lines]:
        """Adds the lines of a listed import, and returns them by kind."""
        by_kind = lines_by_kind(job.files)
        for kind, sums in by_kind.items():
            self.lines.setdefault((graph, kind), Lines()).add(sums.lines, sums.failed_lines)
        return by_kind

    def remove(self, mark: Mark, by_kind: Mapping[Kind, Lines]) -> None:
        """Takes a job out again, with the lines it brought."""
        self.tally[mark] -= 1
        for kind, sums in by_kind.items():
            known = self.lines[mark.account.pair.graph, kind]
            known.add(
                None if sums.lines is None else -sums.lines, None if sums.failed_lines is None else -sums.failed_lines
            )

    def by_pair(self) -> dict[Pair, dict[Status, int]]:
        """Returns the number of listed jobs by pair and status."""
        counts: dict[Pair, dict[Status, int]] = {}
        for mark, number in self.tally.items():
            if number:
                by_status = counts.setdefault(mark.account.pair, {})
                by_status[mark.status] = by_status.get(mark.status, 0) + number
        return counts

    def frozen_lines(self) -> dict[tuple[str, Kind], Lines]:
        """Returns the lines as they are now."""
        return {key: Lines(sums.lines, sums.failed_lines) for key, sums in self.lines.items()}
