"""Limits follow from the budget of false alarms: where nothing is wrong, about as many come as it says."""

from dataclasses import replace

import numpy as np
import pytest

from nytta.indicators.detection import Parameters
from tests.bench.detection import Ours, score
from tests.bench.worlds import Settings, make

#: Ten times what an organisation would ask for, so that a small world holds enough of them to count.
LARGE = Parameters(false_per_unit_year=0.5)


@pytest.mark.parametrize("indicators", [1, 3])
def test_a_world_without_faults_spends_the_budget(indicators: int) -> None:
    world = make(31, Settings(units=150, weeks=120, indicators=indicators, habit=(0.0,), faulty=0.0))
    false = score(world, Ours(parameters=LARGE)(world)).false
    assert 0.5 / 1.5 <= false <= 0.5 * 1.5


def test_limits_rise_with_a_smaller_budget_and_with_more_to_look_at() -> None:
    looks = np.array([44.0, 88.0, 176.0])
    usual = Parameters().relapse_limit(looks)
    assert (np.diff(usual) > 0).all()
    assert (replace(Parameters(), false_per_unit_year=0.01).relapse_limit(looks) > usual).all()
    assert Parameters().level_reach(np.array([3.0])) > Parameters().level_reach(np.array([1.0]))
