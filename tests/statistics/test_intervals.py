import numpy as np
import pytest

from nytta.statistics import byar, difference_interval, poisson_exact, quantile_of, wilson


@pytest.mark.parametrize(
    ("count", "n", "lower", "upper"),
    [  # Newcombe 1998, Stat Med 17:857, table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_gives_newcombes_table(count: int, n: int, lower: float, upper: float) -> None:
    low, high = wilson(count, n)
    assert (round(float(low), 4), round(float(high), 4)) == (lower, upper)


@pytest.mark.parametrize(
    ("current", "earlier", "lower", "upper"),
    [  # Newcombe 1998, Stat Med 17:873, table II, method 10
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((6, 7), (2, 7), 0.0582, 0.8062),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((0, 10), (0, 20), -0.1611, 0.2775),
        ((10, 10), (0, 10), 0.6075, 1.0000),
    ],
)
def test_a_difference_has_newcombes_interval(
    current: tuple[int, int], earlier: tuple[int, int], lower: float, upper: float
) -> None:
    def with_ends(count: int, n: int) -> tuple[float, float, float]:
        low, high = wilson(count, n)
        return count / n, float(low), float(high)

    low, high = difference_interval(with_ends(*current), with_ends(*earlier))
    assert (round(low, 4), round(high, 4)) == (lower, upper)


def test_wilson_at_the_ends_is_exactly_zero_and_one_and_nothing_observed_is_nothing() -> None:
    low, high = wilson([0, 7, 0], [7, 7, 0])
    assert low[0] == 0
    assert high[1] == 1
    assert np.isnan(low[2])
    assert np.isnan(high[2])


def test_byar_of_public_health_figures() -> None:
    # 100 per 10,000 of the public health technical guide; 99.8 % uses z = 3.090232
    low, high = byar([100, 0])
    assert low[0] == pytest.approx(81.36210549, abs=1e-8)
    assert high[0] == pytest.approx(121.62793758, abs=1e-8)
    assert low[1] == 0
    assert quantile_of(0.998) == pytest.approx(3.090232, abs=5e-7)


@pytest.mark.parametrize(
    ("count", "lower", "upper"),
    [(0, 0.0, 3.689), (1, 0.025, 5.572), (10, 4.795, 18.390), (50, 37.111, 65.919), (100, 81.364, 121.627)],
)
def test_exact_poisson_limits_of_garwood(count: int, lower: float, upper: float) -> None:
    low, high = poisson_exact(count)
    assert (round(float(low), 3), round(float(high), 3)) == (lower, upper)


def test_byar_is_within_a_fifth_of_a_percent_of_exact_from_ten() -> None:
    counts = np.arange(10, 500)
    for near, exact in zip(byar(counts), poisson_exact(counts), strict=True):
        assert np.max(np.abs(near / exact - 1)) < 0.0021


def test_a_confidence_outside_zero_and_one_is_refused() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        quantile_of(95)
