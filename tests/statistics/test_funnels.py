from collections.abc import Callable
from itertools import accumulate, count
from math import asin, comb, exp, factorial, pi, sqrt

import numpy as np
import pytest

from nytta.statistics import dispersion, expected_beyond, poisson_limits, proportion_limits, proportion_z
from nytta.statistics.funnels import robust_tau2, winsorise

#: Published test figures of PHEindicatormethods, proportion funnel at 80.642448 %: 97.5 % and 99.9 % limits.
PHE = [(1, 3.204264, 100.0), (10, 56.154344, 100.0), (20, 63.326743, 97.958152), (50, 69.691035, 91.593861)]
PHE += [(102, 72.974925, 88.309971), (1008, 78.203374, 83.081521), (110000, 80.408963, 80.875933)]


def test_normal_limits_of_the_public_health_table() -> None:
    n = np.array([row[0] for row in PHE])
    low, high = proportion_limits(n, 0.80642448, method="normal")
    assert low * 100 == pytest.approx([row[1] for row in PHE], abs=2e-6)
    assert high * 100 == pytest.approx([row[2] for row in PHE], abs=2e-6)


def test_ratio_funnel_of_the_public_health_table() -> None:
    low, high = expected_beyond([1, 10, 100, 716])
    assert low == pytest.approx([5.571644585, 18.39035799, 121.6268111, 770.4222128], rel=1e-6)
    # the table was solved by search, to about six digits
    assert high == pytest.approx([0.025317898, 4.795387629, 81.36400699, 664.5083011], rel=1e-5)
    low3, high3 = expected_beyond([1, 10], confidence=0.998)
    assert low3 == pytest.approx([9.233410143, 24.13397235], rel=1e-6)
    assert high3 == pytest.approx([0.001000547, 2.960519923], rel=1e-4)


def test_arcsine_limits_never_turn_back_at_small_n() -> None:
    n = np.arange(1, 400)
    for confidence in (0.95, 0.998):
        low, high = proportion_limits(n, 0.9, confidence=confidence)
        assert (np.diff(low) >= 0).all()
        assert (np.diff(high) <= 0).all()
        assert low.min() >= 0
        assert high.max() <= 1


def test_exact_limits_hold_their_level_and_agree_with_arcsine_for_large_n() -> None:
    exact = proportion_limits([4000], 0.3, method="exact")
    near = proportion_limits([4000], 0.3)
    assert float(exact[0][0]) == pytest.approx(float(near[0][0]), abs=3e-4)
    assert float(exact[1][0]) == pytest.approx(float(near[1][0]), abs=3e-4)
    ratio = poisson_limits([900.0])
    root = poisson_limits([900.0], method="root")
    assert float(ratio[0][0]) == pytest.approx(float(root[0][0]), abs=2e-3)


def test_winsorised_phi_of_pure_noise_is_corrected_to_one() -> None:
    z = np.random.default_rng(5).normal(size=200_000)
    s = np.full(len(z), 0.05)
    assert dispersion(z, s, corrected=False).phi == pytest.approx(0.6787, abs=0.004)
    assert dispersion(z, s).phi == pytest.approx(1.0, abs=0.006)


def test_uncorrected_tau_stays_zero_until_phi_is_near_one_and_a_half() -> None:
    noise = np.random.default_rng(6).normal(size=100_000)
    s = np.full(len(noise), 0.05)
    assert dispersion(noise * np.sqrt(1.44), s, corrected=False).tau2 == 0
    assert dispersion(noise * np.sqrt(1.52), s, corrected=False).tau2 > 0
    assert dispersion(noise * np.sqrt(1.44), s).tau2 == pytest.approx(0.44 * 0.05**2, rel=0.1)
    assert dispersion(noise * np.sqrt(1.44), s, winsor=0).tau2 == pytest.approx(0.44 * 0.05**2, rel=0.1)


def test_robust_tau_by_hand_and_far_units_do_not_swell_it() -> None:
    # median 0, deviations 0, .1, .1, .2, .2: MAD .1; (1.4826 · .1)² - .01 = .01198
    even = [-0.2, -0.1, 0.0, 0.1, 0.2]
    assert robust_tau2(even, [0.1] * 5) == pytest.approx(0.0119810, abs=1e-6)
    assert robust_tau2([-2.0, -0.1, 0.0, 0.1, 3.0], [0.1] * 5) == pytest.approx(0.0119810, abs=1e-6)
    assert robust_tau2(even, [0.3] * 5) == 0.0


def test_over_dispersed_limits_are_wider_and_need_their_scale() -> None:
    z, s, theta = proportion_z([50, 80, 95, 20], [100, 100, 100, 100])
    assert theta == pytest.approx(245 / 400)
    spread = dispersion(z, s, winsor=0)
    wide, plain = proportion_limits([100], theta, tau2=spread.tau2), proportion_limits([100], theta)
    assert wide[0][0] < plain[0][0]
    with pytest.raises(ValueError, match="arcsine"):
        proportion_limits([100], 0.5, method="normal", tau2=0.1)
    with pytest.raises(ValueError, match="root"):
        poisson_limits([100], tau2=0.1)


