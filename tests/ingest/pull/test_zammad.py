"""A Zammad that is pulled and sends webhooks: one change counts once, whichever way it comes."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pytest

from nytta.ingest.events.batch import Reject
from nytta.ingest.http.limits import Limits
from nytta.ingest.http.routes import Gateway, application
from nytta.ingest.http.tokens import Tokens
from nytta.ingest.intake import Intake
from nytta.ingest.pull.declared import Declared
from nytta.ingest.store.private import PrivateStore
from nytta.service.pulls import Puller, hooks, puller
from tests.ingest.pull.test_servicenow import NOW, installed, tickets
from tests.ingest.pull.zammad import FakeZammad
from tests.organisations import county

pytestmark = pytest.mark.slow

FAULTS = {"429": 0.05, "500": 0.05, "truncated": 0.05, "empty": 0.05, "dropped": 0.05}


def declared(address: str, monkeypatch: pytest.MonkeyPatch) -> Declared:
    monkeypatch.setenv("NYTTA_SECRET_HELP", "secret")
    monkeypatch.setenv("NYTTA_SECRET_HELP_SIGNATURE", "signing")
    return Declared(
        id="help",
        kind="zammad",
        address=address,
        system="cases",
        account="token",
        signed="zammad",
        settings={"page": 30},
    )


def asked(store: PrivateStore, source: Declared) -> Puller:
    made = puller(installed(store), source, None, pause=lambda _: None)
    made.clock = lambda: NOW
    return made


def found(store: PrivateStore) -> list[tuple[Any, ...]]:
    return [row[:4] for row in tickets(store)]


def test_tickets_are_read_once_while_they_change_and_zammad_fails(
    store: PrivateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakeZammad(200, in_one_moment=70, busy=3, faults=FAULTS, clock=600)
    with fake.served() as address, closing((made := asked(store, declared(address, monkeypatch))).ask):
        for _ in range(4):
            made.round()
        fake.busy = 0
        for _ in range(20):
            if (done := made.round()).state == "good":
                break
        assert done.state == "good", done.message
        assert found(store) == fake.expected()
        for number in range(1, 200, 11):
            del fake.tickets[number]
        assert made.reconcile().state == "good"
        assert found(store) == fake.expected()
        assert made.round().events == 0
    assert "emily@example.com" not in repr(store.connection.rows("SELECT * FROM {private}.events"))


def test_a_token_that_ends_in_the_midst_of_a_pull_is_told_and_nothing_is_read_twice(
    store: PrivateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakeZammad(100)
    with fake.served() as address, closing((made := asked(store, declared(address, monkeypatch))).ask):
        fake.faulty = lambda: "expired" if len(fake.requests) == 4 else ""  # type: ignore[method-assign]
        done = made.round()
        assert (done.state, done.pages, len(fake.requests)) == ("failed", 2, 4)
        assert "is refused (401): check the account and its rights" in done.message
        done = made.round()
        assert (done.state, done.events) == ("good", 40)
        assert found(store) == fake.expected()


def test_a_ticket_that_changes_while_the_index_does_not_know_it_leads_past_no_other(
    store: PrivateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakeZammad(100, lag=3)

    def change() -> None:
        """What stands at the end of the page changes just before it is shown."""
        if len(fake.requests) > 1:
            fake.change(30 * (len(fake.requests) - 1))

    with fake.served() as address, closing((made := asked(store, declared(address, monkeypatch))).ask):
        fake.before = lambda: change() if len(fake.requests) < 4 else None
        assert made.round().state == "good"
        fake.before = lambda: None
        assert made.round().state == "good"
        assert found(store) == fake.expected()


def test_a_round_that_is_broken_off_goes_on_behind_its_place_and_reads_what_changed_before_it(
    store: PrivateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakeZammad(100)
    with fake.served() as address, closing((made := asked(store, declared(address, monkeypatch))).ask):
        fake.faulty = lambda: "expired" if len(fake.requests) == 4 else ""  # type: ignore[method-assign]
        assert made.round().pages == 2
        fake.change(7)
        fake.tickets[99]["updated_at"] = fake.tickets[1]["updated_at"]
        assert made.round().rows == 40
        assert made.round().state == "good"
        assert found(store) == fake.expected()


def test_a_search_that_finds_nothing_because_it_does_not_work_is_told(
    store: PrivateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakeZammad(40)
    with fake.served() as address, closing((made := asked(store, declared(address, monkeypatch))).ask):
        fake.searches = False
        done = made.round()
        assert (done.state, "search finds no ticket though there are some" in done.message) == ("failed", True)
        assert "Elasticsearch" in made.probe().found[0].detail
        fake.searches = True
        assert made.round().events == 40
        fake.searches = False
        assert (made.round().state, made.reconcile().state) == ("failed", "failed")
        assert len(found(store)) == 40
        fake.tickets = {}
        assert made.round().state == "good"


def test_a_place_that_is_a_time_is_gone_on_from(store: PrivateStore, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeZammad(100)
    with fake.served() as address, closing((made := asked(store, declared(address, monkeypatch))).ask):
        assert made.round(from_cursor=fake.tickets[90]["updated_at"]).rows == 21


def test_a_state_that_is_renamed_still_ends_tickets(store: PrivateStore, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeZammad(12)
    fake.closed = "Lukket"
    for number in (2, 5, 7):
        fake.change(number)
    with fake.served() as address, closing((made := asked(store, declared(address, monkeypatch))).ask):
        assert made.round().state == "good"
        assert found(store) == fake.expected()
        assert len([row for row in found(store) if row[3]]) == 3
        assert [(one.what, one.fine) for one in made.probe().found] == [("tickets", True), ("states", True)]
        fake.more_states = ((9, "Løst hos leverandør", "closed"),)
        states = made.probe().found[1]
        assert (states.fine, "Løst hos leverandør" in states.detail) == (False, True)


class Storing:
    """An acceptance before the store."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake

    async def put(self, events: pa.Table, rejects: Sequence[Reject]) -> None:
        self._intake.store(events, rejects, NOW)

    async def ready(self) -> None:
        """It always is."""


