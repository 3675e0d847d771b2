"""Statements of benefits: private counts and published figures in, figures that may be published out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from datetime import date, datetime, timedelta

from nytta.disclosure.clock import first_open_week
from nytta.disclosure.published.figures import HALF_YEAR, PublishedFigures, settled_share
from nytta.disclosure.rounding import two_digits
from nytta.disclosure.rules import Status
from nytta.disclosure.store.facts import Missed
from nytta.indicators.store.render.scope import Scope, Zones, winners
from nytta.ingest.store.counted import visible
from nytta.ingest.store.private import PrivateStore
from nytta.insight.benefits.evidence import Evidence, Measured, Peer, Place, Published
from nytta.insight.benefits.expenses import DIGITAL
from nytta.insight.benefits.maturity import Model
from nytta.insight.benefits.state import state
from nytta.insight.benefits.statement import Definition, encode
from nytta.insight.benefits.transactions import SERVICE, YEAR
from nytta.insight.states.decisions import Act
from nytta.insight.store import benchmarks
from nytta.insight.store.statements import Statements
from nytta.registry.registry import Registry
from nytta.registry.units import Names, Organisation
from nytta.storage.client import Connection


def publish_benefits(
    store: PrivateStore, registry: Registry, model: Model, current_time: datetime
) -> int:
    """State the benefits of every organisation after the weeks closed at `current_time` (aware); how many statements
    differ.

    Runs after the publication of values, on which it rests. What was said before stays: a statement that says the same
    is not said again, and a changed plan makes a further one.
    """
    with_programme = [
        organisation
        for organisation in registry.organisations
        if _has_programme(registry, organisation)
    ]
    statements = Statements(store.connection)
    changed_count = 0
    # an organisation at a time, for each has weeks that close by its own clock
    for organisation in with_programme:
        closed = first_open_week(current_time, organisation.timezone) - timedelta(weeks=1)
        previous = statements.latest(organisation.id)
        # a clock that was set back, or a restored store: an older week must not become the latest statement
        if previous is not None and previous.statement.week > closed:
            continue
        evidence = _evidence(store, registry, organisation, closed)
        statement = state(
            organisation, registry, evidence, model, previous.statement if previous else None
        )
        if previous is None or encode(statement) != encode(previous.statement):
            statements.add(statement, current_time)
            changed_count += 1
    return changed_count


def missed_hours(connection: Connection, registry: Registry) -> list[Missed]:
    """Hours that are missed because a system is not used, by unit and system, as the latest statements say them."""
    statements = Statements(connection)
    missed: defaultdict[tuple[str, str, str], int] = defaultdict(int)
    for organisation in registry.organisations:
        latest = statements.latest(organisation.id)
        for pool in latest.statement.pools if latest else ():
            if pool.use_missing is not None:
                missed[organisation.id, pool.place, pool.system] += pool.use_missing
    # in two digits, for hours rest on counts of cases that are not told as they are
    return [Missed(*place, two_digits(thousandths / 1000)) for place, thousandths in missed.items()]


def _has_programme(registry: Registry, organisation: Organisation) -> bool:
    unit_ids = {unit.id for unit in registry.units if unit.root == organisation.id}
    has_benefits = any(benefit.unit in unit_ids for benefit in registry.benefits)
    has_costs = any(cost.kind == SERVICE and cost.unit in unit_ids for cost in registry.costs)
    return (
        has_benefits
        or has_costs
        or any(set(decision.units) & unit_ids for decision in registry.decisions)
    )


def _evidence(
    store: PrivateStore, registry: Registry, organisation: Organisation, week: date
) -> Evidence:
    connection = store.connection
    definitions = _definitions(connection)
    versions = {indicator: definition.version for indicator, definition in definitions.items()}
    published = _published(connection, organisation.id, week, versions)
    measuring = {benefit.indicator for benefit in registry.benefits if benefit.indicator}
    events = _OwnEvents(store, organisation, week)
    return Evidence(
        week,
        events.measured(),
        published,
        series=_series(connection, organisation.id, week, measuring, versions),
        cases=events.opened_cases(),
        completed=events.completed_cases(),
        use=_use(connection, registry, organisation, week, published),
        digital=_digital(connection, organisation.id, week, versions),
        peers=tuple(_peers(connection, registry, organisation.id, week, versions)),
        acts=events.acts(),
        definitions=definitions,
    )


class _OwnEvents:
    """What events of an organisation tell of its benefits.

    To the end of the closed week: what came since belongs to the next statement.
    """

    def __init__(self, store: PrivateStore, organisation: Organisation, week: date) -> None:
        self._connection = store.connection
        self._zones = Zones({organisation.timezone: ""})
        self._scope = Scope(
            "{private}",
            "{private}",
            "{open}",
            self._zones,
            week.isoformat(),
            visible=visible(store.connection),
        )
        self._own_units = "unit IN (SELECT unit FROM {open}.units WHERE root = {root:String})"
        self._parameters = {"root": organisation.id, "day": week + timedelta(days=6)}

    def measured(self) -> dict[str, tuple[Measured, ...]]:
        """What was measured of each benefit, in the order in which it was."""
        measured_rows = self._connection.rows(
            f"""SELECT attributes['key'], toDate(valid_from), toDate(valid_to), quantity
                FROM {winners(self._scope, "'benefit'", self._own_units)}
                WHERE toDate(valid_to) <= {{day:Date}} + 1 AND valid_to > valid_from
                ORDER BY time, sequence, id""",
            **self._parameters,
        )
        measured: defaultdict[str, list[Measured]] = defaultdict(list)
        for benefit, start, end, measured_value in measured_rows:
            measured[benefit].append(Measured(start, end, int(measured_value)))
        return {benefit: tuple(measured_values) for benefit, measured_values in measured.items()}

    def opened_cases(self) -> dict[tuple[str, str, str], int]:
        """Cases that were opened in a year, by unit, system and case type; exact, so rounded before they are told."""
        day = self._zones.date("opened_at")
        count_rows = self._connection.rows(
            f"""SELECT unit, system, case_type, count() FROM {{private}}.cases FINAL
                WHERE {self._in_year(day)} AND {self._own_units}
                GROUP BY unit, system, case_type""",
            **self._parameters,
        )
        return {
            (unit, system, case_type): int(case_count)
            for unit, system, case_type, case_count in count_rows
        }

    def completed_cases(self) -> dict[str, int]:
        """Cases that were closed in a year, by system; exact, so rounded before they are told."""
        day = self._zones.date("assumeNotNull(closed_at)")
        count_rows = self._connection.rows(
            f"""SELECT system, count() FROM {{private}}.cases FINAL
                WHERE closed_at IS NOT NULL AND {self._in_year(day)} AND {self._own_units}
                GROUP BY system""",
            **self._parameters,
        )
        return {system: int(case_count) for system, case_count in count_rows}

    def acts(self) -> tuple[Act, ...]:
        """What units did about decisions."""
        act_rows = self._connection.rows(
            f"""SELECT attributes['key'] AS decision, unit, activity, {self._zones.date("time")} AS day
                FROM {winners(self._scope, "'decision'", self._own_units)} WHERE decision != '' AND day <= {{day:Date}}
                ORDER BY day, unit""",
            **self._parameters,
        )
        return tuple(Act(*act) for act in act_rows)

    @staticmethod
    def _in_year(day: str) -> str:
        return f"{day} <= {{day:Date}} AND {day} > {{day:Date}} - {YEAR.days}"


def _definitions(connection: Connection) -> dict[str, Definition]:
    """The newest version of each indicator, and in which unit it was published, where it was."""
    definition_rows = connection.rows(
        """SELECT d.indicator, d.version, title_sv, title_nb, title_en, question_sv, question_nb, question_en,
                  u.unit
           FROM (SELECT * FROM {open}.definitions FINAL) AS d
           LEFT JOIN (SELECT indicator, version, any(unit_of_measure) AS unit FROM {open}.published_values
                      GROUP BY indicator, version) AS u ON u.indicator = d.indicator AND u.version = d.version
           ORDER BY d.version"""
    )
    definitions = {}
    # in the order of versions: the last one stays
    for indicator, version, *title_texts, unit in definition_rows:
        titles, questions = Names(*title_texts[:3]), Names(*title_texts[3:])
        definitions[indicator] = Definition(version, titles, questions, unit)
    return definitions


def _use(
    connection: Connection,
    registry: Registry,
    organisation: Organisation,
    week: date,
    published: Mapping[Place, Published],
) -> dict[Place, int | str]:
    """Use of the last half year, from eight weeks after going live on, by place and case type ('*' for all).

    Of indicators of cases that benefits depend on, from what is published of them.
    """
    adoption_indicators = {
        benefit.adoption.indicator for benefit in registry.benefits if benefit.adoption
    }
    case_shares = connection.rows(
        "SELECT indicator FROM {open}.definitions WHERE protects IN ('citizen', 'handling') AND kind = 'share'"
    )
    indicators = adoption_indicators & {indicator for (indicator,) in case_shares}
    if not indicators:
        return {}
    last_day = week + timedelta(days=6)
    first_day = week - timedelta(weeks=HALF_YEAR)
    members = {group.id: group.units for group in registry.groups if last_day in group.span}
    published_figures = PublishedFigures(
        connection, organisation.id, sorted(indicators), first_day, week, case_types=True
    )
    published_places = {place for place in published if place[0] in indicators}
    use_shares: dict[Place, int | str] = {}
    for place in published_places | set(published_figures.places()):
        indicator, unit, system, case_type = place
        live_days = [registry.go_live(system, member) for member in members.get(unit, (unit,))]
        # a group has settled when its last member has
        go_live = max((day for day in live_days if day is not None), default=None)
        share = settled_share(published_figures, indicator, unit, system, case_type, week, go_live)
        if share is not None:
            use_shares[place] = share
            continue
        # the reason that the latest window gives, where it is hidden
        figure = published.get(place)
        is_hidden = figure is not None and figure.value is None
        use_shares[place] = (
            figure.status if figure is not None and is_hidden else Status.SUPPRESSED.value
        )
    return use_shares


def _digital(
    connection: Connection, organisation: str, week: date, versions: Mapping[str, int]
) -> dict[str, tuple[tuple[date, float], ...]]:
    """Published windows of the last year of the organisation's digital share, by system."""
    figures = connection.rows(
        """SELECT system, period, value FROM {open}.indicator_values
           WHERE indicator = {indicator:String} AND version = {version:UInt16} AND grain = 'window' AND part = ''
             AND organisation = {root:String} AND unit = {root:String} AND case_type = '*' AND value IS NOT NULL
             AND period <= {week:Date} AND period > {week:Date} - 364 ORDER BY period""",
        indicator=DIGITAL,
        version=versions.get(DIGITAL, 0),
        root=organisation,
        week=week,
    )
    windows: defaultdict[str, list[tuple[date, float]]] = defaultdict(list)
    for system, period, value in figures:
        windows[system].append((period, float(value)))
    return {system: tuple(values) for system, values in windows.items()}