def interpolated(mass: Callable[[int], float], probability: float) -> float:
    """A quantile of a count as appendix A.1.1 has it, added up count by count."""
    for number, reached in zip(count(), accumulate(map(mass, count())), strict=False):
        if reached >= probability:
            return number - (reached - probability) / mass(number)
    raise AssertionError("a distribution adds up to one")


@pytest.mark.parametrize(("expected", "target"), [(10.0, 1.0), (2.5, 2.0), (0.7, 1.0)])
def test_exact_limits_of_a_ratio_by_adding_up(expected: float, target: float) -> None:
    def mass(number: int) -> float:
        return exp(-expected * target) * (expected * target) ** number / factorial(number)

    low, high = poisson_limits([expected], target)
    assert float(low[0]) == pytest.approx(max(interpolated(mass, 0.025), 0) / expected)
    assert float(high[0]) == pytest.approx(interpolated(mass, 0.975) / expected)


@pytest.mark.parametrize(("size", "target"), [(10, 0.3), (25, 0.9), (10, 0.01), (1, 0.5)])
def test_exact_limits_of_a_share_by_adding_up(size: int, target: float) -> None:
    def mass(number: int) -> float:
        return comb(size, number) * target**number * (1 - target) ** (size - number)

    low, high = proportion_limits([size], target, method="exact")
    assert float(low[0]) == pytest.approx(max(interpolated(mass, 0.025), 0) / size)
    assert float(high[0]) == pytest.approx(interpolated(mass, 0.975) / size)


def test_limits_on_the_scale_of_roots_by_hand() -> None:
    # 1.959964 · √(1/40) = .309897, and with τ² = .05 added under the root 1.959964 · √.075 = .536758
    low, high = poisson_limits([10.0], method="root")
    assert (float(low[0]), float(high[0])) == pytest.approx(((1 - 0.309897) ** 2, (1 + 0.309897) ** 2), abs=1e-5)
    wider = poisson_limits([10.0], method="root", tau2=0.05)
    assert (float(wider[0][0]), float(wider[1][0])) == pytest.approx((0.463242**2, 1.536758**2), abs=1e-5)
    assert float(poisson_limits([0.2], method="root")[0][0]) == 0


def test_limits_near_the_ends_of_a_share() -> None:
    low, high = proportion_limits([10_000], 0.9)
    assert (float(low[0]), float(high[0])) == pytest.approx((0.894, 0.906), abs=2e-4)
    low, high = proportion_limits([1], 0.5, method="normal")
    assert (float(low[0]), float(high[0])) == (0.0, 1.0)  # .5 ± .98
    low, high = proportion_limits([1], 0.2, method="normal")
    assert float(low[0]) == 0
    assert float(high[0]) == pytest.approx(0.98399, abs=1e-4)


def test_nothing_observed_lies_on_no_upper_limit() -> None:
    low, high = expected_beyond([0])
    assert float(low[0]) == pytest.approx(3.688879)  # e⁻ᴱ = .025
    assert float(high[0]) == 0


def test_deviations_on_the_arcsine_scale_by_hand() -> None:
    z, s, theta = proportion_z([25, 1, 0], [100, 1, 0], 0.5)
    assert theta == 0.5
    assert s[:2] == pytest.approx([0.05, 0.5])
    assert z[:2] == pytest.approx([(pi / 6 - pi / 4) / 0.05, (pi / 2 - asin(sqrt(0.5))) / 0.5])
    assert np.isnan([z[2], s[2]]).all()
    assert s.dtype == np.float64


def test_dispersion_by_hand() -> None:
    # Σz² = 14, of which two are chance; weights 100, 25, 25: 150 - 11250 / 150 = 75
    spread = dispersion([2, -1, 3], [0.1, 0.2, 0.2], winsor=0)
    assert (spread.phi, spread.tau2) == pytest.approx((14 / 3, 12 / 75))
    # Σz² = 1.25 of two units; what cannot be used leaves it as it is
    few = dispersion([1, 0.5], [0.1, 0.1], winsor=0)
    assert (few.phi, few.tau2) == pytest.approx((0.625, 0.0025))
    assert dispersion([1, 0.5, np.nan, 5, 5], [0.1, 0.1, 0.1, 0, np.nan], winsor=0) == few
    alone = dispersion([3], [0.1])
    assert (alone.phi, alone.tau2) == (1.0, 0.0)


def test_winsorising_moves_what_is_far_to_its_quantiles() -> None:
    assert winsorise(range(11)).tolist() == [1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9]
    # the quartiles of -2 to 2 are -1 and 1
    assert dispersion([-2, -1, 0, 1, 2], [1] * 5, winsor=0.25, corrected=False).phi == pytest.approx(0.8)


def test_a_robust_tau_is_the_same_wherever_the_middle_lies() -> None:
    assert robust_tau2([0.5, 0.6, 0.7, 0.8, 0.9], [0.1] * 5) == pytest.approx(0.0119810, abs=1e-6)
