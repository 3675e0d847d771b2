"""The four figures of a public service: take-up, completion, satisfaction, and what a completed case costs."""

from __future__ import annotations

from typing import Final

from nytta.surfaces.console.figure_texts import figure_text
from nytta.surfaces.console.parts import Speaker, Table
from nytta.surfaces.console.readings import Reading
from nytta.surfaces.reports import figures

_SHARES: Final = ("digital-take-up", "completion", "satisfaction")


def service_figures(reading: Reading, language: str) -> Table | None:
    """The four figures of each system of the organisation that cases are handled in; None without such a system."""
    say, root = Speaker(language), reading.root
    definitions = [
        reading.definitions[indicator] for indicator in _SHARES if indicator in reading.definitions
    ]
    statement = reading.statement.statement if reading.statement else None
    transactions = (
        {transaction.system: transaction for transaction in statement.transactions}
        if statement
        else {}
    )
    currency = statement.currency if statement else ""
    rows = []
    # a service may have a cost though none of its shares is shown
    for system in dict.fromkeys((*reading.systems(root), *transactions)):
        shown = [reading.row(definition.id, root, system) for definition in definitions]
        if system not in transactions and not any(
            row is not None and row["value"] is not None for row in shown
        ):
            continue
        shares = [
            figure_text(row, definition, language).text
            for row, definition in zip(shown, definitions, strict=True)
        ]
        cost, cases = say("no_service_cost"), "–"
        if system in transactions:
            cost = figures.money(transactions[system].per_case, currency, language)
            cases = figures.whole_number(transactions[system].cases, language)
        rows.append((reading.system_names(system).text(language), *shares, cost, cases))
    if not rows:
        return None
    titles = [getattr(definition.title, language) for definition in definitions]
    columns = (say("col_system"), *titles, say("col_cost_per_case"), say("col_completed"))
    return Table(
        say("service_figures_caption"), columns, tuple(rows), tuple(range(1, len(columns)))
    )
