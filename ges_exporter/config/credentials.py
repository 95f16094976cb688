"""What targets may want to see before they answer. A new kind is one class here, and one in `auth`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field, PlainSerializer

from ges_exporter.config.secret import SHOWN, Secret
from ges_exporter.config.section import Section
from ges_exporter.config.values import Endpoint, FilePath, HeaderName, HeaderSecret, HeaderText, Text


class _Credentials(Section):
    """What all kinds have in common."""

    SECRETS: ClassVar[Mapping[str, bool]] = {}
    """The secrets of this kind, each given literally or by file, and whether it is required."""


class PasswordCredentials(_Credentials):
    """An IAM user, whose password is exchanged for tokens."""

    SECRETS: ClassVar = {"password": True}

    type: Literal["password"]
    domain: Text
    username: Text
    password: Secret | None = None
    password_file: FilePath | None = None
    iam_endpoint: Endpoint | None = None
    """None: that of the project's region."""


class AkskCredentials(_Credentials):
    """An access key, which signs each request."""

    SECRETS: ClassVar = {"secret_key": True, "security_token": False}

    type: Literal["aksk"]
    access_key: Annotated[HeaderText, Field(repr=False), PlainSerializer(lambda _: SHOWN)]
    secret_key: Secret | None = None
    secret_key_file: FilePath | None = None
    security_token: HeaderSecret | None = None
    security_token_file: FilePath | None = None


class TokenCredentials(_Credentials):
    """An IAM token that somebody else obtains."""

    SECRETS: ClassVar = {"token": True}

    type: Literal["token"]
    token: HeaderSecret | None = None
    token_file: FilePath | None = None


class HeaderCredentials(_Credentials):
    """A header that is sent as it is."""

    SECRETS: ClassVar = {"value": True}

    type: Literal["header"]
    name: HeaderName
    value: HeaderSecret | None = None
    value_file: FilePath | None = None


class NoCredentials(_Credentials):
    """Nothing is sent."""

    type: Literal["none"] = "none"


Credentials = PasswordCredentials | AkskCredentials | TokenCredentials | HeaderCredentials | NoCredentials


NONE = "none"
"""The name that stands for no credentials without being defined."""

KINDS: Mapping[str, type[_Credentials]] = {
    "password": PasswordCredentials,
    "aksk": AkskCredentials,
    "token": TokenCredentials,
    "header": HeaderCredentials,
    "none": NoCredentials,
}
"""By ``type``."""
