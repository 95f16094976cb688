"""The errors that the schema's own validators raise, for `faults` to make sentences of."""

from __future__ import annotations

from pydantic_core import PydanticCustomError


def expected(what: str, hint: str = "") -> PydanticCustomError:
    """A fault that names what was expected; what was found is put before the ``hint``."""
    return PydanticCustomError("expected", "expected {what}", {"what": what, "hint": hint})


def unshown(what: str) -> PydanticCustomError:
    """A fault that does not repeat what was found, for that may be a secret."""
    return PydanticCustomError("unshown", "expected {what}", {"what": what})
