"""Credentials as httpx flows: token, password (IAM), AK/SK signature, header, none."""

from __future__ import annotations

from ges_exporter.auth.credential import Credential, HeaderCredential, NoneCredential, TokenCredential
from ges_exporter.auth.keyring import Keyring
from ges_exporter.auth.password import PasswordCredential
from ges_exporter.auth.signature import Keys, SignedCredential, sign

__all__ = [
    "Credential",
    "HeaderCredential",
    "Keyring",
    "Keys",
    "NoneCredential",
    "PasswordCredential",
    "SignedCredential",
    "TokenCredential",
    "sign",
]
