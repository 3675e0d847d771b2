"""What is published of an organisation, as the pure functions of derived indicators ask for it, and what they say.

A week is told from figures of that week or shortly before: none of a later week, so that what was told stays as it was.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from statistics import fmean
from typing import NamedTuple

from nytta.insight.states.cascade import TIERS, Difference, after_training, gates, level_gap
from nytta.insight.states.combined import (
    USE,
    Exploitation,
    PublishedFigure,
    State,
    exploitation,
    together,
    use_state,
)
from nytta.insight.states.decisions import Act, ageing, follow_through
from nytta.registry.registry import Registry
from nytta.registry.units import Organisation
from nytta.storage.client import Connection

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


class PublishedSeries:
    """What is published of an organisation around some weeks."""

    def __init__(
        self,
        connection: Connection,
        registry: Registry,
        organisation: Organisation,
        first_day: date,
        last_day: date,
    ) -> None:
        self.registry, self.root = registry, organisation.id
        self._figures: defaultdict[tuple[str, str, str, str, str], dict[date, PublishedFigure]] = (
            defaultdict(dict)
        )
        self._windows: dict[str, int] = {}
        lives = [milestone.date for milestone in registry.milestones if milestone.what == "live"]
        first_week = min([first_day - _YEAR, *(live_day - _YEAR for live_day in lives)])
        for *series_key, period, figure_value, low_bound, high_bound, weeks in connection.rows(
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
            first=first_week,
            last=last_day,
        ):
            indicator, unit, system, case_type, part = series_key
            self._figures[indicator, unit, system, case_type, part][period] = PublishedFigure(
                figure_value, low_bound, high_bound
            )
            self._windows[indicator] = max(1, weeks)
        self._read_readiness(connection, first_week, last_day)
        act_rows = connection.rows(
            "SELECT decision, unit, state, day FROM {open}.decision_acts FINAL WHERE organisation = {root:String}",
            root=self.root,
        )
        self._acts = [Act(*act_row) for act_row in act_rows]
        self._realised: defaultdict[tuple[str, str, str], dict[date, list[float]]] = defaultdict(
            lambda: defaultdict(list)
        )
        self._read_realised(connection, last_day)

    def _read_readiness(self, connection: Connection, first_week: date, last_day: date) -> None:
        for unit, system, week, figure_value, low_bound, high_bound in connection.rows(
            """SELECT unit, system, week, value, low, high FROM {open}.published_facts FINAL
               WHERE organisation = {root:String} AND fact = 'ready' AND value IS NOT NULL
                 AND week >= {first:Date} AND week <= {last:Date}""",
            root=self.root,
            first=first_week,
            last=last_day,
        ):
            self._figures["ready", unit, system, "*", ""][week] = PublishedFigure(
                figure_value, low_bound, high_bound
            )

    def _read_realised(self, connection: Connection, last_day: date) -> None:
        """Realised shares, of the units of the benefits and of every place above them."""
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
        self,
        indicator: str,
        unit: str,
        system: str,
        week: date,
        case_type: str = "*",
        part: str = "",
    ) -> PublishedFigure | None:
        figures = self._figures.get((indicator, unit, system, case_type, part), {})
        last_day = max(
            (period for period in figures if week - _STALE < period <= week), default=None
        )
        return None if last_day is None else figures[last_day]

    def _span(
        self,
        indicator: str,
        unit: str,
        system: str,
        case_type: str,
        first_day: date,
        last_day: date,
    ) -> PublishedFigure | None:
        """Windows that do not overlap, wholly between two Mondays, as one figure."""
        # windows overlap from week to week: each counts once, from the latest back
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
            # figures of a unit that has ended may be told of weeks after it
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
            readiness = {
                indicator: self._latest(indicator, unit, system, week)
                for indicator in (*_READINESS, "ready")
            }
            # use that has settled: a system that is being taken into use is used more each week
            first_day = max(
                week - _QUARTER + _WEEK, go_live + _SETTLED if go_live else week - _QUARTER
            )
            use = {
                indicator: self._span(indicator, unit, system, "*", first_day, week)
                for indicator in USE
            }
            latest = _shown({**readiness, **use})
            if not latest:
                continue
            first_member = self.registry.members(unit)[0]
            planned = {
                indicator: self.registry.target_of_use(system, indicator, first_member, day)
                for indicator in USE
            }
            targets = {indicator: float(target) for indicator, target in planned.items() if target}
            state = use_state(latest, targets)
            figure = next((latest[indicator] for indicator in USE if indicator in latest), None)
            yield _state_row(
                _Subject(unit, system, "*", "use-state", "", week), state, figure, latest
            )

    def _exploitation(self, week: date) -> Iterator[StateRow]:
        for unit, system, case_type in self._places("digital-intake"):
            go_live = self.registry.live(system, unit)
            if case_type == "*" or go_live is None or go_live >= week:
                continue
            start = go_live - timedelta(days=go_live.weekday())
            before, after = (start - _YEAR, start - _WEEK), (start + _SETTLING, week)
            earlier = _shown(
                {
                    indicator: self._span(indicator, unit, system, case_type, *before)
                    for indicator in _COMPARED
                }
            )
            current = _shown(
                {
                    indicator: self._span(indicator, unit, system, case_type, *after)
                    for indicator in _COMPARED
                }
            )
            if not current:
                continue
            realised_by_week = self._realised.get((unit, system, case_type), {})
            last_day = max((day for day in realised_by_week if day <= week), default=None)
            realised = None if last_day is None else fmean(realised_by_week[last_day]) / 100
            outcome = exploitation(earlier, current, realised)
            evidence = current | {
                f"{indicator} before": figure for indicator, figure in earlier.items()
            }
            if realised is not None:
                evidence["realised"] = PublishedFigure(100 * realised)
            intake = current.get("digital-intake")
            subject = _Subject(unit, system, case_type, "exploitation", "", week)
            yield _state_row(subject, outcome, intake, evidence)

    def _gates(self, week: date) -> Iterator[StateRow]:
        for unit, system, case_type in self._places(*_TRAINED):
            if case_type != "*":
                continue
            anchored = _shown(
                {
                    tier: self._latest(indicator, unit, system, week)
                    for indicator, tier in _TRAINED.items()
                }
            )
            if anchored:
                for tier, gate in gates(anchored).items():
                    subject = _Subject(unit, system, "*", "cascade", tier, week)
                    yield _state_row(subject, gate, anchored.get(tier), anchored)

    def _gaps(self, week: date) -> Iterator[StateRow]:
        parts = sorted({key[4] for key in self._figures if key[0] in _PULSE})
        for unit, system, case_type in self._places(*_PULSE):
            if case_type != "*":
                continue
            managers, staff = (
                _shown({part: self._pulse(indicator, unit, system, week, part) for part in parts})
                for indicator in _PULSE
            )
            for element, gap in level_gap(managers, staff).items():
                evidence = {"managers": managers[element], "staff": staff[element]}
                subject = _Subject(unit, system, "*", "level-gap", element, week)
                yield _state_row(subject, _direction(gap), gap, evidence)

    def _pulse(
        self, indicator: str, unit: str, system: str, week: date, part: str
    ) -> PublishedFigure | None:
        """The last survey's figure; surveys come every eighth week."""
        figures = self._figures.get((indicator, unit, system, "*", part), {})
        last_day = max(
            (period for period in figures if week - 2 * _STALE < period <= week), default=None
        )
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
                figures={
                    "units trained": float(association.trained),
                    "not yet": float(association.others),
                },
            )

    def _courses(self, indicator: str, system: str, week: date) -> dict[str, dict[date, float]]:
        """An indicator of each unit up to a week; without the organisation, which is no unit beside others."""
        courses = {}
        for (
            figure_indicator,
            unit,
            figure_system,
            case_type,
            _part,
        ), figures in self._figures.items():
            if (figure_indicator, figure_system, case_type) == (
                indicator,
                system,
                "*",
            ) and unit != self.root:
                courses[unit] = {
                    period: figure.value for period, figure in figures.items() if period <= week
                }
        return courses

    def _decisions(self, week: date) -> Iterator[StateRow]:
        day = week + timedelta(days=6)
        standing = []
        for decision in self.registry.decisions:
            own_units = [unit for unit in decision.units if self.root in self._around(unit, week)]
            # a unit with an agreement not to use the system has nothing to carry out
            concerned = [
                unit
                for unit in own_units
                if self.registry.deviation(decision.system, unit, day) is None
            ]
            followed = follow_through(decision, self._acts, concerned, day)
            if followed is None:
                continue
            standing.append(followed)
            decision_state = "open" if followed.weeks is not None else "over"
            for indicator, share in (
                ("decided-in-time", followed.executed),
                ("received", followed.received),
            ):
                if share is not None:
                    yield StateRow(
                        unit=self.root,
                        system=decision.system,
                        case_type="*",
                        what=indicator,
                        part=decision.id,
                        week=week,
                        state=decision_state,
                        value=round(share),
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


class _Subject(NamedTuple):
    """What a state is of."""

    unit: str
    system: str
    case_type: str
    what: str
    part: str
    week: date


def _state_row(
    subject: _Subject,
    state: State | Exploitation | str,
    figure: PublishedFigure | Difference | None,
    evidence: Mapping[str, PublishedFigure],
) -> StateRow:
    """A state with the figure that it is told by and those that it rests on, as coarsely as pages say them."""
    figures = {
        figure_name: round(published_figure.value, 1)
        for figure_name, published_figure in evidence.items()
    }
    if figure is None:
        return StateRow(*subject, str(state), figures=figures)
    low, high = (None if bound is None else round(bound, 1) for bound in (figure.low, figure.high))
    return StateRow(*subject, str(state), round(figure.value, 1), low, high, figures)


def _shown(figures: Mapping[str, PublishedFigure | None]) -> dict[str, PublishedFigure]:
    """Those that are shown."""
    return {figure_name: figure for figure_name, figure in figures.items() if figure is not None}


def _direction(gap: Difference) -> str:
    """Who answers higher, where the interval leaves out none."""
    if gap.low > 0:
        return "managers_higher"
    return "staff_higher" if gap.high < 0 else "unclear"
