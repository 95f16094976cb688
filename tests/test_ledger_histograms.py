"""Buckets, the times at which series were created, and exemplars."""

from __future__ import annotations

from pathlib import Path

import pytest

from ges_exporter.ledger import Rules
from tests.simulated import START
from tests.watching import FRAUD, HOUR, MINUTE, MOVIE, Watcher, file, job, load

COUNT = "ges_job_duration_seconds_count"
BUCKET = "ges_job_duration_seconds_bucket"
BOUNDS = (1, 5, 15, 60, 300, 900, 1800, 3600, 7200, 14400, 43200, 86400)


def met(path: str = ":memory:", bounds: tuple[float, ...] = BOUNDS) -> Watcher:
    """A graph that was met with an empty list, a minute ago."""
    watcher = Watcher(path=path, rules=Rules(bounds=bounds))
    watcher.show()
    watcher.wait(MINUTE)
    return watcher


@pytest.mark.parametrize(
    ("seconds", "bucket"), [(0, "1.0"), (1, "1.0"), (2, "5.0"), (3600, "3600.0"), (86400, "86400.0"), (86401, "+Inf")]
)
def test_a_duration_falls_in_the_bucket_that_it_does_not_exceed(seconds: float, bucket: str) -> None:
    """The bounds are inclusive, and the last bucket has none."""
    watcher = met()
    watcher.show(job("a", begin=0, end=seconds, offset=None))
    bounds = [*(f"{bound}.0" for bound in BOUNDS), "+Inf"]
    assert watcher.values(BUCKET, status="success", algorithm="pagerank", job_type="Algorithm", graph="movie") == {
        (bound,): int(bounds.index(bound) >= bounds.index(bucket)) for bound in bounds
    }


def test_bounds_are_configured() -> None:
    """Others than the default."""
    watcher = met(bounds=(10, 20))
    watcher.show(job("a", begin=0, end=15))
    assert watcher.values(BUCKET, status="success", algorithm="pagerank", job_type="Algorithm", graph="movie") == {
        ("10.0",): 0,
        ("20.0",): 1,
        ("+Inf",): 1,
    }


def test_series_were_created_at_the_listing_before_the_one_that_first_showed_the_pair(tmp_path: Path) -> None:
    """From then on nothing was missed; it survives a restart."""
    watcher = met(str(tmp_path / "ledger.db"))
    watcher.show()
    watcher.wait(MINUTE)
    watcher.fail()
    watcher.wait(MINUTE)
    watcher.show(job("a", begin=100, end=110))
    names = ("ges_jobs_finished_created", "ges_jobs_discovered_created", "ges_job_duration_seconds_created")
    for _ in range(2):
        for name in names:
            assert set(watcher.values(name).values()) == {START + MINUTE}
        watcher.restart()
        watcher.wait(HOUR)
        watcher.show(job("a", begin=100, end=110))
    watcher.close()


def test_series_of_the_first_listing_were_created_then() -> None:
    """There is no listing before."""
    watcher = Watcher()
    watcher.show(job("a"))
    assert set(watcher.values("ges_jobs_finished_created").values()) == {START}
    assert set(watcher.values("ges_import_lines_created").values()) == {START}


@pytest.mark.parametrize("bounds", [(10.0, 20.0), (1.0, 2.0, 3.0)], ids=["fewer", "as many"])
def test_changed_bounds_begin_all_histograms_anew(tmp_path: Path, bounds: tuple[float, ...]) -> None:
    """With a new creation time; the counters go on, and no job is observed again."""
    watcher = met(str(tmp_path / "ledger.db"), bounds=(10, 20, 30))
    watcher.show(job("a", begin=0, end=15), job("b", "failed", begin=0, end=15))
    assert watcher.total(COUNT) == 2
    created = watcher.value("ges_job_duration_seconds_created", status="success")
    watcher.wait(MINUTE)
    watcher.rules = Rules(bounds=bounds)
    watcher.restart()
    assert watcher.values(COUNT) == {("movie", "Algorithm", "pagerank", "success"): 0}
    assert watcher.total("ges_jobs_finished_total") == 2
    for _ in range(2):
        watcher.show(job("a", begin=0, end=15), job("c", begin=0, end=2))
        assert watcher.values(COUNT) == {("movie", "Algorithm", "pagerank", "success"): 1}
        watcher.restart()
    anew = watcher.value("ges_job_duration_seconds_created", status="success")
    assert created is not None
    assert anew is not None
    assert anew > created
    assert watcher.value("ges_jobs_finished_created", status="success") == created
    watcher.close()


def test_changed_bounds_reach_targets_that_are_watched_only_later(tmp_path: Path) -> None:
    """And those whose first scrape after the change never came, because the exporter was ended before."""
    watcher = Watcher(MOVIE, FRAUD, path=str(tmp_path / "ledger.db"), rules=Rules(bounds=(10, 20)))
    for target in (MOVIE, FRAUD):
        watcher.show(target=target)
        watcher.show(job("a", begin=0, end=15), target=target)
    watcher.rules = Rules(bounds=(1, 2, 3))
    for targets in ((MOVIE,), (MOVIE,), (MOVIE, FRAUD)):
        watcher.restart(*targets)
        watcher.show(job("a", begin=0, end=15), target=MOVIE)
    for target in (MOVIE, FRAUD):
        assert watcher.total(COUNT, target) == 0
        watcher.show(job("b", begin=0, end=1.5), target=target)
        assert watcher.value(BUCKET, target, le="2.0", status="success") == 1
    watcher.close()


def test_the_newest_job_counted_is_the_exemplar() -> None:
    """Of its counter and of its bucket."""
    watcher = met()
    watcher.show(job("a", begin=0, end=10), job("b", begin=30, end=40), job("c", begin=0, end=30))
    watcher.wait(MINUTE)
    watcher.show(job("d", begin=60, end=61))
    exemplars = {
        (sample.name, sample.labels.get("le", "")): sample.exemplar["job_id"]
        for sample in watcher.samples()
        if sample.exemplar
    }
    assert exemplars == {
        ("ges_jobs_finished_total", ""): "d",
        (BUCKET, "1.0"): "d",
        (BUCKET, "15.0"): "b",
        (BUCKET, "60.0"): "c",
    }


def test_history_is_no_exemplar() -> None:
    """Nothing of it was counted."""
    watcher = Watcher()
    watcher.show(job("a"))
    assert not any(sample.exemplar for sample in watcher.samples())


@pytest.mark.parametrize(("length", "shown"), [(100, True), (101, False)])
def test_a_long_id_is_no_exemplar(length: int, shown: bool) -> None:
    """The format allows 128 characters in all; the job counts all the same."""
    watcher = met()
    watcher.show(job("x" * length, begin=0, end=10))
    assert any(sample.exemplar for sample in watcher.samples()) is shown
    assert watcher.counts() == (1, 1, 0, 0)


def test_import_counters_have_their_creation_time() -> None:
    """As every counter of the ledger."""
    watcher = met()
    watcher.show(load("a", begin=0, end=10, files=[file("edge", 1, 0)]))
    for name in ("lines", "failed_lines", "files", "files_unreported"):
        assert set(watcher.values(f"ges_import_{name}_created").values()) == {START}
