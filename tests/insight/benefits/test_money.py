"""Accounts and money, worked by hand, and that no hour is ever booked twice."""

from collections import defaultdict
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nytta.insight.benefits.costs import FACTORS, PUBLISHED, HourlyCost, NoCost, hourly_cost
from nytta.insight.benefits.money import (
    Booking,
    Claim,
    Confirmation,
    MixedCurrencies,
    Pool,
    book,
    stands,
    total,
    value_of_change,
)
from nytta.registry.programme import Decision, Kind
from nytta.registry.units import Names

A, B = Pool("vard", "arende", "ansokan"), Pool("vard", "arende", "overklagan")
SWEDEN, NORWAY, EURO = FACTORS
COST = HourlyCost("SE", "SEK", "handläggare", 41_500, "local payroll 2026", local=True)


def test_hours_are_redistribution_until_a_decision() -> None:
    claim = Claim("tid", Kind.FINANCIAL, (A,), cost=COST, confirmed=True)
    (booking,) = book({A: 100_000}, [claim]).bookings
    assert (booking.account, booking.amount) == (Kind.REDISTRIBUTION, 4_150_000)  # 100 h at 415 kr


def test_a_decision_turns_so_many_hours_into_money() -> None:
    claim = Claim("tid", Kind.REDISTRIBUTION, (A, B), decided=70_000, cost=COST, confirmed=True)
    ledger = book({A: 60_000, B: 40_000}, [claim])
    assert [(each.pool, each.account, each.hours) for each in ledger.bookings] == [
        (A, Kind.FINANCIAL, 60_000),
        (B, Kind.FINANCIAL, 10_000),
        (B, Kind.REDISTRIBUTION, 30_000),
    ]
    assert total(ledger.bookings, Kind.FINANCIAL).amount == 2_905_000
    assert total(ledger.bookings).amount == 4_150_000


def test_the_same_hour_is_not_booked_for_two_benefits() -> None:
    claims = [
        Claim("a-omfordelning", Kind.REDISTRIBUTION, (A,)),
        Claim("b-besparing", Kind.FINANCIAL, (A,), decided=None),
        Claim("c-kvalitet", Kind.QUALITY, (A, B)),
    ]
    ledger = book({A: 50_000, B: 7_000}, claims)
    assert [(each.benefit, each.account, each.hours) for each in ledger.bookings] == [
        ("b-besparing", Kind.FINANCIAL, 50_000),
        ("c-kvalitet", Kind.QUALITY, 7_000),
    ]
    assert [(each.benefit, each.hours, each.taken_by) for each in ledger.refused] == [
        ("a-omfordelning", 50_000, ("b-besparing",)),
        ("c-kvalitet", 50_000, ("b-besparing",)),
    ]


def test_no_money_before_the_owner_has_confirmed_the_minutes() -> None:
    ledger = book({A: 50_000, B: 10_000}, [Claim("a", Kind.REDISTRIBUTION, (A,), cost=COST)])
    found = total(ledger.bookings)
    assert (found.hours, found.amount, found.currency, found.withheld) == (50_000, 0, "", ("a",))
    assert ledger.unclaimed == {B: 10_000}


def test_a_confirmation_is_of_these_minutes_by_this_owner() -> None:
    said = Confirmation("a", "Anna", date(2026, 3, 2), 900_000)
    assert said.holds(owner="Anna", saved=900_000, day=date(2026, 3, 2))
    assert not said.holds(owner="Anna", saved=600_000, day=date(2026, 4, 1))
    assert not said.holds(owner="Bo", saved=900_000, day=date(2026, 4, 1))
    assert not said.holds(owner="Anna", saved=900_000, day=date(2026, 3, 1))


def test_a_decision_stands_from_its_day_until_reversed_for_those_it_concerns() -> None:
    decision = Decision("d", Names.of("d"), date(2026, 3, 2), units=("forvaltning",))
    above = {"enhet", "forvaltning", "kommun"}
    assert stands(decision, date(2026, 3, 2), within=above)
    assert not stands(decision, date(2026, 3, 1), within=above)
    assert not stands(decision, date(2026, 5, 1), within=above, reversed_on=date(2026, 5, 1))
    assert not stands(decision, date(2026, 5, 1), within={"annan", "kommun"})
    assert not stands(None, date(2026, 5, 1), within=above)


def test_currencies_are_never_added() -> None:
    bookings = [
        Booking("svensk", A, Kind.REDISTRIBUTION, 1000, 100, "SEK"),
        Booking("norsk", B, Kind.REDISTRIBUTION, 1000, 100, "NOK"),
    ]
    with pytest.raises(MixedCurrencies, match=r"NOK: 'norsk'; SEK: 'svensk'"):
        total(bookings)


