"""Certificates for tests, as files."""

from __future__ import annotations

import ssl
from pathlib import Path

import trustme
import yaml


class Authority:
    """A certificate authority with files in a folder."""

    def __init__(self, folder: Path, name: str = "ca") -> None:
        self._ca = trustme.CA()
        self._folder = folder
        self.file = folder / f"{name}.pem"
        self._ca.cert_pem.write_to_path(str(self.file))

    def server(self, *names: str) -> tuple[Path, Path]:
        """The files of a new certificate and its key, in the place of those made before."""
        cert_file, key_file = self._folder / "server.crt", self._folder / "server.key"
        certificate = self._ca.issue_cert(*(names or ("127.0.0.1", "localhost")))
        cert_file.write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))
        certificate.private_key_pem.write_to_path(str(key_file))
        return cert_file, key_file

    def trusting(self, *client: str) -> ssl.SSLContext:
        """What a client needs to trust it; with names it has a certificate that bears them."""
        context = ssl.create_default_context(cafile=str(self.file))
        if client:
            self._ca.issue_cert(*client).configure_cert(context)
        return context


def web_config(folder: Path, **sections: object) -> Path:
    """A file for --web.config.file."""
    path = folder / "web.yml"
    path.write_text(yaml.safe_dump(sections), encoding="utf-8")
    return path
