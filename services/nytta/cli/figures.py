"""Commands that list figures: values and the overview."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from nytta import service as nytta
from nytta.cli.common import (
    Data,
    Json,
    commands,
    fail,
    log_private_read,
    opened,
    print_json,
    show,
    stderr,
)
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


_EXACT_COLUMNS: Final = (
    "unit",
    "system",
    "indicator",
    "part",
    "period",
    "numerator",
    "denominator",
    "value",
)
_GATED_COLUMNS: Final = (
    *("unit", "system", "indicator", "part", "period"),
    *("value", "low", "high", "n_band", "status", "reason"),
)


@commands.command()
def values(
    zone: Annotated[
        Zone, typer.Option(help="Gated figures, or exact ones for an administrator.")
    ] = Zone.OPEN,
    by: Annotated[Grain, typer.Option(help="Length of the periods.")] = Grain.WINDOW,
    indicator: Annotated[str, typer.Option(help="One indicator's id.")] = "",
    unit: Annotated[str, typer.Option(help="One unit's id.")] = "",
    tree: Annotated[
        bool, typer.Option("--tree", help="Private zone: every level, not only the lowest.")
    ] = False,
    case_types: Annotated[
        bool, typer.Option("--case-types", help="Each case type beside all ('*').")
    ] = False,
    timezone: Annotated[str, typer.Option(help="Private zone: periods in this time zone.")] = "",
    definitions: Annotated[
        Path | None, typer.Option(help="Private zone: definitions of this folder.")
    ] = None,
    data_folder: Data = None,
    as_json: Json = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV on standard output.")] = False,
) -> None:
    """List values per unit, system, indicator and period."""
    private = zone is Zone.PRIVATE
    if not private and (timezone or definitions or tree or by is Grain.TOTAL):
        fail("--timezone, --definitions, --tree and --by total are for --zone private", code=2)
    with opened(data_folder) as installation:
        known_ids = {definition.id for definition in installation.definitions}
        extra = nytta.read_definitions(definitions) if definitions else None
        if indicator and indicator not in known_ids | {entry.id for entry in extra or ()}:
            fail(
                f"there is no indicator '{indicator}'; there are {', '.join(sorted(known_ids))}",
                code=2,
            )
        query = ValueQuery(by.value, indicator, unit, tree, case_types)
        if private:
            log_private_read(installation, unit)
            figures = installation.values(query, timezone or None, extra)
        else:
            figures = _open_figures(installation, query)
    show(figures, as_json, _EXACT_COLUMNS if private else _GATED_COLUMNS, as_csv)


def _open_figures(installation: nytta.App, query: ValueQuery) -> list[dict[str, Any]]:
    """Gated figures, with what nobody approved as rows too: nothing would read as nothing happened."""
    figures = installation.open.values(
        grain=query.grain, indicator=query.indicator, unit=query.unit, case_types=query.case_types
    )
    # each row has all columns, or a table would have none for what only some rows say
    empty = dict.fromkeys(figures[0] if figures else ("system", "period", "value"))
    for unapproved_row in installation.not_approved():
        is_asked = query.indicator in ("", unapproved_row["indicator"]) and query.unit in (
            "",
            unapproved_row["unit"],
        )
        if is_asked:
            figures.append(empty | unapproved_row)
    return figures


@commands.command()
def states(
    what: Annotated[str, typer.Option(help=f"One derived indicator: {', '.join(DERIVED)}.")] = "",
    unit: Annotated[str, typer.Option(help="One unit's id.")] = "",
    week: Annotated[
        str, typer.Option(help="An ISO week, such as 2026-W07; else the last one told.")
    ] = "",
    data_folder: Data = None,
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
    with opened(data_folder) as installation:
        rows = read_states(installation.open.connection, derived=what, unit=unit, week=monday)
    columns = (
        "unit",
        "system",
        "case_type",
        "what",
        "part",
        "week",
        "state",
        "value",
        "low",
        "high",
        "rests_on",
    )
    show(rows, as_json, columns, as_csv)


@commands.command()
def mix(
    indicator: Annotated[str, typer.Argument(help="A share's or rate's id.")],
    unit: Annotated[str, typer.Option(help="Whose roll-up.")],
    system: Annotated[str, typer.Option(help="In which system.")],
    first: Annotated[
        str, typer.Option("--from", help="Last ISO week of the earlier window, such as 2026-W07.")
    ],
    last: Annotated[str, typer.Option("--to", help="Last ISO week of the later window.")],
    over: Annotated[Strata, typer.Option(help="What the roll-up consists of.")] = Strata.CASE_TYPES,
    zone: Annotated[
        Zone, typer.Option(help="Gated figures, or exact ones for an administrator.")
    ] = Zone.OPEN,
    data_folder: Data = None,
    as_json: Json = False,
) -> None:
    """A figure without its mix: its change as change within its parts, and change of their mix."""
    # with the statistics, which other commands do without
    from nytta.insight.store.mix import Question, published
    from nytta.insight.store.mix import mix as take_out
    from nytta.service.exact_mix import exact

    try:
        weeks = (parse_week(first), parse_week(last))
    except ValueError as error:
        fail(str(error), code=2)
    with opened(data_folder) as installation:
        definition = next(
            (entry for entry in installation.definitions if entry.id == indicator), None
        )
        if definition is None:
            known_ids = ", ".join(entry.id for entry in installation.definitions)
            fail(f"there is no indicator '{indicator}'; there are {known_ids}", code=2)
        question = Question(unit, system, over.value, *weeks)
        if zone is Zone.PRIVATE:
            log_private_read(installation, unit)
            mixed = take_out(installation.private.connection, definition, question, exact)
        else:
            mixed = take_out(installation.open.connection, definition, question, published)
    figures = {
        "from": (mixed.before, mixed.adjusted_before),
        "to": (mixed.after, mixed.adjusted_after),
        "change": (mixed.change, mixed.adjusted_after - mixed.adjusted_before),
        "within": (mixed.within, None),
        "mix": (mixed.mix, None),
        "rest": (mixed.rest, None),
    }
    figure_rows = [
        {"": name, "as it is": _one(measured), "adjusted": _one(adjusted)}
        for name, (measured, adjusted) in figures.items()
    ]
    show(figure_rows, as_json)
    if not mixed.is_clear:
        low, high = mixed.change_interval
        stderr.print(f"the change is not certain: it lies between {low:+.1f} and {high:+.1f}")
    if mixed.unseen:
        stderr.print(
            f"{mixed.unseen} parts are not shown in both weeks; their change is in the rest"
        )


def _one(value: float | None) -> float | None:
    """A figure with one decimal."""
    # 0.0 is added, so that a change of nothing does not read -0.0
    return None if value is None else round(value, 1) + 0.0


@commands.command()
def overview(data_folder: Data = None, as_json: Json = False) -> None:
    """The latest published figure of each unit, system and indicator, in tree order."""
    with opened(data_folder) as installation:
        units = installation.open.units()
        latest = installation.open.latest()
        missing = installation.not_approved()
    if as_json:
        print_json([*latest, *missing])
        return
    from rich.console import Console
    from rich.table import Table

    figures: dict[str, dict[str, dict[str, dict[str, Any]]]] = {}
    for row in latest:
        figures.setdefault(row["unit"], {}).setdefault(row["system"], {})[row["indicator"]] = row
    indicator_ids = sorted({row["indicator"] for row in latest})
    table = Table("unit", "system", *indicator_ids, box=None, pad_edge=False, header_style="bold")
    for unit in units:
        systems = sorted(figures.get(unit["unit"], {}).items())
        for system_number, (system, system_figures) in enumerate(systems):
            # the unit's name stands in its first row alone
            unit_name = unit["name_en"] if system_number == 0 else ""
            cells = [_figure(system_figures.get(indicator)) for indicator in indicator_ids]
            table.add_row("  " * unit["depth"] + unit_name, system, *cells)
    console = Console(width=max(40 + 20 * len(indicator_ids), Console().width))
    console.print(table)
    console.print(
        "\nLatest closed window of each indicator. ≤ and ≥ are bands; ~ is rounded to five; · too few to show; "
        "→ shown with its reporting group; … too little yet.",
        highlight=False,
    )
    for row in missing:
        print(
            f"not approved: {row['indicator']} for {row['unit']}; missing {', '.join(row['missing'])}"
        )


def _figure(figure_row: dict[str, Any] | None) -> str:
    """A published figure in a few characters."""
    if figure_row is None:
        return ""
    if figure_row["value"] is None:
        return {"suppressed": "·", "grouped": "→"}.get(figure_row["status"], "…")
    unit = {"percent": " %", "days": " d"}.get(figure_row["unit_of_measure"], "")
    sign = ""
    if figure_row["status"] == "banded":
        sign = "≤" if figure_row["low"] == 0 else "≥"
    elif figure_row["status"] == "rounded":
        sign = "~"
    return f"{sign}{figure_row['value']:.0f}{unit}"
