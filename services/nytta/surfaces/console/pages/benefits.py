"""Benefits: the register, one benefit with its curve, hours left lying, decisions, maturity, anchoring."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from nytta.insight.benefits.decided import Word
from nytta.insight.benefits.forecast import WORDS, Status
from nytta.insight.benefits.maturity import AXES, DIMENSIONS, Axis, Dimension
from nytta.insight.benefits.statement import (
    Benefit,
    BreakEven,
    Maturity,
    Pool,
    Statement,
    share_of_all,
    worth_of_all,
)
from nytta.insight.store.statements import PublishedStatement
from nytta.registry.programme import MEASURES, Measure, level_names
from nytta.registry.roles import Permission
from nytta.surfaces.console import charts
from nytta.surfaces.console.figure_texts import day, figure_text, percent_sign, short_week, week
from nytta.surfaces.console.pages.alerts import organisations
from nytta.surfaces.console.pages.hours import hours_table
from nytta.surfaces.console.parts import Cell, Chart, Link, Refused, Speaker, Table, Tile
from nytta.surfaces.console.readings import Reading
from nytta.surfaces.console.visitors import Visitor
from nytta.surfaces.reports import figures
from nytta.surfaces.reports import words as report_words
from nytta.surfaces.reports.compose import document
from nytta.surfaces.reports.document import Items, Text, Tiles

_ICONS = {
    Status.ON_TRACK: "good",
    Status.ACHIEVED: "good",
    Status.AT_RISK: "risk",
    Status.OFF_TRACK: "bad",
    Status.PARTLY: "risk",
    Status.NOT_ACHIEVED: "bad",
    Status.TOO_EARLY: "early",
}
_SORTS = ("unit", "realised", "due", "status")
_TIERS = ("manager", "key", "staff")
_BARS = 12
"""Places that the chart of unrealised hours shows."""
_HALF = 50
"""Where the quadrant is cut."""


@dataclass(frozen=True, slots=True)
class Register:
    """All benefits of an organisation as they were stated last."""

    organisation: str
    organisations: tuple[Link, ...]
    name: str
    week: str
    lead: str
    tiles: tuple[Tile, ...]
    table: Table
    system: str
    systems: tuple[tuple[str, str], ...]
    status: str
    statuses: tuple[tuple[str, str], ...]
    sort: str
    sorts: tuple[tuple[str, str], ...]
    lying: Chart | None
    hours: Table | None
    break_even: tuple[Chart, ...]
    decisions: Table | None
    decide: tuple[str, ...]
    cascade: Table | None
    quadrant: Chart | None
    maturity: Table | None
    report: str


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


class _Filter(NamedTuple):
    """What the query asks for; '' for all."""

    system: str
    status: str
    sort: str


def statement(reading: Reading) -> Statement:
    """The last statement. Refused where nothing was stated yet."""
    return _published(reading).statement


def _published(reading: Reading) -> PublishedStatement:
    if reading.statement is None:
        raise Refused(404, "no_statement")
    return reading.statement


def register(reading: Reading, visitor: Visitor, query: Mapping[str, str]) -> Register:
    """The register, filtered and sorted by the query."""
    published = _published(reading)
    say, language, last_statement = Speaker(visitor.language), visitor.language, published.statement
    filters = _filter(last_statement, query)
    # the page quotes the report, so that the two cannot say different things of one week
    report = document(last_statement, published.published_at, language, filters.system, font="")
    leads = [block.text for block in report.blocks if isinstance(block, Text) and block.style == "lead"]
    tiles = next((block.tiles for block in report.blocks if isinstance(block, Tiles)), ())
    pools = [pool for pool in last_statement.pools if filters.system in ("", pool.system)]
    words_present = {benefit.word for benefit in last_statement.benefits}
    report_path = f"/benefits/report?organisation={reading.root}"
    return Register(
        reading.root,
        tuple(organisations(visitor, Permission.PROGRAMME, "/benefits")),
        last_statement.names.text(language),
        week(last_statement.week, language),
        leads[0] if leads else "",
        tuple(Tile(*tile) for tile in tiles),
        _table(_selected(last_statement, filters), reading, say),
        filters.system,
        tuple((system_id, names.text(language)) for system_id, names in last_statement.systems.items()),
        filters.status,
        tuple((status.value, WORDS[status].text(language)) for status in Status if status.value in words_present),
        filters.sort,
        tuple(zip(_SORTS, say.columns(*_SORTS), strict=True)),
        _lying(pools, last_statement.currency, say),
        hours_table(pools, last_statement.currency, say, by_unit=True),
        tuple(_break_even_charts(last_statement, say, filters.system)),
        _decisions(last_statement, say),
        tuple(text for block in report.blocks if isinstance(block, Items) for text in block.items),
        _cascade(reading, say),
        _quadrant(last_statement, say),
        _maturity(last_statement, say),
        report_path + (f"&system={filters.system}" if filters.system else ""),
    )


def _filter(last_statement: Statement, query: Mapping[str, str]) -> _Filter:
    """What the query asks for. Refused where it names what is not there."""
    filters = _Filter(query.get("system", ""), query.get("status", ""), query.get("sort", "unit"))
    is_known_system = not filters.system or filters.system in last_statement.systems
    is_known_status = not filters.status or filters.status in list(Status)
    if not is_known_system or not is_known_status or filters.sort not in _SORTS:
        raise Refused(400, "bad_filter", what=filters.system or filters.status or filters.sort)
    return filters


def _selected(last_statement: Statement, filters: _Filter) -> list[Benefit]:
    selected = [
        benefit
        for benefit in last_statement.benefits
        if filters.system in ("", benefit.plan.system) and filters.status in ("", benefit.word)
    ]
    if filters.sort == "realised":
        selected.sort(key=lambda benefit: (benefit.realised is None, benefit.realised or 0))
    elif filters.sort == "due":
        selected.sort(key=lambda benefit: (benefit.plan.due or date.max, benefit.id))
    elif filters.sort == "status":
        order = list(Status)
        selected.sort(key=lambda benefit: (order.index(Status(benefit.word)), benefit.id))
    return selected


def one(reading: Reading, visitor: Visitor, benefit_id: str) -> BenefitView:
    """One benefit. Refused where there is none."""
    say, language, last_statement = Speaker(visitor.language), visitor.language, statement(reading)
    benefit = next((candidate for candidate in last_statement.benefits if candidate.id == benefit_id), None)
    if benefit is None:
        raise Refused(404, "no_benefit")
    flag_keys = [f"flag_{flag}" for flag in benefit.flags]
    return BenefitView(
        benefit.id,
        benefit.plan.names.text(language),
        reading.root,
        _unit_link(benefit, language),
        _status(benefit, language),
        week(last_statement.week, language),
        _curve(benefit, say),
        _gap(benefit, say),
        _facts(benefit, last_statement.currency, say),
        _changes(benefit, say),
        tuple(_field_name(field, language) for field in benefit.lacks),
        tuple(report_words.say(key, language) for key in flag_keys if report_words.has_words(key)),
    )


def _unit_link(benefit: Benefit, language: str) -> Link:
    # its name as it was stated: the unit may bear another today
    return Link(benefit.unit_names.text(language), f"/units/{benefit.plan.unit}")


def _field_name(field: str, language: str) -> str:
    """A field of a benefit's plan as the report calls it."""
    return report_words.word_or(f"field_{field}", language, field)


