"""The limits that the configuration sets, so that alerts need no editing."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ges_exporter.families.family import Family, J, Sample, Scraped, Thresholds


def _threshold(value: Callable[[Thresholds], float | None]) -> Callable[[Scraped], Iterator[Sample]]:
    def samples(scraped: Scraped) -> Iterator[Sample]:
        known = [scraped.j(account.pair) for account in scraped.ledger.accounts] if scraped.ledger else []
        for labels in dict.fromkeys([*known, *scraped.thresholds.literal(scraped.facts.target)]):
            if (limit := value(scraped.thresholds.of(labels))) is not None:
                yield Sample(labels, limit)

    return samples


THRESHOLDS = (
    Family(
        "ges_job_expected_interval_seconds",
        "gauge",
        J,
        "How often such a job should succeed, in seconds, as the configuration's thresholds say.",
        _threshold(lambda limits: limits.expected_interval),
    ),
    Family(
        "ges_job_max_duration_seconds",
        "gauge",
        J,
        "How long such a job may run, in seconds, as the configuration's thresholds say.",
        _threshold(lambda limits: limits.max_duration),
    ),
    Family(
        "ges_job_max_pending_seconds",
        "gauge",
        J,
        "How long such a job may wait, in seconds, as the configuration's thresholds say.",
        _threshold(lambda limits: limits.max_pending),
    ),
)
