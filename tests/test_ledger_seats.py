"""Which kinds of job, and which graphs, have series of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from ges_exporter.ledger import Rules
from ges_exporter.model import Job, Plane, Target
from tests.watching import CENTRE, DAY, HOUR, MINUTE, Watcher, file, job, task

FINISHED = "ges_jobs_finished_total"


def algorithm(name: str, number: int = 0, *, begin: float | None = None, end: float | None = None) -> Job:
    """A success of an algorithm."""
    return job(f"{name}-{number}", algorithm=name, begin=begin, end=end)


def met(label_sets_per_graph: int = 40, retire_after: float = 90 * DAY, vanish_after: float = 600) -> Watcher:
    """A graph that was met with an empty list."""
    rules = Rules(label_sets_per_graph=label_sets_per_graph, retire_after=retire_after, vanish_after=vanish_after)
    watcher = Watcher(rules=rules)
    watcher.show()
    watcher.wait(MINUTE)
    return watcher


def pairs(watcher: Watcher) -> list[str]:
    """The algorithms with series of their own, and ``other``."""
    series = watcher.values("ges_jobs_discovered_total", graph="movie")
    return sorted(name or job_type for job_type, name in series)


def folded(watcher: Watcher, graph: str = "movie") -> int:
    """How many kinds of job are counted under other for want of a seat."""
    view = next(iter(watcher.views.values())).listing
    assert view is not None
    return view.folded.get(graph, 0)


# Kinds of job ---------------------------------------------------------------------------------------------------------


def test_what_comes_after_the_cap_is_folded_into_other() -> None:
    """At most so many pairs for a graph; other is not one of them, and misses nothing."""
    watcher = met(label_sets_per_graph=3)
    watcher.show(*(algorithm(name) for name in "abcdef"), algorithm("e", 1), algorithm("a", 1))
    assert pairs(watcher) == ["a", "b", "c", "other"]
    assert watcher.values(FINISHED, status="success") == {
        ("movie", "Algorithm", "a"): 2,
        ("movie", "Algorithm", "b"): 1,
        ("movie", "Algorithm", "c"): 1,
        ("movie", "other", ""): 4,
    }
    assert folded(watcher) == 3
    assert watcher.total("ges_jobs") == 8
    assert watcher.value("ges_jobs", job_type="other", algorithm="", status="success") == 4


def test_folding_is_by_arrival() -> None:
    """Who has a seat keeps it, whoever comes."""
    watcher = met(label_sets_per_graph=1)
    watcher.show(algorithm("b"))
    watcher.show(algorithm("a"), algorithm("b"), algorithm("b", 1))
    assert pairs(watcher) == ["b", "other"]
    assert watcher.value(FINISHED, algorithm="b", status="success") == 2


def test_history_takes_seats_too() -> None:
    """The first listing's pairs have their series from the beginning."""
    watcher = Watcher(rules=Rules(label_sets_per_graph=2))
    watcher.show(*(algorithm(name, begin=-9, end=-8) for name in "ab"), job("c", "running", algorithm="c"))
    assert pairs(watcher) == ["a", "b", "other"]
    assert watcher.counts() == (0, 0, 0, 0)


def test_a_folded_job_is_counted_where_it_was_discovered() -> None:
    """From pending to its end it is other's."""
    watcher = met(label_sets_per_graph=1)
    watcher.show(algorithm("a"), job("b-0", "pending", algorithm="b", begin=5))
    watcher.show(algorithm("a"), algorithm("b", begin=5, end=9))
    assert watcher.value(FINISHED, job_type="other", status="success") == 1
    assert watcher.value("ges_jobs_discovered_total", job_type="other") == 1
    assert watcher.counts() == (2, 2, 0, 0)


def test_who_has_a_seat_survives_a_restart(tmp_path: Path) -> None:
    """In whatever order jobs come afterwards."""
    watcher = Watcher(path=str(tmp_path / "ledger.db"), rules=Rules(label_sets_per_graph=2))
    watcher.show()
    watcher.wait(MINUTE)
    watcher.show(*(algorithm(name) for name in "abc"))
    watcher.restart()
    watcher.show(*(algorithm(name, number) for number in (1, 0) for name in "cdba"))
    assert pairs(watcher) == ["a", "b", "other"]
    assert folded(watcher) == 2
    assert watcher.value(FINISHED, job_type="other", status="success") == 4
    assert watcher.counts() == (8, 8, 0, 0)
    watcher.close()


