"""``python -m benchmarks [NAME…]``: runs the measurements, all of them or those named."""

from __future__ import annotations

import sys
from collections.abc import Callable

from benchmarks import exposition, fleet, listing, many, nodes, start

BENCHMARKS: dict[str, Callable[[], None]] = {
    "listing": listing.run,
    "exposition": exposition.run,
    "many": many.run,
    "nodes": nodes.run,
    "fleet": fleet.run,
    "start": start.run,
}


def main(names: list[str]) -> int:
    """Runs the benchmarks named; returns 2 for a name that there is not."""
    if unknown := [name for name in names if name not in BENCHMARKS]:
        print(f"expected {', '.join(BENCHMARKS)}, got {unknown[0]}", file=sys.stderr)
        return 2
    for name in names or BENCHMARKS:
        print(f"\n## {name}", flush=True)
        BENCHMARKS[name]()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
