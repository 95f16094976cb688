"""Task centres: what they are asked for, and the details of imports that their lists leave out."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ges_exporter.simulator import File, Plan
from ges_exporter.simulator.faults import parse
from tests import swift
from tests.asking import CENTRE, Asker, Script, answered, listed, over, owed, world_with
from tests.simulated import PROJECT


@pytest.mark.parametrize(("api", "parameter"), [("v2", "start_time"), ("v1.0", "startTime")])
def test_the_window_is_asked_for(api: str, parameter: str) -> None:
    """A task centre is asked for what began since a date (UTC), in pages of at most a hundred."""
    script = Script(answered({"job_count": 0, "job_list": [], "jobCount": 0, "jobList": []}))
    asker = Asker(script, target=CENTRE, api=api)
    asker.clock.now = datetime(2025, 6, 15, 0, 30, tzinfo=UTC).timestamp()
    assert listed(asker) == set()
    assert dict(script.requests[0].url.params) == {"limit": "100", "offset": "0", parameter: "2025-06-15"}


def test_only_the_graphs_that_are_wanted() -> None:
    """``management.graphs`` limits what is exported of a task centre."""
    world = world_with("movie", "fraud")
    for name in ("movie", "fraud", "social"):
        world.projects[PROJECT].centre.submit(Plan(job_type="StartGraph", graph=name, id=name, after=-9, run=1))
    assert listed(Asker(over(world), target=CENTRE, graphs=("movie", "social"))) == {"movie", "social"}


class Imports:
    """A task centre with finished imports whose counts only the details tell."""

    def __init__(self, number: int = 1, graph: str = "movie") -> None:
        self.world = world_with(graph)
        self.graph = graph
        for i in range(number):
            files = (File(kind="edge", name="e.csv", lines=100 + i, failed_lines=i),)
            plan = Plan(job_type="ImportGraph", graph=graph, id=f"import-{i}", after=-9, run=1, files=files)
            self.world.projects[PROJECT].centre.submit(plan)
        self.asker = Asker(over(self.world), target=CENTRE)

    async def details(self, *ids: str, seconds: float = 10.0) -> dict[str, tuple[str, int | None]]:
        """For each import answered: the outcome, and the lines of its first file."""
        answers = await self.asker.details([owed(identity, self.graph) for identity in ids], seconds)
        return {one.job_id: (one.outcome.value, one.files[0].lines if one.files else None) for one in answers}

    def asked(self, path: str) -> int:
        """How many requests ended in ``path``."""
        return sum(entry.path.endswith(path) for entry in self.world.requests.latest)


@pytest.mark.parametrize("graph", ["movie", "电影/1 %"])
@pytest.mark.parametrize("api", ["v2", "v1.0"])
def test_details_are_found_by_the_graphs_id(graph: str, api: str) -> None:
    """The list names the graph; the id that the details want comes from the project's list of graphs, read once."""
    imports = Imports(3, graph)
    imports.asker = Asker(over(imports.world), target=CENTRE, api=api)

    async def main() -> None:
        await imports.asker.ask()
        assert await imports.details("import-0", "import-2") == {
            "import-0": ("answered", 100),
            "import-2": ("answered", 102),
        }
        assert await imports.details("import-1") == {"import-1": ("answered", 101)}

    swift.run(main())
    telemetry = imports.asker.telemetry.requests
    assert telemetry["show_job", "200"] == 3
    assert telemetry["list_graphs", "200"] == 2, "one page, and one that shows that there is no more"


def test_a_project_with_many_graphs() -> None:
    """The id of a graph is found on whichever page of the list of graphs it stands."""
    imports = Imports()
    for i in range(250):
        imports.world.projects[PROJECT].add_graph(f"graph-{i}")
    imports.world.projects[PROJECT].centre.submit(
        Plan(
            job_type="ImportGraph", graph="graph-249", id="late", after=-9, run=1, files=(File(kind="edge", name="e"),)
        )
    )
    imports.graph = "graph-249"

    async def main() -> dict[str, tuple[str, int | None]]:
        await imports.asker.ask()
        return await imports.details("late")

    assert swift.run(main())["late"][0] == "answered"


@pytest.mark.parametrize("fault", ["ignore_offset", "ignore_limit", "page_cap=1"])
def test_a_list_of_graphs_that_is_paged_oddly_ends(fault: str) -> None:
    """The list of graphs is not trusted either."""
    imports = Imports()
    imports.world.projects[PROJECT].add_graph("fraud")
    imports.world.faults.add(parse(f"{fault},path=/v2/{PROJECT}/graphs"))

    async def main() -> dict[str, tuple[str, int | None]]:
        await imports.asker.ask()
        return await imports.details("import-0")

    assert swift.run(main()) == {"import-0": ("answered", 100)}


def test_details_that_are_refused() -> None:
    """A job that the API does not know, or a graph that is gone, is a refusal: the ledger counts those."""
    imports = Imports()

    async def main() -> None:
        await imports.asker.ask()
        assert await imports.details("nobody", "import-0") == {
            "nobody": ("refused", None),
            "import-0": ("answered", 100),
        }
        imports.graph = "gone"
        assert await imports.details("import-0") == {"import-0": ("refused", None)}

    swift.run(main())


