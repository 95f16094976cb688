"""What a configuration says of each target, and of the jobs that are expected."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ges_exporter.config import NoCredentials, Secret, TargetSettings, Threshold, Tls
from ges_exporter.model import Plane, Target
from tests.settings import ENDPOINT, minimal, only_target, parsed, with_graph, with_project

TOKEN = {"type": "token", "token": "t"}
PASSWORD = {"type": "password", "domain": "d", "username": "u", "password": "p"}


def test_the_task_centre_comes_before_the_graphs() -> None:
    """Targets are in the order of the file, each project's task centre first."""
    graphs = [{"name": "b", "endpoint": ENDPOINT}, {"name": "a", "endpoint": ENDPOINT}]
    project = {"project_id": "p", "region": "r", "graphs": graphs, "management": {}}
    config = parsed({"projects": [{"name": "two", **project}, {"name": "one", **project}]})
    assert [target.target for target in config.targets()] == [
        Target(project, graph, Plane.SERVICE if graph else Plane.MANAGEMENT)
        for project in ("two", "one")
        for graph in ("", "b", "a")
    ]


def test_a_task_centre() -> None:
    """It has the project's facts, the region's endpoint, and times in UTC."""
    management = {"api": "v1.0", "graphs": ["movie"], "lookback": "1d", "details": False, "tls": {"ca_file": "/ca"}}
    assert only_target(with_project(region="cn-north-4", management=management)) == TargetSettings(
        target=Target("demo", "", Plane.MANAGEMENT),
        project_id="p",
        endpoints=("https://ges.cn-north-4.myhuaweicloud.com",),
        api="v1.0",
        region="cn-north-4",
        tls=Tls(ca_file="/ca"),
        zone="UTC",
        graphs=("movie",),
        lookback=86_400,
    )


def test_a_graph() -> None:
    """What a graph says of itself goes before what its project says."""
    content = with_project(
        region="r",
        credentials="user",
        proxy="http://proxy:3128",
        graphs=[
            {
                "name": "movie",
                "endpoints": ["https://a.b:8443/", "https://[FD00::0:1]"],
                "api": "database",
                "timezone": "-3:30",
                "credentials": "key",
                "proxy": "https://u:p@other",
                "tls": {"server_name": "movie.internal"},
            },
            {"name": "fraud", "endpoint": ENDPOINT},
        ],
    )
    movie, fraud = parsed({**content, "credentials": {"user": PASSWORD, "key": TOKEN}}).targets()
    assert movie == TargetSettings(
        target=Target("demo", "movie", Plane.SERVICE),
        project_id="p",
        endpoints=("https://a.b:8443", "https://[fd00::1]"),
        api="database",
        region="r",
        credentials="key",
        proxy=Secret("https://u:p@other"),
        tls=Tls(server_name="movie.internal"),
        zone="-03:30",
    )
    assert (fraud.credentials, fraud.proxy) == ("user", Secret("http://proxy:3128"))


def test_a_graph_may_do_without_what_its_project_has() -> None:
    """Credentials and a proxy that are none are none."""
    graph = {"name": "movie", "endpoint": ENDPOINT, "credentials": "none", "proxy": "none"}
    content = with_project(region="r", credentials="key", proxy="http://proxy", graphs=[graph])
    config = parsed({**content, "credentials": {"key": TOKEN}})
    (target,) = config.targets()
    assert (target.credentials, target.proxy) == ("", None)
    assert config.credentials_of(target) == NoCredentials()


def test_the_iam_of_a_password() -> None:
    """Tokens are had where the credentials say, else in the project's region."""
    content = {
        "credentials": {"here": PASSWORD, "there": {**PASSWORD, "iam_endpoint": "https://iam.example.com/"}},
        "projects": [
            {"name": "a", "project_id": "p", "region": "r1", "credentials": "here", "management": {}},
            {"name": "b", "project_id": "p", "region": "r2", "credentials": "here", "management": {}},
            {"name": "c", "project_id": "p", "region": "r2", "credentials": "there", "management": {}},
            {"name": "d", "project_id": "p", "region": "r2", "management": {}},
        ],
    }
    assert [target.iam_endpoint for target in parsed(content).targets()] == [
        "https://iam.r1.myhuaweicloud.com",
        "https://iam.r2.myhuaweicloud.com",
        "https://iam.example.com",
        "",
    ]


