"""From a list of graphs to targets: which are watched, where and how; no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from ges_exporter.config import TargetSettings, Tls
from ges_exporter.discovery.finding import Answer, Finding, clusters_of, find
from ges_exporter.model import Graph
from tests.discovering import configured

RUNNING = ("200", "202", "204", "205")
OTHERS = ("100", "201", "203", "206", "207", "208", "210", "211", "300", "303", "400", "800", "900", "901", "920", "7")


def graph(name: str = "movie", status: str = "200", **facts: Any) -> Graph:  # noqa: ANN401 - of a `Graph`
    """A running graph in the memory edition, reached by http at 10.0.0.5 unless ``facts`` say otherwise."""
    facts = {"private_ip": "10.0.0.5", "product_type": "InMemory"} | facts
    return Graph(facts.pop("id", f"id-{name}"), name, status, **facts)


def cluster(name: str = "kg", status: str = "200", **facts: Any) -> Graph:  # noqa: ANN401 - as above
    """A cluster of the database edition."""
    return graph(name, status, product_type="Persistence", **facts)


def found(
    *graphs: Graph,
    inside: Mapping[str, tuple[str, ...]] | None = None,
    credentials: str = "open",
    watched: Mapping[str, str] | None = None,
    **discovery: object,
) -> Finding:
    """What a project's discovery makes of a list; ``inside`` has the graphs in clusters by the clusters' names."""
    config = configured(discovery, credentials=credentials)
    named = {f"id-{name}": names for name, names in (inside or {}).items()}
    return find(config.projects[0], config.credentials, Answer(graphs, named), watched)


def only(finding: Finding) -> TargetSettings:
    """The one target that was found."""
    (target,) = finding.targets
    return target


def names(finding: Finding) -> list[str]:
    """The graphs that are watched."""
    return [target.target.graph for target in finding.targets]


def reasons(finding: Finding) -> dict[str, str]:
    """Why running graphs are not watched."""
    return {name: unusable.reason for name, unusable in finding.left_out.items()}


def test_only_graphs_that_answer_are_watched() -> None:
    """Running, importing, exporting, clearing; every other code, known or not, is shown but not watched."""
    finding = found(*(graph(f"g{code}", code) for code in (*RUNNING, *OTHERS)))
    assert names(finding) == [f"g{code}" for code in RUNNING]
    assert set(finding.graphs) == {f"g{code}" for code in (*RUNNING, *OTHERS)}
    assert finding.left_out == {}


@pytest.mark.parametrize(
    ("facts", "discovery", "endpoints"),
    [
        ({}, {}, ["http://10.0.0.5"]),
        ({"https": True}, {}, ["https://10.0.0.5"]),
        ({"https": True}, {"scheme": "http"}, ["http://10.0.0.5"]),
        ({}, {"scheme": "https"}, ["https://10.0.0.5"]),
        ({"private_ip": "10.0.0.5:8080"}, {}, ["http://10.0.0.5:8080"]),
        ({"private_ip": "10.0.0.5:443", "https": True}, {}, ["https://10.0.0.5:443"]),
        ({"private_ip": "FD00::5"}, {}, ["http://[fd00::5]"]),
        ({"private_ip": "[fd00::5]:8443", "https": True}, {}, ["https://[fd00::5]:8443"]),
        ({"private_ip": "graph.internal"}, {}, ["http://graph.internal"]),
        ({"public_ip": "8.8.8.8", "https": True}, {"address": "public"}, ["https://8.8.8.8"]),
        ({"traffic_ips": ("10.0.0.6",)}, {"address": "traffic"}, ["http://10.0.0.6"]),
        (
            {"traffic_ips": ("10.0.0.6", "10.0.0.7:81", "", "10.0.0.6"), "https": True},
            {"address": "traffic"},
            ["https://10.0.0.6", "https://10.0.0.7:81"],
        ),
    ],
)
def test_where_a_graph_is_asked(facts: dict[str, Any], discovery: dict[str, Any], endpoints: list[str]) -> None:
    """At the kind of address that is wanted, every node's for traffic, by the scheme that is said or told."""
    assert list(only(found(graph(**facts), **discovery)).endpoints) == endpoints


@pytest.mark.parametrize(
    ("facts", "discovery"),
    [
        ({"private_ip": ""}, {}),
        ({}, {"address": "public"}),
        ({}, {"address": "traffic"}),
        ({"traffic_ips": ("", "")}, {"address": "traffic"}),
        ({"private_ip": "10.0.0.5/path"}, {}),
        ({"private_ip": "user:secret@10.0.0.5"}, {}),
        ({"private_ip": "10.0.0.5,10.0.0.6"}, {}),
        ({"private_ip": "10.0.0.5:0"}, {}),
        ({"private_ip": "fe80::1%eth0"}, {}),
        ({"private_ip": "\n"}, {}),
    ],
)
def test_a_graph_without_a_sound_address_is_left_out(facts: dict[str, Any], discovery: dict[str, Any]) -> None:
    """It is neither guessed nor fatal: the others are watched."""
    finding = found(graph(**facts), graph("fraud", public_ip="10.0.0.9", traffic_ips=("10.0.0.9",)), **discovery)
    assert (names(finding), reasons(finding)) == (["fraud"], {"movie": "address"})