def test_a_graph_made_anew_is_found_again() -> None:
    """A graph deleted and made anew under its name has another id: after a refusal it is looked up."""
    imports = Imports()
    project = imports.world.projects[PROJECT]

    async def main() -> None:
        await imports.asker.ask()
        assert await imports.details("import-0") == {"import-0": ("answered", 100)}
        project.remove_graph("movie")
        project.add_graph("movie")
        assert await imports.details("import-0") == {"import-0": ("refused", None)}
        assert await imports.details("import-0") == {"import-0": ("answered", 100)}

    swift.run(main())


def test_one_refusal_is_not_counted_for_the_others() -> None:
    """Of several imports of one graph, those after a refused one are asked about all the same."""
    imports = Imports(3)

    async def main() -> dict[str, tuple[str, int | None]]:
        await imports.asker.ask()
        await imports.details("nobody")
        return await imports.details("nobody", "import-0", "nobody-else", "import-1", "import-2")

    outcomes = [outcome for outcome, _ in swift.run(main()).values()]
    assert outcomes == ["refused", "answered", "refused", "answered", "answered"]


def test_a_list_of_graphs_that_is_refused_is_a_refusal() -> None:
    """Where the API answers the question for the graphs with an error, no import is asked about for ever."""
    imports = Imports(2)
    imports.world.faults.add(parse(f"error=GES.0001,path=/v2/{PROJECT}/graphs"))

    async def main() -> dict[str, tuple[str, int | None]]:
        await imports.asker.ask()
        return await imports.details("import-0", "import-1")

    assert {outcome for outcome, _ in swift.run(main()).values()} == {"refused"}


@pytest.mark.parametrize("fault", ["status=500", "status=403", "throttle=100", "html"])
def test_details_that_fail_are_to_be_tried_again(fault: str) -> None:
    """A passing error is no answer."""
    imports = Imports()

    async def main() -> None:
        await imports.asker.ask()
        await imports.details("import-0")
        imports.world.faults.add(parse(f"{fault},graph={next(iter(instances(imports)))}"))
        assert await imports.details("import-0") == {"import-0": ("again", None)}

    swift.run(main())


def instances(imports: Imports) -> list[str]:
    """The ids of the graphs."""
    return [instance.id for instance in imports.world.projects[PROJECT].instances.values()]


def test_odd_details_are_counted() -> None:
    """What could not be read in them, and words that nobody knows, show in the exporter's own metrics."""
    file = {"status": "odd", "total_lines": "many", "failed_lines": 0}
    job = {"job_id": "a", "status": "success", "job_name": "ImportGraph", "job_detail": {"edgeset_path": [file]}}
    script = Script(
        answered({"job_count": 0, "job_list": []}),
        answered({"graphs": [{"id": "g", "name": "movie"}]}),
        answered({"graphs": []}),
        answered(job),
    )
    asker = Asker(script, target=CENTRE)

    async def main() -> None:
        await asker.ask()
        await asker.details([owed("a", "movie")], 10)

    swift.run(main())
    assert (asker.telemetry.parse_errors.total(), asker.telemetry.unknown_values.total()) == (1, 1)


@pytest.mark.parametrize("fault", ["status=500", "throttle=100", "throttle=1"])
def test_details_that_fail_do_not_fail_the_target(fault: str) -> None:
    """However often and however badly the details go wrong, the list is asked for, and the target is up."""
    imports = Imports(20)

    async def main() -> None:
        await imports.asker.ask()
        imports.world.faults.add(parse(f"{fault},graph={instances(imports)[0]}"))
        for _ in range(3):
            await imports.details(*(f"import-{i}" for i in range(20)))
            assert not (await imports.asker.node()).reason

    swift.run(main())


def test_details_that_hang_do_not_keep_others_from_being_asked() -> None:
    """Each question has a time of its own: what is answered is kept, what is not is tried again later."""
    imports = Imports(3)

    async def main() -> tuple[dict[str, tuple[str, int | None]], float]:
        await imports.asker.ask()
        await imports.details("import-0")
        imports.world.faults.add(parse(f"hang,path=/v2/{PROJECT}/graphs/{instances(imports)[0]}/jobs/import-1"))
        begin = swift.now()
        answers = await imports.details("import-0", "import-1", "import-2", seconds=5.0)
        return answers, swift.now() - begin

    answers, took = swift.run(main())
    assert answers == {"import-0": ("answered", 100), "import-1": ("again", None), "import-2": ("answered", 102)}
    assert took == pytest.approx(2.5)


def test_many_details_that_hang_end_with_the_deadline() -> None:
    """However many there are, the target is not late because of them."""
    imports = Imports(20)

    async def main() -> tuple[dict[str, tuple[str, int | None]], float]:
        await imports.asker.ask()
        await imports.details("import-0")
        imports.world.faults.add(parse(f"hang,path=/v2/{PROJECT}/graphs/{instances(imports)[0]}/jobs"))
        begin = swift.now()
        answers = await imports.details(*(f"import-{i}" for i in range(20)), seconds=4.0)
        return answers, swift.now() - begin

    answers, took = swift.run(main())
    assert {outcome for outcome, _ in answers.values()} == {"again"}
    assert len(answers) < 20
    assert 3.5 < took < 4.0


def test_no_details_on_the_service_plane() -> None:
    """A graph's own list leaves nothing out that could be asked for."""
    world = world_with("movie")
    asker = Asker(over(world))

    async def main() -> int:
        await asker.ask()
        return len(await asker.details([owed("movie-1")]))

    assert swift.run(main()) == 0
