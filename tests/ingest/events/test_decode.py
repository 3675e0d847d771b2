import base64
import json
import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from nytta import Mendable
from nytta.ingest.events import ALWAYS, COLUMNS, DEFAULTS, TYPES, Batch, Pseudonymiser, Reason, decode, to_ndjson
from nytta.ingest.events.examples import full, minimal

RECEIVED = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEY = Pseudonymiser("north-2026a", bytes(range(32)))
STEP = full("nytta.case.step.v1")


def batch(*events: dict[str, Any], **options: Any) -> Batch:
    return decode(to_ndjson(events), **{"received_at": RECEIVED, "pseudonymise": None, **options})


def row(event: dict[str, Any], **options: Any) -> dict[str, Any]:
    """The one row of the one event; what has no column is what an event says nothing about."""
    made = batch(event, **options)
    assert made.rejects == ()
    (only,) = made.table.to_pylist()
    return {**DEFAULTS, **only}


def of_step(**data: Any) -> dict[str, Any]:
    return STEP | {"data": STEP["data"] | data}


# --- columns --------------------------------------------------------------------------------------


def test_a_step_fills_its_columns() -> None:
    made = row(STEP | {"sequence": "42"})
    assert made == dict(DEFAULTS) | {
        "source": "https://permits.example/events",
        "id": "7f0c3f4e-5a39-4c53-9d0b-2f6a1f0e8a11",
        "type": "case.step",
        "kind": "case",
        "time": datetime(2026, 2, 9, 8, 30, 0, 250_000, UTC),
        "received_at": RECEIVED,
        "sequence": 42,
        "unit": "social-care-north",
        "system": "permits",
        "case_type": "building-permit",
        "subject": bytes.fromhex("c" * 32),
        "actor": bytes.fromhex("a" * 32),
        "actor_key": "demo-2026a",
        "actor_kind": "person",
        "channel": "web",
        "mode": "digital",
        "activity": "Register application",
        "team": "Registry",
        "intended": 1,
        "digital_route": 1,
        "follows": 1,
    }


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("case.opened", {"kind": "case", "channel": "web"}),
        ("case.returned", {"activity": "Register application", "by_law": 1}),
        ("case.handover", {"team": "Registry"}),
        ("case.closed", {"end_to_end": 1, "category": "granted"}),
        ("platform.enrolled", {"kind": "client", "subject": bytes.fromhex("d" * 32), "legacy": 0}),
        (
            "platform.session",
            {
                "kind": "session",
                "subject": bytes.fromhex("a" * 32),
                "actor": bytes.fromhex("a" * 32),
                "category": "case client",
                "activity": "draft decision",
                "legacy": 0,
                "quantity": 3,
            },
        ),
        (
            "ticket.opened",
            {
                "kind": "ticket",
                "channel": "web",
                "category": "case client",
                "how_to": 1,
                "team": "Registry",
                "line": 1,
            },
        ),
        ("ticket.resolved", {"first_contact": 1, "line": 1, "activity": "Register application"}),
        ("ticket.selfservice", {"subject": bytes.fromhex("e" * 32), "category": "case client"}),
        ("change.training", {"kind": "training", "activity": "digital case handling", "tier": "managers"}),
        (
            "change.pulse",
            {
                "category": "2026-spring",
                "activity": "awareness",
                "quantity": 4,
                "actor": bytes(16),
                "actor_kind": "",
            },
        ),
        ("change.milestone", {"activity": "live", "attributes": [("key", "permits-live")]}),
        (
            "change.decision",
            {
                "activity": "acknowledged",
                "tier": "2",
                "valid_to": date(2026, 6, 30),
                "valid_from": None,
                "attributes": [("key", "D-2026-04")],
            },
        ),
        (
            "people.eligibility",
            {
                "kind": "eligibility",
                "subject": bytes.fromhex("a" * 32),
                "role": "case handler",
                "tier": "managers",
                "quantity": 80,
                "entitled": 1,
                "valid_from": date(2026, 1, 1),
                "valid_to": date(2026, 7, 1),
            },
        ),
        (
            "people.presence",
            {
                "quantity": 14,
                "days": 610,
                "contract_days": 700,
                "valid_from": date(2026, 2, 9),
                "valid_to": date(2026, 2, 16),
            },
        ),
        (
            "benefit.measured",
            {
                "quantity": 12500,
                "valid_from": date(2026, 1, 1),
                "valid_to": date(2026, 2, 1),
                "attributes": [("key", "faster-permits")],
            },
        ),
    ],
)
def test_what_each_type_fills(name: str, columns: dict[str, Any]) -> None:
    made = row(full(f"nytta.{name}.v1"))
    assert {column: made[column] for column in columns} == columns
    assert made["type"] == name


