"""Commands that list figures: values and the overview."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from nytta import service as nytta
from nytta.cli.common import Data, Json, commands, fail, log_private_read, opened, print_json, show, stderr
from nytta.indicators.store.values import ValueQuery
from nytta.insight.store.states import DERIVED, read_states
from nytta.registry.dates import parse_week


class Zone(StrEnum):
    """Which figures: gated ones, or the exact ones that only an administrator reads."""

    OPEN = "open"
    PRIVATE = "private"


class Grain(StrEnum):
    """How long a period is. `window` is each indicator's own trailing window, `total` everything."""

    WEEK = "week"
    MONTH = "month"
    WINDOW = "window"
    TOTAL = "total"


class Strata(StrEnum):
    """What a roll-up consists of."""

    CASE_TYPES = "case-types"
    UNITS = "units"


@commands.command()
def values(
    zone: Annotated[Zone, typer.Option(help="Gated figures, or exact ones for an administrator.")] = Zone.OPEN,
    by: Annotated[Grain, typer.Option(help="Length of the periods.")] = Grain.WINDOW,
    indicator: Annotated[str, typer.Option(help="One indicator's id.")] = "",
    unit: Annotated[str, typer.Option(help="One unit's id.")] = "",
    tree: Annotated[bool, typer.Option("--tree", help="Private zone: every level, not only the lowest.")] = False,
    case_types: Annotated[bool, typer.Option("--case-types", help="Each case type beside all ('*').")] = False,
    timezone: Annotated[str, typer.Option(help="Private zone: periods in this time zone.")] = "",
    definitions: Annotated[Path | None, typer.Option(help="Private zone: definitions of this folder.")] = None,
    data: Data = None,
    as_json: Json = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV on standard output.")] = False,
) -> None:
    """List values per unit, system, indicator and period."""
    private = zone is Zone.PRIVATE
    if not private and (timezone or definitions or tree or by is Grain.TOTAL):
        fail("--timezone, --definitions, --tree and --by total are for --zone private", code=2)
    with opened(data) as app:
        known_ids = {definition.id for definition in app.definitions}
        extra = nytta.read_definitions(definitions) if definitions else None
        if indicator and indicator not in known_ids | {entry.id for entry in extra or ()}:
            fail(f"there is no indicator '{indicator}'; there are {', '.join(sorted(known_ids))}", code=2)
        if private:
            query = ValueQuery(by.value, indicator, unit, tree, case_types)
            log_private_read(app, unit)
            rows = app.values(query, timezone or None, extra)
            columns: tuple[str, ...] = (
                *("unit", "system", "indicator", "part", "period"),
                *("numerator", "denominator", "value"),
            )
        else:
            rows = app.open.values(grain=by.value, indicator=indicator, unit=unit, case_types=case_types)
            # what nobody approved stands there as rows too: nothing would read as nothing happened
            rows += [
                dict.fromkeys(rows[0] if rows else ("system", "period", "value")) | row
                for row in app.not_approved()
                if indicator in ("", row["indicator"]) and unit in ("", row["unit"])
            ]
            columns = (
                "unit",
                "system",
                "indicator",
                "part",
                "period",
                "value",
                "low",
                "high",
                "n_band",
                "status",
            )
    show(rows, as_json, columns, as_csv)


@commands.command()
def states(
    what: Annotated[str, typer.Option(help=f"One derived indicator: {', '.join(DERIVED)}.")] = "",
    unit: Annotated[str, typer.Option(help="One unit's id.")] = "",
    week: Annotated[str, typer.Option(help="An ISO week, such as 2026-W07; else the last one told.")] = "",
    data: Data = None,
    as_json: Json = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV on standard output.")] = False,
) -> None:
    """What several published figures show together: ready and not used, gates, gaps, decisions."""
    if what and what not in DERIVED:
        fail(f"there is no derived indicator '{what}'; there are {', '.join(DERIVED)}", code=2)
    try:
        monday = parse_week(week) if week else None
    except ValueError as error:
        fail(f"--week: {error}", code=2)
    with opened(data) as app:
        rows = read_states(app.open.connection, derived=what, unit=unit, week=monday)
    columns = ("unit", "system", "case_type", "what", "part", "week", "state", "value", "low", "high", "rests_on")
    show(rows, as_json, columns, as_csv)


