"""What followed an action crosses the gate once: whole points, from weeks with ten and more behind them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from nytta.disclosure.store.series import Series, read_series
from nytta.indicators.definition import Definition, Detection
from nytta.indicators.detection.action import AFTER, Followed, followed
from nytta.ingest.store.private import PrivateStore
from nytta.ingest.store.quality import systems_in_use
from nytta.registry.dates import monday, parse_week
from nytta.registry.registry import Registry

HELPED, NOTHING_YET = "helped", "nothing_yet"
"""Words of what can be told; else the word says why nothing can."""

_OLDEST = 52
"""Weeks after which nobody waits for a verdict any more."""

_COLUMNS = (
    *("organisation", "unit", "system", "indicator", "alert", "action", "day"),
    *("word", "points", "low", "high", "others", "told_at"),
)


@dataclass(frozen=True, slots=True)
class Action:
    """What a unit planned to do about an alert, and the day by which it is done."""

    alert: str
    unit: str
    system: str
    indicator: str
    action: str
    day: date


def publish_effects(
    store: PrivateStore,
    registry: Registry,
    definitions: Sequence[Definition],
    root: str,
    actions: Collection[Action],
    closed: date,
    current_time: datetime,
) -> int:
    """Tell what followed the actions of an organisation of which it was not told; how many were told now.

    `closed` is the Monday of the last closed week.
    """
    published_alerts = {
        alert
        for (alert,) in store.connection.rows(
            "SELECT DISTINCT alert FROM {open}.published_effects WHERE organisation = {root:String}",
            root=root,
        )
    }
    # series are read while something can be told: after eight weeks, of units that are judged, and not for ever
    weeks = {action.alert: (closed - monday(action.day)).days // 7 for action in actions}
    judged = {
        definition.id for definition in definitions if isinstance(definition.detect, Detection)
    }
    due_actions = [
        action
        for action in actions
        if action.alert not in published_alerts
        and action.indicator in judged
        and AFTER <= weeks[action.alert] <= _OLDEST
    ]
    if not due_actions:
        return 0
    series = read_series(
        store, registry, definitions, root, closed, systems_in_use(store.connection)
    )
    effect_rows = [
        [
            root,
            action.unit,
            action.system,
            action.indicator,
            action.alert,
            action.action,
            action.day,
            *_verdict(outcome),
            current_time.astimezone(UTC),
        ]
        for action, outcome in _outcomes(due_actions, actions, series)
    ]
    store.connection.insert("{open}.published_effects", list(_COLUMNS), effect_rows)
    return len(effect_rows)


def _outcomes(
    due_actions: Iterable[Action], actions: Collection[Action], series: Sequence[Series]
) -> Iterable[tuple[Action, Followed]]:
    for action in due_actions:
        action_series = next(
            (
                candidate
                for candidate in series
                if (candidate.panel.indicator, candidate.panel.system)
                == (action.indicator, action.system)
            ),
            None,
        )
        if action_series is None or action.unit not in action_series.units:
            continue
        column = (monday(action.day) - parse_week(action_series.panel.weeks[0])).days // 7
        acted = {
            action_series.units.index(other_action.unit)
            for other_action in actions
            if other_action.system == action.system and other_action.unit in action_series.units
        }
        if 0 <= column < len(action_series.panel.weeks):
            outcome = followed(
                action_series.panel, action_series.units.index(action.unit), column, acted
            )
            if outcome is not None:
                yield action, outcome


def _verdict(outcome: Followed) -> tuple[str, int | None, int | None, int | None, int]:
    """Word, points, their interval, and the units compared with."""
    effect = outcome.effect
    if effect is None:
        return str(outcome.why), None, None, None, outcome.others
    points, low, high = (round(100 * value) for value in (effect.estimate, effect.low, effect.high))
    return HELPED if effect.claimed else NOTHING_YET, points, low, high, outcome.others
