"""PromQL, put together so that planes are never added up and a second exporter never counts twice.

Two exporters that watch the same graphs give each series twice, told apart by ``instance`` only. So every expression
first takes the increase of each series, then one value for each set of labels, and only then adds.
"""

from __future__ import annotations

from collections.abc import Sequence

GRAPH = ("project", "graph", "plane")
KIND = (*GRAPH, "job_type", "algorithm")
OUTCOME = (*KIND, "status")
LINES = (*GRAPH, "kind")

PLANES = ("management", "service")
PLANE = 'plane=~"$plane"'
SCOPE = f'project=~"$project", graph=~"$graph", {PLANE}'
TARGETS = f'project=~"$project", graph=~"$graph|", {PLANE}'
"""As `SCOPE`, and the task centres of the chosen projects, whose ``graph`` is empty."""

WATCHER = 'job=~"$job", instance=~"$instance"'
"""The chosen exporters."""
WATCHED = f"{WATCHER}, {TARGETS}"
"""The chosen targets as the chosen exporters see them."""
EACH = ("job", "instance")
"""What tells exporters apart."""

FAILED = 'status=~"failed|partially_failed"'
TOLD = 'status=~"success|failed|partially_failed"'
"""Finished with an outcome: ``complete`` does not tell one."""


def pick(metric: str, *matchers: str, scope: str = SCOPE) -> str:
    """A selector of the series of ``metric`` that the dashboard's variables leave."""
    return f"{metric}{{{', '.join((scope, *matchers))}}}"


def by(operation: str, labels: Sequence[str], expression: str) -> str:
    """An aggregation that keeps ``labels``; without any, one value is left."""
    return f"{operation} by ({', '.join(labels)}) ({expression})" if labels else f"{operation}({expression})"


def now(metric: str, labels: Sequence[str], *matchers: str, scope: str = SCOPE, keep: str = "max") -> str:
    """A gauge, once for each set of ``labels`` however many exporters show it."""
    return by(keep, labels, pick(metric, *matchers, scope=scope))


def one(metric: str, labels: Sequence[str], *more: str, scope: str = SCOPE) -> str:
    """A gauge once for each set of ``labels``, with ``more`` labels of it in which two exporters may differ."""
    chosen = f"topk by ({', '.join(labels)}) (1, {pick(metric, scope=scope)})"
    return by("max", (*labels, *more), chosen)


def in_range(counter: str, labels: Sequence[str], *matchers: str, scope: str = SCOPE) -> str:
    """How much a counter rose in the dashboard's time range."""
    return by("max", labels, f"increase({pick(counter, *matchers, scope=scope)}[$__range])")


def in_range_from_first(counter: str, labels: Sequence[str], *matchers: str, scope: str = SCOPE) -> str:
    """As `in_range`, of a counter that comes with its first event: a rise from nothing is one, too."""
    chosen = pick(counter, *matchers, scope=scope)
    known = f"increase({chosen}[$__range]) and {chosen} offset $__range"
    return by("max", labels, f"{known} or last_over_time({chosen}[$__range])")


def in_step(counter: str, labels: Sequence[str], *matchers: str, scope: str = SCOPE) -> str:
    """How much a counter rose in each step of a graph.

    ``$__rate_interval`` reaches back one scrape further than the step, so that no rise falls between two windows;
    the rate times the step undoes that, and bars add up to what happened.
    """
    return f"{rate(counter, labels, *matchers, scope=scope)} * $__interval_ms / 1000"


def rate(counter: str, labels: Sequence[str], *matchers: str, scope: str = SCOPE) -> str:
    """How much a counter rises in a second."""
    return by("max", labels, f"rate({pick(counter, *matchers, scope=scope)}[$__rate_interval])")


def quantile(share: float, labels: Sequence[str], increase: str) -> str:
    """A quantile for each set of ``labels``, of an increase of buckets; nothing where nothing was observed."""
    return f"histogram_quantile({share}, {by('sum', ('le', *labels), increase)}) > 0"


def address(labels: Sequence[str] = (), *, scope: str = "") -> str:
    """The exporters' addresses for people, as the label ``url`` without a slash at its end."""
    known = by("max", (*labels, "url"), pick("ges_exporter_info", scope=scope) if scope else "ges_exporter_info")
    return f'label_replace({known}, "url", "$1", "url", "(.*?)/*")'


def age(timestamp: str) -> str:
    """Seconds since a timestamp, which may be of a scrape that the moment asked about does not reach."""
    return f"clamp_min(time() - {timestamp}, 0)"


def narrowed(expression: str, matcher: str) -> str:
    """The expression with one more matcher in each of its selectors that know planes."""
    return expression.replace(PLANE, f"{PLANE}, {matcher}")
