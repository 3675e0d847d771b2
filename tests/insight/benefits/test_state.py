"""Statements: money only where it may be shown, decisions, changed plans, words that do not flicker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest

from nytta.insight.benefits.decided import standing
from nytta.insight.benefits.evidence import Evidence, Measured, Published
from nytta.insight.benefits.model_file import read_model
from nytta.insight.benefits.state import state
from nytta.insight.benefits.stated_benefit import NO_COST, UNCONFIRMED
from nytta.insight.benefits.statement import Benefit, Statement, decode, encode
from nytta.insight.states.decisions import Act
from nytta.registry import declarations
from nytta.registry.load import read
from nytta.registry.programme import Decision
from nytta.registry.registry import Registry
from nytta.registry.units import Names

ORGANISATION = b"""
organisations: [{id: town, name: Town, timezone: Europe/Stockholm, country: SE}]
units:
  - {id: permits, name: Permits, parent: town}
  - {id: tiny, name: Tiny, parent: town}
  - {id: small, name: Small, parent: town}
reporting_groups:
  - {id: few, name: Few, units: [tiny, small], manager: {name: B, email: b@town.example}}
"""
SYSTEMS = b"""
systems:
  - id: casework
    name: Casework
    go_live: 2025-09-01
    case_types:
      - {id: permit, name: Permit, minutes: {before: 60, after: 40}}
"""
PROGRAMME = """
benefits:
  - id: faster
    name: Faster permits
    unit: permits
    kind: redistribution
    unit_of_measure: minutes per case
    owner: {name: Anna, email: anna@town.example}
    baseline: 60
    baseline_from: 2025-01-06
    baseline_to: 2025-08-04
    target: 44
    start: 2025-09-01
    due: 2026-09-07
    method: timed
    system: casework
    case_type: permit
    adoption: {indicator: intended-use, baseline: 0 %, target: 80 %}
    minutes: {before: 60, after: 40, confirmed_by: CONFIRMED, confirmed_on: 2025-08-11}
    hourly_cost: {amount: 400, source: pay of 2025}
    DECISION
  - id: letters
    name: Fewer letters
    unit: permits
    kind: avoided_purchase
    unit_of_measure: letters a year
    baseline: 10 000
    target: 2 000
    start: 2025-09-01
    due: 2026-09-07
    value_per_unit: 12.50
decisions:
  - {id: fewer-posts, name: Two posts fewer, decided: 2026-01-12, units: [permits]}
costs:
  - name: Second way
    unit: town
    system: casework
    kind: parallel
    amount: 36 500
    valid_from: 2026-01-01
    valid_to: 2027-01-01
  - {name: Project, unit: town, system: casework, amount: 1 000, valid_from: 2026-05-01, valid_to: 2026-05-11}
