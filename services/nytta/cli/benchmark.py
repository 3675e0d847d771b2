"""Commands that compare organisations on the same definitions."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from nytta import app as nytta
from nytta.benefits.benchmark import BenchmarkError, Funnel, funnel, take, write
from nytta.cli.common import Data, Json, commands, fail, opened, print_json, show, told
from nytta.indicators.definition import Definition, Kind
from nytta.reports import charts
from nytta.reports.html import FONT
from nytta.store import benchmarks

benchmark_commands = typer.Typer(
    no_args_is_help=True, help="Compare with other organisations: hand out and take over published figures."
)
commands.add_typer(benchmark_commands, name="benchmark")

CaseTypes = Annotated[bool, typer.Option("--case-types", help="Each case type beside all ('*').")]


@benchmark_commands.command()
def export(
    organisation: Annotated[str, typer.Argument(help="The organisation whose figures are handed out.")],
    out: Annotated[Path | None, typer.Option(help="File to write; standard output without it.")] = None,
    whole: Annotated[bool, typer.Option("--whole", help="Only the organisation as a whole, no units.")] = False,
    case_types: CaseTypes = False,
    data: Data = None,
) -> None:
    """Hand out published shares with the versions of their definitions; they have passed the gate."""
    with opened(data) as app:
        roots = benchmarks.organisations(app.open.connection)
        if organisation not in roots:
            fail(f"there is no organisation '{organisation}'; there are {', '.join(roots) or 'none'}", code=2)
        found = benchmarks.export(
            app.open.connection, organisation, app.definitions, units=not whole, case_types=case_types
        )
    body = write(found)
    if out is None:
        sys.stdout.buffer.write(body)
        sys.stdout.flush()
        return
    out.write_bytes(body)
    told.print(f"{out}: {len(found.figures)} figures of {len(found.definitions)} indicators")


@benchmark_commands.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="What another organisation exported.")],
    data: Data = None,
) -> None:
    """Take over the figures of another organisation; refused where they follow other definitions."""
    with opened(data) as app:
        own = benchmarks.organisations(app.open.connection)
        try:
            found = take(file.read_bytes(), app.definitions, own)
        except BenchmarkError as error:
            fail(f"{file}: {error}")
        benchmarks.save(app.open.connection, found)
    told.print(f"{found.organisation}: {len(found.figures)} figures taken over")


@benchmark_commands.command("show")
def show_(
    indicator: Annotated[str, typer.Argument(help="A share that both have.")],
    case_types: CaseTypes = False,
    svg: Annotated[Path | None, typer.Option(help="Draw the funnel into this file.")] = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """The funnel of an indicator: where places lie beyond what chance and organisations' differences explain."""
    with opened(data) as app:
        definition = _share(app, indicator)
        rows = benchmarks.compared(app.open.connection, definition, case_types=case_types)
    found = funnel(rows)
    if found is None:
        fail(f"fewer than two figures of '{indicator}' can be compared: import what others export")
    if svg:
        svg.write_text(_drawn(found, definition), encoding="utf-8")
    listed: list[dict[str, Any]] = [
        {name: getattr(point, name) for name in ("organisation", "unit", "name", "value", "n", "word")}
        for point in found.points
    ]
    if as_json:
        print_json({"indicator": indicator, "version": definition.version, "centre": found.centre, "points": listed})
        return
    show(listed, False)
    told.print(f"centre {found.centre} %; n is the least number that stands behind the figure")


def _share(app: nytta.App, indicator: str) -> Definition:
    known = {d.id: d for d in app.definitions if d.kind is Kind.SHARE}
    if indicator not in known:
        fail(f"there is no share '{indicator}'; there are {', '.join(sorted(known))}", code=2)
    return known[indicator]


def _drawn(found: Funnel, definition: Definition) -> str:
    points = [(point.name or point.unit, point.value, point.n) for point in found.points]
    return charts.funnel(
        points,
        centre=found.centre,
        limits=found.limits,
        words=(f"{definition.title.en} (version {definition.version}); n", f"{found.centre:g} %"),
        font=FONT,
    )
