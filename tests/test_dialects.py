"""The dialects, from recorded answers (`tests.cases`) and from whatever random hands make of them."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ges_exporter.dialects import DIALECTS, detect, error_of
from ges_exporter.dialects.reader import MOST_FAULTS
from ges_exporter.dialects.times import Unreadable, read_count, read_number, read_time
from ges_exporter.errors import ApiError, DecodeFailed, TargetError
from ges_exporter.model import GraphPage, Job, JobPage, Plane, Status
from ges_exporter.simulator.scenarios.pages import example
from tests.cases import BODIES, FOLDER, PLANTED, bodies, detail_of, expected_of, name_of, outcome_of, parser_of

LISTS = {"v2": "job_list", "v1.0": "jobList", "memory": "jobs", "database": "jobs"}
KINDS = [
    (api, kind)
    for api, dialect in DIALECTS.items()
    for kind in ("list", *(["job", "graphs"] if dialect.detail else []))
]
DOCUMENTED = {
    "v2/job/documented": "management-v2-job",
    "v2/job/documented-error": "management-v2-error-no-job.400",
    "v1.0/list/documented": "management-v1-jobs",
    "v1.0/list/documented-error": "management-v1-error.400",
    "memory/list/documented": "service-memory-jobs",
    "memory/list/documented-error": "service-error-graph-not-exist.400",
    "database/list/documented": "service-100-billion-jobs",
    "database/list/documented-error": "service-error-graph-not-exist.400",
}
"""The examples of the documentation, by the cases that must hold them."""


@pytest.mark.parametrize("body", BODIES, ids=name_of)
def test_recorded_answers_mean_what_is_written_beside_them(body: Path) -> None:
    """Each oddity of the APIs has one outcome, and everybody can read which."""
    assert outcome_of(body) == expected_of(body)


@pytest.mark.parametrize(("case", "name"), DOCUMENTED.items(), ids=DOCUMENTED)
def test_the_documented_examples_are_among_the_cases(case: str, name: str) -> None:
    """What the documentation shows is recorded as it stands, value by value."""
    assert json.loads((FOLDER / f"{case}.json").read_bytes()) == json.loads(example(name))


@pytest.mark.parametrize("api", DIALECTS)
def test_every_dialect_has_recorded_cases(api: str) -> None:
    """A dialect comes with its documented examples, a good one and an error, and with odd lists of its own."""
    assert {Path(case).name for case in DOCUMENTED if case.startswith(f"{api}/")} == {"documented", "documented-error"}
    assert len(bodies(api, "list")) > 1


@pytest.mark.parametrize(("api", "kind"), KINDS)
def test_everything_a_dialect_reads_has_cases(api: str, kind: str) -> None:
    """No reader is without recorded answers."""
    assert bodies(api, kind)


def test_every_case_has_its_outcome_and_every_outcome_its_case() -> None:
    """No recorded answer goes unchecked."""
    outcomes = {path.with_name(path.name.replace(".expected", "")) for path in FOLDER.rglob("*.expected.json")}
    assert outcomes == set(BODIES)


# What the pages say -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("api", "path"),
    [
        ("v2", "/v2/0a1b/graphs/jobs"),
        ("v1.0", "/v1.0/0a1b/graphs/jobs"),
        ("memory", "/ges/v1.0/0a1b/graphs/%E5%9B%BE%2F%20%22%3F%23%25/jobs/status"),
        ("database", "/ges/v1.0/0a1b/graphs/%E5%9B%BE%2F%20%22%3F%23%25/jobs/status"),
    ],
)
def test_lists_stand_at_the_documented_paths(api: str, path: str) -> None:
    """A graph's name is one segment of the path, whatever characters it has."""
    assert DIALECTS[api].path("0a1b", '图/ "?#%') == path


@pytest.mark.parametrize(("api", "version"), [("v2", "v2"), ("v1.0", "v1.0")])
def test_details_stand_at_the_documented_paths(api: str, version: str) -> None:
    """Ids are segments of their own."""
    detail = detail_of(api)
    assert detail.job_path("0a1b", "g/1", "j 2") == f"/{version}/0a1b/graphs/g%2F1/jobs/j%202/status"
    assert detail.graphs_path("0a1b") == f"/{version}/0a1b/graphs"


