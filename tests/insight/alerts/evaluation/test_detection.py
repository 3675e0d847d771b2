"""Detection on the store's weekly cells: verdicts cross, beside published figures; a run is a function of both."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median, quantiles
from typing import Any

import numpy as np
import pytest

from tests.insight.alerts.evaluation.conftest import WEEKS, Town, week

Make = Callable[..., Town]


def fallen(town: Town, unit: str = "u03", start: int = 45, share: float = 0.4) -> None:
    size = int(town.people[unit][0])
    town.users[unit][start:] = np.random.default_rng(2).binomial(size, share, WEEKS - start)


def test_a_unit_that_falls_is_published_with_public_figures_only(make: Make) -> None:
    town = make()
    fallen(town)
    town.write()
    town.judge(55)
    found = town.book.signals()
    # The low level that the fall has led to is the same cause: one verdict.
    assert {(r["unit"], r["kind"]) for r in found} == {("u03", "relapse")}
    relapse = next(r for r in found if r["kind"] == "relapse")
    assert week(45) <= relapse["opened"] <= week(49)
    assert relapse["closed"] is None
    assert 30 <= relapse["value"] <= 50
    assert relapse["low"] < relapse["value"] < relapse["high"]
    assert (relapse["n_band"], relapse["status"]) == ("30-99", "rounded")
    assert relapse["last"] == week(55)
    shown = [relapse[name] for name in ("value", "low", "high", "before", "peer", "peer_low", "peer_high")]
    assert all(value == round(value) for value in shown)


def test_the_same_cells_give_the_same_rows(make: Make) -> None:
    town = make()
    fallen(town)
    town.write()
    assert town.judge(55) > 0
    assert town.judge(55) == 0


@pytest.mark.slow
def test_a_run_each_week_finds_what_one_run_at_the_end_finds(make: Make) -> None:
    weekly, once = make(), make()
    for town in (weekly, once):
        fallen(town, start=45, share=0.45)
        town.users["u03"][56:] = np.random.default_rng(3).binomial(40, 0.82, WEEKS - 56)
    weekly.write(0, 44)
    for number in range(44, 69):
        weekly.write(number, number + 1)
        weekly.judge(number)
    once.write()
    once.judge(68)
    assert weekly.signals() == once.signals()
    assert any(closed is not None for _, _, _, closed in once.signals())


def test_weeks_after_the_closed_one_are_not_seen(make: Make) -> None:
    town = make()
    fallen(town)
    town.write()
    town.judge(46)
    assert [row[0] for row in town.signals() if row[2] > week(46)] == []


def test_a_small_unit_speaks_through_its_group_alone(make: Make) -> None:
    town = make()
    for unit in ("tiny", "wee", "small"):
        town.users[unit][40:] = town.people[unit][40:] // 5
    town.write()
    town.judge(60)
    found = [r for r in town.book.signals() if r["unit"] in ("tiny", "wee", "small")]
    assert {r["unit"] for r in found} == {"small"}
    assert all(r["value"] % 5 == 0 for r in found)
    assert {r["n_band"] for r in found} == {"10-29"}


def test_what_restated_data_do_not_support_is_withdrawn(make: Make) -> None:
    town = make()
    fallen(town)
    town.write()
    town.judge(55)
    town.users["u03"][40:] = np.random.default_rng(3).binomial(40, 0.82, WEEKS - 40)
    town.write()
    town.judge(56)
    assert town.signals() == []
    assert {(r["withdrawn"], r["closed"]) for r in town.book.signals()} == {(True, week(56))}


def test_why_a_week_was_not_judged_says_nothing_of_presence(make: Make) -> None:
    town = make()
    town.store.connection.run(
        "INSERT INTO {private}.events (source, id, type, kind, time, received_at, unit) "
        "VALUES ('s', '1', 'people.presence', 'presence', '2025-01-07 00:00:00', now(), 'u00')"
    )
    town.write()
    town.people["u05"][60:62] = 20  # half of them are away
    rows = [["weekly-breadth", 1, "week", "arken", "u05", "*", "", week(n), 18, 20, 0, 20, 99, 0] for n in (60, 61)]
    names = ["indicator", "version", "grain", "system", "unit", "case_type", "part", "period", "numerator"]
    names += ["denominator", "subjects", "persons", "computed", "is_deleted"]
    town.store.connection.insert("{private}.cells", names, rows)
    town.judge(62)
    reasons = town.store.connection.rows(
        "SELECT week, reason FROM {open}.not_assessed FINAL WHERE unit = 'u05' AND week >= {w:Date} ORDER BY week",
        w=week(60),
    )
    assert reasons == [(week(60), "not_assessed"), (week(61), "not_assessed")]


def test_a_source_that_falls_silent_is_no_fall_of_the_units(make: Make) -> None:
    town = make()
    for unit in town.users:
        town.users[unit][40:42] = 0
    town.write()
    values = ", ".join(
        f"('feed', '{n}-{k}', 'platform.session', 'session', '{week(n)} 10:00:00', now(), 'u00', 'arken')"
        for n in range(WEEKS)
        if n not in (40, 41)
        for k in range(40)
    )
    town.store.connection.run(
        f"INSERT INTO {{private}}.events (source, id, type, kind, time, received_at, unit, system) VALUES {values}"
    )
    town.judge(45)
    assert town.signals() == []
    reasons = {r["reason"] for r in town.book.evidence("town", week(40), week(41), unheard_day=week(40)).not_assessed}
    assert reasons == {"stale_source"}


FIGURES = ("value", "low", "high", "n_band", "status")


def published(town: Town) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    """What the ledger shows: unit and week to the figures."""
    rows = town.store.connection.rows(
        f"SELECT unit, period, {', '.join(FIGURES)} FROM {{open}}.indicator_values "
        "WHERE indicator = 'weekly-breadth' AND grain = 'week' AND case_type = '*' AND value IS NOT NULL"
    )
    return {row[:2]: row[2:] for row in rows}


def test_every_figure_of_a_signal_is_a_published_one(make: Make) -> None:
    town = make()
    fallen(town)
    fallen(town, "u07", start=50)
    town.hidden = {"u01", "u02"}
    town.write()
    town.judge(58)
    shown, found = published(town), town.book.signals()
    assert {r["unit"] for r in found} == {"u03", "u07"}
    for row in found:
        assert row["first"] == row["last"]
        assert tuple(row[name] for name in FIGURES) == shown[row["unit"], row["last"]]
        peers = [shown[u, row["last"]][0] for u in town.users if (u, row["last"]) in shown and u != row["unit"]]
        low, _, high = quantiles(peers, n=4, method="inclusive")
        peer = float(round(median(peers)))
        assert (row["peer"], row["peer_low"], row["peer_high"]) == (peer, round(low), round(high))
        usual = row["before"] if row["kind"] == "relapse" else peer
        assert row["urgency"] == max(0.1, round((usual - row["value"]) / 100, 2))
        if row["kind"] == "relapse":
            earlier = {f[0] for (u, w), f in shown.items() if u == row["unit"] and w < row["opened"]}
            assert row["before"] in earlier
        else:
            assert row["before"] is None


def test_nothing_is_said_of_a_unit_whose_figures_are_hidden(make: Make) -> None:
    town = make()
    fallen(town)
    town.hidden = {"u03"}
    town.write()
    town.judge(55)
    assert town.book.signals() == []


def test_like_units_are_told_only_where_enough_of_them_are_public(make: Make) -> None:
    town = make()
    fallen(town)
    town.hidden = {f"u{n:02d}" for n in range(12)} - {"u03", "u04", "u05"}
    town.write()
    town.judge(55)
    found = town.book.signals()
    assert found
    assert all(row["peer"] is not None and row["peer_low"] is None for row in found)  # u04, u05 and the group
    assert all(row["value"] is not None for row in found)
