"""One benefit: its curve from beginning to due day, what it lacks, the facts of its plan and what was changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from nytta.insight.benefits.statement import Benefit, Gap
from nytta.registry.programme import MEASURES, Measure
from nytta.surfaces.console import charts
from nytta.surfaces.console.figure_texts import day, percent_sign, week
from nytta.surfaces.console.pages.benefits.statements import (
    field_name,
    forecast,
    percent,
    published_statement,
    status,
    status_word,
    unit_link,
)
from nytta.surfaces.console.parts import Cell, Chart, Link, Refused, Speaker, Table
from nytta.surfaces.console.readings import Reading
from nytta.surfaces.console.visitors import Visitor
from nytta.surfaces.reports import figures
from nytta.surfaces.reports import words as report_words


@dataclass(frozen=True, slots=True)
class BenefitView:
    """One benefit."""

    id: str
    name: str
    organisation: str
    unit: Link
    status: Link
    week: str
    chart: Chart
    gap: str
    facts: Table
    changes: Table | None
    lacks: tuple[str, ...]
    flags: tuple[str, ...]


def one(reading: Reading, visitor: Visitor, benefit_id: str) -> BenefitView:
    """One benefit. Refused where there is none."""
    language = visitor.language
    say = Speaker(language)
    last_statement = published_statement(reading).statement
    benefit = next(
        (candidate for candidate in last_statement.benefits if candidate.id == benefit_id), None
    )
    if benefit is None:
        raise Refused(404, "no_benefit")
    # flags that the report has no words for are of no use to a reader
    flag_keys = [f"flag_{flag}" for flag in benefit.flags]
    return BenefitView(
        id=benefit.id,
        name=benefit.plan.names.text(language),
        organisation=reading.root,
        unit=unit_link(benefit, language),
        status=status(benefit, language),
        week=week(last_statement.week, language),
        chart=_curve(benefit, say),
        gap=_gap(benefit, say),
        facts=_facts(benefit, last_statement.currency, say),
        changes=_changes(benefit, say),
        lacks=tuple(field_name(field, language) for field in benefit.lacks),
        flags=tuple(
            report_words.say(key, language) for key in flag_keys if report_words.has_words(key)
        ),
    )


def _curve(benefit: Benefit, say: Speaker) -> Chart:
    """A benefit from its beginning to its due day: plan, outcome, and forecast until the day has come."""
    language = say.language
    # a point tells of the period that ends the day before
    measured = [(point.end - timedelta(days=1), point.realised / 10) for point in benefit.points]
    ahead = benefit.ahead if benefit.ahead and not benefit.ahead.complete else None
    first_day = measured[0][0] if measured else None
    curve = charts.Curve(
        benefit.plan.start or first_day,
        benefit.plan.due,
        measured,
        ahead.expected / 10 if ahead else None,
        ahead.low / 10 if ahead else None,
        ahead.high / 10 if ahead else None,
        (say("curve_plan"), say("curve_outcome"), say("curve_forecast")),
        percent_sign(language),
    )
    finding = _curve_finding(benefit, say)
    title = say("curve_title", name=benefit.plan.names.text(language))
    return Chart("curve", finding, title, finding, charts.curve(curve), _curve_table(benefit, say))


def _curve_finding(benefit: Benefit, say: Speaker) -> str:
    language, ahead = say.language, benefit.ahead
    filled = {
        "name": benefit.plan.names.text(language),
        "realised": percent(benefit.realised, language),
        "status": status_word(benefit, language).lower(),
    }
    due_day = day(benefit.plan.due, language)
    if ahead is None:
        return say("curve_finding", **filled)
    if ahead.complete:
        # the status is of the day that has passed, and what has come since is no part of it
        return say("curve_over", **filled, result=percent(ahead.expected, language), due=due_day)
    expectation = say(
        "curve_ahead",
        due=due_day,
        expected=percent(ahead.expected, language),
        low=round(ahead.low / 10),
        high=percent(ahead.high, language),
    )
    return f"{say('curve_finding', **filled)} {expectation}"


def _curve_table(benefit: Benefit, say: Speaker) -> Table:
    language = say.language
    rows: list[tuple[str, str, str]] = []
    for point in benefit.points:
        last_day = point.end - timedelta(days=1)
        period = f"{day(point.start, language)} – {day(last_day, language)}"
        rows.append((period, say("curve_outcome"), percent(point.realised, language)))
    if benefit.plan.due:
        due_day = day(benefit.plan.due, language)
        rows.append((due_day, say("curve_plan"), figures.percent(100, language)))
        if benefit.ahead:
            rows.append((due_day, say("curve_forecast"), forecast(benefit, say)))
    return Table(say("curve_caption"), say.columns("period", "what", "realised"), tuple(rows), (2,))


def _gap(benefit: Benefit, say: Speaker) -> str:
    if benefit.gap is None:
        return say("gap_unknown")
    gap = benefit.gap
    # what one part has more than was promised makes up for the other
    if gap.use + gap.effect <= 0:
        return say("gap_none")
    use, effect = (figures.percent(abs(part), say.language) for part in (gap.use, gap.effect))
    return say(_gap_key(gap), use=use, effect=effect)


def _gap_key(gap: Gap) -> str:
    """The sentence that says of what a benefit lacks: of use, of effect, or of one though the other is above plan."""
    if gap.use > 0 and gap.effect > 0:
        return "gap_both"
    if gap.use > 0:
        return "gap_use_more" if gap.effect else "gap_use"
    return "gap_effect_more" if gap.use else "gap_effect"


def _facts(benefit: Benefit, currency: str, say: Speaker) -> Table:
    language = say.language
    plan = benefit.plan
    measure = Measure(plan.measure)
    unit_name = MEASURES[measure].text(language) if measure in MEASURES else plan.unit_of_measure

    def figure(thousandths: int | None) -> str:
        return (
            "–" if thousandths is None else f"{figures.decimal(thousandths, language)} {unit_name}"
        )

    account = report_words.say(f"account_{benefit.account}", language) if benefit.account else "–"
    rows = (
        (say("col_owner"), plan.owner or say("no_owner")),
        (say("baseline"), figure(plan.baseline)),
        (say("col_target"), figure(plan.target)),
        (say("col_due"), day(plan.due, language)),
        (say("method"), plan.method or "–"),
        (say("account"), account),
        (say("col_freed"), figures.hours(benefit.freed, language)),
        (say("amount"), figures.money(benefit.amount, currency, language)),
        (say("known_since"), day(benefit.known_since, language)),
    )
    return Table(say("benefit_facts"), say.columns("fact", "what"), rows)


def _changes(benefit: Benefit, say: Speaker) -> Table | None:
    if not benefit.changes:
        return None
    rows: list[tuple[Cell, ...]] = []
    for change in benefit.changes:
        changed_field = field_name(change.field, say.language)
        rows.append(
            (
                day(change.day, say.language),
                changed_field,
                change.before or "–",
                change.after or "–",
            )
        )
    columns = (*say.columns("day", "what"), say("before"), say("after"))
    return Table(say("changes_caption"), columns, tuple(rows))
