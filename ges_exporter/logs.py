"""How log lines look: logfmt or JSON on standard error, the program's own and those of its libraries alike."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

LEVELS = ("debug", "info", "warn", "error")
FORMATS = ("logfmt", "json")
_FIRST = ("ts", "level", "logger", "msg")
_NEEDS_QUOTES = frozenset(' ="\\')


def configure(level: str, form: str, hide: Callable[[str], str] = str) -> None:
    """Sets up logging for the whole process; every text of a line goes through ``hide`` first."""
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
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                lambda _, __, event: {key: _plain(value, hide) for key, value in event.items()},
                _json if form == "json" else _logfmt,
            ],
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
    sys.excepthook = _uncaught


def _uncaught(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    """Logs what ends the process, so that its text is hidden, too."""
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, traceback)
        return
    logging.getLogger("ges_exporter").critical("ended by an error", exc_info=(kind, error, traceback))


def _short_level(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    event["level"] = {"warning": "warn", "critical": "error"}.get(event["level"], event["level"])
    return event


def _plain(value: object, hide: Callable[[str], str]) -> object:
    """Returns a value as JSON can hold it, with every text in it gone through ``hide``."""
    match value:
        case str():
            # an enumeration's member is a text, but does not print as one
            return hide(str.__str__(value))
        case None | bool() | int() | float():
            return value
        case Mapping():
            return {hide(str(key)): _plain(item, hide) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_plain(item, hide) for item in value]
    return hide(str(value))


def _json(_: WrappedLogger, __: str, event: Mapping[str, Any]) -> str:
    return _escaped(json.dumps(_ordered(event), ensure_ascii=False))


def _logfmt(_: WrappedLogger, __: str, event: Mapping[str, Any]) -> str:
    """One line of ``key=value``; what nothing is known of is left out."""
    return " ".join(f"{key}={_word(value)}" for key, value in _ordered(event).items() if value is not None)


def _ordered(event: Mapping[str, Any]) -> dict[str, Any]:
    first = {key: event[key] for key in _FIRST if key in event}
    return first | dict(event)


def _word(value: object) -> str:
    match value:
        case list() if all(isinstance(item, str) and "," not in item for item in value):
            text = ",".join(value)
        case str():
            text = value
        case _:
            text = json.dumps(value, ensure_ascii=False)
    if not text or not text.isprintable() or _NEEDS_QUOTES.intersection(text):
        return _escaped(json.dumps(text, ensure_ascii=False))
    return text


def _escaped(text: str) -> str:
    """Returns JSON without characters that a terminal would obey, or take for the end of a line."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else json.dumps(char)[1:-1] for char in text)
