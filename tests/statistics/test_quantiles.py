"""Quantiles against those of scipy.stats, which are too slow to load for a command."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from nytta.statistics.quantiles import binomial_quantile, poisson_quantile

PROBABILITIES = st.floats(1e-4, 1 - 1e-4)


@given(PROBABILITIES, st.integers(1, 5000), st.floats(0.001, 0.999))
def test_binomial(p: float, n: int, share: float) -> None:
    found = float(binomial_quantile(p, n, share))
    # either side of a probability that the distribution function meets to rounding is right
    assert stats.binom.cdf(found, n, share) >= p - 1e-12
    assert found == 0 or stats.binom.cdf(found - 1, n, share) < p + 1e-12


@given(PROBABILITIES, st.floats(0.001, 5000))
def test_poisson(p: float, mean: float) -> None:
    found = float(poisson_quantile(p, mean))
    assert stats.poisson.cdf(found, mean) >= p - 1e-12
    assert found == 0 or stats.poisson.cdf(found - 1, mean) < p + 1e-12


def test_arrays_keep_their_shape() -> None:
    assert binomial_quantile(0.5, np.array([1, 10, 100]), 0.5).tolist() == [0, 5, 50]
    assert poisson_quantile(0.5, np.array([0.1, 4.0])).tolist() == [0, 4]
