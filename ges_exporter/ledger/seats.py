"""Who has series of its own: seats for pairs and graphs, handed out in the order of arrival, within limits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ges_exporter.ledger.accounts import OTHER, Account, ImportAccount, Pair
from ges_exporter.model import Job, Plane, Target

MAX_LABEL_BYTES = 128


class Seats:
    """The accounts of one target, and the rules by which a job finds the one it is counted in."""

    def __init__(self, target: Target, pairs_per_graph: int, graphs: int) -> None:
        self._target = target
        self._pairs_per_graph = pairs_per_graph
        self._graphs = graphs if target.plane is Plane.MANAGEMENT else 1
        self.accounts: dict[Pair, Account] = {}
        self.imports: dict[str, ImportAccount] = {}
        self._by_words: dict[tuple[str, str, str], Account] = {}
        self.folded: dict[str, set[Pair]] = {}
        """The pairs, or at ``""`` of a task centre the graphs, met since the last full listing that have no seat."""
        self.changed_accounts: set[int] = set()
        self.changed_imports: set[str] = set()

    def restore(self, accounts: Iterable[Account], imports: Iterable[ImportAccount]) -> None:
        """Takes what was stored."""
        self.accounts = {account.pair: account for account in accounts}
        self.imports = {one.graph: one for one in imports}

    def change_limits(self, pairs_per_graph: int, graphs: int) -> None:
        """Goes on under other limits; whoever has a seat keeps it."""
        self._pairs_per_graph = pairs_per_graph
        self._graphs = graphs if self._target.plane is Plane.MANAGEMENT else 1

    def by_number(self) -> dict[int, Account]:
        """Returns the accounts by the number that job rows name them by."""
        return {account.number: account for account in self.accounts.values()}

    def of(self, job: Job, created: float) -> Account:
        """Returns the account a job is counted in; one that is new gets ``created``."""
        words = (job.graph, job.job_type, job.algorithm)
        account = self._by_words.get(words)
        if account is None:
            account = self._find(Pair(self._graph_of(job), label(job.job_type), label(job.algorithm)), created)
            self._by_words[words] = account
        return account

    def seat_graph(self, graph: str, created: float) -> str:
        """Returns the graph that ``graph`` is counted under: itself, or ``other`` where no seat is left."""
        account = self.imports.get(graph)
        if account is None or not account.seated:
            taken = sum(1 for one in self.imports.values() if one.seated and one.graph != OTHER)
            if taken >= self._graphs and graph != OTHER:
                return self.seat_graph(OTHER, created)
            if account is None:
                account = self.imports[graph] = ImportAccount(graph, created)
            account.seated, account.unlisted_since = True, None
            self.changed_imports.add(graph)
        return graph

    def import_account(self, graph: str) -> ImportAccount:
        """Returns the account of a graph that has been seated, for a change."""
        self.changed_imports.add(graph)
        return self.imports[graph]

    def change(self, account: Account) -> Account:
        """Returns the account, for a change."""
        self.changed_accounts.add(account.number)
        return account

    def begin_full_listing(self) -> None:
        """Forgets who was folded: a full listing shows it anew."""
        self.folded.clear()
        self._by_words.clear()

    def note_folded(self, job: Job, account: Account) -> None:
        """Notes that a job already known is counted under ``other``."""
        graph = self._graph_of(job)
        if account.pair.graph != graph:
            self.folded.setdefault("", set()).add(Pair(graph, "", ""))
        elif account.pair.job_type == OTHER != label(job.job_type):
            self.folded.setdefault(graph, set()).add(Pair(graph, label(job.job_type), label(job.algorithm)))

    def retire(self, listed: set[Pair], now: float, after: float) -> None:
        """After a complete listing: notes what was not in it, and takes the seats of what was not for too long."""
        for account in self.accounts.values():
            self._attend(account, account.pair in listed, now, after)
        graphs = {pair.graph for pair in listed}
        for graph, one in self.imports.items():
            # The one graph of the service plane is the target itself, which never gives up its seat.
            self._attend(one, graph in graphs or self._target.plane is Plane.SERVICE, now, after)

    def _attend(self, account: Account | ImportAccount, listed: bool, now: float, after: float) -> None:
        if listed == (account.unlisted_since is None):
            expired = account.unlisted_since is not None and now - account.unlisted_since > after
            if not (expired and account.seated):
                return
            account.seated = False
            self._by_words.clear()
        else:
            account.unlisted_since = None if listed else now
        if isinstance(account, Account):
            self.changed_accounts.add(account.number)
        else:
            self.changed_imports.add(account.graph)

    def _graph_of(self, job: Job) -> str:
        return label(job.graph) if self._target.plane is Plane.MANAGEMENT else self._target.graph

    def _find(self, pair: Pair, created: float) -> Account:
        graph = self.seat_graph(pair.graph, created)
        if graph != pair.graph:
            self.folded.setdefault("", set()).add(Pair(pair.graph, "", ""))
        return self._seat_pair(pair._replace(graph=graph), created)

    def _seat_pair(self, pair: Pair, created: float) -> Account:
        account = self.accounts.get(pair)
        if account is None or not account.seated:
            folded = Pair(pair.graph, OTHER, "")
            if pair != folded and self._taken(pair.graph) >= self._pairs_per_graph:
                self.folded.setdefault(pair.graph, set()).add(pair)
                return self._seat_pair(folded, created)
            if account is None:
                account = self.accounts[pair] = Account(len(self.accounts), pair, created)
            account.seated, account.unlisted_since = True, None
            self.changed_accounts.add(account.number)
        return account

    def _taken(self, graph: str) -> int:
        return sum(
            1
            for account in self.accounts.values()
            if account.seated and account.pair.graph == graph and account.pair != Pair(graph, OTHER, "")
        )

    def take_changed(self) -> tuple[list[Account], list[ImportAccount]]:
        """Returns what changed since the last call."""
        accounts = [account for account in self.accounts.values() if account.number in self.changed_accounts]
        imports = [self.imports[graph] for graph in self.changed_imports]
        self.changed_accounts = set()
        self.changed_imports = set()
        return accounts, imports

    def seated(self) -> Iterator[Account]:
        """Returns the accounts that have series."""
        return (
            account for account in self.accounts.values() if account.seated and self.imports[account.pair.graph].seated
        )


def label(text: str) -> str:
    """Returns text fit for a label value: over 128 bytes, or with control characters, it becomes ``other``."""
    if text.isascii() and len(text) <= MAX_LABEL_BYTES and text.isprintable():
        return text
    if len(text.encode("utf-8", "replace")) > MAX_LABEL_BYTES or any(_is_control(char) for char in text):
        return OTHER
    return text


def _is_control(char: str) -> bool:
    return ord(char) < 0x20 or 0x7F <= ord(char) < 0xA0 or char in "\u2028\u2029" or 0xD800 <= ord(char) <= 0xDFFF
