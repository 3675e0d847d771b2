"""The benefits of a statement as rows, for tables, JSON and CSV."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nytta.insight.benefits.forecast import WORDS, Status
from nytta.insight.benefits.statement import Benefit, Statement
from nytta.surfaces.spreadsheets import csv_text


def rows(statement: Statement, language: str, system: str = "") -> list[dict[str, Any]]:
    """One row per benefit: shares in percent, hours a year, money in whole units of the currency, days as text."""
    return [
        _row(statement, benefit, language)
        for benefit in statement.benefits
        if system in ("", benefit.plan.system)
    ]


def as_csv(rows: Sequence[dict[str, Any]]) -> str:
    """The rows as CSV, for a spreadsheet."""
    return csv_text(list(rows[0]), (list(row.values()) for row in rows)) if rows else ""


def _row(statement: Statement, benefit: Benefit, language: str) -> dict[str, Any]:
    pools = [
        pool for pool in statement.pools if benefit.id in pool.benefits and pool.missing is not None
    ]
    amounts = [pool.amount_missing for pool in pools]
    missing = (
        sum(amount for amount in amounts if amount is not None) / 100
        if amounts and None not in amounts
        else None
    )
    return {
        "benefit": benefit.id,
        "name": benefit.plan.names.text(language),
        "unit": benefit.plan.unit,
        "unit_name": benefit.unit_names.text(language),
        "place": benefit.place,
        "system": benefit.plan.system,
        "case_type": benefit.plan.case_type,
        "kind": benefit.plan.kind,
        "owner": benefit.plan.owner,
        "unit_of_measure": benefit.plan.unit_of_measure,
        "baseline": _thousandth(benefit.plan.baseline),
        "target": _thousandth(benefit.plan.target),
        "due": str(benefit.plan.due or ""),
        "status": benefit.word,
        "status_name": WORDS[Status(benefit.word)].text(language),
        "realised": _tenth(benefit.realised),
        "forecast": _tenth(benefit.ahead.expected if benefit.ahead else None),
        "forecast_low": _tenth(benefit.ahead.low if benefit.ahead else None),
        "forecast_high": _tenth(benefit.ahead.high if benefit.ahead else None),
        "gap_use": benefit.gap.use if benefit.gap else None,
        "gap_effect": benefit.gap.effect if benefit.gap else None,
        "account": benefit.account,
        "freed_hours": _thousandth(benefit.freed),
        "amount": None if benefit.amount is None else benefit.amount / 100,
        "unrealised_hours": _thousandth(sum(pool.missing or 0 for pool in pools))
        if pools
        else None,
        "unrealised_amount": missing,
        "avoided": None if benefit.avoided is None else benefit.avoided / 100,
        "currency": statement.currency,
        "why_no_money": benefit.why_no_money,
        "lacks": list(benefit.lacks),
        "flags": list(benefit.flags),
        "week": str(statement.week),
    }


def _thousandth(figure: int | None) -> float | None:
    return None if figure is None else figure / 1000


def _tenth(figure: int | None) -> float | None:
    return None if figure is None else figure / 10
