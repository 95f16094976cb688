"""Lines and files of imports, and the details that a task centre's list leaves out."""

from __future__ import annotations

from pathlib import Path

import pytest

from ges_exporter.model import Details, ImportFile, Job, Outcome
from tests.watching import CENTRE, DAY, FRAUD, HOUR, MINUTE, MOVIE, Watcher, file, job, load, task

LINES = "ges_import_lines_total"
FAILED = "ges_import_failed_lines_total"
FILES = "ges_import_files_total"
UNREPORTED = "ges_import_files_unreported_total"
KINDS = ("schema", "vertex", "edge")


@pytest.fixture
def watcher() -> Watcher:
    """A graph that was met with an empty list, a minute ago."""
    watcher = Watcher()
    watcher.show()
    watcher.wait(MINUTE)
    return watcher


def by_kind(watcher: Watcher, family: str) -> tuple[float, ...]:
    """The values of a family for schema, vertex and edge files."""
    values = watcher.values(family, graph="movie")
    return tuple(values.get((kind,), -1) for kind in KINDS)


# The memory edition, whose list tells everything ----------------------------------------------------------------------


def test_all_three_kinds_are_exposed_at_0_from_the_first_listing() -> None:
    """So that the first import is an increase; also for an empty list."""
    watcher = Watcher()
    watcher.show()
    for family in (LINES, FAILED, UNREPORTED):
        assert by_kind(watcher, family) == (0, 0, 0)
    assert watcher.values(FILES) == {
        ("movie", kind, status): 0 for kind in KINDS for status in ("success", "partially_failed", "failed")
    }


def test_an_api_without_lines_has_no_import_counters() -> None:
    """The database edition reports none, which is not zero."""
    watcher = Watcher(api="database")
    watcher.show()
    for family in (LINES, FAILED, UNREPORTED, FILES):
        assert watcher.values(family) == {}


def test_the_lines_of_an_import_count_once_when_it_finishes(watcher: Watcher) -> None:
    """Not while it runs, though the gauges show them."""
    files = [file("schema", 7, 0), file("vertex", 100, 3, "partially_failed"), file("edge", 50, 50, "failed")]
    watcher.show(load("a", "running", begin=5, files=files))
    assert by_kind(watcher, LINES) == (0, 0, 0)
    assert by_kind(watcher, "ges_import_listed_lines") == (7, 100, 50)
    for _ in range(3):
        watcher.show(load("a", "partially_failed", begin=5, end=9, files=files))
    assert by_kind(watcher, LINES) == (7, 100, 50)
    assert by_kind(watcher, FAILED) == (0, 3, 50)
    assert by_kind(watcher, UNREPORTED) == (0, 0, 0)
    assert watcher.value(FILES, kind="vertex", status="partially_failed") == 1
    assert watcher.total(FILES) == 3


def test_imports_of_the_first_listing_are_history() -> None:
    """They are in the gauges only, those of the newest included."""
    watcher = Watcher()
    watcher.show(
        load("a", begin=-90, end=-80, files=[file("edge", 10, 1), file("edge", 20, 2)]),
        load("b", begin=-50, end=-40, files=[file("edge", 100, 10)]),
        load("c", begin=-70, end=-60, files=[file("edge", 1000, 0), file("vertex", 5, 0)]),
    )
    assert by_kind(watcher, LINES) == (0, 0, 0)
    assert by_kind(watcher, "ges_import_listed_lines") == (-1, 5, 1130)
    assert by_kind(watcher, "ges_import_listed_failed_lines") == (-1, 0, 13)
    assert by_kind(watcher, "ges_import_last_lines") == (-1, 5, 100)
    assert by_kind(watcher, "ges_import_last_failed_lines") == (-1, 0, 10)


