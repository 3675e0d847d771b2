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
    p = parameters
    gates = [gate(panel, p) for panel in panels]
    commons = [common_cause(panel, raw, p) for panel, raw in zip(panels, gates, strict=True)]
    gated = [without(raw, one, Reason.COMMON_CAUSE.value) for raw, one in zip(gates, commons, strict=True)]
    distances = [distance(panel, one, p) for panel, one in zip(panels, gated, strict=True)]
    fallen = relapse(panels, distances, p) if panels else []
    noises = [(far.phi, far.tau2) for far in distances]
    low = level(panels, gated, noises, _sharing(panels), p)
    out: list[Course] = []
    for panel, one, common, far, back, standing in zip(panels, gated, commons, distances, fallen, low, strict=True):
        out.append(Course(panel, one, common, back, standing, forecast(panel, one, far, p)))
    return out


def _sharing(panels: Sequence[Panel]) -> list[Array]:
    """In each panel, how many series of each unit are live by then and share its budget: (units, weeks)."""
    codes = {code: k for k, code in enumerate(dict.fromkeys(code for panel in panels for code in panel.units))}
    number = np.zeros((len(codes), len(panels[0].weeks) if panels else 0))
    places = [np.array([codes[code] for code in panel.units], np.int64) for panel in panels]
    for panel, place in zip(panels, places, strict=True):
        live = np.zeros(number.shape)
        np.maximum.at(live, place, (panel.live[:, None] <= np.arange(number.shape[1])).astype(float))
        number += live
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
    p = parameters or Parameters()
    courses = courses_of(panels, p)
    signals = [*_common_signals(courses), *_unit_signals(courses, p)] if courses else []
    order: dict[str, int] = {"common_cause": 0, "level": 1, "relapse": 2, "behind_plan": 3}
    signals.sort(key=lambda s: (s.opened, s.system, s.indicator, order[s.kind], s.unit))
    missing = [entry for found in courses for entry in _not_assessed(found, p.minimum_peers)]
    return Result(tuple(signals), tuple(missing), p)


def _common_signals(courses: Sequence[Course]) -> Iterator[Signal]:
    """One signal for each stretch of common weeks, whichever series fall with it: one cause, one alert."""
    flags = np.array([found.common.weeks for found in courses])
    heard = np.array([found.gated.usable.any(0) for found in courses])
    start: int | None = None
    fallen: list[Course] = []
    for t in range(flags.shape[1]):
        if start is None and flags[:, t].any():
            start = t
            fallen = [found for found, flag in zip(courses, flags[:, t], strict=True) if flag]
        elif start is not None and not flags[:, t].any() and heard[:, t].any():
            yield _common(fallen, start, courses[0].panel.weeks[t])
            start = None
    if start is not None:
        yield _common(fallen, start, None)


def _common(fallen: Sequence[Course], start: int, closed: str | None) -> Signal:
    systems = sorted({found.panel.system for found in fallen})
    indicators = sorted({found.panel.indicator for found in fallen})
    evidence = {
        "cause": "level",
        "series": [[found.panel.system, found.panel.indicator] for found in fallen],
        "mean_change": [_number(found.common.change[start]) for found in fallen],
        "share_of_units": [_number(found.common.share[start]) for found in fallen],
        "to": "operations",
    }
    system = systems[0] if len(systems) == 1 else "*"
    indicator = indicators[0] if len(indicators) == 1 else "*"
    return Signal("*", system, indicator, "common_cause", fallen[0].panel.weeks[start], closed, evidence)


def _unit_signals(courses: list[Course], p: Parameters) -> list[Signal]:
    """Open and close signals week by week over all panels at once."""
    signals: list[Signal] = []
    books: list[tuple[Course, list[_Open]]] = []
    for found in courses:
        units = len(found.panel.units)
        kinds: tuple[Kind, ...] = ("level", "relapse", "behind_plan")
        books.append(
            (
                found,
                [_Open.none(kind, units, _evaluated(found, kind)) for kind in kinds],
            )
        )
    newest: dict[str, int] = {}
    weeks = len(courses[0].panel.weeks) if courses else 0
    for t in range(weeks):
        for found, opens in books:
            for book in opens:
                signals += _close(found, book, t, p)
        chosen = _fresh(books, t)
        for (found, opens), picked in zip(books, chosen, strict=True):
            signals += _hold_back(found, opens, picked, t, p)
        opened: list[tuple[float, str, dict[str, Any], str]] = []
        for (found, opens), picked in zip(books, chosen, strict=True):
            for book, which in zip(opens, picked, strict=True):
                for unit in np.flatnonzero(which):
                    evidence = _evidence(found, book.kind, int(unit), t, p)
                    book.since[unit], book.calm[unit] = t, 0
                    book.evidence[int(unit)] = evidence
                    code, urgency = found.panel.units[unit], _urgency(found, book.kind, int(unit), t)
                    evidence["urgency"] = _number(urgency)
                    opened.append((urgency, code, evidence, found.panel.indicator))
        _cap(opened, newest, t, p)
    for found, opens in books:
        for book in opens:
            for unit in np.flatnonzero(book.since >= 0):
                signals.append(_signal(found, book, int(unit), None, p))
    return signals


