"""The registry's tables: whole, typed, and without a person in them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from nytta.registry.dates import BEGINNING, END
from nytta.registry.load import load
from nytta.registry.paths import paths
from nytta.registry.registry import Registry
from nytta.registry.tables import COLUMNS, tables

FIRST, LAST = date(2026, 1, 1), date(2026, 3, 31)


@pytest.fixture(scope="module")
def example_tables(example: Registry) -> dict[str, pa.Table]:
    return tables(example, FIRST, LAST)


def rows(table: pa.Table) -> list[tuple[object, ...]]:
    return [tuple(row.values()) for row in table.to_pylist()]


def test_every_table_is_there_with_its_columns(example_tables: dict[str, pa.Table]) -> None:
    assert example_tables.keys() == COLUMNS.keys()
    for name, table in example_tables.items():
        assert dict(zip(table.column_names, table.schema.types, strict=True)) == COLUMNS[name]


def test_an_empty_registry_has_empty_tables() -> None:
    empty = tables(Registry((), ()), FIRST, LAST)
    assert {table.num_rows for table in empty.values()} == {0}
    assert all(empty[name].schema.types == list(COLUMNS[name].values()) for name in COLUMNS)


def test_units_have_one_row_per_day_with_their_group(example_tables: dict[str, pa.Table]) -> None:
    isles = [row for row in example_tables["units"].to_pylist() if row["unit"] == "norrvik.clinic-isles"]
    assert [(row["reporting_group"], row["valid_from"], row["valid_to"]) for row in isles] == [
        ("", BEGINNING, date(2026, 1, 1)),
        ("norrvik.small-clinics", date(2026, 1, 1), date(2027, 1, 1)),
        ("", date(2027, 1, 1), END),
    ]
    root = example_tables["units"].to_pylist()[0]
    assert (root["unit"], root["parent"], root["root"], root["timezone"]) == (
        "norrvik",
        "",
        "norrvik",
        "Europe/Stockholm",
    )


def test_paths_and_groups(example: Registry, example_tables: dict[str, pa.Table]) -> None:
    assert example_tables["unit_paths"].num_rows == len(paths(example.units))
    assert sorted(map(str, rows(example_tables["group_paths"]))) == [
        str((unit, "norrvik.small-clinics", date(2026, 1, 1), date(2027, 1, 1)))
        for unit in ("norrvik.clinic-east", "norrvik.clinic-isles", "norrvik.clinic-west")
    ]


def test_steps_plans_and_workplaces(example_tables: dict[str, pa.Table]) -> None:
    assert rows(example_tables["steps"]) == [
        ("casework", "", "sign digitally", "intended"),
        ("casework", "building-permit", "review in system", "intended"),
        ("casework", "building-permit", "decide in system", "intended"),
        ("casework", "building-permit", "receive", "route"),
        ("casework", "building-permit", "review in system", "route"),
        ("casework", "building-permit", "decide in system", "route"),
        ("casework", "appeal", "receive", "route"),
    ]
    assert [(r["unit"], r["due"], r["target"]) for r in example_tables["plans"].to_pylist()] == [
        ("norrvik", date(2025, 12, 31), 400),
        ("norrvik", date(2026, 6, 30), 800),
        ("norrvik.permits", date(2025, 12, 31), 650),
    ]
    assert rows(example_tables["planned_workplaces"]) == [("casework", "norrvik.permits", 18, date(2025, 6, 1), END)]
    lives = {row["unit"]: row["date"] for row in example_tables["go_lives"].to_pylist()}
    assert lives["norrvik.archive"] == date(2026, 1, 1)
    assert len(lives) == 12
    assert [row["planned"] for row in example_tables["benefits"].to_pylist()] == [True, False]


def test_the_calendar(example_tables: dict[str, pa.Table]) -> None:
    norrvik = [row for row in example_tables["calendar"].to_pylist() if row["root"] == "norrvik"]
    weeks = {row["period"]: row for row in norrvik if row["grain"] == "week"}
    assert (min(weeks), max(weeks), len(weeks)) == (date(2025, 12, 29), date(2026, 3, 30), 14)
    assert (weeks[date(2026, 3, 2)]["present_any"], weeks[date(2026, 3, 2)]["quiet"]) == (800, True)
    assert [row["period"].month for row in norrvik if row["grain"] == "month"] == [1, 2, 3]


def test_no_table_names_a_person(example_directory: Path, example_tables: dict[str, pa.Table]) -> None:
    """Contacts, delegates, owners and those who agreed or confirmed stay in the registry."""
    registry = load(example_directory).registry
    assert registry is not None
    cells = {str(value) for table in example_tables.values() for row in rows(table) for value in row}
    people = {
        "Kanslichefen",
        "Vice kanslichef",
        "Klinikchefen",
        "Tillståndschefen",
        "Hälsodirektören",
        "Programkontoret",
    }
    assert not people & cells
    assert not [cell for cell in cells if "@" in cell or cell.startswith("https://")]
