"""What tests of several modules ask for by name."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture
def own_logging() -> Iterator[None]:
    """Logging is the process's: what a test makes of it is put back."""
    root, hook = logging.getLogger(), sys.excepthook
    before = (root.handlers, root.level)
    yield
    root.handlers, root.level = before
    sys.excepthook = hook
    structlog.reset_defaults()
