"""The commands of those who answer for the data, each in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from nytta.ingest.keys import MADE_EVERY, OVERLAP, load_or_make, save
from tests.organisations import SMALL_COUNTY
from tests.support.commands import answer, nytta
from tests.support.processes import PATIENCE, ROOT

pytestmark = pytest.mark.slow

DAY = datetime.now(UTC) - timedelta(days=20)


def event(number: int, kind: str, **data: Any) -> bytes:
    envelope = {"specversion": "1.0", "id": str(number), "source": "/hr", "type": f"nytta.{kind}.v1"}
    return orjson.dumps(
        envelope | {"time": DAY.isoformat(), "data": {"unit": "north", "system": "cases"} | data},
        option=orjson.OPT_APPEND_NEWLINE,
    )


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """Options of a store with three persons, of whom two acted."""
    folder = tmp_path_factory.mktemp("county")
    for name, text in SMALL_COUNTY.items():
        (folder / name).write_bytes(text)
    since = (DAY - timedelta(days=100)).date().isoformat()
    body = b"".join(event(n, "people.eligibility", actor=who, valid_from=since) for n, who in enumerate("abc"))
    body += event(10, "platform.session", actor="a") + event(11, "platform.session", actor="b")
    (folder / "events.ndjson").write_bytes(body)
    options = ("--data", str(folder / "store"), "--registry", str(folder))
    assert answer("import", folder / "events.ndjson", *options)["accepted"] == 5
    return options


def breadth(options: tuple[str, ...]) -> list[tuple[int, int]]:
    words = ("values", "--zone", "private", "--by", "week", "--indicator", "weekly-breadth", "--unit", "north")
    week = DAY.strftime("%G-W%V")
    return [(r["numerator"], r["denominator"]) for r in answer(*words, *options[:2]) if r["period"] == week]


def test_a_person_is_erased_by_the_id_at_the_source(installation: tuple[str, ...]) -> None:
    assert breadth(installation) == [(2, 3)]
    unknown = nytta("erase", "--source-id", "z", "--reference", "R 1", *installation, code=1)
    assert "check the id's spelling" in unknown.stderr
    assert "Traceback" not in unknown.stderr
    proof = answer("erase", "--source-id", "a", "--reference", "R 2", *installation)
    assert proof["removed"] == {"events deleted": 2, "events without their actor now": 0, "actions": 1}
    assert set(proof["left"].values()) == {0}
    assert breadth(installation) == [(1, 2)]
    assert answer("verify", *installation[:2])["equal"] is True
    # every look at exact figures is written down, without a name
    log = answer("access", *installation[:2])
    assert len(log) == 2
    assert {(r["what"], r["role"], r["unit"]) for r in log} == {("private", "administrator", "north")}


def test_wrong_use_of_erase(installation: tuple[str, ...]) -> None:
    both = nytta("erase", "--source-id", "a", "--pseudonym", "k1:00", "--reference", "R", *installation, code=2)
    assert "either --source-id or --pseudonym" in both.stderr
    odd = nytta("erase", "--pseudonym", "anna", "--reference", "R", *installation, code=2)
    assert "key-id:32 hexadecimal digits" in odd.stderr


def test_the_transparency_page_tells_the_sources(installation: tuple[str, ...]) -> None:
    page = answer("transparency", "--lang", "sv", *installation)
    told = {e["event"]: e["sources"] for e in page["collected"]}
    assert told["nytta.people.eligibility.v1"] == told["nytta.platform.session.v1"] == ["/hr"]
    assert told["nytta.case.opened.v1"] == []
    assert "--lang is one of sv, nb, en" in nytta("transparency", "--lang", "fi", *installation, code=2).stderr


WITHOUT_NETWORK = """
import socket, sys

def refuse(*_):
    print("something connects to the outside", file=sys.stderr)
    sys.exit(99)

socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = refuse
from nytta.cli import main
sys.argv = ["nytta", *sys.argv[1:]]
main()
"""


@pytest.mark.parametrize("words", [("overview",), ("transparency",), ("verify",)])
def test_nothing_is_sent_out(installation: tuple[str, ...], words: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_NETWORK, *words, *installation[:2]],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env=os.environ | {"PYTHONPATH": str(ROOT / "services")},
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_nothing_is_due_yet(installation: tuple[str, ...]) -> None:
    assert answer("retention", "--apply", *installation) == []


def test_keys_are_made_listed_and_changed(installation: tuple[str, ...]) -> None:
    (made,) = answer("keys", "rotate", *installation)
    assert made["done"] == "nothing"  # the first key is made with the first events
    (listed,) = answer("keys", "list", *installation)
    assert (listed["key"], listed["state"], listed["next"]) == ("county-1", "used", "nothing")
    path = Path(installation[1]) / "key.json"
    keys, today = load_or_make(path), datetime.now(UTC).date()
    aged = keys.persons["county"][0]
    old = type(aged)(aged.id, aged.secret, today - MADE_EVERY - OVERLAP)
    held = type(keys)(keys.id, keys.secret, {"county": (old,)})
    save(held.with_coming("county", "county", today - OVERLAP), path)
    told = nytta("keys", "rotate", "--json", *installation)
    (changed,) = json.loads(told.stdout)
    assert (changed["done"], changed["destroyed"]) == ("change to the coming key", "county-1")
    assert "destroy copies" in told.stderr
    assert old.secret.hex() not in path.read_text()
    assert [k["key"] for k in answer("keys", "list", *installation)] == ["county-2"]
