"""Whatever the fast path accepts, the models accept, and both make the same of it."""

import itertools
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nytta.ingest.events import DEFAULTS, TYPES, Batch, Pseudonymiser, batch, decode, fast, forms, to_ndjson
from nytta.ingest.events.examples import accepted, full, minimal, rejected
from nytta.ingest.events.fast import FAST_PLANS
from nytta.ingest.events.lines import Lines
from nytta.ingest.events.plans import PLANS, FieldPlan
from nytta.ingest.events.pseudonyms import Chooser

RECEIVED = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEY = Pseudonymiser("edge", bytes(range(32)))
OTHERS = [Pseudonymiser(f"root-{n}", bytes([n] * 32)) for n in range(3)]


class ByPlace:
    """Several organisations: who makes a pseudonym depends on the field, the source and the unit."""

    def of(self, field: str, source: str, unit: str, /) -> Pseudonymiser:
        return OTHERS[0] if field == "actor" else OTHERS[1 + (len(source) + len(unit)) % 2]


BY_PLACE = ByPlace()


def ways(body: bytes, pseudonymise: Chooser | None) -> tuple[Batch, Batch, Batch, Batch]:
    """The batch as it is, where lines are parted by type, where those written alike are, and when models read all."""

    def nothing(*_: object) -> list[None]:
        return []

    together = decode(body, received_at=RECEIVED, pseudonymise=pseudonymise)
    with patch.object(fast, "_PARTED", 1):
        parted = decode(body, received_at=RECEIVED, pseudonymise=pseudonymise)
    with patch.object(batch, "read", nothing):
        slow = decode(body, received_at=RECEIVED, pseudonymise=pseudonymise)
    with patch.object(forms, "_FEWEST", 1):
        alike = decode(body, received_at=RECEIVED, pseudonymise=pseudonymise)
    return together, parted, alike, slow


def rows(made: Batch) -> list[str]:
    return sorted(repr(dict(DEFAULTS) | row) for row in made.table.to_pylist())


def same(body: bytes, pseudonymise: Chooser | None) -> Batch:
    *quick_ways, slow = ways(body, pseudonymise)
    for quick in quick_ways:
        assert quick.rejects == slow.rejects
        assert quick.read == slow.read == len(quick) + len(quick.rejects)
        assert rows(quick) == rows(slow)
        names, other_names = quick.table.column_names, slow.table.column_names
        assert names == other_names, set(names) ^ set(other_names)
        quick.table.validate(full=True)
    return slow


# Texts of every kind that a rule could treat in another way than its twin.
ODD_TEXTS = st.sampled_from(
    [
        "",
        " ",
        "a",
        " a",
        "a ",
        "\u00a0a",
        "a\u2003",
        "a\u0085",
        "\u0085",
        "å",
        "a\tb",
        "a\n",
        "\x00",
        "\x1f",
        "\x1ca",
        "\x7f",
        "\x80",
        "x" * 512,
        "x" * 513,
        "å" * 512,
        "å" * 513,
        "\ufeffa",
        "😀",
        "null",
        "true",
        "1",
        "2026-W07",
        "2026-W53",
        "2020-W53",
        "web",
        "é",
    ]
)
TEXTS = ODD_TEXTS | st.text(max_size=6)
IDS = (
    st.sampled_from(
        [
            f"k:{'ab' * 16}",
            f"K.2-a:{'AB' * 16}",
            f"k:{'0' * 32}",
            f"k:{'ab' * 15}",
            f":{'ab' * 16}",
            f"ö:{'ab' * 16}",
            f" k:{'ab' * 16}",
            f"k:{'ab' * 16} ",
            f"a:b:{'ab' * 16}",
            "anna",
            "Åsa",
            "BYGG 2026-1",
        ]
    )
    | TEXTS
)
NUMBERS = st.sampled_from(
    [0, 1, 3, 4, 5, 6, 100, 101, -1, 2**31, 2**31 - 1, 2**53, -(2**53), 2**63, 2**64, 1.0, 1.5, "1", True]
)
DAYS = st.sampled_from(
    [
        "2026-01-01",
        "2025-12-31",
        "1900-12-31",
        "1901-01-01",
        "2299-12-31",
        "2300-01-01",
        "2026-02-30",
        "2026-1-1",
        "20260101",
        "2026-01-01T00:00:00",
        "2026-01-01T00:00:00Z",
        20000,
        "0001-01-01",
    ]
)
FLAGS = st.sampled_from([True, False, 0, 1, "true"])
ANY: st.SearchStrategy[Any] = st.sampled_from([None, [], {}, 1, "x", True, 1.5])


