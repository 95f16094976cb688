"""Log lines: logfmt or JSON, one line each whatever the values hold, and no secrets."""

from __future__ import annotations

import io
import json
import logging
import sys
from contextlib import redirect_stderr

import pytest
import structlog

from ges_exporter import logs
from ges_exporter.model import Status
from ges_exporter.redaction import HIDDEN, Redaction

pytestmark = pytest.mark.usefixtures("own_logging")


def written(form: str, event: str = "something", level: str = "info", **values: object) -> str:
    """What is written of one event."""
    output = io.StringIO()
    with redirect_stderr(output):
        logs.configure(level, form, Redaction(["hunter22"]).hide)
        structlog.get_logger("ges_exporter.test").info(event, **values)
    return output.getvalue()


def fields(**values: object) -> str:
    """What logfmt makes of values."""
    line = written("logfmt", "something", "info", **values)
    assert line.endswith("\n")
    return line.removesuffix("\n").partition("msg=something ")[2]


def test_a_line_of_logfmt() -> None:
    """Time, level, logger and message come first, as Prometheus' programs write them."""
    line = written("logfmt", "a target is down", project="demo")
    time, rest = line.split(" ", 1)
    assert time.startswith("ts=20")
    assert rest == 'level=info logger=ges_exporter.test msg="a target is down" project=demo\n'


def test_a_line_of_json() -> None:
    """One object, with the types of the values."""
    line = json.loads(written("json", number=1.5, word="x", nothing=None, several=("a", "b")))
    del line["ts"]
    assert line == {
        "level": "info",
        "logger": "ges_exporter.test",
        "msg": "something",
        "number": 1.5,
        "word": "x",
        "nothing": None,
        "several": ["a", "b"],
    }


VALUES = {
    "a word": ("failed", "x=failed"),
    "words": ("not enough memory", 'x="not enough memory"'),
    "nothing known": (None, ""),
    "empty": ("", 'x=""'),
    "quotes": ('say "no"', r'x="say \"no\""'),
    "an equals sign": ("a=b", 'x="a=b"'),
    "a backslash": (r"a\b", r'x="a\\b"'),
    "lines": ("one\ntwo", r'x="one\ntwo"'),
    "a terminal's codes": ("\x1b[2Jgone", r'x="\u001b[2Jgone"'),
    "a line separator": ("a\u2028b", r'x="a\u2028b"'),
    "right to left": ("a\u202eb", r'x="a\u202eb"'),
    "another script": ("图", "x=图"),
    "a number": (12.5, "x=12.5"),
    "a truth": (True, "x=true"),
    "several": (("demo/movie", "demo/fraud"), "x=demo/movie,demo/fraud"),
    "several with commas": (["a,b", "c"], r'x="[\"a,b\", \"c\"]"'),
    "an enumeration": (Status.PARTIALLY_FAILED, "x=partially_failed"),
    "a mapping": ({"a": 1}, r'x="{\"a\": 1}"'),
    "an object": (ValueError("bad"), "x=bad"),
}


@pytest.mark.parametrize(("value", "shown"), VALUES.values(), ids=VALUES)
def test_values_in_logfmt(value: object, shown: str) -> None:
    """Whatever a value holds, it is one value on one line, and no terminal obeys it."""
    assert fields(x=value) == shown


@pytest.mark.parametrize("value", ["one\ntwo\r\x1b[2J\u2028", {"a": ["b\u2028c"]}], ids=["text", "nested"])
def test_json_is_one_line_of_plain_characters(value: object) -> None:
    """The same for JSON."""
    line = written("json", x=value)
    assert line.removesuffix("\n").isprintable()
    assert json.loads(line)["x"] == value


def fail() -> None:
    """Goes wrong, with a secret."""
    raise RuntimeError("bad hunter22")


@pytest.mark.parametrize("form", logs.FORMATS)
def test_no_secret_is_written(form: str) -> None:
    """Not in the message, not in a value, not deep in one, not in a traceback, ours or a library's."""
    output = io.StringIO()
    with redirect_stderr(output):
        logs.configure("info", form, Redaction(["hunter22"]).hide)
        log = structlog.get_logger("ges_exporter.test")
        try:
            fail()
        except RuntimeError:
            log.exception("hunter22", value="a hunter22 b", deep={"x": [("hunter22",)]}, error=ValueError("hunter22"))
            logging.getLogger("uvicorn.error").exception("%s failed", "hunter22")
    assert "hunter22" not in output.getvalue()
    assert output.getvalue().count(f"RuntimeError: bad {HIDDEN}") == 2


def test_what_ends_the_process_is_logged_without_secrets() -> None:
    """A bug is loud, but not talkative."""
    output = io.StringIO()
    with redirect_stderr(output):
        logs.configure("info", "logfmt", Redaction(["hunter22"]).hide)
        error = RuntimeError("hunter22")
        sys.excepthook(RuntimeError, error, None)
    assert f"RuntimeError: {HIDDEN}" in output.getvalue()


@pytest.mark.parametrize(("level", "lines"), [("debug", 1), ("info", 1), ("warn", 0), ("error", 0)])
def test_the_level(level: str, lines: int) -> None:
    """What is less urgent is not written."""
    assert written("logfmt", level=level).count("\n") == lines


@pytest.mark.parametrize("name", ["httpx", "httpcore.http11", "h11"])
def test_libraries_tell_no_headers(name: str) -> None:
    """At the level debug they would write tokens."""
    output = io.StringIO()
    with redirect_stderr(output):
        logs.configure("debug", "logfmt")
        logging.getLogger(name).debug("send_request_headers X-Auth-Token")
    assert not output.getvalue()
