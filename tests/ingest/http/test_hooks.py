"""What systems send in their own form: signed as they sign, read by a mapping, and counted once."""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from nytta.ingest.files.mapping_load import load
from nytta.ingest.http.hooks import Hook, is_signed
from tests.ingest.http.conftest import KEYS, Place

SECRET = b"test-signature-token"
TICKET: dict[str, Any] = {
    "id": 81,
    "created_at": "2026-03-02T14:34:35.282Z",
    "updated_at": "2026-03-02T15:00:00.000Z",
    "create_article_type": "phone",
    "organization": {"id": 3, "name": "north"},
    "group": {"id": 3, "name": "Service Desk"},
    "customer": {"login": "emily@example.com"},
    "state": "open",
}


@pytest.mark.parametrize("sender", ["zammad", "jira", "glpi"])
def test_signatures_are_those_that_senders_make(shared_data: Path, sender: str) -> None:
    folder = shared_data / "samples" / "zammad"
    told = json.loads((folder / "signature_vectors.json").read_text("utf-8"))
    body = (folder / told["body_file"]).read_bytes()
    headers = {name.lower(): text for name, text in told[sender].items()}
    hook = Hook(load("zammad"), sender, told["secret"].encode())  # type: ignore[arg-type]
    assert is_signed(hook, headers, body)
    assert not is_signed(hook, headers, body + b" ")
    assert not is_signed(hook, {}, body)
    assert not is_signed(Hook(load("zammad"), sender, b"other"), headers, body)  # type: ignore[arg-type]


@pytest.fixture
def hooked(place: Place) -> Place:
    place.gateway.hooks = {"zammad": Hook(load("zammad"), "zammad", SECRET)}
    place.gateway.conceal = KEYS.pseudonymiser().wire
    return place


def sent(place: Place, body: Any, secret: bytes = SECRET, name: str = "zammad") -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    signature = "sha1=" + hmac.new(secret, content, hashlib.sha1).hexdigest()
    return place.client.post(f"/hooks/{name}", content=content, headers={"X-Hub-Signature": signature})


def test_a_ticket_becomes_events_and_nothing_of_the_customer_is_kept(hooked: Place) -> None:
    answer = sent(hooked, {"ticket": TICKET | {"state": "closed", "close_at": "2026-03-02T15:00:00Z"}})
    assert (answer.status_code, answer.json()) == (202, {"read": 1, "accepted": 2, "rejected": []})
    rows = sorted(hooked.kept.rows, key=lambda row: row["type"])
    assert [(row["type"], row["unit"], row["channel"], row["revision"]) for row in rows] == [
        ("ticket.opened", "north", "phone", 1772463600000),
        ("ticket.resolved", "north", "phone", 1772463600000),
    ]
    assert "emily" not in repr(rows)
    first = [{name: value for name, value in row.items() if name != "received_at"} for row in rows]
    hooked.kept.clear()
    sent(hooked, {"ticket": TICKET | {"state": "closed", "close_at": "2026-03-02T15:00:00Z"}})
    again = sorted(hooked.kept.rows, key=lambda row: row["type"])
    assert [{name: value for name, value in row.items() if name != "received_at"} for row in again] == first


def test_what_is_reopened_takes_its_resolution_back(hooked: Place) -> None:
    sent(hooked, {"ticket": TICKET})
    assert sorted((row["type"], row["retracted"]) for row in hooked.kept.rows) == [
        ("ticket.opened", 0),
        ("ticket.resolved", 1),
    ]


@pytest.mark.parametrize(("secret", "name"), [(b"wrong", "zammad"), (SECRET, "jira")])
def test_a_wrong_signature_and_an_unknown_name_are_told_alike(hooked: Place, secret: bytes, name: str) -> None:
    answer = sent(hooked, {"ticket": TICKET}, secret, name)
    assert answer.status_code == 401
    assert "signature" in answer.json()["detail"]
    assert hooked.kept.rows == []


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"other": 1}', b"\xff"])
def test_what_is_no_such_document_is_told(hooked: Place, body: bytes) -> None:
    answer = sent(hooked, body)
    assert answer.status_code == 400
    assert "the body cannot be read" in answer.json()["detail"]


def test_a_row_that_fails_is_a_reject_that_is_kept(hooked: Place) -> None:
    answer = sent(hooked, {"ticket": TICKET | {"created_at": "yesterday"}})
    assert answer.status_code == 202
    assert answer.json()["rejected"][0]["reason"] == "invalid_field"
    assert [reject.source for reject in hooked.kept.rejects] == ["zammad"]
