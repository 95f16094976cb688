"""Takes secrets out of text that comes from elsewhere: fail reasons, error messages."""

from __future__ import annotations

import re
from collections.abc import Iterable

HIDDEN = "<secret>"

_SHORTEST = 4
"""Characters; to hide anything shorter would garble innocent words."""
_KEYS = re.compile(
    r"""(?ix)
    (["']?(?:access[_-]?key(?:[_-]?id)?|secret[_-]?(?:access[_-]?)?key|security[_-]?token|password|passwd|pwd
        |x-auth-token|x-subject-token|authorization|signature|credential|token|ak|sk)["']?\s*[:=]\s*)
    ("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|(?:(?:bearer|basic)\s+)?[^\s,;&}"']+)
    """
)
_ACCESS_KEY = re.compile(r"\b(?=[A-Z0-9]*\d)(?=[A-Z0-9]*[A-Z])[A-Z0-9]{20}\b|\b[A-Za-z0-9]{40}\b")
"""What Huawei Cloud's access keys (20 characters) and secret keys (40) look like."""


class Redaction:
    """Knows the configured secrets, and what access keys look like."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets = sorted({secret for secret in secrets if len(secret) >= _SHORTEST}, key=len, reverse=True)

    def __repr__(self) -> str:
        return f"<Redaction of {len(self._secrets)} secrets>"

    def clean(self, text: str) -> str:
        """Returns the text with every secret hidden."""
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        return _ACCESS_KEY.sub(HIDDEN, _KEYS.sub(rf"\1{HIDDEN}", text))