@pytest.mark.parametrize(
    ("discovery", "expected"),
    [
        ({}, ["fraud-1", "fraud-2", "movie", "movie-old"]),
        ({"include": ["movie"]}, ["movie"]),
        ({"include": ["fraud-.*", "movie"]}, ["fraud-1", "fraud-2", "movie"]),
        ({"include": ["raud"]}, []),
        ({"exclude": [".*-old", "fraud-2"]}, ["fraud-1", "movie"]),
        ({"exclude": ["movie"]}, ["fraud-1", "fraud-2", "movie-old"]),
        ({"include": ["movie.*"], "exclude": ["movie"]}, ["movie-old"]),
        ({"include": []}, []),
    ],
)
def test_include_and_exclude(discovery: dict[str, Any], expected: list[str]) -> None:
    """Expressions match the whole name, whoever is excluded is not included; what is not wanted is not shown."""
    finding = found(*(graph(name) for name in ("movie-old", "movie", "fraud-2", "fraud-1")), **discovery)
    assert names(finding) == expected
    assert list(finding.graphs) == expected


def test_the_first_settings_that_match_count() -> None:
    """And all of them; a graph that none matches is asked as the project says."""
    settings = [
        {"match": "fraud-1", "timezone": "Asia/Singapore", "api": "memory", "tls": {"ca_file": "/ca.pem"}},
        {"match": "fraud-.*", "credentials": "open", "proxy": "http://10.0.0.8:3128"},
        {"match": ".*1", "timezone": "UTC"},
    ]
    config = configured({"graphs": settings}, credentials="key", region="r1", proxy="http://10.0.0.7:3128")
    answer = Answer(tuple(graph(name) for name in ("fraud-1", "fraud-2", "movie")))
    one, two, movie = find(config.projects[0], config.credentials, answer).targets
    assert (one.zone, one.api, one.tls, one.credentials) == ("Asia/Singapore", "memory", Tls(ca_file="/ca.pem"), "key")
    assert (two.zone, two.api, two.credentials) == ("auto", "auto", "open")
    assert [proxy and proxy.reveal() for proxy in (one.proxy, two.proxy)] == [
        "http://10.0.0.7:3128",
        "http://10.0.0.8:3128",
    ]
    assert (movie.zone, movie.credentials, movie.region, movie.project_id) == ("auto", "key", "r1", one.project_id)


PUBLIC = {"public_ip": "8.8.8.8", "private_ip": "10.0.0.5"}


@pytest.mark.parametrize(
    ("credentials", "discovery", "watched"),
    [
        ("key", {"address": "public"}, False),
        ("key", {"address": "public", "scheme": "https"}, True),
        ("key", {"address": "private"}, True),
        ("open", {"address": "public"}, True),
        ("none", {"address": "public"}, True),
        ("key", {"address": "public", "graphs": [{"match": "movie", "allow_plain_http": True}]}, True),
        ("key", {"address": "public", "graphs": [{"match": "other", "allow_plain_http": True}]}, False),
        ("key", {"address": "public", "graphs": [{"match": "movie", "credentials": "none"}]}, True),
        ("none", {"address": "public", "graphs": [{"match": "movie", "credentials": "key"}]}, False),
    ],
)
def test_credentials_never_go_over_plain_http_to_a_public_address(
    credentials: str, discovery: dict[str, Any], watched: bool
) -> None:
    """A graph that would need it is left out, unless its settings allow it."""
    finding = found(graph(**PUBLIC), credentials=credentials, **discovery)
    assert names(finding) == (["movie"] if watched else [])
    assert reasons(finding) == ({} if watched else {"movie": "plain_http"})


@pytest.mark.parametrize(("proxy", "watched"), [("http://8.8.8.8:3128", False), ("http://10.0.0.9:3128", True)])
def test_credentials_never_go_over_plain_http_to_a_public_proxy(proxy: str, watched: bool) -> None:
    """A proxy reads what goes to a private address by plain http, and so does whoever is on the way to it."""
    config = configured({"endpoint": "https://10.0.0.1"}, credentials="key", proxy=proxy)
    finding = find(config.projects[0], config.credentials, Answer((graph(),)))
    assert reasons(finding) == ({} if watched else {"movie": "plain_http"})


def test_one_exposed_node_is_enough_to_leave_a_graph_out() -> None:
    """Half of its nodes would be worse than none: nobody would notice."""
    finding = found(graph(traffic_ips=("10.0.0.6", "8.8.8.8")), credentials="key", address="traffic")
    assert reasons(finding) == {"movie": "plain_http"}


def test_a_cluster_is_opened_into_its_graphs() -> None:
    """They are asked at its address and have its facts; it has no job list of its own."""
    finding = found(cluster(https=True), graph("movie"), inside={"kg": ("b", "a")})
    assert names(finding) == ["a", "b", "movie"]
    assert finding.targets[0].endpoints == ("https://10.0.0.5",)
    assert {name: one.id for name, one in finding.graphs.items()} == {
        "kg": "id-kg",
        "a": "id-kg",
        "b": "id-kg",
        "movie": "id-movie",
    }


