"""Limits follow from the budget of false alarms: where nothing is wrong, about as many come as it says."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from nytta.indicators.detection import Parameters
from nytta.indicators.detection.relapse import counts_all, no_rarer_than_chance
from nytta.statistics import Onset
from tests.bench.detection import Ours, panels, score
from tests.bench.worlds import Settings, make

#: Ten times what an organisation would ask for, so that a small world holds enough of them to count.
LARGE = Parameters(false_per_unit_year=0.5)


@pytest.mark.parametrize("indicators", [1, 3])
def test_a_world_without_faults_spends_the_budget(indicators: int) -> None:
    world = make(31, Settings(units=150, weeks=120, indicators=indicators, habit=(0.0,), faulty=0.0))
    false = score(world, Ours(parameters=LARGE)(world)).false
    assert 0.5 / 1.5 <= false <= 0.5 * 1.5


def test_limits_rise_with_a_smaller_budget_and_with_more_to_look_at() -> None:
    looks, unspent = np.array([44.0, 88.0, 176.0]), np.zeros(3)
    usual = Parameters().relapse_limit(looks, unspent)
    assert (np.diff(usual) > 0).all()
    assert (replace(Parameters(), false_per_unit_year=0.01).relapse_limit(looks, unspent) > usual).all()
    assert (Parameters().relapse_limit(looks, np.full(3, 0.005)) > usual).all()


def test_levels_are_asked_for_the_same_likelihood_ratio() -> None:
    """At the reach the densities of a unit that lags and of one that does not are in the same ratio, however sure."""
    matter, one = np.array([[2.5], [3.0], [4.0]]), np.ones((3, 1))
    reach = Parameters().level_reach(matter, one)
    ratio = stats.norm.logpdf(reach - matter) - stats.norm.logpdf(reach)
    assert ratio == pytest.approx(Parameters().level_odds)
    assert (Parameters().level_reach(matter, 3 * one) > reach).all()
    assert (replace(Parameters(), false_per_unit_year=0.01).level_reach(matter, one) > reach).all()


def test_shares_near_1_and_seasons_do_not_break_the_budget() -> None:
    # So many units that the bound lies two standard deviations above the budget's number of false signals.
    full = make(32, Settings(units=400, weeks=120, indicators=1, habit=(0.0,), faulty=0.0, ceilings=((60.0, 3.0),)))
    assert score(full, Ours()(full)).false <= 0.075
    seasons = make(33, Settings(units=150, weeks=120, indicators=1, habit=(0.0,), faulty=0.0, seasonal=0.5))
    assert score(seasons, Ours()(seasons)).false <= 0.075


def test_few_who_do_not_use_a_system_are_judged_by_their_exact_chance() -> None:
    """One in a hundred, then four of twenty-five: by the negative binomial 0.0006, 3.2 standard deviations."""
    numbers = np.array([[[0.0, 4.0, 8.0]], [[0.0, 400.0, 425.0]]])
    found = no_rarer_than_chance(
        np.array([[np.nan, 6.0]]), numbers, np.ones((1, 2)), np.array([[0, 0]]), Onset("step", 1)
    )
    chance = stats.nbinom.sf(3, 4.5, 400 / 425)
    assert found[0, 1] == pytest.approx(stats.norm.isf(chance))


def test_whole_head_counts_are_known_by_standing_still() -> None:
    (panel,) = panels(make(3, Settings(units=20, weeks=30, indicators=1, faulty=0.0, outage_week=None)), presence=False)
    assert not counts_all(panel)[4:].any()
    heads = replace(panel, denominator=np.full(panel.shape, 30.0))
    assert counts_all(heads).all()


def test_faults_of_peers_do_not_hide_falls_of_others() -> None:
    """The same persons with and without units that fall: chance is judged alike, so as much of the budget is spent."""
    large = replace(LARGE, false_per_unit_year=0.25)
    settings = Settings(units=300, weeks=130, indicators=1, habit=(0.0,), faulty=0.0)
    faulty = replace(settings, faulty=0.2)
    calm_false, faulty_false = (
        score(world, Ours(parameters=large)(world)).false for world in (make(34, settings), make(34, faulty))
    )
    assert faulty_false >= 0.75 * calm_false
