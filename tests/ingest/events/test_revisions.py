"""Revisions and retractions on their way in: read fast or by the models, written out again, and refused."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from nytta.ingest.events import Pseudonymiser, Reason, decode
from nytta.ingest.events.encode import encode
from tests.ingest.events.test_fast_path import same

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
KEY = Pseudonymiser("k1", bytes(16))


def opened(number: int, **attributes: Any) -> dict[str, Any]:
    data = {"unit": "north", "system": "desk", "ticket": f"t{number}", "channel": "phone"}
    return {
        "specversion": "1.0",
        "id": str(number),
        "source": "/desk",
        "type": "nytta.ticket.opened.v1",
        "time": "2026-03-02T10:00:00Z",
        "data": data,
    } | attributes


def body(*events: dict[str, Any]) -> bytes:
    return b"\n".join(map(orjson.dumps, events))


def gone(number: int, **attributes: Any) -> dict[str, Any]:
    event = opened(number) | {"retracted": True} | attributes
    del event["data"]
    return event


@pytest.mark.parametrize("written", [str, int])
def test_a_revision_is_a_number_or_a_text_of_digits(written: Any) -> None:
    events = [opened(n, revision=written(n * 10**12)) for n in range(100)] + [opened(100)]
    made = same(body(*events), KEY)
    assert sorted(made.table["revision"].to_pylist()) == sorted([0, *(n * 10**12 for n in range(100))])


def test_what_is_no_revision_is_refused() -> None:
    bad: list[Any] = ["-1", "1.5", "", "x", -1, 1.5, True, 2**63, "9" * 20]
    made = decode(body(*(opened(n, revision=value) for n, value in enumerate(bad))), received_at=NOW, pseudonymise=KEY)
    assert [reject.reason for reject in made.rejects] == [Reason.INVALID_FIELD] * len(bad)
    assert all("revision: is not a whole number" in reject.detail for reject in made.rejects)
    largest = decode(body(opened(1, revision=str(2**63 - 1))), received_at=NOW, pseudonymise=KEY)
    assert largest.table["revision"].to_pylist() == [2**63 - 1]


@pytest.mark.parametrize("said", [True, "true"])
def test_a_retraction_needs_no_data_and_has_an_identity_and_a_revision(said: Any) -> None:
    events = [opened(n) for n in range(80)] + [gone(80, revision=3, retracted=said, time=None)]
    made = same(body(*events), KEY)
    (row,) = [row for row in made.table.to_pylist() if row["retracted"]]
    assert (row["id"], row["type"], row["kind"], row["revision"], row["unit"]) == (
        "80",
        "ticket.opened",
        "ticket",
        3,
        "",
    )
    assert row["subject"] == bytes(16)


def test_data_of_a_retraction_are_not_looked_at_but_for_the_unit() -> None:
    made = decode(
        body(opened(1, retracted=True, data={"unit": "north", "ticket": 5, "what": None})),
        received_at=NOW,
        pseudonymise=KEY,
    )
    assert made.rejects == ()
    assert made.table["unit"].to_pylist() == ["north"]


def test_a_retraction_that_is_wrong_says_what_to_change() -> None:
    events = [
        gone(1, retracted="perhaps"),
        gone(2, id=""),
        gone(3, type="nytta.ticket.lost.v1"),
        gone(4, time=None) | {"data": {"unit": "north"}},
    ]
    made = decode(body(*events), received_at=NOW, pseudonymise=KEY)
    assert [reject.detail.partition(":")[0] for reject in made.rejects] == ["retracted", "id", "type", "time"]
    assert "retracted: is neither true nor false" in made.rejects[0].detail


def test_both_come_through_encoding_as_they_are() -> None:
    events = [opened(1, revision=7), gone(2, revision=9), gone(3, time=None), opened(4)]
    first = decode(body(*events), received_at=NOW, pseudonymise=KEY)
    again = decode(b"".join(encode(first.table)), received_at=NOW, pseudonymise=None)
    assert again.rejects == ()
    assert sorted(again.table.to_pylist(), key=repr) == sorted(first.table.to_pylist(), key=repr)