def test_a_change_that_is_pulled_and_sent_counts_once(
    store: PrivateStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakeZammad(20)
    with fake.served() as address, closing((made := asked(store, source := declared(address, monkeypatch))).ask):
        intake = made.app.intake
        gateway = Gateway(
            Storing(intake),
            pseudonymise=intake.choice,
            registry=county,
            tokens=Tokens(tmp_path / "tokens.json"),
            limits=Limits(),
            now=lambda: NOW,
            hooks=hooks((source,), None, NOW.date()),
            conceal=intake.keys.pseudonymiser().wire,
        )

        def sent(ticket: dict[str, Any], secret: bytes = b"signing") -> int:
            content = json.dumps({"ticket": ticket}).encode()
            signed = {"X-Hub-Signature": "sha1=" + hmac.new(secret, content, hashlib.sha1).hexdigest()}

            async def post() -> int:
                transport = httpx.ASGITransport(application(gateway))
                async with httpx.AsyncClient(transport=transport, base_url="http://nytta") as client:
                    return (await client.post("/hooks/help", content=content, headers=signed)).status_code

            return asyncio.run(post())

        made.round()
        before = dict(fake.tickets[7])
        closed = dict(fake.change(7))
        # webhooks tell of parts what the search tells by name
        told = closed | {"group": {"id": 3, "name": "Service Desk"}, "organization": {"name": closed["organization"]}}
        assert sent(told, b"wrong") == 401
        assert sent(told) == 202
        assert found(store) == fake.expected()
        assert made.round().events == 0
        for replayed in (told, before):
            assert sent(replayed) == 202
            assert found(store) == fake.expected()
        fake.change(7)
        assert made.round().retracted == 1
        assert sent(told) == 202  # it comes late
        assert found(store) == fake.expected()
        gateway.close()
