"""How lists are read page by page, against servers that keep to nothing; no I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ges_exporter.client.habits import Habits
from ges_exporter.client.paging import Ask, Collected, Pages, read_all
from ges_exporter.model import Job, JobPage, Status

PLENTY = 10_000
"""More jobs than any of these lists has."""


Total = str | int | None
"""``list`` or ``page`` for the size of that, a number, or none."""


class Server:
    """A list of jobs, told by their ids, that is shown in pages.

    ``moves`` are called with the list before the second and each later answer: it grows and shrinks while it is read.
    """

    def __init__(
        self,
        ids: Iterable[str],
        *,
        ignore_limit: bool = False,
        ignore_offset: bool = False,
        cap: int | None = None,
        total: Total = "list",
        early: int = 0,
        bad: Iterable[str] = (),
        moves: Sequence[Callable[[list[str]], object]] = (),
    ) -> None:
        self.ids = list(ids)
        self.asked: list[Ask] = []
        self.shown: list[str] = []
        self._ignore_limit = ignore_limit
        self._ignore_offset = ignore_offset
        self._cap = cap
        self._total = total
        self._early = early
        self._bad = set(bad)
        self._moves = list(moves)

    def answer(self, ask: Ask) -> JobPage:
        """The page for an ask."""
        if self.asked and self._moves:
            self._moves.pop(0)(self.ids)
        self.asked.append(ask)
        begin = 0 if self._ignore_offset else max(ask.offset - self._early, 0)
        limit = len(self.ids) if self._ignore_limit else ask.limit
        rows = self.ids[begin : begin + (limit if self._cap is None else min(limit, self._cap))]
        good = [identity for identity in rows if identity not in self._bad]
        self.shown += good
        total = {"list": len(self.ids), "page": len(rows)}.get(str(self._total), self._total)
        return JobPage(
            [job(identity) for identity in good],
            total if isinstance(total, int) else None,
            left_out=len(rows) - len(good),
        )


def job(identity: str, status: Status = Status.SUCCESS) -> Job:
    """A finished job."""
    return Job(identity, status, "Algorithm")


def read(server: Server, limit: int = 4, max_jobs: int = PLENTY, habits: Habits | None = None) -> Collected:
    """What a listing of ``server`` comes to; a pager that does not end fails."""
    pages: Pages = read_all(limit, max_jobs, habits or Habits())
    asks_enough = 2 * (len(server.ids) + 100)
    try:
        ask = next(pages)
        while len(server.asked) < asks_enough:
            ask = pages.send(server.answer(ask))
    except StopIteration as stop:
        collected: Collected = stop.value
        return collected
    raise AssertionError(f"still asking after {asks_enough} pages: {ask}")


def names(number: int) -> list[str]:
    """So many ids, newest first."""
    return [f"job-{i}" for i in range(number)]


def union(collected: Collected) -> set[str]:
    """The ids that were collected."""
    return {one.id for one in collected.jobs}


SERVERS: dict[str, dict[str, Any]] = {
    "honest": {},
    "limit ignored": {"ignore_limit": True},
    "limit and offset ignored": {"ignore_limit": True, "ignore_offset": True},
    "pages capped below the limit": {"cap": 3},
    "pages capped at two": {"cap": 2},
    "pages that begin one record early": {"early": 1},
    "limit ignored, pages begin early": {"ignore_limit": True, "early": 2},
}


@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 23])
@pytest.mark.parametrize("total", ["list", "page", None, 0, 7, 10**9], ids=lambda total: f"total {total}")
@pytest.mark.parametrize("behaviour", SERVERS.values(), ids=SERVERS)
def test_the_whole_list_is_read_whatever_the_server_does(behaviour: dict[str, Any], total: Total, size: int) -> None:
    """All jobs are found: with pages of any size, with the last one short, full or missing, whatever the total says."""
    assert union(read(Server(names(size), total=total, **behaviour))) == set(names(size))


@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 5, 8, 9, 23])
@pytest.mark.parametrize("total", ["list", "page", None], ids=lambda total: f"total {total}")
@pytest.mark.parametrize(
    "behaviour", ["honest", "limit ignored", "pages capped below the limit", "pages capped at two"]
)
def test_an_undisturbed_list_is_complete(behaviour: str, total: Total, size: int) -> None:
    """What an undisturbed list does not show is absent: else nothing would ever vanish or be forgotten."""
    collected = read(Server(names(size), total=total, **SERVERS[behaviour]))
    assert (collected.complete, collected.truncated) == (True, False)


@pytest.mark.parametrize("size", [0, 1, 2, 3, 5, 8, 23])
@pytest.mark.parametrize("total", ["list", "page", None], ids=lambda total: f"total {total}")
def test_a_list_that_always_comes_whole_is_complete(size: int, total: Total) -> None:
    """The 100-billion-edge shape, which ignores limit and offset, gives complete listings."""
    server = Server(names(size), ignore_limit=True, ignore_offset=True, total=total)
    assert read(server) == Collected([job(name) for name in names(size)], True, False, read_total(server, size))


def read_total(server: Server, size: int) -> int | None:
    """What ``server`` says of its length."""
    return None if server.answer(Ask(0, 1)).total is None else size


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_the_smallest_pages_do(limit: int) -> None:
    """``page_size: 1`` does not end the listing after its first job."""
    collected = read(Server(names(7)), limit)
    assert (union(collected), collected.complete) == (set(names(7)), True)


def test_pages_of_one_record_are_read_but_prove_nothing() -> None:
    """A server that gives one record at a time is read to its end; but whether jobs slipped by cannot be seen."""
    collected = read(Server(names(5), cap=1))
    assert (union(collected), collected.complete) == (set(names(5)), False)


def test_an_ignored_offset_is_learned() -> None:
    """A server that always answers with everything is asked once a listing, not twice, from the second listing on."""
    habits = Habits()
    whole: dict[str, Any] = {"ignore_limit": True, "ignore_offset": True, "total": None}
    read(Server(names(9), **whole), habits=habits)
    server = Server(names(12), **whole)
    collected = read(server, habits=habits)
    assert (union(collected), collected.complete, len(server.asked)) == (set(names(12)), True, 1)


@pytest.mark.parametrize("total", ["list", "page", None], ids=lambda total: f"total {total}")
def test_a_server_that_begins_to_honour_offsets_is_read_to_its_end(total: Total) -> None:
    """What was learned of an endpoint does not hide the rest of the list once it is paged."""
    habits = Habits()
    read(Server(names(9), ignore_limit=True, ignore_offset=True), habits=habits)
    collected = read(Server(names(23), total=total), habits=habits)
    assert (union(collected), collected.complete) == (set(names(23)), True)


@pytest.mark.parametrize("total", ["list", "page", None, 0], ids=lambda total: f"total {total}")
@pytest.mark.parametrize("behaviour", SERVERS.values(), ids=SERVERS)
def test_what_a_short_list_taught_hides_nothing_of_a_long_one(behaviour: dict[str, Any], total: Total) -> None:
    """A list that fits one page looks the same wherever it is made to begin; when it grows it is read to its end."""
    habits = Habits()
    for size in (1, 2, 3, 4, 7, 13, 40):
        assert union(read(Server(names(size), total=total, **behaviour), habits=habits)) == set(names(size))


@pytest.mark.parametrize("total", ["list", "page", None, 0], ids=lambda total: f"total {total}")
def test_offset_ignored_but_limit_honoured(total: Total) -> None:
    """A server that shows the same full page for ever is asked no further, and its list is not taken for complete."""
    server = Server(names(9), ignore_offset=True, total=total)
    collected = read(server)
    assert union(collected) == set(names(4))
    assert not collected.complete
    assert len(server.asked) == 2


def test_jobs_that_no_page_can_show_are_a_truncation() -> None:
    """Where offsets are ignored and the total says that there is more than a page holds, a limit has cut it."""
    assert read(Server(names(9), ignore_offset=True)).truncated
    assert not read(Server(names(4), ignore_offset=True)).truncated


# The list moves -----------------------------------------------------------------------------------------------------


def arrive(*ids: str) -> Callable[[list[str]], object]:
    """New jobs at the head."""
    return lambda rows: rows.__setitem__(slice(0, 0), ids)


def prune(*ids: str) -> Callable[[list[str]], object]:
    """Jobs that leave."""

    def leave(rows: list[str]) -> None:
        for identity in ids:
            rows.remove(identity)

    return leave


def rest(_: list[str]) -> None:
    """Nothing moves."""


def test_new_jobs_at_the_head_push_no_job_out_of_sight() -> None:
    """Jobs that come between two pages of a list that is newest first cost nothing: the next page overlaps more."""
    server = Server(names(10), moves=[arrive("new-1"), arrive("new-2", "new-3")])
    collected = read(server)
    assert set(names(10)) <= union(collected)
    assert collected.complete
    assert server.asked[0] not in server.asked[1:]


def test_a_page_filled_by_new_jobs_is_no_end() -> None:
    """So many new jobs that the next page shows only what is known do not make the rest of the list absent."""
    server = Server(names(10), moves=[arrive("new-1", "new-2", "new-3")])
    collected = read(server)
    assert set(names(10)) <= union(collected) or not collected.complete


def test_jobs_lost_between_pages_are_found_by_reading_again() -> None:
    """Where pruning at the head has pulled jobs past the next page's begin, the list is read again from its begin."""
    server = Server(names(12), moves=[prune("job-0", "job-1")])
    collected = read(server)
    assert set(names(12)[2:]) <= union(collected)
    assert collected.complete
    assert [ask.offset for ask in server.asked].count(0) == 2


