"""The benefits of a statement as rows, for tables, JSON and CSV."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nytta.insight.benefits.forecast import WORDS, Status
from nytta.insight.benefits.statement import Benefit, Statement
from nytta.surfaces.spreadsheets import csv_text


def rows(statement: Statement, language: str, system: str = "") -> list[dict[str, Any]]:
    """One row per benefit: shares in percent, hours a year, money in whole units of the currency, days as text."""
    return [_row(statement, benefit, language) for benefit in statement.benefits if system in ("", benefit.plan.system)]


def as_csv(rows: Sequence[dict[str, Any]]) -> str:
    """The rows as CSV, for a spreadsheet."""
    return csv_text(list(rows[0]), (list(row.values()) for row in rows)) if rows else ""


def _row(statement: Statement, b: Benefit, language: str) -> dict[str, Any]:
    pools = [p for p in statement.pools if b.id in p.benefits and p.missing is not None]
    amounts = [p.amount_missing for p in pools]
    missing = sum(a for a in amounts if a is not None) / 100 if amounts and None not in amounts else None
    return {
        "benefit": b.id,
        "name": b.plan.names.text(language),
        "unit": b.plan.unit,
        "unit_name": b.unit_names.text(language),
        "place": b.place,
        "system": b.plan.system,
        "case_type": b.plan.case_type,
        "kind": b.plan.kind,
        "owner": b.plan.owner,
        "unit_of_measure": b.plan.unit_of_measure,
        "baseline": _thousandth(b.plan.baseline),
        "target": _thousandth(b.plan.target),
        "due": str(b.plan.due or ""),
        "status": b.word,
        "status_name": WORDS[Status(b.word)].text(language),
        "realised": _tenth(b.realised),
        "forecast": _tenth(b.ahead.expected if b.ahead else None),
        "forecast_low": _tenth(b.ahead.low if b.ahead else None),
        "forecast_high": _tenth(b.ahead.high if b.ahead else None),
        "gap_use": b.gap.use if b.gap else None,
        "gap_effect": b.gap.effect if b.gap else None,
        "account": b.account,
        "freed_hours": _thousandth(b.freed),
        "amount": None if b.amount is None else b.amount / 100,
        "unrealised_hours": _thousandth(sum(p.missing or 0 for p in pools)) if pools else None,
        "unrealised_amount": missing,
        "avoided": None if b.avoided is None else b.avoided / 100,
        "currency": statement.currency,
        "why_no_money": b.why_no_money,
        "lacks": list(b.lacks),
        "flags": list(b.flags),
        "week": str(statement.week),
    }


def _thousandth(figure: int | None) -> float | None:
    return None if figure is None else figure / 1000


def _tenth(figure: int | None) -> float | None:
    return None if figure is None else figure / 10
