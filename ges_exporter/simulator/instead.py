"""Answers that faults give in place of the API's own."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from ges_exporter.simulator.answers import JSON, ApiError, error_body
from ges_exporter.simulator.faults import Fault

_HTML = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Please sign in.</body></html>"
_MIB = 1 << 20
_BEGIN = b'{"jobs":['


@dataclass(frozen=True)
class Parcel:
    """A whole answer; ``repeated`` is how often its body is sent."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    repeated: int = 1


def instead(faults: Mapping[str, Fault], path: str) -> Parcel | None:
    """The answer to ``path`` of the first fault that has one, in the order of the table."""
    for kind, make in _INSTEAD.items():
        if kind in faults:
            return make(faults[kind], path)
    return None


def _status(fault: Fault, _: str) -> Parcel:
    code = int(fault.number(500))
    return Parcel(code, (("Content-Type", "text/plain"),), f"the answer is {code}\n".encode())


def _throttle(fault: Fault, path: str) -> Parcel:
    error = ApiError(429, "APIGW.0308", "The throttling threshold has been reached")
    return _error(path, error, ("Retry-After", fault.text("1")))


def _unavailable(fault: Fault, path: str) -> Parcel:
    return _error(path, ApiError(503, "GES.8011", "service unavailable"), ("Retry-After", fault.text("1")))


def _error_body(fault: Fault, path: str) -> Parcel:
    status, _, code = fault.text("GES.8002").rpartition(":")
    return _error(path, ApiError(int(status or 200), code, "internal error"))


def _error(path: str, error: ApiError, *headers: tuple[str, str]) -> Parcel:
    return Parcel(error.status, (("Content-Type", JSON), *headers), error_body(path, error))


def _html(_: Fault, __: str) -> Parcel:
    return Parcel(200, (("Content-Type", "text/html"),), _HTML)


def _redirect(fault: Fault, path: str) -> Parcel:
    return Parcel(302, (("Location", fault.text(f"http://127.0.0.1:9{path}")),), b"")


def _invalid_json(_: Fault, __: str) -> Parcel:
    return Parcel(200, (("Content-Type", JSON),), b'{"jobs": [{"jobId": "a", "status": success}], "jobCount": 1')


def _huge(fault: Fault, _: str) -> Parcel:
    return Parcel(200, (("Content-Type", JSON),), b" " * _MIB, int(fault.number(1024 * _MIB)) // _MIB)


def _gzip_bomb(fault: Fault, _: str) -> Parcel:
    headers = (("Content-Type", JSON), ("Content-Encoding", "gzip"))
    return Parcel(200, headers, _bomb(int(fault.number(300 * _MIB)) // _MIB))


@lru_cache(maxsize=2)
def _bomb(mebibytes: int) -> bytes:
    """Gzip that unpacks to so many MiB of the beginning of a list and spaces."""
    deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    begin = deflate.compress(_BEGIN) + deflate.flush(zlib.Z_FULL_FLUSH)
    spaces = b" " * _MIB
    packed = deflate.compress(spaces) + deflate.flush(zlib.Z_FULL_FLUSH)
    checksum = zlib.crc32(_BEGIN)
    for _ in range(mebibytes):
        checksum = zlib.crc32(spaces, checksum)
    trailer = struct.pack("<II", checksum, (len(_BEGIN) + mebibytes * _MIB) & 0xFFFFFFFF)
    return b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + begin + packed * mebibytes + deflate.flush() + trailer


_INSTEAD: dict[str, Callable[[Fault, str], Parcel]] = {
    "status": _status,
    "throttle": _throttle,
    "unavailable": _unavailable,
    "error": _error_body,
    "html": _html,
    "redirect": _redirect,
    "invalid_json": _invalid_json,
    "huge": _huge,
    "gzip_bomb": _gzip_bomb,
}
