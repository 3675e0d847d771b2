import numpy as np
import pytest

from nytta.statistics import bass, bass_peak, fit_logistic, logistic


def test_bass_with_the_usual_constants() -> None:
    time, share = bass_peak(0.03, 0.38)
    assert (round(time, 3), round(share, 4)) == (6.193, 0.4605)
    assert [round(float(v), 4) for v in bass([1, 5, 10], 0.03, 0.38)] == [0.0358, 0.3312, 0.8128]


def test_the_fit_finds_the_curve() -> None:
    weeks = np.arange(40)
    found = fit_logistic(weeks, logistic(weeks, 0.8, 14.0, 3.0))
    assert (found.ceiling, found.middle, found.pace) == pytest.approx((0.8, 14.0, 3.0), abs=1e-4)
    assert float(found.at(14)) == pytest.approx(0.4, abs=1e-4)


def test_the_fit_stands_noise_and_gaps() -> None:
    weeks = np.arange(60.0)
    value = logistic(weeks, 0.7, 20.0, 4.0) + np.random.default_rng(2).normal(0, 0.03, 60)
    value[10:14] = np.nan
    found = fit_logistic(weeks, value)
    assert found.ceiling == pytest.approx(0.7, abs=0.03)
    assert found.middle == pytest.approx(20, abs=1.0)


def test_three_values_are_too_few() -> None:
    with pytest.raises(ValueError, match="at least four"):
        fit_logistic([1, 2, 3], [0.1, 0.2, 0.3])
