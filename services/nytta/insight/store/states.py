"""Derived indicators: published rows in, published rows out. Reads and writes the open zone alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from datetime import date, datetime, timedelta
from statistics import fmean
from typing import Any

from nytta.disclosure.clock import first_open_week
from nytta.insight.states.cascade import TIERS, Difference, after_training, gates, level_gap
from nytta.insight.states.combined import USE, Exploitation, PublishedFigure, State, exploitation, together, use_state
from nytta.insight.states.decisions import Act, ageing, follow_through
from nytta.registry.registry import Registry
from nytta.registry.units import Organisation
from nytta.storage.client import Connection

DERIVED = (
    *("use-state", "exploitation", "cascade", "level-gap", "after-training"),
    *("decided-in-time", "received", "decision-age"),
)
"""Ids of the derived indicators that are kept here."""

WEEKS = 8
"""So many closed weeks are told at a time."""

_STALE = timedelta(weeks=4)
"""A figure older than this says nothing of a week."""

_YEAR = timedelta(weeks=52)
_QUARTER, _SETTLED = timedelta(weeks=12), timedelta(weeks=8)
"""Use is that of the last quarter, from so long after going live."""

_SETTLING = timedelta(weeks=4)
_WEEK = timedelta(weeks=1)

_READINESS = ("enrolment", "activation", "entitlement")
_COMPARED = ("digital-intake", "lead-time", "rework", "handovers")
"""What is compared before and after going live; handovers are no sign of benefit, and show where work sticks."""

_TRAINED = {f"trained-{tier}": tier for tier in TIERS}
_PULSE = ("pulse-managers", "pulse-staff")

_ROW = ("unit", "system", "case_type", "what", "part", "week", "state", "value", "low", "high", "figures")


@dataclass(frozen=True, slots=True)
class StateRow:
    """One derived figure or state of a week; '' and None where it has no such thing."""

    unit: str
    system: str
    case_type: str
    what: str
    part: str
    week: date
    state: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    figures: Mapping[str, float] = field(default_factory=dict)


def publish_states(connection: Connection, registry: Registry, current_time: datetime) -> int:
    """Bring the states of the last closed weeks at `current_time` (aware) up to date; the rows that changed.

    Runs after values, facts and statements, on which it rests.
    """
    changed = 0
    number = int(connection.value("SELECT max(publication) + 1 FROM {open}.published_states"))
    for organisation in registry.organisations:
        closed = first_open_week(current_time, organisation.timezone) - _WEEK
        weeks = [closed - offset * _WEEK for offset in range(WEEKS)]
        rows = states(connection, registry, organisation, weeks)
        changed += _write(connection, organisation.id, rows, weeks, number)
    return changed


def states(
    connection: Connection, registry: Registry, organisation: Organisation, weeks: Sequence[date]
) -> list[StateRow]:
    """All derived figures and states of an organisation in these closed weeks (Mondays)."""
    series = _PublishedSeries(connection, registry, organisation, min(weeks), max(weeks))
    return [row for week in sorted(weeks) for row in series.week(week)]


def read_states(
    connection: Connection, *, organisation: str = "", derived: str = "", unit: str = "", week: date | None = None
) -> list[dict[str, Any]]:
    """States that are told, in order; of the last week of each organisation unless another is named."""
    return connection.dicts(
        """SELECT organisation, unit, system, case_type, what, part, formatDateTime(states.week, '%G-W%V') AS week,
                   state, value, low, high, figures, rests_on
            FROM {open}.states
            WHERE ({organisation:String} = '' OR organisation = {organisation:String})
              AND ({what:String} = '' OR what = {what:String}) AND ({unit:String} = '' OR unit = {unit:String})
              AND if({week:Date} > toDate(0), states.week = {week:Date}, (organisation, states.week) IN (
                  SELECT organisation, max(week) FROM {open}.published_states GROUP BY organisation))
            ORDER BY organisation, what, system, unit, case_type, part""",
        organisation=organisation,
        what=derived,
        unit=unit,
        week=week or date(1970, 1, 1),
    )


class _PublishedSeries:
    """What is published of an organisation around some weeks."""

    def __init__(
        self, connection: Connection, registry: Registry, organisation: Organisation, first_day: date, last_day: date
    ) -> None:
        self.registry, self.root = registry, organisation.id
        self._figures: defaultdict[tuple[str, str, str, str, str], dict[date, PublishedFigure]] = defaultdict(dict)
        self._windows: dict[str, int] = {}
        lives = [milestone.date for milestone in registry.milestones if milestone.what == "live"]
        start = min([first_day - _YEAR, *(live_day - _YEAR for live_day in lives)])
        for *key, period, value, low, high, weeks in connection.rows(
            """WITH latest AS (
                   SELECT indicator, max(version) AS version, argMax(window_weeks, version) AS weeks
                   FROM {open}.definitions GROUP BY indicator)
               SELECT figure.indicator, unit, system, case_type, part, period, value, low, high, weeks
               FROM {open}.indicator_values AS figure
               INNER JOIN latest ON latest.indicator = figure.indicator AND latest.version = figure.version
               WHERE organisation = {root:String} AND grain = 'window' AND value IS NOT NULL
                 AND figure.indicator IN {names:Array(String)} AND period >= {first:Date} AND period <= {last:Date}""",
            root=self.root,
            names=[*_READINESS, *USE, *_COMPARED, *_TRAINED, *_PULSE],
            first=start,
            last=last_day,
        ):
            indicator, unit, system, case_type, part = key
            self._figures[indicator, unit, system, case_type, part][period] = PublishedFigure(value, low, high)
            self._windows[indicator] = max(1, weeks)
        for unit, system, week, value, low, high in connection.rows(
            """SELECT unit, system, week, value, low, high FROM {open}.published_facts FINAL
               WHERE organisation = {root:String} AND fact = 'ready' AND value IS NOT NULL
                 AND week >= {first:Date} AND week <= {last:Date}""",
            root=self.root,
            first=start,
            last=last_day,
        ):
            self._figures["ready", unit, system, "*", ""][week] = PublishedFigure(value, low, high)
        act_rows = connection.rows(
            "SELECT decision, unit, state, day FROM {open}.decision_acts FINAL WHERE organisation = {root:String}",
            root=self.root,
        )
        self._acts = [Act(*row) for row in act_rows]
        self._realised: defaultdict[tuple[str, str, str], dict[date, list[float]]] = defaultdict(
            lambda: defaultdict(list)
        )
        for unit, system, case_type, week, realised in connection.rows(
            """SELECT unit, system, case_type, week, realised FROM {open}.benefits
               WHERE organisation = {root:String} AND realised IS NOT NULL AND week <= {last:Date}""",
            root=self.root,
            last=last_day,
        ):
            for place in self._around(unit, week):
                self._realised[place, system, case_type][week].append(realised)

    def week(self, week: date) -> Iterator[StateRow]:
        """Everything of one week."""
        yield from self._use(week)
        yield from self._exploitation(week)
        yield from self._gates(week)
        yield from self._gaps(week)
        yield from self._training(week)
        yield from self._decisions(week)

    # figures

    def _places(self, *indicators: str) -> list[tuple[str, str, str]]:
        return sorted({(key[1], key[2], key[3]) for key in self._figures if key[0] in indicators})

    def _latest(
        self, indicator: str, unit: str, system: str, week: date, case_type: str = "*", part: str = ""
    ) -> PublishedFigure | None:
        figures = self._figures.get((indicator, unit, system, case_type, part), {})
        last_day = max((period for period in figures if week - _STALE < period <= week), default=None)
        return None if last_day is None else figures[last_day]

    def _span(
        self, indicator: str, unit: str, system: str, case_type: str, first_day: date, last_day: date
    ) -> PublishedFigure | None:
        """Windows that do not overlap, wholly between two Mondays, as one figure."""
        figures = self._figures.get((indicator, unit, system, case_type, ""), {})
        weeks = self._windows.get(indicator, 1) * _WEEK
        windows, limit = [], last_day
        for period in sorted(figures, reverse=True):
            if period <= limit and period - weeks + _WEEK >= first_day:
                windows.append(figures[period])
                limit = period - weeks
        return together(windows)

    # places

    def _around(self, unit: str, week: date) -> list[str]:
        """The unit, its reporting group, and all units above."""
        day = week + timedelta(days=6)
        try:
            above = [ancestor.id for ancestor in self.registry.ancestors(unit, day)]
        except KeyError:
            above = []
        return [unit, *above, *(group.id for group in self.registry.groups if unit in group.units)]

    # states

    def _use(self, week: date) -> Iterator[StateRow]:
        day = week + timedelta(days=6)
        for unit, system, case_type in self._places(*USE):
            if case_type != "*":
                continue
            go_live = self.registry.live(system, unit)
            if go_live is not None and go_live > day:
                continue
            readiness = {name: self._latest(name, unit, system, week) for name in (*_READINESS, "ready")}
            # use that has settled: a system that is being taken into use is used more each week
            first_day = max(week - _QUARTER + _WEEK, go_live + _SETTLED if go_live else week - _QUARTER)
            use = {name: self._span(name, unit, system, "*", first_day, week) for name in USE}
            latest = _shown({**readiness, **use})
            if not latest:
                continue
            first_member = self.registry.members(unit)[0]
            planned = {name: self.registry.target_of_use(system, name, first_member, day) for name in USE}
            targets = {name: float(target) for name, target in planned.items() if target}
            state = use_state(latest, targets)
            figure = next((latest[name] for name in USE if name in latest), None)
            yield self._row(unit, system, "*", "use-state", "", week, state, figure, latest)

    def _exploitation(self, week: date) -> Iterator[StateRow]:
        for unit, system, case_type in self._places("digital-intake"):
            go_live = self.registry.live(system, unit)
            if case_type == "*" or go_live is None or go_live >= week:
                continue
            start = go_live - timedelta(days=go_live.weekday())
            before, after = (start - _YEAR, start - _WEEK), (start + _SETTLING, week)
            earlier = _shown({name: self._span(name, unit, system, case_type, *before) for name in _COMPARED})
            current = _shown({name: self._span(name, unit, system, case_type, *after) for name in _COMPARED})
            if not current:
                continue
            realised_by_week = self._realised.get((unit, system, case_type), {})
            last_day = max((day for day in realised_by_week if day <= week), default=None)
            realised = None if last_day is None else fmean(realised_by_week[last_day]) / 100
            outcome = exploitation(earlier, current, realised)
            evidence = current | {f"{name} before": figure for name, figure in earlier.items()}
            if realised is not None:
                evidence["realised"] = PublishedFigure(100 * realised)
            intake = current.get("digital-intake")
            yield self._row(unit, system, case_type, "exploitation", "", week, outcome, intake, evidence)

    def _gates(self, week: date) -> Iterator[StateRow]:
        for unit, system, case_type in self._places(*_TRAINED):
            if case_type != "*":
                continue
            anchored = _shown({tier: self._latest(name, unit, system, week) for name, tier in _TRAINED.items()})
            if anchored:
                for tier, gate in gates(anchored).items():
                    yield self._row(unit, system, "*", "cascade", tier, week, gate, anchored.get(tier), anchored)

    def _gaps(self, week: date) -> Iterator[StateRow]:
        parts = sorted({key[4] for key in self._figures if key[0] in _PULSE})
        for unit, system, case_type in self._places(*_PULSE):
            if case_type != "*":
                continue
            managers, staff = (
                _shown({part: self._pulse(name, unit, system, week, part) for part in parts}) for name in _PULSE
            )
            for element, gap in level_gap(managers, staff).items():
                evidence = {"managers": managers[element], "staff": staff[element]}
                yield self._row(unit, system, "*", "level-gap", element, week, _direction(gap), gap, evidence)

    def _pulse(self, indicator: str, unit: str, system: str, week: date, part: str) -> PublishedFigure | None:
        """The last survey's figure; surveys come every eighth week."""
        figures = self._figures.get((indicator, unit, system, "*", part), {})
        last_day = max((period for period in figures if week - 2 * _STALE < period <= week), default=None)
        return None if last_day is None else figures[last_day]

    def _training(self, week: date) -> Iterator[StateRow]:
        for system in sorted({system for _, system, _ in self._places("trained-staff")}):
            trained = self._courses("trained-staff", system, week)
            association = after_training(trained, self._courses("intended-use", system, week), week)
            if association is None:
                continue
            yield StateRow(
                unit=self.root,
                system=system,
                case_type="*",
                what="after-training",
                part="",
                week=week,
                state="association",
                value=round(association.value),
                figures={"units trained": float(association.trained), "not yet": float(association.others)},
            )

    def _courses(self, indicator: str, system: str, week: date) -> dict[str, dict[date, float]]:
        """An indicator of each unit up to a week; without the organisation, which is no unit beside others."""
        courses = {}
        for (name, unit, figure_system, case_type, _part), figures in self._figures.items():
            if (name, figure_system, case_type) == (indicator, system, "*") and unit != self.root:
                courses[unit] = {period: figure.value for period, figure in figures.items() if period <= week}
        return courses

    def _decisions(self, week: date) -> Iterator[StateRow]:
        day = week + timedelta(days=6)
        standing = []
        for decision in self.registry.decisions:
            own_units = [unit for unit in decision.units if self.root in self._around(unit, week)]
            # a unit with an agreement not to use the system has nothing to carry out
            concerned = [unit for unit in own_units if self.registry.deviation(decision.system, unit, day) is None]
            followed = follow_through(decision, self._acts, concerned, day)
            if followed is None:
                continue
            standing.append(followed)
            state = "open" if followed.weeks is not None else "over"
            for indicator, value in (("decided-in-time", followed.executed), ("received", followed.received)):
                if value is not None:
                    yield StateRow(
                        unit=self.root,
                        system=decision.system,
                        case_type="*",
                        what=indicator,
                        part=decision.id,
                        week=week,
                        state=state,
                        value=round(value),
                        figures={"units": float(followed.units)},
                    )
        for level, ages in ageing(standing).items():
            yield StateRow(
                unit=self.root,
                system="",
                case_type="*",
                what="decision-age",
                part=level,
                week=week,
                state="open",
                value=ages.median,
                high=ages.p85,
                figures={"open": float(ages.open)},
            )

    def _row(
        self,
        unit: str,
        system: str,
        case_type: str,
        state_name: str,
        part: str,
        week: date,
        state: State | Exploitation | str,
        figure: PublishedFigure | Difference | None,
        evidence: Mapping[str, PublishedFigure],
    ) -> StateRow:
        figures = {name: round(published_figure.value, 1) for name, published_figure in evidence.items()}
        if figure is None:
            return StateRow(unit, system, case_type, state_name, part, week, str(state), figures=figures)
        low, high = (None if bound is None else round(bound, 1) for bound in (figure.low, figure.high))
        return StateRow(
            unit, system, case_type, state_name, part, week, str(state), round(figure.value, 1), low, high, figures
        )


