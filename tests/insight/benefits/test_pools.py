"""Hours of a year: by hand, and what nobody may work out of them."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nytta.disclosure.rounding import rounded_cases, two_digits
from nytta.insight.benefits.evidence import Evidence, Published
from nytta.insight.benefits.pools import Work, hours
from nytta.insight.benefits.statement import Pool, share_of_all, worth_of_all
from nytta.registry.programme import Adoption, Benefit, Kind
from nytta.registry.systems import Minutes
from nytta.registry.units import Names

NAME = Names.of("x")
WEEK = date(2026, 6, 1)


def benefit(measure: str = "minutes per case", baseline: int = 60_000, target: int = 44_000) -> Benefit:
    """From 60 to 44 minutes a case, by going from no use to 80 %."""
    return Benefit(
        id="b",
        names=NAME,
        unit="u",
        kind=Kind.REDISTRIBUTION,
        unit_of_measure=measure,
        currency="SEK",
        baseline=baseline,
        target=target,
        system="s",
        case_type="c",
        adoption=Adoption("intended-use", 0, 800),
    )


def work(realised: int | None = None, about: Benefit | None = None) -> Work:
    minutes = Minutes(60 * 60_000, 40 * 60_000)
    return Work("u", "u", NAME, ("u",), "s", "c", NAME, (about or benefit(),), minutes, realised)


def evidence(use: int | str, cases: int) -> Evidence:
    return Evidence(WEEK, use={("intended-use", "u", "s", "c"): use}, cases={("u", "s", "c"): cases})


def test_hours_by_hand() -> None:
    # 30 % of the cases are handled the new way. 612 cases a year count as 610, 20 minutes saved on each.
    pool = hours(work(), evidence(30, 612))
    assert (pool.share, pool.share_target, pool.cases) == (30, 80, 610)
    # promised 610 · 16 min = 162.67 h; freed 0.3 · 610 · 20 min = 61 h; missing 0.5 · 610 · 20 min = 101.67 h
    assert (pool.promised, pool.freed, pool.use_missing, pool.effect_missing) == (160_000, 61_000, 100_000, 0)
    assert pool.missing == 100_000


def test_an_hour_is_freed_only_where_use_and_measurement_agree() -> None:
    # All use the new way, but only a fifth of the promise is measured: 0.2 · 162.67 = 32.5 h.
    pool = hours(work(20), evidence(98, 612))
    assert (pool.freed, pool.use_missing) == (33_000, 0)
    assert pool.effect_missing == 130_000  # 162.67 - 32.53 = 130.13
    # Measured more than use explains: use decides.
    assert hours(work(90), evidence(30, 612)).freed == 61_000
    # Worse than before frees nothing.
    assert hours(work(-30), evidence(30, 612)).freed == 0


def test_hours_of_a_benefit_in_hours_come_from_use_alone() -> None:
    pool = hours(work(about=benefit("timmar", 0, 500_000)), evidence(30, 612))
    assert pool.promised == 160_000  # 0.8 · 610 · 20 min


@pytest.mark.parametrize(
    ("use", "cases", "why"), [("not_enough", 612, "not_enough"), ("suppressed", 612, "suppressed"),
                              (30, 9, "too_few_cases")]
)  # fmt: skip
def test_what_is_not_shown_has_no_hours(use: int | str, cases: int, why: str) -> None:
    pool = hours(work(50), evidence(use, cases))
    assert pool.why == why
    assert (pool.share, pool.cases, pool.freed, pool.missing) == (None, None, None, None)


def test_a_case_type_that_is_not_shown_is_used_as_the_places_cases_are() -> None:
    place = ("intended-use", "u", "s")
    use: dict[tuple[str, str, str, str], int | str] = {(*place, "c"): "suppressed", (*place, "*"): 45}
    cases = {("u", "s", "c"): 612}
    assert hours(work(), Evidence(WEEK, use=use, cases=cases)).share == 45
    assert hours(work(), Evidence(WEEK, use=use | {(*place, "c"): 30}, cases=cases)).share == 30
    assert hours(work(), Evidence(WEEK, use=use | {(*place, "*"): "not_enough"}, cases=cases)).why == "suppressed"


def test_shares_of_persons_are_the_published_ones() -> None:
    row = Published(41.0, 30.0, 52.0, "30-99", "ok", 1, WEEK)
    known = Evidence(WEEK, published={("intended-use", "u", "s", "*"): row}, cases={("u", "s", "c"): 100})
    assert hours(work(), known).share == 41
    grouped = Published(None, None, None, "", "grouped", 1, WEEK)
    hidden = Evidence(WEEK, published={("intended-use", "u", "s", "*"): grouped}, cases={("u", "s", "c"): 100})
    assert hours(work(), hidden).why == "grouped"


@given(st.integers(0, 10**7))
def test_cases_are_never_told_finer_than_ten_nor_than_two_digits(cases: int) -> None:
    rounded = rounded_cases(cases)
    if cases < 10:
        assert rounded is None
        return
    assert rounded is not None
    assert rounded % 10 == 0
    assert set(str(rounded)[2:]) <= {"0"}
    assert abs(rounded - cases) <= max(5, cases / 20)


@given(st.floats(0, 1e9))
def test_hours_have_two_digits(figure: float) -> None:
    rounded = two_digits(figure)
    assert set(str(rounded)[2:]) <= {"0"}
    assert abs(rounded - figure) <= max(0.5, figure / 19)


@given(st.integers(0, 99), st.integers(11, 99), st.integers(0, 100))
def test_what_is_told_is_the_same_for_ten_numbers_of_cases(share: int, tens: int, realised: int) -> None:
    one, other = (hours(work(realised), evidence(share, 10 * tens + n)) for n in (-5, 4))
    assert one == other


def stated(share: int | None, cases: int | None, worth: int | None) -> Pool:
    return Pool(
        place="u",
        names=NAME,
        system="s",
        case_type="t",
        case_type_names=NAME,
        benefits=("b",),
        share=share,
        cases=cases,
        amount_missing=worth,
    )


def test_a_place_with_two_case_types_has_one_share_by_their_cases_and_one_worth() -> None:
    pools = [stated(20, 300, 100), stated(60, 100, 50)]
    assert share_of_all(pools) == 30
    assert worth_of_all(pools) == 150
    assert share_of_all([*pools, stated(None, None, None)]) == 30
    assert worth_of_all([*pools, stated(None, None, None)]) is None
    assert share_of_all([stated(None, None, None)]) is None
