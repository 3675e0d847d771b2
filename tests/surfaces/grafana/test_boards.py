"""Every query of every board runs on a filled store, with All, one, several values and a name with an apostrophe.

Of the last three, `make slow` has one, drawn anew in each run, and `make soak` all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

import pytest

from nytta.ingest.store.private import PrivateStore
from nytta.surfaces.grafana.boards import Board
from nytta.surfaces.grafana.catalogue import BOARDS
from nytta.surfaces.grafana.panels import AIM, Kind, Panel
from tests.contracts.test_zones import tables_read
from tests.support.rotation import drawn
from tests.surfaces.grafana.filled import CHOICES, SOUTH, Answer, Filled, chosen_units, fill

BY_UID = {board.uid: board for board in BOARDS}
QUERIES = [(b.uid, p.title) for b in BOARDS for p in b.panels if p.sql]
NUMBER = ("UInt", "Int", "Float", "Decimal")


class Filling(NamedTuple):
    """A store that a story filled, and the ways in which units are chosen over it."""

    story: str
    store: Filled
    ways: Sequence[str]


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(("case-system", 60, 0.3, ("All", "apostrophe")), id="a-case-system", marks=pytest.mark.slow),
        pytest.param(
            ("all", 60, 1.0, ("All", *drawn("choices", CHOICES[1:]))),
            id="all",
            marks=[pytest.mark.slow, pytest.mark.timeout(1200)],
        ),
        pytest.param(
            ("all", 80, 1.0, CHOICES), id="all-in-every-way", marks=[pytest.mark.soak, pytest.mark.timeout(1200)]
        ),
    ],
)
def filled(
    request: pytest.FixtureRequest,
    new_module_store: Callable[[], PrivateStore],
    tmp_path_factory: pytest.TempPathFactory,
) -> Filling:
    story, weeks, scale, ways = request.param
    return Filling(story, fill(new_module_store(), tmp_path_factory.mktemp("story"), story, weeks, scale), ways)


def choices(board: Board, store: Filled, how: str) -> Iterator[tuple[dict[str, Sequence[str]], dict[str, list[str]]]]:
    """What a person may choose on a board, place by place; and what each variable offers there."""
    for place in store.places() if any(v.name == "organisation" for v in board.variables) else [{}]:
        chosen, offered = dict(place), dict[str, list[str]]()
        for variable in board.variables:
            values = store.offered(variable.sql, chosen)
            offered[variable.name] = values
            if variable.multi:
                chosen[variable.name] = chosen_units(how, values)
            elif variable.name not in chosen:
                chosen[variable.name] = values[:1]
        yield chosen, offered


def panel(uid: str, title: str) -> Panel:
    return next(p for p in BY_UID[uid].panels if p.title == title)


def numeric(kind: str) -> bool:
    return kind.removeprefix("Nullable(").removeprefix("LowCardinality(").startswith(NUMBER)


def check_shape(kind: Kind, answer: Answer) -> None:
    """What the kind of panel, as Grafana reads it, needs."""
    types = list(answer.columns.values())
    match kind:
        case Kind.STAT:
            assert len(answer.rows) <= 1, answer.sql
            assert any(map(numeric, types)), answer.sql
        case Kind.TREND:
            assert next(iter(answer.columns.items()))[0] == "time", answer.sql
            assert types[0].startswith("DateTime"), answer.sql
            assert [numeric(t) for t in types[1:]] == [False, True], answer.sql
            assert "Nullable" not in types[-1], answer.sql
            assert len({row[:2] for row in answer.rows}) == len(answer.rows), answer.sql
            assert [row[0] for row in answer.rows] == sorted(row[0] for row in answer.rows), answer.sql
            lines = {row[1] for row in answer.rows} - {AIM}
            assert len(lines) <= 4
            assert all(line[:2] in ("1 ", "2 ", "3 ", "4 ") for line in lines), lines
        case Kind.BARS:
            assert [numeric(t) for t in types] == [False, True], answer.sql
            assert [row[1] for row in answer.rows] == sorted((row[1] for row in answer.rows), reverse=True), answer.sql
        case Kind.TABLE:
            assert len(answer.columns) == len(set(answer.columns)) >= 2


NOT_IN_A_CASE_SYSTEM = {
    "Age of open decisions",
    "Enrolled",
    "Enrolment",
    "Need of support",
    "Residue of the earlier system",
    "Self-service",
    "Still in the earlier system",
    "Through which channels support is sought",
}
"""What the small story has no figures of."""


@pytest.mark.parametrize(("uid", "title"), QUERIES, ids=lambda text: str(text).replace(" ", "-"))
def test_query(filled: Filling, uid: str, title: str) -> None:
    story, store, ways = filled
    board, one = BY_UID[uid], panel(uid, title)
    found = dict.fromkeys(CHOICES, 0)
    for how in ways:
        for chosen, offered in islice(choices(board, store, how), None if how == "All" else 2):
            answer = store.ask(one.sql, chosen, offered)
            if answer.rows:
                check_shape(one.kind, answer)
            found[how] += len(answer.rows)
    if story == "all" or title.removesuffix(", as a table") not in NOT_IN_A_CASE_SYSTEM:
        assert found["All"], f"nothing to show: {title}"


@pytest.mark.parametrize("uid", BY_UID)
def test_variables_offer_values(filled: Filling, uid: str) -> None:
    store = filled.store
    for _, offered in choices(BY_UID[uid], store, "All"):
        for variable in BY_UID[uid].variables:
            if variable.name != "case_type":
                assert offered[variable.name], variable.name
    if any(v.name == "unit" for v in BY_UID[uid].variables):
        assert any(SOUTH in offered["unit"] for _, offered in choices(BY_UID[uid], store, "All"))


@pytest.mark.parametrize(("name", "table"), [("system", "systems"), ("case_type", "case_types")])
def test_choices_bear_the_names_of_the_registry(filled: Filling, name: str, table: str) -> None:
    store = filled.store
    named = set(store.connection.rows(f"SELECT {name}, name_en FROM {{open}}.{table}"))
    offered: set[tuple[str, str]] = set()
    for chosen, _ in choices(BY_UID["nytta-process"], store, "All"):
        variable = next(v for v in BY_UID["nytta-process"].variables if v.name == name)
        offered |= set(store.ask(variable.sql, chosen).rows)
    assert offered
    assert offered <= named
    assert any(label != given for given, label in offered)


@pytest.mark.parametrize("uid", [b.uid for b in BOARDS if b.marks])
def test_marks(filled: Filling, uid: str) -> None:
    store = filled.store
    found = dict.fromkeys((mark.name for mark in BY_UID[uid].marks), 0)
    for how in CHOICES:
        for chosen, offered in choices(BY_UID[uid], store, how):
            for mark in BY_UID[uid].marks:
                answer = store.ask(mark.sql, chosen, offered)
                if answer.rows:
                    assert [c for c in answer.columns if c != "timeEnd"] == ["time", "title", "text", "tags"]
                    assert answer.columns["time"].startswith("DateTime")
                found[mark.name] += len(answer.rows)
    assert all(found.values()), found


@pytest.mark.parametrize("uid", BY_UID)
def test_only_the_open_zone_is_read(filled: Filling, uid: str) -> None:
    known = filled.store
    board = BY_UID[uid]
    texts = [p.sql for p in board.panels if p.sql] + [v.sql for v in board.variables] + [m.sql for m in board.marks]
    chosen, offered = next(choices(board, known, "All"))
    for sql in texts:
        assert "private" not in sql
        answer = known.ask(sql, chosen, offered)
        assert answer.sql.lstrip().startswith("SELECT")
        assert tables_read(PrivateStore(known.connection), answer.sql) <= {known.connection.zones.open, "system"}, sql


def test_the_unit_with_the_apostrophe_is_found(filled: Filling) -> None:
    store = filled.store
    every = panel("nytta-adoption", "Every unit: who uses it")
    rows = [
        row
        for chosen, offered in choices(BY_UID["nytta-adoption"], store, "apostrophe")
        for row in store.ask(every.sql, chosen, offered).rows
    ]
    assert rows
    assert {row[-1] for row in rows} == {SOUTH}


def test_a_query_of_the_private_zone_would_be_seen(filled: Filling) -> None:
    store = filled.store
    zones = store.connection.zones
    read = tables_read(PrivateStore(store.connection), f"SELECT count() FROM {zones.private}.cells")
    assert read == {zones.private}