@pytest.mark.parametrize(
    ("files", "lines", "failed", "unreported"),
    [
        pytest.param([file("edge", 10, 2)], 10, 2, 0, id="both counts"),
        pytest.param([file("edge", 10, None)], 10, 0, 1, id="no failed count"),
        pytest.param([file("edge", None, 2)], 0, 2, 1, id="no total"),
        pytest.param([file("edge")], 0, 0, 1, id="neither"),
        pytest.param([file("edge", 0, 0)], 0, 0, 0, id="an empty file"),
        pytest.param([file("edge", 10, 2), file("edge"), file("edge", 5, 0)], 15, 2, 1, id="one of three"),
    ],
)
def test_counts_that_were_not_returned_are_told(
    watcher: Watcher, files: list[ImportFile], lines: int, failed: int, unreported: int
) -> None:
    """What was returned is added all the same; a 0 is never taken for no failed lines."""
    watcher.show(load("a", begin=5, end=9, files=files))
    assert watcher.value(LINES, kind="edge") == lines
    assert watcher.value(FAILED, kind="edge") == failed
    assert watcher.value(UNREPORTED, kind="edge") == unreported


def test_numbers_that_were_not_returned_make_no_gauge(watcher: Watcher) -> None:
    """Absent is not zero."""
    watcher.show(load("a", begin=5, end=9, files=[file("edge", 10, None), file("vertex")]))
    assert watcher.values("ges_import_listed_lines") == {("movie", "edge"): 10}
    assert watcher.values("ges_import_listed_failed_lines") == {}
    assert watcher.values("ges_import_last_lines") == {("movie", "edge"): 10}
    assert watcher.values("ges_import_last_failed_lines") == {}


def test_the_newest_import_is_the_one_that_ended_last_and_reported(watcher: Watcher) -> None:
    """Not the one that was listed last, nor one without counts."""
    watcher.show(
        load("a", begin=5, end=30, files=[file("edge", 10, 1)]),
        load("b", begin=5, end=20, files=[file("edge", 20, 2)]),
        load("c", begin=5, end=40, files=[file("edge")]),
    )
    assert watcher.value("ges_import_last_lines", kind="edge") == 10
    watcher.wait(MINUTE)
    watcher.show(load("d", "failed", begin=50, end=90, files=[file("edge", 30, 30)]))
    assert watcher.value("ges_import_last_failed_lines", kind="edge") == 30


def test_a_late_import_is_in_no_counter(watcher: Watcher) -> None:
    """It is too old to be new."""
    watcher.show(job("z", begin=5, end=9))
    watcher.show(job("z", begin=5, end=9), load("a", begin=-DAY - 9, end=-DAY, files=[file("edge", 10, 1)]))
    assert by_kind(watcher, LINES) == (0, 0, 0)
    assert watcher.counts() == (1, 1, 0, 1)


def test_import_counters_survive_a_restart(tmp_path: Path) -> None:
    """With everything else."""
    watcher = Watcher(path=str(tmp_path / "ledger.db"))
    watcher.show()
    watcher.show(load("a", begin=5, end=9, files=[file("edge", 10, 1), file("vertex", 5)]))
    families = (LINES, FAILED, FILES, UNREPORTED, "ges_import_last_lines", "ges_import_last_failed_lines")
    before = {family: watcher.values(family) for family in families}
    watcher.restart()
    assert {family: watcher.values(family) for family in families} == before
    watcher.show(load("a", begin=5, end=9, files=[file("edge", 10, 1), file("vertex", 5)]))
    assert {family: watcher.values(family) for family in families} == before
    watcher.close()


# The task centre, whose list may leave counts out ---------------------------------------------------------------------


@pytest.fixture
def centre(tmp_path: Path) -> Watcher:
    """A task centre that was met with an empty list, a minute ago."""
    watcher = Watcher(CENTRE, path=str(tmp_path / "ledger.db"))
    watcher.show()
    watcher.wait(MINUTE)
    return watcher


def ended(identity: str, *files: ImportFile, status: str = "success") -> Job:
    """An import of the task centre that ended just now."""
    return task(identity, status, begin=5, end=9, files=files)


