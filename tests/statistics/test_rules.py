import numpy as np
import pytest

from nytta.statistics import anhoej, anhoej_limits


@pytest.mark.parametrize(
    ("useful", "longest", "crossings"), [(12, 7, 3), (20, 7, 6), (24, 8, 8), (26, 8, 8), (52, 9, 20)]
)
def test_anhoej_limits_of_the_published_table(useful: int, longest: int, crossings: int) -> None:
    run, cross = anhoej_limits(useful)
    assert (int(run), int(cross)) == (longest, crossings)


def test_runs_and_crossings_about_the_median() -> None:
    shifted = [1.0] * 10 + [2.0] * 10
    runs = anhoej([shifted, [1.0, 2.0] * 10, [np.nan] * 20], centre=[1.5, 1.5, 1.5])
    assert runs.longest.tolist() == [10, 1, 0]
    assert runs.crossings.tolist() == [1, 19, 0]
    assert runs.signal.tolist() == [True, False, False]


def test_points_on_the_line_are_not_useful() -> None:
    assert int(anhoej([1.0, 2.0, 3.0, 2.0, 2.0]).useful) == 2


def test_false_signals_are_about_one_chart_in_twenty() -> None:
    noise = np.random.default_rng(7).normal(size=(4000, 24))
    assert 0.02 < float(anhoej(noise).signal.mean()) < 0.09
