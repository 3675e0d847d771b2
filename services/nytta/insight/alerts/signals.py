"""What detection found, as observations of one week."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import date

from nytta.indicators.detection import NotAssessed, Reason, Signal
from nytta.insight.alerts.kinds import Inhibition, Kind
from nytta.insight.alerts.model import Observation, Verdict
from nytta.registry.dates import parse_week

EVERYTHING = "*"
"""Detection's word for all units, or all systems."""

_HELD_BACK = {
    Reason.ACCESS.value: Inhibition.ACCESS,
    Reason.COMMON_CAUSE.value: Inhibition.COMMON_CAUSE,
    Reason.UNIT_CHANGED.value: Inhibition.REORGANISATION,
    Reason.STALE_SOURCE.value: Inhibition.STALE_SOURCE,
}

_JUDGED = frozenset({Reason.TOO_FEW_PEERS.value})
"""Reasons that only one of the detectors had."""


def observations(
    signals: Iterable[Signal], not_assessed: Iterable[NotAssessed], week: date, root: str
) -> list[Observation]:
    """What signals say about the week that begins on `week`, and what of it is held back.

    A signal that closed before is said again as over, so that a missed run does no harm. Common causes are about the
    unit `root`.
    """
    latest: dict[tuple[str, str, str, str], Signal] = {}
    common: list[Observation] = []
    held_systems: set[str] = set()
    for signal in signals:
        if parse_week(signal.opened) > week:
            continue
        if signal.unit == EVERYTHING:
            common.append(_common(signal, week, root))
            if common[-1].verdict is Verdict.MET and common[-1].kind is Kind.COMMON_CAUSE:
                held_systems.add(signal.system)
        else:
            latest[signal.unit, signal.system, signal.indicator, signal.kind] = signal
    unassessed = {
        (entry.unit, entry.system, entry.indicator): entry.reason
        for entry in not_assessed
        if _week(entry.week) == week
    }
    week_observations = []
    for signal in latest.values():
        observation = _about_unit(
            signal, week, unassessed.pop((signal.unit, signal.system, signal.indicator), "")
        )
        if signal.system in held_systems or EVERYTHING in held_systems:
            observation = replace(observation, inhibition=Inhibition.COMMON_CAUSE)
        week_observations.append(observation)
    for (unit, system, indicator), reason in unassessed.items():
        inhibition = _HELD_BACK.get(reason)
        if inhibition not in (None, Inhibition.COMMON_CAUSE):
            week_observations.append(
                Observation(unit, system, Kind.LEVEL, week, Verdict.UNUSABLE, indicator, inhibition)
            )
    return week_observations + common


def held_back(
    observations: Iterable[Observation],
    *,
    outages: Collection[str] = (),
    stale_systems: Collection[str] = (),
    deviations: Collection[tuple[str, str]] = (),
) -> list[Observation]:
    """The observations with what is known beside detection.

    `outages` and `stale_systems` are systems that were down or whose source is stale; `deviations` are pairs of a unit
    and a system that it agreed not to use. An agreement comes before every fault.
    """
    checked = []
    for observation in observations:
        inhibition = observation.inhibition
        if (observation.unit, observation.system) in deviations:
            inhibition = Inhibition.DEVIATION
        elif observation.system in outages:
            inhibition = Inhibition.OUTAGE
        elif observation.system in stale_systems:
            inhibition = Inhibition.STALE_SOURCE
        checked.append(replace(observation, inhibition=inhibition))
    return checked


def _about_unit(signal: Signal, week: date, reason: str) -> Observation:
    over = signal.closed is not None and parse_week(signal.closed) <= week
    verdict = Verdict.OVER if over else Verdict.MET
    if reason and reason not in _JUDGED:
        verdict = Verdict.UNUSABLE
    return Observation(
        signal.unit,
        signal.system,
        Kind(signal.kind),
        week,
        verdict,
        signal.indicator,
        _HELD_BACK.get(reason),
        float(signal.evidence.get("urgency", 0.0)),
        tuple(signal.evidence.get("also", ())),
        parse_week(signal.evidence.get("since", signal.opened)),
    )


def _common(signal: Signal, week: date, root: str) -> Observation:
    to_lead = signal.evidence.get("to") == "programme_lead"
    # A cause that detection opened and closed in one week held in that week.
    over = (
        signal.closed is not None
        and parse_week(signal.closed) <= week
        and parse_week(signal.opened) != week
    )
    kind = Kind.MANY_BEHIND_PLAN if to_lead else Kind.COMMON_CAUSE
    verdict = Verdict.OVER if over else Verdict.MET
    return Observation(
        root, signal.system, kind, week, verdict, signal.indicator, since=parse_week(signal.opened)
    )


def _week(text: str) -> date | None:
    try:
        return parse_week(text)
    except ValueError:
        return None