def _source(found: Course, kind: Kind) -> Level | Relapse | Forecast:
    if kind == "level":
        return found.level
    return found.relapse if kind == "relapse" else found.forecast


def _evaluated(found: Course, kind: Kind) -> Flags:
    """Where a detector came to a judgement, for good or bad."""
    source = _source(found, kind)
    return np.asarray(np.isfinite(source.score if isinstance(source, Relapse) else source.probability))


def _close(found: Course, book: _Open, t: int, p: Parameters) -> Iterator[Signal]:
    """Close what has been calm for three evaluations in a row, and what a reset has made meaningless."""
    source = _source(found, book.kind)
    book.calm = np.where(book.evaluated[:, t], np.where(source.calm[:, t], book.calm + 1, 0), book.calm)
    over = (book.since >= 0) & ((book.calm >= p.close_weeks) | found.gated.reset[:, t])
    for unit in np.flatnonzero(over):
        yield _signal(found, book, int(unit), found.panel.weeks[t], p)
        book.since[unit] = -1
        # The weeks of a fall that is over still stand in longer onsets: what closed is no news for a while.
        book.held_until[unit] = t + p.cap_weeks


def _signal(found: Course, book: _Open, unit: int, closed: str | None, p: Parameters) -> Signal:
    panel, start = found.panel, int(book.since[unit])
    evidence, latest = book.evidence.pop(unit), {}
    if closed is None:
        judged = int(np.flatnonzero(book.evaluated[unit])[-1])
        latest = _evidence(found, book.kind, unit, judged, p)
    week = panel.weeks[start]
    return Signal(panel.units[unit], panel.system, panel.indicator, book.kind, week, closed, evidence, latest)


def _fresh(books: list[tuple[Course, list[_Open]]], t: int) -> list[list[Flags]]:
    """Units that newly meet a rule of a kind that may speak. A fall's level is no news beside the fall itself."""
    out: list[list[Flags]] = []
    for found, opens in books:
        fallen = opens[1].since >= 0
        rows: list[Flags] = []
        for book in opens:
            fresh = _source(found, book.kind).met[:, t] & (book.since < 0) & (book.held_until < t)
            if book.kind == "level":
                fresh &= ~fallen
            rows.append(fresh if book.kind in found.panel.kinds else np.zeros(len(fresh), bool))
        out.append(rows)
    return out


def _hold_back(found: Course, opens: list[_Open], picked: list[Flags], t: int, p: Parameters) -> Iterator[Signal]:
    """Many at once in one system are one cause, not many: hold the units back, say it once."""
    panel = found.panel
    judged = int((np.isfinite(found.level.probability[:, t]) | np.isfinite(found.relapse.score[:, t])).sum())
    fresh = picked[0] | picked[1]
    number = int(fresh.sum())
    if number >= p.common_count and number > p.common_system_share * judged:
        for book, which in zip(opens[:2], picked[:2], strict=True):
            book.held_until[fresh] = t + p.common_weeks
            which[:] = False
        evidence = {"cause": "count", "units": number, "judged": judged, "to": "operations"}
        yield Signal("*", panel.system, panel.indicator, "common_cause", panel.weeks[t], panel.weeks[t], evidence)
    planned = int(np.isfinite(found.forecast.probability[:, t]).sum())
    behind = int(picked[2].sum())
    if behind >= p.common_count and behind > p.common_system_share * planned:
        # Below plan is no fault of a source: the units keep their signals, the programme lead hears of all.
        evidence = {"cause": "plan", "units": behind, "judged": planned, "to": "programme_lead"}
        yield Signal("*", panel.system, panel.indicator, "common_cause", panel.weeks[t], panel.weeks[t], evidence)


def _urgency(found: Course, kind: Kind, unit: int, t: int) -> float:
    """The larger, the more it matters: distance below the peers, fall, or doubt about the plan, in shares."""
    if kind == "level":
        return float(found.level.median[unit, t] - found.level.share[unit, t])
    if kind == "relapse":
        return float(found.relapse.drop[unit, t])
    return 0.3 * float(1 - found.forecast.probability[unit, t])


