"""Facts of an alert as words of a language, which stand where a wording has placeholders; figures as published.

What is not known has no entry: a sentence that needs it is left out, or the alert cannot be told.
"""

from __future__ import annotations

from datetime import date
from string import Formatter

from nytta.disclosure.rounding import two_digits
from nytta.insight.alerts.facts import Facts
from nytta.insight.alerts.kinds import Kind, Role
from nytta.insight.alerts.model import Alert
from nytta.insight.alerts.wordings import Wording
from nytta.registry.programme import level_names

_DETECTED = {Kind.LEVEL, Kind.RELAPSE, Kind.BEHIND_PLAN}
"""Told by their verdict, also where no figure is shown."""

_COMPARISONS = ("before", "target", "units", "tickets", "tickets_peer", "course")
"""With what a figure is compared, beside comparable units."""


def placeholders(alert: Alert, facts: Facts, wording: Wording) -> dict[str, str]:
    """All facts there are, as words of the language; what is not known has no entry."""
    language = wording.language
    first_week, last_week = facts.first.isocalendar().week, facts.last.isocalendar().week
    weeks = wording.weeks.format(first=first_week, last=last_week)
    fields: dict[str, object] = {
        "unit": facts.unit.text(language),
        "system": facts.system.text(language),
        "indicator": facts.indicator.text(language),
        "definition": facts.definition.text(language),
        "version": facts.version,
        "since": begun(alert, facts, wording),
        "first": first_week,
        "last": last_week,
        "weeks": wording.week.format(week=first_week) if first_week == last_week else weeks,
        "before": facts.before,
        "ready": facts.ready,
        "legacy": facts.legacy or None,
        "source": facts.source or None,
        "scope": facts.scope,
        "chance": facts.chance,
    }
    fields |= _figure_facts(facts) | _plan_facts(facts, wording) | _loss_facts(facts, wording)
    fields |= _course_facts(facts, wording) | _decision_facts(facts, wording)
    if burden := facts.burden:
        fields |= {"tickets": burden.tickets, "tickets_peer": burden.peers}
    filled_fields = {
        field_name: str(field_value)
        for field_name, field_value in fields.items()
        if field_value is not None
    }
    # detection reads exact weeks, so that it may know of a unit whose own figure is hidden
    hidden = facts.figure is None and alert.kind in _DETECTED
    finding = (
        wording.findings["hidden"]
        if hidden
        else wording.findings.get(alert.indicator, wording.findings[""])
    )
    if not lacking(finding, filled_fields):
        filled_fields["finding"] = finding.format_map(filled_fields)
    return filled_fields


def _figure_facts(facts: Facts) -> dict[str, object]:
    fields: dict[str, object] = {}
    if figure := facts.figure:
        fields |= {
            "x": figure.value,
            "low": figure.low,
            "high": figure.high,
            "n": figure.n_band.replace("-", "–"),
        }
    if peers := facts.peers:
        has_band = peers.low is not None and peers.high is not None
        fields |= {"peer": peers.median, "peer_low": peers.low, "peer_high": peers.high}
        # a sentence of its own says the middle where no band is shown
        fields["peer_alone"] = None if has_band else peers.median
    return fields


def _plan_facts(facts: Facts, wording: Wording) -> dict[str, object]:
    plan = facts.plan
    if plan is None:
        return {}
    return {
        "target": plan.target,
        "due": _day(plan.due, wording),
        "forecast": plan.forecast,
        "forecast_low": plan.low,
        "forecast_high": plan.high,
    }


def _loss_facts(facts: Facts, wording: Wording) -> dict[str, object]:
    loss = facts.loss
    if loss is None:
        return {}
    hours = _number(two_digits(loss.hours), wording)
    money = _money(loss.money, loss.currency, wording)
    sentence_form = wording.loss_money if money else wording.loss
    quarter_hours = (
        None if loss.quarter_hours is None else _number(two_digits(loss.quarter_hours), wording)
    )
    return {
        "loss": sentence_form.format(hours=hours, money=money),
        "loss_due": _day(loss.until, wording),
        "benefit": loss.benefit.text(wording.language),
        "hours": quarter_hours,
        "money": _money(loss.quarter_money, loss.currency, wording),
    }


