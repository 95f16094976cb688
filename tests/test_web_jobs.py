"""``/jobs``: what the reader of an alert looks for, as a page and as JSON."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Callable, Iterable
from typing import Any

import httpx
import pytest

from ges_exporter.recent import KEPT
from ges_exporter.simulator import Fault, Plan, World
from tests.browsing import OOM, Reader, busy_world
from tests.serving import asking, exporting, pages, run, small_world, watching
from tests.simulated import PROJECT, Clock

HOSTILE = """<script>alert(1)</script>"'><img src=x onerror=alert(2)>&lt;b&gt;\x00\x1b\u202e</td></table>"""


def ask(
    path: str, world: World | None = None, headers: dict[str, str] | None = None, *, scrape: bool = True
) -> httpx.Response:
    """The answer to a request after a scrape."""

    async def main() -> httpx.Response:
        async with pages(world or busy_world()) as client:
            if scrape:
                await client.get("/metrics")
            return await client.get(path, headers=headers)

    return run(main)


def found(path: str, world: World | None = None) -> dict[str, tuple[list[str], list[str]]]:
    """By the target's graph: the ids of the active jobs, and of the failures."""
    targets = ask(path, world, {"Accept": "application/json"}).json()["targets"]
    return {target["graph"]: (_ids(target["active"]), _ids(target["failures"])) for target in targets}


def _ids(jobs: Iterable[dict[str, str]]) -> list[str]:
    return [job["job_id"] for job in jobs]


def test_the_page_shows_what_an_alert_is_about() -> None:
    """Type, algorithm, id, begin, duration, progress and the reason, with the time of the listing."""
    answer = ask("/jobs?project=demo&graph=movie")
    text = Reader(answer.text).text
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    for words in ("Algorithm · pagerank", "oom", "failed", OOM, "2 min 5 s", "2025-06-15 15:04:30", "30 %", "pending"):
        assert words in text
    assert "Listed just now, 2025-06-15 15:06:40 UTC" in text


def test_json_tells_the_same() -> None:
    """Times in RFC 3339 and UTC, durations in seconds."""
    target = ask("/jobs?graph=movie&format=json").json()["targets"][0]
    (failure,), active = target["failures"], {job["job_id"]: job for job in target["active"]}
    assert failure == {
        "job_id": "oom",
        "graph": "movie",
        "job_type": "Algorithm",
        "algorithm": "pagerank",
        "status": "failed",
        "begin": "2025-06-15T15:04:30Z",
        "end": "2025-06-15T15:06:35Z",
        "first_seen": "2025-06-15T15:06:40Z",
        "duration_seconds": 125.0,
        "reason": OOM,
    }
    assert (active["run"]["progress_ratio"], active["run"]["begin"]) == (0.3, "2025-06-15T15:06:10Z")
    assert target | {"active": [], "failures": []} == {
        "project": "demo",
        "graph": "movie",
        "plane": "service",
        "region": "simulated",
        "up": True,
        "reason": "",
        "message": "",
        "node_messages": [],
        "listed_at": "2025-06-15T15:06:40Z",
        "listing_age_seconds": 0.0,
        "truncated": False,
        "utc_offset_source": "configured",
        "active": [],
        "failures": [],
    }


EVERYTHING = {"": ([], ["other", "part"]), "movie": (["run", "wait"], ["oom"]), "fraud": ([], [])}
FILTERS: dict[str, dict[str, tuple[list[str], list[str]]]] = {
    "": EVERYTHING,
    "project=demo": EVERYTHING,
    "project=&graph=&status=": EVERYTHING,
    "graph=movie": {"movie": (["run", "wait"], ["oom"]), "": ([], ["part"])},
    "project=demo&graph=fraud": {"fraud": ([], []), "": ([], ["other"])},
    "graph=movie&status=failed": {"movie": ([], ["oom"]), "": ([], ["part"])},
    "graph=movie&status=partially_failed": {"movie": ([], []), "": ([], ["part"])},
    "graph=movie&status=running": {"movie": (["run"], [])},
    "graph=movie&status=pending": {"movie": (["wait"], [])},
    "graph=movie&status=active": {"movie": (["run", "wait"], [])},
    "graph=movie&status=pending&status=failed": {"movie": (["wait"], ["oom"]), "": ([], ["part"])},
    "graph=gone": {"": ([], [])},
}


