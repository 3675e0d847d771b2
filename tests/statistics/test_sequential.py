import numpy as np
import pytest

from nytta.statistics import cusum, cusum_limit, cusum_run_length, ewma, ewma_limit, ewma_run_length, ewma_sigma


@pytest.mark.parametrize(
    ("smoothing", "limit", "length"),
    [  # Lucas and Saccucci 1990, table 3: limits with an average run length of 500, and 0.1 with 2.7
        (0.1, 2.7, 369),
        (0.4, 3.054, 500),
        (0.25, 2.998, 500),
        (0.2, 2.962, 500),
        (0.1, 2.814, 500),
        (0.05, 2.615, 500),
    ],
)
def test_ewma_run_lengths_of_lucas_and_saccucci(smoothing: float, limit: float, length: int) -> None:
    assert round(ewma_run_length(limit, smoothing)) == length


@pytest.mark.parametrize(
    ("shift", "lengths"),
    [  # the same table: rows δ = 0.5, 1, 1.5, 2, columns λ = 0.4, 0.25, 0.2, 0.1, 0.05
        (0.5, [71.2, 48.2, 41.8, 31.3, 28.8]),
        (1.0, [14.3, 11.1, 10.5, 10.3, 11.4]),
        (1.5, [5.9, 5.5, 5.5, 6.1, 7.1]),
        (2.0, [3.5, 3.6, 3.7, 4.4, 5.2]),
    ],
)
def test_ewma_run_lengths_under_a_shift(shift: float, lengths: list[float]) -> None:
    design = [(0.4, 3.054), (0.25, 2.998), (0.2, 2.962), (0.1, 2.814), (0.05, 2.615)]
    found = [round(ewma_run_length(limit, smoothing, shift), 1) for smoothing, limit in design]
    assert found == pytest.approx(lengths, abs=0.1001)


def test_cusum_run_lengths_of_brook_and_evans() -> None:
    # printed 117.59 from a chain of finitely many states; the integral equation tends to 117.596
    assert cusum_run_length(3, 0.5) == pytest.approx(117.59, abs=0.01)
    assert round(cusum_run_length(3, 0.5, 1.5), 2) == 3.75


def test_design_constants_for_weekly_data() -> None:
    assert [round(cusum_limit(length, 0.5), 3) for length in (104, 208, 520)] == pytest.approx(
        [2.886, 3.540, 4.428], abs=0.0006
    )
    assert [round(ewma_limit(length, 0.2), 3) for length in (104, 208, 520)] == [2.376, 2.650, 2.975]
    assert round(ewma_limit(520, 0.1), 3) == 2.829
    h, c = cusum_limit(520, 0.5), ewma_limit(520, 0.2)
    assert [round(cusum_run_length(h, 0.5, d), 1) for d in (0.5, 1, 1.5, 2)] == [31.3, 9.2, 5.2, 3.6]
    assert [round(ewma_run_length(c, 0.2, d), 1) for d in (0.5, 1, 1.5, 2)] == [42.6, 10.6, 5.5, 3.8]


def test_montgomerys_cusum_example() -> None:
    # Introduction to Statistical Quality Control, table 9.2: target 10, K = 0.5; C+ reaches 5.28 at 29
    x = [9.45, 7.99, 9.29, 11.66, 12.16, 10.18, 8.04, 11.46, 9.2, 10.34, 9.03, 11.47, 10.51, 9.4, 10.08, 9.37]
    x += [10.62, 10.31, 8.52, 10.84, 10.9, 9.33, 12.29, 11.5, 10.6, 11.08, 10.38, 11.62, 11.31, 10.52]
    high, low = cusum(np.array(x) - 10, 0.5)
    assert round(float(high[28]), 2) == 5.28
    assert round(float(high[29]), 2) == 5.3
    assert round(float(low[1]), 2) == 1.56
    # the same data as an EWMA chart, λ = 0.1, table 9.10: first and last values
    e = ewma(np.array(x), 0.1, start=10.0)
    assert e[:3].tolist() == pytest.approx([9.945, 9.7495, 9.70355], abs=5e-6)
    assert float(e[-1]) == pytest.approx(10.6341, abs=5e-5)
    assert round(10 + 2.7 * float(ewma_sigma(1, 0.1)), 2) == 10.27
    assert round(10 + 2.7 * float(ewma_sigma(30, 0.1)), 2) == 10.62


def test_an_estimated_baseline_widens_the_limits_as_simulated() -> None:
    rng = np.random.default_rng(3)
    base, watched = rng.normal(size=(20000, 13)), rng.normal(size=(20000, 20))
    e = ewma(watched - base.mean(1, keepdims=True), 0.3)[:, -1]
    assert float(e.std()) == pytest.approx(float(ewma_sigma(20, 0.3, 13)), rel=0.02)


def test_a_missing_value_leaves_the_state() -> None:
    assert ewma([1.0, np.nan, 1.0], 0.5).tolist() == [0.5, 0.5, 0.75]
    high, low = cusum([-2.0, np.nan, -2.0], 0.5)
    assert low.tolist() == [1.5, 1.5, 3.0]
    assert high.tolist() == [0.0, 0.0, 0.0]
