"""The gate: whom each class protects, why a figure is not shown, and how what is shown is told."""

from __future__ import annotations

from dataclasses import fields, replace
from math import ceil, floor, hypot, sqrt
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.stats import norm

from nytta.disclosure.gate import Exact, Gated, Measure, gate, reasons
from nytta.indicators.definition import Kind, Protects
from nytta.registry.protection import CitizenRules, HandlingRules, Noise, Protection, StaffRules

SECRET = b"a secret of the root"
RULES = Protection()
SHARE = {protects: Measure(Kind.SHARE, protects, "family") for protects in Protects}
STAFF, CITIZEN = SHARE[Protects.STAFF], SHARE[Protects.CITIZEN]
HANDLING, OFFICIAL = SHARE[Protects.HANDLING], SHARE[Protects.OFFICIAL_ACT]


def exact(**columns: Any) -> Exact:
    """Cells that pass every rule, but for the given columns; keys are drawn."""
    count = max([np.size(column) for column in columns.values()], default=1)
    draw = np.random.default_rng(5)
    usual: dict[str, Any] = dict.fromkeys(("numerator", "denominator", "cases", "persons", "register"), 40)
    usual |= {"numerator": 20, "handlers": 5, "most_by_one": 0, "requesters": 0, "register_handlers": 5}
    usual |= dict.fromkeys(("grouped", "sensitive", "of_employees"), False)
    usual |= {name: draw.integers(0, 2**64, count, dtype=np.uint64) for name in ("numerator_keys", "denominator_keys")}
    return Exact(**{name: np.broadcast_to(column, count).copy() for name, column in (usual | columns).items()})


