"""Benefits: the register, one benefit with its curve, hours left lying, decisions, maturity, anchoring."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from nytta.insight.benefits.decided import Word
from nytta.insight.benefits.forecast import WORDS, Status
from nytta.insight.benefits.maturity import AXES, DIMENSIONS, Axis, Dimension
from nytta.insight.benefits.statement import Benefit, Pool, Statement, share_of_all, worth_of_all
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


def statement(reading: Reading) -> Statement:
    """The last statement. Refused where nothing was stated yet."""
    if reading.said is None:
        raise Refused(404, "no_statement")
    return reading.said.statement


def register(reading: Reading, visitor: Visitor, query: Mapping[str, str]) -> Register:
    """The register, filtered and sorted by the query."""
    if reading.said is None:
        raise Refused(404, "no_statement")
    say, language = Speaker(visitor.language), visitor.language
    current_statement, system, status = statement(reading), query.get("system", ""), query.get("status", "")
    sort = query.get("sort", "unit")
    if (
        (system and system not in current_statement.systems)
        or sort not in _SORTS
        or (status and status not in list(Status))
    ):
        raise Refused(400, "bad_filter", what=system or status or sort)
    # the page quotes the report, so that the two cannot say different things of one week
    report = document(current_statement, reading.said.published_at, language, system, font="")
    lead_text = next((block.text for block in report.blocks if isinstance(block, Text) and block.style == "lead"), "")
    tiles = next((block.tiles for block in report.blocks if isinstance(block, Tiles)), ())
    selected = [
        benefit
        for benefit in current_statement.benefits
        if system in ("", benefit.plan.system) and status in ("", benefit.word)
    ]
    if sort == "realised":
        selected.sort(key=lambda benefit: (benefit.realised is None, benefit.realised or 0))
    elif sort == "due":
        selected.sort(key=lambda benefit: (benefit.plan.due or date.max, benefit.id))
    elif sort == "status":
        order = list(Status)
        selected.sort(key=lambda benefit: (order.index(Status(benefit.word)), benefit.id))
    return Register(
        reading.root,
        tuple(organisations(visitor, Permission.PROGRAMME, "/benefits")),
        current_statement.names.text(language),
        week(current_statement.week, language),
        lead_text,
        tuple(Tile(*tile) for tile in tiles),
        _table(selected, reading, say, language),
        system,
        tuple((system_id, names.text(language)) for system_id, names in current_statement.systems.items()),
        status,
        tuple(
            (status.value, WORDS[status].text(language))
            for status in Status
            if any(benefit.word == status.value for benefit in current_statement.benefits)
        ),
        sort,
        tuple((sorting, say(f"col_{sorting}")) for sorting in _SORTS),
        _lying(current_statement, say, language, system),
        hours_table(
            [pool for pool in current_statement.pools if system in ("", pool.system)],
            current_statement.currency,
            say,
            by_unit=True,
        ),
        tuple(_break_even(current_statement, say, language, system)),
        _decisions(current_statement, say, language),
        tuple(text for block in report.blocks if isinstance(block, Items) for text in block.items),
        _cascade(reading, say, language),
        _quadrant(current_statement, say, language),
        _maturity(current_statement, say, language),
        f"/benefits/report?organisation={reading.root}" + (f"&system={system}" if system else ""),
    )


def one(reading: Reading, visitor: Visitor, benefit_id: str) -> BenefitView:
    """One benefit. Refused where there is none."""
    say, language, current_statement = Speaker(visitor.language), visitor.language, statement(reading)
    benefit = next((candidate for candidate in current_statement.benefits if candidate.id == benefit_id), None)
    if benefit is None:
        raise Refused(404, "no_benefit")
    return BenefitView(
        benefit.id,
        benefit.plan.names.text(language),
        reading.root,
        Link(benefit.unit_names.text(language), f"/units/{benefit.plan.unit}"),
        _status(benefit, language),
        week(current_statement.week, language),
        _curve(benefit, say, language),
        _gap(benefit, say),
        _facts(benefit, current_statement, say, language),
        _changes(benefit, say, language),
        tuple(
            report_words.say(f"field_{field}", language) if report_words.has_words(f"field_{field}") else field
            for field in benefit.lacks
        ),
        tuple(
            report_words.say(f"flag_{flag}", language)
            for flag in benefit.flags
            if report_words.has_words(f"flag_{flag}")
        ),
    )


def _percent(tenths: int | None, language: str) -> str:
    return "–" if tenths is None else figures.percent(tenths / 10, language)


def _status(benefit: Benefit, language: str) -> Link:
    return Link(WORDS[Status(benefit.word)].text(language), icon=_ICONS.get(Status(benefit.word), ""))


def _ahead(benefit: Benefit, say: Speaker, language: str) -> str:
    if benefit.ahead is None:
        return "–"
    if benefit.ahead.complete:
        return say("result", figure=_percent(benefit.ahead.expected, language))
    return f"{round(benefit.ahead.low / 10)}–{_percent(benefit.ahead.high, language)}"


def _table(benefits: Sequence[Benefit], reading: Reading, say: Speaker, language: str) -> Table:
    rows = tuple(
        (
            Link(benefit.plan.names.text(language), f"/benefits/{benefit.id}?organisation={reading.root}"),
            Link(benefit.unit_names.text(language), f"/units/{benefit.plan.unit}"),
            _status(benefit, language),
            _percent(benefit.realised, language),
            _ahead(benefit, say, language),
            day(benefit.plan.due, language),
            figures.hours(benefit.freed, language),
            benefit.plan.owner or say("no_owner"),
        )
        for benefit in benefits
    )
    columns = tuple(
        say(f"col_{column}")
        for column in ("benefit", "unit", "status", "realised", "forecast", "due", "freed", "owner")
    )
    return Table(say("benefits_caption", n=len(benefits)), columns, rows, (3, 4, 6))


def _curve(benefit: Benefit, say: Speaker, language: str) -> Chart:
    measured = [(point.end - timedelta(days=1), point.realised / 10) for point in benefit.points]
    ahead = benefit.ahead if benefit.ahead and not benefit.ahead.complete else None
    names = (say("curve_plan"), say("curve_outcome"), say("curve_forecast"))
    start = benefit.plan.start or (measured[0][0] if measured else None)
    curve = charts.Curve(
        start,
        benefit.plan.due,
        measured,
        ahead.expected / 10 if ahead else None,
        ahead.low / 10 if ahead else None,
        ahead.high / 10 if ahead else None,
        names,
        percent_sign(language),
    )
    name, word = benefit.plan.names.text(language), WORDS[Status(benefit.word)].text(language)
    realised, due_day = _percent(benefit.realised, language), day(benefit.plan.due, language)
    finding = say("curve_finding", name=name, realised=realised, status=word.lower())
    if benefit.ahead and benefit.ahead.complete:
        # the status is of the day that has passed, and what has come since is no part of it
        result = _percent(benefit.ahead.expected, language)
        finding = say("curve_over", name=name, result=result, due=due_day, status=word.lower(), realised=realised)
    if ahead:
        finding += " " + say(
            "curve_ahead",
            due=due_day,
            expected=_percent(ahead.expected, language),
            low=round(ahead.low / 10),
            high=_percent(ahead.high, language),
        )
    rows: list[tuple[str, str, str]] = [
        (
            f"{day(point.start, language)} – {day(point.end - timedelta(days=1), language)}",
            names[1],
            _percent(point.realised, language),
        )
        for point in benefit.points
    ]
    if benefit.plan.due:
        rows.append((day(benefit.plan.due, language), names[0], figures.percent(100, language)))
        if benefit.ahead:
            rows.append((day(benefit.plan.due, language), names[2], _ahead(benefit, say, language)))
    table = Table(say("curve_caption"), (say("col_period"), say("col_what"), say("col_realised")), tuple(rows), (2,))
    return Chart("curve", finding, say("curve_title", name=name), finding, charts.curve(curve), table)


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


def _facts(benefit: Benefit, statement: Statement, say: Speaker, language: str) -> Table:
    plan, measure = benefit.plan, Measure(benefit.plan.measure)
    unit_name = MEASURES[measure].text(language) if measure in MEASURES else plan.unit_of_measure

    def figure(value: int | None) -> str:
        return "–" if value is None else f"{figures.decimal(value, language)} {unit_name}"

    rows = [
        (say("col_owner"), plan.owner or say("no_owner")),
        (say("baseline"), figure(plan.baseline)),
        (say("col_target"), figure(plan.target)),
        (say("col_due"), day(plan.due, language)),
        (say("method"), plan.method or "–"),
        (say("account"), report_words.say(f"account_{benefit.account}", language) if benefit.account else "–"),
        (say("col_freed"), figures.hours(benefit.freed, language)),
        (say("amount"), figures.money(benefit.amount, statement.currency, language)),
        (say("known_since"), day(benefit.known_since, language)),
    ]
    return Table(say("benefit_facts"), (say("col_fact"), say("col_what")), tuple(rows))


def _changes(benefit: Benefit, say: Speaker, language: str) -> Table | None:
    if not benefit.changes:
        return None
    rows = tuple(
        (
            day(change.day, language),
            report_words.say(f"field_{change.field}", language)
            if report_words.has_words(f"field_{change.field}")
            else change.field,
            change.before or "–",
            change.after or "–",
        )
        for change in benefit.changes
    )
    columns = (say("col_day"), say("col_what"), say("before"), say("after"))
    return Table(say("changes_caption"), columns, rows)


def _lying(statement: Statement, say: Speaker, language: str, system: str) -> Chart | None:
    pools_by_place: defaultdict[str, list[Pool]] = defaultdict(list)
    for pool in statement.pools:
        if system in ("", pool.system):
            pools_by_place[pool.place].append(pool)
    rows: list[tuple[str, tuple[int, int], str, str]] = []
    for pools in pools_by_place.values():
        # the share is of all cases of the place, hours only of those where some are left lying
        held, share = [pool for pool in pools if pool.missing], share_of_all(pools)
        if not held:
            continue
        by_use, by_effect = (
            sum(max(0, hours or 0) for hours in amounts)
            for amounts in ((pool.use_missing for pool in held), (pool.effect_missing for pool in held))
        )
        use = "–" if share is None else figures.percent(share, language)
        worth = figures.money(worth_of_all(held), statement.currency, language)
        rows.append((pools[0].names.text(language), (by_use, by_effect), use, worth))
    if not rows:
        return None
    ordered = sorted(rows, key=lambda row: -sum(row[1]))
    total, largest = sum(sum(hours) for _, hours, _, _ in rows), ordered[0]
    finding = say(
        "lying_finding",
        hours=figures.hours(total, language),
        n=len(ordered),
        place=largest[0],
        most=figures.hours(sum(largest[1]), language),
    )
    names = (say("by_use"), say("by_effect"))
    table = Table(
        say("lying_caption"),
        (say("col_unit"), say("col_new_way"), *names, say("col_together"), say("col_worth")),
        tuple(
            (name, share, *(figures.hours(amount, language) for amount in (*hours, sum(hours))), worth)
            for name, hours, share, worth in ordered
        ),
        (1, 2, 3, 4, 5),
    )
    bars = [
        (name, hours[0] / 1000, hours[1] / 1000, figures.hours(sum(hours), language))
        for name, hours, _, _ in ordered[:12]
    ]
    spec = charts.split(bars, names, "\u00a0h")
    return Chart("lying", finding, say("lying_title"), finding, spec, table, say("lying_note"))


def _break_even(statement: Statement, say: Speaker, language: str, system: str) -> Iterator[Chart]:
    """The digital share over time against the share from which two ways pay."""
    for number, even in enumerate(
        break_even
        for break_even in statement.break_even
        if system in ("", break_even.system) and len(break_even.course) > 1
    ):
        share = report_words.say("never", language) if even.share is None else figures.percent(even.share, language)
        money = figures.money(even.parallel, statement.currency, language)
        finding = report_words.say(
            "break_even",
            language,
            system=even.names.text(language),
            money=money,
            share=share,
            now="–" if even.now is None else figures.percent(even.now, language),
        )
        spec = charts.trend(
            charts.Trend(
                [charts.Point(week_start, value) for week_start, value in even.course],
                report_words.say("digital_share", language),
                aim=even.share,
                aim_name=report_words.say("pays_from", language, share=share),
                unit=percent_sign(language),
                week_letter=say("week_letter"),
            )
        )
        course = tuple(
            (short_week(week_start, language), figures.percent(share, language))
            for week_start, share in reversed(even.course)
        )
        rows = ((say("two_ways_cost"), money), (say("pays_from"), share), *course)
        columns = (say("col_week"), report_words.say("digital_share", language))
        title = f"{report_words.say('break_even_title', language)} {even.names.text(language)}"
        yield Chart(f"break-even-{number}", finding, title, finding, spec, Table(title, columns, rows, (1,)))


def _decisions(statement: Statement, say: Speaker, language: str) -> Table | None:
    if not statement.decisions:
        return None
    icons = {Word.STUCK.value: "risk", Word.EXECUTED.value: "good"}
    rows = tuple(
        (
            decision.names.text(language),
            level_names(decision.level).text(language) or "–",
            say("of", n=decision.acknowledged, all=decision.units),
            say("of", n=decision.executed, all=decision.units),
            str(decision.weeks),
            Link(
                report_words.say(f"word_{decision.word}", language, day=figures.day(decision.reversed, language)),
                icon=icons.get(decision.word, ""),
            ),
        )
        for decision in statement.decisions
    )
    columns = tuple(
        say(f"col_{column}") for column in ("decision", "level", "acknowledged", "executed", "age", "status")
    )
    return Table(say("decisions_caption"), columns, rows, (4,))


def _cascade(reading: Reading, say: Speaker, language: str) -> Table | None:
    """Per unit: what share of each tier has taken its step."""
    shares_by_place: dict[tuple[str, str], dict[str, str]] = {}
    for (fact, unit, system, fact_week), rows in reading.published.evidence.facts.items():
        if fact != "trained" or fact_week != reading.week:
            continue
        for row in rows:
            text = figure_text(row | {"n_band": row["n_band"]}, None, language).text
            shares_by_place.setdefault((unit, system), {})[row["part"]] = text
    tiers = [tier for tier in _TIERS if any(tier in shares for shares in shares_by_place.values())]
    if not tiers:
        return None
    order = {place: number for number, place in enumerate(reading.published.places(reading.day))}
    rows_: tuple[tuple[Cell, ...], ...] = tuple(
        (
            Link(reading.unit_names(unit).text(language), f"/units/{unit}"),
            reading.system_names(system).text(language),
            *(values.get(tier, "–") for tier in tiers),
        )
        for (unit, system), values in sorted(
            shares_by_place.items(), key=lambda item: (order.get(item[0][0], 999), item[0])
        )
    )
    columns = (say("col_unit"), say("col_system"), *(say(f"tier_{tier}") for tier in tiers))
    return Table(say("cascade_caption"), columns, rows_, tuple(range(2, 2 + len(tiers))))


def _quadrant(statement: Statement, say: Speaker, language: str) -> Chart | None:
    points, rows = [], []
    for maturity in statement.maturity:
        scores = {score.name: score.score for score in (*maturity.dimensions, *maturity.axes)}
        across, upward = scores.get(Dimension.USE.value), maturity.realised
        if across is None or upward is None or maturity.place == statement.organisation:
            continue
        name = maturity.names.text(language)
        points.append((name, across, min(max(upward, 0.0), 100.0)))
        rows.append((name, f"{across:.0f}", f"{upward:.0f}"))
    if len(points) < 2:
        return None
    low = [point for point in points if point[1] < 50 or point[2] < 50]
    finding = say("quadrant_finding", n=len(points), low=len(low))
    use_name, benefit = DIMENSIONS[Dimension.USE].text(language), say("quadrant_realised")
    words = (use_name, benefit, say("corner_neither"), say("corner_used"), say("corner_early"), say("corner_both"))
    table = Table(say("quadrant_caption"), (say("col_unit"), use_name, benefit), tuple(rows), (1, 2))
    return Chart("quadrant", finding, say("quadrant_title"), finding, charts.quadrant(points, words), table)


def _maturity(statement: Statement, say: Speaker, language: str) -> Table | None:
    if not statement.maturity:
        return None
    rows: list[tuple[Cell, ...]] = []
    scored = {
        score.name
        for maturity in statement.maturity
        for score in (*maturity.dimensions, *maturity.axes)
        if score.score is not None
    }
    kept_scores = [dimension for dimension in (*Dimension, *Axis) if dimension.value in scored]
    for maturity in statement.maturity:
        scores = {score.name: score.score for score in (*maturity.dimensions, *maturity.axes)}
        place_scores = [scores.get(dimension.value) for dimension in kept_scores]
        cells = ["–" if score is None else f"{score:.0f}" for score in place_scores]
        rows.append(
            (
                maturity.names.text(language),
                statement.systems[maturity.system].text(language)
                if maturity.system in statement.systems
                else maturity.system,
                maturity.level or "–",
                *cells,
            )
        )
    heads = [
        (DIMENSIONS[dimension] if isinstance(dimension, Dimension) else AXES[dimension]).text(language)
        for dimension in kept_scores
    ]
    columns = (say("col_unit"), say("col_system"), say("col_level"), *heads)
    return Table(say("maturity_caption"), columns, tuple(rows), tuple(range(2, len(columns))))
