"""A secret is told by `reveal` and by nothing else."""

from __future__ import annotations

import copy
import json
import pickle

import pytest
import yaml

from ges_exporter.config import Config, Secret, TargetSettings, TokenCredentials, is_header_value
from tests.settings import parsed

PLANTED = "hunter2"


@pytest.mark.parametrize("shown", [str, repr, "{}".format, "{:>4}".format, lambda secret: f"{[secret]!r:.99}"])
def test_a_secret_is_not_shown(shown: object) -> None:
    """However a secret is made a text of, it is <secret>."""
    assert callable(shown)
    text = shown(Secret(PLANTED))
    assert "<secret>" in text
    assert PLANTED not in text


def test_a_secret_is_revealed_on_request() -> None:
    """The one who sends it gets the text as it was given."""
    assert Secret(PLANTED).reveal() == PLANTED


def test_a_section_takes_a_secret_that_is_one_already() -> None:
    """Credentials made in a program and those of a file are the same."""
    made = TokenCredentials(type="token", token=Secret(PLANTED))
    assert made == TokenCredentials.model_validate({"type": "token", "token": PLANTED})


def test_a_secret_is_not_pickled() -> None:
    """Neither pickling nor copying carries a secret elsewhere."""
    with pytest.raises(TypeError, match="a secret is not pickled"):
        pickle.dumps(Secret(PLANTED))
    with pytest.raises(TypeError, match="a secret is not pickled"):
        copy.copy(Secret(PLANTED))


def test_secrets_compare_by_value() -> None:
    """Equal secrets are equal and hash alike, so that a reload can tell what has changed."""
    assert Secret(PLANTED) == Secret(PLANTED)
    assert hash(Secret(PLANTED)) == hash(Secret(PLANTED))
    assert Secret(PLANTED) != Secret("hunter3")
    assert Secret("ü\udc80") == Secret("ü\udc80")
    assert Secret(PLANTED) != PLANTED


@pytest.mark.parametrize(
    ("text", "accepted"),
    [
        ("abc", True),
        ("a b", True),
        ("a", True),
        ("", False),
        (" a", False),
        ("a ", False),
        ("a\n", False),
        ("ü", False),
    ],
)
def test_header_values(text: str, accepted: bool) -> None:
    """Only printable ASCII without spaces at its ends is sent in a header."""
    assert is_header_value(text) is accepted


EVERY_SECRET = {
    "password": {"type": "password", "domain": "d", "username": "u", "password": f"{PLANTED}1"},
    "aksk": {
        "type": "aksk",
        "access_key": f"{PLANTED}2",
        "secret_key": f"{PLANTED}3",
        "security_token": f"{PLANTED}4",
    },
    "token": {"type": "token", "token": f"{PLANTED}5"},
    "header": {"type": "header", "name": "X-Key", "value": f"{PLANTED}6"},
}


def with_every_secret() -> Config:
    """A configuration with a secret wherever one can be."""
    graph = {"name": "g", "endpoint": "https://10.0.0.5", "proxy": f"http://user:{PLANTED}@proxy:3128"}
    project = {
        "name": "a",
        "project_id": "p",
        "region": "r",
        "credentials": "password",
        "proxy": f"https://user:{PLANTED}@proxy",
        "management": {},
        "graphs": [graph],
    }
    return parsed({"credentials": EVERY_SECRET, "projects": [project]})


def test_a_configuration_shows_no_secret() -> None:
    """Neither repr nor JSON nor the redacted configuration holds a secret, be it of credentials or of a proxy."""
    config = with_every_secret()
    targets: tuple[TargetSettings, ...] = config.targets()
    for text in (repr(config), str(config), config.model_dump_json(), config.redacted(), repr(targets)):
        assert PLANTED not in text


def test_redacted_secrets_are_marked() -> None:
    """Where a secret stands, the redacted configuration says <secret>, and all else as it is."""
    written = yaml.safe_load(with_every_secret().redacted())
    assert written["credentials"]["aksk"] == {
        "type": "aksk",
        "access_key": "<secret>",
        "secret_key": "<secret>",
        "security_token": "<secret>",
    }
    assert written["projects"][0]["proxy"] == "<secret>"
    assert json.dumps(written).count("<secret>") == 8
