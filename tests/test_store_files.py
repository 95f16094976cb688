"""Files of other versions, and files that cannot be read."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from ges_exporter.errors import LedgerError
from ges_exporter.store import Store
from ges_exporter.store.schema import STEPS, VERSION
from tests.watching import CENTRE, FRAUD, MINUTE, MOVIE, Watcher, file, job, load, task

FIRST_VERSION = Path(__file__).parent / "ledgers/version-1.sql"
"""What the first version left of `history`; never changed once released."""


def history(path: Path) -> Watcher:
    """A ledger with something of everything."""
    watcher = Watcher(MOVIE, FRAUD, CENTRE, path=str(path))
    for target in (MOVIE, FRAUD, CENTRE):
        watcher.show(target=target)
    watcher.wait(MINUTE)
    watcher.show(
        job("a", begin=5, end=9),
        job("b", "running", begin=9, progress=0.5),
        job("c", "failed", begin=1, end=50),
        load("d", begin=10, end=20, files=[file("edge", 10, 1, begin=10.5, end=19.5)]),
        target=MOVIE,
    )
    watcher.show(job("a", "running", begin=5), target=FRAUD)
    watcher.show(task("e", begin=5, end=9, files=[file("edge")]), task("f", "running", begin=5), target=CENTRE)
    for _ in range(2):
        watcher.wait(11 * MINUTE)
        watcher.show(target=FRAUD)
    return watcher


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the ledger is."""
    return tmp_path / "ledger.db"


@pytest.fixture
def kept(path: Path) -> Path:
    """A ledger that was closed in order."""
    history(path).close()
    return path


# Versions -------------------------------------------------------------------------------------------------------------


def test_a_file_of_the_first_version_is_read(path: Path) -> None:
    """Whatever later versions keep, they begin with what was there: counters, open jobs, debts, the offset."""
    with sqlite3.connect(path) as database:
        database.executescript(FIRST_VERSION.read_text(encoding="utf-8"))
    database.close()
    watcher = Watcher(MOVIE, FRAUD, CENTRE, path=str(path))
    assert watcher.store.set_aside == 0
    assert watcher.counts(MOVIE) == (4, 3, 0, 0)
    assert watcher.counts(FRAUD) == (1, 0, 1, 0)
    assert watcher.counts(CENTRE) == (2, 1, 0, 0)
    assert watcher.value("ges_target_utc_offset_seconds", MOVIE, source="measured") == 28800
    watcher.show(job("a", begin=5, end=9), job("b", begin=9, end=70), target=MOVIE)
    watcher.show(job("a", begin=5, end=70), target=FRAUD)
    watcher.show(task("e", begin=5, end=9, files=[file("edge")]), task("f", begin=5, end=70), target=CENTRE)
    assert watcher.counts(MOVIE) == (4, 4, 0, 0)
    assert watcher.counts(FRAUD) == (1, 1, 1, 0)
    assert sorted(watcher.owed(CENTRE)) == ["e", "f"]
    watcher.close()


def test_the_first_version_is_what_this_one_migrates_from(kept: Path) -> None:
    """The tables that the steps make are those of the kept file, as long as there is but one version."""
    with sqlite3.connect(kept) as database:
        (version,) = database.execute("PRAGMA user_version").fetchone()
    database.close()
    assert version == VERSION == len(STEPS)


def test_a_newer_version_is_refused(kept: Path) -> None:
    """With a sentence that says so; the file is left as it is."""
    with sqlite3.connect(kept) as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    before = kept.read_bytes()
    with pytest.raises(LedgerError) as caught:
        Store(str(kept))
    assert str(caught.value) == (
        f"the ledger {kept} was written by a newer version of this program: it has schema 99, "
        f"and this one knows schemas up to {VERSION}"
    )
    assert kept.read_bytes() == before


def test_an_empty_file_is_a_new_ledger(path: Path) -> None:
    """As made by mktemp, or by a crash at the very beginning."""
    path.touch()
    watcher = Watcher(path=str(path))
    assert watcher.store.set_aside == 0
    watcher.show()
    watcher.show(job("a", begin=5, end=9))
    watcher.restart()
    assert watcher.counts() == (1, 1, 0, 0)
    watcher.close()


def test_opening_a_file_writes_nothing(kept: Path) -> None:
    """So that a full disk does not keep the exporter from starting."""
    before = kept.read_bytes()
    store = Store(str(kept))
    log = kept.with_name(kept.name + "-wal")
    assert (log.stat().st_size if log.exists() else 0) == 0
    asyncio.run(store.aclose())
    assert kept.read_bytes() == before


# Files that cannot be read --------------------------------------------------------------------------------------------


