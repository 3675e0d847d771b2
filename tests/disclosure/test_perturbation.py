"""Perturbation by cell keys: its tables, and that noise follows sets and nothing else."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from nytta.disclosure.perturbation import (
    Floats,
    Ints,
    Sums,
    cell_keys,
    perturbed,
    perturbed_counts,
    probabilities,
)
from nytta.registry.protection import Noise

PARAMETERS = [(2, 1.0), (3, 1.5), (4, 2.0), (5, 3.0)]
ROWS = [(below, most, variance) for most, variance in PARAMETERS for below in range(1, most + 1)]
SECRET = b"a secret of the root"

sums = st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=30)


def moments(row: Floats, below: int) -> tuple[float, float]:
    noises = np.arange(len(row)) - below
    return float(noises @ row), float(noises**2 @ row)


@pytest.mark.parametrize(("below", "most", "variance"), ROWS)
def test_a_row_has_mean_0_and_its_variance(below: int, most: int, variance: float) -> None:
    row = probabilities(below, most, variance)
    assert len(row) == below + most + 1
    assert row.sum() == pytest.approx(1, abs=1e-12)
    assert (row > 0).all()
    assert moments(row, below) == pytest.approx((0, variance), abs=1e-6)


@pytest.mark.parametrize(("below", "most", "variance"), ROWS)
def test_no_row_of_these_moments_has_more_entropy(below: int, most: int, variance: float) -> None:
    """At the maximum, no step that keeps sum, mean and variance gains: the gradient is a sum of their gradients."""
    row = probabilities(below, most, variance)
    noises = np.arange(-below, most + 1)
    kept = np.stack([np.ones(len(row)), noises, noises**2], axis=1)
    gradient = np.log(row) + 1
    sought, *_ = np.linalg.lstsq(kept, gradient)
    assert kept @ sought == pytest.approx(gradient, abs=1e-6)


def test_a_row_of_the_published_table() -> None:
    """Destatis's package ptable 1.0, its introduction, D = 2, V = 1: a zero stays; from two on, a row is this."""
    assert probabilities(0, 2, 1.0).tolist() == [1, 0, 0]
    assert probabilities(2, 2, 1.0).round(3).tolist() == [0.064, 0.245, 0.383, 0.245, 0.064]


def test_where_the_ends_leave_no_room_the_noise_is_as_wide_as_it_can_be() -> None:
    assert probabilities(1, 1, 2.0).tolist() == [0.5, 0, 0.5]
    assert moments(probabilities(1, 2, 3.0), 1) == pytest.approx((0, 2))


@pytest.mark.parametrize(("most", "variance"), [(1, 1.0), (3, 0.9), (2, 2.5)])
def test_a_noise_that_protects_too_little_is_refused(most: int, variance: float) -> None:
    with pytest.raises(ValueError, match="is refused"):
        Noise(most, variance)


@pytest.fixture(scope="module")
def million() -> Floats:
    """Keys of a million sets."""
    draw = np.random.default_rng(16)
    numerators, denominators = (draw.integers(0, 2**64, 1_000_000, dtype=np.uint64) for _ in range(2))
    return cell_keys(numerators, denominators, "intake", SECRET)


@pytest.mark.parametrize(("most", "variance"), PARAMETERS)
@pytest.mark.parametrize("count", [1, 2, 7])
def test_the_noise_of_a_million_sets_follows_its_row(million: Floats, most: int, variance: float, count: int) -> None:
    told = perturbed_counts(np.full(len(million), count), million, Noise(most, variance))
    below = min(count, most)
    row = probabilities(below, most, variance)
    seen = np.bincount(told - count + below, minlength=len(row))
    assert stats.chisquare(seen, len(million) * row).pvalue > 1e-4


@given(records=sums, more=st.integers(0, 2**64 - 1), order=st.randoms())
def test_keys_follow_the_sets_in_whatever_order(records: list[int], more: int, order: object) -> None:
    def key(numerator: list[int], denominator: list[int], family: str = "f", secret: bytes = SECRET) -> float:
        both = [np.array([sum(side) % 2**64], dtype=np.uint64) for side in (numerator, denominator)]
        return float(cell_keys(both[0], both[1], family, secret)[0])

    once = key(records, records)
    shuffled = list(records)
    order.shuffle(shuffled)  # type: ignore[attr-defined]
    assert 0 <= once < 1
    assert key(shuffled, shuffled) == once
    if more:
        # whoever joins changes the key, whether he counts in the numerator or not
        others = {key(records, [*records, more]), key([*records, more], [*records, more])}
        assert len({once, *others}) == 3
    assert key(records, records, family="g") != once
    assert key(records, records, secret=b"another") != once


