"""Strange lists: every column is drafted right, no date is wrong, and every row is accounted for."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from nytta.ingest.files.channels import channel
from nytta.ingest.files.draft import Draft, drafted
from nytta.ingest.files.encodings import encoding_of
from nytta.ingest.files.headers import header_rows, is_none, joined
from nytta.ingest.files.looks import look
from nytta.ingest.files.mapping_text import mapping_of
from nytta.ingest.files.read import read
from tests.ingest.files.public import PUBLIC
from tests.ingest.files.strange import MORE_STRANGE, STRANGE, Strange
from tests.ingest.files.unseen import UNSEEN

BESIDE = {"opened", "resolved", "closed", "eligibility", "training", "session"}
"""Kinds of events whose times a list says; how often something happened has none."""


@pytest.mark.parametrize("strange", [*STRANGE, *MORE_STRANGE, *UNSEEN, *PUBLIC], ids=lambda strange: strange.name)
def test_a_strange_list_is_drafted_column_by_column_without_a_wrong_date(strange: Strange, tmp_path: Path) -> None:
    path = tmp_path / strange.name
    path.write_bytes(strange.content)
    made = drafted(look(path, path.name))
    assert (made.kind, set(strange.columns) - set(made.look.columns)) == (strange.kind, set())
    assert read_or_named(made, strange) == dict(strange.fields)
    times_read: dict[str, dict[str, str]] = {}
    rows = rejected = left_out = 0
    accepted = set()
    for chunk in read(path, mapping_of(made, "org", "UTC", {"unit": "u", "system": "s", **strange.answers})):
        rows, rejected, left_out = chunk.rows, rejected + len(chunk.rejects), left_out + chunk.skipped
        for line in chunk.ndjson.splitlines():
            event = json.loads(line)
            accepted.add(event["sequence"])
            kind = event["type"].split(".")[2]
            if kind in BESIDE:
                times_read.setdefault(subject(event["data"]), {})[kind] = event["time"]
    expected = {number: dict(moments) for number, moments in strange.times.items()}
    assert {number: shown(moments, expected.get(number, {})) for number, moments in times_read.items()} == expected
    assert rows == strange.rows
    assert rejected + left_out >= rows - len(accepted)


def read_or_named(made: Draft, strange: Strange) -> dict[str, str]:
    """The fields of a draft without those that it only found, unless the list names them too."""
    found = {"status", "changed"}
    found |= {"closed"} if "resolved" in made.fields else set()
    found |= {"decided"} if "closed" in made.fields else set()
    return {role: column for role, column in made.fields.items() if role not in found or role in strange.fields}


def subject(data: dict[str, Any]) -> str:
    return str(data.get("ticket") or data.get("case") or data["actor"])


def shown(moments: dict[str, str], expected: dict[str, str]) -> dict[str, str]:
    """Moments as finely as they are expected."""
    return {
        kind: f"{datetime.fromisoformat(moment):%Y-%m-%dT%H:%M}"[: len(expected.get(kind, moment))]
        for kind, moment in moments.items()
    }


def test_a_band_of_headings_is_taken_only_where_it_tells_names_apart() -> None:
    rows = [["1", "x", "3"], ["2", "y", "4"]]
    assert header_rows([["In", "", "Out"], ["Date", "By", "Date"], *rows]) == (0, 2)
    assert header_rows([["In", "", "Out"], ["Date", "By", "Day"], *rows]) == (1, 1)
    assert header_rows([["A report", "", ""], ["Date", "By", "Date"], *rows]) == (1, 1)
    assert header_rows([["In", "", "In"], ["Date", "By", "Date"], *rows]) == (1, 1)
    assert joined(["In", "", "Out", "Unit"], ["Date", "By", "Date"]) == ["In Date", "In By", "Out Date", "Unit"]


@pytest.mark.parametrize(
    ("cells", "none"),
    [
        (["Totalt:", "", "", "4"], True),
        (["", "Grand total", "", "4"], True),
        (["---", "-----", "--"], True),
        (["Sum", "A", "B", "C"], False),
        (["Summer school", "", "", ""], False),
        (["1", "", "", ""], False),
    ],
)
def test_totals_and_rules_are_no_rows(cells: list[str], none: bool) -> None:
    assert is_none(cells) is none


@pytest.mark.parametrize("encoding", ["cp1252", "cp850", "mac_roman"])
@pytest.mark.parametrize("word", ["Väg", "Förv", "Språk", "Kjøp", 'Ärende;"Åtgärd"'])
def test_an_encoding_is_told_by_a_letter_after_a_capital(word: str, encoding: str) -> None:
    assert encoding_of(f'"Id";"{word}"\r\n'.encode(encoding)) == (encoding, True)


@pytest.mark.parametrize(
    ("text", "way"),
    [
        ("Monitoring", "internal"),
        ("Virtual agent", "chat"),
        ("AWS Cloudwatch", "internal"),
        ("Internet", "web"),
        ("jira", "other"),
        ("Helpdesk", "other"),
        ("Service desk", "other"),
        ("Besök i IT-disken", "desk"),
        ("Front desk", "desk"),
        ("eByggesøk", "web"),
        ("IVR", "phone"),
        ("Callcenter", "phone"),
        ("Caller 12", "other"),
    ],
)
def test_the_way_in_is_what_a_text_says_and_no_more(text: str, way: str) -> None:
    """`jira` is whoever works there, on behalf of anybody; a help desk is reached in many ways."""
    assert channel(text) == way