def test_a_cluster_that_stops_takes_its_graphs_along() -> None:
    """They are shown with its status, and not watched."""
    finding = found(cluster(status="900"), inside={"kg": ("a",)})
    assert names(finding) == []
    assert {name: one.status for name, one in finding.graphs.items()} == {"kg": "900", "a": "900"}


@pytest.mark.parametrize(
    ("discovery", "expected"),
    [
        ({"include": ["a.*"]}, ["a1", "a2"]),
        ({"include": ["kg"]}, []),
        ({"exclude": ["kg"]}, ["c"]),
        ({"exclude": ["a1"]}, ["a2", "c"]),
    ],
)
def test_names_in_a_cluster_are_what_counts(discovery: dict[str, Any], expected: list[str]) -> None:
    """Included are graphs by their own names; whoever excludes a cluster excludes what is in it."""
    finding = found(cluster(), cluster("other"), inside={"kg": ("a1", "a2"), "other": ("c",)}, **discovery)
    assert names(finding) == expected


def test_settings_may_name_the_cluster() -> None:
    """Its certificate is that of all its graphs."""
    rules = [{"match": "kg", "tls": {"ca_file": "/ca.pem"}}]
    assert only(found(cluster(), inside={"kg": ("a",)}, graphs=rules)).tls == Tls(ca_file="/ca.pem")


def test_which_clusters_are_asked() -> None:
    """The running ones that nobody excludes, whatever is included; those that cannot be asked are left out aloud."""
    config = configured({"include": ["a"], "exclude": ["ex"]}, credentials="key")
    graphs = [cluster("kg"), cluster("stopped", "900"), cluster("ex"), graph("movie"), cluster("bad", private_ip="")]
    clusters, left_out = clusters_of(config.projects[0], config.credentials, graphs)
    assert [(one.name, settings.endpoints) for one, settings in clusters] == [("kg", ("http://10.0.0.5",))]
    assert {name: unusable.reason for name, unusable in left_out.items()} == {"bad": "address"}


def test_what_is_configured_is_not_left_out() -> None:
    """It is watched as the configuration says: that it could not be watched where it was found is no news."""
    graphs = [{"name": name, "endpoint": "http://10.0.0.9"} for name in ("movie", "kg")]
    config = configured(graphs=graphs)
    listed = (graph(private_ip=""), graph("fraud", private_ip=""), cluster("kg", private_ip=""))
    assert reasons(find(config.projects[0], config.credentials, Answer(listed))) == {"fraud": "address"}
    assert clusters_of(config.projects[0], config.credentials, listed) == ([], {})


@pytest.mark.parametrize("turned", [False, True])
def test_one_of_two_graphs_of_a_name_is_watched(turned: bool) -> None:
    """Always the same one, whatever the order of the list; the other is left out aloud."""
    clusters = [cluster("kg1", private_ip="10.0.0.1"), cluster("kg2", private_ip="10.0.0.2")]
    finding = found(*clusters[:: -1 if turned else 1], inside={"kg1": ("a",), "kg2": ("a",)})
    assert only(finding).endpoints == ("http://10.0.0.1",)
    assert reasons(finding) == {"kg2/a": "duplicate"}


def test_a_graph_that_is_watched_is_not_given_up_for_another_of_its_name() -> None:
    """As long as it runs: the other's jobs would look like new ones."""
    first, second = cluster("kg1", private_ip="10.0.0.1"), cluster("kg2", private_ip="10.0.0.2")
    inside = {"kg1": ("a",), "kg2": ("a",)}
    before = found(second, inside=inside)
    assert only(found(first, second, inside=inside, watched=before.sources)).endpoints == ("http://10.0.0.2",)
    stopped = msgspec.structs.replace(second, status="900")
    assert only(found(first, stopped, inside=inside, watched=before.sources)).endpoints == ("http://10.0.0.1",)


def test_an_address_that_cannot_be_read_costs_no_other() -> None:
    """One of several nodes is enough to ask a graph."""
    finding = found(graph(traffic_ips=("not an address", "10.0.0.7")), address="traffic")
    assert only(finding).endpoints == ("http://10.0.0.7",)


def test_a_graph_whose_making_failed_does_not_hide_its_successor() -> None:
    """Of two of one name the running one is watched and shown."""
    finding = found(graph(status="303", id="1"), graph(id="2", private_ip="10.0.0.9"))
    assert only(finding).endpoints == ("http://10.0.0.9",)
    assert (finding.graphs["movie"].id, finding.left_out) == ("2", {})


@pytest.mark.parametrize("name", ["", " ", "..", "a\x7fb", "a\x00", "图" * 43])
def test_a_name_that_no_label_can_hold(name: str) -> None:
    """Such a graph is left out aloud, and shown nowhere."""
    finding = found(graph(name), graph("movie"))
    assert (names(finding), list(finding.graphs), reasons(finding)) == (["movie"], ["movie"], {name: "name"})