def _percent(tenths: int | None, language: str) -> str:
    return figures.percent(None if tenths is None else tenths / 10, language)


def _status_word(benefit: Benefit, language: str) -> str:
    return WORDS[Status(benefit.word)].text(language)


def _status(benefit: Benefit, language: str) -> Link:
    return Link(_status_word(benefit, language), icon=_ICONS.get(Status(benefit.word), ""))


def _forecast(benefit: Benefit, say: Speaker) -> str:
    if benefit.ahead is None:
        return "–"
    if benefit.ahead.complete:
        return say("result", figure=_percent(benefit.ahead.expected, say.language))
    return f"{round(benefit.ahead.low / 10)}–{_percent(benefit.ahead.high, say.language)}"


def _table(benefits: Sequence[Benefit], reading: Reading, say: Speaker) -> Table:
    language = say.language
    rows: list[tuple[Cell, ...]] = []
    for benefit in benefits:
        href = f"/benefits/{benefit.id}?organisation={reading.root}"
        rows.append(
            (
                Link(benefit.plan.names.text(language), href),
                _unit_link(benefit, language),
                _status(benefit, language),
                _percent(benefit.realised, language),
                _forecast(benefit, say),
                day(benefit.plan.due, language),
                figures.hours(benefit.freed, language),
                benefit.plan.owner or say("no_owner"),
            )
        )
    columns = say.columns("benefit", "unit", "status", "realised", "forecast", "due", "freed", "owner")
    return Table(say("benefits_caption", n=len(benefits)), columns, tuple(rows), (3, 4, 6))


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
        "realised": _percent(benefit.realised, language),
        "status": _status_word(benefit, language).lower(),
    }
    due_day = day(benefit.plan.due, language)
    if ahead is None:
        return say("curve_finding", **filled)
    if ahead.complete:
        # the status is of the day that has passed, and what has come since is no part of it
        return say("curve_over", **filled, result=_percent(ahead.expected, language), due=due_day)
    expectation = say(
        "curve_ahead",
        due=due_day,
        expected=_percent(ahead.expected, language),
        low=round(ahead.low / 10),
        high=_percent(ahead.high, language),
    )
    return f"{say('curve_finding', **filled)} {expectation}"


