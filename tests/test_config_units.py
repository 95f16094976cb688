"""Durations and sizes are read and written as Prometheus does it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ges_exporter.config import format_duration, format_size, parse_duration, parse_size


@pytest.mark.parametrize(
    ("text", "seconds", "written"),
    [
        ("0", 0, "0s"),
        ("500ms", 0.5, "500ms"),
        ("1500ms", 1.5, "1s500ms"),
        ("9s", 9, "9s"),
        ("90s", 90, "1m30s"),
        ("10m", 600, "10m"),
        ("1h30m", 5400, "1h30m"),
        ("24h", 86_400, "1d"),
        ("7d", 604_800, "1w"),
        ("90d", 7_776_000, "90d"),
        ("1y", 31_536_000, "1y"),
        ("1y1d", 31_622_400, "366d"),
        ("1w2d3h4m5s6ms", 788_645.006, "9d3h4m5s6ms"),
    ],
)
def test_durations(text: str, seconds: float, written: str) -> None:
    """A duration means what it means to Prometheus, and is written as Prometheus writes it."""
    assert parse_duration(text) == seconds
    assert format_duration(seconds) == written


@pytest.mark.parametrize(
    "text", ["", "9", "1", "s", "1 s", " 1s", "-1s", "1.5h", "1s1m", "1s1s", "1S", "1µs", "٣s", "300y", "9" * 30 + "s"]
)
def test_what_is_no_duration(text: str) -> None:
    """Numbers without units, units out of order and durations beyond 292 years are refused."""
    with pytest.raises(ValueError, match=r"units|large"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "size", "written"),
    [
        ("0", 0, "0B"),
        ("1B", 1, "1B"),
        ("256MiB", 268_435_456, "256MiB"),
        ("256MB", 268_435_456, "256MiB"),
        ("1KiB512B", 1536, "1KiB512B"),
        ("1024MiB", 1_073_741_824, "1GiB"),
        ("7EiB", 8_070_450_532_247_928_832, "7EiB"),
    ],
)
def test_sizes(text: str, size: int, written: str) -> None:
    """The units of sizes are powers of 1024, with or without the i."""
    assert parse_size(text) == size
    assert format_size(size) == written


@pytest.mark.parametrize("text", ["", "256", "1.5MiB", "-1B", "1mib", "1M", "1 MiB", "1B1KiB", "8EiB"])
def test_what_is_no_size(text: str) -> None:
    """Numbers without units and sizes beyond 64 bits are refused."""
    with pytest.raises(ValueError, match=r"units|large"):
        parse_size(text)


@settings(deadline=None)
@given(st.integers(0, (2**63 - 1) // 1_000_000))
def test_a_written_duration_means_the_same(milliseconds: int) -> None:
    """Whatever duration can be given is written as one that is read as the same, to the millisecond."""
    seconds = milliseconds / 1000
    assert parse_duration(format_duration(seconds)) == seconds


@settings(deadline=None)
@given(st.integers(0, 2**63 - 1))
def test_a_written_size_means_the_same(size: int) -> None:
    """Whatever size can be given is written as one that is read as the same."""
    assert parse_size(format_size(size)) == size
