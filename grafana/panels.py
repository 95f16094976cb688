"""The panels, as all three dashboards draw them.

The colours are kin to Okabe and Ito's palette: people with any of the common kinds of colour blindness can tell them
apart. No state is told by colour alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import ascii_uppercase
from typing import TypeVar

from grafana_foundation_sdk.builders import (
    common,
    heatmap,
    prometheus,
    stat,
    statetimeline,
    table,
    timeseries,
)
from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.models import common as options
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models.heatmap import HeatmapColorMode
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from grafana.promql import PLANES, narrowed

GOOD, WARNING, BAD, NEUTRAL = "#3C8DBC", "#DE8F05", "#CC3311", "#8E8E8E"

STATUS_COLOURS = {
    "success": GOOD,
    "complete": "#56B4E9",
    "partially_failed": WARNING,
    "failed": BAD,
    "pending": "#CC79A7",
    "running": "#009E73",
    "unknown": NEUTRAL,
}

DATASOURCE = models.DataSourceRef(type_val="prometheus", uid="${datasource}")

Steps = Sequence[tuple[float | None, str]]
"""Where each colour begins; the first one has no bound."""

LOWEST = -1e9
"""Below all numbers, but not below none."""

CALM: Steps = ((None, GOOD),)
NONE_IS_GOOD: Steps = ((None, GOOD), (0.5, BAD))

Panel = TypeVar("Panel", heatmap.Panel, stat.Panel, statetimeline.Panel, table.Panel, timeseries.Panel)


@dataclass(frozen=True)
class Frame:
    """What every panel says of itself."""

    title: str
    description: str
    unit: str
    empty: str
    """What stands in the panel when there is nothing to show."""
    width: int
    """Of the 24 columns of the dashboard."""
    height: int = 8
    """Rows of 38 pixels."""


@dataclass(frozen=True)
class Query:
    """One expression, and the name of what it gives."""

    expression: str
    legend: str
    exemplars: bool = False


def by_plane(
    frame: Frame, expression: str, steps: Steps = CALM, *, sparkline: bool = False, missing: str = NEUTRAL
) -> stat.Panel:
    """A big number for each plane, in a query of its own: an instant query gives its series in any order."""
    queries = [Query(narrowed(expression, f'plane="{plane}"'), "{{plane}}") for plane in PLANES]
    return numbers(frame, *queries, steps=steps, sparkline=sparkline, missing=missing)


def numbers(
    frame: Frame, *queries: Query, steps: Steps = CALM, sparkline: bool = False, missing: str = NEUTRAL
) -> stat.Panel:
    """Big numbers, one for each series: with a sparkline their course, without one their value at the range's end.

    ``missing`` is the colour of the words that stand there when there is no number.
    """
    targets = [target(query) if sparkline else target(query).instant() for query in queries]
    shades = [(None, missing), (LOWEST, steps[0][1]), *steps[1:]]
    panel = framed(stat.Panel(), frame, targets).thresholds(thresholds(shades))
    panel = panel.graph_mode(options.BigValueGraphMode.AREA if sparkline else options.BigValueGraphMode.NONE)
    panel = panel.text_mode(options.BigValueTextMode.VALUE_AND_NAME)
    panel = panel.text(common.VizTextDisplayOptions().title_size(14).value_size(28))
    return panel.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))


def lines(frame: Frame, *queries: Query) -> timeseries.Panel:
    """Lines over time."""
    panel = framed(timeseries.Panel(), frame, [target(query) for query in queries])
    panel = panel.line_width(1).fill_opacity(0).axis_soft_min(0).show_points(options.VisibilityMode.AUTO)
    return _readable(panel)


def counts(frame: Frame, *queries: Query) -> timeseries.Panel:
    """Stacked bars of what happened in each step; the legend adds them up."""
    panel = coarse(framed(timeseries.Panel(), frame, [target(query) for query in queries]))
    panel = panel.draw_style(options.GraphDrawStyle.BARS).fill_opacity(80).line_width(0)
    panel = panel.axis_soft_min(0).axis_soft_max(1)
    panel = panel.stacking(common.StackingConfig().mode(options.StackingMode.NORMAL).group("A"))
    return _readable(panel, "sum")


def heat_map(frame: Frame, query: Query) -> heatmap.Panel:
    """Buckets of a histogram over time."""
    panel = coarse(framed(heatmap.Panel(), frame, [target(query).format(PromQueryFormat.HEATMAP)]))
    shades = heatmap.HeatmapColorOptions().mode(HeatmapColorMode.SCHEME).scheme("Viridis").steps(64)
    axis = heatmap.YAxisConfig().unit(frame.unit).axis_placement(options.AxisPlacement.LEFT)
    cells = heatmap.CellValues().unit("short").decimals(0)
    return panel.color(shades).y_axis(axis).cell_values(cells).exemplars_color(WARNING).show_legend()


def timeline(frame: Frame, *queries: Query, mappings: Sequence[models.ValueMap]) -> statetimeline.Panel:
    """A band for each series that shows its states over time."""
    panel = framed(statetimeline.Panel(), frame, [target(query) for query in queries])
    panel = panel.mappings(list(mappings)).show_value(options.VisibilityMode.NEVER).row_height(0.8).fill_opacity(80)
    return panel.legend(_legend())


def coarse(panel: Panel) -> Panel:
    """Steps of at least two minutes and at most a hundred of them, for jobs last minutes to hours."""
    return panel.interval("2m").max_data_points(100)


def sparse(panel: timeseries.Panel) -> timeseries.Panel:
    """Points in coarse steps, joined where less than two hours lie between them."""
    return coarse(panel).span_nulls(7_200_000).show_points(options.VisibilityMode.ALWAYS)


def logarithmic(panel: timeseries.Panel) -> timeseries.Panel:
    """An axis on which milliseconds and a deadline of seconds both can be read."""
    return panel.scale_distribution(common.ScaleDistributionConfig().type(options.ScaleDistribution.LOG).log(10))


def coloured(panel: timeseries.Panel, colours: Mapping[str, str]) -> timeseries.Panel:
    """The series with these names have colours of their own."""
    for name, colour in colours.items():
        panel = panel.override_by_name(name, properties({"color": {"mode": "fixed", "fixedColor": colour}}))
    return panel


def limited(panel: timeseries.Panel) -> timeseries.Panel:
    """The series whose names begin with ``limit`` are dashed lines of one colour, which the legend leaves out."""
    limit = {
        "color": {"mode": "fixed", "fixedColor": BAD},
        "custom.lineStyle": {"fill": "dash", "dash": [8, 6]},
        "custom.showPoints": "never",
        "custom.hideFrom": {"legend": True, "tooltip": False, "viz": False},
    }
    return panel.override_by_regexp("/^limit/", properties(limit))


def framed(panel: Panel, frame: Frame, targets: Sequence[prometheus.Dataquery]) -> Panel:
    """The panel with what every panel has: its frame, its data source and its queries, named A, B, C."""
    panel = panel.title(frame.title).description(frame.description).unit(frame.unit).no_value(frame.empty)
    panel = panel.span(frame.width).height(frame.height).datasource(DATASOURCE)
    for name, query in zip(ascii_uppercase, targets, strict=False):
        panel = panel.with_target(query.ref_id(name))
    return panel


def target(query: Query) -> prometheus.Dataquery:
    """A query over the dashboard's time range."""
    built = prometheus.Dataquery().expr(query.expression).legend_format(query.legend).datasource(DATASOURCE).range()
    return built.exemplar(True) if query.exemplars else built


