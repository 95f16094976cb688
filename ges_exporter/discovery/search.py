"""One project's discovery: asks on its interval, beside the scrapes, and keeps what it was told last."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping

import structlog

from ges_exporter.client import Finder, Graphs
from ges_exporter.config import Credentials, Discovery, Project, TargetSettings, discovery_target
from ges_exporter.deadline import Deadline
from ges_exporter.discovery.finding import Answer, Finding, Unusable, clusters_of, find
from ges_exporter.errors import ApiError, HttpClientError, TargetError
from ges_exporter.model import Graph

LONGEST = 60.0
"""Seconds that the list of graphs may take, and after it all clusters together."""
LONGEST_OF_A_CLUSTER = 10.0
CLUSTERS_AT_ONCE = 16
PATIENCE = 3
"""Searches in a row in which a graph may be missing from a list that is not whole, before it is gone."""
FIRST_PAUSE = 15.0
"""Seconds after a failed discovery before the next; each further one waits twice as long, up to the interval."""

_log = structlog.get_logger(__name__)


class Search:
    """What is known of one project's graphs; ``on_change`` is told when other targets are found."""

    def __init__(  # noqa: PLR0913 - the world is injected
        self,
        project: Project,
        credentials: Mapping[str, Credentials],
        finder: Finder,
        *,
        clean: Callable[[str], str],
        on_change: Callable[[], None],
        clock: Callable[[], float] = time.time,
        jitter: Callable[[], float] = random.random,
        sources: Mapping[str, str] | None = None,
    ) -> None:
        self.project = project
        self.finding = Finding()
        self.errors: Counter[str] = Counter()
        """By reason."""
        self.last_success: float | None = None
        """Unix seconds of the last time that everything was told."""
        self.looked = asyncio.Event()
        """Set once it has been tried, however that went."""
        self._settings = discovery_target(project, credentials)
        self._discovery = project.discovery or Discovery()
        self._credentials = credentials
        self._finder = finder
        self._clean = clean
        self._on_change = on_change
        self._clock = clock
        self._jitter = jitter
        self._answer = Answer()
        self._left_out: frozenset[str] = frozenset()
        self._sources = dict(sources or {})
        """By the name of a graph: which of that name was watched last, also before a start."""
        self._missed: dict[str, int] = {}
        """By the id of a graph: searches in a row in which the list, not being whole, did not show it."""
        self._refused: frozenset[str] = frozenset()
        """The ids of the clusters that would not tell their graphs in the last search."""
        self._failures = 0
        self._due = 0.0
        self._task: asyncio.Task[None] | None = None

    def follow(self, other: Search) -> None:
        """Takes the place of the search of the same project under another configuration."""
        self.errors = other.errors
        place, before = self._settings, other._settings
        if (place.project_id, place.endpoints, place.api) != (before.project_id, before.endpoints, before.api):
            return
        self.last_success, self._answer = other.last_success, other._answer
        self._left_out, self._missed, self._refused = other._left_out, other._missed, other._refused
        now = asyncio.get_running_loop().time()
        self._due = min(other._due, now + self._discovery.interval)
        if (self.project, self._credentials) == (other.project, other._credentials):
            self._failures = other._failures
        elif other._failures or not self._opened:
            # What has just been changed may be what failed, or kept a cluster from being asked.
            self._due = min(other._due, now)
        self._sources |= other._sources
        self._find()
        if other.looked.is_set():
            self.looked.set()

    @property
    def _opened(self) -> bool:
        """Whether every cluster that is to be asked has told its graphs."""
        clusters, _ = clusters_of(self.project, self._credentials, self._answer.graphs)
        return all(cluster.id in self._answer.inside for cluster, _ in clusters)

    def start(self, delay: float) -> asyncio.Task[None]:
        """Begins to look, after ``delay`` seconds or when the search before would have looked again."""
        if self._settings.plain_http and not self._due:
            _log.warning("credentials are sent over plain http", targets=[f"{self.project.name}/discovery"])
        loop = asyncio.get_running_loop()
        self._task = asyncio.create_task(self._keep_looking(max(delay, self._due - loop.time())))
        return self._task

    async def _keep_looking(self, pause: float) -> None:
        try:
            while True:
                await asyncio.sleep(pause)
                pause = await self._look()
                self._due = asyncio.get_running_loop().time() + pause
                self.looked.set()
        finally:
            self.looked.set()

    async def _look(self) -> float:
        """Asks once; returns after how many seconds to ask again."""
        interval = self._discovery.interval
        try:
            listed = await self._finder.graphs(self._settings, _deadline(LONGEST))
        except TargetError as error:
            self._note(error, "the graphs of a project cannot be found")
            whole = False
        else:
            whole = await self._take(listed)
        if not whole:
            self._failures = min(self._failures + 1, 16)
            return min(interval, FIRST_PAUSE * 2.0 ** (self._failures - 1))
        if self._failures:
            _log.info("the graphs of a project are found again", project=self.project.name)
        self._failures, self.last_success = 0, self._clock()
        # So that many projects, and many exporters, do not stay in step.
        return interval * (0.9 + 0.2 * self._jitter())

    async def _take(self, listed: Graphs) -> bool:
        """Notes what was listed; returns whether the clusters in it told all of theirs."""
        graphs = self._graphs_of(listed)
        clusters, shut = clusters_of(self.project, self._credentials, graphs)
        inside = await self._open_all(clusters)
        known = {graph.id for graph in graphs}
        kept = {cluster: names for cluster, names in self._answer.inside.items() if cluster in known}
        self._answer = Answer(graphs, kept | inside)
        before = self.finding
        self._find()
        self._note_left_out({**self.finding.left_out, **shut})
        if before.targets != self.finding.targets:
            self._note_change(before)
            self._on_change()
        return len(inside) == len(clusters)

    def _find(self) -> None:
        self.finding = find(self.project, self._credentials, self._answer, self._sources)
        self._sources |= self.finding.sources

    def _graphs_of(self, listed: Graphs) -> tuple[Graph, ...]:
        """Returns what was listed, and what is missing from a list that is not whole, for a few times."""
        graphs = tuple(listed.graphs)
        missing = () if listed.complete else _missing(self._answer.graphs, graphs)
        self._missed = {graph.id: self._missed.get(graph.id, 0) + 1 for graph in missing}
        return graphs + tuple(graph for graph in missing if self._missed[graph.id] <= PATIENCE)

    async def _open_all(self, clusters: list[tuple[Graph, TargetSettings]]) -> dict[str, tuple[str, ...]]:
        """Returns the names in each cluster that answered, by its id."""
        places, deadline = asyncio.Semaphore(CLUSTERS_AT_ONCE), _deadline(LONGEST)
        refused: set[str] = set()
        told = await asyncio.gather(*(self._open(*cluster, places, deadline, refused) for cluster in clusters))
        self._refused = frozenset(refused)
        return {graph.id: names for (graph, _), names in zip(clusters, told, strict=True) if names is not None}

    async def _open(
        self,
        cluster: Graph,
        settings: TargetSettings,
        places: asyncio.Semaphore,
        deadline: Deadline,
        refused: set[str],
    ) -> tuple[str, ...] | None:
        known = self._answer.inside.get(cluster.id, ())
        try:
            async with places:
                listed = await self._finder.inside(settings, _deadline(min(LONGEST_OF_A_CLUSTER, deadline.remaining)))
        except TargetError as error:
            # Those of 100 billion edges do not know the question: they hold one graph, of their own name. Another error
            # may mean the same, or pass: it is believed the second time.
            if isinstance(error, ApiError | HttpClientError) and known in {(), (cluster.name,)}:
                refused.add(cluster.id)
                if known or error.status == 404 or cluster.id in self._refused:
                    return (cluster.name,)
            self._note(error, "the graphs of a cluster cannot be found", cluster=cluster.name)
            return None
        names = [graph.name for graph in listed.graphs]
        return tuple(dict.fromkeys(names if listed.complete else [*names, *known]))

    def _note(self, error: TargetError, what: str, **where: str) -> None:
        self.errors[error.reason] += 1
        # Said once; the metrics tell how long it lasts.
        log = _log.debug if self._failures else _log.warning
        log(what, project=self.project.name, **where, reason=error.reason, message=self._clean(str(error)))

    def _note_left_out(self, left_out: Mapping[str, Unusable]) -> None:
        for name, unusable in left_out.items():
            self.errors[unusable.reason] += 1
            if name not in self._left_out:
                why = self._clean(str(unusable))
                _log.warning("a graph that was found is not watched", project=self.project.name, graph=name, why=why)
        self._left_out = frozenset(left_out)

    def _note_change(self, before: Finding) -> None:
        now, then = ([one.target.graph for one in finding.targets] for finding in (self.finding, before))
        came, went = [name for name in now if name not in set(then)], [name for name in then if name not in set(now)]
        _log.info("other graphs are found", project=self.project.name, number=len(now), came=came, went=went)


def _deadline(seconds: float) -> Deadline:
    return Deadline(asyncio.get_running_loop().time() + seconds)


def _missing(before: Iterable[Graph], now: Iterable[Graph]) -> tuple[Graph, ...]:
    listed = {graph.id for graph in now}
    return tuple(graph for graph in before if graph.id not in listed)
