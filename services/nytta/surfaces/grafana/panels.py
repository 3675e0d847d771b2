"""The kinds of panels that boards are made of, so that no board can leave out what every panel must have."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from grafana_foundation_sdk.builders import bargauge, common, dashboard, stat, table, text, timeseries
from grafana_foundation_sdk.models import common as shared
from grafana_foundation_sdk.models.dashboard import (
    DynamicConfigValue,
    FieldColorModeId,
    GridPos,
    ValueMap,
    ValueMappingResult,
)
from grafana_foundation_sdk.models.text import TextMode

from nytta.surfaces.grafana.query import METRICS, STORE, ClickHouseQuery, promql

PALETTE: Final = ("#12436D", "#28A197", "#801650", "#F46A25")
"""Four lines are told apart at most: no red beside green, and each with a dash of its own."""
DASHES: Final = ((), (10.0, 6.0), (2.0, 6.0), (14.0, 6.0, 2.0, 6.0))
_GAP: Final = 32 * 86_400_000
"""Milliseconds between two points of which the later begins a line anew: longer than a month is."""
NO_VALUE: Final = "no data"
WIDE: Final = 24

Builder = stat.Panel | timeseries.Panel | bargauge.Panel | table.Panel


class Kind(StrEnum):
    """What a panel looks like."""

    STAT = "stat"
    TREND = "trend"
    BARS = "bars"
    TABLE = "table"


@dataclass(frozen=True, slots=True)
class Panel:
    """One question of a board and the query that answers it: `sql` to the open zone, or `expr` to Prometheus.

    `definition` says what is counted of what, `source` where it comes from, `refresh` how often it changes, `owner` who
    is to be asked. `link` is a column of a table and the address that its cells lead to. `words` says states as people
    do, each with a sign of its own, so that no colour is needed.
    """

    kind: Kind
    title: str
    definition: str
    sql: str = ""
    expr: str = ""
    legend: str = ""
    unit: str = "none"
    width: int = 12
    height: int = 8
    percent_axis: bool = False
    source: str = "open zone"
    refresh: str = "when a closed week is published"
    owner: str = "programme lead"
    link: tuple[str, str] | None = None
    words: Mapping[str, str] = field(default_factory=dict)

    @property
    def description(self) -> str:
        """What Grafana shows behind the panel's i."""
        return f"{self.definition} Source: {self.source}. Changes {self.refresh}. Owner: {self.owner}."


def text_panel(content: str) -> text.Panel:
    """The panel on top of a board: what it answers, for whom, and where words are defined."""
    return text.Panel().title("What this shows").content(content).mode(TextMode.MARKDOWN).span(WIDE).height(4)


def build(panel: Panel, number: int, position: GridPos) -> Builder:
    """The panel as the SDK builds it; `number` is its lasting id on the board."""
    made = _KINDS[panel.kind](panel)
    made.id(number).title(panel.title).description(panel.description).unit(panel.unit).no_value(NO_VALUE)
    made.datasource(METRICS if panel.expr else STORE).grid_pos(position)
    if panel.expr:
        made.with_target(promql(panel.expr, panel.legend, instant=panel.kind in (Kind.STAT, Kind.BARS)))
    else:
        made.with_target(ClickHouseQuery(panel.sql, series=panel.kind is Kind.TREND))
    if panel.percent_axis:
        made.min(0).max(100)
    if panel.words:
        made.mappings([ValueMap({state: ValueMappingResult(text=said) for state, said in panel.words.items()})])
    return made


def twin(panel: Panel) -> Panel:
    """A chart's figures as a table, which a screen reader reads and a chart's canvas does not tell."""
    return Panel(
        Kind.TABLE,
        f"{panel.title}, as a table",
        panel.definition,
        sql=panel.sql,
        unit=panel.unit,
        width=12,
        height=8,
        source=panel.source,
        refresh=panel.refresh,
        owner=panel.owner,
        words=panel.words,
    )


def _stat(_: Panel) -> stat.Panel:
    made = stat.Panel().color_mode(shared.BigValueColorMode.NONE).graph_mode(shared.BigValueGraphMode.NONE)
    made.text_mode(shared.BigValueTextMode.VALUE_AND_NAME)
    return made.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).values(False).fields("/.*/"))


def _trend(panel: Panel) -> timeseries.Panel:
    made = timeseries.Panel().line_width(2).fill_opacity(0).show_points(shared.VisibilityMode.AUTO)
    made.stacking(common.StackingConfig().mode(shared.StackingMode.NONE)).span_nulls(False)
    made.axis_placement(shared.AxisPlacement.LEFT).axis_soft_min(0)
    legend = common.VizLegendOptions().show_legend(True).display_mode(shared.LegendDisplayMode.TABLE)
    made.legend(legend.placement(shared.LegendPlacement.BOTTOM).calcs(["lastNotNull"]))
    if not panel.expr:
        made.insert_nulls(_GAP)  # what may not be shown is a gap, and no line leads over it
        made.display_name("${__field.labels.line}")
    made.color_scheme(dashboard.FieldColor().mode(FieldColorModeId.FIXED).fixed_color(PALETTE[0]))
    for number, (colour, dash) in enumerate(zip(PALETTE, DASHES, strict=True), 1):
        style: dict[str, object] = {"fill": "dash", "dash": list(dash)} if dash else {"fill": "solid"}
        made.override_by_regexp(
            f"/^{number} /",
            [
                DynamicConfigValue("color", {"mode": "fixed", "fixedColor": colour}),
                DynamicConfigValue("custom.lineStyle", style),
            ],
        )
    return made


def _bars(_: Panel) -> bargauge.Panel:
    made = bargauge.Panel().orientation(shared.VizOrientation.HORIZONTAL)
    made.display_mode(shared.BarGaugeDisplayMode.BASIC).value_mode(shared.BarGaugeValueMode.TEXT)
    made.color_scheme(dashboard.FieldColor().mode(FieldColorModeId.FIXED).fixed_color(PALETTE[0]))
    return made.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).values(True).fields(""))


def _table(panel: Panel) -> table.Panel:
    made = table.Panel().show_header(True).filterable(False)
    if panel.link:
        column, address = panel.link
        found = {"title": "Open", "url": address, "targetBlank": False}
        made.override_by_name(column, [DynamicConfigValue("links", [found])])
    return made


_KINDS: Final[dict[Kind, Callable[[Panel], Builder]]] = {
    Kind.STAT: _stat,
    Kind.TREND: _trend,
    Kind.BARS: _bars,
    Kind.TABLE: _table,
}