def sized(size: Any, **columns: Any) -> Exact:
    """Cells of so many persons, cases and of the denominator."""
    return exact(denominator=size, cases=size, persons=size, numerator=np.asarray(size) // 2, **columns)


def shown(figures: Exact, measure: Measure, rules: Protection = RULES) -> Gated:
    return gate(figures, measure, rules, SECRET)


@pytest.mark.parametrize(
    ("measure", "figures", "reason"),
    [
        (CITIZEN, sized(5), ""),
        (CITIZEN, sized(4), "few_cases"),
        (CITIZEN, sized(9, sensitive=True), "few_cases"),
        (CITIZEN, sized(10, sensitive=True), ""),
        (CITIZEN, sized(9, of_employees=True), "few_cases"),
        (CITIZEN, sized(10, of_employees=True, requesters=5), ""),
        (CITIZEN, sized(10, of_employees=True, requesters=4), "few_persons"),
        (CITIZEN, sized(10, of_employees=True, requesters=1), "few_persons"),
        (CITIZEN, sized(10, of_employees=True, register=10), ""),
        (CITIZEN, sized(10, of_employees=True, register=9), "few_persons"),
        (CITIZEN, exact(cases=40, denominator=4, numerator=2), "few_cases"),
        (replace(CITIZEN, per_head=True), exact(cases=5, denominator=10, persons=10, numerator=5), ""),
        (replace(CITIZEN, per_head=True), exact(cases=5, denominator=9, persons=9, numerator=5), "few_persons"),
        (HANDLING, sized(10, handlers=3, most_by_one=6), ""),
        (HANDLING, sized(9), "few_cases"),
        (HANDLING, sized(10, handlers=2), "few_persons"),
        (HANDLING, sized(10, handlers=1), "few_persons"),
        (HANDLING, sized(10, handlers=3, most_by_one=7), "one_handler"),
        (HANDLING, sized(10, handlers=0, register_handlers=3), ""),
        (HANDLING, sized(10, handlers=0, register_handlers=2), "no_handlers"),
        (HANDLING, sized(10, of_employees=True, requesters=4), "few_persons"),
        (STAFF, sized(10), ""),
        (STAFF, sized(9), "few_persons"),
        (STAFF, exact(persons=40, denominator=9, numerator=4), "few_persons"),
        (OFFICIAL, sized(1), ""),
        (OFFICIAL, sized(9, grouped=True), "few_persons"),
        (OFFICIAL, sized(10, grouped=True), ""),
    ],
)
def test_a_class_asks_for_its_own_numbers(measure: Measure, figures: Exact, reason: str) -> None:
    out = shown(figures, measure)
    assert out.reason[0] == reason
    assert np.isnan(out.value[0]) == bool(reason)
    assert (out.n_band[0] == "") == bool(reason)


def test_the_first_reason_counts() -> None:
    everything = {"handlers": 2, "most_by_one": 9, "register_handlers": 0}
    assert reasons(sized(9, **everything), HANDLING, RULES)[0] == "few_cases"
    assert reasons(sized(10, **everything), HANDLING, RULES)[0] == "few_persons"
    assert reasons(sized(10, **(everything | {"handlers": 3})), HANDLING, RULES)[0] == "one_handler"


@pytest.mark.parametrize(("persons", "reason"), [(0, ""), (1, "no_handlers"), (3, "no_handlers")])
def test_who_handled_need_not_be_known_where_no_number_of_them_is_asked_for(persons: int, reason: str) -> None:
    rules = replace(RULES, handling=HandlingRules(persons=persons))
    assert reasons(sized(10, handlers=0, register_handlers=2), HANDLING, rules)[0] == reason


@pytest.mark.parametrize("most", [1, 7, 20])
def test_the_share_of_the_busiest_is_exact_at_its_bound(most: int) -> None:
    """60 percent is no more than 60 percent, whatever the number of cases."""
    rules = replace(RULES, handling=HandlingRules(most_by_one=0.6))
    cases = np.arange(10, 5000, 5) * most
    at_bound = 3 * cases // 5
    assert (reasons(sized(cases, most_by_one=at_bound), HANDLING, rules) == "").all()
    assert (reasons(sized(cases, most_by_one=at_bound + 1), HANDLING, rules) == "one_handler").all()


@pytest.mark.parametrize(
    ("measure", "figures", "status"),
    [
        (STAFF, sized(99), "rounded"),
        (STAFF, sized(100), "ok"),
        (STAFF, sized(9), "suppressed"),
        (STAFF, sized(9, grouped=True), "grouped"),
        (OFFICIAL, sized(12), "ok"),
        (OFFICIAL, sized(0), "no_denominator"),
        (replace(STAFF, minimum=41), sized(40), "not_enough"),
        (replace(STAFF, known=0.5), exact(persons=40, denominator=19, numerator=9), "not_enough"),
        (replace(STAFF, known=0.5), exact(persons=40, denominator=20, numerator=9), "rounded"),
        (CITIZEN, sized(4, grouped=True), "suppressed"),
    ],
)
def test_the_status_of_a_cell(measure: Measure, figures: Exact, status: str) -> None:
    assert shown(figures, measure).status[0] == status


@pytest.mark.parametrize(
    ("measure", "size", "step"),
    [
        (STAFF, 99, 5),
        (STAFF, 100, 1),
        (Measure(Kind.RATE, Protects.CITIZEN, "f", scale=100), 99, 5),
        (Measure(Kind.RATE, Protects.CITIZEN, "f", scale=100), 100, 1),
        (Measure(Kind.RATE, Protects.CITIZEN, "f"), 99, 0.5),
        (Measure(Kind.RATE, Protects.CITIZEN, "f"), 100, 0.1),
        (Measure(Kind.MEDIAN, Protects.HANDLING, "f"), 12, 1),
    ],
)
def test_values_come_in_steps(measure: Measure, size: int, step: float) -> None:
    numerators = np.arange(size)
    out = shown(exact(numerator=numerators, denominator=size, cases=size, persons=size), measure)
    apart = np.diff(np.unique(out.value.round(9)))
    assert apart.min() == pytest.approx(step)
    assert out.value / step == pytest.approx(np.round(out.value / step))


@pytest.mark.parametrize(
    ("size", "band"),
    [(5, "<10"), (10, "10-29"), (30, "30-99"), (100, "100-299"), (300, "300-999"), (1000, "1000+")],
)
def test_sizes_are_told_as_bands(size: int, band: str) -> None:
    assert shown(sized(size), CITIZEN).n_band[0] == band


def test_an_interval_says_nothing_that_value_and_band_do_not_say() -> None:
    size = np.repeat(np.arange(10, 30), 200)
    out = shown(sized(size), STAFF)
    for value in np.unique(out.value):
        assert len({*zip(out.low[out.value == value], out.high[out.value == value], strict=True)}) == 1


def test_official_acts_are_told_as_they_are() -> None:
    out = shown(exact(numerator=61, denominator=183), OFFICIAL)
    assert (out.value[0], out.low[0], out.high[0]) == (33.0, 26.0, 41.0)  # Wilson: 26.9 to 40.4


def test_medians_are_whole_days_without_noise() -> None:
    measure = Measure(Kind.MEDIAN, Protects.HANDLING, "f", scale=1 / 24)
    out = shown(exact(numerator=[12 * 24 + 11, 12 * 24 + 12]), measure)
    assert out.value.tolist() == [12, 13]
    assert np.isnan(out.low).all()


@pytest.mark.parametrize("protects", [Protects.STAFF, Protects.CITIZEN, Protects.HANDLING])
@pytest.mark.parametrize("size", [10, 12, 29, 45, 99, 100, 250, 1000])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.5, 0.97])
def test_intervals_hold_the_share_behind_chance_and_noise(protects: Protects, size: int, share: float) -> None:
    """Of 2,000 sets whose members each count by chance, in at least 95 of 100 the interval holds that chance."""
    numerators = np.random.default_rng(size).binomial(size, share, 2000)
    out = shown(exact(numerator=numerators, denominator=size, cases=size, persons=size), SHARE[protects])
    assert np.mean((out.low <= 100 * share) & (100 * share <= out.high)) >= 0.95
    counted = 100 * numerators / size
    assert np.mean((out.low <= counted) & (counted <= out.high)) >= 0.95