def test_the_cap_is_of_a_graph_and_a_plane() -> None:
    """One graph's many algorithms take no seats from another."""
    watcher = Watcher(CENTRE, rules=Rules(label_sets_per_graph=1))
    watcher.show()
    watcher.show(*(job(f"{graph}{name}", job_type=name, algorithm="", graph=graph) for graph in "xy" for name in "ab"))
    assert watcher.values("ges_jobs_discovered_total") == {
        ("x", "a", ""): 1,
        ("x", "other", ""): 1,
        ("y", "a", ""): 1,
        ("y", "other", ""): 1,
    }
    assert (folded(watcher, "x"), folded(watcher, "y")) == (1, 1)


# Giving up a seat -----------------------------------------------------------------------------------------------------


def test_a_pair_of_which_nothing_was_listed_gives_up_its_series_and_its_seat() -> None:
    """After retire_after, by complete listings; the next pair to come takes the seat."""
    watcher = met(label_sets_per_graph=1, retire_after=HOUR)
    watcher.show(algorithm("a"))
    for _ in range(4):
        watcher.wait(HOUR / 2)
        watcher.show()
    assert pairs(watcher) == []
    assert watcher.values("ges_jobs") == {}
    watcher.show(algorithm("b"))
    assert pairs(watcher) == ["b"]


@pytest.mark.parametrize("restarted", [False, True], ids=["", "restarted"])
def test_the_totals_of_a_pair_go_on_if_it_returns(tmp_path: Path, restarted: bool) -> None:
    """They stay stored while it has no seat."""
    watcher = Watcher(path=str(tmp_path / "ledger.db"), rules=Rules(retire_after=HOUR))
    watcher.show()
    watcher.wait(MINUTE)
    watcher.show(algorithm("a"), algorithm("b"))
    for _ in range(4):
        watcher.wait(HOUR / 2)
        watcher.show(algorithm("b"))
    assert pairs(watcher) == ["b"]
    if restarted:
        watcher.restart()
    watcher.show(algorithm("a", 1, begin=7000, end=7100))
    assert watcher.value(FINISHED, algorithm="a", status="success") == 2
    watcher.close()


@pytest.mark.parametrize("how", ["finished", "active"])
def test_a_known_job_brings_its_pair_back(how: str) -> None:
    """It need not be a new one: what is listed has series, and what ends is counted where it is seen."""
    watcher = met(retire_after=5 * MINUTE, vanish_after=HOUR)
    watcher.show(algorithm("a"), job("b", "running", algorithm="b", begin=5))
    for _ in range(8):
        watcher.wait(MINUTE)
        watcher.show()
    assert pairs(watcher) == []
    if how == "finished":
        watcher.show(algorithm("a"))
        assert watcher.value(FINISHED, algorithm="a", status="success") == 1
        assert pairs(watcher) == ["a"]
    else:
        watcher.show(algorithm("b", begin=5, end=99), job("b", algorithm="b", begin=5, end=400))
        assert watcher.value(FINISHED, algorithm="b", status="success") == 2
    for _ in range(3):
        watcher.wait(MINUTE)
        watcher.show(algorithm("a"))
    assert "a" in pairs(watcher)


def test_a_known_job_whose_seat_is_taken_is_folded() -> None:
    """What it ends as is counted under other, where it can be seen."""
    watcher = met(label_sets_per_graph=1, retire_after=5 * MINUTE, vanish_after=HOUR)
    watcher.show(job("a", "running", algorithm="a", begin=5))
    for _ in range(8):
        watcher.wait(MINUTE)
        watcher.show()
    watcher.show(algorithm("b"))
    watcher.wait(MINUTE)
    watcher.show(algorithm("b"), job("a", algorithm="a", begin=5, end=400))
    assert pairs(watcher) == ["b", "other"]
    assert watcher.value(FINISHED, job_type="other", status="success") == 1
    assert watcher.value("ges_jobs", job_type="other", status="success") == 1


@pytest.mark.parametrize("how", ["fails", "incomplete", "truncated"])
def test_seats_are_given_up_only_on_the_evidence_of_complete_listings(how: str) -> None:
    """A pair that cannot be seen for whatever reason keeps its seat."""
    watcher = met(retire_after=HOUR)
    watcher.show(algorithm("a"))
    for _ in range(5):
        watcher.wait(HOUR)
        if how == "fails":
            watcher.fail()
        else:
            watcher.show(complete=False, truncated=how == "truncated")
    assert pairs(watcher) == ["a"]


def test_three_months_is_long_enough_by_default() -> None:
    """The default of retire_after."""
    watcher = met()
    watcher.show(algorithm("a"))
    for days in (1, 89, 2):
        assert pairs(watcher) == ["a"]
        watcher.wait(days * DAY)
        watcher.show()
    assert pairs(watcher) == []


# Graphs of a task centre ----------------------------------------------------------------------------------------------


