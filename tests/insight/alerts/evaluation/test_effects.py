"""What followed an action is told once, against units that did nothing, and stands on the pages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import numpy as np

from nytta.disclosure.store.effects import Action, publish_effects
from nytta.insight.store.effects import published_effects
from tests.insight.alerts.evaluation.conftest import DEFINITIONS, WEEKS, Town, monday_after, week

Make = Callable[..., Town]
DONE = 50


def lagging_until(town: Town, unit: str, done: int | None) -> None:
    """A unit that uses less than others from week 35 on, and as much as they again after week `done`."""
    rng = np.random.default_rng(5)
    town.users[unit][35:] = rng.binomial(40, 0.62, WEEKS - 35)
    if done is not None:
        town.users[unit][done + 1 :] = rng.binomial(40, 0.85, WEEKS - done - 1)


def told(town: Town, closed: int, *actions: Action) -> int:
    return publish_effects(town.store, town.registry, DEFINITIONS, "town", actions, week(closed), monday_after(closed))


def action(unit: str) -> Action:
    return Action(f"{unit}/arken/use/x", unit, "arken", "weekly-breadth", "level-1", week(DONE) + timedelta(days=2))


def test_an_action_that_helped_and_one_that_did_not(make: Make) -> None:
    town = make()
    lagging_until(town, "u03", DONE)
    lagging_until(town, "u05", None)
    town.write()
    acts = (action("u03"), action("u05"))
    assert told(town, DONE + 4, *acts) == 0
    assert told(town, DONE + 15, *acts) == 2
    assert told(town, DONE + 18, *acts) == 0
    rows = {row.unit: row for row in published_effects(town.store.connection, "town")}
    assert rows["u03"].word == "helped"
    assert rows["u03"].points is not None
    assert 12 <= rows["u03"].points <= 34
    assert rows["u05"].word == "nothing_yet"
    assert rows["u03"].others == rows["u05"].others >= 8


def test_too_few_that_did_nothing(make: Make) -> None:
    town = make()
    lagging_until(town, "u03", DONE)
    town.write()
    acts = [action(f"u{n:02d}") for n in range(3, 9)]
    assert told(town, DONE + 15, *acts) == 6
    assert {row.word for row in published_effects(town.store.connection, "town")} == {"too_few_like"}
