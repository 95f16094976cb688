"""Bad files, named after their fault, and the sentences that people read: every fault, each with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from ges_exporter.config import load
from ges_exporter.errors import ConfigError

BAD = Path(__file__).parent / "config/bad"
SECRETS = ("hunter2", "1234567")
ENVIRONMENT = {
    "BROKEN": "hunter2(",
    "EMPTY": "",
    "NOT_A_NUMBER": "hunter2",
    "NUMBER": "5",
    "SECRET": "hunter2 hunter2",
    "TRUE": "true",
}


def faults_of(path: Path) -> list[str]:
    """What is said of the file at ``path``, which is named without its folder."""
    with pytest.raises(ConfigError) as caught:
        load(path, ENVIRONMENT)
    return [fault.replace(str(path), path.name) for fault in caught.value.faults]


@pytest.mark.parametrize("path", sorted(BAD.glob("*.yml")), ids=lambda path: path.stem)
def test_every_fault_is_told_with_its_place(path: Path) -> None:
    """A bad file gives exactly the sentences in the text file beside it, and no secret among them."""
    faults = faults_of(path)
    assert faults == path.with_suffix(".txt").read_text(encoding="utf-8").splitlines()
    assert not [fault for fault in faults for secret in SECRETS if secret in fault]


@pytest.mark.parametrize("path", sorted(BAD.glob("*.txt")), ids=lambda path: path.stem)
def test_every_expectation_has_its_file(path: Path) -> None:
    """No sentence is expected of a file that is not there."""
    assert path.with_suffix(".yml").exists()
