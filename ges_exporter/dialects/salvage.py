"""What can still be read of a body that msgspec refuses."""

from __future__ import annotations

import re

import msgspec

UNDECODABLE = (msgspec.DecodeError, UnicodeError, RecursionError)
"""What decoding raises for a body that is not JSON, not of the shape expected, not UTF-8, or nested too deeply."""

_SURROGATES = re.compile(
    rb"(\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
)
"""An escaped backslash or a pair of surrogates, which stay; or half a pair."""

_members = msgspec.json.Decoder(dict[str, msgspec.Raw])


def mended(body: bytes) -> bytes:
    """Returns a body with a replacement character for each broken one, such as servers leave where they cut text."""
    return _SURROGATES.sub(lambda match: match[1] or rb"\ufffd", body.decode("utf-8-sig", "replace").encode())


def without(record: bytes | msgspec.Raw, field: str) -> bytes | None:
    """Returns an object less one of its members, or None where there is no such thing."""
    try:
        members = _members.decode(record)
        del members[field]
    except (*UNDECODABLE, KeyError):
        return None
    return msgspec.json.encode(members)


def describe(fault: Exception) -> str:
    """Returns what is wrong, without a word of the body."""
    if isinstance(fault, RecursionError):
        return "the answer is nested too deeply"
    # msgspec quotes types and places, never values; a UnicodeError would quote the body.
    return "the answer is not UTF-8" if isinstance(fault, UnicodeError) else str(fault)
