"""The detectors joined: gates, common cause, level, relapse and plan, week by week over all indicators."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, repeat
from typing import Any

import numpy as np

from nytta.statistics import LONGEST_CLIMB, rise, wilson

from .common import Common, common_cause
from .distance import distance
from .forecast import Forecast, forecast
from .gates import Gated, Reason, gate, without
from .level import Level, LevelNoise, level
from .panel import Array, Flags, Panel, Whole, later, unit_places
from .parameters import Parameters
from .relapse import Relapse, relapse
from .results import Kind, NotAssessed, Result, Signal


@dataclass(frozen=True, slots=True)
class Course:
    """Everything the detectors found in one panel, before signals are opened.

    `apart` is each unit's distance to like units in the weeks that count, `reference` the column from which on a week's
    level before a fall is taken: both (units, weeks), NaN where a week does not count.
    """

    panel: Panel
    gated: Gated
    common: Common
    relapse: Relapse
    level: Level
    forecast: Forecast
    apart: Array
    reference: Array


def courses_of(panels: Sequence[Panel], parameters: Parameters) -> list[Course]:
    """Run gates and detectors over panels on one calendar."""
    raw_gates = [gate(panel, parameters) for panel in panels]
    commons = [
        common_cause(panel, raw, parameters) for panel, raw in zip(panels, raw_gates, strict=True)
    ]
    # Before the detectors: a week in which all fell together must enter no unit's level and no noise.
    gates = [
        without(raw, common.weeks, Reason.COMMON_CAUSE, parameters)
        for raw, common in zip(raw_gates, commons, strict=True)
    ]
    distances = [
        distance(panel, gated, parameters) for panel, gated in zip(panels, gates, strict=True)
    ]
    noises = [LevelNoise(part.phi, part.tau2, part.wandering) for part in distances]
    levels = level(panels, gates, noises, _sharing(panels), parameters)
    relapses = (
        relapse(panels, distances, [part.spent for part in levels], parameters) if panels else []
    )
    parts = zip(panels, gates, commons, distances, relapses, levels, strict=True)
    courses: list[Course] = []
    for panel, gated, common, panel_distance, panel_relapse, panel_level in parts:
        panel_forecast = forecast(panel, gated, panel_distance, parameters)
        places = np.minimum(panel_distance.start, np.arange(panel_distance.start.shape[1]))
        references = np.take_along_axis(panel_distance.column, places, axis=1).astype(float)
        apart, reference = (
            panel_distance.by_week(panel_distance.value),
            panel_distance.by_week(references),
        )
        courses.append(
            Course(
                panel, gated, common, panel_relapse, panel_level, panel_forecast, apart, reference
            )
        )
    return courses


def _sharing(panels: Sequence[Panel]) -> list[Array]:
    """In each panel, how many series of each unit are live by then and share its budget: (units, weeks)."""
    places, units = unit_places(panels)
    weeks = len(panels[0].weeks) if panels else 0
    columns = np.arange(weeks)
    series_count = np.zeros((units, weeks))
    for panel, place in zip(panels, places, strict=True):
        is_live = panel.live[:, None] <= columns
        # The largest and not the sum: two rows of a unit in one panel are one series.
        live_series = np.zeros((units, weeks))
        np.maximum.at(live_series, place, is_live.astype(float))
        series_count += live_series
    return [series_count[place] for place in places]


@dataclass(slots=True)
class _Open:
    """Signals of one kind in one panel while the weeks go by.

    `since` is the column in which a unit's signal opened, -1 without one; `calm` how many evaluations in a row were
    calm; until `held_until` (a column) nothing opens again.
    """

    kind: Kind
    since: Whole
    calm: Whole
    evaluated: Flags
    held_until: Whole
    evidence: dict[int, dict[str, Any]] = field(default_factory=dict)

    @staticmethod
    def none(kind: Kind, units: int, evaluated: Flags) -> _Open:
        """Nothing open yet; `evaluated` is where the detector comes to a judgement."""
        return _Open(
            kind,
            since=np.full(units, -1),
            calm=np.zeros(units, np.int64),
            evaluated=evaluated,
            held_until=np.full(units, -1),
        )


@dataclass(frozen=True, slots=True)
class _Opened:
    """A signal that opened in the week that is looked at; the larger its urgency, the more it matters."""

    urgency: float
    unit: str
    evidence: dict[str, Any]
    indicator: str


_Book = tuple[Course, list[_Open]]
"""A panel's course with its open signals, one element for each of `_UNIT_KINDS`."""

