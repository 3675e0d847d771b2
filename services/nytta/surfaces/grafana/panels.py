"""The kinds of panels that boards are made of, so that no board can leave out what every panel must have."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from grafana_foundation_sdk.builders import (
    bargauge,
    common,
    dashboard,
    stat,
    table,
    text,
    timeseries,
)
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

PALETTE: Final = ("#2F7FD0", "#17908A", "#B8459A", "#C8601A")
"""Four lines are told apart at most: no red beside green, each with a dash of its own, 3:1 on light and on dark."""
MARKERS: Final = ("#8064C8", "#A0793A")
"""Colours of annotations beside those of lines."""
QUIET: Final = "#7F8590"
"""What stands behind the lines: a target."""
AIM: Final = "→ Target"
"""The name of the line of a target."""
BACKGROUNDS: Final = {"light": "#FFFFFF", "dark": "#181B1F"}
"""What Grafana's two themes draw panels on."""
DASHES: Final = ((), (10.0, 6.0), (2.0, 6.0), (14.0, 6.0, 2.0, 6.0))
_GAP: Final = 32 * 86_400_000
"""Milliseconds between two points of which the later begins a line anew: longer than a month is."""
_DAY: Final = "time:YYYY-MM-DD"
"""A point of the store's lines is a day, which the reader's zone would say as two in the morning."""
MOMENT: Final = "time:YYYY-MM-DD HH:mm"
NO_VALUE: Final = "no data"
EMPTY_CELL: Final = "–"
WIDE: Final = 24
NARROW: Final = 80
"""Pixels that a column has at least where widths are said; Grafana's 150 would push the last off the screen."""
TOP: Final = 3
"""Lines that the text on top of a board takes: figures stand on the first screen."""

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
    is to be asked. `links` are columns of a table with the address that their cells lead to and its name. `words` says
    states as people do, each with a sign of its own, so that no colour is needed. `lines` are names of lines that bear
    no number before them, `empty` says why nothing is there. `units` are of columns whose unit is not the panel's. Of
    a table, `bars` are shares drawn as bars, `signed` differences that are coloured where they are below zero,
    `hidden` columns that only links need or that stand elsewhere, `headings` what columns are called in place of their
    own names, `long` columns whose cells open to the whole of a long text, and `widths` pixels of columns; what they
    leave is for the other columns.
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
    links: tuple[tuple[str, str, str], ...] = ()
    lines: tuple[str, ...] = ()
    empty: str = NO_VALUE
    decimals: int | None = None
    units: Mapping[str, str] = field(default_factory=dict)
    bars: tuple[str, ...] = ()
    signed: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    widths: Mapping[str, int] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)
    headings: Mapping[str, str] = field(default_factory=dict)
    long: tuple[str, ...] = ()

    @property
    def description(self) -> str:
        """What Grafana shows behind the panel's i."""
        return (
            f"{self.definition} Source: {self.source}. Changes {self.refresh}. Owner: {self.owner}."
        )


def text_panel(content: str) -> text.Panel:
    """The panel on top of a board: what it answers, for whom, and where words are defined."""
    return (
        text.Panel()
        .title("What this shows")
        .content(content)
        .mode(TextMode.MARKDOWN)
        .span(WIDE)
        .height(TOP)
    )


def build(panel: Panel, number: int, position: GridPos) -> Builder:
    """The panel as the SDK builds it; `number` is its lasting id on the board."""
    panel_builder = _KINDS[panel.kind](panel)
    panel_builder.id(number).title(panel.title).description(panel.description).unit(
        panel.unit
    ).no_value(panel.empty)
    panel_builder.datasource(METRICS if panel.expr else STORE).grid_pos(position)
    if panel.expr:
        panel_builder.with_target(
            promql(
                panel.expr,
                panel.legend,
                is_instant=panel.kind is not Kind.TREND,
                rows=panel.kind is Kind.TABLE,
            )
        )
    else:
        panel_builder.with_target(ClickHouseQuery(panel.sql, series=panel.kind is Kind.TREND))
    if panel.percent_axis:
        panel_builder.min(0).max(100)
    if panel.decimals is not None:
        panel_builder.decimals(panel.decimals)
    for column, unit in panel.units.items():
        panel_builder.override_by_name(column, [DynamicConfigValue("unit", unit)])
    if panel.words:
        panel_builder.mappings(
            [
                ValueMap(
                    {state: ValueMappingResult(text=label) for state, label in panel.words.items()}
                )
            ]
        )
    return panel_builder


def twin(panel: Panel) -> Panel:
    """A chart's figures as a table, which a screen reader reads and a chart's canvas does not tell; days are days."""
    sql = panel.sql
    if panel.kind is Kind.TREND:
        sql = (
            f'SELECT toString(toDate(time)) AS "Day", line AS "Line", value AS "Value" FROM (\n{sql}\n)\n'
            f"WHERE line != '{AIM}' ORDER BY time DESC, line"
        )
    return Panel(
        Kind.TABLE,
        f"{panel.title}, as a table",
        panel.definition,
        sql=sql,
        unit=panel.unit,
        width=12,
        height=8,
        source=panel.source,
        refresh=panel.refresh,
        owner=panel.owner,
        empty=panel.empty,
        words=panel.words,
    )


def _stat(_: Panel) -> stat.Panel:
    panel_builder = (
        stat.Panel()
        .color_mode(shared.BigValueColorMode.NONE)
        .graph_mode(shared.BigValueGraphMode.NONE)
    )
    panel_builder.text_mode(shared.BigValueTextMode.VALUE_AND_NAME)
    return panel_builder.reduce_options(
        common.ReduceDataOptions().calcs(["lastNotNull"]).values(False).fields("/.*/")
    )


