"""Realised share, hours and money of the stories equal a calculation by hand from the truth they were drawn from.

The hand knows truth.json and the registry's YAML, and nothing of the package under test but the store's doors.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from math import floor
from pathlib import Path
from typing import Any

import pytest
import yaml

from nytta import service as nytta
from nytta.demo import simulate
from nytta.disclosure.published.values import OpenStore
from nytta.ingest.events import decode
from nytta.ingest.intake import Intake
from nytta.ingest.keys import Keys
from nytta.ingest.store.private import PrivateStore
from nytta.insight.benefits.statement import Statement
from nytta.insight.store.statements import Statements
from nytta.registry import declarations
from nytta.registry.protection import HandlingRules

UNTIL, CLOSED = "2026-W46", 76  # the last week of the world, and the number of the last one that is closed here
DEFINITIONS = nytta.read_definitions(declarations.schemas() / "indicators")
NEEDED = (b'"nytta.case.', b'"nytta.benefit.', b'"nytta.change.decision')


def told(store: PrivateStore, tables: Path, folder: Path, story: str) -> tuple[Statement, dict[str, Any], Any, Any]:
    """The statement of a story after week CLOSED, its truth, and its programme and systems as written."""
    world = simulate(story, 3, until=UNTIL)
    for name, text in world.registry_files.items():
        (folder / name).write_text(text, encoding="utf-8")
    registry = nytta.read_registry(folder, DEFINITIONS)
    wanted = tuple(d for d in DEFINITIONS if d.id in ("intended-use", "digital-intake"))
    app = nytta.App(store, OpenStore(store.connection), Intake(store, Keys("k1", bytes(32)), registry), wanted, tables)
    moment = datetime.combine(
        date.fromisocalendar(*_year_week(world.truth["weeks"][CLOSED]), 1) + timedelta(days=7), datetime.min.time(), UTC
    ) + timedelta(hours=12)
    for chunk in world.batches():
        kept = b"\n".join(line for line in chunk.splitlines() if any(word in line for word in NEEDED))
        if kept:
            _take(app.intake, kept)
    app.bring_up_to_date(moment)
    organisation = world.place.organisations[0].id
    said = Statements(store.connection).latest(organisation)
    assert said is not None
    read = [yaml.safe_load(world.registry_files[f"{name}.yaml"]) for name in ("programme", "systems")]
    return said.statement, json.loads(json.dumps(world.truth)), *read


def _take(intake: Intake, lines: bytes) -> None:
    received = datetime(2026, 12, 1, tzinfo=UTC)
    batch = decode(lines, received_at=received, pseudonymise=intake.keys.pseudonymiser())
    assert not batch.rejects
    intake.store(batch.table, (), received)


def _year_week(label: str) -> tuple[int, int]:
    year, week = label.split("-W")
    return int(year), int(week)


# by hand


def two(figure: float) -> float:
    """Two significant digits, halves up."""
    if figure <= 0:
        return 0.0
    step = 1.0
    while figure / step >= 100:
        step *= 10
    while figure / step < 10 and step > 1 / 1000:
        step /= 10
    return floor(figure / step + 0.5) * step


def yearly(series: dict[str, Any]) -> int:
    """Cases of 52 weeks, to two digits and never finer than ten."""
    cases = sum(series["cases"][CLOSED - 51 : CLOSED + 1])
    if cases < 10:
        return 0
    step = 10 if cases < 1000 else 100
    return int(floor(cases / step + 0.5) * step)


def half_year(
    shown: dict[tuple[str, str, date], tuple[float, str]],
    unit: str,
    kind: str,
    counted: dict[str, Any],
    begin: int,
    weeks: list[date],
) -> int | None:
    """Mean of every published window of four weeks since `begin`, each held against the truth; None where none is."""
    found = []
    for last in range(CLOSED, begin + 2, -1):
        value, status = shown.get((unit, kind, weeks[last]), (0.0, ""))
        if not status:
            continue
        cases = sum(counted["denominator"][last - 3 : last + 1])
        if status in ("ok", "rounded"):  # whole percent; steps of five below a hundred cases; a noise of four at most
            exact = 100 * sum(counted["numerator"][last - 3 : last + 1]) / cases
            near = (0.5 if cases >= 100 else 2.5) + 100 * HandlingRules().noise.most / cases
            assert value == pytest.approx(exact, abs=near + 1e-6), (unit, kind, last)
        found.append(value)
    return floor(sum(found) / len(found) + 0.5) if found else None


@pytest.mark.slow
@pytest.mark.parametrize("story", ["case-system", "digital-not-exploited"])
def test_figures_equal_a_calculation_by_hand(
    new_store: Callable[[], PrivateStore], tables: Path, tmp_path: Path, story: str
) -> None:
    store = new_store()
    statement, truth, programme, systems = told(store, tables, tmp_path, story)
    shown = {
        (unit, kind, period): (value, status)
        for unit, kind, period, value, status in store.connection.rows(
            "SELECT unit, case_type, period, value, status FROM {open}.indicator_values "
            "WHERE indicator = 'intended-use' AND grain = 'window' AND part = '' AND value IS NOT NULL"
        )
    }
    weeks = [date.fromisocalendar(*_year_week(label), 1) for label in truth["weeks"]]
    minutes = {c["id"]: c["minutes"] for s in systems["systems"] for c in s["case_types"]}
    live = {each["unit"]: date.fromisoformat(each["date"]) for s in systems["systems"] for each in s["go_lives"]}
    use = {(s["unit"], s["case_type"]): s for s in truth["series"]["intended-use"]}
    intake = {(s["unit"], s["case_type"]): s for s in truth["series"]["digital-intake"]}
    seeded = {t: f["realised_share"] for f in truth["faults"] if "realised_share" in f for t in [f["case_type"]]}
    checked = hours_checked = 0
    by_id = {b.id: b for b in statement.benefits}
    pools = {(p.place, p.case_type): p for p in statement.pools}
    for plan in programme["benefits"]:
        unit, kind = plan["unit"], plan["case_type"]
        series = use[unit, kind] | {"cases": intake[unit, kind]["denominator"]}
        start = date.fromisoformat(plan["start"])
        first = weeks.index(start)
        if story == "case-system":
            # measured every fourth week from going live on: the last period that had ended
            last = first + 4 * ((CLOSED + 1 - first) // 4) - 4
            cases = sum(series["cases"][last : last + 4])
            share = sum(series["numerator"][last : last + 4]) / cases
            level = minutes[kind]["before"] - (minutes[kind]["before"] - minutes[kind]["after"]) * share
            expected = 100 * (plan["baseline"] - level) / (plan["baseline"] - plan["target"])
        else:
            expected = 100 * seeded.get(kind, 0.9)
        realised = by_id[plan["id"]].realised
        assert realised is not None
        assert realised / 10 == pytest.approx(expected, abs=0.2), plan["id"]
        checked += 1

        pool = pools.get((unit, kind))
        if pool is None or pool.share is None:
            continue  # told with its reporting group, or not at all
        at = live.get(unit) or live[unit.split("-")[0]]
        begin = max(CLOSED - 25, weeks.index(at) + 8)
        used = half_year(shown, unit, kind, series, begin, weeks)
        if used is None:  # the case type is told with its place
            all_types = [its for (place, _), its in use.items() if place == unit]
            together = {
                name: [sum(week) for week in zip(*(its[name] for its in all_types), strict=True)]
                for name in ("numerator", "denominator")
            }
            used = half_year(shown, unit, "*", together, begin, weeks)
        assert used is not None
        target = round(100 * plan["adoption"]["target"])
        cases = yearly(series)
        saved = (minutes[kind]["before"] - minutes[kind]["after"]) / 60
        promised = cases * (plan["baseline"] - plan["target"]) / 60
        freed = min(used / 100 * cases * saved, round(expected) / 100 * promised)
        missing = max(0, target - used) / 100 * cases * saved
        effect = max(0.0, promised - freed - missing)
        assert (pool.share, pool.cases) == (used, cases), plan["id"]
        assert pool.promised is not None
        assert pool.promised / 1000 == pytest.approx(two(promised))
        assert pool.freed is not None
        assert pool.freed / 1000 == pytest.approx(two(freed))
        assert pool.use_missing is not None
        assert pool.use_missing / 1000 == pytest.approx(two(missing))
        assert pool.effect_missing is not None
        # what is left between three figures may lie upon a half, which the order of subtractions decides
        left = pool.effect_missing / 1000
        assert any(left == pytest.approx(two(effect * nearly), abs=1e-3) for nearly in (1 - 1e-9, 1 + 1e-9))
        assert pool.amount_missing is not None
        assert pool.amount_missing / 100 == pytest.approx(450 * (two(missing) + left), abs=1)
        booked = by_id[plan["id"]]
        assert booked.account == "redistribution"
        assert booked.amount is not None
        assert booked.amount / 100 == pytest.approx(450 * two(freed), abs=1)
        hours_checked += 1
    assert checked == len(programme["benefits"])
    assert hours_checked >= 10
    if story == "digital-not-exploited":
        for fault in truth["faults"]:
            mine = [p for p in statement.pools if p.case_type == fault["case_type"] and p.missing is not None]
            assert all(p.effect_missing and not p.use_missing for p in mine)
