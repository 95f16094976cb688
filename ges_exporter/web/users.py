"""Basic authentication: who may come in."""

from __future__ import annotations

import asyncio
import hmac
import secrets
from base64 import b64decode
from binascii import Error
from collections.abc import Mapping

import bcrypt

from ges_exporter.config import Secret
from ges_exporter.threads import in_thread

MOST_REMEMBERED = 100
"""Checks that succeeded."""
AT_ONCE = 2
"""Checks under way; the rest wait, so that guessing does not take all of the machine."""
_LONGEST_PASSWORD = 72
"""Bytes; bcrypt looks at no more."""


class Users:
    """Names and hashed passwords.

    A check costs a bcrypt computation in a thread, for unknown names as for known ones. One that succeeded is
    remembered by a digest that nobody else can compute; checks of the same words at the same time are one.
    """

    def __init__(self, users: Mapping[str, Secret]) -> None:
        self._hashes = {name.encode(): one.reveal().encode() for name, one in users.items()}
        self._key = secrets.token_bytes(32)
        self._succeeded: dict[bytes, None] = {}
        self._under_way: dict[bytes, asyncio.Task[bool]] = {}
        self._turns = asyncio.Semaphore(AT_ONCE)

    def __repr__(self) -> str:
        return f"<Users {len(self._hashes)}>"

    def __len__(self) -> int:
        return len(self._hashes)

    async def admit(self, header: str) -> bool:
        """Returns whether an ``Authorization`` header names a user with the right password."""
        words = _parse(header)
        if words is None:
            return False
        name, password = words
        digest = hmac.digest(self._key, b"%d:%b:%b" % (len(name), name, password), "sha256")
        if digest in self._succeeded:
            return True
        task = self._under_way.get(digest)
        if task is None:
            task = self._under_way[digest] = asyncio.create_task(self._check(digest, name, password))
            task.add_done_callback(lambda _: self._under_way.pop(digest, None))
        # whoever shares the check must not lose it because the first one hung up
        return await asyncio.shield(task)

    async def _check(self, digest: bytes, name: bytes, password: bytes) -> bool:
        known = name in self._hashes
        hashed = self._hashes[name] if known else self._decoy(name)
        async with self._turns:
            right = await in_thread(bcrypt.checkpw, password[:_LONGEST_PASSWORD], hashed)
        if not (known and right):
            return False
        self._succeeded[digest] = None
        if len(self._succeeded) > MOST_REMEMBERED:
            del self._succeeded[next(iter(self._succeeded))]
        return True

    def _decoy(self, name: bytes) -> bytes:
        """Returns somebody's hash, for one name always the same: an unknown name takes as long as a known one."""
        hashes = list(self._hashes.values())
        return hashes[int.from_bytes(hmac.digest(self._key, name, "sha256")) % len(hashes)]


def _parse(header: str) -> tuple[bytes, bytes] | None:
    """Returns name and password, or None for anything but basic authentication."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, colon, password = b64decode(encoded.strip(), validate=True).partition(b":")
    except (Error, ValueError):
        return None
    # bcrypt ends at a null byte, or refuses it
    return (name, password) if colon and b"\0" not in password else None
