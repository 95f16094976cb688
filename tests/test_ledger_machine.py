"""A true world runs, is listed in every way that lists have, and the exporter is restarted, crashes and loses its disk.

After every step what is exposed equals the model of the rules, and no counter has ever gone down.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Collection
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from ges_exporter.model import Plane, Target
from tests.ledger_model import Totals
from tests.ledger_runs import Run, Truth
from tests.ledger_world import CHANGES, WAYS, Change, Engine
from tests.simulated import START
from tests.watching import CENTRE, MOVIE

MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - where syncing costs nothing
SOLO, CHAIN = (Target("demo", graph, Plane.SERVICE) for graph in ("solo", "chain"))
TARGETS = (MOVIE, SOLO, CHAIN, CENTRE)
WAITS = (5.0, 60.0, 400.0, 700.0, 1800.0, 7200.0, 86400.0, 4 * 86400.0)
seeds = st.integers(0, 2**32)
Changes = list[tuple[Target, Change, int]]
changes = st.lists(st.tuples(st.sampled_from(TARGETS), st.sampled_from(CHANGES), seeds), max_size=4)
ways = st.fixed_dictionaries(dict.fromkeys(TARGETS, st.sampled_from(WAYS)))


def lot(seed: int) -> Random:
    """Chance, repeatable."""
    return Random(seed)  # noqa: S311 - of a test


class LedgerMachine(RuleBasedStateMachine):
    """The world, the exporter, and the model of what it must show."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="ges-exporter-", dir=MEMORY))
        self.runner = asyncio.Runner()
        self.number = 0
        self.now = START
        self.engines = {
            MOVIE: Engine(MOVIE, ("a", "b"), "memory"),
            SOLO: Engine(SOLO, ("a",), "memory"),
            CHAIN: Engine(CHAIN, ("a",), "database"),
            CENTRE: Engine(CENTRE, ("a",), "v2"),
        }
        self.highest: dict[Target, Totals] = {target: Counter() for target in TARGETS}
        self.path = self.folder / "ledger.db"

    def teardown(self) -> None:
        """Leaves nothing behind."""
        self.runner.run(self.run.store.aclose())
        self.runner.close()
        shutil.rmtree(self.folder)

    # What happens ---------------------------------------------------------------------------------------------------

    @initialize(seed=seeds, scarce=st.booleans())
    def it_begins(self, seed: int, scarce: bool) -> None:
        """With jobs from before anybody asked; and maybe with seats for few kinds of job."""
        self.scarce = scarce
        self.truths = {target: Truth(target, scarce=scarce) for target in TARGETS}
        self.start(TARGETS)
        for engine in self.engines.values():
            engine.appear(lot(seed), self.now, ages=(10.0, 3000.0, 90000.0))

    @rule(changes=changes, seconds=st.sampled_from(WAITS))
    def life_goes_on(self, changes: Changes, seconds: float) -> None:
        """Jobs come and go, and seconds pass, or days."""
        self.change(changes)
        self.now += seconds

    @rule(seed=seeds, ways=ways)
    def scrape(self, seed: int, ways: dict[Target, str]) -> None:
        """All targets are listed at once, each in its own way."""
        self.ask(seed, ways)

    @rule(seed=seeds, hours=st.integers(1, 3))
    def keep_scraping(self, seed: int, hours: int) -> None:
        """Every half hour, for hours."""
        for half in range(2 * hours):
            self.now += 1800
            self.ask(seed + half, dict.fromkeys(TARGETS, "whole"))

    @rule(seed=seeds, ways=ways, statement=st.integers(1, 50), share=st.floats(0, 1))
    def crash(self, seed: int, ways: dict[Target, str], statement: int, share: float) -> None:
        """In the middle of a scrape, between any two statements, or in the middle of writing."""
        path = self.folder / f"ledger-{self.number}.db"
        self.run.disk.keep_before_statement(statement, path)
        self.ask(seed, ways)
        if self.run.disk.kept is None:
            self.run.disk.keep(path)
        self.run.disk.tear(share)
        self.path = path
        self.begin_anew(self.run.engines)

    @rule(watched=st.sets(st.sampled_from(TARGETS), min_size=1))
    def restart(self, watched: set[Target]) -> None:
        """In order, with some of the targets in the configuration."""
        self.begin_anew(watched)

    @precondition(lambda self: not self.run.disk.failing)
    @rule(how=st.sampled_from(["full", "read-only"]), changes=changes, seed=seeds)
    def the_disk_fails(self, how: str, changes: Changes, seed: int) -> None:
        """What is new cannot be written."""
        self.run.disk.fail(how)
        self.change(changes)
        self.ask(seed, dict.fromkeys(TARGETS, "whole"))

    @precondition(lambda self: self.run.disk.failing)
    @rule(seed=seeds, ways=ways)
    def the_disk_recovers(self, seed: int, ways: dict[Target, str]) -> None:
        """And all that is due is written with the next save."""
        self.run.disk.recover()
        self.ask(seed, ways)

    # What must hold -------------------------------------------------------------------------------------------------

    @invariant()
    def what_is_shown_is_true(self) -> None:
        """The counters are those of the model, as far as they are on disk."""
        for target in self.run.engines:
            assert self.run.shown(target) == self.truths[target].shown

    @invariant()
    def nothing_goes_down(self) -> None:
        """Over restarts and crashes too."""
        for target in self.run.engines:
            shown, highest = self.run.shown(target), self.highest[target]
            assert {key: number for key, number in highest.items() if shown[key] < number} == {}
            self.highest[target] = highest | shown

    # ----------------------------------------------------------------------------------------------------------------

    def start(self, watched: Collection[Target]) -> None:
        """Begins a run on what the last one left."""
        self.number += 1
        engines = [self.engines[target] for target in TARGETS if target in watched]
        self.run = Run(self.path, engines, self.truths, self.now, scarce=self.scarce)
        self.runner.run(self.run.recognise())

    def begin_anew(self, watched: Collection[Target]) -> None:
        """Ends a run in order, and begins another."""
        self.runner.run(self.run.store.aclose())
        self.start(watched)

    def change(self, changes: Changes) -> None:
        """Jobs come and go."""
        for target, change, seed in changes:
            change(self.engines[target], lot(seed), self.now)

    def ask(self, seed: int, ways: dict[Target, str]) -> None:
        """One scrape of everything."""
        self.now += 1
        self.runner.run(self.run.scrape(ways, lot(seed), self.now))


def explore(examples: int, steps: int, *phases: Phase) -> None:
    """Runs so many histories of so many steps."""
    budget = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        phases=phases,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(LedgerMachine, settings=budget)


def test_counters_are_true_whatever_happens() -> None:
    """Histories found by chance, in a small number; `make soak` makes a failure short."""
    explore(70, 30, Phase.reuse, Phase.generate)


@pytest.mark.soak
def test_counters_are_true_whatever_happens_for_long() -> None:
    """As many histories as there is time for: GES_SOAK_MINUTES, by default ten."""
    end = time.monotonic() + 60 * float(os.environ.get("GES_SOAK_MINUTES", "10"))
    while time.monotonic() < end:
        explore(200, 60, *Phase)
