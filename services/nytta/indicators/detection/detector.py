"""The detectors joined: gates, common cause, level, relapse and plan, week by week over all indicators."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any

import numpy as np

from nytta.statistics import wilson

from .common import Common, common_cause, without
from .distance import distance
from .forecast import Forecast, forecast
from .gates import Gated, Reason, gate
from .level import Level, level
from .panel import Array, Flags, Panel, later
from .parameters import Parameters
from .relapse import Relapse, relapse
from .results import Kind, NotAssessed, Result, Signal


@dataclass(frozen=True, slots=True)
class Course:
    """Everything the detectors found in one panel, before signals are opened."""

    panel: Panel
    gated: Gated
    common: Common
    relapse: Relapse
    level: Level
    forecast: Forecast


def courses_of(panels: Sequence[Panel], parameters: Parameters) -> list[Course]:
    """Run gates and detectors over panels on one calendar."""
    gates = [gate(panel, parameters) for panel in panels]
    commons = [common_cause(panel, raw, parameters) for panel, raw in zip(panels, gates, strict=True)]
    gated = [without(raw, one, Reason.COMMON_CAUSE.value) for raw, one in zip(gates, commons, strict=True)]
    distances = [distance(panel, panel_gated, parameters) for panel, panel_gated in zip(panels, gated, strict=True)]
    fallen = relapse(panels, distances, parameters) if panels else []
    noises = [(panel_distance.phi, panel_distance.tau2) for panel_distance in distances]
    low = level(panels, gated, noises, _sharing(panels), parameters)
    courses: list[Course] = []
    for panel, panel_gated, common, panel_distance, back, standing in zip(
        panels, gated, commons, distances, fallen, low, strict=True
    ):
        courses.append(
            Course(panel, panel_gated, common, back, standing, forecast(panel, panel_gated, panel_distance, parameters))
        )
    return courses


def _sharing(panels: Sequence[Panel]) -> list[Array]:
    """In each panel, how many series of each unit are live by then and share its budget: (units, weeks)."""
    codes = {
        code: number for number, code in enumerate(dict.fromkeys(code for panel in panels for code in panel.units))
    }
    number = np.zeros((len(codes), len(panels[0].weeks) if panels else 0))
    places = [np.array([codes[code] for code in panel.units], np.int64) for panel in panels]
    for panel, place in zip(panels, places, strict=True):
        live_series = np.zeros(number.shape)
        np.maximum.at(live_series, place, (panel.live[:, None] <= np.arange(number.shape[1])).astype(float))
        number += live_series
    return [number[place] for place in places]


@dataclass(slots=True)
class _Open:
    """Signals of one kind in one panel while the weeks go by."""

    kind: Kind
    since: np.ndarray[tuple[int, ...], np.dtype[np.int64]]
    calm: np.ndarray[tuple[int, ...], np.dtype[np.int64]]
    evaluated: Flags
    held_until: np.ndarray[tuple[int, ...], np.dtype[np.int64]]
    evidence: dict[int, dict[str, Any]] = field(default_factory=dict)

    @staticmethod
    def none(kind: Kind, units: int, evaluated: Flags) -> _Open:
        """Nothing open yet; `evaluated` is where the detector comes to a judgement."""
        return _Open(kind, np.full(units, -1), np.zeros(units, np.int64), evaluated, np.full(units, -1))


def assess(panels: Sequence[Panel], parameters: Parameters | None = None) -> Result:
    """Judge all panels. They share one calendar; a unit has the same code in each.

    The signals of week t rest on weeks up to t: adding later weeks changes neither their opening nor
    their evidence (a signal still open may of course close).
    """
    parameters = parameters or Parameters()
    courses = courses_of(panels, parameters)
    signals = [*_common_signals(courses), *_unit_signals(courses, parameters)] if courses else []
    order: dict[str, int] = {"common_cause": 0, "level": 1, "relapse": 2, "behind_plan": 3}
    signals.sort(key=lambda signal: (signal.opened, signal.system, signal.indicator, order[signal.kind], signal.unit))
    missing = [entry for course in courses for entry in _not_assessed(course, parameters.minimum_peers)]
    return Result(tuple(signals), tuple(missing), parameters)


def _common_signals(courses: Sequence[Course]) -> Iterator[Signal]:
    """One signal for each stretch of common weeks, whichever series fall with it: one cause, one alert."""
    flags = np.array([course.common.weeks for course in courses])
    observed = np.array([course.gated.usable.any(0) for course in courses])
    start: int | None = None
    fallen: list[Course] = []
    for week in range(flags.shape[1]):
        if start is None and flags[:, week].any():
            start = week
            fallen = [course for course, flag in zip(courses, flags[:, week], strict=True) if flag]
        elif start is not None and not flags[:, week].any() and observed[:, week].any():
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
    return Signal("*", system, indicator, "common_cause", fallen[0].panel.weeks[start], closed, evidence)


def _unit_signals(courses: list[Course], parameters: Parameters) -> list[Signal]:
    """Open and close signals week by week over all panels at once."""
    signals: list[Signal] = []
    books: list[tuple[Course, list[_Open]]] = []
    for course in courses:
        units = len(course.panel.units)
        kinds: tuple[Kind, ...] = ("level", "relapse", "behind_plan")
        books.append(
            (
                course,
                [_Open.none(kind, units, _evaluated(course, kind)) for kind in kinds],
            )
        )
    newest: dict[str, int] = {}
    weeks = len(courses[0].panel.weeks) if courses else 0
    for week in range(weeks):
        for course, opens in books:
            for book in opens:
                signals += _close(course, book, week, parameters)
        fresh_by_book = _fresh(books, week)
        for (course, opens), picked in zip(books, fresh_by_book, strict=True):
            signals += _hold_back(course, opens, picked, week, parameters)
        opened: list[tuple[float, str, dict[str, Any], str]] = []
        for (course, opens), picked in zip(books, fresh_by_book, strict=True):
            for book, which in zip(opens, picked, strict=True):
                for unit in np.flatnonzero(which):
                    evidence = _evidence(course, book.kind, int(unit), week, parameters)
                    book.since[unit], book.calm[unit] = week, 0
                    book.evidence[int(unit)] = evidence
                    code, urgency = course.panel.units[unit], _urgency(course, book.kind, int(unit), week)
                    evidence["urgency"] = _number(urgency)
                    opened.append((urgency, code, evidence, course.panel.indicator))
        _cap(opened, newest, week, parameters)
    for course, opens in books:
        for book in opens:
            for unit in np.flatnonzero(book.since >= 0):
                signals.append(_signal(course, book, int(unit), None, parameters))
    return signals


def _source(course: Course, kind: Kind) -> Level | Relapse | Forecast:
    if kind == "level":
        return course.level
    return course.relapse if kind == "relapse" else course.forecast


def _evaluated(course: Course, kind: Kind) -> Flags:
    """Where a detector came to a judgement, for good or bad."""
    source = _source(course, kind)
    return np.asarray(np.isfinite(source.score if isinstance(source, Relapse) else source.probability))


def _close(course: Course, book: _Open, week: int, parameters: Parameters) -> Iterator[Signal]:
    """Close what has been calm for three evaluations in a row, and what a reset has made meaningless."""
    source = _source(course, book.kind)
    book.calm = np.where(book.evaluated[:, week], np.where(source.calm[:, week], book.calm + 1, 0), book.calm)
    closing = (book.since >= 0) & ((book.calm >= parameters.close_weeks) | course.gated.reset[:, week])
    for unit in np.flatnonzero(closing):
        yield _signal(course, book, int(unit), course.panel.weeks[week], parameters)
        book.since[unit] = -1
        # The weeks of a fall that is over still stand in longer onsets: what closed is no news for a while.
        book.held_until[unit] = week + parameters.cap_weeks


def _signal(course: Course, book: _Open, unit: int, closed: str | None, parameters: Parameters) -> Signal:
    panel, start = course.panel, int(book.since[unit])
    evidence, latest = book.evidence.pop(unit), {}
    if closed is None:
        judged = int(np.flatnonzero(book.evaluated[unit])[-1])
        latest = _evidence(course, book.kind, unit, judged, parameters)
    week = panel.weeks[start]
    return Signal(panel.units[unit], panel.system, panel.indicator, book.kind, week, closed, evidence, latest)


def _fresh(books: list[tuple[Course, list[_Open]]], week: int) -> list[list[Flags]]:
    """Units that newly meet a rule of a kind that may speak. A fall's level is no news beside the fall itself."""
    fresh_units: list[list[Flags]] = []
    for course, opens in books:
        fallen = opens[1].since >= 0
        rows: list[Flags] = []
        for book in opens:
            fresh = _source(course, book.kind).met[:, week] & (book.since < 0) & (book.held_until < week)
            if book.kind == "level":
                fresh &= ~fallen
            rows.append(fresh if book.kind in course.panel.kinds else np.zeros(len(fresh), bool))
        fresh_units.append(rows)
    return fresh_units


