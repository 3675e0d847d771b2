"""Derived series tell nothing more than the rows they are made of: without the private zone they come out the same.

The attack reads published values, facts and verdicts. States and roll-ups without their mix are not among them, and
need not be, as long as this holds: whoever has the published rows can compute them alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from nytta.ingest.store.private import PrivateStore
from nytta.insight.store.mix import Question, mix
from nytta.insight.store.states import DERIVED, WEEKS, publish_states, read_states, states
from nytta.registry import declarations
from tests.insight.store import test_mix, test_states
from tests.organisations import county

_WEEKS = [test_states.LAST - n * timedelta(weeks=1) for n in range(WEEKS)]
_STORE = Path(declarations.schemas()).parent / "services/nytta/insight/store"


def test_without_the_private_zone_derived_series_are_the_same(new_store: Callable[[], PrivateStore]) -> None:
    """A store with cases, cells and a ledger; then its private database is dropped."""
    registry = county(test_states.FILES)
    store = test_mix.filled(new_store(), test_states.FILES, test_mix.EVENTS)
    test_states.publish_rows(store)
    connection = store.connection
    asked = [
        replace(test_mix.ASKED, over="units"),
        test_mix.ASKED,
        Question("north", "cases", "case-types", test_mix.EARLY, test_mix.LATE),
    ]

    def told() -> list[object]:
        rows = states(connection, registry, registry.organisations[0], _WEEKS)
        return [rows, *(mix(connection, test_mix.INTAKE, each) for each in asked)]

    assert connection.value("SELECT count() FROM {private}.cells") > 0
    before = told()
    assert {row.what for row in before[0]} == set(DERIVED) - {"after-training"}  # type: ignore[attr-defined]
    connection.run(f"DROP DATABASE {connection.zones.private}")
    assert told() == before
    assert publish_states(connection, registry, test_states.NOW) > 0
    assert {row["what"] for row in read_states(connection)} == set(DERIVED) - {"after-training"}


def test_no_query_of_a_derived_series_names_the_private_zone() -> None:
    for module in ("states", "mix"):
        text = (_STORE / f"{module}.py").read_text("utf-8")
        assert "private" not in text, module
    # what is exact stands in a module of its own, and only an administrator's command imports it
    importers = [
        path.name for path in _STORE.parents[1].rglob("*.py") if "nytta.service.exact_mix" in path.read_text("utf-8")
    ]
    assert importers == ["figures.py"]


def test_reports_and_the_benchmark_name_no_private_table() -> None:
    """They start from published rows: nothing that insight or a surface asks the store is of the private zone.

    Statements also hold numbers of cases to two digits, which `service` counts. One module names the zone, to find out
    that a reader of dashboards cannot read it.
    """
    package = Path(declarations.schemas()).parent / "services/nytta"
    rooms = [*(package / "insight").rglob("*.py"), *(package / "surfaces").rglob("*.py")]
    naming = [
        path.name for path in rooms if "{private}" in (text := path.read_text("utf-8")) or "nytta_private" in text
    ]
    assert naming == ["push.py"]
