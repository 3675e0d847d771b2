"""The store of every release is taken over: restored, migrated, equal to its raw events, and it says what it said."""

from __future__ import annotations

import gzip
import json
import lzma
from pathlib import Path
from typing import Any

import pytest

from nytta.registry import declarations
from nytta.storage.backup import read
from nytta.storage.migrate import migrations
from tests.frozen.make import FOLDER, told
from tests.support.commands import answer

RELEASES = sorted(path.name.removesuffix(".tar.xz") for path in FOLDER.glob("*.tar.xz"))
RECIPE = "nothing is released yet: make it anew with `python -m tests.frozen.make`"


def unpacked(release: str, folder: Path) -> Path:
    target = folder / f"{release}.tar"
    target.write_bytes(lzma.decompress((FOLDER / f"{release}.tar.xz").read_bytes()))
    return target


def test_there_is_a_frozen_store_and_it_is_small() -> None:
    assert RELEASES
    assert all((FOLDER / f"{release}.tar.xz").stat().st_size < 700_000 for release in RELEASES)


@pytest.mark.parametrize("release", RELEASES)
def test_its_migrations_are_the_first_ones_of_today(release: str, tmp_path: Path, tables: Path) -> None:
    held = read(unpacked(release, tmp_path)).migrations
    today = {f"{m.sequence}/{m.name}" for m in migrations(tables)}
    assert set(held) <= today, RECIPE
    for sequence in ("open", "private"):
        theirs, ours = ([n for n in sorted(names) if n.startswith(sequence)] for names in (held, today))
        assert theirs == ours[: len(theirs)], RECIPE


@pytest.mark.slow
@pytest.mark.parametrize("release", RELEASES)
def test_an_upgrade_changes_no_published_figure(release: str, tmp_path: Path) -> None:
    data, registry = tmp_path / "data", FOLDER / f"{release}.registry"
    place = {"NYTTA_DATA": str(data), "NYTTA_REGISTRY": str(registry)}
    source, keys = unpacked(release, tmp_path), FOLDER / f"{release}.key.json"
    restored = answer("restore", source, "--keys", keys, environment=place)
    assert 1000 < restored["events"] <= restored["rows"]["private.events"]  # an event that came twice is one
    assert set(restored["migrations"]) <= set(answer("migrate", environment=place)["applied"])
    verified = answer("verify", environment=place)
    assert verified["equal"], verified
    assert verified["compared"] > 1000
    before: dict[str, Any] = json.loads(gzip.decompress((FOLDER / f"{release}.told.json.gz").read_bytes()))
    after = told(data, registry)
    doubled = restored["rows"]["private.events"] - restored["events"]
    assert _pop(before["sources"]["sources"], "events") - _pop(after["sources"]["sources"], "events") == doubled
    # a statement is made as of the last closed week of the day on which the test runs
    (then,), (now,) = (_weeks(said["benefits"]) for said in (before, after))
    assert then <= now
    for name, was in before.items():
        assert was, name
        if name in _FIGURES:
            shown = [row for row in was if row["value"] is not None]
            assert shown, name
            today = {_key(row): row for row in after[name]}
            for row in shown:
                assert {field: today[_key(row)][field] for field in _FIGURES[name]} == {
                    field: row[field] for field in _FIGURES[name]
                }, (name, row)
        elif name == "benefits":
            assert [_measured(row) for row in after[name]] == [_measured(row) for row in was]
        else:
            assert _without_what_came(after[name], was) == was, name
    assert declarations.schemas().is_dir()


_FIGURES = {
    "exact": ("numerator", "denominator", "value"),
    "values": ("value", "low", "high", "n_band", "status"),
    "months": ("value", "low", "high", "n_band", "status"),
}
"""What was said of a figure and stays; what was hidden may be shown under later rules."""

_KEY = ("unit", "system", "case_type", "part", "indicator", "version", "grain", "period")
_MEASURED = ("benefit", "unit", "baseline", "target", "due", "realised", "forecast", "forecast_low", "forecast_high")
"""What is said of a benefit from its plan and its own measurement; its hours follow the figures that are shown."""


def _key(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in _KEY)


def _measured(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in (*_MEASURED, "status"))


def _pop(rows: list[dict[str, Any]], name: str) -> int:
    """The sum of a number that is taken out of rows."""
    return sum(row.pop(name) for row in rows)


def _weeks(statements: list[dict[str, Any]]) -> set[str]:
    """The weeks of statements, taken out of them."""
    return {row.pop("week") for row in statements}


def _without_what_came(now: Any, was: Any) -> Any:
    """What is said now, of what was said then: later versions may say more of a row, and have more indicators."""
    if isinstance(was, dict):
        return {name: _without_what_came(now[name], value) for name, value in was.items()}
    if isinstance(was, list) and was and isinstance(was[0], dict) and "indicator" in was[0]:
        known = {row["indicator"] for row in was}
        now = [row for row in now if row["indicator"] in known]
    if isinstance(was, list) and len(now) == len(was):
        return [_without_what_came(one, other) for one, other in zip(now, was, strict=True)]
    return now
