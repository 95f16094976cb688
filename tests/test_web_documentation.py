"""docs/http.md agrees with what is served."""

from __future__ import annotations

import re
from pathlib import Path

from ges_exporter.redaction import SHORTEST
from ges_exporter.server import Limits
from ges_exporter.web.guard import LONGEST_HEADERS, LONGEST_TARGET
from ges_exporter.web.jobs import STATUSES
from ges_exporter.web.load import LEAST
from ges_exporter.web.settings import MOST_COST, load_settings
from tests.serving import pages, run, small_world

PAGE = (Path(__file__).parents[1] / "docs/http.md").read_text(encoding="utf-8")


def test_every_path_is_told() -> None:
    """The answer to an unknown path names them all; so does the table."""

    async def main() -> str:
        async with pages(small_world()) as client:
            return (await client.get("/nope")).text

    served = set(re.findall(r"/[\w/-]*", run(main)))
    table = PAGE.partition("\n\n`--web.telemetry-path`")[0]
    assert set(re.findall(r"`(/[\w/-]*)", table)) == served


def test_the_example_is_accepted(tmp_path: Path) -> None:
    """Who copies it has no fault to mend."""
    (example,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    path = tmp_path / "web.yml"
    path.write_text(example, encoding="utf-8")
    assert load_settings(path).basic_auth_users.keys() == {"prometheus"}


def test_the_words_of_status_are_told() -> None:
    """All that may be asked for."""
    (row,) = re.findall(r"^\| `status` \|(.*)$", PAGE, re.MULTILINE)
    assert re.findall(r"`(\w+)`", row) == list(STATUSES)


def test_the_limits_are_told() -> None:
    """As they are."""
    limits = Limits()
    for words in (
        f"**Connections**: {limits.connections}.",
        f"read within {limits.head_time:g} s",
        f"handshake made within {limits.handshake_time:g} s",
        f"kept for {limits.idle_time // 60} minutes",
        f"query of {LONGEST_TARGET // 1024} KiB, headers of {LONGEST_HEADERS // 1024} KiB",
        f"{LEAST:,} targets",
        f"a cost from 4 to {MOST_COST}",
    ):
        assert words in PAGE
    assert SHORTEST == 6
