"""The ledger on disk: in one transaction, before it is shown, over everything that disks do."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ges_exporter.errors import LedgerError
from ges_exporter.ledger import Ledger, Rules
from ges_exporter.model import Listing, NodeListing, Plane, Target
from ges_exporter.store import MEMORY, Store
from tests.ledger_runs import Disk
from tests.watching import DAY, FRAUD, MINUTE, MOVIE, NODE, Watcher, file, job, load

COUNTS = "ges_jobs_finished_total"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the ledger is."""
    return tmp_path / "ledger.db"


@pytest.fixture
def watcher(path: Path) -> Watcher:
    """A graph that was met with an empty list, a minute ago."""
    watcher = Watcher(path=str(path))
    watcher.show()
    watcher.wait(MINUTE)
    return watcher


@contextmanager
def statements(store: Store, seen: Callable[[str], None]) -> Iterator[None]:
    """Tells of each statement that the store runs; a look inside, for what nothing else can tell."""
    assert store._database is not None
    connection = store._database._connection
    connection.set_trace_callback(seen)
    yield
    connection.set_trace_callback(None)


def disk(watcher: Watcher, path: Path) -> Disk:
    """The watcher's file."""
    return Disk(watcher.store, path)


def listing(target: Target, *jobs: str) -> Listing:
    """A complete listing of these jobs."""
    return Listing(target, (NodeListing(NODE, [job(one, begin=1, end=2) for one in jobs], complete=True),), 0.0)


# One transaction ------------------------------------------------------------------------------------------------------


def test_ids_and_totals_are_saved_together_or_not_at_all(watcher: Watcher, path: Path, tmp_path: Path) -> None:
    """Wherever a crash falls: between any two statements of a save there is all of it on disk, or nothing."""
    watcher.show(job("a", begin=5, end=9))
    counts = []
    for statement in range(1, 12):
        copy = tmp_path / f"crash-{statement}.db"
        disk(watcher, path).keep_before_statement(statement, copy)
        watcher.show(job("a", begin=5, end=9), *(job(f"{statement}-{i}", begin=5, end=9) for i in range(3)))
        before = watcher.total(COUNTS)
        if copy.exists():
            crashed = Watcher(path=str(copy))
            found = crashed.total(COUNTS)
            assert found in {before, before - 3}
            crashed.show(job("a", begin=5, end=9), *(job(f"{statement}-{i}", begin=5, end=9) for i in range(3)))
            assert crashed.total(COUNTS) == before
            crashed.close()
            counts.append(found)
    assert len(counts) > 4
    watcher.close()


def test_what_is_saved_together_goes_into_one_transaction(path: Path) -> None:
    """Listings of a hundred targets that complete at once are a commit or two, and each is shown after its own."""
    targets = [Target("demo", f"g{i}", Plane.SERVICE) for i in range(100)]
    store, ledger = Store(str(path)), Ledger(Rules())
    commits: list[str] = []

    async def one(target: Target) -> bool:
        ledger.watch(target)
        return await store.save(ledger.observe(listing(target, "a"), 0.0).changes)

    async def everything() -> list[bool]:
        return await asyncio.gather(*(one(target) for target in targets))

    with statements(store, lambda statement: commits.append(statement) if statement == "COMMIT" else None):
        assert asyncio.run(everything()) == [True] * 100
    assert 1 <= len(commits) <= 2
    asyncio.run(store.aclose())
    again = Store(str(path))
    assert {record.target for record in again.records()} == set(targets)
    asyncio.run(again.aclose())


def test_saving_costs_in_proportion_to_what_changed(watcher: Watcher) -> None:
    """One new job among thousands is a few rows, and nothing new is one."""
    assert watcher.store._database is not None
    connection = watcher.store._database._connection
    jobs = [job(f"j{i}", begin=5, end=9) for i in range(3000)]
    watcher.show(*jobs)
    before = connection.total_changes
    watcher.show(*jobs)
    assert connection.total_changes - before <= 1
    before = connection.total_changes
    watcher.show(*jobs, job("new", begin=50, end=55))
    assert connection.total_changes - before <= 5
    watcher.close()


def test_a_power_cut_undoes_no_count(watcher: Watcher) -> None:
    """What counts is on the disk itself before it is shown; a scrape without news does not wait for the disk."""
    seen: list[str] = []
    with statements(watcher.store, seen.append):
        watcher.show(job("a", begin=5, end=9))
        watcher.show(job("a", begin=5, end=9))
    modes = [statement for statement in seen if "synchronous" in statement]
    assert modes == ["PRAGMA synchronous = FULL", "PRAGMA synchronous = NORMAL"]
    watcher.close()