def values(field: FieldPlan) -> st.SearchStrategy[Any]:
    match field.role:
        case "identifier":
            usual: st.SearchStrategy[Any] = IDS
        case "text":
            usual = TEXTS
        case "choice":
            usual = st.sampled_from([*field.choices, field.choices[0].upper(), ""])
        case "flag":
            usual = FLAGS
        case "number":
            usual = NUMBERS
        case "day":
            usual = DAYS
    return usual | usual | usual | ANY


TIMES = st.sampled_from(
    [
        "2026-02-09T08:30:00Z",
        "2026-02-09T08:30:00.1Z",
        "2026-02-09T08:30:00.123456789Z",
        "2026-02-09T08:30:00.1234567890Z",
        "2026-02-09t08:30:00z",
        "2026-02-09 08:30:00Z",
        "2026-02-09T08:30:00+01:00",
        "2026-02-09T08:30:00.25-09:30",
        "2026-02-09T08:30:00",
        "2026-02-30T08:30:00Z",
        "2026-02-09T24:00:00Z",
        "2026-02-09T08:30:60Z",
        "1999-12-31T23:59:59.9999Z",
        "2000-01-01T00:00:00Z",
        "2026-03-02T12:00:00Z",
        "2026-03-02T12:00:00.000000001Z",
        "2026-03-02T11:59:59.9999999Z",
        "2026-03-02T12:00:00.0001Z",
        "2126-01-01T00:00:00Z",
        0,
        "",
    ]
)
SOURCES = st.sampled_from(
    [
        "https://a.example/x?y=1#z",
        "urn:x",
        "file:00ff",
        "a b",
        "å",
        "%c3%a5",
        "%",
        "a#b#c",
        "a[b]",
        "a#[b]",
        "",
        " ",
        "a\n",
        "x" * 513,
    ]
)
SEQUENCES = st.sampled_from(
    [
        0,
        7,
        "7",
        "007",
        "",
        " 7",
        "-7",
        "٣",
        2**63,
        2**64 - 1,
        2**64,
        "9" * 19,
        "9" * 20,
        "18446744073709551615",
        1.0,
        True,
    ]
)
MEDIA = st.sampled_from(
    ["application/json", "application/json; charset=utf-8", "application/vnd.x+json", "text/xml", "", "json"]
)


rarely = st.sampled_from([False] * 15 + [True])


@st.composite
def lines(draw: st.DrawFn) -> bytes:
    """A line that holds an event, more or less."""
    name = draw(st.sampled_from(list(TYPES)))
    event = draw(st.sampled_from([full, minimal]))(name)
    for field in PLANS[name].fields:
        if draw(rarely):
            event["data"][field.name] = draw(values(field))
    for attribute, strategy in {
        "id": TEXTS,
        "time": TIMES,
        "source": SOURCES,
        "sequence": SEQUENCES,
        "subject": TEXTS,
        "datacontenttype": MEDIA,
        "dataschema": SOURCES,
        "type": st.sampled_from([*TYPES, "nytta.case.step.v2", "x"]),
        "specversion": st.sampled_from(["1.0", "0.3"]),
        "trace": TEXTS | NUMBERS,
        "a_b": TEXTS,
        "data_base64": TEXTS,
    }.items():
        if draw(rarely):
            event[attribute] = draw(strategy | st.none())
    if draw(rarely):
        del event[draw(st.sampled_from(list(event)))]
    line = json.dumps(
        event, ensure_ascii=draw(st.booleans()), separators=draw(st.sampled_from([(",", ":"), (", ", " : ")]))
    )
    if draw(rarely):  # the same key twice
        key = draw(st.sampled_from(list(event) or ["id"]))
        line = (
            line[:-1]
            + ","
            + json.dumps(key)
            + ":"
            + json.dumps(draw(st.sampled_from(["x", "1.0", event.get(key)])))
            + "}"
        )
    written = line.encode("utf-8", "surrogatepass")
    if draw(rarely):  # damage
        place = draw(st.integers(0, len(written)))
        written = (
            written[:place]
            + draw(st.binary(max_size=2) | st.sampled_from([b"\n", b"}", b"{", b"}{", b"\\ud800"]))
            + written[place:]
        )
    return written