def bound(kind: Kind, count: float, trials: float, side: int) -> float:
    """One end (`side` -1 or 1) of the 95 percent interval of a share or a rate, by its defining equation."""
    z = norm.ppf(0.975)
    if kind is Kind.RATE:  # Byar 1985: cube roots of counts are nearly normal
        counted = count if side < 0 else count + 1
        return (
            max(counted * (1 - 1 / (9 * counted) + side * z / (3 * sqrt(counted))) ** 3, 0) / trials if counted else 0
        )
    share = count / trials
    # Wilson 1927: the shares under which what was seen lies as far away as 95 of 100 do
    end = 1.0 if side > 0 else 0.0
    if share == end:
        return end
    return float(brentq(lambda p: abs(share - p) - z * sqrt(p * (1 - p) / trials), share, end, xtol=1e-13))


@pytest.mark.parametrize("kind", [Kind.SHARE, Kind.RATE])
@pytest.mark.parametrize("scale", [1.0, 100.0])
@pytest.mark.parametrize(
    ("size", "least"), [(5, 3), (10, 10), (29, 10), (30, 30), (250, 100), (999, 300), (4000, 1000)]
)
@pytest.mark.parametrize("variance", [1.0, 1.5])
def test_an_interval_is_that_of_the_widest_figure_of_its_band(
    kind: Kind, scale: float, size: int, least: int, variance: float
) -> None:
    """Sampling of all that reads the same in the smallest set of the band, and the noise beside it, in whole steps."""
    measure = Measure(kind, Protects.CITIZEN, "f", scale=scale)
    rules = replace(RULES, citizen=CitizenRules(noise=Noise(3, variance)))
    out = shown(exact(numerator=np.arange(0, size, max(size // 12, 1)), denominator=size, cases=size), measure, rules)
    unit = 100 if kind is Kind.SHARE else scale
    step = (5 if size < 100 else 1) / (10 if kind is Kind.RATE and scale == 1 else 1)
    noise = 1.96 * sqrt(variance) * unit / least
    for value, low, high in zip(out.value, out.low, out.high, strict=True):
        fewest = max((value - step / 2) * least / unit, 0)
        most = (value + step / 2) * least / unit
        most = min(most, least) if kind is Kind.SHARE else most
        below = hypot(value - unit * bound(kind, fewest, least, -1), noise)
        above = hypot(unit * bound(kind, most, least, 1) - value, noise)
        assert low == pytest.approx(step * floor(max(value - below, 0) / step + 1e-9))
        upper = step * ceil((value + above) / step - 1e-9)
        assert high == pytest.approx(min(upper, 100) if kind is Kind.SHARE else upper)


@pytest.mark.parametrize("protects", [Protects.STAFF, Protects.CITIZEN, Protects.HANDLING])
@pytest.mark.parametrize("kind", [Kind.SHARE, Kind.COUNT, Kind.RATE])
@pytest.mark.parametrize("share", [0.25, 0.75])
def test_a_class_has_the_noise_of_its_own_rules(protects: Protects, kind: Kind, share: float) -> None:
    """Each count is changed by at most D, with mean 0 and variance V: read off where a step is finer than a count."""
    noises = {Protects.STAFF: Noise(4, 2.0), Protects.CITIZEN: Noise(3, 1.5), Protects.HANDLING: Noise(6, 3.0)}
    rules = replace(
        RULES,
        citizen=CitizenRules(noise=noises[Protects.CITIZEN]),
        handling=HandlingRules(noise=noises[Protects.HANDLING]),
        staff=StaffRules(noise=noises[Protects.STAFF]),
    )
    size, count = 100, int(100 * share)
    cells = exact(numerator=np.full(20_000, count), denominator=size, cases=size, persons=size)
    out = shown(cells, Measure(kind, protects, "f", scale=100.0 if kind is Kind.RATE else 1.0), rules)
    change = out.value - count
    assert np.abs(change).max() == noises[protects].most
    assert change.mean() == pytest.approx(0, abs=0.05)
    assert change.var() == pytest.approx(noises[protects].variance, rel=0.05)


def test_another_secret_draws_another_noise() -> None:
    figures = exact(numerator=np.full(500, 50), denominator=100, cases=100, persons=100)
    ours, others = (gate(figures, STAFF, RULES, secret).value for secret in (SECRET, b"another root's"))
    assert 0.1 < np.mean(ours == others) < 0.4


def test_per_head_the_precision_follows_the_heads() -> None:
    """Of 250 persons told in whole steps, and in their band, though they had twelve cases alone."""
    measure = Measure(Kind.RATE, Protects.CITIZEN, "f", scale=100.0, per_head=True)
    out = shown(exact(numerator=np.arange(5, 13), denominator=250, persons=250, cases=np.arange(5, 13)), measure)
    assert set(out.n_band) == {"100-299"}
    assert (out.value % 5 != 0).any()
    assert set(out.status) == {"ok"}


def test_what_is_not_told_per_head_is_as_precise_as_its_cases() -> None:
    """Of a denominator of 250, of which 40 are cases of the indicator's population: steps of five, and their band."""
    out = shown(exact(numerator=np.arange(100, 140), denominator=250, cases=40), CITIZEN)
    assert set(out.n_band) == {"30-99"}
    assert (out.value % 5 == 0).all()
    assert set(out.status) == {"rounded"}


def test_where_there_is_no_denominator_nothing_is_divided() -> None:
    """Also where the class asks for no number: an official act of nobody is no figure."""
    out = shown(exact(numerator=0, denominator=0, persons=40), replace(OFFICIAL, minimum=0))
    assert (out.status[0], out.n_band[0]) == ("no_denominator", "")
    assert np.isnan(out.value[0])


@given(st.integers(5, 100), st.data())
def test_of_two_equal_sides_both_shares_choose_the_same(half: int, data: st.DataObject) -> None:
    """A share of one half and its opposite have one noise too, whichever side has the smaller keys."""
    keys = data.draw(st.tuples(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1)))
    numerator_keys, remainder_keys = (np.array([key], dtype=np.uint64) for key in keys)
    size = 2 * half
    one = exact(numerator=half, denominator=size, cases=size, persons=size)
    both = numerator_keys + remainder_keys
    figures = [replace(one, numerator_keys=side, denominator_keys=both) for side in (numerator_keys, remainder_keys)]
    first, second = (float(shown(cells, STAFF).value[0]) for cells in figures)
    assert first + second in ((100, 105) if size < 100 else (100, 101)) or keys[0] == keys[1]


@pytest.mark.parametrize("scale", [1.0, 100.0])
@pytest.mark.parametrize("share", [0.05, 0.4, 2.0])
def test_intervals_of_rates_hold_what_is_behind(scale: float, share: float) -> None:
    size = 120
    measure = Measure(Kind.RATE, Protects.CITIZEN, "f", scale=scale)
    numerators = np.random.default_rng(3).poisson(size * share, 4000)
    out = shown(exact(numerator=numerators, denominator=size, cases=size), measure)
    assert np.mean((out.low <= scale * share) & (scale * share <= out.high)) >= 0.95


def test_the_truth_is_kept() -> None:
    """Of a hundred and more: on average within a tenth of a point, and with a deviation of two points at most."""
    draw = np.random.default_rng(11)
    size = draw.integers(100, 1000, 30_000)
    numerators = draw.binomial(size, draw.uniform(0, 1, len(size)))
    for protects in (Protects.STAFF, Protects.CITIZEN, Protects.HANDLING):
        out = shown(exact(numerator=numerators, denominator=size, cases=size, persons=size), SHARE[protects])
        difference = out.value - 100 * numerators / size
        assert abs(difference.mean()) < 0.1
        assert difference.std() <= 2


def test_the_same_sets_read_alike_wherever_they_are_told() -> None:
    figures = sized(np.full(500, 12))
    once = shown(figures, STAFF)
    again = shown(figures[np.arange(500) >= 250], STAFF)
    assert (once.value[250:] == again.value).all()


@given(st.integers(10, 200), st.data())
def test_a_share_and_its_opposite_have_one_noise(size: int, data: st.DataObject) -> None:
    count = data.draw(st.integers(0, size))
    one = exact(numerator=count, denominator=size, cases=size, persons=size)
    other = replace(one, numerator=size - one.numerator, numerator_keys=one.denominator_keys - one.numerator_keys)
    values = [float(shown(figures, STAFF).value[0]) for figures in (one, other)]
    # halves of a step are rounded up on both sides
    assert sum(values) in ((100, 105) if size < 100 else (100, 101))


cells = st.fixed_dictionaries(
    {
        "numerator": st.integers(0, 60),
        "more": st.integers(0, 60),
        "cases": st.integers(0, 120),
        "persons": st.integers(0, 120),
        "handlers": st.integers(0, 8),
        "most_by_one": st.integers(0, 120),
        "requesters": st.integers(0, 12),
        "register": st.integers(0, 30),
        "register_handlers": st.integers(0, 6),
        "grouped": st.booleans(),
        "sensitive": st.booleans(),
        "of_employees": st.booleans(),
    }
)
measures = st.builds(
    Measure,
    st.sampled_from(Kind),
    st.sampled_from(Protects),
    st.just("f"),
    minimum=st.sampled_from([1, 20]),
    known=st.sampled_from([0.0, 0.5]),
    per_head=st.booleans(),
)


def one(cell: dict[str, Any]) -> Exact:
    denominator = cell["numerator"] + cell["more"]
    return exact(denominator=denominator, **{name: value for name, value in cell.items() if name != "more"})


@given(cells, measures, st.integers(5, 30), st.integers(3, 30), st.integers(0, 4), st.sampled_from([0.6, 0.8, 1.0]))
def test_a_milder_rule_never_hides_more(
    cell: dict[str, Any], measure: Measure, k: int, citizens: int, persons: int, most: float
) -> None:
    """Lower numbers, no rule for handlers, another noise: what was shown is shown."""
    strict = Protection(
        CitizenRules(k=citizens + 3, k_sensitive=citizens + 8),
        HandlingRules(k=k + 2, persons=persons, most_by_one=most),
        StaffRules(k=k + 1, group=2 * k),
    )
    citizen, handling, staff = strict.citizen, strict.handling, strict.staff
    milder = [
        replace(strict, citizen=replace(citizen, k=citizens)),
        replace(strict, citizen=replace(citizen, k_sensitive=citizens + 3)),
        replace(strict, handling=replace(handling, k=k)),
        replace(strict, handling=replace(handling, persons=0, most_by_one=1.0)),
        replace(strict, handling=replace(handling, persons=max(persons - 1, 0))),
        replace(strict, staff=replace(staff, k=k)),
        replace(
            strict,
            citizen=replace(citizen, noise=Noise(2, 1.0)),
            handling=replace(handling, noise=Noise(2, 1.0)),
            staff=replace(staff, noise=Noise(2, 1.0)),
        ),
    ]
    before = np.isfinite(shown(one(cell), measure, strict).value[0])
    for rules in milder:
        assert not before or np.isfinite(shown(one(cell), measure, rules).value[0])


@given(cells, measures)
def test_too_few_read_alike_be_there_none_or_one_short(cell: dict[str, Any], measure: Measure) -> None:
    """Whatever else is behind it: a cell with too few cases or persons has one face."""
    out = shown(one(cell), measure)
    few = out.reason[0] in ("few_cases", "few_persons")
    if few:
        nobody = np.zeros(1, dtype=np.int64)
        empty = replace(
            one(cell), numerator=nobody, denominator=nobody, cases=nobody, handlers=nobody, most_by_one=nobody
        )
        if measure.protects is Protects.STAFF:
            empty = replace(empty, persons=nobody)
        bare = shown(empty, measure)
        for field in fields(Gated):
            if field.name != "reason":
                np.testing.assert_array_equal(getattr(out, field.name), getattr(bare, field.name))


@pytest.mark.parametrize(("measure", "k"), [(CITIZEN, 5), (HANDLING, 10), (STAFF, 10)])
@pytest.mark.parametrize("grouped", [False, True])
def test_none_and_one_short_have_the_same_row(measure: Measure, k: int, grouped: bool) -> None:
    numbers = np.arange(k)
    out = shown(sized(numbers, grouped=grouped, handlers=np.minimum(numbers, 5)), measure)
    for field in fields(Gated):
        assert len(np.unique(getattr(out, field.name))) == 1
