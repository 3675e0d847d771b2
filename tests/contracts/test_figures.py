"""Figures come into the open zone through one gate: whoever else writes there repeats what is published."""

from __future__ import annotations

import re
from pathlib import Path

from nytta.ingest.store.private import PrivateStore

SOURCES = Path(__file__).parents[2] / "services" / "nytta"

FROM = {
    "published_values": {"value", "low", "high"},  # the gate
    # published rows again (tests/insight/alerts/evaluation/test_detection.py); target is the plan's, scope counts units
    "published_signals": {
        "value",
        "low",
        "high",
        "before",
        "peer",
        "peer_low",
        "peer_high",
        "urgency",
        "target",
        "scope",
    },
    "benchmarks": {"value", "low", "high"},  # what other organisations published
    # the gate, published rows again, and hours of the statement (tests/disclosure/store/test_facts.py)
    "published_facts": {"value", "low", "high"},
    "published_states": {"value", "low", "high", "figures"},  # published rows again, or what follows from them
}
"""Columns of the open zone that hold figures, by table."""


def test_every_column_of_figures_is_known(store: PrivateStore) -> None:
    rows = store.connection.rows(
        "SELECT c.table, c.name FROM system.columns AS c INNER JOIN system.tables AS t "
        "ON t.database = c.database AND t.name = c.table "
        "WHERE c.database = {zone:String} AND t.engine NOT LIKE '%View%' AND match(c.type, 'Float|Decimal')",
        zone=store.connection.zones.open,
    )
    found: dict[str, set[str]] = {}
    for name, column in rows:
        found.setdefault(name, set()).add(column)
    assert found == FROM


def test_publication_and_facts_alone_pass_figures_through_the_gate() -> None:
    by = {
        path.relative_to(SOURCES).as_posix()
        for path in SOURCES.rglob("*.py")
        if re.search(r"from nytta\.disclosure\.gate import[^\n]*\b(gate|Exact)\b", path.read_text())
    }
    assert by == {"disclosure/store/publication/figures.py", "disclosure/store/facts.py"}


def test_facts_and_verdicts_are_written_in_one_place_each() -> None:
    writers = {
        table: {
            path.relative_to(SOURCES).as_posix()
            for path in SOURCES.rglob("*.py")
            if re.search(rf"(insert\w*\(\s*|INSERT INTO )[f\"]*\{{+open\}}+\.{table}\b", path.read_text())
        }
        for table in FROM
    }
    assert writers == {
        "published_values": {
            "disclosure/store/publication/writing.py",
            "disclosure/store/withdrawal.py",
        },  # the latter why there is no figure
        "benchmarks": {"insight/store/benchmarks.py"},
        "published_signals": {"disclosure/store/verdicts.py"},
        "published_facts": {"disclosure/store/facts.py"},
        "published_states": {"insight/store/states.py"},
    }


def test_facts_and_statements_take_no_share_from_private_values() -> None:
    """Statements read no exact values; facts how many are in scope, so that an app is named among enough."""
    text = (SOURCES / "service" / "statements.py").read_text()
    assert "{private}.indicator_values" not in text
    text = (SOURCES / "disclosure" / "store" / "facts.py").read_text()
    read = re.findall(r"\{private\}+\.indicator_values\s+WHERE indicator = '([\w-]+)'", text)
    assert read == ["entitlement"]
    assert text.count("private}.indicator_values") + text.count("private}}.indicator_values") == 1
