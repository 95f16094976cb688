"""AK/SK signatures, compared with those of Huawei Cloud's own SDK."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import pytest
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.sdk_request import SdkRequest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ges_exporter.auth import Credential, Keyring, Keys, sign
from ges_exporter.config import AkskCredentials
from ges_exporter.errors import AuthFailed
from ges_exporter.telemetry import Telemetry
from tests.iam import PROJECT, Clock, run, target_settings

ACCESS, SECRET = "AKIDEXAMPLE", "s3cr3t/key+äß"
DATE = "20250615T150640Z"

texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=12)
reserved = st.text("abAB09 +%&=?/#~-_.!*'(),;:@[]", max_size=8)
names = st.one_of(texts, reserved)
segments = names.filter(lambda name: name not in {"", ".", ".."})


@dataclass(frozen=True)
class Sample:
    """A request to sign."""

    method: str = "GET"
    path: list[str] = field(default_factory=lambda: ["v2"])
    query: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    content_type: str | None = None
    security_token: str | None = None

    @property
    def target(self) -> str:
        """The path, percent-encoded."""
        return "/" + "/".join(quote(name, safe="") for name in self.path)


samples = st.builds(
    Sample,
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "get"]),
    path=st.lists(segments, min_size=1, max_size=4),
    query=st.lists(st.tuples(names, names), max_size=5),
    body=st.binary(max_size=20),
    content_type=st.sampled_from([None, "application/json", "application/json; charset=utf-8", "text/plain"]),
    security_token=st.one_of(st.none(), st.text("abcXYZ019+/=-_", min_size=1, max_size=30)),
)
LISTING = Sample(path=["ges", "v1.0", PROJECT, "graphs", "图 1/2%", "jobs"], query=[("limit", "9"), ("offset", "0")])
ODD_QUERY = Sample(query=[("a", "2"), ("a", "1"), ("b", ""), ("", ""), ("空", "+ &"), ("c d", "~")], security_token="x")
ODD_PATH = Sample("POST", ["a'b(c)!$&;=:@,|^"], body=b"{}", content_type="application/json")


def signed_by_sdk(sample: Sample, host: str = "ges.example") -> Any:  # noqa: ANN401 the SDK has no types
    """The request as the SDK signs it, at the clock's noon."""
    headers = {"Host": host, "X-Sdk-Date": DATE}
    if sample.content_type is not None:
        headers["Content-Type"] = sample.content_type
    credentials = BasicCredentials(ACCESS, SECRET, PROJECT)
    if sample.security_token is not None:
        credentials.with_security_token(sample.security_token)
    request = SdkRequest(
        method=sample.method,
        schema="https",
        host=host,
        resource_path=sample.target,
        query_params=list(sample.query),
        header_params=headers,
        body=sample.body,
    )
    return credentials.sign_request(request)


def credential(clock: Clock | None = None, **given: Any) -> Credential:  # noqa: ANN401 any field
    """A signing credential as the keyring makes it."""
    fields = {"type": "aksk", "access_key": ACCESS, "secret_key": SECRET, **given}
    credentials = AkskCredentials.model_validate({name: value for name, value in fields.items() if value is not None})
    keyring = Keyring({"signed": credentials}, Telemetry(), clock=(clock or Clock()).wall)
    return keyring.credential(target_settings("signed"))


def on_the_wire(auth: httpx.Auth, request: httpx.Request) -> httpx.Request:
    """The request as a server receives it."""
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200)

    async def send() -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
            await client.send(request, auth=auth)

    run(send())
    return seen[-1]


@settings(deadline=None)
@given(samples)
@example(LISTING)
@example(ODD_QUERY)
@example(ODD_PATH)
@example(Sample(path=["v2", ""]))
def test_signature_is_that_of_the_sdk(sample: Sample) -> None:
    """`sign` gives, byte for byte, the Authorization header of the SDK for the same headers."""
    theirs = signed_by_sdk(sample)
    headers = {name: value for name, value in theirs.header_params.items() if name != "Authorization"}
    target = f"{sample.target}?{urlencode(sample.query)}"
    ours = sign(sample.method, target, headers, sample.body, Keys(ACCESS, SECRET, sample.security_token or ""))
    assert ours == theirs.header_params["Authorization"]


