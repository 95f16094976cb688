"""Write the dashboards, or with ``--check`` say which of them are stale."""

from __future__ import annotations

import argparse
from pathlib import Path

from grafana import exporter, graph, jobs
from grafana.page import text

FOLDER = Path(__file__).parent / "dashboards"
DASHBOARDS = {"ges-jobs": jobs.dashboard, "ges-graph": graph.dashboard, "ges-exporter": exporter.dashboard}


def stale() -> dict[Path, str]:
    """The files that are not what Python would write now, with what it would."""
    fresh = {FOLDER / f"{uid}.json": text(make()) for uid, make in DASHBOARDS.items()}
    return {path: new for path, new in fresh.items() if not path.exists() or path.read_text(encoding="utf-8") != new}


def main() -> str | None:
    """Bring the files up to date; with ``--check`` only complain. Returns a complaint, or None."""
    parser = argparse.ArgumentParser(prog="python -m grafana", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file is stale")
    checking: bool = parser.parse_args().check
    changes = stale()
    if checking:
        return f"stale: {', '.join(path.name for path in changes)}; run python -m grafana" if changes else None
    for path, new in changes.items():
        path.write_text(new, encoding="utf-8")
    return None


if __name__ == "__main__":
    raise SystemExit(main())