def test_dialects_know_what_their_api_can_tell() -> None:
    """Which plane, which statuses, times and line counts: what the zeros and the absences of the metrics rest on."""
    finished = {Status.SUCCESS, Status.PARTIALLY_FAILED, Status.FAILED}
    active = {Status.PENDING, Status.RUNNING}
    told = {
        name: (one.plane, set(one.api.statuses), one.api.timed, one.api.reports_lines) for name, one in DIALECTS.items()
    }
    assert told == {
        "v2": (Plane.MANAGEMENT, active | finished, True, True),
        "v1.0": (Plane.MANAGEMENT, active | finished, True, True),
        "memory": (Plane.SERVICE, active | finished, True, True),
        "database": (Plane.SERVICE, active | {Status.COMPLETE, Status.SUCCESS, Status.FAILED}, False, False),
    }


def test_apis_are_called_by_the_name_of_their_dialect() -> None:
    """`ges_target_info` and the configuration speak of the same things."""
    assert [dialect.api.name for dialect in DIALECTS.values()] == list(DIALECTS)


def test_filters_by_date_are_spelled_as_each_api_does() -> None:
    """Only the management plane has them."""
    assert {name: dialect.since_parameter for name, dialect in DIALECTS.items()} == {
        "v2": "start_time",
        "v1.0": "startTime",
        "memory": "",
        "database": "",
    }


# Which of the service plane's shapes it is ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "api"),
    [
        ({"jobs": [{"jobId": "a", "taskType": "Algorithm"}]}, "memory"),
        ({"jobs": [{"jobId": "a", "request": {"command": "import_graph"}}]}, "database"),
        ({"jobs": [{"jobId": "a"}, {"jobId": "b", "request": {}}]}, "database"),
        ({"jobs": [None, 7, {"jobId": "b", "request": {}}]}, "database"),
        ({"jobs": [{"taskType": None, "request": {"command": "import_graph"}}]}, "database"),
        ({"jobs": [{"taskType": "Algorithm"}], "totalCount": 1}, "memory"),
        ({"jobs": [], "jobCount": 0}, "memory"),
        ({"jobs": [], "totalCount": 0, "result": "success"}, "database"),
        ({"jobs": None, "totalCount": 0}, "database"),
        ({"jobs": [], "result": "success"}, None),
        ({"jobs": [{"jobId": "a"}]}, None),
        ({"jobs": {}}, None),
        ([], None),
        ({"errorCode": "GES.8000"}, None),
    ],
)
def test_shapes_are_told_apart_by_their_keys(body: object, api: str | None) -> None:
    """An item decides, in an empty list the name of the total; a bad record beside them does not confuse it."""
    told = detect(json.dumps(body).encode())
    assert (told.api.name if told else None) == api


@pytest.mark.parametrize("body", [path for path in BODIES if path.parent.name == "list"], ids=name_of)
def test_no_answer_is_taken_for_the_other_shape(body: Path) -> None:
    """Whatever is odd about an answer, its shape is told right or not at all."""
    api = body.relative_to(FOLDER).parts[0]
    told = detect(body.read_bytes())
    if DIALECTS[api].plane is Plane.SERVICE:
        assert told in {None, DIALECTS[api]}


# What may come, and must not hurt -------------------------------------------------------------------------------------

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**25), 10**25)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.sampled_from(["2024-05-23 09:54:00", "", "NaN", "1e999", "-1", "failed", "\ud800"])
    | st.integers(4000, 6000).map("9".__mul__),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