@pytest.mark.parametrize(
    ("claims", "message"),
    [
        ([Claim("a", Kind.QUALITY, (A,)), Claim("a", Kind.QUALITY, (B,))], "claims hours twice"),
        ([Claim("a", Kind.QUALITY, (A, A))], "same pool twice"),
        ([Claim("a", Kind.QUALITY, (Pool("x", "y"),))], "none are known"),
        ([Claim("a", Kind.QUALITY, (A,), decided=-1)], "negative"),
    ],
)
def test_claims_that_cannot_be(claims: list[Claim], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        book({A: 1, B: 1}, claims)


def test_lost_hours_cannot_be_booked() -> None:
    with pytest.raises(ValueError, match="cannot be booked"):
        book({A: -1}, [])


POOLS = [Pool(unit, "s", kind) for unit in "uv" for kind in "ab"]
CLAIMS = st.lists(
    st.builds(
        Claim,
        st.sampled_from("abcdef"),
        st.sampled_from(Kind),
        st.lists(st.sampled_from(POOLS), unique=True).map(tuple),
        st.none() | st.integers(0, 300_000),
        st.none() | st.just(COST),
        st.booleans(),
    ),
    unique_by=lambda claim: claim.benefit,
)


@given(st.lists(st.integers(0, 200_000), min_size=4, max_size=4), CLAIMS)
def test_each_hour_is_booked_once_whatever_is_claimed(hours: list[int], claims: list[Claim]) -> None:
    freed = dict(zip(POOLS, hours, strict=True))
    ledger = book(freed, claims)
    booked: defaultdict[Pool, int] = defaultdict(int)
    by_claim: defaultdict[tuple[str, Pool], int] = defaultdict(int)
    for each in ledger.bookings:
        booked[each.pool] += each.hours
        by_claim[each.benefit, each.pool] += each.hours
    for pool, there in freed.items():
        assert booked[pool] + ledger.unclaimed.get(pool, 0) == there
    refused = {(each.benefit, each.pool): each.hours for each in ledger.refused}
    for claim in claims:
        money = sum(h.hours for h in ledger.bookings if (h.benefit, h.account) == (claim.benefit, Kind.FINANCIAL))
        assert money <= (sum(hours) if claim.decided is None else claim.decided)
        assert not (claim.kind is Kind.QUALITY and money)
        for pool in claim.pools:
            assert by_claim[claim.benefit, pool] + refused.get((claim.benefit, pool), 0) == freed[pool]
    by_name = {claim.benefit: claim for claim in claims}
    for each in ledger.bookings:
        claim = by_name[each.benefit]
        assert (each.amount is not None) == (claim.confirmed and claim.cost is not None)
    assert book(freed, list(reversed(claims))) == ledger


def test_letters_that_are_no_longer_bought() -> None:
    # 10,000 letters a quarter, 6,000 promised, 7,500 sent: 2,500 letters at 9.50 kr.
    assert value_of_change(7_500_000, 10_000_000, 10_000_000, 6_000_000, 950) == 2_375_000
    assert value_of_change(10_100_000, 10_000_000, 10_000_000, 6_000_000, 950) == -95_000
    assert value_of_change(12_500_000, 10_000_000, 10_000_000, 14_000_000, 950) == 2_375_000


def test_hourly_cost_of_a_monthly_pay() -> None:
    # 38,300 kr / 142 h · 1.54 = 415.37 kr
    assert SWEDEN.hourly(3_830_000) == 41_537
    # Norway: 12 · 48,000 kr / 1,700 h · 1.26 = 426.92 kr; euro: 12 · 3,600 / 1,720 · 1.342 = 33.71
    assert [f.hourly(pay) for f, pay in ((NORWAY, 4_800_000), (EURO, 360_000))] == [42_692, 3_371]


def test_local_figures_come_first() -> None:
    own = HourlyCost("SE", "SEK", "undersköterska", 38_000, "payroll 2026", local=True)
    every = HourlyCost("SE", "SEK", "", 45_000, "Sundsvall", local=True)
    assert hourly_cost("undersköterska", "SE", "SEK", local=[own, every]) is own
    assert hourly_cost("biståndsbedömare", "SE", "SEK", local=[own, every]) is every
    paid = hourly_cost("biståndsbedömare", "SE", "SEK", monthly_pay=3_830_000, pay_source="payroll 2026")
    assert paid.amount == 41_537
    assert paid.source.startswith("payroll 2026: 12 · pay / 1704 · 1.54; Inera")
    assert hourly_cost("biståndsbedömare", "SE", "SEK").amount == 41_500


@pytest.mark.parametrize(
    ("country", "currency", "amount", "source"),
    [
        ("SE", "SEK", 45_000, "Sundsvall"),
        ("NO", "NOK", 51_800, "SSB"),  # 880,592 kr / 1,700 h
        ("FI", "EUR", 3_750, "Eurostat"),
        ("EE", "EUR", 3_750, "Eurostat"),
    ],
)
def test_each_country_has_a_published_figure_of_all_roles(
    country: str, currency: str, amount: int, source: str
) -> None:
    cost = hourly_cost("someone", country, currency)
    assert (cost.currency, cost.amount) == (currency, amount)
    assert source in cost.source


def test_without_a_published_figure_a_local_one_is_needed() -> None:
    with pytest.raises(NoCost, match="role 'sagsbehandler' in DK in DKK; give a local hourly cost with its source"):
        hourly_cost("sagsbehandler", "DK", "DKK", local=[COST])
    own = HourlyCost("DK", "DKK", "", 41_000, "payroll", local=True)
    assert hourly_cost("sagsbehandler", "DK", "DKK", local=[own]) is own


def test_a_cost_in_another_currency_does_not_count() -> None:
    own = HourlyCost("NO", "EUR", "", 4_100, "payroll", local=True)
    assert hourly_cost("", "NO", "NOK", local=[own]).amount == 51_800
    assert hourly_cost("", "NO", "EUR", local=[own]) is own


def test_every_published_figure_has_a_source() -> None:
    assert all(each.source and not each.local for each in PUBLISHED)
    with pytest.raises(ValueError, match="source"):
        HourlyCost("NO", "NOK", "r", 1, "")
    with pytest.raises(ValueError, match="positive"):
        HourlyCost("DK", "DKK", "r", 0, "x")