def test_what_was_shown_before_reading_again_counts() -> None:
    """A job that the first attempt showed, and that was pruned before the second, is in the listing."""
    server = Server(names(12), moves=[prune("job-0", "job-1")])
    assert union(read(server)) == set(names(12)) == set(server.shown)


def test_reading_again_keeps_the_order_of_the_list() -> None:
    """What only the first attempt showed comes last: the order of a list tells where its jobs are to be found."""
    server = Server(names(12), moves=[prune("job-0", "job-1")])
    order = list(dict.fromkeys(one.id for one in read(server).jobs))
    assert order == [*names(12)[2:], "job-0", "job-1"]


def test_a_list_that_never_rests_is_read_twice_at_most() -> None:
    """Where records are lost each time, the second reading stands, and is not taken for complete."""
    server = Server(names(40), moves=[prune(f"job-{i}") for i in range(30)])
    collected = read(server)
    assert [ask.offset for ask in server.asked].count(0) == 2
    assert not collected.complete
    assert union(collected) == set(server.shown)


def test_a_list_emptied_between_pages_is_read() -> None:
    """A list that has been emptied ends the listing, complete, with what was shown before."""
    collected = read(Server(names(10), moves=[prune(*names(10))]))
    assert (union(collected), collected.complete) == (set(names(4)), True)


