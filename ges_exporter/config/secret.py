"""Values that are never shown."""

from __future__ import annotations

import hmac
import re
from typing import Any, NoReturn

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from ges_exporter.config.complaints import unshown

SHOWN = "<secret>"

_HEADER_VALUE = re.compile(r"[!-~](?:[ -~]*[!-~])?")


class Secret:
    """A text that prints, formats and serialises as ``<secret>``; only `reveal` tells it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself, for the one place that sends it."""
        return self._text

    def __repr__(self) -> str:
        return SHOWN

    def __format__(self, spec: str, /) -> str:
        return format(SHOWN, spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(
            self._text.encode(errors="surrogatepass"), other._text.encode(errors="surrogatepass")
        )

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not pickled")

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:  # noqa: ANN401 pydantic's own signature
        """Let pydantic read a secret from a text that is not empty, and write it as ``<secret>``."""
        return core_schema.no_info_plain_validator_function(
            _read, serialization=core_schema.plain_serializer_function_ser_schema(lambda _: SHOWN)
        )


def is_header_value(text: str) -> bool:
    """Whether ``text`` can be sent as the value of an HTTP header: printable ASCII without spaces at its ends."""
    return _HEADER_VALUE.fullmatch(text) is not None


def _read(value: object) -> Secret:
    if isinstance(value, Secret):
        return value
    if not isinstance(value, str):
        raise unshown("a secret: a string, in quotes if it looks like a number")
    if not value:
        raise unshown("a secret that is not empty")
    return Secret(str(value))
