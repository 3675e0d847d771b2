"""Lists in JSON: a directory's SCIM answer, and others."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nytta.ingest.files.errors import InputError
from nytta.ingest.files.mapping_load import load, parse
from nytta.ingest.files.read import opened
from nytta.ingest.files.rows import Broken

Write = Callable[..., Path]

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
USER: dict[str, Any] = {
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE],
    "id": "2819c223-7f76-453a-919d-413861904646",
    "userName": "bjensen",
    "title": "handläggare",
    "active": True,
    "emails": [{"value": "work@example", "primary": True}, {"value": "home@example"}],
    "meta": {"created": "2026-01-23T04:56:22Z", "lastModified": "2026-02-13T04:42:34Z"},
    ENTERPRISE: {"department": "building", "manager": {"displayName": "nobody"}},
}


def test_users_of_a_directory_are_persons_in_scope(write: Write, events_of: Callable[..., list[Any]]) -> None:
    gone = USER | {"id": "2", "userName": "away", "active": False}
    nowhere = {k: v for k, v in USER.items() if k != ENTERPRISE} | {"id": "3"}
    body = json.dumps({"totalResults": 3, "Resources": [USER, gone, nowhere]})
    first, second = events_of(write(body, "users.json"), load("scim-users"))
    assert first["type"] == "nytta.people.eligibility.v1"
    assert first["time"] == "2026-02-13T04:42:34Z"
    assert first["data"] == {
        "unit": "building",
        "actor": "bjensen",
        "actor_kind": "person",
        "role": "handläggare",
        "valid_from": "2026-01-23",
        "account": True,
    }
    assert (second["data"]["actor"], second["data"]["account"]) == ("away", False)


def test_fields_are_paths_and_the_first_of_a_list_stands_for_it(write: Write) -> None:
    mapping = parse(
        "id: m\nformat: json\nrecords: a/b\norganisation: {id: o}\ntimezone: UTC\nunit: u\ntime: t\n"
        "events: [{type: change.pulse, survey: s, item: i, score: c}]\n",
        "test.yaml",
    )
    body = json.dumps({"a": {"b": [{"x": {"y": [{"z": 1}, {"z": 2}]}, "n": None, "f": False, "e": []}, 7]}})
    with opened(write(body), mapping) as (_, reader):
        first, second = list(reader)
    assert first == {"x/y/z": "1", "f": "false"}
    assert second == Broken("the item is no JSON object", b"7")


def test_a_document_without_the_list_is_told(write: Write) -> None:
    with (
        pytest.raises(InputError, match="no list under 'Resources'"),
        opened(write('{"resources": []}'), load("scim-users")) as (_, reader),
    ):
        list(reader)
