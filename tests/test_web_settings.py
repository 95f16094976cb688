"""``--web.config.file``: what is accepted, and the sentences about what is not."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from ges_exporter.errors import ConfigError
from ges_exporter.web import Protection
from ges_exporter.web.settings import CIPHERS, HEADERS, load_settings
from tests.certificates import Authority, web_config

HASH = "$2y$04$UCNnxtwAW9gz85v.48/2Ge41qjzv/Y5MxuxTr4sgnB1pxoC4M5hGm"
BAD = Path(__file__).parent / "web_config/bad"
FILES = {"cert_file": "server.crt", "key_file": "server.key"}
CLIENTS = {"client_auth_type": "RequireAndVerifyClientCert", "client_ca_file": "ca.pem"}


def test_the_documented_example_is_read(tmp_path: Path) -> None:
    """The whole format, as far as it can be done; paths are relative to the file's folder."""
    path = web_config(
        tmp_path,
        tls_server_config=FILES
        | CLIENTS
        | {
            "client_allowed_sans": ["prometheus.internal"],
            "min_version": "TLS12",
            "max_version": "TLS13",
            "cipher_suites": ["TLS_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"],
            "prefer_server_cipher_suites": False,
            "curve_preferences": ["X25519"],
        },
        http_server_config={"http2": False, "headers": {"X-Frame-Options": "sameorigin", "X-XSS-Protection": ""}},
        basic_auth_users={"alice": HASH},
        rate_limit={"interval": "1s", "burst": 20},
    )
    settings = load_settings(path)
    assert settings.tls_server_config is not None
    assert settings.tls_server_config.cert_file == str(tmp_path / "server.crt")
    assert settings.basic_auth_users["alice"].reveal() == HASH
    assert settings.rate_limit.interval == 1.0


@pytest.mark.parametrize("path", sorted(BAD.glob("*.yml")), ids=lambda path: path.stem)
def test_every_fault_is_told_with_its_place(path: Path) -> None:
    """All at once, in the sentences of the text file beside it, and no secret among them."""
    with pytest.raises(ConfigError) as caught:
        load_settings(path)
    told = [fault.replace(str(path), path.name) for fault in caught.value.faults]
    assert told == path.with_suffix(".txt").read_text(encoding="utf-8").splitlines()
    assert "hunter2" not in "".join(told)


def test_variables_are_text_here(tmp_path: Path) -> None:
    """The format knows no variables: a file that others read, too, means the same to all."""
    path = web_config(tmp_path, tls_server_config={"cert_file": "${HOME}/a", "key_file": "b"})
    tls = load_settings(path).tls_server_config
    assert tls is not None
    assert tls.cert_file == str(tmp_path / "${HOME}/a")


def test_a_missing_file_is_a_fault(tmp_path: Path) -> None:
    """Protection that was asked for and is not there must not start."""
    with pytest.raises(ConfigError, match="cannot be read: No such file or directory"):
        Protection(tmp_path / "web.yml")


def test_no_file_is_no_protection() -> None:
    """Without the flag, everybody is answered over plain HTTP."""
    protection = Protection()
    assert protection.tls is None
    assert not protection.now.users


def test_no_hash_shows_in_representations(tmp_path: Path) -> None:
    """A hash is worth guessing at."""
    protection = Protection(web_config(tmp_path, basic_auth_users={"alice": HASH}))
    for value in (protection.now, protection.now.settings, protection.now.users, protection.now.settings.model_dump()):
        assert HASH not in repr(value)


TLS = "tls_server_config"
NOT_THERE = "{path} cannot be read: No such file or directory"
NO_PEM = "expected certificates in PEM, got something else in {path}"
CERTIFICATES = {
    "missing": ("server.crt", None, f"{TLS}.cert_file: {NOT_THERE}"),
    "no certificate": ("server.crt", "x", f"{TLS}.cert_file: {NO_PEM}"),
    "no key": ("server.key", None, f"{TLS}.key_file: {NOT_THERE}"),
    "another key": (
        "server.key",
        "x",
        f"{TLS}.key_file: expected the private key of cert_file, in PEM and without a passphrase",
    ),
    "no authority": ("ca.pem", "x", f"{TLS}.client_ca_file: {NO_PEM}"),
}


@pytest.mark.parametrize(("name", "content", "sentence"), CERTIFICATES.values(), ids=CERTIFICATES)
def test_certificates_that_cannot_be_used(tmp_path: Path, name: str, content: str | None, sentence: str) -> None:
    """Told at the start, with the key that names the file."""
    Authority(tmp_path).server()
    path = tmp_path / name
    path.unlink() if content is None else path.write_text(content)
    with pytest.raises(ConfigError) as caught:
        Protection(web_config(tmp_path, tls_server_config=FILES | CLIENTS))
    assert caught.value.faults == (sentence.format(path=path),)


def test_all_files_are_looked_at(tmp_path: Path) -> None:
    """Each fault is told, not the first one."""
    with pytest.raises(ConfigError) as caught:
        Protection(web_config(tmp_path, tls_server_config=FILES | CLIENTS))
    assert len(caught.value.faults) == 3


ACCEPTED = {
    "TLS": {"tls_server_config": FILES},
    "clients": {"tls_server_config": FILES | CLIENTS},
    "optional clients": {"tls_server_config": FILES | CLIENTS | {"client_auth_type": "VerifyClientCertIfGiven"}},
    "no clients": {"tls_server_config": FILES | {"client_auth_type": "NoClientCert"}},
    "suites": {"tls_server_config": FILES | {"cipher_suites": [*CIPHERS, "TLS_AES_256_GCM_SHA384"]}},
    "versions": {"tls_server_config": FILES | {"min_version": "TLS13", "max_version": "TLS13"}},
    "a curve": {"tls_server_config": FILES | {"curve_preferences": ["CurveP256"], "prefer_server_cipher_suites": True}},
    "headers": {"http_server_config": {"headers": {name: (values or ("x",))[0] for name, values in HEADERS.items()}}},
    "blank headers": {"http_server_config": {"headers": {"Content-Security-Policy": ""}, "http2": True}},
    "users": {
        "basic_auth_users": {"alice": HASH, "bob smith": HASH.replace("$2y", "$2b"), "é": HASH.replace("$2y", "$2a")}
    },
}


@pytest.mark.parametrize("content", ACCEPTED.values(), ids=ACCEPTED)
def test_what_is_accepted(tmp_path: Path, content: dict[str, object]) -> None:
    """All that the format has and Python's TLS can do."""
    Authority(tmp_path).server()
    Protection(web_config(tmp_path, **content))


@pytest.mark.e2e
@pytest.mark.parametrize("content", ACCEPTED.values(), ids=ACCEPTED)
def test_promtool_accepts_what_we_accept(tmp_path: Path, content: dict[str, object]) -> None:
    """One file does for all of Prometheus' kin."""
    Authority(tmp_path).server()
    path = web_config(tmp_path, **content)
    command = ["promtool", "check", "web-config", str(path)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - as it stands here
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", f"{path} SUCCESS\n")