def _curve_table(benefit: Benefit, say: Speaker) -> Table:
    language = say.language
    rows: list[tuple[str, str, str]] = []
    for point in benefit.points:
        last_day = point.end - timedelta(days=1)
        period = f"{day(point.start, language)} – {day(last_day, language)}"
        rows.append((period, say("curve_outcome"), _percent(point.realised, language)))
    if benefit.plan.due:
        due_day = day(benefit.plan.due, language)
        rows.append((due_day, say("curve_plan"), figures.percent(100, language)))
        if benefit.ahead:
            rows.append((due_day, say("curve_forecast"), _forecast(benefit, say)))
    return Table(say("curve_caption"), say.columns("period", "what", "realised"), tuple(rows), (2,))


def _gap(benefit: Benefit, say: Speaker) -> str:
    if benefit.gap is None:
        return say("gap_unknown")
    gap = benefit.gap
    # what one part has more than was promised makes up for the other
    if gap.use + gap.effect <= 0:
        return say("gap_none")
    if gap.use > 0 and gap.effect > 0:
        key = "gap_both"
    elif gap.use > 0:
        key = "gap_use_more" if gap.effect else "gap_use"
    else:
        key = "gap_effect_more" if gap.use else "gap_effect"
    use, effect = (figures.percent(abs(part), say.language) for part in (gap.use, gap.effect))
    return say(key, use=use, effect=effect)


def _facts(benefit: Benefit, currency: str, say: Speaker) -> Table:
    language, plan, measure = say.language, benefit.plan, Measure(benefit.plan.measure)
    unit_name = MEASURES[measure].text(language) if measure in MEASURES else plan.unit_of_measure

    def figure(thousandths: int | None) -> str:
        return "–" if thousandths is None else f"{figures.decimal(thousandths, language)} {unit_name}"

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
        field_name = _field_name(change.field, say.language)
        rows.append((day(change.day, say.language), field_name, change.before or "–", change.after or "–"))
    columns = (*say.columns("day", "what"), say("before"), say("after"))
    return Table(say("changes_caption"), columns, tuple(rows))


class _PlaceHours(NamedTuple):
    """Hours of a year that a place does not realise, in thousandths, by what they wait for."""

    name: str
    by_use: int
    """More of the cases on the new way."""
    by_effect: int
    """More of the minutes that a case on the new way should save."""
    share: str
    worth: str

    @property
    def hours(self) -> int:
        """Both together."""
        return self.by_use + self.by_effect


