import numpy as np
import pytest

from nytta.statistics import benjamini_hochberg, largest_credible

#: The fifteen p-values of Benjamini and Hochberg 1995, section 4.1.
P = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528]
P += [0.7590, 1.0000]


def test_four_of_the_published_fifteen_are_rejected() -> None:
    adjusted = benjamini_hochberg(P)
    assert (adjusted <= 0.05).tolist() == [True] * 4 + [False] * 11
    assert adjusted[3] == pytest.approx(0.0095 * 15 / 4)


def test_a_missing_test_is_not_counted() -> None:
    assert benjamini_hochberg([0.01, np.nan])[0] == 0.01
    assert benjamini_hochberg([]).shape == (0,)


def test_the_largest_set_whose_mean_doubt_is_within_the_rate() -> None:
    assert largest_credible([0.01, 0.2, 0.05, np.nan], 0.10).tolist() == [True, True, True, False]
    assert largest_credible([0.01, 0.9, 0.05], 0.10).tolist() == [True, False, True]
    assert largest_credible([0.5], 0.10).tolist() == [False]
