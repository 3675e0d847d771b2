"""What leaves an installation at the edge: gated figures word by word, and no table beside them is read."""

from __future__ import annotations

import json
import re
from datetime import date
from typing import Any

import pytest

from nytta.disclosure.published.outbound import FIELDS, published
from nytta.ingest.store.private import PrivateStore
from nytta.storage.client import Connection
from tests.rows import NOW, event, pseudonym, table

ALLOWED = {
    *("organisation", "unit", "system", "case_type", "part", "indicator", "version", "grain", "period"),
    *("value", "low", "high", "n_band", "status", "reason", "unit_of_measure"),
}


class Listening(Connection):
    asked: list[str]

    def dicts(self, sql: str, **parameters: Any) -> list[dict[str, Any]]:
        self.asked.append(self.zones.fill(sql))
        return super().dicts(sql, **parameters)


@pytest.fixture
def listening(store: PrivateStore) -> Listening:
    store.write(
        table([event(1, "platform.session", "02-04", "ada", actor="ada"), event(2, "case.opened", "02-04", "c1")]),
        [],
        seal=bytes,
        received_at=NOW,
    )
    columns = ["organisation", "unit", "system", "indicator", "version", "grain", "period", "value", "status"]
    columns += ["publication", "published_at"]
    rows = [
        ["county", unit, "cases", "rework", 1, "week", date(2026, 2, 2), value, status, number, NOW]
        for unit, value, status, number in (("north", 40.0, "ok", 1), ("south", None, "suppressed", 2))
    ]
    store.connection.insert("{open}.published_values", columns, rows)
    heard = Listening(store.connection._client, store.connection.zones)
    heard.asked = []
    return heard


def test_only_gated_words_leave(listening: Listening) -> None:
    sent = [each for _, each in published(listening, "north-county")]
    assert [(e["data"]["unit"], e["data"]["value"], e["data"]["status"]) for e in sent] == [
        ("north", 40.0, "ok"),
        ("south", None, "suppressed"),
    ]
    for each in sent:
        assert set(each["data"]) == ALLOWED == set(FIELDS)
        assert set(each) == {"specversion", "type", "source", "id", "time", "data"}
    text = json.dumps(sent)
    assert pseudonym("ada").hex() not in text
    assert pseudonym("c1").hex() not in text


def test_what_was_handed_on_is_not_sent_again(listening: Listening) -> None:
    assert [number for number, _ in published(listening, "x")] == [1, 2]
    assert [e["data"]["unit"] for _, e in published(listening, "x", last_publication=1)] == ["south"]
    assert list(published(listening, "x", last_publication=2)) == []
    once, again = (list(published(listening, "x")) for _ in range(2))
    assert once == again


def test_no_table_but_the_published_one_is_read(listening: Listening) -> None:
    list(published(listening, "x"))
    (sql,) = listening.asked
    plan = listening.rows("EXPLAIN QUERY TREE " + re.sub(r"\{\w+:\w+\}", "0", sql))
    read = set(re.findall(r"table_name: (\S+?)[,\s]", "\n".join(row[0] for row in plan) + " "))
    assert read == {f"{listening.zones.open}.published_values"}