def _place_hours(pools: Sequence[Pool], currency: str, language: str) -> _PlaceHours | None:
    """The unrealised hours of the pools of one place; None where there are none."""
    # the share is of all cases of the place, hours only of those where some are unrealised
    unrealised = [pool for pool in pools if pool.missing]
    if not unrealised:
        return None
    return _PlaceHours(
        pools[0].names.text(language),
        sum(max(0, pool.use_missing or 0) for pool in unrealised),
        sum(max(0, pool.effect_missing or 0) for pool in unrealised),
        figures.percent(share_of_all(pools), language),
        figures.money(worth_of_all(unrealised), currency, language),
    )


def _lying(pools: Sequence[Pool], currency: str, say: Speaker) -> Chart | None:
    language = say.language
    pools_by_place: defaultdict[str, list[Pool]] = defaultdict(list)
    for pool in pools:
        pools_by_place[pool.place].append(pool)
    places = [
        place
        for place_pools in pools_by_place.values()
        if (place := _place_hours(place_pools, currency, language)) is not None
    ]
    if not places:
        return None
    places.sort(key=lambda place: -place.hours)
    finding = say(
        "lying_finding",
        hours=figures.hours(sum(place.hours for place in places), language),
        n=len(places),
        place=places[0].name,
        most=figures.hours(places[0].hours, language),
    )
    names = (say("by_use"), say("by_effect"))
    rows: list[tuple[Cell, ...]] = []
    for place in places:
        hours = (figures.hours(amount, language) for amount in (place.by_use, place.by_effect, place.hours))
        rows.append((place.name, place.share, *hours, place.worth))
    columns = (*say.columns("unit", "new_way"), *names, *say.columns("together", "worth"))
    table = Table(say("lying_caption"), columns, tuple(rows), (1, 2, 3, 4, 5))
    bars = [
        (place.name, place.by_use / 1000, place.by_effect / 1000, figures.hours(place.hours, language))
        for place in places[:_BARS]
    ]
    spec = charts.split(bars, names, "\u00a0h")
    return Chart("lying", finding, say("lying_title"), finding, spec, table, say("lying_note"))


def _break_even_charts(last_statement: Statement, say: Speaker, system: str) -> Iterator[Chart]:
    """The digital share over time against the share from which two ways pay."""
    drawn = [even for even in last_statement.break_even if system in ("", even.system) and len(even.course) > 1]
    for number, even in enumerate(drawn):
        yield _break_even_chart(even, last_statement.currency, say, f"break-even-{number}")


def _break_even_chart(even: BreakEven, currency: str, say: Speaker, chart_id: str) -> Chart:
    language, system_name = say.language, even.names.text(say.language)
    never = report_words.say("never", language)
    share = never if even.share is None else figures.percent(even.share, language)
    money = figures.money(even.parallel, currency, language)
    finding = report_words.say(
        "break_even",
        language,
        system=system_name,
        money=money,
        share=share,
        now=figures.percent(even.now, language),
    )
    digital_share = report_words.say("digital_share", language)
    spec = charts.trend(
        charts.Trend(
            [charts.Point(week_start, value) for week_start, value in even.course],
            digital_share,
            aim=even.share,
            aim_name=report_words.say("pays_from", language, share=share),
            unit=percent_sign(language),
            week_letter=say("week_letter"),
        )
    )
    rows = [(say("two_ways_cost"), money), (say("pays_from"), share)]
    for week_start, week_share in reversed(even.course):
        rows.append((short_week(week_start, language), figures.percent(week_share, language)))
    title = f"{report_words.say('break_even_title', language)} {system_name}"
    table = Table(title, (say("col_week"), digital_share), tuple(rows), (1,))
    return Chart(chart_id, finding, title, finding, spec, table)


def _decisions(last_statement: Statement, say: Speaker) -> Table | None:
    if not last_statement.decisions:
        return None
    icons = {Word.STUCK.value: "risk", Word.EXECUTED.value: "good"}
    rows: list[tuple[Cell, ...]] = []
    for decision in last_statement.decisions:
        reversed_day = figures.day(decision.reversed, say.language)
        status = report_words.say(f"word_{decision.word}", say.language, day=reversed_day)
        rows.append(
            (
                decision.names.text(say.language),
                level_names(decision.level).text(say.language) or "–",
                say("of", n=decision.acknowledged, all=decision.units),
                say("of", n=decision.executed, all=decision.units),
                str(decision.weeks),
                Link(status, icon=icons.get(decision.word, "")),
            )
        )
    columns = say.columns("decision", "level", "acknowledged", "executed", "age", "status")
    return Table(say("decisions_caption"), columns, tuple(rows), (4,))


