"""Credentials that are sent as they are, and the files they may stand in."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from ges_exporter.auth import Credential, Keyring
from ges_exporter.config import Credentials, HeaderCredentials, NoCredentials, TokenCredentials
from ges_exporter.errors import AuthFailed
from ges_exporter.telemetry import Telemetry
from tests.iam import run, sent, target_settings


def made(credentials: Credentials, telemetry: Telemetry | None = None) -> Credential:
    """What the keyring makes of ``credentials``."""
    return Keyring({"given": credentials}, telemetry or Telemetry()).credential(target_settings("given"))


def token(path: Path) -> TokenCredentials:
    """A token in a file."""
    return TokenCredentials(type="token", token_file=str(path))


@pytest.mark.parametrize(
    ("given", "kind", "header"),
    [
        ({"type": "token", "token": "a-token"}, TokenCredentials, ("X-Auth-Token", "a-token")),
        ({"type": "header", "name": "X-Api-Key", "value": "a key"}, HeaderCredentials, ("X-Api-Key", "a key")),
    ],
)
def test_literal_is_sent(given: Mapping[str, str], kind: type[Credentials], header: tuple[str, str]) -> None:
    """A token goes into X-Auth-Token, a header credential into its header, and a refusal cannot be helped."""
    telemetry = Telemetry()
    credential = made(kind.model_validate(given), telemetry)
    request = run(sent(credential, lambda _: httpx.Response(401)))
    assert request.headers[header[0]] == header[1]
    assert not run(credential.renew(request))
    credential.note_refusal()
    assert telemetry.auth_errors == {"given": 1}


@pytest.mark.parametrize("name", ["", "given"])
def test_none_sends_nothing(name: str) -> None:
    """Without credentials a request stays as it is, and there is nothing to renew or to blame."""
    telemetry = Telemetry()
    credential = Keyring({"given": NoCredentials()}, telemetry).credential(target_settings(name))
    request = run(sent(credential))
    assert not {"x-auth-token", "authorization"} & set(request.headers)
    assert not run(credential.renew(request))
    credential.note_refusal()
    assert set(telemetry.auth_errors) == {"given"}
    assert telemetry.auth_errors["given"] == 0


def test_file_is_read_again_when_it_changes(tmp_path: Path) -> None:
    """A token replaced on disk is used from the next request on, however little its file seems to have changed."""
    file = tmp_path / "token"
    file.write_text("\ufefffirst \n")
    os.utime(file, ns=(1, 1))
    credential = made(token(file))
    first = run(sent(credential))
    assert first.headers["X-Auth-Token"] == "first"
    assert not run(credential.renew(first))
    file.write_text("\ufeffother \n")
    os.utime(file, ns=(1, 1))
    assert run(credential.renew(first))
    assert run(sent(credential)).headers["X-Auth-Token"] == "other"


def test_file_that_vanishes_after_a_refusal_does_not_help(tmp_path: Path) -> None:
    """With its file gone, a refused token is not worth another try."""
    file = tmp_path / "token"
    file.write_text("a-token")
    credential = made(token(file))
    request = run(sent(credential))
    file.unlink()
    assert not run(credential.renew(request))


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (None, "cannot be read: No such file or directory"),
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"\xffsecret", "is not UTF-8 text"),
        (b"secret" * 20_000, "is larger than 65536 bytes"),
    ],
)
def test_useless_file_is_named_but_not_shown(tmp_path: Path, content: bytes | None, fault: str) -> None:
    """A file without a usable secret is an error that names it and holds nothing of its content."""
    file = tmp_path / "token"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(AuthFailed) as caught:
        run(sent(made(token(file))))
    message = str(caught.value)
    assert message == f"the token of credentials 'given': the file {file} {fault}"


def test_pipe_is_refused(tmp_path: Path) -> None:
    """A path that is no regular file is refused, because reading it might never end."""
    os.mkfifo(tmp_path / "token")
    with pytest.raises(AuthFailed, match=r"token is not a regular file"):
        run(sent(made(token(tmp_path / "token"))))


@pytest.mark.parametrize("content", ["two\nlines", "tab\there", "geheim-ä", "nul\0"])
def test_secret_that_no_header_can_carry(tmp_path: Path, content: str) -> None:
    """Characters that would break a header are refused before the HTTP library quotes the secret in its complaint."""
    file = tmp_path / "token"
    file.write_text(content)
    with pytest.raises(AuthFailed) as caught:
        run(sent(made(token(file))))
    assert str(caught.value) == "the token of credentials 'given' has characters that cannot be sent in an HTTP header"


def test_flow_leaves_the_answer_alone() -> None:
    """A flow yields the request once and ends with the answer, whose body it does not read."""
    flow = made(TokenCredentials.model_validate({"type": "token", "token": "a-token"})).auth_flow(
        httpx.Request("GET", "https://ges.example")
    )
    assert next(flow).headers["X-Auth-Token"] == "a-token"
    with pytest.raises(StopIteration):
        flow.send(httpx.Response(401))