def _course_facts(facts: Facts, wording: Wording) -> dict[str, object]:
    course = facts.course
    if course is None:
        return {}
    return {
        "course_benefit": course.benefit.text(wording.language),
        "course": course.forecast,
        "course_low": course.low,
        "course_high": course.high,
        "course_due": _day(course.due, wording),
        "course_use": course.use,
        "course_effect": course.effect,
    }


def _decision_facts(facts: Facts, wording: Wording) -> dict[str, object]:
    decided = facts.decided
    if decided is None:
        return {}
    return {
        "decision": decided.decision.text(wording.language),
        "acknowledged": decided.acknowledged,
        "units": decided.units,
        "weeks_old": decided.weeks,
        "level": level_names(decided.level).text(wording.language),
    }


def begun(alert: Alert, facts: Facts, wording: Wording, *, in_full: bool = False) -> str:
    """Since when, to stand after "since": going live, or a week, with its year where that is another, or `in_full`."""
    if facts.live is not None:
        return wording.going_live.format(
            month=wording.months[facts.live.month - 1], year=facts.live.year
        )
    since = alert.since.isocalendar()
    is_another_year = since.year != facts.last.isocalendar().year
    sentence_form = wording.week_of_year if in_full or is_another_year else wording.week
    return sentence_form.format(week=since.week, year=since.year)


def figure_fields(
    placeholder_values: dict[str, str], facts: Facts, wording: Wording
) -> dict[str, str]:
    """The fields that hold figures, as far as there are any."""
    fields = {}
    has_no_interval = facts.figure is not None and facts.figure.low == facts.figure.high
    sentence_form = wording.value_alone if has_no_interval else wording.value
    if not lacking(sentence_form, placeholder_values):
        fields["value"] = sentence_form.format_map(placeholder_values)
    has_band = "peer_low" in placeholder_values and "peer_high" in placeholder_values
    compared_with = ("band" if has_band else "peers", *_COMPARISONS)
    forms = [wording.comparison[compared_kind] for compared_kind in compared_with]
    comparisons = [
        sentence_form.format_map(placeholder_values)
        for sentence_form in forms
        if not lacking(sentence_form, placeholder_values)
    ]
    if comparisons:
        fields["comparison"] = "; ".join(comparisons)
    with_owner = {**placeholder_values, "owner": wording.roles[Role.BENEFIT_OWNER]}
    # the one that says most of what is known
    costs = (wording.cost_money, wording.cost, wording.cost_until)
    if cost := next(
        (sentence_form for sentence_form in costs if not lacking(sentence_form, with_owner)), ""
    ):
        fields["cost"] = cost.format_map(with_owner)
    links = "  ".join(link for link in (facts.chart, facts.table) if link)
    if links:
        fields["links"] = links
    return fields


def _day(day: date, wording: Wording) -> str:
    return wording.day.format(day=day.day, month=wording.months[day.month - 1], year=day.year)


def _number(amount: int, wording: Wording) -> str:
    return f"{amount:,}".replace(",", wording.thousands)


def _money(amount: int | None, currency: str, wording: Wording) -> str | None:
    if amount is None:
        return None
    sign = "kr" if currency in ("SEK", "NOK", "DKK") else currency
    return f"{_number(two_digits(amount), wording)} {sign}"


def lacking(template: str, placeholder_values: dict[str, str]) -> list[str]:
    """The placeholders of a sentence for which nothing is known."""
    return [
        field_name
        for _, field_name, _, _ in Formatter().parse(template)
        if field_name and field_name not in placeholder_values
    ]