def _trend(panel: Panel) -> timeseries.Panel:
    panel_builder = (
        timeseries.Panel().line_width(2).fill_opacity(0).show_points(shared.VisibilityMode.AUTO)
    )
    panel_builder.stacking(common.StackingConfig().mode(shared.StackingMode.NONE)).span_nulls(False)
    panel_builder.axis_placement(shared.AxisPlacement.LEFT).axis_soft_min(0)
    legend = (
        common.VizLegendOptions().show_legend(True).display_mode(shared.LegendDisplayMode.TABLE)
    )
    panel_builder.legend(legend.placement(shared.LegendPlacement.BOTTOM).calcs(["lastNotNull"]))
    if not panel.expr:
        panel_builder.override_by_field_type("time", [DynamicConfigValue("unit", _DAY)])
        # what may not be shown is a gap, and no line leads over it
        panel_builder.insert_nulls(_GAP)
        panel_builder.display_name("${__field.labels.line}")
    panel_builder.color_scheme(
        dashboard.FieldColor().mode(FieldColorModeId.FIXED).fixed_color(PALETTE[0])
    )
    for line_number, (colour, dash) in enumerate(zip(PALETTE, DASHES, strict=True), 1):
        named = panel.lines[line_number - 1] if len(panel.lines) >= line_number else ""
        style: dict[str, object] = (
            {"fill": "dash", "dash": list(dash)} if dash else {"fill": "solid"}
        )
        panel_builder.override_by_regexp(
            f"/^{re.escape(named)}$/" if named else f"/^{line_number} /",
            [
                DynamicConfigValue("color", {"mode": "fixed", "fixedColor": colour}),
                DynamicConfigValue("custom.lineStyle", style),
            ],
        )
    if AIM in panel.sql:
        panel_builder.override_by_name(AIM, _BEHIND)
    return panel_builder


_BEHIND: Final = [
    DynamicConfigValue("color", {"mode": "fixed", "fixedColor": QUIET}),
    DynamicConfigValue("custom.lineStyle", {"fill": "dash", "dash": [20, 10]}),
    DynamicConfigValue("custom.lineWidth", 1),
    DynamicConfigValue("custom.showPoints", "never"),
    # two points, at the ends of the chosen time
    DynamicConfigValue("custom.spanNulls", True),
    DynamicConfigValue("custom.insertNulls", False),
]


def _bars(_: Panel) -> bargauge.Panel:
    panel_builder = bargauge.Panel().orientation(shared.VizOrientation.HORIZONTAL)
    panel_builder.display_mode(shared.BarGaugeDisplayMode.BASIC).value_mode(
        shared.BarGaugeValueMode.TEXT
    )
    panel_builder.color_scheme(
        dashboard.FieldColor().mode(FieldColorModeId.FIXED).fixed_color(PALETTE[0])
    )
    return panel_builder.reduce_options(
        common.ReduceDataOptions().calcs(["lastNotNull"]).values(True).fields("")
    )


def _table(panel: Panel) -> table.Panel:
    panel_builder = table.Panel().show_header(True).filterable(False)
    if panel.widths:
        panel_builder.min_width(NARROW)
    # Grafana says in every empty cell what it says of an empty panel
    panel_builder.override_by_regexp("/.*/", [DynamicConfigValue("noValue", EMPTY_CELL)])
    panel_builder.override_by_field_type("time", [DynamicConfigValue("unit", MOMENT)])
    for column in dict.fromkeys(column for column, _, _ in panel.links):
        column_links = [
            {"title": title, "url": address, "targetBlank": False}
            for linked_column, address, title in panel.links
            if linked_column == column
        ]
        panel_builder.override_by_name(column, [DynamicConfigValue("links", column_links)])
    for column in panel.bars:
        panel_builder.override_by_name(column, _BAR)
    for column in panel.signed:
        panel_builder.override_by_name(column, _SIGNED)
    for column, pixels in panel.widths.items():
        panel_builder.override_by_name(column, [DynamicConfigValue("custom.width", pixels)])
    for column, heading in panel.headings.items():
        panel_builder.override_by_name(column, [DynamicConfigValue("displayName", heading)])
    for column in panel.long:
        panel_builder.override_by_name(column, [DynamicConfigValue("custom.inspect", True)])
    for column in panel.hidden:
        panel_builder.override_by_name(column, [DynamicConfigValue("custom.hidden", True)])
    return panel_builder


_BAR: Final = [
    DynamicConfigValue("min", 0),
    DynamicConfigValue("max", 100),
    DynamicConfigValue("color", {"mode": "fixed", "fixedColor": PALETTE[0]}),
    DynamicConfigValue(
        "custom.cellOptions", {"type": "gauge", "mode": "basic", "valueDisplayMode": "text"}
    ),
]
_SIGNED: Final = [
    DynamicConfigValue("color", {"mode": "thresholds"}),
    DynamicConfigValue(
        "thresholds",
        {
            "mode": "absolute",
            "steps": [{"color": PALETTE[3], "value": None}, {"color": PALETTE[1], "value": 0}],
        },
    ),
    DynamicConfigValue("custom.cellOptions", {"type": "color-text"}),
]


_KINDS: Final[dict[Kind, Callable[[Panel], Builder]]] = {
    Kind.STAT: _stat,
    Kind.TREND: _trend,
    Kind.BARS: _bars,
    Kind.TABLE: _table,
}
