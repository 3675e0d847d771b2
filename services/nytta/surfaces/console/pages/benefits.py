"""Benefits: the register, one benefit with its curve, hours left lying, decisions, maturity, anchoring."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from nytta.insight.benefits.decided import Word
from nytta.insight.benefits.forecast import WORDS, Status
from nytta.insight.benefits.maturity import AXES, DIMENSIONS, Axis, Dimension
from nytta.insight.benefits.statement import Benefit, Statement
from nytta.registry.programme import MEASURES, Measure, level_names
from nytta.registry.roles import Permission
from nytta.surfaces.console import charts
from nytta.surfaces.console.figure_texts import day, figure_text, short_week, week
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
    said, system, status = statement(reading), query.get("system", ""), query.get("status", "")
    sort = query.get("sort", "unit")
    if (system and system not in said.systems) or sort not in _SORTS or (status and status not in list(Status)):
        raise Refused(400, "bad_filter", what=system or status or sort)
    told = document(said, reading.said.published_at, language, system, font="")
    lead = next((b.text for b in told.blocks if isinstance(b, Text) and b.style == "lead"), "")
    tiles = next((b.tiles for b in told.blocks if isinstance(b, Tiles)), ())
    kept = [b for b in said.benefits if system in ("", b.plan.system) and status in ("", b.word)]
    if sort == "realised":
        kept.sort(key=lambda b: (b.realised is None, b.realised or 0))
    elif sort == "due":
        kept.sort(key=lambda b: (b.plan.due or date.max, b.id))
    elif sort == "status":
        order = list(Status)
        kept.sort(key=lambda b: (order.index(Status(b.word)), b.id))
    return Register(
        reading.root,
        tuple(organisations(visitor, Permission.PROGRAMME, "/benefits")),
        said.names.text(language),
        week(said.week, language),
        lead,
        tuple(Tile(*each) for each in tiles),
        _table(kept, reading, say, language),
        system,
        tuple((s, n.text(language)) for s, n in said.systems.items()),
        status,
        tuple((s.value, WORDS[s].text(language)) for s in Status if any(b.word == s.value for b in said.benefits)),
        sort,
        tuple((s, say(f"col_{s}")) for s in _SORTS),
        _lying(said, say, language, system),
        hours_table([pool for pool in said.pools if system in ("", pool.system)], said.currency, say, by_unit=True),
        tuple(_break_even(said, say, language, system)),
        _decisions(said, say, language),
        tuple(text for b in told.blocks if isinstance(b, Items) for text in b.items),
        _cascade(reading, say, language),
        _quadrant(said, say, language),
        _maturity(said, say, language),
        f"/benefits/report?organisation={reading.root}" + (f"&system={system}" if system else ""),
    )


def one(reading: Reading, visitor: Visitor, id_: str) -> BenefitView:
    """One benefit. Refused where there is none."""
    say, language, said = Speaker(visitor.language), visitor.language, statement(reading)
    b = next((each for each in said.benefits if each.id == id_), None)
    if b is None:
        raise Refused(404, "no_benefit")
    return BenefitView(
        b.id,
        b.plan.names.text(language),
        reading.root,
        Link(b.unit_names.text(language), f"/units/{b.plan.unit}"),
        _status(b, language),
        week(said.week, language),
        _curve(b, say, language),
        _gap(b, say),
        _facts(b, said, say, language),
        _changes(b, say, language),
        tuple(report_words.say(f"field_{f}", language) if report_words.has_words(f"field_{f}") else f for f in b.lacks),
        tuple(report_words.say(f"flag_{f}", language) for f in b.flags if report_words.has_words(f"flag_{f}")),
    )


def _percent(tenths: int | None, language: str) -> str:
    return "–" if tenths is None else figures.percent(tenths / 10, language)


def _status(b: Benefit, language: str) -> Link:
    return Link(WORDS[Status(b.word)].text(language), icon=_ICONS.get(Status(b.word), ""))


def _ahead(b: Benefit, say: Speaker, language: str) -> str:
    if b.ahead is None:
        return "–"
    if b.ahead.complete:
        return say("result", figure=_percent(b.ahead.expected, language))
    return f"{round(b.ahead.low / 10)}–{_percent(b.ahead.high, language)}"


def _table(benefits: Sequence[Benefit], reading: Reading, say: Speaker, language: str) -> Table:
    rows = tuple(
        (
            Link(b.plan.names.text(language), f"/benefits/{b.id}?organisation={reading.root}"),
            Link(b.unit_names.text(language), f"/units/{b.plan.unit}"),
            _status(b, language),
            _percent(b.realised, language),
            _ahead(b, say, language),
            day(b.plan.due, language),
            figures.hours(b.freed, language),
            b.plan.owner or say("no_owner"),
        )
        for b in benefits
    )
    columns = tuple(
        say(f"col_{c}") for c in ("benefit", "unit", "status", "realised", "forecast", "due", "freed", "owner")
    )
    return Table(say("benefits_caption", n=len(benefits)), columns, rows, (3, 4, 6))


def _curve(b: Benefit, say: Speaker, language: str) -> Chart:
    measured = [(p.end - timedelta(days=1), p.realised / 10) for p in b.points]
    ahead = b.ahead if b.ahead and not b.ahead.complete else None
    names = (say("curve_plan"), say("curve_outcome"), say("curve_forecast"))
    start = b.plan.start or (measured[0][0] if measured else None)
    curve = charts.Curve(
        start,
        b.plan.due,
        measured,
        ahead.expected / 10 if ahead else None,
        ahead.low / 10 if ahead else None,
        ahead.high / 10 if ahead else None,
        names,
    )
    name, word = b.plan.names.text(language), WORDS[Status(b.word)].text(language)
    finding = say("curve_finding", name=name, realised=_percent(b.realised, language), status=word.lower())
    if ahead:
        finding += " " + say(
            "curve_ahead",
            due=day(b.plan.due, language),
            expected=_percent(ahead.expected, language),
            low=round(ahead.low / 10),
            high=_percent(ahead.high, language),
        )
    rows: list[tuple[str, str, str]] = [
        (
            f"{day(p.start, language)} – {day(p.end - timedelta(days=1), language)}",
            names[1],
            _percent(p.realised, language),
        )
        for p in b.points
    ]
    if b.plan.due:
        rows.append((day(b.plan.due, language), names[0], figures.percent(100, language)))
        if b.ahead:
            rows.append((day(b.plan.due, language), names[2], _ahead(b, say, language)))
    table = Table(say("curve_caption"), (say("col_period"), say("col_what"), say("col_realised")), tuple(rows), (2,))
    return Chart("curve", finding, say("curve_title", name=name), finding, charts.curve(curve), table)


def _gap(b: Benefit, say: Speaker) -> str:
    if b.gap is None:
        return say("gap_unknown")
    if b.gap.use <= 0 and b.gap.effect <= 0:
        return say("gap_none")
    key = "gap_use" if b.gap.use >= b.gap.effect else "gap_effect"
    return say(key, use=max(0, b.gap.use), effect=max(0, b.gap.effect))


def _facts(b: Benefit, statement: Statement, say: Speaker, language: str) -> Table:
    p, measure = b.plan, Measure(b.plan.measure)
    of = MEASURES[measure].text(language) if measure in MEASURES else p.unit_of_measure

    def figure(value: int | None) -> str:
        return "–" if value is None else f"{figures.decimal(value, language)} {of}"

    rows = [
        (say("col_owner"), p.owner or say("no_owner")),
        (say("baseline"), figure(p.baseline)),
        (say("col_target"), figure(p.target)),
        (say("col_due"), day(p.due, language)),
        (say("method"), p.method or "–"),
        (say("account"), report_words.say(f"account_{b.account}", language) if b.account else "–"),
        (say("col_freed"), figures.hours(b.freed, language)),
        (say("amount"), figures.money(b.amount, statement.currency, language)),
        (say("known_since"), day(b.known_since, language)),
    ]
    return Table(say("benefit_facts"), (say("col_fact"), say("col_what")), tuple(rows))


def _changes(b: Benefit, say: Speaker, language: str) -> Table | None:
    if not b.changes:
        return None
    rows = tuple(
        (
            day(c.day, language),
            report_words.say(f"field_{c.field}", language) if report_words.has_words(f"field_{c.field}") else c.field,
            c.before or "–",
            c.after or "–",
        )
        for c in b.changes
    )
    columns = (say("col_day"), say("col_what"), say("before"), say("after"))
    return Table(say("changes_caption"), columns, rows)


def _lying(statement: Statement, say: Speaker, language: str, system: str) -> Chart | None:
    rows: dict[str, list[int]] = {}
    for pool in statement.pools:
        if pool.missing and system in ("", pool.system):
            held = rows.setdefault(pool.names.text(language), [0, 0])
            held[0] += max(0, pool.use_missing or 0)
            held[1] += max(0, pool.effect_missing or 0)
    if not rows:
        return None
    ordered = sorted(rows.items(), key=lambda row: -sum(row[1]))
    total, first = sum(sum(v) for v in rows.values()), ordered[0]
    finding = say(
        "lying_finding",
        hours=figures.hours(total, language),
        n=len(ordered),
        place=first[0],
        most=figures.hours(sum(first[1]), language),
    )
    names = (say("by_use"), say("by_effect"))
    table = Table(
        say("lying_caption"),
        (say("col_unit"), *names, say("col_together")),
        tuple((n, *(figures.hours(x, language) for x in (*v, sum(v)))) for n, v in ordered),
        (1, 2, 3),
    )
    spec = charts.split([(n, v[0] / 1000, v[1] / 1000) for n, v in ordered[:12]], names, "\u00a0h")
    return Chart("lying", finding, say("lying_title"), finding, spec, table, say("lying_note"))


def _break_even(statement: Statement, say: Speaker, language: str, system: str) -> Iterator[Chart]:
    """The digital share over time against the share from which two ways pay."""
    for n, even in enumerate(e for e in statement.break_even if system in ("", e.system) and len(e.course) > 1):
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
                [charts.Point(at, value) for at, value in even.course],
                report_words.say("digital_share", language),
                aim=even.share,
                aim_name=report_words.say("pays_from", language, share=share),
                week_letter=say("week_letter"),
            )
        )
        course = tuple((short_week(at, language), figures.percent(v, language)) for at, v in reversed(even.course))
        rows = ((say("two_ways_cost"), money), (say("pays_from"), share), *course)
        columns = (say("col_week"), report_words.say("digital_share", language))
        title = f"{report_words.say('break_even_title', language)} {even.names.text(language)}"
        yield Chart(f"break-even-{n}", finding, title, finding, spec, Table(title, columns, rows, (1,)))


def _decisions(statement: Statement, say: Speaker, language: str) -> Table | None:
    if not statement.decisions:
        return None
    icons = {Word.STUCK.value: "risk", Word.EXECUTED.value: "good"}
    rows = tuple(
        (
            d.names.text(language),
            level_names(d.level).text(language) or "–",
            say("of", n=d.acknowledged, all=d.units),
            say("of", n=d.executed, all=d.units),
            str(d.weeks),
            Link(
                report_words.say(f"word_{d.word}", language, day=figures.day(d.reversed, language)),
                icon=icons.get(d.word, ""),
            ),
        )
        for d in statement.decisions
    )
    columns = tuple(say(f"col_{c}") for c in ("decision", "level", "acknowledged", "executed", "age", "status"))
    return Table(say("decisions_caption"), columns, rows, (4,))


def _cascade(reading: Reading, say: Speaker, language: str) -> Table | None:
    """Per unit: what share of each tier has taken its step."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for (fact, unit, system, at), rows in reading.published.evidence.facts.items():
        if fact != "trained" or at != reading.week:
            continue
        for row in rows:
            text = figure_text(row | {"n_band": row["n_band"]}, None, language).text
            found.setdefault((unit, system), {})[row["part"]] = text
    tiers = [t for t in _TIERS if any(t in v for v in found.values())]
    if not tiers:
        return None
    order = {p: n for n, p in enumerate(reading.published.places(reading.day))}
    rows_: tuple[tuple[Cell, ...], ...] = tuple(
        (
            Link(reading.unit_names(unit).text(language), f"/units/{unit}"),
            reading.system_names(system).text(language),
            *(values.get(t, "–") for t in tiers),
        )
        for (unit, system), values in sorted(found.items(), key=lambda i: (order.get(i[0][0], 999), i[0]))
    )
    columns = (say("col_unit"), say("col_system"), *(say(f"tier_{t}") for t in tiers))
    return Table(say("cascade_caption"), columns, rows_, tuple(range(2, 2 + len(tiers))))