def _hold_back(
    course: Course, opens: list[_Open], picked: list[Flags], week: int, parameters: Parameters
) -> Iterator[Signal]:
    """Many at once in one system are one cause, not many: hold the units back, say it once."""
    panel = course.panel
    judged = int((np.isfinite(course.level.probability[:, week]) | np.isfinite(course.relapse.score[:, week])).sum())
    fresh = picked[0] | picked[1]
    number = int(fresh.sum())
    if number >= parameters.common_count and number > parameters.common_system_share * judged:
        for book, which in zip(opens[:2], picked[:2], strict=True):
            book.held_until[fresh] = week + parameters.common_weeks
            which[:] = False
        evidence = {"cause": "count", "units": number, "judged": judged, "to": "operations"}
        yield Signal("*", panel.system, panel.indicator, "common_cause", panel.weeks[week], panel.weeks[week], evidence)
    planned = int(np.isfinite(course.forecast.probability[:, week]).sum())
    behind = int(picked[2].sum())
    if behind >= parameters.common_count and behind > parameters.common_system_share * planned:
        # Below plan is no fault of a source: the units keep their signals, the programme lead hears of all.
        evidence = {"cause": "plan", "units": behind, "judged": planned, "to": "programme_lead"}
        yield Signal("*", panel.system, panel.indicator, "common_cause", panel.weeks[week], panel.weeks[week], evidence)