def test_saving_never_holds_the_event_loop(watcher: Watcher) -> None:
    """The disk is waited for in another thread."""
    threads: set[int] = set()
    with statements(watcher.store, lambda _: threads.add(threading.get_ident())):
        watcher.show(job("a", begin=5, end=9))
    assert threads
    assert threading.get_ident() not in threads
    watcher.close()


# What comes back ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "identity",
    ["a'b\"c", "标签", "🙂", "a\x00b", "a\x00c", "\n", " ", "é", "e\u0301", "x" * 5000, "\ufeff", "\uffff"],
    ids=ascii,
)
def test_ids_come_back_as_they_were(watcher: Watcher, identity: str) -> None:
    """Whatever text an id is, it is the same one after a restart."""
    jobs = [job("a", begin=5, end=9), job(identity, begin=5, end=9), job(f"{identity}2", "running", begin=5)]
    watcher.show(*jobs)
    for _ in range(2):
        watcher.restart()
        watcher.show(*jobs)
        assert watcher.counts() == (3, 2, 0, 0)
    watcher.close()


def test_numbers_come_back_however_large_they_are(watcher: Watcher) -> None:
    """A server that makes up numbers breaks nothing."""
    jobs = [load(f"a{i}", begin=5, end=9, files=[file("edge", 10**18, 10**18)]) for i in range(30)]
    watcher.show(*jobs)
    assert watcher.value("ges_import_lines_total", kind="edge") == 30 * 10**18
    watcher.restart()
    watcher.show(*jobs)
    assert watcher.value("ges_import_lines_total", kind="edge") == 30 * 10**18
    watcher.close()


def test_memory_keeps_nothing() -> None:
    """And counts as saved."""
    watcher = Watcher(path=MEMORY)
    watcher.show()
    watcher.show(job("a", begin=5, end=9))
    assert watcher.total(COUNTS) == 1
    watcher.restart()
    assert watcher.values(COUNTS) == {}
    watcher.close()


def test_a_target_that_is_removed_keeps_its_rows_until_forget_after(path: Path) -> None:
    """Put back, it goes on; once forgotten it is met anew, and nobody else is touched."""
    watcher = Watcher(MOVIE, FRAUD, path=str(path))
    for target in (MOVIE, FRAUD):
        watcher.show(target=target)
        watcher.show(job("a", begin=5, end=9), target=target)
    for days in (6, 2):
        watcher.restart(MOVIE)
        watcher.wait(days * DAY)
        gone = watcher.ledger.expired([MOVIE], watcher.clock())
        assert gone == ([] if days == 6 else [FRAUD])
        assert asyncio.run(watcher.store.forget(gone))
    watcher.restart(MOVIE, FRAUD)
    assert watcher.total(COUNTS, MOVIE) == 1
    assert watcher.values(COUNTS, FRAUD) == {}
    watcher.show(job("a", begin=5, end=9), target=FRAUD)
    assert watcher.counts(FRAUD) == (0, 0, 0, 0)
    with sqlite3.connect(path.with_name("copy.db")) as copy:
        assert watcher.store._database is not None
        watcher.store._database._connection.backup(copy)
        assert copy.execute("SELECT count(*) FROM jobs").fetchone() == (2,)
    copy.close()
    watcher.close()


def test_a_target_that_is_watched_is_not_forgotten(watcher: Watcher) -> None:
    """However long it has not been asked."""
    watcher.wait(100 * DAY)
    assert watcher.ledger.expired([MOVIE], watcher.clock()) == []
    watcher.close()


# A disk that fails ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["full", "read-only"])
def test_a_disk_that_fails_for_a_while(watcher: Watcher, path: Path, how: str) -> None:
    """The gauges go on, the counters stay as they were saved, errors are counted; then all is counted, once."""
    broken = disk(watcher, path)
    watcher.show(job("a", begin=5, end=9))
    jobs = [job("a", begin=5, end=9)]
    broken.fail(how)
    for number in range(1, 4):
        watcher.wait(MINUTE)
        jobs += [job(f"b{number}-{i}" + "x" * 4000, begin=5, end=9) for i in range(50)]
        watcher.show(*jobs)
        assert watcher.store.save_errors == number
        assert watcher.total("ges_jobs") == len(jobs)
        assert watcher.total(COUNTS) == 1
    broken.recover()
    watcher.show(*jobs)
    assert watcher.total(COUNTS) == len(jobs)
    assert watcher.store.save_errors == 3
    watcher.restart()
    watcher.show(*jobs)
    assert watcher.total(COUNTS) == len(jobs)
    watcher.close()


