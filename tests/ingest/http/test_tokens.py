"""Tokens: kept as hashes, limited in time and scope."""

from __future__ import annotations

import json
import stat
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from nytta.ingest.events.batch import decode
from nytta.ingest.events.encode import to_ndjson
from nytta.ingest.events.reasons import Reason
from nytta.ingest.http.scope import refused
from nytta.ingest.http.tokens import Token, TokenFileError, Tokens
from nytta.registry.load import read
from nytta.registry.registry import Registry
from tests.ingest.http.conftest import KEYS, NOW, event, of_unit
from tests.organisations import SMALL_COUNTY


def test_a_token_is_found_until_it_expires(tmp_path: Path) -> None:
    tokens = Tokens(tmp_path / "tokens.json")
    token, text = tokens.add("desk", NOW, expires=NOW + timedelta(days=1))
    assert tokens.find(text, NOW) == token
    assert tokens.find(text, NOW + timedelta(days=1)) is None
    assert tokens.find(text[:-1], NOW) is None
    assert tokens.find("", NOW) is None


def test_the_file_holds_no_token_and_is_its_owners(tmp_path: Path) -> None:
    file = tmp_path / "new" / "tokens.json"
    token, text = Tokens(file).add("desk", NOW)
    assert text.startswith(f"nytta_{token.id}_")
    assert text.rpartition("_")[2] not in file.read_text("utf-8")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_another_process_is_heard(tmp_path: Path) -> None:
    here, there = Tokens(tmp_path / "tokens.json"), Tokens(tmp_path / "tokens.json")
    assert here.all() == ()
    first, text = there.add("desk", NOW)
    there.add("desk", NOW)
    assert here.find(text, NOW) == first
    assert there.revoke(first.id)
    time.sleep(0.11)  # a look at the file holds for a tenth of a second
    assert here.find(text, NOW) is None
    assert len(here.all()) == 1
    assert not there.revoke(first.id)


@pytest.mark.parametrize("text", ["", "[]", '{"tokens": [{}]}', '{"other": 1}'])
def test_a_file_that_is_none_is_said(tmp_path: Path, text: str) -> None:
    file = tmp_path / "tokens.json"
    file.write_text(text)
    with pytest.raises(TokenFileError, match=r"tokens\.json"):
        Tokens(file).all()


def test_no_token_is_forgotten_by_a_change(tmp_path: Path) -> None:
    tokens = Tokens(tmp_path / "tokens.json")
    for n in range(3):
        tokens.add(f"s{n}", NOW, units=["north"], types=["case.*"])
    assert [t["source"] for t in json.loads(tokens.path.read_text("utf-8"))["tokens"]] == ["s0", "s1", "s2"]
    assert list(tmp_path.iterdir()) == [tokens.path]


# --- scopes ---------------------------------------------------------------------------------------


def registry() -> Registry:
    """The small county with a unit below north."""
    files = dict(SMALL_COUNTY)
    own = b"units:\n  - {id: desk, name: Desk, parent: north}\n"
    files["organisation.yaml"] = files["organisation.yaml"].replace(b"units:\n", own)
    loaded = read(files)
    assert loaded.registry is not None, loaded.problems
    return loaded.registry


def verdicts(events: list[dict[str, Any]], **scope: Any) -> list[Reason | None]:
    token = Token(id="1", source="s", hash="", created=NOW, **scope)
    table = decode(to_ndjson(events), received_at=NOW, pseudonymise=KEYS.pseudonymiser()).table
    found = refused(table, token, registry())
    return [None] * len(table) if found is None else [v.reason if v else None for v in found]


@pytest.mark.parametrize(
    ("scope", "allowed"),
    [
        ({}, {"county", "north", "south", "desk"}),
        ({"units": ("north",)}, {"north"}),
        ({"subtrees": ("north",)}, {"north", "desk"}),
        ({"units": ("south",), "subtrees": ("desk",)}, {"south", "desk"}),
        ({"subtrees": ("county",)}, {"county", "north", "south", "desk"}),
    ],
)
def test_units_and_subtrees(scope: dict[str, Any], allowed: set[str]) -> None:
    for unit in ("county", "north", "south", "desk"):
        (found,) = verdicts([of_unit(unit)], **scope)
        assert (found is None) == (unit in allowed), unit
        assert found in (None, Reason.FORBIDDEN_UNIT)


def test_a_limited_token_does_not_learn_which_units_there_are() -> None:
    assert verdicts([of_unit("nowhere")]) == [Reason.UNKNOWN_UNIT]
    assert verdicts([of_unit("nowhere")], units=("north",)) == [Reason.FORBIDDEN_UNIT]


def test_types() -> None:
    closed = event(2, type="nytta.case.closed.v1", data={"unit": "north", "case": "c1"})
    assert verdicts([event(1), closed], types=("case.opened",)) == [None, Reason.FORBIDDEN_TYPE]
    assert verdicts([event(1), closed], types=("case.*",)) == [None, None]
    assert verdicts([event(1)], types=("ticket.*",)) == [Reason.FORBIDDEN_TYPE]


def test_sources() -> None:
    events = [event(1), event(2, source="/desk/1")]
    assert verdicts(events, event_sources=("/desk/*",)) == [Reason.FORBIDDEN_SOURCE, None]


def test_an_event_without_a_unit_needs_a_token_for_all() -> None:
    milestone = event(1, type="nytta.change.milestone.v1", data={"milestone": "m1", "what": "live"})
    assert verdicts([milestone]) == [None]
    assert verdicts([milestone], subtrees=("county",)) == [Reason.FORBIDDEN_UNIT]