def _urgency(course: Course, kind: Kind, unit: int, week: int) -> float:
    """The larger, the more it matters: distance below the peers, fall, or doubt about the plan, in shares."""
    if kind == "level":
        return float(course.level.median[unit, week] - course.level.share[unit, week])
    if kind == "relapse":
        return float(course.relapse.drop[unit, week])
    return 0.3 * float(1 - course.forecast.probability[unit, week])


def _cap(
    opened: list[tuple[float, str, dict[str, Any], str]], newest: dict[str, int], week: int, parameters: Parameters
) -> None:
    """One unit is told at most one thing in four weeks: the worst, with the others named inside it."""
    opened.sort(key=lambda row: (-row[0], row[3]))
    worst: dict[str, dict[str, Any]] = {}
    for _, unit, evidence, indicator in opened:
        if unit in worst:
            evidence["notify"] = False
            worst[unit]["also"] = sorted({*worst[unit].get("also", []), indicator})
        else:
            evidence["notify"] = week - newest.get(unit, -(10**6)) >= parameters.cap_weeks
            worst[unit] = evidence
            if evidence["notify"]:
                newest[unit] = week


def _evidence(course: Course, kind: Kind, unit: int, week: int, parameters: Parameters) -> dict[str, Any]:
    """What was known in the week of opening."""
    low, fallen, plan = course.level, course.relapse, course.forecast
    usable = np.flatnonzero(course.gated.usable[unit, : week + 1])[-parameters.level_weeks :]
    denominator, count = float(course.gated.n[unit, usable].sum()), float(course.gated.count[unit, usable].sum())
    worth = low.effective[unit, week] if np.isfinite(low.effective[unit, week]) else denominator / max(len(usable), 1)
    share = count / denominator
    edges = wilson(share * worth, worth)
    evidence: dict[str, Any] = {
        "share": _number(share),
        "interval": [_number(float(edge)) for edge in edges],
        "n": int(denominator),
        "weeks": [course.panel.weeks[usable[0]], course.panel.weeks[week]],
        "persistent_from": later(course.panel.weeks[week], parameters.persistent_weeks),
        "since": course.panel.weeks[_since(course, kind, unit, week, parameters.level_margin)],
    }
    if np.isfinite(low.median[unit, week]) and low.peers[unit, week] >= parameters.minimum_peers:
        evidence["peer_median"] = _number(low.median[unit, week])
        evidence["peers"] = int(low.peers[unit, week])
        if low.peers[unit, week] >= 5:
            evidence["peer_band"] = [_number(low.low[unit, week]), _number(low.high[unit, week])]
    if kind == "level":
        evidence["probability"] = _number(low.probability[unit, week])
        evidence["margin"] = parameters.level_margin
    elif kind == "relapse":
        evidence["before"] = _number(fallen.before[unit, week])
        evidence["drop"] = _number(fallen.drop[unit, week])
        evidence["score"] = _number(fallen.score[unit, week])
        evidence["limit"] = _number(-fallen.limit[unit, week])
        evidence["compared_with"] = "own" if fallen.own[unit, week] else "peers"
    else:
        assert course.panel.target is not None
        assert course.panel.due is not None
        evidence["probability"] = _number(plan.probability[unit, week])
        evidence["target"] = _number(course.panel.target[unit, week])
        evidence["weeks_left"] = int(course.panel.due[unit, week] - week)
        evidence["expected"] = _number(plan.expected[unit, week])
        evidence["expected_interval"] = [_number(plan.low[unit, week]), _number(plan.high[unit, week])]
        evidence["status"] = "off_track"
    return evidence