def test_who_joins_changes_the_noise_as_often_whether_he_counts_or_not() -> None:
    draw = np.random.default_rng(17)
    n, noise = 50_000, Noise(4, 2.0)
    numerators, denominators, joiner = (draw.integers(0, 2**64, n, dtype=np.uint64) for _ in range(3))
    counts, heads = np.full(n, 6), np.full(n, 20)

    def noises(numerators: Sums, denominators: Sums) -> Ints:
        keys = cell_keys(numerators, denominators, "f", SECRET)
        return np.asarray(perturbed(counts, heads, keys, noise) - counts)

    before = noises(numerators, denominators)
    row = probabilities(4, 4, 2.0)
    for after in (noises(numerators, denominators + joiner), noises(numerators + joiner, denominators + joiner)):
        same = float(np.mean(after == before))
        assert same == pytest.approx(float(row @ row), abs=0.01)  # as of two that know nothing of each other


@given(
    heads=st.integers(3, 300),
    share=st.floats(0, 1),
    key=st.floats(0, 1, exclude_max=True),
    parameters=st.sampled_from(PARAMETERS),
)
def test_what_is_told_lies_in_its_bounds(heads: int, share: float, key: float, parameters: tuple[int, float]) -> None:
    noise, count = Noise(*parameters), int(share * heads)
    one = np.array([count]), np.array([heads]), np.array([key])
    told = int(perturbed(*one, noise)[0])
    assert 0 <= told <= heads
    assert abs(told - count) <= noise.most
    # few who count and few who do not are treated alike
    assert int(perturbed(np.array([heads - count]), *one[1:], noise)[0]) == heads - told or 2 * count == heads
    assert 0 <= int(perturbed_counts(one[0], one[2], noise)[0]) <= count + noise.most


@pytest.mark.parametrize(("heads", "most", "variance"), list(itertools.product((10, 30), (3, 4), (1.5, 2.0))))
def test_what_is_told_is_right_on_average(heads: int, most: int, variance: float) -> None:
    """By the whole row, not by drawing: the mean of the noise is 0 for each count, at both ends."""
    keys = (np.arange(20_000) + 0.5) / 20_000
    for count in (*range(7), heads // 2, *range(heads - 6, heads + 1)):
        told = perturbed(np.full(len(keys), count), np.full(len(keys), heads), keys, Noise(most, variance))
        assert float(np.mean(told)) == pytest.approx(count, abs=1e-3)


def test_sets_of_every_size_in_one_table_are_told_as_each_alone() -> None:
    noise = Noise(4, 2.0)
    heads = np.repeat(np.arange(1, 15), 14)
    those = np.minimum(np.tile(np.arange(14), 14), heads)
    keys = np.random.default_rng(11).random(len(heads))
    together = perturbed(those, heads, keys, noise)
    alone = [perturbed(those[[n]], heads[[n]], keys[[n]], noise)[0] for n in range(len(heads))]
    assert together.tolist() == alone
    counted = perturbed_counts(those, keys, noise)
    assert counted.tolist() == [perturbed_counts(those[[n]], keys[[n]], noise)[0] for n in range(len(heads))]


def test_no_noise_leads_beyond_a_small_set() -> None:
    keys = np.linspace(0, 1, 101, endpoint=False)
    for heads in range(1, 10):
        for those in range(heads + 1):
            told = perturbed(np.full(101, those), np.full(101, heads), keys, Noise(4, 2.0))
            assert told.min() >= 0
            assert told.max() <= heads


def test_of_two_equal_sides_it_is_the_one_counted_that_grows_with_the_key() -> None:
    low, high = perturbed(np.array([5, 5]), np.array([10, 10]), np.array([0.001, 0.999]), Noise(4, 2.0))
    assert low < 5 < high


def test_no_digit_of_a_sum_is_lost_before_it_is_hashed() -> None:
    sums = np.array([2**60, 2**60 + 1], dtype=np.uint64)
    first, second = cell_keys(sums, sums, "family", SECRET)
    assert first != second
