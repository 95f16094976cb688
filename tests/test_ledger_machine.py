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
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from ges_exporter.ledger import Observation
from ges_exporter.model import Details, Job, NodeListing, Outcome, Plane, Status, Target
from tests.ledger_model import is_active
from tests.ledger_world import OUTCOMES, Disk, Engine, Exporter, Truth
from tests.simulated import START
from tests.watching import CENTRE, MOVIE

MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - a disk that need not turn
SOLO = Target("demo", "solo", Plane.SERVICE)
CHAIN = Target("demo", "chain", Plane.SERVICE)
TARGETS = (MOVIE, SOLO, CHAIN, CENTRE)
targets = st.sampled_from(TARGETS)
seeds = st.integers(0, 2**32)
WAITS = (5.0, 60.0, 400.0, 700.0, 1800.0, 7200.0, 86400.0, 4 * 86400.0)
ORDERS = ("newest", "oldest", "shuffled")
KINDS = ("whole", "whole", "whole", "short", "truncated", "left out", "doubled", "behind", "failed")


class LedgerMachine(RuleBasedStateMachine):
    """The world, the exporter, and the model of what it must show."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="ges-exporter-", dir=MEMORY))
        self.runner = asyncio.Runner()
        self.runs = 0
        self.now = START
        self.awake, self.last_asked = 0.0, 0.0
        self.engines = {
            MOVIE: Engine(MOVIE, ("a", "b"), "memory"),
            SOLO: Engine(SOLO, ("a",), "memory"),
            CHAIN: Engine(CHAIN, ("a",), "database"),
            CENTRE: Engine(CENTRE, ("a",), "v2"),
        }
        self.truths = {target: Truth(target) for target in TARGETS}
        self.highest: dict[Target, Counter[tuple[str, ...]]] = {target: Counter() for target in TARGETS}
        self.full: set[Target] = set()
        """The targets that were listed in full since the start."""
        self.path = self.folder / "ledger-0.db"
        self.start(TARGETS)

    def teardown(self) -> None:
        """Leaves nothing behind."""
        self.runner.run(self.exporter.store.aclose())
        self.runner.close()
        shutil.rmtree(self.folder)

    # The world ------------------------------------------------------------------------------------------------------

    @initialize(history=st.integers(0, 5), seed=seeds)
    def begin(self, history: int, seed: int) -> None:
        """There were jobs before anybody asked."""
        chance = Random(seed)
        for target in TARGETS:
            for _ in range(history):
                age = chance.choice([10.0, 3000.0, 90000.0])
                self.engines[target].add(chance.choice([*OUTCOMES, Status.RUNNING]), chance, self.now, age)

    @rule(of=targets, number=st.integers(1, 3), seed=seeds)
    def jobs_appear(self, of: Target, number: int, seed: int) -> None:
        """Waiting, running, or already over."""
        chance = Random(seed)
        for _ in range(number):
            status = chance.choice([Status.PENDING, Status.RUNNING, *OUTCOMES])
            self.engines[of].add(status, chance, self.now)

    @rule(of=targets, seed=seeds)
    def jobs_go_on(self, of: Target, seed: int) -> None:
        """Those that wait begin to run, those that run end."""
        chance = Random(seed)
        engine = self.engines[of]
        for identity in engine.active():
            if chance.random() < 0.6:
                engine.go_on(identity, chance.choice([Status.RUNNING, *OUTCOMES]), chance, self.now)

    @rule(of=targets, keep=st.integers(0, 3))
    def lists_are_pruned(self, of: Target, keep: int) -> None:
        """The oldest finished jobs leave for good."""
        engine = self.engines[of]
        for endpoint, listed in engine.lists.items():
            gone = set(engine.over(endpoint)[keep:])
            engine.lists[endpoint] = [identity for identity in listed if identity not in gone]

    @rule(of=targets, seed=seeds)
    def jobs_leave(self, of: Target, seed: int) -> None:
        """Any jobs, active ones too, are not in the list for a while."""
        self.leave(of, seed)

    @rule(of=targets)
    def jobs_come_back(self, of: Target) -> None:
        """Whatever became of them meanwhile."""
        engine = self.engines[of]
        for endpoint, hidden in engine.hidden.items():
            engine.lists[endpoint] += hidden
            hidden.clear()

    @rule(of=targets, number=st.integers(1, 3), seed=seeds)
    def another_node_takes_over(self, of: Target, number: int, seed: int) -> None:
        """Behind the same address are old jobs, never seen before; the others come back later, or never."""
        chance = Random(seed)
        self.leave(of, seed)
        for _ in range(number):
            age = chance.choice([600.0, 3700.0, 86400.0])
            self.engines[of].add(chance.choice([*OUTCOMES, Status.RUNNING]), chance, self.now, age)

    @rule(seconds=st.sampled_from(WAITS))
    def time_passes(self, seconds: float) -> None:
        """Seconds, or days."""
        self.now += seconds

    # The exporter ---------------------------------------------------------------------------------------------------

    @rule(seed=seeds, kinds=st.lists(st.sampled_from(KINDS), min_size=4, max_size=4))
    def scrape(self, seed: int, kinds: Sequence[str]) -> None:
        """All targets are listed at once, each in its own way."""
        self.run_scrape(Random(seed), kinds)

    @rule(seed=seeds, hours=st.integers(1, 3))
    def keep_scraping(self, seed: int, hours: int) -> None:
        """For hours, every half hour."""
        for _ in range(2 * hours):
            self.now += 1800
            self.run_scrape(Random(seed), ("whole",) * 4)

    @rule(seed=seeds, statement=st.integers(1, 60), share=st.floats(0, 1), kinds=st.lists(st.sampled_from(KINDS), min_size=4, max_size=4))
    def crash(self, seed: int, statement: int, share: float, kinds: Sequence[str]) -> None:
        """In the middle of a scrape, between any two statements, or in the middle of writing."""
        to = self.folder / f"ledger-{self.runs}.db"
        self.disk.keep_before_statement(statement, to)
        self.run_scrape(Random(seed), kinds)
        if self.disk.kept is None:
            self.disk.keep(to)
        self.disk.tear(share)
        self.path = to
        self.begin_anew(list(self.exporter.engines))

    @rule(watched=st.sets(targets, min_size=1))
    def restart(self, watched: set[Target]) -> None:
        """In order, watching some of the targets."""
        self.begin_anew([target for target in TARGETS if target in watched])

    @rule(how=st.sampled_from(["full", "read-only"]))
    def the_disk_fails(self, how: str) -> None:
        """Nothing can be written."""
        self.disk.fail(how)

    @rule()
    def the_disk_recovers(self) -> None:
        """And all that is due is written with the next save."""
        self.disk.recover()

    # What must hold ---------------------------------------------------------------------------------------------------

    @invariant()
    def what_is_shown_is_true(self) -> None:
        """The counters are those of the model, as far as they are on disk."""
        for target in self.exporter.engines:
            assert self.exporter.shown(target) == self.truths[target].shown

    @invariant()
    def nothing_goes_down(self) -> None:
        """Over restarts and crashes too."""
        for target in self.exporter.engines:
            shown, highest = self.exporter.shown(target), self.highest[target]
            assert {key: number for key, number in highest.items() if shown[key] < number} == {}
            self.highest[target] = highest | shown

    # ------------------------------------------------------------------------------------------------------------------

    def leave(self, target: Target, seed: int) -> None:
        """Takes some jobs out of a target's lists, to be put back later."""
        chance, engine = Random(seed), self.engines[target]
        for endpoint, listed in engine.lists.items():
            gone = [identity for identity in listed if chance.random() < 0.4]
            engine.hidden[endpoint] += gone
            engine.lists[endpoint] = [identity for identity in listed if identity not in gone]

    def begin_anew(self, watched: Sequence[Target]) -> None:
        """Ends a run in order, and begins another."""
        self.runner.run(self.exporter.store.aclose())
        self.start(watched)

    def start(self, watched: Sequence[Target]) -> None:
        """Begins a run on what the last one left, of which the model must know."""
        self.runs += 1
        self.exporter = Exporter(self.path, [self.engines[target] for target in watched], self.now)
        self.disk = Disk(self.exporter)
        self.full.clear()
        for target, truth in self.truths.items():
            record = self.exporter.records.get(target)
            rows = self.runner.run(self.exporter.store.jobs(target)) if record else {}
            owed = [row.owed for row in rows.values() if row.owed]
            found = [page for page in truth.possible if page.is_stored(record, owed)]
            assert found, f"what is stored of {target} was never true"
            truth.resume(found[-1])
        self.awake = max(truth.page.awake for truth in self.truths.values())
        self.last_asked = float("inf")

    def run_scrape(self, chance: Random, kinds: Sequence[str]) -> None:
        """Lists all targets that are watched, and saves what that came to."""

        async def together() -> None:
            await asyncio.gather(*(self.list(target, chance, kind) for target, kind in pairs))

        self.now += 1
        pairs = [(target, kind) for target, kind in zip(TARGETS, kinds, strict=True) if target in self.exporter.engines]
        chance.shuffle(pairs)
        self.runner.run(together())

    async def list(self, target: Target, chance: Random, kind: str) -> None:
        """Lists one target, and asks for details."""
        await self.exporter.restore(target)
        nodes = self.answers(target, chance, kind)
        if 0 <= (gap := self.now - self.last_asked) <= 3600:
            self.awake += gap
        self.last_asked = self.now
        page = self.truths[target].page
        short = any(node.short for node in nodes)
        page.observe(
            self.now,
            self.awake,
            [(node.endpoint, None if node.reason else node.jobs) for node in nodes],
            complete=all(node.complete for node in nodes if not node.reason),
            short=short,
        )
        observation = self.exporter.observe(target, nodes, self.now)
        self.check_gauges(target, nodes)
        await self.save(target, observation)
        if page.owed and any(not node.reason for node in nodes):
            answers = [_answer(owed.job_id, chance) for owed in self.exporter.ledger.owed(target, 3)]
            page.settle(answers, self.now)
            await self.save(target, self.exporter.settle(target, answers, self.now))

    async def save(self, target: Target, observation: Observation) -> None:
        """Saves a step; what it released before the crash, if one is to come, the model must know."""
        truth = self.truths[target]
        page = truth.note()
        saved = await self.exporter.save(observation.changes, observation.view.ledger)
        if saved and self.disk.kept is None:
            truth.release(page)

    def answers(self, target: Target, chance: Random, kind: str) -> list[NodeListing]:
        """What each node answers."""
        engine = self.engines[target]
        if len(engine.lists) > 1 and kind in {"failed", "short"}:
            up = {chance.choice(list(engine.lists))} if kind == "short" else set()
            return [
                self.answer(target, endpoint, chance, "whole" if endpoint in up else "failed")
                for endpoint in engine.lists
            ]
        return [self.answer(target, endpoint, chance, kind) for endpoint in engine.lists]

    def answer(self, target: Target, endpoint: str, chance: Random, kind: str) -> NodeListing:
        """What one node answers."""
        if kind == "failed":
            return NodeListing(endpoint, reason="connect", message="refused")
        engine = self.engines[target]
        jobs = [engine.jobs[identity] for identity in engine.lists[endpoint]]
        order = chance.choice(ORDERS)
        if order == "shuffled":
            chance.shuffle(jobs)
        elif order == "oldest":
            jobs.reverse()
        if kind == "short" and (head := self.head(target, jobs, chance)) is not None:
            return NodeListing(endpoint, head, short=True)
        if kind == "truncated":
            return NodeListing(endpoint, jobs[: chance.randint(0, len(jobs))], truncated=True)
        if kind == "left out":
            return NodeListing(endpoint, [job for job in jobs if chance.random() < 0.7])
        if kind == "doubled":
            jobs += [_earlier(job) for job in jobs if chance.random() < 0.5]
            chance.shuffle(jobs)
        if kind == "behind":
            jobs = [_earlier(job) if chance.random() < 0.5 else job for job in jobs]
        self.full.add(target)
        return NodeListing(endpoint, jobs, complete=True)

    def head(self, target: Target, jobs: Sequence[Job], chance: Random) -> list[Job] | None:
        """What a short listing shows: all that is new or was active, and some more; None where only all will do."""
        recall = self.exporter.ledger.recall(target)
        wanted = set(recall.active)
        if target not in self.full or not wanted <= {job.id for job in jobs}:
            return None
        return [job for job in jobs if job.id in wanted or not recall.settled(job) or chance.random() < 0.3]

    def check_gauges(self, target: Target, nodes: Sequence[NodeListing]) -> None:
        """The gauges show the listing, where it is that of one node."""
        if len(nodes) == 1:
            page = self.truths[target].page
            listed = {} if nodes[0].reason else page.gauge
            tally = Counter((*page.known[job.id].pair, job.status) for job in listed.values())
            assert self.exporter.gauges[target] == dict(tally)


def _answer(identity: str, chance: Random) -> Details:
    outcome = chance.choice(list(Outcome))
    return Details(identity, outcome, ())


def _earlier(job: Job) -> Job:
    """A job as it was before."""
    status = Status.RUNNING if is_active(job) or job.end else job.status
    return Job(job.id, status, job.job_type, job.algorithm, job.graph, job.begin, files=job.files)


def explore(examples: int, steps: int) -> None:
    """Runs so many histories of so many steps."""
    budget = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(LedgerMachine, settings=budget)


def test_counters_are_true_whatever_happens() -> None:
    """Histories found by chance, in a small number."""
    explore(examples=25, steps=25)


@pytest.mark.soak
def test_counters_are_true_whatever_happens_for_long() -> None:
    """As many histories as there is time for: GES_SOAK_MINUTES, by default ten."""
    end = time.monotonic() + 60 * float(os.environ.get("GES_SOAK_MINUTES", "10"))
    while time.monotonic() < end:
        explore(examples=200, steps=60)
