import numpy as np
import pytest

from nytta.statistics import (
    beta_binomial_likelihood,
    beta_binomial_moments,
    beta_of,
    effective_n,
    posterior_below,
    posterior_mean,
)

#: Tumours among rats, of how many, in 70 historical control groups (Tarone 1982; Gelman et al., table 5.1).
RATS = [(0, 20)] * 7 + [(0, 19)] * 4 + [(0, 18)] * 2 + [(0, 17)] + [(1, 20)] * 4 + [(1, 19)] * 2 + [(1, 18)] * 2
RATS += [(2, 25), (2, 24), (2, 23)] + [(2, 20)] * 6 + [(1, 10), (5, 49), (2, 19), (5, 46), (3, 27), (2, 17)]
RATS += [(7, 49), (7, 47), (3, 20), (3, 20), (2, 13), (9, 48), (10, 50)] + [(4, 20)] * 7 + [(10, 48)]
RATS += [(4, 19)] * 3 + [(5, 22), (11, 46), (12, 49), (5, 20), (5, 20), (6, 23), (5, 19), (6, 22)]
RATS += [(6, 20)] * 3 + [(16, 52), (15, 46), (15, 47), (9, 24)]


def test_robinsons_posteriors() -> None:
    assert posterior_mean([4, 300], [10, 1000], 78.7, 224.9) == pytest.approx([0.2637, 0.2905], abs=5e-5)


def test_moments_of_the_rat_tumours() -> None:
    tumours, rats = np.array(RATS, float).T
    rate = tumours / rats
    assert len(rate) == 70
    assert round(float(rate.mean()), 3) == 0.136
    assert round(float(rate.std(ddof=1)), 3) == 0.103
    a, b = beta_of(rate.mean(), rate.var(ddof=1))
    assert (round(float(a), 1), round(float(b), 1)) == (1.4, 8.6)


def test_both_estimators_find_the_prior_that_made_the_data() -> None:
    rng = np.random.default_rng(11)
    n = rng.integers(20, 400, 3000)
    x = rng.binomial(n, rng.beta(24, 6, 3000))
    for found in (beta_binomial_moments(x, n), beta_binomial_likelihood(x, n)):
        assert found == pytest.approx((24, 6), rel=0.12)


def test_units_that_differ_by_chance_only_get_a_very_strong_prior() -> None:
    a, b = beta_binomial_moments([50, 50, 50], [100, 100, 100])
    assert a + b > 1e5


def test_a_prior_needs_two_units() -> None:
    with pytest.raises(ValueError, match="two units"):
        beta_binomial_moments([3], [10])


def test_posterior_probability_by_simulation() -> None:
    draws = np.random.default_rng(1).beta(24 + 8, 6 + 12, 200_000)
    assert float(posterior_below(8, 20, 24, 6, 0.65)) == pytest.approx(float((draws < 0.65).mean()), abs=0.004)


def test_four_weeks_of_the_same_people_are_worth_little_more_than_one() -> None:
    assert float(effective_n(120, 4, 0.7)) == pytest.approx(120 / 3.1)
    assert float(effective_n(120, 4, 0.0)) == 120
