"""Takes secrets out of text: known ones wherever they stand, and in text from elsewhere what looks like one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from urllib.parse import quote

HIDDEN = "<secret>"

SHORTEST = 6
"""Characters; to hide anything shorter would garble innocent words."""
MOST = 1000
"""Secrets remembered; tokens come and go as long as the process lives."""
LONGEST_READ = 16384
"""Characters of a text from elsewhere that are looked at at all."""
LONGEST = 2000
"""Characters of it that are shown."""

_NAMED = re.compile(
    r"""(?ix)
    (["']?(?:access[_-]?key(?:[_-]?id)?|secret[_-]?(?:access[_-]?)?key|security[_-]?token|password|passwd|pwd
        |x-auth-token|x-subject-token|authorization|signature|credential|token|(?<![a-z0-9])(?:access|ak|sk))
        ["']?\s*[:=]\s*)
    ("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|(?:(?:bearer|basic)\s+)?[^\s,;&}"']+)
    """
)
"""A word for a secret, and what it is set to."""
_STEMS = ("key", "token", "passw", "pwd", "author", "nature", "cred", "access", "ak", "sk")
"""One of them is in each of those words: most texts have none, and looking for these takes a tenth of the time."""
_USERINFO = re.compile(r"(?<=://)([^\s/?#:@]*):[^\s/?#@]+@")
_LOOKS_SECRET = re.compile(
    r"\b(?=[A-Z0-9]*\d)(?=[A-Z0-9]*[A-Z])[A-Z0-9]{20}\b|\b[A-Za-z0-9]{40}\b|[A-Za-z0-9_+=-]{128,}"
)
"""What Huawei Cloud's access keys (20 characters), secret keys (40) and tokens (long) look like."""


class Redaction:
    """Knows the secrets in use: whoever gets hold of one tells it."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets: dict[str, None] = {}
        self._forms: tuple[str, ...] | None = None
        """How they may be spelled, the longest first; None: to be found out."""
        for secret in secrets:
            self.learn(secret)

    def __repr__(self) -> str:
        return f"<Redaction of {len(self._secrets)} secrets>"

    def learn(self, secret: str) -> None:
        """Hides a secret from now on, also as URLs, JSON and Python spell it."""
        if len(secret) < SHORTEST:
            return
        if self._secrets.pop(secret, False) is False:
            self._forms = None
        self._secrets[secret] = None
        if len(self._secrets) > MOST:
            del self._secrets[next(iter(self._secrets))]

    def hide(self, text: str) -> str:
        """Returns a text of our own with every known secret hidden."""
        if self._forms is None:
            forms = {form for secret in self._secrets for form in _forms(secret)}
            self._forms = tuple(sorted(forms, key=len, reverse=True))
        for form in self._forms:
            if form in text:
                text = text.replace(form, HIDDEN)
        return text

    def clean(self, text: str) -> str:
        """Returns the beginning of a text from elsewhere with every known secret hidden, and whatever looks like one.

        It is cut here, for a secret that was cut before would not be known any more.
        """
        text = self.hide(text[:LONGEST_READ])
        if "://" in text:
            text = _USERINFO.sub(rf"\1:{HIDDEN}@", text)
        folded = text.casefold()
        if any(stem in folded for stem in _STEMS):
            text = _NAMED.sub(rf"\1{HIDDEN}", text)
        text = _LOOKS_SECRET.sub(HIDDEN, text)
        return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _forms(secret: str) -> set[str]:
    quoted = {quote(secret, safe=safe, errors="surrogatepass") for safe in ("", "/")}
    escaped = {json.dumps(secret, ensure_ascii=ascii_only)[1:-1] for ascii_only in (True, False)}
    return {secret, *quoted, *escaped, repr(secret)[1:-1]}