_UNIT_KINDS: tuple[Kind, ...] = ("level", "relapse", "behind_plan")
"""Kinds of a unit's signals, in the order in which a book holds them."""

_ORDER: dict[str, int] = {"common_cause": 0, "level": 1, "relapse": 2, "behind_plan": 3}
"""Of signals that open in one week: what hit all stands before what hit one."""


def assess(panels: Sequence[Panel], parameters: Parameters | None = None) -> Result:
    """Judge all panels. They share one calendar; a unit has the same code in each.

    The signals of week t rest on weeks up to t: adding later weeks changes neither their opening nor
    their evidence (a signal still open may of course close).
    """
    parameters = parameters or Parameters()
    courses = courses_of(panels, parameters)
    signals = [*_common_signals(courses), *_unit_signals(courses, parameters)] if courses else []
    signals.sort(
        key=lambda signal: (
            signal.opened,
            signal.system,
            signal.indicator,
            _ORDER[signal.kind],
            signal.unit,
        )
    )
    missing = chain.from_iterable(
        _not_assessed(course, parameters.minimum_peers) for course in courses
    )
    return Result(tuple(signals), tuple(missing), parameters)


def _common_signals(courses: Sequence[Course]) -> Iterator[Signal]:
    """One signal for each stretch of common weeks, whichever series fall with it: one cause, one alert."""
    is_common = np.array([course.common.weeks for course in courses])
    is_observed = np.array([course.gated.usable.any(0) for course in courses])
    start: int | None = None
    fallen: list[Course] = []
    for week in range(is_common.shape[1]):
        any_common = is_common[:, week].any()
        if start is None and any_common:
            start = week
            fallen = [
                course for course, flag in zip(courses, is_common[:, week], strict=True) if flag
            ]
        # A week without observations ends nothing: what lacks cannot show that the cause is gone.
        elif start is not None and not any_common and is_observed[:, week].any():
            yield _common(fallen, start, courses[0].panel.weeks[week])
            start = None
    if start is not None:
        yield _common(fallen, start, None)


def _common(fallen: Sequence[Course], start: int, closed: str | None) -> Signal:
    systems = sorted({course.panel.system for course in fallen})
    indicators = sorted({course.panel.indicator for course in fallen})
    evidence = {
        "cause": "level",
        "series": [[course.panel.system, course.panel.indicator] for course in fallen],
        "mean_change": [_number(course.common.change[start]) for course in fallen],
        "share_of_units": [_number(course.common.share[start]) for course in fallen],
        "to": "operations",
    }
    system = systems[0] if len(systems) == 1 else "*"
    indicator = indicators[0] if len(indicators) == 1 else "*"
    return Signal(
        "*", system, indicator, "common_cause", fallen[0].panel.weeks[start], closed, evidence
    )


def _unit_signals(courses: list[Course], parameters: Parameters) -> list[Signal]:
    """Open and close signals week by week over all panels at once."""
    books: list[_Book] = [(course, _nothing_open(course)) for course in courses]
    signals: list[Signal] = []
    # The column in which each unit was last notified of.
    newest: dict[str, int] = {}
    weeks = len(courses[0].panel.weeks) if courses else 0
    for week in range(weeks):
        # Closing comes first, so that what closes this week no longer stands in the way of what opens.
        for course, opens in books:
            for book in opens:
                signals += _close(course, book, week, parameters)
        fresh_by_panel = _fresh(books, week)
        for (course, opens), fresh in zip(books, fresh_by_panel, strict=True):
            signals += _hold_back(course, opens, fresh, week, parameters)
        opened: list[_Opened] = []
        for (course, opens), fresh in zip(books, fresh_by_panel, strict=True):
            for book, fresh_units in zip(opens, fresh, strict=True):
                opened += _open(course, book, fresh_units, week, parameters)
        _cap(opened, newest, week, parameters)
    for course, opens in books:
        for book in opens:
            still_open = np.flatnonzero(book.since >= 0)
            signals += [_signal(course, book, int(unit), None, parameters) for unit in still_open]
    return signals


def _nothing_open(course: Course) -> list[_Open]:
    units = len(course.panel.units)
    return [_Open.none(kind, units, _evaluated(course, kind)) for kind in _UNIT_KINDS]