@pytest.mark.parametrize("name", TYPES)
def test_columns_are_always_the_same_ones_of_the_same_types(name: str) -> None:
    for event in (minimal(name), full(name)):
        table = batch(event).table
        assert [c for c in COLUMNS if c in table.column_names] == table.column_names
        assert set(ALWAYS) <= set(table.column_names)
        assert all(table.schema.field(column).type == COLUMNS[column] for column in table.column_names)
        table.validate(full=True)


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("case.step", {"intended": -1, "actor": bytes(16), "actor_kind": "", "actor_key": "", "channel": ""}),
        ("case.returned", {"by_law": 0}),
        ("platform.session", {"quantity": 1, "actor_kind": "person"}),
        ("people.eligibility", {"quantity": 100, "entitled": -1, "valid_to": None}),
        ("change.milestone", {"unit": "", "actor": bytes(16)}),
    ],
)
def test_what_absence_stands_for(name: str, columns: dict[str, Any]) -> None:
    event = minimal(f"nytta.{name}.v1")
    nothing = {field: None for field in TYPES[event["type"]].model_fields if field not in event["data"]}
    for variant in (event, event | {"data": event["data"] | nothing}):
        made = row(variant)
        assert {column: made[column] for column in columns} == columns


@pytest.mark.parametrize(
    ("said", "entitled"),
    [
        ({}, -1),
        ({"account": None, "licence": None}, -1),
        ({"account": True}, 1),
        ({"licence": False}, 0),
        ({"account": True, "licence": None}, 1),
        ({"account": True, "licence": False}, 0),
        ({"account": True, "licence": True}, 1),
    ],
)
def test_access_is_known_by_what_is_said_of_it(said: dict[str, bool | None], entitled: int) -> None:
    event = minimal("nytta.people.eligibility.v1")
    other = event | {"id": "other", "data": event["data"] | {"account": True, "licence": True}}
    for together in ((event | {"data": event["data"] | said},), (event | {"data": event["data"] | said}, other)):
        assert batch(*together).table.to_pylist()[0].get("entitled", -1) == entitled


def test_types_of_one_body_become_one_table() -> None:
    table = batch(*(full(name) for name in TYPES), *(minimal(name) for name in TYPES)).table
    assert table.num_rows == 2 * len(TYPES)
    assert set(table.column_names) == set(COLUMNS) - {"retracted", "revision"}  # nothing is corrected or taken back
    assert all(column.num_chunks == 1 for column in table.columns)
    rows = {(each["type"], each["quantity"], each["mode"]) for each in table.to_pylist()}
    assert {("case.step", 0, "digital"), ("people.eligibility", 80, ""), ("case.step", 0, "")} <= rows


def test_nothing_makes_an_empty_table() -> None:
    made = decode(b"\n  \n\r\n", received_at=RECEIVED, pseudonymise=None)
    assert (len(made), made.read, made.rejects) == (0, 0, ())
    assert made.table.column_names == list(ALWAYS)


