"""Loads the configuration again while the exporter runs: all of it, or nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NamedTuple

import structlog

from ges_exporter.config import Config
from ges_exporter.errors import ConfigError
from ges_exporter.exporter import Exporter
from ges_exporter.threads import in_thread

_log = structlog.get_logger("ges_exporter")


class Loaded(NamedTuple):
    """What has been read, and how the rest of it, beside the configuration, is put in force."""

    config: Config
    apply: Callable[[], None]


class Reloader:
    """One reload at a time; ``read`` reads the files, and raises ConfigError for every fault in them."""

    def __init__(self, exporter: Exporter, read: Callable[[], Loaded]) -> None:
        self._exporter = exporter
        self._read = read
        self._lock = asyncio.Lock()
        self._begun: set[asyncio.Task[tuple[str, ...]]] = set()

    def begin(self) -> None:
        """Begins a reload, as SIGHUP asks for."""
        task = asyncio.create_task(self.reload())
        self._begun.add(task)
        task.add_done_callback(self._begun.discard)

    async def reload(self) -> tuple[str, ...]:
        """Loads everything again; returns the faults, for which nothing has changed."""
        async with self._lock:
            try:
                loaded = await in_thread(self._read)
                self._exporter.reload(loaded.config)
            except ConfigError as error:
                self._exporter.reloads.successful = False
                _log.error("the configuration could not be loaded again", faults=error.faults)
                return error.faults
            loaded.apply()
            _log.info("the configuration was loaded again", targets=len(self._exporter.targets))
            return ()
