"""Units that a sender leaves to us: over HTTP, by a webhook and on Kafka, now or when a directory or opening comes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

import orjson
import pytest

from nytta.disclosure.published.values import OpenStore
from nytta.ingest.events.encode import to_ndjson
from nytta.ingest.events.reasons import Reason
from nytta.ingest.files import mapping_load as mappings
from nytta.ingest.http.hooks import Hook, events_of
from nytta.ingest.http.modes import Mode
from nytta.ingest.http.tokens import Token
from nytta.ingest.http.validation import Circumstances, EventRequest, judge
from nytta.ingest.intake import Intake
from nytta.ingest.keys import Keys
from nytta.ingest.pull.ask import PullError
from nytta.ingest.pull.declared import Declared
from nytta.ingest.store.private import PrivateStore
from nytta.registry import declarations
from nytta.service.installation import App
from nytta.service.pulls import hooks
from tests.organisations import SMALL_COUNTY, county

NOW = datetime.now(UTC)  # rejects are kept for two weeks from their receipt
EVERYWHERE = Token(id="all", source="all", hash="", created=NOW)
SOUTH = Token(id="south", source="south", hash="", created=NOW, units=("south",))
TWO = SMALL_COUNTY["organisation.yaml"].replace(
    b"units:\n",
    b"  - {id: town, name: Town, timezone: Europe/Oslo, country: NO, language: nb}\nunits:\n"
    b"  - {id: market, name: Market, parent: town}\n",
)
MAPPING = """
id: desk
format: object
organisation: {id: county}
timezone: UTC
source: desk
identity: [id]
revision: changed
unit: {constant: "@lookup"}
system: {constant: cases}
ticket: id
actor: who
events:
  - {type: ticket.opened, time: opened, channel: {constant: web}}