def test_kept_extensions_are_texts_and_leave_the_key_alone() -> None:
    event = full("nytta.change.milestone.v1") | {"hop": -2, "key": "theirs", "sampled": True, "trace": None}
    assert row(event)["attributes"] == [
        ("hop", "-2"),
        ("ce_key", "theirs"),
        ("sampled", "true"),
        ("key", "permits-live"),
    ]


def test_the_cloudevents_subject_is_not_kept() -> None:
    table = batch(STEP | {"subject": "BYGG 2026-000123"}).table
    assert "BYGG" not in json.dumps(table.to_pylist(), default=str)


@pytest.mark.parametrize(
    ("written", "sequence"),
    [("0", 0), ("007", 7), (7, 7), ("18446744073709551615", 2**64 - 1), (2**64 - 1, 2**64 - 1), (None, 0)],
)
def test_sequence(written: object, sequence: int) -> None:
    assert row(STEP | {"sequence": written})["sequence"] == sequence


@pytest.mark.parametrize("written", ["", "-1", "1.5", 1.5, -1, True, "18446744073709551616", 2**64, "٣"])
def test_no_sequence(written: object) -> None:
    events = [STEP | {"sequence": written}, STEP | {"sequence": "1"}, STEP]
    body = b"\n".join(json.dumps(event).encode() for event in events)  # holds numbers orjson does not write
    made = decode(body, received_at=RECEIVED, pseudonymise=None)
    assert [reject.reason for reject in made.rejects] == [Reason.INVALID_FIELD]
    assert len(made) == 2


# --- pseudonyms -----------------------------------------------------------------------------------


def test_raw_ids_become_pseudonyms_at_the_edge() -> None:
    made = row(of_step(actor="Åsa", case=" BYGG 2026-1 "), pseudonymise=KEY)
    assert made["actor"] == KEY.digest("Åsa")
    assert made["subject"] == KEY.digest("BYGG 2026-1")
    assert made["actor_key"] == "north-2026a"


def test_pseudonyms_and_raw_ids_may_be_mixed_at_the_edge() -> None:
    events = [of_step(actor=actor) for actor in (None, "anna", f"other:{'b' * 32}", f" other:{'b' * 32} ")]
    table = batch(*events, pseudonymise=KEY).table
    found = {(each["actor"], each["actor_key"]) for each in table.to_pylist()}
    theirs = (bytes.fromhex("b" * 32), "other")
    assert found == {(bytes(16), ""), (KEY.digest("anna"), "north-2026a"), theirs}
    assert table.num_rows == 4


def test_no_raw_id_is_left_anywhere_in_the_table() -> None:
    # Long enough to look as if the end could be a pseudonym, so that the beginning is looked at as a key id.
    raw = "anna.svensson.at.the.municipality.of.north.0123456789abcdef0123456789abcdef"
    for options in ({"pseudonymise": KEY}, {"pseudonymise": None}):
        table = batch(STEP, of_step(actor=raw), of_step(case=raw, activity=raw[:5]), **options).table
        buffers = b"".join(
            bytes(buffer)
            for column in table.columns
            for chunk in column.chunks
            for array in ([chunk, chunk.dictionary] if pa.types.is_dictionary(chunk.type) else [chunk])
            for buffer in array.buffers()
            if buffer
        )
        assert b"svensson" not in buffers
        assert options["pseudonymise"] or b"anna" not in buffers


def test_raw_ids_are_rejected_behind_the_edge() -> None:
    made = batch(STEP, of_step(actor="anna"), of_step(case="1"), of_step(actor=f"k:{'0' * 32}"))
    assert [reject.reason for reject in made.rejects] == [Reason.RAW_ACTOR] * 3
    assert "anna" not in made.rejects[0].detail
    assert len(made) == 1


# --- rejects --------------------------------------------------------------------------------------


