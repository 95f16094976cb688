"""``python -m ges_exporter``."""

from __future__ import annotations

import sys

from ges_exporter.cli import main

if __name__ == "__main__":
    sys.exit(main())