@commands.command()
def mix(
    indicator: Annotated[str, typer.Argument(help="A share's or rate's id.")],
    unit: Annotated[str, typer.Option(help="Whose roll-up.")],
    system: Annotated[str, typer.Option(help="In which system.")],
    first: Annotated[str, typer.Option("--from", help="Last ISO week of the earlier window, such as 2026-W07.")],
    last: Annotated[str, typer.Option("--to", help="Last ISO week of the later window.")],
    over: Annotated[Strata, typer.Option(help="What the roll-up consists of.")] = Strata.CASE_TYPES,
    zone: Annotated[Zone, typer.Option(help="Gated figures, or exact ones for an administrator.")] = Zone.OPEN,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """A figure without its mix: its change as change within its parts, and change of their mix."""
    from nytta.insight.store.mix import Question, published  # with the statistics, which other commands do without
    from nytta.insight.store.mix import mix as take_out
    from nytta.service.exact_mix import exact

    try:
        weeks = (parse_week(first), parse_week(last))
    except ValueError as error:
        fail(str(error), code=2)
    with opened(data) as app:
        definition = next((entry for entry in app.definitions if entry.id == indicator), None)
        if definition is None:
            fail(
                f"there is no indicator '{indicator}'; there are {', '.join(entry.id for entry in app.definitions)}",
                code=2,
            )
        question = Question(unit, system, over.value, *weeks)
        if zone is Zone.PRIVATE:
            log_private_read(app, unit)
            mixed = take_out(app.private.connection, definition, question, exact)
        else:
            mixed = take_out(app.open.connection, definition, question, published)
    figures = {
        "from": (mixed.before, mixed.adjusted_before),
        "to": (mixed.after, mixed.adjusted_after),
        "change": (mixed.change, mixed.adjusted_after - mixed.adjusted_before),
        "within": (mixed.within, None),
        "mix": (mixed.mix, None),
    }
    show(
        [
            {"": name, "as it is": _one(measured), "adjusted": _one(adjusted)}
            for name, (measured, adjusted) in figures.items()
        ],
        as_json,
    )
    if mixed.unseen:
        stderr.print(f"{mixed.unseen} parts are not shown in both weeks; their change is in the mix")


def _one(value: float | None) -> float | None:
    """A figure with one decimal."""
    # 0.0 is added, so that a change of nothing does not read -0.0
    return None if value is None else round(value, 1) + 0.0


@commands.command()
def overview(data: Data = None, as_json: Json = False) -> None:
    """The latest published figure of each unit, system and indicator, in tree order."""
    with opened(data) as app:
        units, latest, missing = app.open.units(), app.open.latest(), app.not_approved()
    if as_json:
        print_json([*latest, *missing])
        return
    from rich.console import Console
    from rich.table import Table

    figures: dict[str, dict[str, dict[str, dict[str, Any]]]] = {}
    for row in latest:
        figures.setdefault(row["unit"], {}).setdefault(row["system"], {})[row["indicator"]] = row
    names = sorted({row["indicator"] for row in latest})
    table = Table("unit", "system", *names, box=None, pad_edge=False, header_style="bold")
    for unit in units:
        for number, (system, row) in enumerate(sorted(figures.get(unit["unit"], {}).items())):
            name = "  " * unit["depth"] + (unit["name_en"] if number == 0 else "")
            table.add_row(name, system, *(_figure(row.get(indicator)) for indicator in names))
    console = Console(width=max(40 + 20 * len(names), Console().width))
    console.print(table)
    console.print(
        "\nLatest closed window of each indicator. ≤ and ≥ are bands; ~ is rounded to five; · too few to show; "
        "→ shown with its reporting group; … too little yet.",
        highlight=False,
    )
    for row in missing:
        print(f"not approved: {row['indicator']} for {row['unit']}; missing {', '.join(row['missing'])}")


def _figure(row: dict[str, Any] | None) -> str:
    """A published figure in a few characters."""
    if row is None:
        return ""
    if row["value"] is None:
        return {"suppressed": "·", "grouped": "→"}.get(row["status"], "…")
    unit = {"percent": " %", "days": " d"}.get(row["unit_of_measure"], "")
    sign = ""
    if row["status"] == "banded":
        sign = "≤" if row["low"] == 0 else "≥"
    elif row["status"] == "rounded":
        sign = "~"
    return f"{sign}{row['value']:.0f}{unit}"
