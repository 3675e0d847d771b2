"""Precision: how coarsely what may be shown is shown."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nytta.disclosure.gate import Exact, Gated, gate
from nytta.disclosure.rules import K, Rules, Status


def exact(
    numerator: int,
    denominator: int,
    size: int | None = None,
    *,
    handlers: int = 5,
    most: int = 0,
    grouped: bool = False,
) -> Exact:
    value = numerator / denominator if denominator else np.nan
    return Exact(
        np.array([value]),
        np.array([numerator]),
        np.array([denominator]),
        np.array([denominator if size is None else size]),
        np.array([handlers]),
        np.array([most]),
        np.array([grouped]),
    )


def share(figures: Exact, protects: str = "staff") -> Gated:
    return gate(figures, kind="share", protects=protects, scale=1, minimum_denominator=5)


def test_a_share_of_many_is_a_whole_percent() -> None:
    shown = share(exact(61, 183))
    assert (shown.value[0], shown.status[0], shown.n_band[0]) == (33.0, "ok", "100-299")
    # Wilson of 32.5 and 33.5 of a hundred, the fewest of the band: 24.1 to 43.2
    assert (shown.low[0], shown.high[0]) == (24.0, 44.0)


def test_a_share_of_few_comes_in_steps_of_five() -> None:
    shown = share(exact(7, 20))
    assert (shown.value[0], shown.status[0], shown.n_band[0]) == (35.0, "rounded", "10-29")
    # Wilson of 3.25 and 3.75 of ten: 11.9 to 66.3
    assert (shown.low[0], shown.high[0]) == (10.0, 70.0)


def test_each_figure_may_ask_for_a_denominator_of_its_own() -> None:
    """As where 95 of 100 must be known: 94 say nothing."""
    for known, status in ((94, "not_enough"), (95, "ok")):
        shown = gate(
            exact(50, known, 100), kind="share", protects="public", scale=1, minimum_denominator=np.array([95])
        )
        assert shown.status[0] == status
        assert np.isnan(shown.value[0]) == (status == "not_enough")


def test_an_interval_says_nothing_that_value_and_band_do_not_say() -> None:
    one, other = share(exact(54, 180)), share(exact(30, 100))
    assert (one.value[0], one.low[0], one.high[0]) == (other.value[0], other.low[0], other.high[0])


def test_official_acts_keep_their_interval() -> None:
    shown = share(exact(61, 183), "official-act")
    assert (shown.value[0], shown.low[0], shown.high[0]) == (33.0, 26.0, 41.0)  # Wilson: 26.9 to 40.4


@pytest.mark.parametrize(
    ("numerator", "denominator", "value", "low", "high"),
    [
        (0, 25, 10, 0, 10),
        (2, 25, 10, 0, 10),
        (25, 25, 90, 90, 100),
        (24, 25, 90, 90, 100),
        (2, 10, 20, 0, 20),
        (40, 40, 90, 90, 100),
        (0, 150, 5, 0, 5),
        (500, 500, 98, 98, 100),
        (2000, 2000, 99, 99, 100),
    ],
)
def test_ends_are_bands(numerator: int, denominator: int, value: int, low: int, high: int) -> None:
    shown = share(exact(numerator, denominator))
    assert shown.status[0] == Status.BANDED
    assert (shown.value[0], shown.low[0], shown.high[0]) == (value, low, high)


@pytest.mark.parametrize(
    ("figures", "protects", "status"),
    [
        (exact(4, 9), "staff", Status.SUPPRESSED),
        (exact(5, 10, handlers=2), "public", Status.SUPPRESSED),
        (exact(5, 10, most=7), "public", Status.SUPPRESSED),
        (exact(5, 10, most=6), "public", Status.ROUNDED),
        (exact(4, 9), "official-act", Status.OK),
        (exact(0, 0, size=20), "staff", Status.NO_DENOMINATOR),
        (exact(1, 4, size=20), "staff", Status.NOT_ENOUGH),
        (exact(50, 100, grouped=True), "staff", Status.GROUPED),
    ],
)
def test_why_there_is_no_value(figures: Exact, protects: str, status: Status) -> None:
    shown = share(figures, protects)
    assert shown.status[0] == status
    if status not in {Status.OK, Status.ROUNDED}:
        assert np.isnan(shown.value[0])
        assert shown.n_band[0] == ""


def test_a_decision_over_the_table_stands_over_the_figure_alone() -> None:
    hidden = gate(
        exact(50, 100), kind="share", protects="staff", scale=1, minimum_denominator=5, shown=np.array([False])
    )
    assert hidden.status[0] == Status.SUPPRESSED
    assert np.isnan(hidden.value[0])


def test_a_rate_keeps_its_unit_of_measure() -> None:
    figures = exact(12, 48)
    rate = Exact(
        100 * figures.value,
        *(getattr(figures, f) for f in ("numerator", "denominator", "size", "handlers", "most_by_one", "grouped")),
    )
    shown = gate(rate, kind="rate", protects="staff", scale=100, minimum_denominator=5)
    assert shown.value[0] == 25.0
    assert shown.low[0] <= 25 <= shown.high[0]


@given(st.integers(0, 400), st.integers(0, 400), st.integers(0, 400), st.sampled_from(["staff", "public"]))
def test_no_value_stands_on_fewer_than_k(numerator: int, more: int, size: int, protects: str) -> None:
    shown = share(exact(numerator, numerator + more, size), protects)
    if size < K:
        assert np.isnan(shown.value[0])
        assert np.isnan(shown.low[0])


@given(st.integers(0, 400), st.integers(0, 400))
def test_the_interval_holds_the_truth_and_no_decimals(numerator: int, more: int) -> None:
    figures = exact(numerator, numerator + more)
    shown = share(figures)
    if not np.isnan(shown.value[0]):
        assert shown.low[0] <= 100 * figures.value[0] <= shown.high[0]
        assert shown.value[0] == round(shown.value[0])
        if shown.status[0] == Status.ROUNDED:
            assert shown.value[0] % 5 == 0


@given(st.integers(10, 3000), st.data())
def test_nobodys_state_follows_from_a_value(size: int, data: st.DataObject) -> None:
    """All, all but one and all but two read alike, as do none, one and two."""
    few = [share(exact(n, size)) for n in range(3)]
    many = [share(exact(size - n, size)) for n in range(3)]
    for alike in (few, many):
        assert len({(g.value[0], g.low[0], g.high[0], g.status[0], g.n_band[0]) for g in alike}) == 1


def test_k_below_five_is_refused() -> None:
    with pytest.raises(ValueError, match="k = 4 is refused"):
        Rules(k=4)
    assert Rules(k=5).for_staff.enough(5, 0, 0)
