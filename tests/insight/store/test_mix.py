"""A shifting mix in a store: the figure falls, the adjusted one stays; a unit split in two changes no total."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from nytta.disclosure.store.publish import publish
from nytta.indicators.definition import Definition
from nytta.indicators.load import load
from nytta.indicators.store.recompute import recompute
from nytta.indicators.store.values import ValueQuery, read_values, save_definitions
from nytta.ingest.store.private import PrivateStore
from nytta.insight.store.mix import Figures, NothingToTell, Question, mix, published
from nytta.registry import declarations
from nytta.registry.store import tables as registry_tables
from nytta.service.exact_mix import exact
from nytta.storage.client import Connection
from tests.organisations import SMALL_COUNTY, county, secret
from tests.rows import NOW, event, table

DEFINITIONS = [
    d for d in load(declarations.schemas() / "indicators").definitions if d.id in ("digital-intake", "lead-time")
]
INTAKE = next(d for d in DEFINITIONS if d.id == "digital-intake")
EARLY, LATE = date(2026, 1, 26), date(2026, 5, 11)
ASKED = Question("county", "cases", "case-types", EARLY, LATE)


def cases(week: str, unit: str, case_type: str, digital: int, all_: int) -> list[dict[str, Any]]:
    """Cases opened on one day, by five hands."""
    found = []
    for n in range(all_):
        name, place = f"{week}-{unit}-{case_type}-{n}", {"unit": unit, "case_type": case_type}
        channel = "web" if n < digital else "desk"
        found += [
            event(name, "case.opened", week, name, channel=channel, **place),
            event(f"{name}-step", "case.step", week, name, actor=f"hand {n % 5}", activity="check", **place),
        ]
    return found


# 90 percent of permits and 30 percent of appeals come in digitally, always; at first most are permits, then appeals
EVENTS = [
    *cases("01-28", "north", "permit", 180, 200),
    *cases("01-28", "north", "appeal", 12, 40),
    *cases("01-28", "south", "permit", 180, 200),
    *cases("01-28", "south", "appeal", 12, 40),
    *cases("05-13", "north", "permit", 36, 40),
    *cases("05-13", "north", "appeal", 60, 200),
    *cases("05-13", "south", "permit", 36, 40),
    *cases("05-13", "south", "appeal", 60, 200),
]
SPLIT = {
    **SMALL_COUNTY,
    "organisation.yaml": SMALL_COUNTY["organisation.yaml"].replace(
        b"  - {id: south, name: South, parent: county}\n",
        b"  - {id: south, name: South, parent: county}\n  - {id: west, name: West, parent: county}\n",
    ),
}


def filled(store: PrivateStore, files: dict[str, bytes], events: list[dict[str, Any]]) -> PrivateStore:
    registry_tables.save(store.connection, county(files), date(2026, 1, 1), date(2026, 12, 31))
    save_definitions(store, DEFINITIONS)
    store.write(table(events), [], seal=bytes, received_at=NOW)
    store.mark_everything()
    recompute(store, DEFINITIONS)
    publish(store, DEFINITIONS, county(files), secret, NOW)
    return store


@pytest.fixture(scope="module")
def shifted(new_module_store: Callable[[], PrivateStore]) -> PrivateStore:
    return filled(new_module_store(), SMALL_COUNTY, EVENTS)


@pytest.mark.parametrize("read", [exact, published])
def test_the_adjusted_figure_stays_and_the_split_says_mix(
    shifted: PrivateStore, read: Callable[[Connection, Definition, Question], Figures]
) -> None:
    found = mix(shifted.connection, INTAKE, ASKED, read)
    near = 0.001 if read is exact else 4.0  # published figures have noise, of three in forty at most, and steps of five
    assert found.before == pytest.approx(80, abs=near)
    assert found.after == pytest.approx(40, abs=near)
    assert found.adjusted_before == pytest.approx(found.adjusted_after, abs=near)
    assert found.within == pytest.approx(0, abs=near)
    assert found.mix + found.rest == pytest.approx(-40, abs=2 * near)
    assert found.mix == pytest.approx(-40, abs=0.001 if read is exact else 12)  # bands are approximate weights
    assert found.is_clear
    assert found.unseen == 0


def test_a_unit_split_in_two_changes_no_total(shifted: PrivateStore, new_store: Callable[[], PrivateStore]) -> None:
    """Half of south's cases go to a unit of their own."""
    moved = [row | {"unit": "west"} if row["unit"] == "south" and n % 4 > 1 else row for n, row in enumerate(EVENTS)]
    split = filled(new_store(), SPLIT, moved)
    for grain in ("week", "month", "window"):
        totals = [
            [
                (r["period"], r["case_type"], r["numerator"], r["denominator"])
                for r in read_values(store, ValueQuery(grain, "digital-intake", "county", case_types=True))
            ]
            for store in (shifted, split)
        ]
        assert totals[0]
        assert totals[0] == totals[1]
    assert mix(split.connection, INTAKE, ASKED, exact) == mix(shifted.connection, INTAKE, ASKED, exact)
    over_units = Question("county", "cases", "units", EARLY, LATE)
    one, two = (mix(store.connection, INTAKE, over_units, exact) for store in (shifted, split))
    assert (one.before, one.after) == (two.before, two.after)
    assert one.within + one.mix == pytest.approx(two.within + two.mix)


@pytest.mark.parametrize(
    ("definition", "asked", "told"),
    [
        ("lead-time", ASKED, "no single share or rate"),
        (
            "digital-intake",
            Question("county", "cases", "case-types", EARLY, date(2026, 9, 7)),
            "not shown in both weeks",
        ),
        ("digital-intake", Question("north", "cases", "units", EARLY, LATE), "nothing can be told of its mix"),
    ],
)
def test_what_has_no_mix_says_so(shifted: PrivateStore, definition: str, asked: Question, told: str) -> None:
    chosen: Definition = next(d for d in DEFINITIONS if d.id == definition)
    with pytest.raises(NothingToTell, match=told):
        mix(shifted.connection, chosen, asked)