def centre(tmp_path: Path, graphs_per_project: int, retire_after: float = 90 * DAY) -> Watcher:
    """A task centre that was met with an empty list."""
    rules = Rules(graphs_per_project=graphs_per_project, retire_after=retire_after)
    watcher = Watcher(CENTRE, path=str(tmp_path / "ledger.db"), rules=rules)
    watcher.show()
    watcher.wait(MINUTE)
    return watcher


def test_graphs_beyond_the_cap_are_folded_into_other(tmp_path: Path) -> None:
    """At most so many graphs of a task centre have their own series, over a restart too."""
    watcher = centre(tmp_path, graphs_per_project=2)
    jobs = [task(graph, graph=graph, begin=5, end=9, files=[file("edge", 10, 1)]) for graph in "abcd"]
    for _ in range(2):
        watcher.show(*jobs)
        assert watcher.values(FINISHED, status="success") == {
            ("a", "ImportGraph", ""): 1,
            ("b", "ImportGraph", ""): 1,
            ("other", "ImportGraph", ""): 2,
        }
        assert watcher.values("ges_import_lines_total", kind="edge") == {("a",): 10, ("b",): 10, ("other",): 20}
        assert watcher.values("ges_import_last_failed_lines", kind="edge") == {("a",): 1, ("b",): 1, ("other",): 1}
        assert folded(watcher, "") == 2
        watcher.restart()
    watcher.close()


def test_a_graph_of_which_nothing_was_listed_gives_up_its_seat(tmp_path: Path) -> None:
    """And goes on where it was if it returns."""
    watcher = centre(tmp_path, graphs_per_project=1, retire_after=HOUR)
    watcher.show(task("a", graph="a", begin=5, end=9))
    for _ in range(4):
        watcher.wait(HOUR / 2)
        watcher.show()
    assert watcher.values("ges_import_lines_total") == {}
    watcher.show(task("b", graph="b", begin=7000, end=7001))
    assert watcher.values("ges_jobs_discovered_total") == {("b", "ImportGraph", ""): 1}
    for _ in range(4):
        watcher.wait(HOUR / 2)
        watcher.show()
    watcher.show(task("c", graph="a", begin=15000, end=15001))
    assert watcher.values("ges_jobs_discovered_total") == {("a", "ImportGraph", ""): 2}
    watcher.close()


def test_a_graph_of_the_service_plane_never_gives_up_its_seat() -> None:
    """It is the target itself: its import counters stay."""
    watcher = met(retire_after=HOUR)
    for _ in range(4):
        watcher.wait(HOUR)
        watcher.show()
    assert len(watcher.values("ges_import_lines_total")) == 3


# What a label may hold ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("a" * 128, "a" * 128, id="128 bytes"),
        pytest.param("a" * 129, "other", id="129 bytes"),
        pytest.param("图" * 42, "图" * 42, id="126 bytes in 42 characters"),
        pytest.param("图" * 43, "other", id="129 bytes in 43 characters"),
        pytest.param("page\nrank", "other", id="a line break"),
        pytest.param("page\x00rank", "other", id="a zero"),
        pytest.param("page\x7frank", "other", id="a delete"),
        pytest.param("page\x85rank", "other", id="a control character of Latin-1"),
        pytest.param('p"a\\g e', 'p"a\\g e', id="quotes, backslashes and blanks"),
        pytest.param("标签传播", "标签传播", id="Chinese"),
        pytest.param("🙂", "🙂", id="beyond the first plane"),
    ],
)
def test_a_label_value_is_short_and_printable_or_other(text: str, shown: str) -> None:
    """The names of algorithms, job types and graphs are text from users."""
    watcher = met()
    watcher.show(job("a", algorithm=text), job("b", job_type=text, algorithm=""))
    assert ("movie", "Algorithm", shown, "success") in watcher.values(FINISHED)
    assert ("movie", shown, "", "success") in watcher.values(FINISHED)
    centre = Watcher(CENTRE)
    centre.show(task("a", graph=text))
    assert (shown, "ImportGraph", "", "success") in centre.values(FINISHED)


def test_names_that_become_other_lose_nothing() -> None:
    """They are counted together."""
    watcher = met()
    watcher.show(*(job(f"j{i}", algorithm=f"{i}" * 200) for i in range(9)))
    assert watcher.value(FINISHED, job_type="Algorithm", algorithm="other", status="success") == 9


def test_two_projects_have_seats_of_their_own() -> None:
    """A graph of the same name elsewhere is another graph."""
    targets = [Target(project, "movie", Plane.SERVICE) for project in ("p", "q")]
    watcher = Watcher(*targets, rules=Rules(label_sets_per_graph=1))
    for name, target in zip("ab", targets, strict=True):
        watcher.show(target=target)
        watcher.show(algorithm(name), target=target)
        assert watcher.values("ges_jobs_discovered_total", target) == {("movie", "Algorithm", name): 1}