def _shown(figures: Mapping[str, PublishedFigure | None]) -> dict[str, PublishedFigure]:
    """Those that are shown."""
    return {name: figure for name, figure in figures.items() if figure is not None}


def _direction(gap: Difference) -> str:
    """Who answers higher, where the interval leaves out none."""
    if gap.low > 0:
        return "managers_higher"
    return "staff_higher" if gap.high < 0 else "unclear"


def _write(connection: Connection, root: str, rows: Sequence[StateRow], weeks: Sequence[date], number: int) -> int:
    """Write what differs; a state that does not hold any more is told as such."""
    published_rows = connection.rows(
        f"""SELECT {", ".join(_ROW)} FROM {{open}}.states
            WHERE organisation = {{root:String}} AND week >= {{first:Date}} AND week <= {{last:Date}}""",
        root=root,
        first=min(weeks),
        last=max(weeks),
    )
    earlier = {row[:6]: row for row in published_rows}
    current = {row[:6]: row for row in map(astuple, rows)}
    changed = [row for key, row in current.items() if earlier.get(key) != row]
    changed += [(*key, "gone", None, None, None, {}) for key in earlier if key not in current]
    connection.insert(
        "{open}.published_states",
        ["organisation", *_ROW, "publication"],
        [[root, *row, number] for row in changed],
    )
    return len(changed)