def test_a_bad_event_never_sinks_its_neighbours() -> None:
    good = to_ndjson([STEP])
    body = b"\n".join(
        [
            good.strip(),
            b"",
            b"{",
            good.strip() + b" " + good.strip(),
            good.replace(b"Register", b"F\xf6rnya").strip(),
            b"   ",
            b"[]",
            good.strip() + b"\r",
            b"{" + good.strip(),
            b"null",
            good.strip(),
        ]
    )
    made = decode(body, received_at=RECEIVED, pseudonymise=None, source_label="upload.ndjson")
    assert [(reject.position, reject.reason) for reject in made.rejects] == [
        ("line 3", Reason.MALFORMED_JSON),
        ("line 4", Reason.MALFORMED_JSON),
        ("line 5", Reason.INVALID_ENCODING),
        ("line 7", Reason.NOT_CLOUDEVENT),
        ("line 9", Reason.MALFORMED_JSON),
        ("line 10", Reason.NOT_CLOUDEVENT),
    ]
    assert len(made) == 3
    assert made.read == 9
    assert {reject.source for reject in made.rejects} == {"upload.ndjson"}
    assert made.rejects[0].body == b"{"


def test_an_event_over_several_lines_is_several_bad_lines() -> None:
    body = json.dumps(STEP, indent=1).encode()
    made = decode(body + b"\n" + to_ndjson([STEP]), received_at=RECEIVED, pseudonymise=None)
    assert len(made) == 1
    assert len(made.rejects) == body.count(b"\n") + 1


def test_an_event_cut_between_braces_does_not_take_its_neighbour() -> None:
    line = to_ndjson([STEP]).strip()
    body = line[:-1] + b"\n" + line + line + b"\n}\n" + line
    made = decode(body, received_at=RECEIVED, pseudonymise=None)
    assert (len(made), [reject.position for reject in made.rejects]) == (1, ["line 1", "line 2", "line 3"])


def test_lines_have_a_limit() -> None:
    largest = to_ndjson([STEP | {"extension": "x"}]).strip()
    fill = 2**20 - len(largest)
    within = largest.replace(b'"extension":"x"', b'"extension":"x"' + b" " * fill)
    beyond = within.replace(b" ", b"  ", 1)
    assert (len(within), len(beyond)) == (2**20, 2**20 + 1)
    made = decode(within + b"\n" + beyond, received_at=RECEIVED, pseudonymise=None)
    assert len(made) == 1
    assert [(reject.position, reject.reason) for reject in made.rejects] == [("line 2", Reason.TOO_LARGE)]
    assert len(made.rejects[0].body) == 2**20 + 1


def test_a_reject_without_label_names_its_own_source() -> None:
    made = decode(to_ndjson([of_step(channel="fax"), {"source": 1}]) + b"{\n", received_at=RECEIVED, pseudonymise=None)
    assert [reject.source for reject in made.rejects] == ["https://permits.example/events", "", ""]


def test_a_reject_tells_all_problems_and_no_values() -> None:
    made = batch(of_step(channel="fax", intended="Anna", unit=None, secret="Anna"))
    assert made.rejects[0].reason is Reason.MISSING_FIELD
    for where in ("data.unit", "data.channel", "data.intended", "data.secret"):
        assert where in made.rejects[0].detail
    assert "Anna" not in made.rejects[0].detail
    assert "fax" not in made.rejects[0].detail


@pytest.mark.parametrize(
    ("time", "reason"),
    [
        ("2026-03-02T12:00:00.000Z", None),
        ("2026-03-02T12:00:00.000001Z", Reason.FUTURE_TIME),
        ("2026-03-02T12:00:00.001Z", Reason.FUTURE_TIME),
        ("2026-03-02T13:00:00+01:00", None),
        ("2000-01-01T00:00:00Z", None),
        ("1999-12-31T23:59:59.999Z", Reason.IMPLAUSIBLE_TIME),
        ("2000-01-01T00:30:00+01:00", Reason.IMPLAUSIBLE_TIME),
        ("0001-01-01T00:00:00+23:59", Reason.IMPLAUSIBLE_TIME),
        ("9999-12-31T23:59:59-23:59", Reason.FUTURE_TIME),
        ("2026-02-09T08:30:00", Reason.AMBIGUOUS_TIME),
        ("2026-02-09", Reason.INVALID_FIELD),
        (1770625800, Reason.INVALID_FIELD),
        (None, Reason.MISSING_FIELD),
    ],
)
def test_times(time: object, reason: Reason | None) -> None:
    assert [reject.reason for reject in batch(STEP | {"time": time}).rejects] == ([reason] if reason else [])


