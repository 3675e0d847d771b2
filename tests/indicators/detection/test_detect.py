"""What is found, what is not, and what must never happen.

A detector that spends its budget says something false of twelve units now and then. Here one false signal in a
thousand units and years is allowed, so that what the invented series hold decides and chance does not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nytta.indicators.detection import Parameters, Result, Series, Signal, parse
from nytta.indicators.detection import detect as detect_with
from nytta.indicators.detection.gates import gate

Rows = Callable[..., list[str]]
Table = Callable[..., str]
Weeks = Callable[[int], list[str]]


STRICT = Parameters(false_per_unit_year=0.001)


def detect(series: Series, parameters: Parameters = STRICT) -> Result:
    return detect_with(series, parameters)


def of(result: Result, kind: str) -> list[Signal]:
    return [signal for signal in result.signals if signal.kind == kind]


def test_units_that_are_alike_give_no_signal(rows: Rows, table: Table) -> None:
    assert detect(parse(table(rows()))).signals == ()


def test_a_unit_that_never_took_off_is_a_level_signal_with_evidence(rows: Rows, table: Table, weeks: Weeks) -> None:
    lines = rows(share=lambda u, _t: 0.4 if u == 3 else 0.8)
    signals = detect(parse(table(lines))).signals
    assert [(s.unit, s.kind, s.closed) for s in signals] == [("U03", "level", None)]
    evidence = signals[0].evidence
    assert evidence["share"] < 0.55
    assert evidence["peer_median"] > 0.7
    assert evidence["probability"] >= 0.95
    assert evidence["peers"] == 11
    assert evidence["interval"][0] < evidence["share"] < evidence["interval"][1]
    assert evidence["notify"] is True
    assert evidence["since"] == weeks(1)[0]


def test_a_relapse_opens_within_weeks_and_closes_when_use_returns(rows: Rows, table: Table, weeks: Weeks) -> None:
    lines = rows(share=lambda u, t: 0.55 if u == 5 and 60 <= t < 75 else 0.8)
    signals = of(detect(parse(table(lines))), "relapse")
    calendar = weeks(100)
    assert [s.unit for s in signals] == ["U05"]
    assert 60 < calendar.index(signals[0].opened) <= 64
    assert signals[0].closed is not None
    assert 75 < calendar.index(signals[0].closed) <= 95
    assert signals[0].evidence["drop"] > 0.08
    assert abs(calendar.index(signals[0].evidence["since"]) - 60) <= 2
    assert signals[0].evidence["compared_with"] == "peers"


def test_a_drift_of_a_point_a_week_is_found(rows: Rows, table: Table, weeks: Weeks) -> None:
    lines = rows(size=60, share=lambda u, t: 0.8 - 0.01 * max(0, min(t - 50, 40)) * (u == 2))
    found = [s for s in detect_with(parse(table(lines))).signals if s.unit == "U02"]
    assert found
    assert weeks(100).index(found[0].opened) - 50 <= 16


def test_july_and_an_absent_unit_give_no_signal(rows: Rows, table: Table, weeks: Weeks) -> None:
    calendar = weeks(100)
    summer = {k for k, week in enumerate(calendar) if 27 <= int(week[6:]) <= 32}

    def presence(unit: int, t: int) -> float:
        if t in summer:
            return 0.3
        return 0.5 if unit == 4 and 60 <= t < 68 else 0.95

    result = detect(parse(table(rows(presence=presence))))
    assert result.signals == ()
    named = {(e.unit, e.week): e.reason for e in result.not_assessed}
    assert named[("U00", calendar[min(summer)])] == "quiet_week"
    assert named[("U04", calendar[62])] == "absence"


def test_head_counts_are_brought_down_to_those_at_work(rows: Rows, table: Table) -> None:
    lines = []
    for line in rows(presence=lambda u, t: 0.72 if u == 1 and 50 <= t < 60 else 0.95):
        cells = line.split(",")
        cells[6] = cells[7]
        lines.append(",".join(cells))
    assert detect(parse(table(lines))).signals == ()


def test_an_outage_is_one_signal_for_operations_and_none_for_units(rows: Rows, table: Table, weeks: Weeks) -> None:
    lines: list[str] = []
    for k, indicator in enumerate(("breadth", "intake")):
        lines += rows(share=lambda _u, t: 0.1 if t == 66 else 0.8, seed=k, indicator=indicator)
    signals = detect(parse(table(lines))).signals
    assert [(s.unit, s.system, s.indicator, s.kind) for s in signals] == [("*", "desk", "*", "common_cause")]
    assert (signals[0].opened, signals[0].closed) == (weeks(100)[66], weeks(100)[67])
    assert signals[0].evidence["to"] == "operations"


def test_a_fall_of_all_that_stays_becomes_the_usual_level(rows: Rows, table: Table) -> None:
    signals = detect(parse(table(rows(share=lambda _u, t: 0.5 if t >= 60 else 0.8)))).signals
    assert [s.kind for s in signals] == ["common_cause"]
    assert signals[0].closed is not None


def test_a_unit_alone_in_its_peer_group_is_named_and_judged_by_its_own_past(
    rows: Rows, table: Table, weeks: Weeks
) -> None:
    lines = rows(units=1, share=lambda _u, t: 0.4 if t >= 70 else 0.85)
    result = detect(parse(table(lines)), replace(STRICT, common_count=5))
    assert {e.reason for e in result.not_assessed if e.unit == "U00"} >= {"too_few_peers"}
    assert [(s.kind, s.evidence["compared_with"]) for s in result.signals] == [("relapse", "own")]
    assert weeks(100).index(result.signals[0].opened) >= 70


def test_a_declared_milestone_begins_a_new_baseline(rows: Rows, table: Table, weeks: Weeks) -> None:
    lines = rows(share=lambda u, t: 0.6 if u == 5 and t >= 60 else 0.8)
    at = weeks(100)[60]
    marked = [f"{line},{'steering_changed' if line.startswith('U05') and at in line else ''}" for line in lines]
    head = "unit,peer_group,system,indicator,week,numerator,denominator,eligible,presence,milestone"
    assert of(detect(parse(table(marked, head))), "relapse") == []
    reasons = {e.reason for e in detect(parse(table(marked, head))).not_assessed if e.unit == "U05"}
    assert "after_milestone" in reasons


def test_a_unit_that_changes_size_is_another_unit(rows: Rows, table: Table) -> None:
    lines = rows()
    for k, line in enumerate(lines):
        cells = line.split(",")
        if cells[0] == "U02" and cells[4] >= "2025-W20":
            cells[5], cells[6], cells[7] = str(int(int(cells[5]) * 0.6)), str(int(int(cells[6]) * 0.9)), "90"
            lines[k] = ",".join(cells)
    result = detect(parse(table(lines)))
    assert of(result, "relapse") == []
    assert "unit_changed" in {e.reason for e in result.not_assessed if e.unit == "U02"}


def test_an_access_problem_is_no_lag(rows: Rows, table: Table) -> None:
    lines = [
        f"{line},{0.5 if line.startswith('U03') else 1}" for line in rows(share=lambda u, _t: 0.3 if u == 3 else 0.8)
    ]
    head = "unit,peer_group,system,indicator,week,numerator,denominator,eligible,presence,entitlement"
    result = detect(parse(table(lines, head)))
    assert result.signals == ()
    assert "access" in {e.reason for e in result.not_assessed if e.unit == "U03"}


def test_two_of_ten_without_access_block_nothing(rows: Rows, table: Table) -> None:
    lines = [f"{line},{8 if line.startswith('U03') else 10}" for line in rows(size=10)]
    head = "unit,peer_group,system,indicator,week,numerator,denominator,eligible,presence,entitlement"
    assert "access" not in {e.reason for e in detect(parse(table(lines, head))).not_assessed}


def test_behind_plan_and_on_plan(rows: Rows, table: Table, weeks: Weeks) -> None:
    due = weeks(100)[45]
    lines = [f"{line},0.7@{due}" for line in rows(number=46, share=lambda u, _t: 0.45 if u == 3 else 0.85)]
    head = "unit,peer_group,system,indicator,week,numerator,denominator,eligible,presence,plan"
    signals = of(detect(parse(table(lines, head))), "behind_plan")
    assert [s.unit for s in signals] == ["U03"]
    evidence = signals[0].evidence
    assert evidence["probability"] < 0.2
    assert evidence["status"] == "off_track"
    assert evidence["target"] == 0.7
    assert weeks(100).index(signals[0].opened) <= 30


def test_a_plan_keeps_its_day_when_that_has_passed(rows: Rows, table: Table, weeks: Weeks) -> None:
    due = 45
    fallen = rows(number=70, share=lambda u, t: 0.4 if u == 3 and t > due else 0.85)
    head = "unit,peer_group,system,indicator,week,numerator,denominator,eligible,presence,plan"
    signals = of(detect(parse(table([f"{line},0.7@{weeks(100)[due]}" for line in fallen], head))), "behind_plan")
    assert signals
    for signal in signals:
        assert weeks(100).index(signal.opened) > due
        assert weeks(100).index(signal.opened) + signal.evidence["weeks_left"] == due


def test_many_behind_plan_are_heard_by_the_programme_lead_not_silenced(rows: Rows, table: Table, weeks: Weeks) -> None:
    due = weeks(100)[45]
    lines = [f"{line},0.9@{due}" for line in rows(number=46, share=lambda _u, _t: 0.4)]
    head = "unit,peer_group,system,indicator,week,numerator,denominator,eligible,presence,plan"
    result = detect(parse(table(lines, head)))
    assert len(of(result, "behind_plan")) == 12
    assert {s.evidence["to"] for s in of(result, "common_cause")} == {"programme_lead"}


def test_one_unit_is_told_one_thing_in_four_weeks(rows: Rows, table: Table) -> None:
    lines: list[str] = []
    for k, indicator in enumerate(("breadth", "intake", "intended")):
        lines += rows(share=lambda u, _t: 0.35 if u == 3 else 0.8, seed=k, indicator=indicator)
    signals = detect(parse(table(lines))).signals
    assert len(signals) == 3
    assert sum(s.evidence["notify"] for s in signals) == 1


def test_no_new_unit_signal_in_quiet_weeks(rows: Rows, table: Table) -> None:
    lines = rows(number=150, share=lambda u, t: 0.45 if u % 5 == 0 and t >= 76 else 0.8)
    signals = detect(parse(table(lines))).signals
    assert signals
    quiet = set(Parameters().quiet_weeks)
    assert not [s for s in signals if s.unit != "*" and int(s.opened[6:]) in quiet]


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.integers(20, 99), seed=st.integers(0, 50))
def test_cutting_off_the_future_changes_no_earlier_signal(
    rows: Rows, table: Table, weeks: Weeks, cut: int, seed: int
) -> None:
    def share(unit: int, t: int) -> float:
        if unit == 1:
            return 0.4
        return 0.5 if unit == 2 and t >= 55 else 0.1 if t == 72 else 0.8

    due = weeks(100)[50]
    lines = [f"{line},{'0.7@' + due if int(line[1:3]) % 2 else ''}" for line in rows(share=share, seed=seed)]
    head = "unit,peer_group,system,indicator,week,numerator,denominator,eligible,presence,plan"
    known = set(weeks(100)[:cut])
    whole = detect(parse(table(lines, head)))
    part = detect(parse(table([line for line in lines if line.split(",")[4] in known], head)))

    def told(result: Result) -> list[tuple[object, ...]]:
        return [(s.unit, s.indicator, s.kind, s.opened, repr(s.evidence)) for s in result.signals if s.opened in known]

    assert told(whole) == told(part)
    assert [e for e in whole.not_assessed if e.week in known] == list(part.not_assessed)
    closed = {(s.unit, s.kind, s.opened): s.closed for s in whole.signals}
    for signal in part.signals:
        if signal.closed is not None:
            assert closed[(signal.unit, signal.kind, signal.opened)] == signal.closed


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(size=st.integers(1, 9), share=st.floats(0, 1), told=st.booleans())
def test_fewer_than_ten_persons_never_give_a_signal(
    rows: Rows, table: Table, size: int, share: float, told: bool
) -> None:
    lines = rows(number=70) + rows(number=70, units=1, size=size, share=lambda _u, _t: share, seed=3)
    lines = [line.replace("U00", "U99") if k >= 12 * 70 else line for k, line in enumerate(lines)]
    if not told:
        lines = [",".join(line.split(",")[:7]) for line in lines]
    head = "unit,peer_group,system,indicator,week,numerator,denominator" + (",eligible,presence" if told else "")
    result = detect(parse(table(lines, head)))
    assert not [s for s in result.signals if s.unit == "U99"]
    assert {e.reason for e in result.not_assessed if e.unit == "U99"} == {"group_too_small"}


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["A", "B", ""]),
            st.sampled_from(["g", "h", ""]),
            st.sampled_from(["2026-W01", "2026-W53", "2025-W53", "2026-W30", "x", ""]),
            st.sampled_from(["0", "5", "20", "-3", "", "1e400", "nan", "x"]),
            st.sampled_from(["0", "5", "20", "-3", "", "inf"]),
            st.sampled_from(["", "12", "-1", "x"]),
            st.sampled_from(["", "0.5", "7", "x"]),
            st.sampled_from(["", "live", "reorganised", "live;x"]),
            st.sampled_from(["", "0.8", "80%@2026-W40", "0.8@2020-W01", "0.8@x", "9"]),
        ),
        max_size=25,
    )
)
def test_nothing_crashes_and_every_row_is_used_or_named(rows_of: list[tuple[str, ...]]) -> None:
    head = "unit,peer_group,system,indicator,week,numerator,denominator,eligible,presence,milestone,plan"
    lines = [f"{u},{g},s,i,{w},{x},{n},{e},{p},{m},{t}" for u, g, w, x, n, e, p, m, t in rows_of]
    series = parse("\n".join([head, *lines]))
    result = detect(series)
    named = {(e.unit, e.week) for e in result.not_assessed}
    for unit, _, week, x, n, *_ in rows_of:
        if not unit or week in ("2025-W53", "x", "") or x not in ("0", "5", "20") or n not in ("0", "5", "20"):
            assert (unit, week) in named
    result.as_dict()


def test_detection_is_vectorised_enough() -> None:
    """Not a timing: one run over 300 units must not fall into a loop over units and weeks."""
    rng = np.random.default_rng(0)
    lines = []
    for unit in range(300):
        for week in range(1, 53):
            n = 30
            lines.append(f"U{unit},g{unit % 6},s,i,2025-W{week:02d},{rng.binomial(n, 0.8)},{n}")
    result = detect(parse("unit,peer_group,system,indicator,week,numerator,denominator\n" + "\n".join(lines)))
    assert len(of(result, "level")) <= 3


@pytest.mark.parametrize("text", ["2026-W00", "2026-W54", "26-W07", "2026-02-30", "09/02/2026", "2026-02", " "])
def test_other_ways_to_write_a_week_are_refused(text: str) -> None:
    head = "unit,peer_group,system,indicator,week,numerator,denominator\n"
    assert [e.reason for e in parse(f"{head}A,g,s,u,{text},1,2\n").refused] == ["invalid_week"]


def test_cases_are_no_heads_though_there_are_as_many(rows: Rows, table: Table) -> None:
    """More cases than persons in the unit: absence takes persons out of a denominator, never cases."""
    lines = []
    for line in rows(number=30, size=40, presence=lambda _u, _t: 1.0):
        unit, group, system, indicator, week, x, n, *_ = line.split(",")
        lines.append(f"{unit},{group},{system},{indicator},{week},{x},{n},20,0.8")
    (panel,) = parse(table(lines)).panels
    gated = gate(panel, Parameters())
    assert gated.n[0, 10] == 40
    heads = [",".join([*line.split(",")[:7], "40", "0.8"]) for line in lines]
    (panel,) = parse(table(heads)).panels
    assert gate(panel, Parameters()).n[0, 10] == 32
