"""The lists of the simulated service: how jobs come, live, end and go."""

from __future__ import annotations

import pytest

from ges_exporter.simulator import Job, Plan, World
from ges_exporter.simulator.joblist import JobList, Order
from tests.simulated import START, Clock


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still."""
    return Clock()


@pytest.fixture
def jobs(clock: Clock) -> JobList:
    """The empty list of a graph."""
    return World(clock).add_project("demo").add_graph("movie").jobs


def algorithm(name: str, **plan: float | str | None) -> Plan:
    """A plan for an algorithm job whose id is its name."""
    return Plan(job_type="Algorithm", algorithm="pagerank", id=name, **plan)  # type: ignore[arg-type]


def ids(jobs: JobList) -> list[str]:
    """The ids in the list, in its order."""
    return [job.id for job in jobs.visible()]


def test_a_job_appears_waits_runs_and_ends_by_the_clock(clock: Clock, jobs: JobList) -> None:
    """A plan comes true at the seconds it names, without any further call."""
    job = jobs.submit(algorithm("a", after=10, wait=5, run=20, outcome="failed"))
    seen = []
    for _ in range(8):
        seen.append(job.status(clock.now) if ids(jobs) else "absent")
        clock.advance(5)
    assert seen == ["absent", "absent", "pending", "running", "running", "running", "running", "failed"]


@pytest.mark.parametrize(
    ("plan", "seconds", "progress"),
    [
        pytest.param({"run": 100.0}, 25, 0.25, id="in proportion"),
        pytest.param({"run": 1000.0, "stalls": 0.37}, 600, 0.37, id="stalled"),
        pytest.param({"run": 100.0, "outcome": "failed"}, 100, 1.0, id="failed"),
        pytest.param({"wait": None}, 100, 0.0, id="waiting for ever"),
        pytest.param({"run": None}, 100, 0.0, id="running for ever"),
    ],
)
def test_progress_follows_the_plan(
    clock: Clock, jobs: JobList, plan: dict[str, float | str | None], seconds: float, progress: float
) -> None:
    """Progress is the share of the run that has passed, stays where it stalls, and is 1 at any end."""
    job = jobs.submit(algorithm("a", **plan))
    clock.advance(seconds)
    assert job.progress(clock.now) == pytest.approx(progress)


@pytest.mark.parametrize(("order", "expected"), [("newest", ["b", "a", "c"]), ("oldest", ["c", "a", "b"])])
def test_the_list_has_the_order_that_was_set(jobs: JobList, order: Order, expected: list[str]) -> None:
    """Jobs stand by the time at which they appeared, whatever the order in which they were added."""
    for name, after in (("a", -20), ("b", -10), ("c", -30)):
        jobs.submit(algorithm(name, after=after))
    jobs.order = order
    assert ids(jobs) == expected


def test_a_shuffled_list_holds_the_same_jobs(jobs: JobList) -> None:
    """Shuffling changes the order, repeatably, and nothing else."""
    names = [f"job-{number}" for number in range(20)]
    for name in names:
        jobs.submit(algorithm(name))
    jobs.order = "shuffled"
    assert ids(jobs) == ids(jobs) != names
    assert sorted(ids(jobs)) == sorted(names)


def test_a_full_list_pushes_out_the_oldest_finished_jobs(jobs: JobList) -> None:
    """At its cap a list keeps active jobs however old, and the newest of the finished ones."""
    jobs.cap = 3
    jobs.submit(algorithm("stuck", after=-900))
    for number in range(5):
        jobs.submit(algorithm(f"done-{number}", after=-500 + number, run=10))
    assert ids(jobs) == ["done-4", "done-3", "stuck"]


def test_old_jobs_leave_by_age(clock: Clock, jobs: JobList) -> None:
    """A finished job leaves when its end is older than the list's age."""
    jobs.max_age = 60
    jobs.submit(algorithm("short", run=10))
    jobs.submit(algorithm("long", run=50))
    clock.advance(75)
    assert ids(jobs) == ["long"]


def test_a_cancelled_job_leaves_and_what_was_removed_can_come_back(clock: Clock, jobs: JobList) -> None:
    """A job stays as long as planned, and a removed one returns to its place."""
    jobs.submit(algorithm("cancelled", run=100, stays=40))
    jobs.submit(algorithm("a", after=1, run=10))
    jobs.submit(algorithm("b", after=2, run=10))
    clock.advance(50)
    assert ids(jobs) == ["b", "a"]
    gone = jobs.remove("a")
    assert ids(jobs) == ["b"]
    jobs.restore(gone)
    assert ids(jobs) == ["b", "a"]


def test_pruning_takes_finished_jobs_only(jobs: JobList) -> None:
    """A list that is pruned to nothing keeps what is not over."""
    jobs.submit(algorithm("active"))
    jobs.submit(algorithm("done", after=-10, run=1))
    jobs.prune(0)
    assert ids(jobs) == ["active"]
    assert set(jobs.ever()) == {"active", "done"}


def test_a_job_ends_on_demand(clock: Clock, jobs: JobList) -> None:
    """What was going to run for ever ends now, with the outcome that is given."""
    jobs.submit(algorithm("a"))
    clock.advance(30)
    job = jobs.finish("a", "partiallyFailed", "some")
    assert (job.status(clock.now), job.ends, job.reason) == ("partiallyFailed", START + 30, "some")


def test_a_job_may_be_in_the_lists_of_two_nodes(clock: Clock) -> None:
    """A second node can hold jobs of the first."""
    project = World(clock).add_project("demo")
    graph = project.add_graph("movie", node="10.0.0.1")
    other = project.add_node(graph, "10.0.0.2")
    job: Job = graph.jobs.submit(algorithm("a"))
    other.put(job)
    assert graph.at("10.0.0.1").visible() == graph.at("10.0.0.2").visible() == [job]


def test_the_same_seed_makes_the_same_ids(clock: Clock) -> None:
    """A world is repeatable."""
    first, second, other = (World(clock, seed=seed) for seed in (1, 1, 2))
    assert first.service_id() == second.service_id() != other.service_id()
