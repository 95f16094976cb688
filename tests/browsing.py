"""What people see: pages as a browser takes them, and a world worth looking at."""

from __future__ import annotations

from html.parser import HTMLParser

from ges_exporter.simulator import Plan, World
from tests.serving import small_world
from tests.simulated import PROJECT

OOM = "Running algorithm [pagerank] error: not enough memory, required 48.2GB, available 31.7GB"


def busy_world() -> World:
    """On ``movie`` a failure, a running and a pending job; in the task centre a partial failure, of ``movie``, too."""
    world = small_world()
    project = world.projects[PROJECT]
    movie = project.graphs["movie"].jobs
    movie.submit(
        Plan(id="oom", job_type="Algorithm", algorithm="pagerank", after=-130, run=125, outcome="failed", reason=OOM)
    )
    movie.submit(Plan(id="good", job_type="Algorithm", algorithm="louvain", after=-60, run=5))
    movie.submit(Plan(id="run", job_type="Algorithm", algorithm="louvain", after=-30, run=100))
    movie.submit(Plan(id="wait", job_type="ImportGraph", after=-5, wait=60, run=10))
    project.centre.submit(
        Plan(id="part", job_type="ImportGraph", graph="movie", after=-600, run=60, outcome="partiallyFailed")
    )
    project.centre.submit(Plan(id="other", job_type="ImportGraph", graph="fraud", after=-600, run=60, outcome="failed"))
    return world


class Reader(HTMLParser):
    """What a browser would make of a page: its elements, their attributes, its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[str] = [""]
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes an element."""
        self.elements.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        """Notes text."""
        self.text += data if self.elements[-1] != "style" else ""