BLANKS = st.sampled_from([b"", b" ", b"\t", b"\x0c", b"{}", b"[]", b"1"])
BODIES = st.lists(lines() | lines() | lines() | lines() | BLANKS, max_size=6).flatmap(
    lambda parts: st.sampled_from([b"\n", b"\r\n", b"\n\n"]).map(lambda end: end.join(parts))
)


@pytest.mark.slow
@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(BODIES, st.sampled_from([None, KEY, BY_PLACE]))
def test_both_ways_lead_to_the_same_table(body: bytes, pseudonymise: Chooser | None) -> None:
    same(body, pseudonymise)


@pytest.mark.parametrize("pseudonymise", [None, KEY, BY_PLACE])
def test_both_ways_lead_to_the_same_table_for_all_examples(pseudonymise: Chooser | None) -> None:
    same(b"\n".join(example.line for example in accepted() + rejected()), pseudonymise)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_without_an_error(body: bytes) -> None:
    assert len(same(body, None)) == 0


@pytest.mark.parametrize("start", ["", '{"specversion":"1.0","x":', '{"data":', '{"data":{"case":'])
def test_a_value_of_great_depth_is_a_reject(start: str) -> None:
    made = same(start.encode() + b"[" * 100_000 + b"\n" + to_ndjson([full("nytta.case.step.v1")]), None)
    assert (len(made), len(made.rejects)) == (1, 1)


def test_how_lines_are_batched_changes_nothing() -> None:
    found = [example.line for example in accepted() + rejected()]
    whole = rows(same(b"\n".join(found), KEY))
    for size in (1, 7, 40):
        parts = [same(b"\n".join(found[first : first + size]), KEY) for first in range(0, len(found), size)]
        assert sorted(row for part in parts for row in rows(part)) == whole


def test_thousands_of_mixed_lines() -> None:
    events = [full(name) | {"id": f"{name}/{number}", "sequence": number} for number in range(300) for name in TYPES]
    for event in events[::97]:
        event["time"] = "yesterday"
    made = same(to_ndjson(events), None)
    assert len(made) == len(events) - len(events[::97])


DAMAGE = [
    lambda line: line[:-1],
    lambda line: line[: len(line) // 2] + b"\xff" + line[len(line) // 2 :],
    lambda line: line[:-1] + b',"id":"again"}',
    lambda line: line[:-1] + b',"trace":1}',
    lambda line: line[:-1] + b',"trace":"00-ab"}',
    lambda line: line[:-1] + b',"sequence":null}',
    lambda line: line.replace(b'"case":"', b'"case":null,"x":"'),
    lambda line: line.replace(b'"1.0"', b"1.0"),
    lambda line: line.replace(b'"data":{', b'"data":[{') + b"]",
    lambda line: line.replace(b"Z", b"\\ud800"),
    lambda line: line + line,
]


@pytest.mark.slow
@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 199), st.sampled_from(DAMAGE)), max_size=8))
def test_a_bad_line_among_hundreds_takes_none_with_it(
    damaged: list[tuple[int, Callable[[bytes], bytes]]],
) -> None:
    found = [
        to_ndjson([full(name) | {"id": f"{number}"}]).strip()
        for number, name in zip(range(200), itertools.cycle(plan.model.type_name() for plan in FAST_PLANS.values()))
    ]
    for place, damage in damaged:
        found[place] = damage(found[place])
    same(b"\n".join(found), KEY)


