"""A board: its question, its variables, its rows of panels; and how it becomes what Grafana reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import orjson
from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import (
    AnnotationQuery,
    DashboardCursorSync,
    DashboardLinkType,
    GridPos,
    VariableHide,
    VariableRefresh,
    VariableSort,
)
from grafana_foundation_sdk.models.dashboard import VariableOption as Option

from nytta.surfaces.grafana.panels import TOP, WIDE, Kind, Panel, build, text_panel, twin
from nytta.surfaces.grafana.query import CLICKHOUSE, STORE, ClickHouseQuery

TAG: Final = "nytta"
CONSOLE: Final = "http://127.0.0.1:8651"
"""Where the stack of docker-compose.yml has the console; `nytta dashboards push` puts NYTTA_ADDRESS in its place."""
DEFINITIONS: Final = "README.md, section Indicators; `schemas/indicators` has each formula"


@dataclass(frozen=True, slots=True)
class Variable:
    """A choice above the board. `sql` gives its values, or value and label; what is hidden is there for titles."""

    name: str
    label: str
    sql: str
    multi: bool = False
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """Days drawn into the charts. `sql` gives time, title, text and tags."""

    name: str
    colour: str
    sql: str


@dataclass(frozen=True, slots=True)
class Row:
    """Panels under a heading, laid out from left to right."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class Board:
    """A dashboard: one question, which is its title."""

    uid: str
    title: str
    about: str
    owner: str
    variables: tuple[Variable, ...]
    rows: tuple[Row, ...]
    marks: tuple[Mark, ...] = ()
    periods: bool = False
    metrics: bool = False
    console: bool = False
    since: str = "now-18M"

    @property
    def panels(self) -> Iterator[Panel]:
        """All panels with a query, tables of charts among them."""
        for row in (*self.rows, twins(self)):
            yield from row.panels


def twins(board: Board) -> Row:
    """The charts of the board as tables."""
    charts = [
        panel
        for row in board.rows
        for panel in row.panels
        if panel.kind in (Kind.TREND, Kind.BARS) and panel.sql
    ]
    return Row("The same figures as tables", tuple(map(twin, charts)))


def render(board: Board) -> bytes:
    """The board as JSON, the same bytes every time."""
    plain: dict[str, Any] = orjson.loads(
        JSONEncoder(sort_keys=True).encode(_dashboard(board).build())
    )
    return orjson.dumps(
        plain, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
    )


def _dashboard(board: Board) -> dashboard.Dashboard:
    board_builder = (
        dashboard.Dashboard(board.title).uid(board.uid).tags([TAG]).readonly().timezone("browser")
    )
    board_builder.description(board.about).time(board.since, "now").refresh("5m").tooltip(
        DashboardCursorSync.CROSSHAIR
    )
    board_builder.timepicker(
        dashboard.TimePicker().refresh_intervals(["5m", "15m", "1h"])
    ).week_start("monday")
    board_builder.link(
        dashboard.DashboardLink("Nytta").type(DashboardLinkType.DASHBOARDS).tags([TAG]).as_dropdown(True)
        .include_vars(True).keep_time(True)
    )  # fmt: skip
    _variables(board_builder, board)
    for mark in board.marks:
        board_builder.annotation(_annotation(mark))
    board_builder.with_panel(text_panel(_on_top(board)).id(1).grid_pos(GridPos(TOP, WIDE, 0, 0)))
    panel_number, top_row = 2, TOP
    for row in board.rows:
        board_builder.with_row(
            dashboard.Row(row.title).id(panel_number).grid_pos(GridPos(1, WIDE, 0, top_row))
        )
        panel_number, top_row = panel_number + 1, top_row + 1
        for panel, position in _laid(row, top_row):
            board_builder.with_panel(build(panel, panel_number, position))
            panel_number, bottom = panel_number + 1, position.y + position.h
        top_row = bottom
    tables = twins(board)
    if tables.panels:
        folded = (
            dashboard.Row(tables.title)
            .id(panel_number)
            .grid_pos(GridPos(1, WIDE, 0, top_row))
            .collapsed(True)
        )
        for panel, position in _laid(tables, top_row + 1):
            panel_number += 1
            folded.with_panel(build(panel, panel_number, position))
        board_builder.with_row(folded)
    return board_builder


def _laid(row: Row, top_row: int) -> Iterator[tuple[Panel, GridPos]]:
    """Panels and their places: as many in a line as fit."""
    column, row_height = 0, 0
    for panel in row.panels:
        if column + panel.width > WIDE:
            column, top_row, row_height = 0, top_row + row_height, 0
        yield panel, GridPos(panel.height, panel.width, column, top_row)
        column, row_height = column + panel.width, max(row_height, panel.height)


def _on_top(board: Board) -> str:
    source = "the open zone of Nytta, closed weeks that passed the gate"
    if board.metrics:
        source = "Prometheus, for the service itself; " + source
    tables = " Charts as tables: last row." if twins(board).panels else ""
    return (
        f"{board.about} Owner: {board.owner}. Source: {source}. Definitions: {DEFINITIONS}.{tables}"
    )


def _variables(board_builder: dashboard.Dashboard, board: Board) -> None:
    board_builder.with_variable(
        dashboard.DatasourceVariable("datasource").label("Data source").type(CLICKHOUSE)
    )
    if board.metrics:
        board_builder.with_variable(
            dashboard.DatasourceVariable("prometheus").label("Prometheus").type("prometheus")
        )
    if board.console:
        constant = dashboard.ConstantVariable("console").label("Console").value(CONSOLE)
        # the builder cannot
        constant.build().hide = VariableHide.HIDE_VARIABLE
        board_builder.with_variable(constant)
    for board_variable in board.variables:
        variable = (
            dashboard.QueryVariable(board_variable.name)
            .label(board_variable.label)
            .datasource(STORE)
        )
        variable.query({"refId": "var", "queryType": "sql", "rawSql": board_variable.sql})
        variable.refresh(VariableRefresh.ON_TIME_RANGE_CHANGED).sort(VariableSort.DISABLED)
        if board_variable.multi:
            variable.multi(True).include_all(True).current(
                Option(selected=True, text=["All"], value=["$__all"])
            )
        if board_variable.hidden:
            variable.hide(VariableHide.HIDE_VARIABLE)
        board_builder.with_variable(variable)
    if board.periods:
        choices = {"Rolling window": "window", "Month": "month", "Week": "week"}
        board_builder.with_variable(
            dashboard.CustomVariable("period").label("Period")
            .values(", ".join(f"{label} : {value}" for label, value in choices.items()))
            .options([Option(selected=value == "window", text=label, value=value) for label, value in choices.items()])
            .current(Option(selected=True, text="Rolling window", value="window"))
        )  # fmt: skip


def _annotation(mark: Mark) -> dashboard.AnnotationQuery:
    annotation = (
        dashboard.AnnotationQuery()
        .name(mark.name)
        .datasource(STORE)
        .enable(True)
        .icon_color(mark.colour)
    )
    # the SDK knows only targets of Grafana's own annotations; the data source's is a query like a panel's
    inner: AnnotationQuery = annotation.build()
    inner.target = ClickHouseQuery(mark.sql, ref_id="Anno")
    return annotation
