"""Whatever a file holds, the answer is a configuration or a list of faults, and no secret is told."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ges_exporter.config import Config, load
from ges_exporter.errors import ConfigError
from tests.settings import parsed

# how fast examples are made and tried is no promise; the folder of a test may be used by all its examples
RELAXED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])

PLANTED = "hunter2"
WORDS = [
    *("scrape", "ledger", "limits", "histogram", "credentials", "projects", "thresholds", "graphs", "management"),
    *("discovery", "tls", "name", "type", "endpoint", "endpoints", "timezone", "proxy", "match", "include", "path"),
    *("password", "aksk", "token", "header", "none", "auto", "5s", "1MiB", "https://10.0.0.5", "http://8.8.8.8"),
    *("${A}", "$${", "${", "(", "+08:00", "Asia/Singapore", "", "0", "\ud800", "<<"),
]
SCALARS = st.one_of(st.sampled_from(WORDS), st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8))
KEYS = st.one_of(st.sampled_from(WORDS), SCALARS, st.tuples(SCALARS))
CONTENT = st.recursive(
    st.one_of(SCALARS, st.dates(), st.binary(max_size=3)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=5)),
    max_leaves=30,
)

FULL: dict[str, Any] = {
    "scrape": {"timeout": "5s", "concurrency": 3},
    "credentials": {
        "user": {"type": "password", "domain": "d", "username": "u", "password": f"{PLANTED}-1"},
        "key": {"type": "aksk", "access_key": f"{PLANTED}-2", "secret_key": PLANTED, "security_token": PLANTED},
        "token": {"type": "token", "token": PLANTED},
        "header": {"type": "header", "name": "X-Key", "value": PLANTED},
    },
    "projects": [
        {
            "name": "a",
            "project_id": "p",
            "region": "r",
            "credentials": "user",
            "proxy": f"http://u:{PLANTED}@proxy",
            "management": {"endpoint": "https://ges.example.com", "tls": {"ca_file": "x"}},
            "graphs": [
                {"name": "g", "endpoint": "https://10.0.0.5", "credentials": "key", "timezone": "auto"},
                {"name": "h", "endpoints": ["https://10.0.0.6"], "credentials": "token", "proxy": f"http://{PLANTED}"},
            ],
            "discovery": {"enabled": False, "graphs": [{"match": "x", "credentials": "header"}]},
        }
    ],
    "thresholds": [{"job_type": "x", "max_duration": "1h"}],
}


def told(read: Callable[[], Config]) -> str:
    """Everything that is said in the end: the configuration's texts, or the faults."""
    try:
        config = read()
    except ConfigError as error:
        # a context would carry the file's text into a traceback
        return f"{error} {error!r} {error.__context__!r}"
    return f"{config!r} {config.redacted()} {config.targets()!r}"


@RELAXED
@given(CONTENT)
def test_anything_is_a_configuration_or_faults(content: object) -> None:
    """No content, however odd, leads to another exception."""
    told(lambda: parsed(content, {"A": "x"}))


@RELAXED
@given(st.fixed_dictionaries({}, optional=dict.fromkeys(FULL, CONTENT)))
def test_anything_in_a_known_section_is_a_configuration_or_faults(sections: dict[str, object]) -> None:
    """Nor does odd content of one section among good ones."""
    told(lambda: parsed({**FULL, **sections}, {"A": "x"}))


def places(value: object, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The place of each value within ``value``."""
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    return [place, *(found for key in keys for found in places(value[key], (*place, key)))]  # type: ignore[index]


def within(value: object, place: tuple[Any, ...]) -> object:
    """The value in ``place``."""
    found: Any = value
    for key in place:
        found = found[key]
    return found


SECRETS = [place for place in places(FULL) if isinstance(text := within(FULL, place), str) and PLANTED in text]


def changed(place: tuple[Any, ...], change: Callable[[Any], object]) -> dict[str, Any]:
    """The full configuration with another value in one place."""
    content = {"": copy.deepcopy(FULL)}
    *above, last = ("", *place)
    holder: Any = content
    for key in above:
        holder = holder[key]
    holder[last] = change(holder[last])
    return content[""]


@RELAXED
@given(st.sampled_from(places(FULL)), CONTENT)
def test_any_value_replaced_is_a_configuration_or_faults(place: tuple[Any, ...], value: object) -> None:
    """Nor does an odd value in any one place; and the secrets in the others stay untold."""
    assert PLANTED not in told(lambda: parsed(changed(place, lambda _: value), {"A": "x"}))


@pytest.mark.parametrize("place", SECRETS, ids=str)
@pytest.mark.parametrize(
    "wrapped",
    [
        lambda secret: [secret],
        lambda secret: {"text": secret},
        lambda secret: f"{secret}\n",
        lambda secret: f" {secret}",
        lambda secret: f"{secret}ü",
        lambda secret: f"${{{secret}",
        lambda secret: f"{secret}\udc80",
        "${{SECRET}}{:.0}".format,
    ],
)
def test_a_secret_in_the_wrong_shape_is_not_told(place: tuple[Any, ...], wrapped: Callable[[str], object]) -> None:
    """A secret that is not accepted is not repeated."""
    assert PLANTED not in told(lambda: parsed(changed(place, wrapped), {"SECRET": f"{PLANTED}\n"}))


@pytest.mark.parametrize("place", [place for place in places(FULL) if place], ids=str)
def test_a_variable_in_the_wrong_place_is_not_told(place: tuple[Any, ...]) -> None:
    """What a variable holds is never repeated in a fault, wherever it was put."""
    content = changed(place, lambda _: "${SECRET}")
    try:
        parsed(content, {"SECRET": f"{PLANTED} ("})
    except ConfigError as error:
        assert PLANTED not in str(error)  # noqa: PT017 some places accept it


@RELAXED
@given(st.one_of(st.text(), st.binary(), CONTENT.map(repr), st.text(alphabet="abc:-[]{}&*!|>%'\"#?, \n")))
def test_any_file_is_a_configuration_or_faults(tmp_path: Path, content: str | bytes) -> None:
    """No file leads to another exception."""
    path = tmp_path / "any.yml"
    path.write_bytes(content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content)
    told(lambda: load(path, {"A": "x"}))


@RELAXED
@given(st.data())
def test_a_spoilt_file_tells_no_secret(tmp_path: Path, data: st.DataObject) -> None:
    """A file with one character too many, or one too few, is read or refused without a word of its secrets."""
    text = yaml.safe_dump(FULL)
    at = data.draw(st.integers(0, len(text)))
    inserted = data.draw(
        st.sampled_from(["", "*", "&", "!", "%", "@", "'", '"', "\t", "{", "]", ":", "- ", "\\", "\n"])
    )
    path = tmp_path / "spoilt.yml"
    path.write_text(text[:at] + inserted + text[at + (not inserted) :], encoding="utf-8")
    try:
        load(path, {})
    except ConfigError as error:
        assert PLANTED not in str(error)  # noqa: PT017 some are still good
