"""Secrets in text: known ones are hidden wherever they stand, likely ones where the text is not our own."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ges_exporter.redaction import _NAMED, HIDDEN, MOST, SHORTEST, Redaction

ACCESS_KEY = "HPUAABCDEFGHIJ234567"
SECRET_KEY = "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hJ6kL9n"
TOKEN = "MIIFvgYJKoZIhvcNAQcCoIIFrzCCBasCAQExDTALBglghkgBZQMEAgEwgg" * 3

quote_all = partial(quote, safe="")

LIKELY = {
    "an access key": (f"key {ACCESS_KEY} is not allowed", f"key {HIDDEN} is not allowed"),
    "a secret key": (f"with {SECRET_KEY}.", f"with {HIDDEN}."),
    "a token": (f"X {TOKEN} Y", f"X {HIDDEN} Y"),
    "a password": ("password=hunter2, user=monitor", f"password={HIDDEN}, user=monitor"),
    "a quoted password": ('{"password": "hunter 2", "a": 1}', f'{{"password": {HIDDEN}, "a": 1}}'),
    "a header": ("X-Auth-Token: abc\nAccept: */*", f"X-Auth-Token: {HIDDEN}\nAccept: */*"),
    "basic authentication": ("Authorization: Basic bW9uOnB3", f"Authorization: {HIDDEN}"),
    "a signature": ("Access=LTAI4, Signature=0a1b2c", f"Access={HIDDEN}, Signature={HIDDEN}"),
    "keys of OBS": ("ak=LTAI4&sk=xyz&bucket=b", f"ak={HIDDEN}&sk={HIDDEN}&bucket=b"),
    "a proxy": ("http://joe:pass@proxy:3128 failed", f"http://joe:{HIDDEN}@proxy:3128 failed"),
}
INNOCENT = {
    "the documentation's reason": "Running algorithm [cluster_coefficient] error: not enough memory, required 48.2GB",
    "words that end like keys": "task: 12 failed, disk=full, risk: none, mistake: yes",
    "an id of the service plane": "job 16167a2f-57a4-4b99-9e0a-3abdc50613ab001680206",
    "an id of the management plane": "job 2d11b4994f5a41c70fa0ab3567b113de",
    "a path": "obs://bucket/graphs/2026/11/edge.csv is not accessible",
    "many digits": "12345678901234567890 lines",
    "nothing": "",
}


@pytest.mark.parametrize(("text", "shown"), LIKELY.values(), ids=LIKELY)
def test_what_looks_like_a_secret_is_hidden(text: str, shown: str) -> None:
    """A fail reason may quote keys and headers that no configuration of ours knows."""
    assert Redaction().clean(text) == shown


@pytest.mark.parametrize("text", INNOCENT.values(), ids=INNOCENT)
def test_what_does_not_is_left_alone(text: str) -> None:
    """Reasons stay readable."""
    assert Redaction().clean(text) == text


@given(word=st.from_regex(_NAMED, fullmatch=True), before=st.text(max_size=5))
def test_no_word_for_a_secret_is_overlooked(word: str, before: str) -> None:
    """However it is written: what it is set to is hidden."""
    assert HIDDEN in Redaction().clean(f"{before} {word}")


@given(st.text(min_size=SHORTEST), st.text(), st.text())
def test_a_known_secret_is_hidden_in_any_text(secret: str, before: str, after: str) -> None:
    """Whatever stands around it."""
    redaction = Redaction([secret])
    shown = redaction.hide(before + secret + after)
    assert secret not in shown.replace(HIDDEN, "")


@pytest.mark.parametrize("spell", [quote, quote_all, repr, json.dumps], ids=["path", "url", "repr", "json"])
def test_it_is_hidden_as_others_spell_it(spell: Callable[[str], str]) -> None:
    """In a URL, in JSON and in a traceback a secret looks different."""
    secret = "pa\"ss w/ö'rd"
    shown = Redaction([secret]).hide(f"got {spell(secret)}")
    assert HIDDEN in shown
    assert "pa" not in shown


def test_the_longer_secret_goes_first() -> None:
    """A secret that holds another leaves nothing of itself."""
    assert Redaction(["secret-1", "secret-1-and-more"]).hide("secret-1-and-more") == HIDDEN


def test_our_own_words_are_not_guessed_at() -> None:
    """A log line that names credentials keeps its names; only known secrets are hidden."""
    assert Redaction(["hunter22"]).hide("token: of hunter22") == f"token: of {HIDDEN}"


def test_short_words_are_no_secrets() -> None:
    """To hide a password such as demo would garble every text that says demo."""
    assert Redaction(["demo"]).hide("the project demo") == "the project demo"


def test_old_secrets_are_forgotten_before_new_ones() -> None:
    """Tokens come and go for years; what was used last is known, what was used long ago is not kept for ever."""
    redaction = Redaction(["password"])
    for number in range(2 * MOST):
        redaction.learn(f"token-{number}")
        redaction.learn("password")
    assert redaction.hide(f"password token-{2 * MOST - 1}") == f"{HIDDEN} {HIDDEN}"
    assert redaction.hide("token-7.") == "token-7."


def test_its_representation_tells_only_their_number() -> None:
    """It is the one object that holds them all."""
    assert repr(Redaction(["hunter22"])) == "<Redaction of 1 secrets>"
