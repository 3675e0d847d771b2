"""CONTRIBUTING's recipe of a source followed to the letter: one file, its mapping, its fake."""

from __future__ import annotations

import importlib.util
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from nytta.ingest.files.mapping_load import load
from nytta.ingest.pull import declared
from nytta.ingest.store.private import PrivateStore
from nytta.service.pulls import puller
from tests.ingest.pull.faults import Fake, Given
from tests.ingest.pull.test_servicenow import installed, tickets

SOURCE = '''
"""A help desk with a list of tickets by change."""

from nytta.ingest.pull.keyset import Fetched, pages
from nytta.ingest.pull.source import Finding, Findings, Page, Place, SourceSettings


class Desk:
    mappings = ("desk",)
    fetched = ("id", "changed", "opened", "office")
    not_fetched = ("text",)

    def __init__(self, settings):
        self.settings = settings

    def pull(self, ask, cursor):
        def fetch(place):
            answer = ask.get("tickets", {"since": place.since, "after": place.after}).body
            return Fetched(answer["items"], answer["left"])

        for rows, place in pages(fetch, Place(cursor), lambda row: row["changed"], lambda row: row["id"]):
            yield Page({"desk": rows}, place.since)

    def listing(self, ask):
        yield ask.get("ids").body["items"]

    def probe(self, ask, now):
        return Findings((Finding("tickets", True),))
'''

MAPPING = """
id: desk
title: Tickets of a help desk
format: json
organisation: {id: desk}
timezone: UTC
source: desk
identity: [id]
revision: changed
unit: office
system: {constant: desk}
ticket: id
channel: {constant: phone}
events: [{type: ticket.opened, time: opened}]
notes: [Tickets are opened by phone.]
"""


class FakeDesk(Fake):
    """Twenty-five tickets, seven a page."""

    def __init__(self) -> None:
        super().__init__(faults={"429": 0.1, "500": 0.1, "truncated": 0.1, "dropped": 0.1})
        self.items = [
            {
                "id": f"t{n:02}",
                "changed": f"2026-03-02T08:00:{n // 3:02}Z",
                "opened": "2026-03-02T08:00:00Z",
                "office": "north",
            }
            for n in range(25)
        ]

    def answer(self, path: str, query: dict[str, str]) -> Given:
        if path.endswith("ids"):
            return Given({"items": [{"id": item["id"]} for item in self.items]})
        place = (query["since"], query["after"])
        left = [item for item in self.items if (item["changed"], item["id"]) > place]
        return Given({"items": left[:7], "left": len(left)})


def test_a_source_is_one_file_and_a_mapping(
    store: PrivateStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "desk.py"
    file.write_text(SOURCE, "utf-8")
    spec = importlib.util.spec_from_file_location("desk", file)
    assert spec is not None
    assert spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(declared, "KINDS", {"desk": (module.SourceSettings, module.Desk)})
    (tmp_path / "desk.yaml").write_text(MAPPING, "utf-8")
    assert load(tmp_path / "desk.yaml").notes
    fake = FakeDesk()
    with fake.served() as address:
        (tmp_path / "sources.yaml").write_text(
            f"sources:\n  - {{id: desk, kind: desk, address: '{address}', system: cases, mapping: desk.yaml}}\n"
        )
        (source,) = declared.read(tmp_path)
        made = puller(installed(store), source, tmp_path, pause=lambda _: None)
        assert (made.round().state, len(tickets(store))) == ("good", 25)
        assert made.round().events == 0
        del fake.items[3]
        fake.faults = {}
        assert made.reconcile().retracted == 1
        assert len(tickets(store)) == 24
        made.ask.close()
    assert tickets(store)[0][1] == str(datetime(2026, 3, 2, 8))