def _open(
    course: Course, book: _Open, fresh_units: Flags, week: int, parameters: Parameters
) -> Iterator[_Opened]:
    """Open a signal of each of these units, with its evidence."""
    for unit in np.flatnonzero(fresh_units).tolist():
        evidence = _evidence(course, book.kind, unit, week, parameters)
        urgency = _urgency(course, book.kind, unit, week)
        evidence["urgency"] = _number(urgency)
        book.since[unit] = week
        book.calm[unit] = 0
        book.evidence[unit] = evidence
        yield _Opened(urgency, course.panel.units[unit], evidence, course.panel.indicator)


def _source(course: Course, kind: Kind) -> Level | Relapse | Forecast:
    if kind == "level":
        return course.level
    return course.relapse if kind == "relapse" else course.forecast


def _evaluated(course: Course, kind: Kind) -> Flags:
    """Where a detector came to a judgement, for good or bad."""
    source = _source(course, kind)
    judgement = source.score if isinstance(source, Relapse) else source.probability
    return np.asarray(np.isfinite(judgement))


def _close(course: Course, book: _Open, week: int, parameters: Parameters) -> Iterator[Signal]:
    """Close what has been calm for three evaluations in a row, and what a reset has made meaningless."""
    is_calm = _source(course, book.kind).calm[:, week]
    calm_count = np.where(is_calm, book.calm + 1, 0)
    book.calm = np.where(book.evaluated[:, week], calm_count, book.calm)
    is_over = (book.calm >= parameters.close_weeks) | course.gated.reset[:, week]
    for unit in np.flatnonzero((book.since >= 0) & is_over):
        yield _signal(course, book, int(unit), course.panel.weeks[week], parameters)
        book.since[unit] = -1
        # The weeks of a fall that is over still stand in longer onsets: what closed is no news for a while.
        book.held_until[unit] = week + parameters.cap_weeks


def _signal(
    course: Course, book: _Open, unit: int, closed: str | None, parameters: Parameters
) -> Signal:
    panel = course.panel
    start = int(book.since[unit])
    evidence = book.evidence.pop(unit)
    latest: dict[str, Any] = {}
    if closed is None:
        last_judged = int(np.flatnonzero(book.evaluated[unit])[-1])
        latest = _evidence(course, book.kind, unit, last_judged, parameters)
    opened = panel.weeks[start]
    return Signal(
        panel.units[unit],
        panel.system,
        panel.indicator,
        book.kind,
        opened,
        closed,
        evidence,
        latest,
    )


def _fresh(books: list[_Book], week: int) -> list[list[Flags]]:
    """Units that newly meet a rule of a kind that may speak. A fall's level is no news beside the fall itself."""
    fresh_by_panel: list[list[Flags]] = []
    for course, opens in books:
        _, relapses, _ = opens
        has_fallen = relapses.since >= 0
        fresh_by_kind: list[Flags] = []
        for book in opens:
            may_open = (book.since < 0) & (book.held_until < week)
            fresh = _source(course, book.kind).met[:, week] & may_open
            if book.kind == "level":
                fresh &= ~has_fallen
            fresh_by_kind.append(
                fresh if book.kind in course.panel.kinds else np.zeros(len(fresh), bool)
            )
        fresh_by_panel.append(fresh_by_kind)
    return fresh_by_panel


def _hold_back(
    course: Course,
    opens: list[_Open],
    fresh: list[Flags],
    week: int,
    parameters: Parameters,
) -> Iterator[Signal]:
    """Many at once in one system are one cause, not many: hold the units back, say it once."""
    level_fresh, relapse_fresh, plan_fresh = fresh
    has_level = np.isfinite(course.level.probability[:, week])
    has_relapse = np.isfinite(course.relapse.score[:, week])
    judged = int((has_level | has_relapse).sum())
    low_units = level_fresh | relapse_fresh
    low_count = int(low_units.sum())
    if _are_many(low_count, judged, parameters):
        for book, fresh_units in zip(opens[:2], (level_fresh, relapse_fresh), strict=True):
            book.held_until[low_units] = week + parameters.common_weeks
            fresh_units[:] = False
        yield _counted(
            course,
            week,
            {"cause": "count", "units": low_count, "judged": judged, "to": "operations"},
        )
    planned = int(np.isfinite(course.forecast.probability[:, week]).sum())
    behind = int(plan_fresh.sum())
    if _are_many(behind, planned, parameters):
        # Below plan is no fault of a source: the units keep their signals, the programme lead hears of all.
        yield _counted(
            course,
            week,
            {"cause": "plan", "units": behind, "judged": planned, "to": "programme_lead"},
        )


