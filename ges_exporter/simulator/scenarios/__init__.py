"""Worlds ready to use: `living` for people, `pages` for the documentation's examples, `fleet` for measurements."""

from __future__ import annotations