def test_pruning_at_the_tail_is_no_loss() -> None:
    """Old jobs that leave a list that is newest first while it is read are not looked for a second time."""
    server = Server(names(12), moves=[rest, prune("job-10", "job-11")])
    collected = read(server)
    assert (union(collected), collected.complete) == (set(names(10)), True)
    assert [ask.offset for ask in server.asked].count(0) == 1


# Records that are not what they should be ----------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [["job-0"], ["job-3"], ["job-4"], ["job-2", "job-3"], ["job-9"], ["job-3", "job-6"]])
def test_bad_records_leave_the_others_but_the_list_is_not_complete(bad: list[str]) -> None:
    """A record that cannot be read, wherever it stands, hides no other; but nothing is absent by such a list."""
    server = Server(names(10), bad=bad)
    collected = read(server)
    assert union(collected) == set(names(10)) - set(bad)
    assert not collected.complete
    assert [ask.offset for ask in server.asked].count(0) == 1, "there was nothing to gain by reading again"


@pytest.mark.parametrize("bad", [names(10), names(4), names(10)[4:]])
def test_pages_of_bad_records_only(bad: list[str]) -> None:
    """A page without one good record ends the listing, which is not complete."""
    collected = read(Server(names(10), bad=bad))
    assert union(collected) <= set(names(10)) - set(bad)
    assert not collected.complete


def test_doubled_ids_are_handed_on_in_order() -> None:
    """Both records of an id that a list shows twice come out, in the order of the list: the ledger unites them."""
    pages = read_all(4, PLENTY, Habits())
    next(pages)
    first, second = job("a", Status.RUNNING), job("a", Status.SUCCESS)
    pages.send(JobPage([first, job("b"), second]))
    with pytest.raises(StopIteration) as stop:
        pages.send(JobPage([second]))
    collected: Collected = stop.value.value
    assert [one for one in collected.jobs if one.id == "a"][:2] == [first, second]
    assert collected.complete


@pytest.mark.parametrize("ids", [["a", "a"], ["a", "a", "b"], ["a", "b", "b", "b", "c"], ["a", "b", "a", "b"]])
def test_ids_doubled_in_the_list_end(ids: list[str]) -> None:
    """A list with doubled ids is read to an end, and shows each job that it showed."""
    server = Server(ids)
    assert union(read(server)) == set(server.shown)