def _are_many(fresh_count: int, judged: int, parameters: Parameters) -> bool:
    # Both bounds: a third of few units is not many, and neither are five of many units.
    return (
        fresh_count >= parameters.common_count
        and fresh_count > parameters.common_system_share * judged
    )


def _counted(course: Course, week: int, evidence: dict[str, Any]) -> Signal:
    """A common cause that shows in how many units signal in a week; it opens and closes in it."""
    panel = course.panel
    return Signal(
        "*",
        panel.system,
        panel.indicator,
        "common_cause",
        panel.weeks[week],
        panel.weeks[week],
        evidence,
    )


def _urgency(course: Course, kind: Kind, unit: int, week: int) -> float:
    """The larger, the more it matters: distance below the peers, fall, or doubt about the plan, in shares."""
    if kind == "level":
        return float(course.level.median[unit, week] - course.level.share[unit, week])
    if kind == "relapse":
        return float(course.relapse.drop[unit, week])
    # A probability is no share: 0.3 lets the surest miss of a plan weigh as much as a fall by 30 points.
    return 0.3 * float(1 - course.forecast.probability[unit, week])


def _cap(opened: list[_Opened], newest: dict[str, int], week: int, parameters: Parameters) -> None:
    """One unit is told at most one thing in four weeks: the worst, with the others named inside it."""
    opened.sort(key=lambda signal: (-signal.urgency, signal.indicator))
    worst: dict[str, dict[str, Any]] = {}
    for signal in opened:
        if signal.unit in worst:
            signal.evidence["notify"] = False
            worst_evidence = worst[signal.unit]
            worst_evidence["also"] = sorted({*worst_evidence.get("also", []), signal.indicator})
            continue
        worst[signal.unit] = signal.evidence
        last_notified = newest.get(signal.unit)
        may_notify = last_notified is None or week - last_notified >= parameters.cap_weeks
        signal.evidence["notify"] = may_notify
        if may_notify:
            newest[signal.unit] = week


def _evidence(
    course: Course, kind: Kind, unit: int, week: int, parameters: Parameters
) -> dict[str, Any]:
    """What was known in the week of opening."""
    evidence = {
        **_share_evidence(course, unit, week, parameters),
        "persistent_from": later(course.panel.weeks[week], parameters.persistent_weeks),
        "since": course.panel.weeks[_since(course, kind, unit, week, parameters.level_margin)],
        **_peer_evidence(course.level, unit, week, parameters),
    }
    if kind == "level":
        evidence["probability"] = _number(course.level.probability[unit, week])
        evidence["margin"] = parameters.level_margin
    elif kind == "relapse":
        evidence |= _relapse_evidence(course.relapse, unit, week)
    else:
        evidence |= _plan_evidence(course, unit, week)
    return evidence


def _share_evidence(course: Course, unit: int, week: int, parameters: Parameters) -> dict[str, Any]:
    """The share of the last usable weeks, and Wilson's interval of it."""
    gated, weeks = course.gated, course.panel.weeks
    # The row of the unit alone: this is asked for every signal.
    usable = np.flatnonzero(gated.n[unit, : week + 1] > 0)[-parameters.level_weeks :]
    denominator = float(gated.n[unit, usable].sum())
    count = float(gated.count[unit, usable].sum())
    share = count / denominator
    # Weeks of the same people are worth less than their number; without an estimate, as much as one week is.
    effective = course.level.effective[unit, week]
    worth = effective if np.isfinite(effective) else denominator / max(len(usable), 1)
    limits = wilson(share * worth, worth)
    return {
        "share": _number(share),
        "interval": [_number(float(limit)) for limit in limits],
        "n": int(denominator),
        "weeks": [weeks[usable[0]], weeks[week]],
    }


def _peer_evidence(standing: Level, unit: int, week: int, parameters: Parameters) -> dict[str, Any]:
    """The peers' median, and from five peers on their quartiles; nothing with too few."""
    median, peers = standing.median[unit, week], standing.peers[unit, week]
    if not np.isfinite(median) or peers < parameters.minimum_peers:
        return {}
    evidence: dict[str, Any] = {"peer_median": _number(median), "peers": int(peers)}
    if peers >= 5:
        evidence["peer_band"] = [
            _number(standing.low[unit, week]),
            _number(standing.high[unit, week]),
        ]
    return evidence


