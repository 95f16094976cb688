"""The kinds of values that the schema consists of: how each is read, checked and written."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from operator import attrgetter
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, PlainValidator, Strict, ValidationInfo

from ges_exporter.config import urls
from ges_exporter.config.complaints import expected, unshown
from ges_exporter.config.environment import FromEnvironment, as_boolean, as_integer, as_number
from ges_exporter.config.secret import Secret, is_header_value
from ges_exporter.config.tree import suggest
from ges_exporter.config.units import format_duration, format_size, parse_duration, parse_size
from ges_exporter.model import Plane

MEMORY = ":memory:"
"""The path of a ledger that is kept in memory only."""

_REGION = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_PROJECT_ID = re.compile(r"[!-~]+")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_OFFSET = re.compile(r"([+-])([0-9]{1,2}):([0-5][0-9])")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_MOST_OFFSET_MINUTES = 14 * 60
_HEADER_TEXT = "that an HTTP header can carry: printable ASCII, no spaces at its ends"


def _matching(pattern: re.Pattern[str], what: str) -> AfterValidator:
    def check(text: str) -> str:
        if not pattern.fullmatch(text):
            raise expected(what)
        return text

    return AfterValidator(check)


def _quantity(parse: Callable[[str], float], what: str) -> BeforeValidator:
    def read(value: object) -> float:
        # a bare 0 is the one number that YAML need not quote, and that needs no unit
        text = "0" if value == 0 and type(value) is int else value
        try:
            return parse(text if isinstance(text, str) else "")
        except ValueError:
            raise expected(what) from None

    return BeforeValidator(read)


DOTS = frozenset({".", ".."})
"""Names of which nothing would be left in a URL."""


def _name(text: str) -> str:
    if not text.strip() or text in DOTS or _CONTROL.search(text):
        raise expected("a name that is not empty, . or .., and has no control characters")
    return text


def _header_secret(secret: Secret) -> Secret:
    if not is_header_value(secret.reveal()):
        raise unshown(f"a secret {_HEADER_TEXT}")
    return secret


def _header_text(value: object) -> str:
    if not isinstance(value, str) or not is_header_value(value):
        raise unshown(f"a string {_HEADER_TEXT}")
    return value


def _path(value: object, info: ValidationInfo) -> str:
    if not isinstance(value, str) or not value or _CONTROL.search(value):
        raise unshown("the path of a file: a string that is not empty")
    return str(Path((info.context or {}).get("base", ""), value))


def _ledger_path(value: object, info: ValidationInfo) -> str:
    return MEMORY if value == MEMORY else _path(value, info)


def _endpoint(text: str) -> str:
    try:
        return str(urls.parse_endpoint(text))
    except ValueError as error:
        # user, password and query may be secrets
        raise (unshown if any(mark in text for mark in "@?#") else expected)(str(error)) from None


def _proxy(value: object) -> object:
    if isinstance(value, str) and value != "none":
        try:
            urls.parse_proxy(value)
        except ValueError as error:
            raise unshown(f"none, or a proxy as {error}") from None
        return Secret(str(value))
    if isinstance(value, Secret) or value == "none":
        return value
    raise unshown("none, or a proxy as a URL with http or https")


def _server_name(text: str) -> str:
    if not urls.is_host(text):
        raise expected("the name of a host")
    return text


def _expression(value: object) -> re.Pattern[str]:
    if not isinstance(value, str):
        raise expected("a regular expression: a string")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return re.compile(str(value))
    except (re.error, OverflowError, RecursionError) as error:
        # the complaint repeats parts of the expression
        told = "" if isinstance(value, FromEnvironment) else f" ({error})"
        raise expected("a regular expression that parses", told) from None


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _plane(expression: re.Pattern[str]) -> re.Pattern[str]:
    if not any(expression.fullmatch(plane) for plane in Plane):
        raise expected("an expression that matches management or service")
    return expression


def _zone(value: object) -> str:
    what = 'auto, an IANA name such as Asia/Singapore, or an offset in quotes such as "+08:00"'
    if not isinstance(value, str):
        raise expected(what)
    offset = _OFFSET.fullmatch(value)
    if offset is not None and int(offset[2]) * 60 + int(offset[3]) <= _MOST_OFFSET_MINUTES:
        return f"{offset[1]}{offset[2]:0>2}:{offset[3]}"
    if value != "auto" and value not in _zones():
        raise expected(what, suggest(value, _zones()))
    return str(value)


def _ascending(bounds: tuple[float, ...]) -> tuple[float, ...]:
    for lower, upper in pairwise(bounds):
        if lower >= upper:
            raise unshown(f"bounds in ascending order, but {upper:g} follows {lower:g}")
    return bounds


def _not_empty(items: tuple[object, ...]) -> tuple[object, ...]:
    if not items:
        raise unshown("a list that is not empty")
    return items


def _plain(number: float) -> float:
    return int(number) if number == int(number) else number


Text = Annotated[str, Strict(), Field(min_length=1)]
Name = Annotated[str, Strict(), AfterValidator(_name)]
Region = Annotated[str, Strict(), _matching(_REGION, "a region such as cn-north-4")]
ProjectId = Annotated[str, Strict(), _matching(_PROJECT_ID, "a project's id: printable ASCII without spaces")]

Whole = Annotated[int, BeforeValidator(as_integer), Strict()]
Flag = Annotated[bool, BeforeValidator(as_boolean), Strict()]
Bound = Annotated[
    float, BeforeValidator(as_number), Strict(), Field(gt=0, allow_inf_nan=False), PlainSerializer(_plain)
]
NotEmpty = AfterValidator(_not_empty)
Bounds = Annotated[tuple[Bound, ...], NotEmpty, AfterValidator(_ascending)]

Duration = Annotated[
    float, _quantity(parse_duration, "a duration such as 9s, 10m or 1h30m"), PlainSerializer(format_duration)
]
PositiveDuration = Annotated[Duration, Field(gt=0)]
Size = Annotated[int, _quantity(parse_size, "a size such as 256MiB"), PlainSerializer(format_size), Field(gt=0)]

FilePath = Annotated[str, BeforeValidator(_path)]
LedgerPath = Annotated[str, BeforeValidator(_ledger_path)]

Endpoint = Annotated[str, Strict(), AfterValidator(_endpoint)]
Proxy = Annotated[Secret | Literal["none"], PlainValidator(_proxy)]
ServerName = Annotated[str, Strict(), AfterValidator(_server_name)]

HeaderName = Annotated[str, Strict(), _matching(_HEADER_NAME, "the name of an HTTP header")]
HeaderText = Annotated[str, BeforeValidator(_header_text)]
HeaderSecret = Annotated[Secret, AfterValidator(_header_secret)]

Expression = Annotated[re.Pattern[str], BeforeValidator(_expression), PlainSerializer(attrgetter("pattern"))]
PlaneExpression = Annotated[Expression, AfterValidator(_plane)]
Zone = Annotated[str, BeforeValidator(_zone)]
