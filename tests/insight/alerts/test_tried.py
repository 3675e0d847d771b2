"""What followed actions over many units, and the order of proposals by it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nytta.insight.alerts.tried import FEWEST, in_order_of_effect, tried_actions


def test_a_number_needs_eight_units_whose_effect_can_be_told() -> None:
    effects = [("train", 10)] * (FEWEST - 1) + [("train", None)] * 20
    assert tried_actions(effects) == {}
    (tried,) = tried_actions([*effects, ("train", 2)]).values()
    assert tried.units == 8
    assert tried.points == pytest.approx(9)


def test_what_helped_comes_first_and_what_harmed_last() -> None:
    tried = tried_actions([("helps", 9)] * 8 + [("helps more", 12)] * 8 + [("harms", -4)] * 8 + [("rare", 40)] * 7)
    proposals = {"harms": 1, "rare": 2, "new": 3, "helps": 4, "helps more": 5}
    assert [*in_order_of_effect(proposals, tried)] == ["helps more", "helps", "rare", "new", "harms"]


@given(
    st.dictionaries(st.text(max_size=3), st.integers()), st.lists(st.tuples(st.text(max_size=3), st.integers(-90, 90)))
)
def test_no_proposal_is_lost(proposals: dict[str, int], effects: list[tuple[str, int]]) -> None:
    assert dict(in_order_of_effect(proposals, tried_actions(effects))) == proposals


def test_the_order_is_better_than_chance_where_actions_differ() -> None:
    """Three actions of 0, 5 and 10 points, told with the noise of units of 40, twelve units each: 200 organisations."""
    rng = np.random.default_rng(19)
    right = 0
    for _ in range(200):
        effects = [(str(true), int(point)) for true in (0, 5, 10) for point in rng.normal(true, 10, 12).round()]
        right += [*in_order_of_effect({"0": 0, "5": 5, "10": 10}, tried_actions(effects))] == ["10", "5", "0"]
    assert right > 200 / 6 * 3  # by chance one order in six