def _since(course: Course, kind: Kind, unit: int, week: int, margin: float) -> int:
    """The column in which what is found in the week `week` began.

    A fall began with its onset; a low level with going live, or after the last week in which the unit stood within
    `margin` of where like units stand now: that all were low while all climbed is no taking off.
    """
    if kind == "relapse":
        return int(course.relapse.onset[unit, week])
    if kind == "behind_plan":
        return week
    live_column = max(int(course.panel.live[unit]), 0)
    with np.errstate(invalid="ignore"):
        level = np.flatnonzero(course.level.share[unit, live_column:week] >= course.level.median[unit, week] - margin)
    return live_column + int(level[-1]) + 1 if len(level) else live_column


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
    free = reason == ""
    column = np.arange(len(panel.weeks))[None, :]
    started = (column >= panel.live[:, None]) & (column < panel.until[:, None])
    in_group = np.zeros((int(panel.group.max(initial=-1)) + 1, len(panel.weeks)))
    np.add.at(in_group, panel.group, started)
    alone = in_group[panel.group] - started < fewest
    reason[free & ~judged] = Reason.WARMING_UP.value
    reason[free & (course.level.lacking | (alone & ~judged))] = Reason.TOO_FEW_PEERS.value
    reason[(column < panel.live[:, None]) | (column >= panel.until[:, None])] = ""
    unit, week = np.nonzero(reason != "")
    units, weeks = np.array(panel.units, object)[unit], np.array(panel.weeks, object)[week]
    yield from map(NotAssessed, units, repeat(panel.system), repeat(panel.indicator), weeks, reason[unit, week])
