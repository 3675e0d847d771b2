import numpy as np
import pytest

from nytta.statistics import directly_standardised


def test_the_same_rates_in_another_mix_give_the_same_standardised_rate() -> None:
    one, _, _ = directly_standardised([90, 5], [100, 10], [1, 1])
    other, _, _ = directly_standardised([9, 50], [10, 100], [1, 1])
    assert float(one) == pytest.approx(float(other))


def test_with_its_own_mix_a_unit_keeps_its_rate_and_byars_limits() -> None:
    rate, low, high = directly_standardised([40, 60], [4000, 6000], [4000, 6000])
    assert float(rate) == pytest.approx(0.01)
    assert float(low) == pytest.approx(0.0081362, abs=1e-7)
    assert float(high) == pytest.approx(0.0121628, abs=1e-7)


def test_a_stratum_without_people_is_left_out() -> None:
    rate, _, _ = directly_standardised([40, 0], [100, 0], [1, 9])
    assert float(rate) == pytest.approx(0.4)
    empty, _, _ = directly_standardised([0, 0], [0, 0], [1, 1])
    assert np.isnan(empty)