def thresholds(steps: Steps) -> builders.ThresholdsConfig:
    """Thresholds in the panel's own unit."""
    bounds = [models.Threshold(value=value, color=colour) for value, colour in steps]
    return builders.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(bounds)


def properties(values: Mapping[str, object]) -> list[models.DynamicConfigValue]:
    """Field options by their ids, as an override wants them."""
    return [models.DynamicConfigValue(id_val=name, value=value) for name, value in values.items()]


def words(texts: Mapping[str, tuple[str, str]]) -> models.ValueMap:
    """A word and a colour in place of each value."""
    numbered = enumerate(texts.items())
    return models.ValueMap(options={value: _word(text, colour, at) for at, (value, (text, colour)) in numbered})


def nothing(text: str) -> models.SpecialValueMap:
    """A word in place of none."""
    result = models.ValueMappingResult(text=text)
    match = models.SpecialValueMatch.EMPTY
    return models.SpecialValueMap(options=models.DashboardSpecialValueMapOptions(match=match, result=result))


def anything(text: str) -> models.RegexMap:
    """A word in place of whatever text there is."""
    result = models.ValueMappingResult(text=text)
    return models.RegexMap(options=models.DashboardRegexMapOptions(pattern=".+", result=result))


def _word(text: str, colour: str, index: int) -> models.ValueMappingResult:
    return models.ValueMappingResult(text=text, color=colour, index=index)


def _readable(panel: timeseries.Panel, *calculations: str) -> timeseries.Panel:
    shown = common.VizTooltipOptions().mode(options.TooltipDisplayMode.MULTI).sort(options.SortOrder.DESCENDING)
    return panel.legend(_legend().calcs(list(calculations))).tooltip(shown)


def _legend() -> common.VizLegendOptions:
    legend = common.VizLegendOptions().display_mode(options.LegendDisplayMode.LIST).show_legend(True)
    return legend.placement(options.LegendPlacement.BOTTOM)