@pytest.mark.parametrize(("query", "shown"), FILTERS.items(), ids=list(FILTERS))
def test_filters(query: str, shown: dict[str, tuple[list[str], list[str]]]) -> None:
    """An alert's link gives project, graph and status; a graph's jobs are in the task centre, too."""
    jobs = {graph: (sorted(active), sorted(failed)) for graph, (active, failed) in found(f"/jobs?{query}").items()}
    assert jobs == shown


REFUSED = {
    "status=nope": (400, "status: expected active, pending, running, failed, partially_failed, got 'nope'\n"),
    "status=success": (400, "status: expected active, pending, running, failed, partially_failed, got 'success'\n"),
    "format=xml": (400, "format: expected html, json, got 'xml'\n"),
    "project=nope": (404, "the project 'nope' is not watched here; there are demo\n"),
    "project=nope&graph=movie": (404, "the project 'nope' is not watched here; there are demo\n"),
}


@pytest.mark.parametrize(("query", "answer"), REFUSED.items(), ids=list(REFUSED))
def test_what_cannot_be_shown(query: str, answer: tuple[int, str]) -> None:
    """A plain sentence with the words that there are."""
    response = ask(f"/jobs?{query}", scrape=False)
    assert (response.status_code, response.text) == answer


def test_a_graph_that_nothing_could_show_is_unknown() -> None:
    """Without a task centre, whose graphs come and go, the configured names are all there are."""

    def only_movie(url: str) -> dict[str, Any]:
        configuration = watching(url)
        del configuration["projects"][0]["management"]
        return configuration

    async def main() -> httpx.Response:
        async with pages(small_world(), only_movie) as client:
            return await client.get("/jobs?project=demo&graph=gone")

    answer = run(main)
    assert answer.status_code == 404
    assert answer.text == "the graph 'gone' of the project 'demo' is not watched here; there are movie, fraud\n"


NEGOTIATION = {
    "application/json": True,
    "application/json, text/html;q=0.5": True,
    "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8": False,
    "application/json;q=0.1, text/html": False,
    "application/json;q=x": False,
    "*/*": False,
    "": False,
}


@pytest.mark.parametrize(("accept", "json"), NEGOTIATION.items(), ids=list(NEGOTIATION))
def test_who_gets_json(accept: str, json: bool) -> None:
    """Who asks for it by name and wants it more than a page; browsers and curl get the page."""
    kind = ask("/jobs", headers={"Accept": accept}, scrape=False).headers["Content-Type"]
    assert kind.startswith("application/json" if json else "text/html")


def test_the_format_in_the_link_wins() -> None:
    """A link can ask for either."""
    assert ask("/jobs?format=html", headers={"Accept": "application/json"}, scrape=False).text.startswith("<!doctype")


def test_no_api_is_asked() -> None:
    """The page shows the last listing with its age."""

    async def main() -> tuple[httpx.Response, int, int]:
        async with pages(world) as client:
            await client.get("/metrics")
            before = world.requests.asked()
            clock.advance(200)
            return await client.get("/jobs?graph=movie"), before, world.requests.asked()

    clock = Clock()
    world = busy_world()
    world.clock = clock
    page, before, after = run(main)
    assert before == after
    assert "Listed 3 min 20 s ago, 2025-06-15 15:06:40 UTC" in Reader(page.text).text


def test_before_the_first_scrape() -> None:
    """There is nothing to show, and the page says so."""
    text = Reader(ask("/jobs", scrape=False).text).text
    assert "Not listed yet since the exporter was started" in text


def test_while_a_target_is_down_its_last_listing_stays() -> None:
    """With what is wrong, in words."""

    async def main() -> tuple[str, dict[str, Any]]:
        async with pages(world) as client:
            await client.get("/metrics")
            world.faults.add(Fault(kind="status", value=500, graph="movie"))
            await client.get("/metrics", headers={"X-Prometheus-Scrape-Timeout-Seconds": "0.5"})
            page, json = await client.get("/jobs?graph=movie"), await client.get("/jobs?graph=movie&format=json")
            return Reader(page.text).text, json.json()["targets"][0]

    world = busy_world()
    text, target = run(main)
    assert "Down: it has an error of its own: HTTP 500" in text
    assert OOM in text
    assert (target["up"], target["reason"], _ids(target["failures"])) == (False, "http_5xx", ["oom"])


def test_the_newest_fifty_failures() -> None:
    """Of each target, the newest first; all of them in JSON, and on the page of the one target."""
    world = small_world()
    movie = world.projects[PROJECT].graphs["movie"].jobs
    for number in range(2 * KEPT):
        movie.submit(Plan(id=f"{number:03}", job_type="A", after=number - 1000, run=1, outcome="failed"))
    newest = [f"{number:03}" for number in range(2 * KEPT - 1, KEPT - 1, -1)]
    assert found("/jobs?graph=movie", world)["movie"][1] == newest