def garbage(path: Path) -> None:
    """Nothing of a database."""
    path.write_bytes(bytes(range(256)) * 64)


def beginning_lost(path: Path) -> None:
    """Zeros, as some file systems leave after a power cut."""
    path.write_bytes(b"\0" * 4096 + path.read_bytes()[4096:])


def middle_lost(path: Path) -> None:
    """Half of the pages."""
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2 // 4096 * 4096])


def torn(path: Path) -> None:
    """Not even whole pages."""
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2 + 1000])


def page_of_noise(path: Path) -> None:
    """One page in the middle overwritten."""
    content = path.read_bytes()
    path.write_bytes(content[:8192] + b"\xab" * 4096 + content[12288:])


def statement(text: str) -> Callable[[Path], None]:
    """What another program did to it."""

    def spoil(path: Path) -> None:
        with sqlite3.connect(path) as database:
            database.execute(text)
        database.close()

    return spoil


def another_program(path: Path) -> None:
    """A database, but not of this program."""
    path.unlink()
    statement("CREATE TABLE jobs (name TEXT)")(path)


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(garbage, id="garbage"),
        pytest.param(beginning_lost, id="beginning lost"),
        pytest.param(middle_lost, id="cut in the middle"),
        pytest.param(torn, id="cut within a page"),
        pytest.param(page_of_noise, id="a page of noise"),
        pytest.param(statement("DROP TABLE jobs"), id="a table is missing"),
        pytest.param(statement("ALTER TABLE accounts RENAME COLUMN state TO content"), id="another column"),
        pytest.param(statement("UPDATE targets SET state = '{'"), id="a state that is no JSON"),
        pytest.param(statement("""UPDATE accounts SET state = '{"number": "x"}'"""), id="an account of another shape"),
        pytest.param(statement("UPDATE targets SET plane = 'astral'"), id="a plane that does not exist"),
        pytest.param(statement("DELETE FROM targets"), id="accounts of nobody"),
        pytest.param(statement("UPDATE jobs SET status = 'eaten'"), id="a status that does not exist"),
        pytest.param(statement("UPDATE jobs SET account = 77"), id="jobs of no account"),
        pytest.param(statement("UPDATE jobs SET open = '{' WHERE open IS NOT NULL"), id="an open job that is no JSON"),
        pytest.param(statement("UPDATE jobs SET owed = x'ff' WHERE owed IS NOT NULL"), id="a debt that is no JSON"),
        pytest.param(another_program, id="of another program"),
    ],
)
def test_a_file_that_cannot_be_read_is_set_aside(kept: Path, spoil: Callable[[Path], None]) -> None:
    """Under a new name, loudly; the exporter goes on from zero, with a file that can be read next time."""
    spoil(kept)
    spoilt = kept.read_bytes()
    with capture_logs() as logs:
        watcher = Watcher(path=str(kept))
    assert watcher.store.set_aside == 1
    (aside,) = [one for one in kept.parent.iterdir() if "unreadable" in one.name and not one.name.endswith("-wal")]
    assert aside.name == f"{kept.name}.unreadable-20250615T150640Z"
    assert len(aside.read_bytes()) == len(spoilt)
    assert [(line["log_level"], line["set_aside_as"]) for line in logs] == [("error", str(aside))]
    assert watcher.values("ges_jobs_finished_total") == {}
    for jobs in ((), (job("a", begin=5, end=9),)):
        watcher.show(*jobs)
    watcher.restart()
    assert (watcher.store.set_aside, watcher.counts()) == (0, (1, 1, 0, 0))
    watcher.close()


def test_what_was_set_aside_is_kept_as_it_was(kept: Path) -> None:
    """Somebody may want to mend it."""
    torn(kept)
    spoilt = kept.read_bytes()
    Watcher(path=str(kept)).close()
    (aside,) = kept.parent.glob("*unreadable*")
    assert aside.read_bytes() == spoilt


def test_a_log_that_is_torn_is_no_reason_to_set_aside(path: Path, tmp_path: Path) -> None:
    """A crash in the middle of writing loses what was not yet shown, and nothing else."""
    watcher = history(path)
    log = path.with_name(path.name + "-wal").read_bytes()
    for size in range(0, len(log), 1999):
        copy = tmp_path / f"copy-{size}.db"
        copy.write_bytes(path.read_bytes())
        copy.with_name(copy.name + "-wal").write_bytes(log[:size] + b"\x55" * 300)
        again = Watcher(MOVIE, path=str(copy))
        assert again.store.set_aside == 0
        assert again.total("ges_jobs_finished_total") in {0, 3}
        again.close()
    watcher.close()
