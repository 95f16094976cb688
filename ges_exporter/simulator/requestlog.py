"""What was asked of the simulator, and how it answered; without headers and bodies, so without secrets."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import asdict, dataclass

_LATEST = 1000


@dataclass(slots=True)
class Entry:
    """One request; ``status`` is None until it is answered, and 0 if it never was."""

    at: float
    method: str
    host: str
    path: str
    query: str
    status: int | None = None


class RequestLog:
    """Counts of all requests by method, path and HTTP code, the latest of them, and how many ran at once."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str, int]] = Counter()
        self.latest: deque[Entry] = deque(maxlen=_LATEST)
        self.under_way = 0
        self.peak = 0

    def begin(self, entry: Entry) -> None:
        """Note that a request has come."""
        self.latest.append(entry)
        self.under_way += 1
        self.peak = max(self.peak, self.under_way)

    def end(self, entry: Entry) -> None:
        """Note that a request is over."""
        entry.status = entry.status or 0
        self.under_way -= 1
        self.counts[entry.method, entry.path, entry.status] += 1

    def clear(self) -> None:
        """Forget what was asked so far."""
        self.counts.clear()
        self.latest.clear()
        self.peak = self.under_way

    def asked(self, path: str = "/") -> int:
        """How many requests whose path begins with ``path`` are over."""
        return sum(count for (_, asked, _), count in self.counts.items() if asked.startswith(path))

    def report(self) -> dict[str, object]:
        """All of it, as JSON takes it."""
        counts = [
            {"method": method, "path": path, "status": status, "count": count}
            for (method, path, status), count in sorted(self.counts.items())
        ]
        latest = [asdict(entry) for entry in self.latest]
        return {"under_way": self.under_way, "peak": self.peak, "counts": counts, "latest": latest}
