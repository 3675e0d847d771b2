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
    """A choice above the board. `sql` gives its values, or value and label."""

    name: str
    label: str
    sql: str
    multi: bool = False


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
    charts = [p for row in board.rows for p in row.panels if p.kind in (Kind.TREND, Kind.BARS) and p.sql]
    return Row("The same figures as tables", tuple(map(twin, charts)))


def render(board: Board) -> bytes:
    """The board as JSON, the same bytes every time."""
    plain: dict[str, Any] = orjson.loads(JSONEncoder(sort_keys=True).encode(_dashboard(board).build()))
    return orjson.dumps(plain, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)


def _dashboard(board: Board) -> dashboard.Dashboard:
    made = dashboard.Dashboard(board.title).uid(board.uid).tags([TAG]).readonly().timezone("browser")
    made.description(board.about).time(board.since, "now").refresh("5m").tooltip(DashboardCursorSync.CROSSHAIR)
    made.timepicker(dashboard.TimePicker().refresh_intervals(["5m", "15m", "1h"])).week_start("monday")
    made.link(
        dashboard.DashboardLink("Nytta").type(DashboardLinkType.DASHBOARDS).tags([TAG]).as_dropdown(True)
        .include_vars(True).keep_time(True)
    )  # fmt: skip
    _variables(made, board)
    for mark in board.marks:
        made.annotation(_annotation(mark))
    made.with_panel(text_panel(_on_top(board)).id(1).grid_pos(GridPos(TOP, WIDE, 0, 0)))
    number, top = 2, TOP
    for row in board.rows:
        made.with_row(dashboard.Row(row.title).id(number).grid_pos(GridPos(1, WIDE, 0, top)))
        number, top = number + 1, top + 1
        for panel, position in _laid(row, top):
            made.with_panel(build(panel, number, position))
            number, bottom = number + 1, position.y + position.h
        top = bottom
    tables = twins(board)
    if tables.panels:
        folded = dashboard.Row(tables.title).id(number).grid_pos(GridPos(1, WIDE, 0, top)).collapsed(True)
        for panel, position in _laid(tables, top + 1):
            number += 1
            folded.with_panel(build(panel, number, position))
        made.with_row(folded)
    return made


def _laid(row: Row, top: int) -> Iterator[tuple[Panel, GridPos]]:
    """Panels and their places: as many in a line as fit."""
    left, line = 0, 0
    for panel in row.panels:
        if left + panel.width > WIDE:
            left, top, line = 0, top + line, 0
        yield panel, GridPos(panel.height, panel.width, left, top)
        left, line = left + panel.width, max(line, panel.height)


def _on_top(board: Board) -> str:
    return (
        f"{board.about} Owner: {board.owner}. Source: the open zone of Nytta, closed weeks that passed the gate. "
        f"Definitions: {DEFINITIONS}. The same figures as tables: last row."
    )


def _variables(made: dashboard.Dashboard, board: Board) -> None:
    made.with_variable(dashboard.DatasourceVariable("datasource").label("Data source").type(CLICKHOUSE))
    if board.metrics:
        made.with_variable(dashboard.DatasourceVariable("prometheus").label("Prometheus").type("prometheus"))
    if board.console:
        constant = dashboard.ConstantVariable("console").label("Console").value(CONSOLE)
        constant.build().hide = VariableHide.HIDE_VARIABLE  # the builder cannot
        made.with_variable(constant)
    for each in board.variables:
        variable = dashboard.QueryVariable(each.name).label(each.label).datasource(STORE)
        variable.query({"refId": "var", "queryType": "sql", "rawSql": each.sql})
        variable.refresh(VariableRefresh.ON_TIME_RANGE_CHANGED).sort(VariableSort.DISABLED)
        if each.multi:
            variable.multi(True).include_all(True).current(Option(selected=True, text=["All"], value=["$__all"]))
        made.with_variable(variable)
    if board.periods:
        choices = {"Rolling window": "window", "Month": "month", "Week": "week"}
        made.with_variable(
            dashboard.CustomVariable("period").label("Period")
            .values(", ".join(f"{k} : {v}" for k, v in choices.items()))
            .options([Option(selected=v == "window", text=k, value=v) for k, v in choices.items()])
            .current(Option(selected=True, text="Rolling window", value="window"))
        )  # fmt: skip


def _annotation(mark: Mark) -> dashboard.AnnotationQuery:
    made = dashboard.AnnotationQuery().name(mark.name).datasource(STORE).enable(True).icon_color(mark.colour)
    # the SDK knows only targets of Grafana's own annotations; the data source's is a query like a panel's
    inner: AnnotationQuery = made.build()
    inner.target = ClickHouseQuery(mark.sql, ref_id="Anno")
    return made