def _quadrant(statement: Statement, say: Speaker, language: str) -> Chart | None:
    points, rows = [], []
    for each in statement.maturity:
        scores = {s.name: s.score for s in (*each.dimensions, *each.axes)}
        across, up = scores.get(Dimension.USE.value), each.realised
        if across is None or up is None or each.place == statement.organisation:
            continue
        name = each.names.text(language)
        points.append((name, across, min(max(up, 0.0), 100.0)))
        rows.append((name, f"{across:.0f}", f"{up:.0f}"))
    if len(points) < 2:
        return None
    low = [p for p in points if p[1] < 50 or p[2] < 50]
    finding = say("quadrant_finding", n=len(points), low=len(low))
    use, benefit = DIMENSIONS[Dimension.USE].text(language), say("quadrant_realised")
    words = (use, benefit, say("corner_neither"), say("corner_used"), say("corner_early"), say("corner_both"))
    table = Table(say("quadrant_caption"), (say("col_unit"), use, benefit), tuple(rows), (1, 2))
    return Chart("quadrant", finding, say("quadrant_title"), finding, charts.quadrant(points, words), table)


def _maturity(statement: Statement, say: Speaker, language: str) -> Table | None:
    if not statement.maturity:
        return None
    rows: list[tuple[Cell, ...]] = []
    scored = {s.name for each in statement.maturity for s in (*each.dimensions, *each.axes) if s.score is not None}
    kept = [d for d in (*Dimension, *Axis) if d.value in scored]
    for each in statement.maturity:
        scores = {s.name: s.score for s in (*each.dimensions, *each.axes)}
        found = [scores.get(d.value) for d in kept]
        cells = ["–" if score is None else f"{score:.0f}" for score in found]
        rows.append(
            (
                each.names.text(language),
                statement.systems[each.system].text(language) if each.system in statement.systems else each.system,
                each.level or "–",
                *cells,
            )
        )
    heads = [(DIMENSIONS[d] if isinstance(d, Dimension) else AXES[d]).text(language) for d in kept]
    columns = (say("col_unit"), say("col_system"), say("col_level"), *heads)
    return Table(say("maturity_caption"), columns, tuple(rows), tuple(range(2, len(columns))))
