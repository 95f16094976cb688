"""How log lines look: logfmt or JSON on standard error, the program's own and those of its libraries alike."""

from __future__ import annotations

import logging
import sys

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

LEVELS = ("debug", "info", "warn", "error")
FORMATS = ("logfmt", "json")
_ORDER = ("ts", "level", "logger", "msg")


def configure(level: str, form: str) -> None:
    """Sets up logging for the whole process."""
    number = logging.getLevelNamesMapping()[{"warn": "WARNING"}.get(level, level.upper())]
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", key="ts"),
        # Tracebacks as Python prints them: local variables could hold a token.
        structlog.processors.format_exc_info,
        structlog.processors.EventRenamer("msg"),
        _short_level,
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    renderer: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if form == "json"
        else structlog.processors.LogfmtRenderer(key_order=_ORDER, drop_missing=True)
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(number)
    # At debug level these tell headers, tokens among them.
    for name in ("httpcore", "httpx", "hpack", "h11"):
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in ("uvicorn", "uvicorn.error", "asyncio"):
        logging.getLogger(name).setLevel(max(number, logging.WARNING))


def _short_level(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    event["level"] = {"warning": "warn", "critical": "error"}.get(event["level"], event["level"])
    return event