def _relapse_evidence(fallen: Relapse, unit: int, week: int) -> dict[str, Any]:
    return {
        "before": _number(fallen.before[unit, week]),
        "drop": _number(fallen.drop[unit, week]),
        "score": _number(fallen.score[unit, week]),
        # As the score: a fall is negative.
        "limit": _number(-fallen.limit[unit, week]),
        "compared_with": "own" if fallen.own[unit, week] else "peers",
    }


def _plan_evidence(course: Course, unit: int, week: int) -> dict[str, Any]:
    panel, plan = course.panel, course.forecast
    # A forecast is made where both are declared, and nowhere else.
    assert panel.target is not None
    assert panel.due is not None
    return {
        "probability": _number(plan.probability[unit, week]),
        "target": _number(panel.target[unit, week]),
        "weeks_left": int(panel.due[unit, week] - week),
        "expected": _number(plan.expected[unit, week]),
        "expected_interval": [_number(plan.low[unit, week]), _number(plan.high[unit, week])],
        "status": "off_track",
    }


def _since(course: Course, kind: Kind, unit: int, week: int, margin: float) -> int:
    """The column in which what is found in the week `week` began.

    A fall began where the line bends that fits the weeks best, for the onset that gives most evidence lies on the way
    down; a low level with going live, or after the last week in which the unit stood within
    `margin` of where like units stand now: that all were low while all climbed is no taking off.
    """
    if kind == "relapse":
        return _bend(course, unit, week)
    if kind == "behind_plan":
        return week
    live_column = max(int(course.panel.live[unit]), 0)
    edge = course.level.median[unit, week] - margin
    with np.errstate(invalid="ignore"):
        is_level = course.level.share[unit, live_column:week] >= edge
    level_weeks = np.flatnonzero(is_level)
    return live_column + int(level_weeks[-1]) + 1 if len(level_weeks) else live_column


def _bend(course: Course, unit: int, week: int) -> int:
    """The column in which a fall that is found in the week `week` began, looked for around its onset."""
    onset = int(course.relapse.onset[unit, week])
    first = max(int(np.nan_to_num(course.reference[unit, week])), onset - _BEFORE_ONSET, 0)
    values = course.apart[unit, first : week + 1]
    columns = first + np.flatnonzero(np.isfinite(values))
    return int(columns[rise(-values[columns - first])]) if len(columns) >= _FEWEST else onset


_BEFORE_ONSET, _FEWEST = 2 * LONGEST_CLIMB, 8
"""So many weeks before an onset a bend is looked for, and with fewer weeks than this none is."""


def _number(value: float) -> float:
    return round(float(value), 4)


def _not_assessed(course: Course, fewest: int) -> Iterator[NotAssessed]:
    """Every week, from a unit's go-live on, that no detector judged, or that lacked peers for the level.

    `fewest`: with fewer others than this in its group, a unit lacks peers.
    """
    panel = course.panel
    judged = np.isfinite(course.level.probability) | np.isfinite(course.relapse.score)
    judged |= np.isfinite(course.forecast.probability)
    reason = course.gated.reason.copy()
    has_no_reason = reason == ""
    column = np.arange(len(panel.weeks))[None, :]
    is_live = (column >= panel.live[:, None]) & (column < panel.until[:, None])
    groups = int(panel.group.max(initial=-1)) + 1
    live_in_group = np.zeros((groups, len(panel.weeks)))
    np.add.at(live_in_group, panel.group, is_live)
    is_alone = live_in_group[panel.group] - is_live < fewest
    lacks_peers = course.level.lacking | (is_alone & ~judged)
    # Later ones stand over earlier ones: a unit without peers will not warm up, and before its go-live nothing lacks.
    reason[has_no_reason & ~judged] = Reason.WARMING_UP.value
    reason[has_no_reason & lacks_peers] = Reason.TOO_FEW_PEERS.value
    reason[~is_live] = ""
    unit, week = np.nonzero(reason != "")
    units = np.array(panel.units, object)[unit]
    weeks = np.array(panel.weeks, object)[week]
    fields = zip(
        units,
        repeat(panel.system),
        repeat(panel.indicator),
        weeks,
        reason[unit, week],
        strict=False,
    )
    # There may be a million of them: the class's own constructor is a function of Python, and takes twice as long.
    return map(partial(tuple.__new__, NotAssessed), fields)