def test_the_first_listing_of_a_target_on_a_disk_that_fails(watcher: Watcher, path: Path) -> None:
    """There is nothing saved to be shown; the listing is, and it is the first one all the same."""
    broken = disk(watcher, path)
    broken.fail("read-only")
    watcher.ledger.watch(FRAUD)
    watcher.views[FRAUD] = watcher.ledger.view(FRAUD)
    watcher.show(job("a", begin=5, end=9), target=FRAUD)
    assert watcher.total("ges_jobs", FRAUD) == 1
    assert watcher.values(COUNTS, FRAUD) == {}
    broken.recover()
    watcher.show(job("a", begin=5, end=9), job("b", begin=5, end=9), target=FRAUD)
    assert watcher.counts(FRAUD) == (1, 1, 0, 0)
    watcher.close()


def test_a_crash_while_the_disk_fails_loses_only_what_was_never_shown(watcher: Watcher, path: Path) -> None:
    """It is counted when it is seen again."""
    broken = disk(watcher, path)
    broken.fail("read-only")
    watcher.show(job("a", begin=5, end=9))
    watcher.restart()
    assert watcher.total(COUNTS) == 0
    for _ in range(2):
        watcher.show(job("a", begin=5, end=9))
        assert watcher.counts() == (1, 1, 0, 0)
    watcher.close()


LIMITED = """
import asyncio, resource, sys
from pathlib import Path
from tests.watching import Watcher, job

def limit(size):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))

path = Path(sys.argv[1])
watcher = Watcher(path=str(path))
watcher.show()
few = [job("a", begin=5, end=9)]
watcher.show(*few)
many = few + [job(f"b{i}" + "x" * 500, begin=5, end=9) for i in range(2000)]
limit(path.with_name(path.name + "-wal").stat().st_size + 5000)
for _ in range(2):
    watcher.show(*many)
    print(watcher.total("ges_jobs_finished_total"), watcher.total("ges_jobs"), watcher.store.save_errors)
limit(resource.getrlimit(resource.RLIMIT_FSIZE)[1])
watcher.show(*many)
print(watcher.total("ges_jobs_finished_total"), watcher.total("ges_jobs"), watcher.store.save_errors)
watcher.restart()
watcher.show(*many)
print(watcher.total("ges_jobs_finished_total"), watcher.counts()[0])
"""


def test_a_file_that_may_grow_no_more(path: Path) -> None:
    """As a full disk, or a quota, fails in the middle of writing: seen from a process with such a limit."""
    done = run("-c", LIMITED, str(path))
    lines = [line for line in done.stdout.splitlines() if line[:1].isdecimal() and "error" not in line]
    assert lines == ["1 2001 1", "1 2001 2", "2001 2001 2", "2001 2001"], done.stdout + done.stderr


# Another exporter -----------------------------------------------------------------------------------------------------


OPEN = """
import sys
from ges_exporter.errors import LedgerInUseError
from ges_exporter.store import Store
try:
    Store(sys.argv[1])
except LedgerInUseError as error:
    print(error)
else:
    print("opened")
"""


def test_a_second_exporter_on_the_same_file_is_refused(watcher: Watcher, path: Path) -> None:
    """With a sentence; the first goes on, and when it has ended another may take its place."""
    watcher.show(job("a", begin=5, end=9))
    refused = run("-c", OPEN, str(path))
    assert refused.stdout.strip() == f"the ledger {path} is in use by another exporter; each needs a file of its own"
    watcher.show(job("a", begin=5, end=9), job("b", begin=5, end=9))
    assert watcher.counts() == (2, 2, 0, 0)
    watcher.close()
    assert run("-c", OPEN, str(path)).stdout.strip() == "opened"
    watcher = Watcher(path=str(path))
    assert watcher.counts() == (2, 2, 0, 0)
    watcher.close()


def test_nor_is_an_idle_one_displaced(path: Path) -> None:
    """The file is taken from the start, before anything was saved."""
    store = Store(str(path))
    assert "in use by another exporter" in run("-c", OPEN, str(path)).stdout
    asyncio.run(store.aclose())


@pytest.mark.parametrize("place", ["no/such/folder/ledger.db", "."])
def test_a_file_that_cannot_be_made_is_refused(tmp_path: Path, place: str) -> None:
    """With a sentence that names it."""
    with pytest.raises(LedgerError, match=f"^the ledger .*{place} cannot be used: .+"):
        Store(f"{tmp_path}/{place}")


def test_a_folder_where_nothing_can_be_written_is_refused() -> None:
    """Not even by root."""
    with pytest.raises(LedgerError, match=r"^the ledger /proc/ges-exporter\.db cannot be used: .+"):
        Store("/proc/ges-exporter.db")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs Python in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    command = [sys.executable, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)  # noqa: S603