surveys:
  - {name: DiMiOS, year: 2025, unit: town, scores: {heritage: 44}, source: the survey's own report}
"""
WEEK = date(2026, 6, 1)
MODEL, _ = read_model("default.yaml", (declarations.schemas() / "maturity" / "default.yaml").read_bytes())
assert MODEL is not None


def registry(
    text: str = PROGRAMME, confirmed: str = "Anna", decision: str = "", organisation: bytes = ORGANISATION
) -> Registry:
    text = text.replace("CONFIRMED", confirmed).replace("DECISION", decision)
    loaded = read({"organisation.yaml": organisation, "systems.yaml": SYSTEMS, "programme.yaml": text.encode()})
    assert loaded.registry is not None, loaded.problems
    return loaded.registry


def measured(values: Sequence[int], start: date = date(2025, 9, 1), weeks: int = 4) -> tuple[Measured, ...]:
    """Values in minutes, one every fourth week."""
    return tuple(
        Measured(start + timedelta(weeks=weeks * n), start + timedelta(weeks=weeks * (n + 1)), 1000 * value)
        for n, value in enumerate(values)
    )


def evidence(acts: Sequence[Act] = (), values: Sequence[int] = (60, 58, 56, 54, 53, 52, 52, 52, 52)) -> Evidence:
    return Evidence(
        WEEK,
        measured={"faster": measured(values), "letters": (Measured(date(2026, 5, 4), date(2026, 6, 1), 6_000_000),)},
        published={("digital-intake", "town", "casework", "*"): Published(62.0, 55.0, 69.0, "100+", "ok", 1, WEEK)},
        use={("intended-use", "permits", "casework", "permit"): 40},
        cases={("permits", "casework", "permit"): 612},
        acts=tuple(acts),
    )


def said(registry: Registry, found: Evidence, before: Statement | None = None) -> Statement:
    assert MODEL is not None
    return state(registry.organisations[0], registry, found, MODEL, before)


def of(statement: Statement, benefit: str = "faster") -> Benefit:
    return next(b for b in statement.benefits if b.id == benefit)


def test_freed_hours_are_redistribution_until_a_decision_stands() -> None:
    # 40 % of 610 cases · 20 minutes = 81.3 h; measured: half of 610 · 16 minutes = 81.3 h too.
    without = of(said(registry(), evidence()))
    assert (without.account, without.freed, without.amount) == ("redistribution", 81_000, 3_240_000)
    decided = registry(decision="decision: fewer-posts")
    stands = said(decided, evidence())
    assert of(stands).account == "financial"
    assert [(b.account, b.hours, b.amount) for b in stands.booked] == [
        ("financial", 81_000, 3_240_000),
        ("avoided_purchase", 0, 5_000_000),
    ]
    reversed_ = evidence([Act("fewer-posts", "permits", "reversed", date(2026, 5, 4))])
    assert of(said(decided, reversed_)).account == "redistribution"


def test_no_money_until_the_owner_has_confirmed_the_minutes() -> None:
    unconfirmed = said(registry(confirmed="the project"), evidence())
    assert of(unconfirmed).amount is None
    assert of(unconfirmed).why_no_money == UNCONFIRMED
    assert unconfirmed.pools[0].amount_missing is None
    assert of(unconfirmed).freed == 81_000


LOCAL = "    hourly_cost: {amount: 400, source: pay of 2025}\n"


def test_an_hour_costs_what_is_known_here_first() -> None:
    # 81 hours: at 400 as given, at 38,300 / 142 · 1.54 from pay, at the published 450 where nothing is said.
    paid = PROGRAMME.replace(LOCAL, "    hourly_cost: {monthly_pay: 38 300, source: payroll}\n")
    published = PROGRAMME.replace(LOCAL, "")
    assert [of(said(registry(text), evidence())).amount for text in (PROGRAMME, paid, published)] == [
        3_240_000, 3_364_497, 3_645_000,
    ]  # fmt: skip
    told = said(registry(published), evidence()).pools[0]
    assert "Sundsvall" in told.hourly_cost_source
    elsewhere = ORGANISATION.replace(b"country: SE", b"country: DK")
    assert of(said(registry(published, organisation=elsewhere), evidence())).why_no_money == NO_COST


def test_an_avoided_purchase_is_worth_what_is_not_bought() -> None:
    letters = of(said(registry(), evidence()), "letters")
    assert letters.realised == 500  # 4,000 of 8,000 letters
    assert (letters.avoided, letters.avoided_missing) == (5_000_000, 5_000_000)  # 4,000 · 12.50
    assert letters.lacks == ("owner", "method")


def test_the_gap_is_parted_into_use_and_effect() -> None:
    gap = of(said(registry(), evidence())).gap
    assert gap is not None
    assert (gap.use, gap.effect) == (50, 0)  # 40 of 80 points of use; half the promise has come


def test_spent_and_break_even() -> None:
    statement = said(registry(), evidence())
    assert statement.spent == {"casework": 100_000}
    even = statement.break_even[0]
    # 36,500 a year; a case saves 20 minutes of 400 an hour = 133.33: 274 of 610 cases
    assert (even.parallel, even.share, even.now) == (3_650_000, 45, 62)
    assert statement.surveys[0].scores == {"heritage": 44}


def test_a_changed_plan_is_told_and_rewrites_nothing() -> None:
    first = said(registry(), evidence())
    kept = encode(first)
    second = said(registry(PROGRAMME.replace("target: 44", "target: 52")), evidence(), first)
    assert encode(first) == kept
    assert of(first).realised == 500
    assert of(second).realised == 1000
    change = of(second).changes[0]
    assert (change.field, change.before, change.after) == ("target", "44000", "52000")
    assert of(second).known_since == of(first).known_since
    third = said(registry(PROGRAMME.replace("target: 44", "target: 52")), evidence(), second)
    assert of(third).changes == of(second).changes


def test_a_statement_comes_back_as_it_was() -> None:
    statement = said(registry(), evidence())
    assert decode(encode(statement)) == statement
    assert encode(decode(encode(statement))) == encode(statement)


def test_words_follow_the_word_of_the_week_before_however_often_they_are_asked() -> None:
    here = registry()
    before = said(here, replace(evidence(), week=WEEK - timedelta(weeks=1)))
    once = said(here, evidence(), before)
    again = said(here, evidence(), once)
    assert encode(once) == encode(again)
    assert of(once).word_before == of(before).word


def test_hours_of_a_small_unit_are_its_own() -> None:
    text = PROGRAMME.replace("unit: permits\n    kind: redistribution", "unit: tiny\n    kind: redistribution")
    found = replace(
        evidence(),
        use={("intended-use", "tiny", "casework", "permit"): 40},
        cases={("tiny", "casework", "permit"): 612, ("small", "casework", "permit"): 500},
    )
    statement = said(registry(text), found)
    assert statement.pools[0].place == "tiny"
    assert statement.pools[0].cases == 610
    assert {"tiny", "few"} <= set(statement.places)
    assert of(statement).gap is None


def test_every_baseline_flag_is_told() -> None:
    text = PROGRAMME.replace("baseline_to: 2025-08-04", "baseline_to: 2025-09-08").replace("2025-01-06", "2025-07-07")
    assert of(said(registry(text), evidence())).flags == ("baseline_after_go_live", "baseline_short")


DECIDED = Decision("d", Names.of("D"), date(2026, 1, 5), "county", date(2026, 4, 6), ("a", "b"))


@pytest.mark.parametrize(
    ("acts", "day", "word", "received", "executed"),
    [
        ([], date(2026, 2, 1), "under_way", 0, 0),
        ([], date(2026, 3, 9), "stuck", 0, 0),
        (["a acknowledged", "b acknowledged"], date(2026, 3, 9), "under_way", 2, 0),
        (["a acknowledged", "b acknowledged", "a executed"], date(2026, 4, 7), "stuck", 2, 1),
        (["a executed", "b executed"], date(2026, 4, 7), "executed", 2, 2),
        (["a executed", "c executed"], date(2026, 2, 1), "under_way", 1, 1),
        (["a executed", "b executed", "a reversed"], date(2026, 4, 7), "reversed", 2, 2),
    ],
)
def test_how_a_decision_stands(acts: list[str], day: date, word: str, received: int, executed: int) -> None:
    told = [Act("d", each.split()[0], each.split()[1], date(2026, 1, 12)) for each in acts]
    found = standing(DECIDED, told, DECIDED.units, day)
    assert (found.word, found.acknowledged, found.executed) == (word, received, executed)
