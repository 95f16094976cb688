"""Where a secret's text comes from: the configuration itself, or a file that others may replace at any time."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ges_exporter.config import Secret
from ges_exporter.config.secret import is_header_value
from ges_exporter.errors import AuthFailed

_LARGEST_FILE = 64 * 1024

Learn = Callable[[str], None]
"""Is told each secret before it is used, so that it can be kept out of whatever is shown."""


def nobody(_: str) -> None:
    """Tells nobody."""


@dataclass(frozen=True)
class SecretSource:
    """A secret given literally or by the path of its file; ``what`` names it in errors, the text itself never does.

    The file is read at each use (it is small, and a time stamp may miss a quick second change), so that a token which
    is rotated on disk is used from its next request on.
    """

    what: str
    literal: Secret | None
    path: str | None
    learn: Learn = nobody

    def text(self) -> str:
        """The secret as it is now, white space around a file's content taken off; `AuthFailed` if there is none."""
        if self.literal is not None:
            return self._checked(self.literal.reveal())
        text = self._content(str(self.path)).strip()
        if not text:
            raise AuthFailed(f"{self.what}: the file {self.path} is empty")
        self.learn(text)
        return text

    def header_value(self) -> str:
        """The secret's text, `AuthFailed` if no HTTP header can carry it.

        Checked here because the HTTP library would show the whole value in its own complaint.
        """
        text = self.text()
        if not is_header_value(text):
            raise AuthFailed(f"{self.what} has characters that cannot be sent in an HTTP header")
        return text

    def _checked(self, text: str) -> str:
        """A literal may come from an environment variable with bytes that are no UTF-8."""
        if any("\ud800" <= character <= "\udfff" for character in text):
            raise AuthFailed(f"{self.what} is not UTF-8 text")
        return text

    def _content(self, path: str) -> str:
        try:
            if not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116 a pipe would block the event loop
                raise AuthFailed(f"{self.what}: {path} is not a regular file")
            with Path(path).open("rb") as file:
                content = file.read(_LARGEST_FILE + 1)
        except OSError as error:
            raise AuthFailed(f"{self.what}: the file {path} cannot be read: {error.strerror}") from None
        if len(content) > _LARGEST_FILE:
            raise AuthFailed(f"{self.what}: the file {path} is larger than {_LARGEST_FILE} bytes")
        return self._decoded(content, path)

    def _decoded(self, content: bytes, path: str) -> str:
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise AuthFailed(f"{self.what}: the file {path} is not UTF-8 text") from None
