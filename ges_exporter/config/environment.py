"""``${NAME}`` in the strings of a configuration."""

from __future__ import annotations

import re
from collections.abc import Mapping

_REFERENCE = re.compile(r"\$(\$\{)|\$\{([A-Za-z_][A-Za-z0-9_]*)\}|\$\{")
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_NUMBER = re.compile(r"[-+]?(?:[0-9]{1,18}(?:\.[0-9]{0,18})?|\.[0-9]{1,18})")

BOOLEANS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
"""The words of YAML 1.1 for a boolean, in lower case."""


class FromEnvironment(str):
    """A text whose variables were replaced; faults show how it is ``written``, for its value may be anything."""

    __slots__ = ("written",)
    written: str

    @property
    def whole(self) -> bool:
        """Whether one variable is all of it, so that it may stand for a number or a boolean."""
        found = _REFERENCE.fullmatch(self.written)
        return found is not None and found[2] is not None


def substitute(text: str, environment: Mapping[str, str]) -> tuple[str, list[str]]:
    """``text`` with its variables replaced, and a sentence for each that cannot be; ``$${`` becomes ``${``."""
    faults: list[str] = []

    def replace(found: re.Match[str]) -> str:
        escaped, name = found.groups()
        if name is None and not escaped:
            faults.append("expected a variable as ${NAME}, or $${ for a literal ${")
        elif name is not None and name not in environment:
            faults.append(f"the environment variable {name} is not set")
        return escaped or environment.get(name or "", "")

    replaced = _REFERENCE.sub(replace, text)
    if not any(found[2] for found in _REFERENCE.finditer(text)):
        return replaced, faults
    value = FromEnvironment(replaced)
    value.written = text
    return value, faults


def escape(text: str) -> str:
    """``text`` as it has to be written in a file to stay what it is."""
    return text.replace("${", "$${")


def as_integer(value: object) -> object:
    """The number that a variable holds, or ``value`` itself."""
    if isinstance(value, FromEnvironment) and value.whole and _INTEGER.fullmatch(value):
        return int(value)
    return value


def as_number(value: object) -> object:
    """The number that a variable holds, or ``value`` itself."""
    if isinstance(value, FromEnvironment) and value.whole and _NUMBER.fullmatch(value):
        return float(value)
    return value


def as_boolean(value: object) -> object:
    """The boolean that a variable holds, or ``value`` itself."""
    if isinstance(value, FromEnvironment) and value.whole:
        return BOOLEANS.get(value.lower(), value)
    return value