def test_details_are_owed_for_imports_that_finish_after_the_target_was_met(centre: Watcher) -> None:
    """Where the list leaves counts out, all files or one; whatever the outcome; not for history, nor other jobs."""
    history = Watcher(CENTRE)
    history.show(ended("a"), ended("b", file("edge")))
    assert history.owed() == []
    centre.show(
        ended("a"),
        ended("b", file("edge"), file("vertex", 5, 0)),
        ended("c", file("edge", 5), status="failed"),
        ended("d", file("edge", 5, 0)),
        task("e", "running", begin=5),
        job("f", job_type="DeleteGraph", algorithm="", graph="movie", begin=5, end=9, offset=None),
    )
    assert sorted(centre.owed()) == ["a", "b", "c"]
    assert centre.counts() == (6, 5, 0, 0)


def test_the_service_plane_owes_no_details(watcher: Watcher) -> None:
    """There the single-job API tells no more than the list."""
    watcher.show(load("a", begin=5, end=9, files=[file("edge")]))
    assert watcher.owed() == []
    assert watcher.value(UNREPORTED, kind="edge") == 1


def test_an_import_counts_when_its_details_are_answered(centre: Watcher) -> None:
    """Once; the files that the list showed are not counted beside them."""
    centre.show(ended("a", file("edge"), file("vertex", 5, 0)))
    assert centre.total(FILES) == 0
    answer = Details("a", Outcome.ANSWERED, (file("edge", 100, 7, "partially_failed"), file("vertex", 5, 0)))
    for _ in range(2):
        centre.answer(answer)
    assert centre.owed() == []
    assert by_kind(centre, LINES) == (0, 5, 100)
    assert by_kind(centre, FAILED) == (0, 0, 7)
    assert by_kind(centre, UNREPORTED) == (0, 0, 0)
    assert centre.total(FILES) == 2
    assert centre.value("ges_import_last_failed_lines", kind="edge") == 7
    assert centre.value("ges_import_last_lines", kind="vertex") == 5


def test_details_are_asked_once_and_remembered_over_restarts(centre: Watcher) -> None:
    """Neither listing the import again nor a restart asks again; what is owed stays owed over a restart."""
    centre.show(ended("a"), ended("b"))
    centre.answer(Details("a", Outcome.ANSWERED, (file("edge", 100, 7),)))
    for _ in range(2):
        centre.restart()
        centre.show(ended("a"), ended("b"))
        assert centre.owed() == ["b"]
    centre.answer(Details("b", Outcome.ANSWERED, (file("edge", 1, 0),)))
    centre.restart()
    centre.show(ended("a"), ended("b"))
    assert centre.owed() == []
    assert by_kind(centre, LINES) == (0, 0, 101)
    centre.close()


def test_an_api_error_is_tried_three_times_then_the_files_are_unreported(centre: Watcher) -> None:
    """What the list returned of them is added all the same; refusals are counted over restarts."""
    centre.show(ended("a", file("edge"), file("vertex", 5)))
    for _ in range(2):
        centre.answer(Details("a", Outcome.REFUSED))
        assert centre.owed() == ["a"]
        centre.restart()
        centre.show()
    assert centre.total(UNREPORTED) == 0
    centre.answer(Details("a", Outcome.REFUSED))
    assert centre.owed() == []
    assert by_kind(centre, UNREPORTED) == (0, 1, 1)
    assert by_kind(centre, LINES) == (0, 5, 0)
    assert centre.total(FILES) == 2
    centre.close()


def test_a_passing_error_is_tried_again(centre: Watcher) -> None:
    """As often as it takes, after pauses of at most a quarter of an hour, the first time without one."""
    centre.show(ended("a", file("edge")))
    for pause in (0, 15, 30, 60, 120, 240, 480, 900, 900, 900):
        centre.answer(Details("a", Outcome.AGAIN))
        if pause:
            centre.wait(pause - 1)
            assert centre.owed() == []
            centre.wait(1)
        assert centre.owed() == ["a"]
    centre.answer(Details("a", Outcome.ANSWERED, (file("edge", 3, 1),)))
    assert by_kind(centre, LINES) == (0, 0, 3)


