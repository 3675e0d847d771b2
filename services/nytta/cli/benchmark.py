"""Commands that compare organisations on the same definitions."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from nytta import service as nytta
from nytta.cli.common import Data, Json, commands, fail, opened, print_json, show, stderr
from nytta.indicators.definition import Definition, Kind
from nytta.insight.benefits.benchmark import BenchmarkError, Funnel, by_level, funnel, take, write
from nytta.insight.store import benchmarks
from nytta.surfaces.reports import charts
from nytta.surfaces.reports.html import FONT

benchmark_commands = typer.Typer(
    no_args_is_help=True,
    help="Compare with other organisations: hand out and take over published figures.",
)
commands.add_typer(benchmark_commands, name="benchmark")

CaseTypes = Annotated[bool, typer.Option("--case-types", help="Each case type beside all ('*').")]


@benchmark_commands.command()
def export(
    organisation: Annotated[
        str, typer.Argument(help="The organisation whose figures are handed out.")
    ],
    out: Annotated[
        Path | None, typer.Option(help="File to write; standard output without it.")
    ] = None,
    whole: Annotated[
        bool, typer.Option("--whole", help="Only the organisation as a whole, no units.")
    ] = False,
    case_types: CaseTypes = False,
    data_folder: Data = None,
) -> None:
    """Hand out published shares with the versions of their definitions; they have passed the gate."""
    with opened(data_folder) as installation:
        roots = benchmarks.organisations(installation.open.connection)
        if organisation not in roots:
            fail(
                f"there is no organisation '{organisation}'; there are {', '.join(roots) or 'none'}",
                code=2,
            )
        benchmark = benchmarks.export(
            installation.open.connection,
            organisation,
            installation.definitions,
            units=not whole,
            case_types=case_types,
        )
    benchmark_body = write(benchmark)
    if out is None:
        sys.stdout.buffer.write(benchmark_body)
        sys.stdout.flush()
        return
    out.write_bytes(benchmark_body)
    stderr.print(
        f"{out}: {len(benchmark.figures)} figures of {len(benchmark.definitions)} indicators"
    )


@benchmark_commands.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="What another organisation exported.")],
    data_folder: Data = None,
) -> None:
    """Take over the figures of another organisation; refused where they follow other definitions."""
    with opened(data_folder) as installation:
        own_organisations = benchmarks.organisations(installation.open.connection)
        try:
            benchmark = take(file.read_bytes(), installation.definitions, own_organisations)
        except BenchmarkError as error:
            fail(f"{file}: {error}")
        benchmarks.save(installation.open.connection, benchmark)
    stderr.print(f"{benchmark.organisation}: {len(benchmark.figures)} figures taken over")


@benchmark_commands.command("show")
def show_(
    indicator: Annotated[str, typer.Argument(help="A share that both have.")],
    level: Annotated[
        str | None, typer.Option(help="Only one level: '*' or a type of unit.")
    ] = None,
    case_types: CaseTypes = False,
    svg: Annotated[Path | None, typer.Option(help="Draw the funnel into this file.")] = None,
    data_folder: Data = None,
    as_json: Json = False,
) -> None:
    """Funnels of an indicator: where places lie beyond what chance and organisations' differences explain.

    One for each level: whole organisations ('*'), then each type of unit.
    """
    with opened(data_folder) as installation:
        definition = _share(installation, indicator)
        rows = benchmarks.compared(
            installation.open.connection, {indicator: definition.version}, case_types=case_types
        )
    levels = by_level(rows)
    if level is not None and level not in levels:
        fail(f"there is no level '{level}'; there are {', '.join(levels) or 'none'}", code=2)
    funnels = {
        level_name: drawn
        for level_name, group in levels.items()
        if level in (None, level_name) and (drawn := funnel(group))
    }
    if not funnels:
        fail(f"fewer than two figures of '{indicator}' can be compared: import what others export")
    if svg:
        if len(funnels) > 1:
            fail(f"one drawing holds one funnel: choose --level from {', '.join(funnels)}", code=2)
        svg.write_text(_drawn(next(iter(funnels.values())), definition), encoding="utf-8")
    if as_json:
        told_of = [
            {
                "level": level_name,
                "centre": drawn_funnel.centre,
                "points": [asdict(funnel_point) for funnel_point in drawn_funnel.points],
            }
            for level_name, drawn_funnel in funnels.items()
        ]
        print_json({"indicator": indicator, "version": definition.version, "levels": told_of})
        return
    show(
        [
            {"level": level_name} | asdict(funnel_point)
            for level_name, drawn_funnel in funnels.items()
            for funnel_point in drawn_funnel.points
        ],
        False,
    )
    centres = ", ".join(
        f"{level_name} {drawn_funnel.centre}%" for level_name, drawn_funnel in funnels.items()
    )
    stderr.print(f"centre of {centres}; n is the least number that stands behind the figure")


def _share(installation: nytta.App, indicator: str) -> Definition:
    shares_by_id = {
        definition.id: definition
        for definition in installation.definitions
        if definition.kind is Kind.SHARE
    }
    if indicator not in shares_by_id:
        fail(
            f"there is no share '{indicator}'; there are {', '.join(sorted(shares_by_id))}", code=2
        )
    return shares_by_id[indicator]


def _drawn(funnel: Funnel, definition: Definition) -> str:
    points = [
        charts.Place(point.name or point.unit, point.value, point.n, point.word != "inside")
        for point in funnel.points
    ]
    return charts.funnel(
        points,
        centre=funnel.centre,
        limits=funnel.limits,
        axis_words=(
            f"{definition.title.en} (version {definition.version}); n",
            f"{funnel.centre:g}%",
        ),
        font=FONT,
        language="en",
    )