@pytest.mark.parametrize(
    ("graph", "plain"),
    [
        ({"endpoint": "http://10.0.0.5"}, True),
        ({"endpoints": [ENDPOINT, "http://localhost:8080"]}, True),
        ({"endpoint": "http://8.8.8.8", "allow_plain_http": True}, True),
        ({"endpoint": "https://10.0.0.5"}, False),
        ({"endpoint": "http://10.0.0.5", "credentials": "none"}, False),
        ({"endpoint": "http://8.8.8.8", "credentials": "open"}, False),
        ({"endpoint": ENDPOINT, "credentials": "login"}, True),
    ],
)
def test_credentials_over_plain_http_are_marked(graph: dict[str, object], plain: bool) -> None:
    """It can be told which targets get credentials over plain http, so that the log says it."""
    login = {**PASSWORD, "iam_endpoint": "http://127.0.0.1:8080"}
    credentials = {"key": TOKEN, "open": {"type": "none"}, "login": login}
    content = with_project(credentials="key", graphs=[{"name": "movie", **graph}])
    assert only_target({**content, "credentials": credentials}).plain_http is plain


def test_what_has_not_changed_is_equal() -> None:
    """Targets and credentials of two readings compare and hash by value, secrets included."""
    content = with_graph(proxy="http://u:p@proxy", credentials="key")
    one, two = (parsed({**content, "credentials": {"key": TOKEN}}) for _ in range(2))
    assert one == two
    assert len({*one.targets(), *two.targets()}) == 1
    assert len({one.credentials["key"], two.credentials["key"]}) == 1
    assert replace(one.targets()[0], proxy=Secret("http://u:q@proxy")) != two.targets()[0]
    assert parsed({**content, "credentials": {"key": {**TOKEN, "token": "u"}}}) != two


def threshold(**keys: object) -> Threshold:
    """A threshold with ``keys`` and some value."""
    return parsed(minimal(thresholds=[{"max_duration": "1h", **keys}])).thresholds[0]


LABELS = ("prod", "movie", "service", "ImportGraph", "")


@pytest.mark.parametrize(
    ("keys", "matches"),
    [
        ({}, True),
        ({"project": "prod", "graph": "movie", "plane": "service", "job_type": "ImportGraph", "algorithm": ""}, True),
        ({"graph": "mov.*"}, True),
        ({"graph": "mov"}, False),
        ({"graph": "ovie"}, False),
        ({"graph": "fraud|movie"}, True),
        ({"graph": "movie|fraud"}, True),
        ({"project": "demo"}, False),
        ({"plane": "management"}, False),
        ({"job_type": "importgraph"}, False),
        ({"algorithm": ".+"}, False),
    ],
)
def test_thresholds_match_whole_labels(keys: dict[str, str], matches: bool) -> None:
    """Every expression given must match its label from end to end; what is not given matches all."""
    assert threshold(**keys).matches(*LABELS) is matches


@pytest.mark.parametrize(
    ("keys", "literal"),
    [
        ({}, LABELS),
        ({"algorithm": ""}, LABELS),
        ({"algorithm": "pagerank"}, (*LABELS[:4], "pagerank")),
        ({"algorithm": ".*"}, LABELS),
        ({"algorithm": "page.*"}, None),
        ({"graph": "mov.*"}, None),
        ({"graph": r"a\.b"}, None),
        ({"graph": "a-b c"}, ("prod", "a-b c", "service", "ImportGraph", "")),
        ({"graph": ""}, ("prod", "", "service", "ImportGraph", "")),
    ],
)
def test_thresholds_that_name_their_labels(
    keys: dict[str, str], literal: tuple[str, str, str, str, str] | None
) -> None:
    """A rule without special characters tells its labels before such a job was seen, unless it would not match them."""
    named = {"project": "prod", "graph": "movie", "plane": "service", "job_type": "ImportGraph"}
    assert threshold(**{**named, **keys}).literal == literal


@pytest.mark.parametrize("left_out", ["project", "graph", "plane", "job_type"])
def test_thresholds_that_leave_a_label_open(left_out: str) -> None:
    """A rule that does not name all four labels names none."""
    named = {"project": "prod", "graph": "movie", "plane": "service", "job_type": "ImportGraph"}
    del named[left_out]
    assert threshold(**named).literal is None


def test_the_values_of_a_threshold() -> None:
    """They are seconds, and absent where not given."""
    rule = threshold(expected_interval="24h")
    assert (rule.expected_interval, rule.max_duration, rule.max_pending) == (86_400, 3600, None)
