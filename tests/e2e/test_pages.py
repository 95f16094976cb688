"""The pages in a real browser: nothing is refused by their own policy, and they are what they seem."""

from __future__ import annotations

import subprocess
from pathlib import Path

import httpx
import pytest

from tests.browsing import Reader
from tests.e2e.programs import program, until

pytestmark = pytest.mark.e2e

QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-logging=stderr",
)


def browse(url: str, profile: Path) -> tuple[str, list[str]]:
    """The document as the browser has it, and what its console says."""
    command = [program("chromium"), *QUIET, f"--user-data-dir={profile}", "--dump-dom", url]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)  # noqa: S603 - as it stands
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


@pytest.mark.parametrize("path", ["/", "/jobs", "/jobs?project=demo&graph=movie&status=running"])
def test_a_browser_has_nothing_to_complain_of(path: str, exporter: httpx.Client, tmp_path: Path) -> None:
    """The policy allows the page's own style, and nothing else is asked for."""
    exporter.get("/metrics").raise_for_status()
    page, console = browse(str(exporter.base_url.join(path)), tmp_path)
    assert console == []
    assert "demo" in Reader(page).text


def test_a_browser_complains_of_what_the_policy_forbids(tmp_path: Path, exporter: httpx.Client) -> None:
    """Else the test above would say nothing."""
    page = exporter.get("/jobs")
    policy = page.headers["Content-Security-Policy"]
    forbidden = tmp_path / "page.html"
    head = f'<head><meta http-equiv="Content-Security-Policy" content="{policy}">'
    forbidden.write_text(page.text.replace("<head>", head).replace("<style>", "<style> "), encoding="utf-8")
    _, console = browse(f"file://{forbidden}", tmp_path / "profile")
    assert "Content Security Policy" in "".join(console)


def test_progress_is_a_bar(exporter: httpx.Client, tmp_path: Path) -> None:
    """Of a job of the memory edition that runs."""

    def running() -> bool:
        exporter.get("/metrics").raise_for_status()
        return "<progress" in exporter.get("/jobs?graph=movie&status=running").text

    until(running)
    page, _ = browse(str(exporter.base_url.join("/jobs?graph=movie&status=running")), tmp_path)
    assert ("max", "1") in Reader(page).attributes