# The limit on jobs ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("size", "truncated"), [(9, False), (10, False), (11, True), (23, True)])
@pytest.mark.parametrize("behaviour", SERVERS.values(), ids=SERVERS)
def test_max_jobs(behaviour: dict[str, Any], size: int, truncated: bool) -> None:
    """A list of exactly ``max_jobs`` is whole; with one more it is cut to that number, and says so."""
    collected = read(Server(names(size), **behaviour), max_jobs=10)
    assert collected.truncated is truncated
    assert union(collected) == set(names(min(size, 10)))
    if truncated:
        assert not collected.complete


def test_an_endless_list_ends_at_max_jobs() -> None:
    """A server that makes up a new job for each record is stopped by the limit."""
    server = Server(f"job-{i}" for i in range(10**5))
    collected = read(server, limit=100, max_jobs=1000)
    assert (collected.truncated, len(union(collected)), len(server.asked)) == (True, 1000, 11)


# Whatever happens ----------------------------------------------------------------------------------------------------

FIRST, MOST_MOVED = 40, 3

moves = st.lists(
    st.tuples(st.integers(0, MOST_MOVED), st.integers(0, MOST_MOVED), st.booleans()),
    max_size=30,
)
"""Before each page: how many jobs arrive at the head, how many leave, and whether those are the newest."""


def mover(number: int, arrivals: int, departures: int, newest: bool) -> Callable[[list[str]], object]:
    """One step of `moves`."""

    def move(rows: list[str]) -> None:
        for _ in range(min(departures, len(rows))):
            rows.pop(0 if newest else -1)
        rows[:0] = [f"new-{number}-{i}" for i in range(arrivals)]

    return move


@given(
    size=st.integers(0, FIRST),
    limit=st.integers(1, 12),
    cap=st.none() | st.integers(1, 12),
    ignored=st.sampled_from([(), ("ignore_limit",), ("ignore_offset",), ("ignore_limit", "ignore_offset")]),
    total=st.sampled_from(["list", "page", None]) | st.integers(0, 100),
    early=st.integers(0, 2),
    bad=st.sets(st.integers(0, FIRST), max_size=3),
    steps=moves,
    max_jobs=st.integers(1, 60),
)
def test_whatever_a_server_does(  # noqa: PLR0917 - what a server may do
    size: int,
    limit: int,
    cap: int | None,
    ignored: tuple[str, ...],
    total: Total,
    early: int,
    bad: set[int],
    steps: list[tuple[int, int, bool]],
    max_jobs: int,
) -> None:
    """The pager ends, asks sensibly, collects all that it was shown up to the limit, and nothing else."""
    server = Server(
        names(size),
        cap=cap,
        total=total,
        early=early,
        bad=[f"job-{i}" for i in bad],
        moves=[mover(number, *step) for number, step in enumerate(steps)],
        **dict.fromkeys(ignored, True),
    )
    collected = read(server, limit, max_jobs)
    found = union(collected)
    assert found <= set(server.shown)
    assert found == set(server.shown) or (collected.truncated and len(found) == max_jobs)
    assert len(found) <= max_jobs
    assert not (collected.truncated and collected.complete)
    assert all(ask.offset >= 0 and ask.limit == max(limit, 2) for ask in server.asked)


@given(
    size=st.integers(0, FIRST),
    limit=st.integers(1, 12),
    cap=st.none() | st.integers(MOST_MOVED + 2, 12),
    ignore_limit=st.booleans(),
    total=st.sampled_from(["list", "page", None]) | st.integers(0, 100),
    steps=moves,
)
def test_complete_means_that_nothing_was_overlooked(  # noqa: PLR0917 - as above
    size: int,
    limit: int,
    cap: int | None,
    ignore_limit: bool,
    total: Total,
    steps: list[tuple[int, int, bool]],
) -> None:
    """A job that was in the list all the while, and is not in the listing, makes the listing incomplete.

    However the list grows and shrinks while it is read, if not by a whole page of jobs between two requests.
    """
    server = Server(
        names(size),
        ignore_limit=ignore_limit,
        cap=cap,
        total=total,
        moves=[mover(number, *step) for number, step in enumerate(steps)],
    )
    collected = read(server, max(limit, MOST_MOVED + 2))
    throughout = set(names(size)) & set(server.ids)
    assert throughout <= union(collected) or not collected.complete