def _peers(
    connection: Connection,
    registry: Registry,
    organisation: str,
    week: date,
    versions: Mapping[str, int],
) -> Iterator[Peer]:
    """Places to compare with, by the indicators of use that benefits depend on."""
    adoption_indicators = {
        benefit.adoption.indicator for benefit in registry.benefits if benefit.adoption
    }
    shares = connection.rows("SELECT indicator FROM {open}.definitions WHERE kind = 'share'")
    compared = {
        indicator: versions[indicator]
        for (indicator,) in shares
        if indicator in adoption_indicators
    }
    roots = {declared.id for declared in registry.organisations}
    for row in benchmarks.peers(connection, compared, organisation, roots, week):
        yield Peer(**{field.name: row[field.name] for field in fields(Peer)})


def _published(
    connection: Connection, organisation: str, week: date, versions: dict[str, int]
) -> dict[tuple[str, str, str, str], Published]:
    """The figures of each indicator's latest closed window."""
    figure_rows = connection.rows(
        """SELECT v.indicator, v.unit, v.system, v.case_type, v.value, v.low, v.high, v.n_band, v.status, v.version,
                  v.period
           FROM {open}.indicator_values AS v
           INNER JOIN (SELECT indicator, version, system, max(period) AS period FROM {open}.indicator_values
                       WHERE grain = 'window' AND organisation = {root:String} AND period <= {week:Date}
                       GROUP BY indicator, version, system) AS last
               ON last.indicator = v.indicator AND last.version = v.version AND last.system = v.system
                  AND last.period = v.period
           WHERE v.grain = 'window' AND v.part = '' AND v.organisation = {root:String}""",
        root=organisation,
        week=week,
    )
    figures = {}
    for indicator, unit, system, case_type, *figure in figure_rows:
        published = Published(*figure)
        # figures of an earlier version mean something else
        if versions.get(indicator) == published.version:
            figures[indicator, unit, system, case_type] = published
    return figures


def _series(
    connection: Connection,
    organisation: str,
    week: date,
    indicators: Iterable[str],
    versions: dict[str, int],
) -> dict[tuple[str, str, str, str], tuple[tuple[date, float], ...]]:
    """Weekly published values of indicators that measure a benefit."""
    indicator_ids = sorted(indicators)
    if not indicator_ids:
        return {}
    figures = connection.rows(
        """SELECT indicator, unit, system, case_type, version, period, value FROM {open}.indicator_values
           WHERE grain = 'week' AND part = '' AND organisation = {root:String} AND period <= {week:Date}
             AND value IS NOT NULL AND indicator IN {wanted:Array(String)} ORDER BY period""",
        root=organisation,
        week=week,
        wanted=indicator_ids,
    )
    series: defaultdict[tuple[str, str, str, str], list[tuple[date, float]]] = defaultdict(list)
    for indicator, unit, system, case_type, version, period, value in figures:
        if versions.get(indicator) == version:
            series[indicator, unit, system, case_type].append((period, float(value)))
    return {place: tuple(values) for place, values in series.items()}