def test_an_answer_without_counts_leaves_the_files_unreported(centre: Watcher) -> None:
    """It is an answer, and is not asked for again."""
    centre.show(ended("a", file("edge")), ended("b", file("edge")))
    centre.answer(Details("a", Outcome.ANSWERED, (file("edge"),)), Details("b", Outcome.ANSWERED))
    assert centre.owed() == []
    assert by_kind(centre, UNREPORTED) == (0, 0, 2)


def test_an_answer_that_tells_less_than_the_list_takes_nothing_away(centre: Watcher) -> None:
    """The lines that the list returned are added, though the file counts as unreported."""
    centre.show(ended("a", file("edge", 5)))
    centre.answer(Details("a", Outcome.ANSWERED, (file("edge"),)))
    assert by_kind(centre, LINES) == (0, 0, 5)
    assert by_kind(centre, UNREPORTED) == (0, 0, 1)


def test_the_number_asked_for_in_a_scrape_is_limited(centre: Watcher) -> None:
    """Those that failed least often come first, so that none starves the others."""
    centre.show(*(ended(f"a{i}") for i in range(30)))
    for outcome in (Outcome.REFUSED, Outcome.AGAIN):
        first = centre.owed(limit=20)
        assert len(first) == 20
        centre.answer(*(Details(identity, outcome) for identity in first))
        assert set(centre.owed(limit=10)).isdisjoint(first)


def test_an_import_that_has_left_the_list_is_still_owed(centre: Watcher) -> None:
    """It is asked for by its id; after forget_after nobody waits any more."""
    centre.show(ended("a", file("edge")))
    for _ in range(7):
        centre.wait(DAY)
        centre.show()
        centre.answer(Details("a", Outcome.AGAIN))
    centre.wait(HOUR)
    assert centre.owed() == ["a"]
    centre.wait(DAY)
    centre.show()
    centre.answer(Details("a", Outcome.AGAIN))
    assert centre.owed() == []
    assert by_kind(centre, UNREPORTED) == (0, 0, 1)


def test_without_details_the_list_is_all_there_is() -> None:
    """``details: false`` asks nothing; the files are unreported at once."""
    watcher = Watcher(CENTRE)
    watcher.ledger.watch(CENTRE, details=False)
    watcher.show()
    watcher.show(ended("a", file("edge"), file("vertex", 5, 1)))
    assert watcher.owed() == []
    assert by_kind(watcher, UNREPORTED) == (0, 0, 1)
    assert by_kind(watcher, LINES) == (0, 5, 0)


def test_a_late_import_owes_nothing(centre: Watcher) -> None:
    """It is in no counter."""
    centre.show(ended("z", file("edge", 1, 0)))
    centre.show(task("a", begin=-DAY - 9, end=-DAY))
    assert centre.owed() == []
    assert centre.counts() == (1, 1, 0, 1)


def test_history_without_an_end_is_not_newer_than_what_has_one() -> None:
    """An import that ended, nobody knows when, does not stand for the newest."""
    watcher = Watcher()
    watcher.show(
        load("a", "success", begin=-9 * HOUR, files=[file("edge", 1, 1)]),
        load("b", begin=-50, end=-40, files=[file("edge", 2, 2)]),
    )
    assert watcher.value("ges_import_last_lines", kind="edge") == 2


def test_imports_of_two_graphs_are_apart() -> None:
    """Each target counts its own."""
    watcher = Watcher(MOVIE, FRAUD)
    for target, lines in ((MOVIE, 3), (FRAUD, 5)):
        watcher.show(target=target)
        watcher.show(load("a", begin=5, end=9, files=[file("edge", lines, 0)]), target=target)
    assert watcher.values(LINES, kind="edge") == {("movie",): 3, ("fraud",): 5}