@pytest.mark.parametrize("field", ["reason", "algorithm", "job_type", "id"])
def test_nothing_that_an_api_says_becomes_html(field: str) -> None:
    """A fail reason, or a name, may hold anything; it stays text."""
    world = small_world()
    plan: dict[str, Any] = {"job_type": "Algorithm", "outcome": "failed", "after": -10.0, "run": 1.0, field: HOSTILE}
    world.projects[PROJECT].graphs["movie"].jobs.submit(Plan(**plan))
    page = Reader(ask("/jobs", world).text)
    assert not {"script", "img", "b"} & set(page.elements)
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert """<script>alert(1)</script>"'><img""" in page.text
    assert not {"\x00", "\x1b", "\u202e"} & set(page.text)


@pytest.mark.parametrize("path", ["/jobs", "/jobs?project=demo&graph=movie&status=failed", "/"])
def test_pages_load_nothing_and_run_nothing(path: str) -> None:
    """No script, no outside resource; the policy allows the page's own style and nothing else."""
    answer = ask(path)
    page = Reader(answer.text)
    assert "script" not in page.elements
    for name, value in page.attributes:
        assert name not in {"src", "style", "srcset"}
        assert name != "href" or not str(value).startswith(("http:", "https:", "//", "/", "javascript:"))
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy


def test_the_style_is_the_one_that_the_policy_allows() -> None:
    """Else browsers would show the page bare."""
    answer = ask("/jobs", scrape=False)
    style = answer.text.partition("<style>")[2].partition("</style>")[0]
    digest = b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Content-Type-Options": "nosniff"},
        {"Referrer-Policy": "no-referrer"},
        {"Cache-Control": "no-store"},
        {"X-Frame-Options": "deny"},
    ],
    ids=lambda headers: next(iter(headers)),
)
@pytest.mark.parametrize("path", ["/jobs", "/", "/config", "/nope", "/metrics?collect[]=exporter"])
def test_headers_of_every_answer(path: str, headers: dict[str, str]) -> None:
    """Nothing is guessed, told to others, kept, or framed."""
    answer = ask(path, scrape=False)
    assert headers.items() <= {name.title(): value for name, value in answer.headers.items()}.items()


def test_the_filter_keeps_what_was_chosen() -> None:
    """The form is the state; it works without a script."""
    page = ask("/jobs?project=demo&graph=movie&status=failed").text
    for value in ("demo", "movie", "failed"):
        assert f'<option value="{value}" selected>' in page
    assert page.count(" selected>") == 3


def test_times_under_an_unknown_clock_say_so() -> None:
    """Without evidence the engine's zone is only assumed."""

    def auto(url: str) -> dict[str, Any]:
        configuration = watching(url)
        configuration["projects"][0]["graphs"][0]["timezone"] = "auto"
        return configuration

    async def main() -> str:
        async with pages(busy_world(), auto) as client:
            await client.get("/probe?project=demo&graph=movie")
            return Reader((await client.get("/jobs?graph=movie")).text).text

    text = run(main)
    assert "its times are taken for UTC+08:00" in text
    assert "at least 0 s" in text


SECRETS: dict[str, Callable[[str], str]] = {
    "configured": lambda token: f"request with {token} failed",
    "access key": lambda _: "key HPUAABCDEFGHIJ234567 is not allowed",
    "signed url": lambda _: "GET https://obs/x?AccessKeyId=ABC123&Signature=xyz%3D failed",
}


@pytest.mark.parametrize("reason", SECRETS.values(), ids=SECRETS)
def test_secrets_in_reasons_are_masked(reason: Callable[[str], str]) -> None:
    """Configured ones, and what looks like an access key."""
    token = "a-token-of-ours"
    world = small_world()
    plan = Plan(job_type="ImportGraph", after=-10, run=1, outcome="failed", reason=reason(token))
    world.projects[PROJECT].graphs["movie"].jobs.submit(plan)

    async def main() -> str:
        credentials = {"given": {"type": "token", "token": token}}
        configuration = lambda url: watching(url, credentials=credentials)  # noqa: E731
        async with exporting(world, configuration) as exporter, asking(exporter) as client:
            await client.get("/metrics")
            return (await client.get("/jobs")).text

    page = run(main)
    assert "&lt;secret&gt;" in page
    for secret in (token, "HPUAABCDEFGHIJ234567", "ABC123", "xyz%3D"):
        assert secret not in page