@settings(deadline=None)
@given(samples)
@example(LISTING)
@example(ODD_QUERY)
@example(ODD_PATH)
def test_what_is_sent_is_what_was_signed(sample: Sample) -> None:
    """A server that verifies the raw request by the SDK's rules finds the same signature and the same query."""
    headers = {} if sample.content_type is None else {"Content-Type": sample.content_type}
    query = urlencode(sample.query)
    request = httpx.Request(
        sample.method, f"https://ges.example{sample.target}", params=query, headers=headers, content=sample.body
    )
    arrived = on_the_wire(credential(security_token=sample.security_token), request)
    path, _, raw_query = arrived.url.raw_path.decode().partition("?")
    theirs = signed_by_sdk(sample)
    assert path == sample.target
    assert raw_query == theirs.uri.partition("?")[2]
    assert {name: arrived.headers[name] for name in theirs.header_params} == theirs.header_params


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://ges.example:443/v2", "ges.example"),
        ("https://10.0.0.5:8443/v2", "10.0.0.5:8443"),
        ("https://[fd00::1]:8443/v2", "[fd00::1]:8443"),
    ],
)
def test_signed_host_is_the_one_sent(url: str, host: str) -> None:
    """The signed Host header is the one on the wire, with its port unless that is the scheme's own."""
    arrived = on_the_wire(credential(), httpx.Request("GET", url))
    theirs = signed_by_sdk(Sample(), host)
    assert arrived.headers["Host"] == host
    assert arrived.headers["Authorization"] == theirs.header_params["Authorization"]


def test_each_sending_is_signed_anew() -> None:
    """A request sent again is dated and signed at that moment, for old signatures are refused."""
    clock = Clock()
    auth = credential(clock)
    request = httpx.Request("GET", "https://ges.example/v2")
    first = dict(on_the_wire(auth, request).headers)
    clock.pass_by(1.0)
    second = dict(on_the_wire(auth, request).headers)
    assert (first["x-sdk-date"], second["x-sdk-date"]) == (DATE, "20250615T150641Z")
    assert first["authorization"] != second["authorization"]


def test_flow_leaves_the_answer_alone() -> None:
    """The flow yields once and ends at the answer without reading its body or trying again."""
    flow = credential().async_auth_flow(httpx.Request("GET", "https://ges.example/v2"))

    async def drive() -> None:
        await anext(flow)
        with pytest.raises(StopAsyncIteration):
            await flow.asend(httpx.Response(401, stream=httpx.ByteStream(b"unread")))

    run(drive())


def test_changed_secret_file_renews(tmp_path: Path) -> None:
    """After a refusal it is worth trying again exactly if the keys in the files are no longer those that signed."""
    secret, token = tmp_path / "sk", tmp_path / "st"
    secret.write_text(f"{SECRET}\n")
    token.write_text("temporary\n")
    auth = credential(secret_key=None, secret_key_file=str(secret), security_token_file=str(token))
    refused = on_the_wire(auth, httpx.Request("GET", "https://ges.example/v2"))
    assert not run(auth.renew(refused))
    secret.write_text("another")
    assert run(auth.renew(refused))
    secret.write_text(SECRET)
    token.write_text("newer")
    assert run(auth.renew(refused))
    token.unlink()
    assert not run(auth.renew(refused))


def test_missing_secret_file_names_the_file(tmp_path: Path) -> None:
    """Without its secret key nothing is sent, and the error says which file is missing."""
    auth = credential(secret_key=None, secret_key_file=str(tmp_path / "sk"))
    with pytest.raises(AuthFailed, match=r"secret key of credentials 'signed': the file .*/sk cannot be read"):
        on_the_wire(auth, httpx.Request("GET", "https://ges.example/v2"))


def test_keys_are_not_shown() -> None:
    """Printing keys or a signing credential shows neither the secret key nor a security token."""
    shown = repr(Keys(ACCESS, SECRET, "temporary")) + repr(credential(security_token="temporary"))
    assert ACCESS not in shown
    assert SECRET not in shown
    assert "temporary" not in shown