def test_how_far_the_future_is_believed_is_the_callers_choice() -> None:
    event = STEP | {"time": "2026-03-01T12:00:01Z"}
    assert len(batch(event, max_future=timedelta(seconds=1))) == 1
    assert len(batch(event, max_future=timedelta(0))) == 0


def test_the_time_of_receipt_needs_an_offset() -> None:
    with pytest.raises(ValueError, match="offset"):
        decode(b"", received_at=datetime(2026, 3, 1), pseudonymise=None)


# --- what should not happen -----------------------------------------------------------------------


class Failing(Pseudonymiser):
    """A key with which something goes wrong for one id."""

    def __init__(self, error: Exception) -> None:
        super().__init__("north-2026a", bytes(range(32)))
        self.error = error

    def digests(self, texts: Iterable[str]) -> bytes:
        texts = list(texts)
        if "poison" in texts:
            raise self.error
        return super().digests(texts)


@pytest.mark.parametrize("place", [0, 3, 99])
def test_an_event_on_which_nytta_itself_fails_is_one_reject(place: int) -> None:
    """Its neighbours go in; the reject says where in Nytta, and nothing of the event."""
    events = [of_step(case="poison" if n == place else f"c{n}") | {"id": str(n)} for n in range(100)]
    made = batch(*events, pseudonymise=Failing(ZeroDivisionError("poison")))
    assert sorted(int(row["id"]) for row in made.table.to_pylist()) == [n for n in range(100) if n != place]
    (reject,) = made.rejects
    assert (reject.reason, reject.position, made.read) == (Reason.FAULT, f"line {place + 1}", 100)
    assert reject.body == to_ndjson([events[place]]).strip()
    assert re.fullmatch(r"ZeroDivisionError in test_decode.py, line \d+", reject.detail)


@pytest.mark.parametrize("error", [Mendable("a key is missing"), OSError("the disk is away"), MemoryError()])
def test_what_fails_of_the_place_is_no_reject(error: Exception) -> None:
    with pytest.raises(type(error)):
        batch(of_step(case="poison"), pseudonymise=Failing(error))


# --- data written as bytes ------------------------------------------------------------------------


def as_bytes(data: bytes, **attributes: Any) -> dict[str, Any]:
    without = {name: value for name, value in STEP.items() if name != "data"}
    return without | {"data_base64": base64.b64encode(data).decode()} | attributes


def test_data_written_as_bytes_are_the_same_data() -> None:
    assert row(as_bytes(json.dumps(STEP["data"]).encode())) == row(STEP)
    assert row(STEP | {"data_base64": None}) == row(STEP)


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (STEP | {"data_base64": "e30="}, "data_base64: stands beside data"),
        (as_bytes(b"no json"), "data_base64: is not JSON in base64"),
        (as_bytes(b'{"unit": NaN}'), "data_base64: is not JSON in base64"),
        (as_bytes(b"[" * 300 + b"]" * 300), "data_base64: is not JSON in base64"),
        (as_bytes(b"", data_base64="é"), "data_base64: is not JSON in base64"),
        (as_bytes(b"", data_base64=7), "data_base64: is not JSON in base64"),
        (as_bytes(b"7"), "data: input should be an object"),
        (as_bytes(b"{}", datacontenttype="text/plain"), "datacontenttype: is not a media type of JSON"),
        (as_bytes(b"{}", data_base64=None), "data: is required"),
    ],
)
def test_data_that_bytes_do_not_hold_are_told(event: dict[str, Any], told: str) -> None:
    (reject,) = batch(event).rejects
    assert told in reject.detail