@pytest.mark.parametrize("name", ["nytta.case.step.v1", "nytta.platform.session.v1", "nytta.ticket.opened.v1"])
def test_a_line_that_differs_by_one_byte_is_read_as_by_the_models(name: str) -> None:
    line = to_ndjson([full(name) | {"sequence": 1203, "trace": "å"}]).strip()
    damaged = [line]
    for place in range(len(line)):
        before, byte, after = line[:place], line[place : place + 1], line[place + 1 :]
        written = [b"", byte * 2, b'"', b"\\", b"}", b"{", b":", b" ", b"0", b"-", b"\x01", b"\xff", b'","']
        damaged += [before + other + after for other in written if b"\n" not in other]
    same(b"\n".join(damaged), KEY)


def test_lines_written_alike_are_read_without_a_parser_and_others_are_left() -> None:
    steps = [
        full("nytta.case.step.v1")
        | {"id": f"{number}", "data": full("nytta.case.step.v1")["data"] | {"intended": number % 2 == 0}}
        for number in range(100)
    ]
    steps[17]["id"] = 'with a "mark"'
    body = Lines(to_ndjson(steps))
    with patch.object(forms, "_FEWEST", 90):
        [group] = forms.alike(body, np.arange(100), fits=lambda _: True, repeats=lambda slot: slot.name == "system")
    assert group.rows.tolist() == [number for number in range(100) if number != 17]
    assert group.attributes["id"].to_pylist() == [str(number) for number in group.rows]
    assert group.data["intended"].to_pylist() == [number % 2 == 0 for number in group.rows]
    assert group.data["system"].to_pylist() == [steps[0]["data"]["system"]] * 99
    with patch.object(forms, "_FEWEST", 100):
        assert not list(forms.alike(body, np.arange(100), fits=lambda _: True, repeats=lambda _: False))


def test_extensions_that_are_texts_need_no_model() -> None:
    events = [full("nytta.case.step.v1") | {"traceparent": f"00-{number}", "key": "k"} for number in range(100)]
    with patch.object(batch, "validate", side_effect=AssertionError("left to the models")):
        made = decode(to_ndjson(events), received_at=RECEIVED, pseudonymise=None)
    assert dict(made.table["attributes"][7].as_py()) == {"traceparent": "00-7", "ce_key": "k"}


@pytest.mark.parametrize("plan", FAST_PLANS.values(), ids=lambda plan: plan.model.name)
def test_well_formed_events_never_need_the_models(plan: Any) -> None:
    raw = json.loads(json.dumps(full(plan.model.type_name())).replace("demo-2026a:", "Ärende "))
    variants: list[tuple[dict[str, Any], Pseudonymiser | None]] = [
        (full(plan.model.type_name()), None),
        (minimal(plan.model.type_name()) | {"sequence": "17", "time": "2026-02-09T09:30:00+01:00"}, None),
        (raw, KEY),
    ]
    for event, pseudonymise in variants:
        with patch.object(batch, "validate", side_effect=AssertionError("left to the models")):
            assert len(decode(to_ndjson([event] * 3), received_at=RECEIVED, pseudonymise=pseudonymise)) == 3


def test_only_types_with_rules_between_fields_have_no_fast_path() -> None:
    fast = {plan.model.name for plan in FAST_PLANS.values()}
    assert {model.name for model in TYPES.values()} - fast == {"people.eligibility", "benefit.measured"}


def test_lines_are_parted_by_type_where_there_are_many_of_several() -> None:
    names = ["nytta.case.step.v1", "nytta.platform.session.v1", "nytta.case.step.v1"]
    lines = Lines(to_ndjson([full(name) for name in names * 3]) + b"\n{}")
    every_row = np.arange(9)
    assert [list(part) for part in fast._by_type(lines, every_row)] == [list(range(9))]
    with patch.object(fast, "_PARTED", 9):
        assert [list(part) for part in fast._by_type(lines, every_row)] == [[0, 2, 3, 5, 6, 8], [1, 4, 7]]
        # a line of which nothing tells its type: all stay together
        assert [list(part) for part in fast._by_type(lines, np.arange(10))] == [list(range(10))]
        assert [list(part) for part in fast._by_type(lines, every_row[::3])] == [[0, 3, 6]]
