"""What is expected of jobs, so that alerts need no editing."""

from __future__ import annotations

import re

from ges_exporter.config.section import Section
from ges_exporter.config.values import Expression, PlaneExpression, PositiveDuration

_META = frozenset(".^$*+?{}[]|()\\")


class Threshold(Section):
    """What is expected of the jobs that it matches; expressions are anchored, and one that is absent matches all."""

    project: Expression | None = None
    graph: Expression | None = None
    plane: PlaneExpression | None = None
    job_type: Expression | None = None
    algorithm: Expression | None = None
    expected_interval: PositiveDuration | None = None
    max_duration: PositiveDuration | None = None
    max_pending: PositiveDuration | None = None

    def matches(self, project: str, graph: str, plane: str, job_type: str, algorithm: str) -> bool:
        """Whether every expression matches its label as a whole."""
        labels = (project, graph, plane, job_type, algorithm)
        return all(
            expression is None or expression.fullmatch(label) is not None
            for expression, label in zip(self._expressions, labels, strict=True)
        )

    @property
    def literal(self) -> tuple[str, str, str, str, str] | None:
        """The one set of labels that the rule names, so that it can be shown before such a job was seen.

        Project, graph, plane and job type must be given without a regular expression's special characters; the
        algorithm is empty unless one is named so. None if that is not so, or if the rule would not match the labels.
        """
        project, graph, plane, job_type, algorithm = (_literal(expression) for expression in self._expressions)
        if project is None or graph is None or plane is None or job_type is None:
            return None
        labels = (project, graph, plane, job_type, algorithm or "")
        return labels if self.matches(*labels) else None

    @property
    def _expressions(self) -> tuple[re.Pattern[str] | None, ...]:
        return (self.project, self.graph, self.plane, self.job_type, self.algorithm)


def _literal(expression: re.Pattern[str] | None) -> str | None:
    return None if expression is None or _META.intersection(expression.pattern) else expression.pattern