def _cascade(reading: Reading, say: Speaker) -> Table | None:
    """Per unit: what share of each tier has taken its step."""
    shares_by_place: dict[tuple[str, str], dict[str, str]] = {}
    for (fact, unit, system, fact_week), facts in reading.published.evidence.facts.items():
        if fact != "trained" or fact_week != reading.week:
            continue
        for row in facts:
            text = figure_text(row, None, say.language).text
            shares_by_place.setdefault((unit, system), {})[row["part"]] = text
    tiers = [tier for tier in _TIERS if any(tier in shares for shares in shares_by_place.values())]
    if not tiers:
        return None
    order = reading.tree_order
    rows: list[tuple[Cell, ...]] = []
    for unit, system in sorted(shares_by_place, key=lambda place: (order.get(place[0], len(order)), place)):
        shares = shares_by_place[unit, system]
        cells = [shares.get(tier, "–") for tier in tiers]
        rows.append((reading.unit_link(unit, say.language), reading.system_names(system).text(say.language), *cells))
    columns = (*say.columns("unit", "system"), *(say(f"tier_{tier}") for tier in tiers))
    return Table(say("cascade_caption"), columns, tuple(rows), tuple(range(2, 2 + len(tiers))))


def _quadrant(last_statement: Statement, say: Speaker) -> Chart | None:
    """Units by how much they use what there is, and how much of the benefit they realise."""
    points, rows = [], []
    for maturity in last_statement.maturity:
        use, realised = _scores(maturity).get(Dimension.USE.value), maturity.realised
        if use is None or realised is None or maturity.place == last_statement.organisation:
            continue
        name = maturity.names.text(say.language)
        points.append((name, use, min(max(realised, 0.0), 100.0)))
        rows.append((name, f"{use:.0f}", f"{realised:.0f}"))
    if len(points) < 2:
        return None
    low = [name for name, use, realised in points if use < _HALF or realised < _HALF]
    finding = say("quadrant_finding", n=len(points), low=len(low))
    use_name, benefit_name = DIMENSIONS[Dimension.USE].text(say.language), say("quadrant_realised")
    corners = (say("corner_neither"), say("corner_used"), say("corner_early"), say("corner_both"))
    spec = charts.quadrant(points, (use_name, benefit_name, *corners))
    table = Table(say("quadrant_caption"), (say("col_unit"), use_name, benefit_name), tuple(rows), (1, 2))
    return Chart("quadrant", finding, say("quadrant_title"), finding, spec, table)


def _scores(maturity: Maturity) -> dict[str, float | None]:
    """The score of each dimension and axis; None where too little is published."""
    return {score.name: score.score for score in (*maturity.dimensions, *maturity.axes)}


def _maturity(last_statement: Statement, say: Speaker) -> Table | None:
    if not last_statement.maturity:
        return None
    language = say.language
    all_scores = [_scores(maturity) for maturity in last_statement.maturity]
    # a column in which no unit has a score says nothing
    scored = {name for scores in all_scores for name, score in scores.items() if score is not None}
    dimensions = [dimension for dimension in (*Dimension, *Axis) if dimension.value in scored]
    rows: list[tuple[Cell, ...]] = []
    for maturity, scores in zip(last_statement.maturity, all_scores, strict=True):
        system_names = last_statement.systems.get(maturity.system)
        system_name = system_names.text(language) if system_names else maturity.system
        place_scores = [scores.get(dimension.value) for dimension in dimensions]
        cells = ["–" if score is None else f"{score:.0f}" for score in place_scores]
        rows.append((maturity.names.text(language), system_name, maturity.level or "–", *cells))
    columns = list(say.columns("unit", "system", "level"))
    for dimension in dimensions:
        names = DIMENSIONS[dimension] if isinstance(dimension, Dimension) else AXES[dimension]
        columns.append(names.text(language))
    return Table(say("maturity_caption"), tuple(columns), tuple(rows), tuple(range(2, len(columns))))