"""


def installed(store: PrivateStore, organisation: bytes = SMALL_COUNTY["organisation.yaml"]) -> App:
    registry = county(SMALL_COUNTY | {"organisation.yaml": organisation})
    intake = Intake(store, Keys("k1", bytes(32)), registry)
    return App(store, OpenStore(store.connection), intake, (), declarations.schemas() / "tables")


def event(kind: str, number: int, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"{kind}-{number}",
        "source": "/desk",
        "type": f"nytta.{kind}.v1",
        "time": "2026-03-02T10:00:00Z",
        "data": data,
    }


def opened(number: int, unit: str = "@lookup") -> dict[str, Any]:
    data = {"unit": unit, "system": "cases", "ticket": f"t{number}", "channel": "web", "actor": "ada@county.example"}
    return event("ticket.opened", number, data)


def resolved(number: int) -> dict[str, Any]:
    return event("ticket.resolved", number, {"unit": "@lookup", "system": "cases", "ticket": f"t{number}"})


def member(unit: str, begin: str = "2026-01-01") -> dict[str, Any]:
    data = {"unit": unit, "actor": "ada@county.example", "valid_from": begin}
    return event("people.eligibility", 1, data)


def posted(app: App, *events: dict[str, Any], token: Token = EVERYWHERE) -> list[str]:
    """The reasons of what is refused at the door; what is not goes into the store as the gateway has it."""
    intake = app.intake
    circumstances = Circumstances(intake.registry, intake.choice(), NOW, intake.homes)
    table, (judged,) = judge([EventRequest(token, Mode.BATCH, [], orjson.dumps(events))], circumstances)
    intake.store(table, judged.rejects, NOW)
    return [reject.reason.value for reject in judged.rejects]


def units(app: App) -> dict[str, str]:
    return dict(app.private.connection.rows("SELECT id, unit FROM {private}.events WHERE type LIKE 'ticket.%'"))


def waiting(app: App) -> list[str]:
    return [row["reason"] for row in app.private.connection.dicts("SELECT reason FROM {private}.rejects FINAL")]


def test_a_person_who_is_known_is_placed_at_the_door(store: PrivateStore) -> None:
    app = installed(store)
    assert posted(app, member("north"), member("south", "2026-02-01") | {"id": "m2"}) == []
    assert posted(app, opened(1)) == []
    assert units(app) == {"ticket.opened-1": "south"}


def test_who_comes_later_places_what_waited(store: PrivateStore) -> None:
    app = installed(store)
    assert posted(app, opened(1), opened(2, "north"), resolved(2), resolved(3)) == []
    assert units(app) == {"ticket.opened-2": "north"}
    assert waiting(app) == ["unplaced"] * 3
    assert app.place_waiting(NOW) == 1  # the ticket that was opened in the north
    assert units(app) == {"ticket.opened-2": "north", "ticket.resolved-2": "north"}
    posted(app, member("south"))
    assert app.place_waiting(NOW) == 1
    assert units(app)["ticket.opened-1"] == "south"
    assert waiting(app) == ["unplaced"]
    assert app.place_waiting(NOW) == 0


def test_a_worker_places_what_a_gateway_let_pass(store: PrivateStore) -> None:
    app = installed(store)
    posted(app, member("south"))
    intake = app.intake
    circumstances = Circumstances(intake.registry, intake.choice(), NOW)
    table, _ = judge([EventRequest(EVERYWHERE, Mode.BATCH, [], orjson.dumps([opened(1)]))], circumstances)
    actor = table["actor"].to_pylist()[0].hex()
    body = opened(1)
    body["data"] |= {"actor": f"{intake.choice().of('actor', '/desk', '@lookup').key_id}:{actor}"}
    ticket = table["subject"].to_pylist()[0].hex()
    body["data"] |= {"ticket": f"{intake.choice().of('ticket', '/desk', '@lookup').key_id}:{ticket}"}
    stranger = body | {"id": "2", "data": body["data"] | {"actor": body["data"]["actor"][:-2] + "00"}}
    batch = intake.judge(to_ndjson([body, stranger]), NOW)
    assert batch.table["unit"].to_pylist() == ["south"]
    assert [reject.reason for reject in batch.rejects] == [Reason.UNPLACED]


def test_a_token_of_some_units_may_not_leave_the_unit_open(store: PrivateStore) -> None:
    assert posted(installed(store), opened(1), token=SOUTH) == ["forbidden_unit"]


def test_of_several_organisations_the_source_says_whose_persons_they_are(store: PrivateStore) -> None:
    app = installed(store, TWO)
    posted(app, member("market"))
    assert posted(app, opened(1)) == ["unknown_unit"]
    app.intake.homes = {"/desk": "town"}
    assert posted(app, opened(2)) == []
    assert units(app) == {"ticket.opened-2": "market"}


def sent(rows: Iterable[dict[str, Any]], app: App) -> None:
    hook = Hook(mappings.parse(MAPPING, "m"), "github", b"s")
    for row in rows:
        circumstances = Circumstances(app.intake.registry, app.intake.choice(), NOW)
        conceal = app.intake.keys.pseudonymiser().wire
        events, rejects, _ = events_of(hook, orjson.dumps(row), circumstances, conceal)
        app.intake.store(events, rejects, NOW)


def test_a_webhook_is_placed_and_waits_as_others_do(store: PrivateStore) -> None:
    app = installed(store)
    posted(app, member("south"))
    row = {"id": "t1", "changed": "2026-03-02T10:00:00Z", "opened": "2026-03-02T10:00:00Z", "who": "ada@county.example"}
    sent([row, row | {"id": "t2", "who": "bo@county.example"}], app)
    assert list(units(app).values()) == ["south"]
    assert waiting(app) == ["unplaced"]


def test_a_webhook_without_an_organisation_is_told_at_the_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv("NYTTA_SECRET_DESK", "s")
    (tmp_path / "desk.yaml").write_text(MAPPING)
    declared = Declared(id="desk", kind="webhook", mapping="desk.yaml", signed="github", system="cases")
    with pytest.raises(PullError, match="whose persons they are"):
        hooks([declared], tmp_path, date(2026, 6, 1), has_several=True)
    assert list(hooks([declared], tmp_path, date(2026, 6, 1))) == ["desk"]
    at_home = declared.model_copy(update={"organisation": "town"})
    assert list(hooks([at_home], tmp_path, date(2026, 6, 1), has_several=True)) == ["desk"]
