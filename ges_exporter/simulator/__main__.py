"""``python -m ges_exporter.simulator``."""

from __future__ import annotations

import sys

from ges_exporter.simulator.cli import main

if __name__ == "__main__":
    sys.exit(main())