def _cap(opened: list[tuple[float, str, dict[str, Any], str]], newest: dict[str, int], t: int, p: Parameters) -> None:
    """One unit is told at most one thing in four weeks: the worst, with the others named inside it."""
    opened.sort(key=lambda row: (-row[0], row[3]))
    first: dict[str, dict[str, Any]] = {}
    for _, unit, evidence, indicator in opened:
        if unit in first:
            evidence["notify"] = False
            first[unit]["also"] = sorted({*first[unit].get("also", []), indicator})
        else:
            evidence["notify"] = t - newest.get(unit, -(10**6)) >= p.cap_weeks
            first[unit] = evidence
            if evidence["notify"]:
                newest[unit] = t


def _evidence(found: Course, kind: Kind, unit: int, t: int, p: Parameters) -> dict[str, Any]:
    """What was known in the week of opening."""
    low, fallen, plan = found.level, found.relapse, found.forecast
    usable = np.flatnonzero(found.gated.usable[unit, : t + 1])[-p.level_weeks :]
    n, count = float(found.gated.n[unit, usable].sum()), float(found.gated.count[unit, usable].sum())
    worth = low.effective[unit, t] if np.isfinite(low.effective[unit, t]) else n / max(len(usable), 1)
    share = count / n
    edges = wilson(share * worth, worth)
    out: dict[str, Any] = {
        "share": _number(share),
        "interval": [_number(float(edge)) for edge in edges],
        "n": int(n),
        "weeks": [found.panel.weeks[usable[0]], found.panel.weeks[t]],
        "persistent_from": later(found.panel.weeks[t], p.persistent_weeks),
        "since": found.panel.weeks[_since(found, kind, unit, t, p.level_margin)],
    }
    if np.isfinite(low.median[unit, t]) and low.peers[unit, t] >= p.minimum_peers:
        out["peer_median"] = _number(low.median[unit, t])
        out["peers"] = int(low.peers[unit, t])
        if low.peers[unit, t] >= 5:
            out["peer_band"] = [_number(low.low[unit, t]), _number(low.high[unit, t])]
    if kind == "level":
        out["probability"] = _number(low.probability[unit, t])
        out["margin"] = p.level_margin
    elif kind == "relapse":
        out["before"] = _number(fallen.before[unit, t])
        out["drop"] = _number(fallen.drop[unit, t])
        out["score"] = _number(fallen.score[unit, t])
        out["limit"] = _number(-fallen.limit[unit, t])
        out["compared_with"] = "own" if fallen.own[unit, t] else "peers"
    else:
        assert found.panel.target is not None
        assert found.panel.due is not None
        out["probability"] = _number(plan.probability[unit, t])
        out["target"] = _number(found.panel.target[unit, t])
        out["weeks_left"] = max(int(found.panel.due[unit, t] - t), 0)
        out["expected"] = _number(plan.expected[unit, t])
        out["expected_interval"] = [_number(plan.low[unit, t]), _number(plan.high[unit, t])]
        out["status"] = "off_track"
    return out


def _since(found: Course, kind: Kind, unit: int, t: int, margin: float) -> int:
    """The column in which what is found in week `t` began.

    A fall began with its onset; a low level with going live, or after the last week in which the unit stood within
    `margin` of where like units stand now: that all were low while all climbed is no taking off.
    """
    if kind == "relapse":
        return int(found.relapse.onset[unit, t])
    if kind == "behind_plan":
        return t
    begin = max(int(found.panel.live[unit]), 0)
    with np.errstate(invalid="ignore"):
        level = np.flatnonzero(found.level.share[unit, begin:t] >= found.level.median[unit, t] - margin)
    return begin + int(level[-1]) + 1 if len(level) else begin


def _number(value: float) -> float:
    return round(float(value), 4)


def _not_assessed(found: Course, fewest: int) -> Iterator[NotAssessed]:
    """Every week, from a unit's go-live on, that no detector judged, or that lacked peers for the level.

    `fewest`: with fewer others than this in its group, a unit lacks peers.
    """
    panel = found.panel
    judged = np.isfinite(found.level.probability) | np.isfinite(found.relapse.score)
    judged |= np.isfinite(found.forecast.probability)
    reason = found.gated.reason.copy()
    free = reason == ""
    column = np.arange(len(panel.weeks))[None, :]
    started = (column >= panel.live[:, None]) & (column < panel.until[:, None])
    in_group = np.zeros((int(panel.group.max(initial=-1)) + 1, len(panel.weeks)))
    np.add.at(in_group, panel.group, started)
    alone = in_group[panel.group] - started < fewest
    reason[free & ~judged] = Reason.WARMING_UP.value
    reason[free & (found.level.lacking | (alone & ~judged))] = Reason.TOO_FEW_PEERS.value
    reason[(column < panel.live[:, None]) | (column >= panel.until[:, None])] = ""
    unit, week = np.nonzero(reason != "")
    units, weeks = np.array(panel.units, object)[unit], np.array(panel.weeks, object)[week]
    yield from map(NotAssessed, units, repeat(panel.system), repeat(panel.indicator), weeks, reason[unit, week])
