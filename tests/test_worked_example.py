"""The worked example of the metrics' documentation, from the API's bytes to the text that Prometheus reads."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from ges_exporter.dialects import DIALECTS
from tests.watching import MINUTE, Watcher

EXAMPLE = files("ges_exporter.simulator") / "examples" / "service-memory-jobs.json"
SCRAPED = 1_716_430_000.0
"""2024-05-23 02:06:40 UTC: 10:06:40 where the example comes from."""

FIRST = """
ges_import_failed_lines_total{G,kind="edge"} 0.0
ges_import_failed_lines_total{G,kind="schema"} 0.0
ges_import_failed_lines_total{G,kind="vertex"} 0.0
ges_import_files_total{G,kind="edge",status="failed"} 0.0
ges_import_files_total{G,kind="edge",status="partially_failed"} 0.0
ges_import_files_total{G,kind="edge",status="success"} 0.0
ges_import_files_total{G,kind="schema",status="failed"} 0.0
ges_import_files_total{G,kind="schema",status="partially_failed"} 0.0
ges_import_files_total{G,kind="schema",status="success"} 0.0
ges_import_files_total{G,kind="vertex",status="failed"} 0.0
ges_import_files_total{G,kind="vertex",status="partially_failed"} 0.0
ges_import_files_total{G,kind="vertex",status="success"} 0.0
ges_import_files_unreported_total{G,kind="edge"} 0.0
ges_import_files_unreported_total{G,kind="schema"} 0.0
ges_import_files_unreported_total{G,kind="vertex"} 0.0
ges_import_last_failed_lines{G,kind="edge"} 0.0
ges_import_last_failed_lines{G,kind="schema"} 0.0
ges_import_last_failed_lines{G,kind="vertex"} 0.0
ges_import_last_lines{G,kind="edge"} 1659.0
ges_import_last_lines{G,kind="schema"} 49.0
ges_import_last_lines{G,kind="vertex"} 146.0
ges_import_lines_total{G,kind="edge"} 0.0
ges_import_lines_total{G,kind="schema"} 0.0
ges_import_lines_total{G,kind="vertex"} 0.0
ges_import_listed_failed_lines{G,kind="edge"} 0.0
ges_import_listed_failed_lines{G,kind="schema"} 0.0
ges_import_listed_failed_lines{G,kind="vertex"} 0.0
ges_import_listed_lines{G,kind="edge"} 1659.0
ges_import_listed_lines{G,kind="schema"} 49.0
ges_import_listed_lines{G,kind="vertex"} 146.0
ges_job_last_failure_timestamp_seconds{A} 1.71642924e+09
ges_job_last_start_timestamp_seconds{A} 1.71642924e+09
ges_job_last_start_timestamp_seconds{I} 1.716428001e+09
ges_job_last_success_duration_seconds{A} 0.0
ges_job_last_success_duration_seconds{I} 0.0
ges_job_last_success_timestamp_seconds{A} 1.7164285e+09
ges_job_last_success_timestamp_seconds{I} 1.716428001e+09
ges_jobs_discovered_total{A} 0.0
ges_jobs_discovered_total{I} 0.0
ges_jobs_finished_total{A,status="failed"} 0.0
ges_jobs_finished_total{A,status="partially_failed"} 0.0
ges_jobs_finished_total{A,status="success"} 0.0
ges_jobs_finished_total{I,status="failed"} 0.0
ges_jobs_finished_total{I,status="partially_failed"} 0.0
ges_jobs_finished_total{I,status="success"} 0.0
ges_jobs_vanished_total{A} 0.0
ges_jobs_vanished_total{I} 0.0
ges_jobs{A,status="failed"} 1.0
ges_jobs{A,status="partially_failed"} 0.0
ges_jobs{A,status="pending"} 0.0
ges_jobs{A,status="running"} 0.0
ges_jobs{A,status="success"} 1.0
ges_jobs{I,status="failed"} 0.0
ges_jobs{I,status="partially_failed"} 0.0
ges_jobs{I,status="pending"} 0.0
ges_jobs{I,status="running"} 0.0
ges_jobs{I,status="success"} 1.0
ges_scrape_duration_seconds{G} 0.0
ges_scrape_jobs{G} 0.0
ges_scrape_last_success_timestamp_seconds{G} 1.71643e+09
ges_scrape_requests{G} 0.0
ges_scrape_timeout_seconds 9.0
ges_scrape_truncated{G} 0.0
ges_target_first_listing_timestamp_seconds{G} 1.71643e+09
ges_target_info{G,project_id="p",region="",api="memory"} 1.0
ges_target_utc_offset_seconds{G,source="measured"} 28800.0
ges_up{G} 1.0
"""

SECOND = """
ges_import_failed_lines_total{G,kind="edge"} 10.0
ges_import_files_total{G,kind="edge",status="partially_failed"} 1.0
ges_import_last_failed_lines{G,kind="edge"} 10.0
ges_import_last_lines{G,kind="edge"} 100.0
ges_import_lines_total{G,kind="edge"} 100.0
ges_import_listed_failed_lines{G,kind="edge"} 10.0
ges_import_listed_lines{G,kind="edge"} 1759.0
ges_job_duration_seconds_bucket{I,status="success",le="+Inf"} 1.0
ges_job_duration_seconds_bucket{I,status="success",le="14400.0"} 1.0
ges_job_duration_seconds_bucket{I,status="success",le="1800.0"} 1.0
ges_job_duration_seconds_bucket{I,status="success",le="300.0"} 1.0
ges_job_duration_seconds_bucket{I,status="success",le="3600.0"} 1.0
ges_job_duration_seconds_bucket{I,status="success",le="43200.0"} 1.0
ges_job_duration_seconds_bucket{I,status="success",le="60.0"} 1.0
ges_job_duration_seconds_bucket{I,status="success",le="7200.0"} 1.0
ges_job_duration_seconds_bucket{I,status="success",le="86400.0"} 1.0
ges_job_duration_seconds_bucket{I,status="success",le="900.0"} 1.0
ges_job_duration_seconds_count{I,status="success"} 1.0
ges_job_duration_seconds_sum{I,status="success"} 20.0
ges_job_last_start_timestamp_seconds{I} 1.716430005e+09
ges_job_last_success_duration_seconds{I} 20.0
ges_job_last_success_timestamp_seconds{I} 1.716430025e+09
ges_jobs_discovered_total{I} 1.0
ges_jobs_finished_total{I,status="success"} 1.0
ges_jobs{I,status="success"} 2.0
ges_scrape_last_success_timestamp_seconds{G} 1.71643006e+09
"""
"""What is other than before, once a fourth job has come."""

FOURTH = {
    "jobId": "0f0d3d2e-7a52-4d0b-9d0a-3c8f2b6a1e11001680206",
    "rawRequest": "",
    "taskType": "ImportGraph",
    "progress": "100",
    "startTime": "2024-05-23 10:06:45",
    "endTime": "2024-05-23 10:07:05",
    "status": "success",
    "files": [{"edgeFiles": [{"totalLines": 100, "failedLines": 10, "status": "partFailed"}]}],
}


def expected(text: str) -> list[str]:
    """Lines in which G, A and I stand for the labels of the graph, of the algorithm and of imports."""
    graph = 'project="demo",graph="movie",plane="service"'
    labels = {
        "A": f'{graph},job_type="Algorithm",algorithm="shortest_path"',
        "I": f'{graph},job_type="ImportGraph",algorithm=""',
        "G": graph,
    }
    for letter, written in labels.items():
        text = text.replace(f"{{{letter}}}", f"{{{written}}}").replace(f"{{{letter},", f"{{{written},")
    return sorted(map(in_order, text.strip().splitlines()))


def in_order(line: str) -> str:
    """A line with its labels in the order of the alphabet, as the client library writes them."""
    name, brace, rest = line.partition("{")
    labels, closing, value = rest.partition("}")
    return f"{name}{brace}{','.join(sorted(labels.split(',')))}{closing}{value}"


def show(watcher: Watcher, answer: dict[str, Any]) -> None:
    """One scrape that gets this answer."""
    page = DIALECTS["memory"].parse(json.dumps(answer).encode())
    assert (page.faults, page.left_out, page.unknown) == ((), 0, ())
    watcher.show(*page.jobs)


def test_the_worked_example() -> None:
    """The documentation's example answer, and a fourth job in the scrape after it, give literally this."""
    watcher = Watcher()
    watcher.clock.now = SCRAPED
    answer = json.loads(EXAMPLE.read_text(encoding="utf-8"))
    show(watcher, answer)
    first = watcher.lines()
    buckets = [line for line in first if line.startswith("ges_job_duration_seconds")]
    assert [line for line in first if line not in buckets] == expected(FIRST)
    assert len(buckets) == 2 * 15
    assert all('status="success"' in line and line.endswith(" 0.0") for line in buckets)
    watcher.wait(MINUTE)
    show(watcher, {"jobs": [FOURTH, *answer["jobs"]], "jobCount": 4})
    assert [line for line in watcher.lines() if line not in first] == expected(SECOND)
