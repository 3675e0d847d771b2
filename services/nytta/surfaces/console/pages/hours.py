"""Hours of a year by case type, as a table: promised, freed, unrealised, and what they are worth."""

from __future__ import annotations

from collections.abc import Sequence

from nytta.insight.benefits.statement import Pool
from nytta.surfaces.console.parts import Cell, Link, Speaker, Table
from nytta.surfaces.reports import figures
from nytta.surfaces.reports import words as report_words


def hours_table(
    pools: Sequence[Pool], currency: str, say: Speaker, *, by_unit: bool = False
) -> Table | None:
    """The hours of the pools, one row each, with their unit where they are of several; None without any pool."""
    if not pools:
        return None
    rows: list[tuple[Cell, ...]] = []
    for pool in pools:
        unit_cells = (
            (Link(pool.names.text(say.language), f"/units/{pool.place}"),) if by_unit else ()
        )
        rows.append((*unit_cells, *_row(pool, currency, say)))
    unit_column = ("unit",) if by_unit else ()
    columns = (
        *unit_column,
        "case_type",
        "new_way",
        "target",
        "promised",
        "freed",
        "unrealised",
        "worth",
    )
    first_figure = columns.index("new_way")
    return Table(
        say("hours_caption"),
        say.columns(*columns),
        tuple(rows),
        tuple(range(first_figure, len(columns))),
    )


def _row(pool: Pool, currency: str, say: Speaker) -> tuple[Cell, ...]:
    language = say.language
    name = pool.case_type_names.text(language) or pool.names.text(language)
    use, target = (figures.percent(share, language) for share in (pool.share, pool.share_target))
    if pool.missing is None:
        unrealised = report_words.word_or(f"why_{pool.why}", language, pool.why) or "–"
        return (name, use, target, figures.hours(pool.promised, language), "–", unrealised, "–")
    # money needs an owner who stands for the minutes
    worth = say("unconfirmed") if pool.amount_missing is None and pool.missing else "–"
    if pool.amount_missing is not None:
        worth = figures.money(pool.amount_missing, currency, language)
    amounts = (
        figures.hours(amount, language) for amount in (pool.promised, pool.freed, pool.missing)
    )
    return (name, use, target, *amounts, worth)
