"""A Prometheus exporter for the jobs of Huawei Cloud's Graph Engine Service (GES).

Each scrape asks every target for its jobs; a dialect turns the answer into jobs; the ledger notes what changed; the
families say what to show::

    config ──► exporter (all parts, wired together)

    web ──► scraper ──► client ──► auth ──► a GES
     ▲         │           │ bytes
     │         │           └──► dialects ──► Job         a new API shape: a file in dialects, a line in DIALECTS
     │         │ Listing
     │         ├──► ledger ──► store (on disk, before anything is shown)
     │         │ View
     └── exposition ◄── families ◄── report              a new metric: an entry in families

What can be watched is in ``config`` or found by ``discovery``; a new credential is a class in ``auth`` and a section in
``config``. ``cli`` has the flags, ``server`` the sockets; ``simulator`` is a GES for the demonstration and the tests.
Which module may import which is written, and checked, in ``pyproject.toml``.
"""

from __future__ import annotations

__version__ = "0.1.0"
