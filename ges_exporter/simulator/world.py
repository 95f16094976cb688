"""The simulated world: projects, the graphs in them, the nodes of a graph, and their lists of jobs."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Literal

from ges_exporter.simulator.faults import Fault, Faults
from ges_exporter.simulator.iam import Iam
from ges_exporter.simulator.joblist import Clock, JobList
from ges_exporter.simulator.requestlog import RequestLog

Edition = Literal["memory", "database", "hundred_billion"]

SERVING = frozenset({"200", "202", "204", "205"})
"""The status codes of an instance that answers on the service plane."""


@dataclass
class Instance:
    """What the graphs list of the management plane shows: a graph, or a database-edition cluster of graphs."""

    id: str
    name: str
    edition: Edition = "memory"
    status: str = "200"
    version: str = "2.4.12"
    size_index: str = "1"
    enable_https: bool = False
    private_ip: str = "127.0.0.1"
    """Floating: it leads to whichever node is in charge."""
    public_ip: str = ""
    graphs: dict[str, Graph] = field(default_factory=dict)

    @property
    def node_ips(self) -> list[str]:
        """The nodes' own addresses."""
        return list(dict.fromkeys(ip for graph in self.graphs.values() for ip in graph.nodes))


@dataclass
class Graph:
    """A graph that answers on the service plane; each of its nodes keeps a list of its own."""

    name: str
    instance: Instance
    nodes: dict[str, JobList]
    floating: str
    """The node that the instance's floating address leads to."""
    utc_offset: float = 8 * 3600.0
    """Seconds that the nodes' clocks are ahead of UTC."""

    @property
    def edition(self) -> Edition:
        """Which of the service plane's shapes it speaks."""
        return self.instance.edition

    @property
    def jobs(self) -> JobList:
        """The list of the node in charge."""
        return self.nodes[self.floating]

    def at(self, host: str) -> JobList:
        """The list behind an address: the node's own, or with any other address that of the node in charge."""
        if host == self.instance.private_ip:
            return self.jobs
        return self.nodes.get(host, self.jobs)


class Project:
    """A project: its task centre and its graphs."""

    def __init__(self, world: World, name: str, project_id: str) -> None:
        self.name = name
        self.id = project_id
        self.centre = JobList(world.clock, world.hex_id)
        self.instances: dict[str, Instance] = {}
        """By name."""
        self.graphs: dict[str, Graph] = {}
        """By the name in the service plane's paths."""
        self.world = world

    def add_instance(self, name: str, edition: Edition = "memory") -> Instance:
        """Add an instance without graphs, such as a cluster that is going to hold some."""
        instance = self.instances[name] = Instance(self.world.uuid(), name, edition)
        return instance

    def add_graph(
        self, name: str, edition: Edition = "memory", *, node: str = "127.0.0.1", instance: Instance | None = None
    ) -> Graph:
        """Add a graph, in an instance of its own name or in a cluster; ``node`` is its first node's address."""
        instance = instance or self.add_instance(name, edition)
        graph = Graph(name, instance, {}, node)
        instance.graphs[name] = self.graphs[name] = graph
        self.add_node(graph, node)
        return graph

    def add_node(self, graph: Graph, host: str) -> JobList:
        """Give ``graph`` one more node with an empty list of its own, reached at ``host``."""
        jobs = graph.nodes[host] = JobList(self.world.clock, self.world.service_id)
        return jobs

    def remove_graph(self, name: str) -> None:
        """Delete an instance and the graphs in it."""
        for graph in self.instances.pop(name).graphs:
            del self.graphs[graph]


class World:
    """Everything there is; ``clock`` returns Unix seconds, ``seed`` makes ids and schedules repeatable."""

    def __init__(self, clock: Clock = time.time, *, seed: int = 0, faults: Iterable[Fault] = ()) -> None:
        self.clock = clock
        self.seed = seed
        self.born = clock()
        self.faults = Faults(faults)
        self.iam = Iam(clock)
        self.requests = RequestLog()
        self.projects: dict[str, Project] = {}
        """By id."""
        self.advertise_port = True
        """Whether the graphs list gives ``IP:port``, with the port that was asked, in place of a bare IP."""
        self._random = Random(seed)  # noqa: S311 - ids, no secrets

    @property
    def elapsed(self) -> float:
        """Seconds since the beginning."""
        return self.clock() - self.born

    def add_project(self, name: str, project_id: str = "") -> Project:
        """Add a project; by default with a new id of 32 hex digits."""
        project = Project(self, name, project_id or self.hex_id())
        self.projects[project.id] = project
        return project

    def lists(self) -> Iterator[JobList]:
        """All lists of jobs: the task centres' and the nodes'."""
        for project in self.projects.values():
            yield project.centre
            for graph in project.graphs.values():
                yield from graph.nodes.values()

    def uuid(self) -> str:
        """A new UUID."""
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def hex_id(self) -> str:
        """A new id as the management plane makes them: 32 hex digits."""
        return f"{self._random.getrandbits(128):032x}"

    def service_id(self) -> str:
        """A new job id as the service plane makes them: a UUID and nine digits."""
        return f"{self.uuid()}001680206"