"""Anything that JSON can say, and what is hard to read."""
SECRET = f"SECRET-{PLANTED}"
BUDGET = settings(max_examples=35, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def mutated(draw: st.DrawFn, api: str, kind: str) -> bytes:
    """A recorded answer with a few of its values replaced, taken out, or its bytes cut or flipped."""
    recorded = bodies(api, kind)
    try:
        content = json.loads(recorded[draw(st.integers(0, len(recorded) - 1))])
    except (ValueError, RecursionError):
        content = draw(VALUES)
    for _ in range(draw(st.integers(0, 4))):
        content = draw(changed(content))
    body = json.dumps(content).encode()
    if draw(st.integers(0, 9)) == 0:
        place = draw(st.integers(0, len(body)))
        body = body[:place] + draw(st.binary(max_size=4)) + body[place + draw(st.integers(0, 4)) :]
    return body


@st.composite
def changed(draw: st.DrawFn, content: Any) -> Any:  # noqa: ANN401 - JSON
    """The same content with one value, somewhere in it, changed."""
    if isinstance(content, dict) and content and draw(st.integers(0, 9)):
        key = draw(st.sampled_from(sorted(content)))
        if draw(st.integers(0, 9)) == 0:
            return {name: value for name, value in content.items() if name != key}
        return {**content, key: draw(changed(content[key]))}
    if isinstance(content, list) and content and draw(st.integers(0, 9)):
        place = draw(st.integers(0, len(content) - 1))
        return [*content[:place], draw(changed(content[place])), *content[place + 1 :]]
    return draw(VALUES)


@pytest.mark.parametrize(("api", "kind"), KINDS)
def test_no_answer_raises_anything_but_a_target_error(api: str, kind: str) -> None:
    """A server that lies costs its target a scrape, never the exporter its page."""
    parse = parser_of(api, kind)

    @BUDGET
    @given(body=mutated(api, kind) | st.binary(max_size=40))
    def check(body: bytes) -> None:
        detect(body)
        error_of(body)
        try:
            result = parse(body)
        except (ApiError, DecodeFailed):
            return
        assert_sound(result)

    check()


def assert_sound(result: JobPage | GraphPage | Job) -> None:
    """Whatever was read is of the types that everybody after counts on."""
    jobs = [result] if isinstance(result, Job) else result.jobs if isinstance(result, JobPage) else []
    for job in jobs:
        assert isinstance(job.id, str)
        assert job.id
        assert job.job_type
        assert job.progress is None or 0 <= job.progress <= 1
        counts = [count for file in job.files for count in (file.lines, file.failed_lines)]
        assert all(count is None or (isinstance(count, int) and count >= 0) for count in counts)
    texts = [text for job in jobs for text in (job.id, job.job_type, job.algorithm, job.graph, job.reason)]
    assert all(text.encode("utf-8") is not None for text in texts)


@pytest.mark.parametrize("body", BODIES, ids=name_of)
def test_secrets_of_the_cases_are_nowhere_in_their_outcome(body: Path) -> None:
    """Access keys in requests and paths reach neither jobs, nor faults, nor messages."""
    parse = parser_of(*body.relative_to(FOLDER).parts[:2])
    try:
        told = repr(parse(body.read_bytes()))
    except TargetError as error:
        told = f"{error!r} {error} {error.__cause__!r}"
    assert PLANTED not in told


@BUDGET
@given(request=VALUES, text=st.booleans(), cut=st.integers(0, 200))
def test_a_request_leaks_nothing_but_its_algorithms_name(request: object, text: bool, cut: int) -> None:
    """`rawRequest` may hold access keys: whatever its shape, and wherever it is cut off, they stay in the answer."""
    told = {"algorithmName": "pagerank", "obsParameters": {"accessKey": SECRET, "more": request}, SECRET: SECRET}
    raw = json.dumps(told)[: None if cut > 150 else cut] if text else told
    job = {"jobId": "a", "taskType": "Algorithm", "status": "running", "rawRequest": raw}
    wrong = {"jobId": "b", "taskType": "Algorithm", "status": {"a": SECRET}, "files": SECRET, "rawRequest": raw}
    page = DIALECTS["memory"].parse(json.dumps({"jobs": [job, wrong], "jobCount": {"a": SECRET}}).encode())
    assert PLANTED not in repr(page)
    assert [job.id for job in page.jobs] == ["a"]


GOOD: dict[str, dict[str, object]] = {
    "v2": {"job_id": "the good one", "status": "failed", "job_name": "ImportGraph", "related_graph": "movie"},
    "v1.0": {"jobId": "the good one", "status": "failed", "jobName": "ImportGraph", "relatedGraph": "movie"},
    "memory": {"jobId": "the good one", "status": "failed", "taskType": "ImportGraph", "progress": "100"},
    "database": {"jobId": "the good one", "status": "failed", "request": {"command": "ImportGraph"}},
}


@pytest.mark.parametrize("api", DIALECTS)
def test_one_bad_record_never_costs_a_good_one(api: str) -> None:
    """Whatever stands before and after it, a good record is read, and what could not be read is counted."""
    good = GOOD[api]
    bad = VALUES | st.fixed_dictionaries({}, optional=dict.fromkeys(good, VALUES))

    @BUDGET
    @given(before=st.lists(bad, max_size=3), after=st.lists(bad, max_size=3))
    def check(before: list[object], after: list[object]) -> None:
        page = DIALECTS[api].parse(json.dumps({LISTS[api]: [*before, good, *after]}).encode())
        read = [(job.status, job.job_type) for job in page.jobs if job.id == "the good one"]
        assert read == [(Status.FAILED, "ImportGraph")]
        assert len(page.jobs) + page.left_out == 1 + len(before) + len(after)
        assert len(page.faults) >= page.left_out

    check()


@pytest.mark.parametrize("record", ["5", '{"jobId":"a","status":[]}', '{"jobId":"a","status":"running","endTime":[]}'])
def test_an_answer_of_nothing_but_garbage_is_given_up(record: str) -> None:
    """To look at each of a million records that cannot be read would keep every other target waiting for seconds."""

    def body(records: int) -> bytes:
        return f'{{"jobs":[{",".join([record] * records)}]}}'.encode()

    assert len(DIALECTS["memory"].parse(body(MOST_FAULTS)).faults) == MOST_FAULTS
    with pytest.raises(DecodeFailed, match=f"more than {MOST_FAULTS} values of the answer cannot be read"):
        DIALECTS["memory"].parse(body(MOST_FAULTS + 1))


@BUDGET
@given(field=st.sampled_from(sorted(GOOD["memory"].keys() - {"jobId", "status"})), value=VALUES)
def test_a_bad_value_never_costs_the_job(field: str, value: object) -> None:
    """An id and a status are enough for a job to be counted: a failure is not lost over a detail."""
    page = DIALECTS["memory"].parse(json.dumps({"jobs": [{**GOOD["memory"], field: value}]}).encode())
    assert [(job.id, job.status) for job in page.jobs] == [("the good one", Status.FAILED)]


# Times and numbers ----------------------------------------------------------------------------------------------------


@settings(max_examples=100, deadline=None)
@given(
    text=st.text(max_size=25)
    | st.from_regex(r"\A\d{4}-?(\d\d|W\d\d)-?\d\d?[T ]?\d\d:?\d\d(:?\d\d)?([.,]\d+)?([+-]\d\d:?\d\d|Z)?\Z")
)
def test_a_time_means_what_the_standard_says_or_nothing(text: str) -> None:
    """However fast common times are read, they mean what `datetime` makes of them."""
    try:
        time = read_time(text, zoneless_is_local=True)
    except Unreadable:
        return
    if time is None or re.fullmatch(r"[0-9.eE+]{9,}", text.strip()):
        return
    moment = datetime.fromisoformat(text.strip())
    assert time.local == (moment.tzinfo is None)
    assert time.seconds == (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


@settings(deadline=None)
@given(
    seconds=st.integers(200_000_000, 9_999_999_999), unit=st.sampled_from([1, 10**3, 10**6, 10**9]), text=st.booleans()
)
def test_the_unit_of_a_number_is_told_by_its_size(seconds: int, unit: int, text: bool) -> None:
    """Seconds, milli-, micro- and nanoseconds of any time between 1976 and 2286 are the same time."""
    number = seconds * unit
    time = read_time(str(number) if text else number, zoneless_is_local=True)
    assert time is not None
    assert not time.local
    assert time.seconds == pytest.approx(seconds, abs=1e-5)


@settings(deadline=None)
@given(value=st.floats() | st.integers() | st.text(max_size=30) | st.booleans() | st.none())
def test_numbers_are_read_or_refused(value: float | str | bool | None) -> None:
    """No number that is not one, or too large to be one, gets through, and none raises anything unforeseen."""
    for read in (read_count, read_number, lambda value: read_time(value, zoneless_is_local=False)):
        try:
            told = read(value)
        except Unreadable:
            continue
        assert told is None or not isinstance(told, float) or abs(told) <= 1e18
