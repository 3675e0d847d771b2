"""Keys of persons in the whole pipeline: each organisation's own, changed by the calendar, never lost unnoticed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from nytta import service as nytta
from nytta.disclosure.published.values import OpenStore
from nytta.ingest.events.pseudonyms import Pseudonym
from nytta.ingest.intake import Intake
from nytta.ingest.keys import MADE_EVERY, OVERLAP, KeyFileError, Keys, Step, load_or_make, save
from nytta.ingest.store.exclusions import exclude
from nytta.ingest.store.private import PrivateStore
from nytta.registry import declarations
from nytta.registry.registry import Registry
from nytta.service.keeping import recognised
from nytta.service.rotation import due, rotate
from tests.organisations import SMALL_COUNTY, county
from tests.support.rotation import drawn

DEFINITIONS = nytta.read_definitions(declarations.schemas() / "indicators")
MADE = datetime(2025, 6, 2, tzinfo=UTC)
TOWN = b"""
  - id: town
    name: Town
    timezone: Europe/Oslo
    country: "NO"
    language: nb
units:
  - {id: centre, name: Centre, parent: town}
"""
TWO = county({**SMALL_COUNTY, "organisation.yaml": SMALL_COUNTY["organisation.yaml"].replace(b"\nunits:\n", TOWN)})


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nytta.service.rotation._UNDER_WAY", 0.0)


def opened(store: PrivateStore, tables: Path, path: Path, registry: Registry | None = None) -> nytta.App:
    intake = Intake(store, recognised(path, store), registry or county(), path)
    return nytta.App(store, OpenStore(store.connection), intake, DEFINITIONS, tables)


def session(actor: str, at: datetime, unit: str = "north") -> bytes:
    event = {
        "specversion": "1.0",
        "id": f"{actor} {at:%Y-%m-%d}",
        "source": "/desk",
        "type": "nytta.platform.session.v1",
        "time": at.isoformat(),
        "data": {"unit": unit, "system": "cases", "actor": actor, "app": "desk", "legacy": False, "actions": 3},
    }
    return orjson.dumps(event)


def take(app: nytta.App, at: datetime, *lines: bytes) -> None:
    for batch in app.intake.accept([b"\n".join(lines)], at):
        assert not batch.rejects


def persons(app: nytta.App) -> list[tuple[str, int]]:
    """How many persons each key stands for."""
    return app.private.connection.rows(
        "SELECT actor_key, uniqExact(actor) FROM {private}.events WHERE actor_key != '' GROUP BY actor_key ORDER BY 1"
    )


def test_each_organisation_has_keys_of_its_own_from_its_first_events_on(
    store: PrivateStore, tables: Path, tmp_path: Path
) -> None:
    path = tmp_path / "key.json"
    app = opened(store, tables, path, TWO)
    take(app, MADE, session("ada", MADE), session("ada", MADE, "centre"), session("bo", MADE, "south"))
    assert persons(app) == [("county-1", 2), ("town-1", 1)]
    assert load_or_make(path) == app.keys
    assert app.keys.persons.keys() == {"county", "town"}
    # with the same file, the same person is the same
    again = opened(store, tables, path, TWO)
    take(again, MADE, session("ada", MADE + timedelta(days=1)))
    assert persons(again) == [("county-1", 2), ("town-1", 1)]


def aged(path: Path, app: nytta.App, at: datetime) -> None:
    """Make the used key as old as if it had been made in `MADE`, and have the coming one made at `at`."""
    keys = load_or_make(path)
    (key,) = keys.persons["county"]
    keys = Keys(keys.id, keys.secret, {"county": (type(key)(key.id, key.secret, MADE.date()),)})
    save(keys, path)
    app.intake.rekey(keys)
    assert due(app, at)
    assert [(r.organisation, r.done) for r in rotate(app, at)] == [("county", Step.MAKE)]


@pytest.mark.slow
def test_a_change_of_key_keeps_habits_and_forgets_who_was_away(
    store: PrivateStore, tables: Path, tmp_path: Path
) -> None:
    path = tmp_path / "key.json"
    app = opened(store, tables, path)
    long_ago = MADE + timedelta(weeks=1)
    take(app, long_ago, session("ada", long_ago), session("bo", long_ago))
    coming = MADE + MADE_EVERY
    aged(path, app, coming)
    weeks = [coming + timedelta(weeks=n) for n in range(20)]
    for week in weeks:
        take(app, week, session("ada", week))
    app.bring_up_to_date(weeks[-1])
    changed = coming + OVERLAP
    (done,) = rotate(app, changed)
    assert (done.done, done.renamed, done.destroyed) == (Step.CHANGE, 20, "county-1")
    assert persons(app) == [("county-2", 1)]  # ada, in all twenty weeks; bo was not heard of
    take(app, changed, session("ada", changed), session("bo", changed))
    assert persons(app) == [("county-2", 2)]
    assert [key.id for key in load_or_make(path).persons["county"]] == ["county-2"]
    assert app.keys == load_or_make(path)
    app.bring_up_to_date(changed)
    assert app.verify().equal
    assert not due(app, changed)


def test_a_coming_key_that_is_lost_is_told(store: PrivateStore, tables: Path, tmp_path: Path) -> None:
    """A copy of the key file from before the rotation does not serve."""
    path = tmp_path / "key.json"
    app = opened(store, tables, path)
    take(app, MADE, session("ada", MADE))
    copy = path.read_text()
    aged(path, app, MADE + MADE_EVERY)
    path.write_text(copy)
    with pytest.raises(KeyFileError, match="no key county-2, with which persons of 'county'"):
        take(opened(store, tables, path), MADE, session("bo", MADE))


@pytest.mark.slow
def test_what_is_not_acknowledged_is_noted_again(store: PrivateStore, tables: Path, tmp_path: Path) -> None:
    path = tmp_path / "key.json"
    app = opened(store, tables, path)
    take(app, MADE, session("ada", MADE))
    at = MADE + MADE_EVERY
    aged(path, app, at)

    def away(*_: object, **__: object) -> None:
        raise OSError("the store is away")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("nytta.ingest.store.renamings.note", away)
        with pytest.raises(OSError, match="away"):
            take(app, at, session("ada", at))
    take(app, at, session("ada", at))
    assert app.private.connection.value("SELECT count() FROM {private}.renamings FINAL") == 1


@pytest.mark.slow
def test_an_excluded_person_stays_so_under_the_next_key(store: PrivateStore, tables: Path, tmp_path: Path) -> None:
    path = tmp_path / "key.json"
    app = opened(store, tables, path)
    take(app, MADE, session("ada", MADE), session("bo", MADE))
    exclude(store.connection, [Pseudonym("", app.keys.lasting("county").digest("ada"))], "request 7", MADE)
    app.declare(county())
    aged(path, app, MADE + MADE_EVERY)
    changed = MADE + MADE_EVERY + OVERLAP
    take(app, changed, session("ada", changed), session("bo", changed))
    list(rotate(app, changed))
    take(app, changed, session("ada", changed + timedelta(days=1)), session("bo", changed + timedelta(days=1)))
    assert persons(app) == [("county-2", 1)]


@pytest.mark.parametrize(
    ("harm", "match"),
    [
        (lambda path, _: path.unlink(), r"key\.json is missing, and there is a store: put the store's key file"),
        (lambda path, _: save(Keys("k1", bytes(32)), path), "not the key file that the store's pseudonyms"),
        (lambda path, keys: save(Keys(keys.id, keys.secret), path), "no key county-1, with which persons of 'county'"),
    ],
    ids=["missing", "another", "an old copy"],
)
def test_a_lost_key_is_told_and_nothing_comes_in(
    store: PrivateStore, tables: Path, tmp_path: Path, harm: Callable[[Path, Any], None], match: str
) -> None:
    path = tmp_path / "key.json"
    app = opened(store, tables, path)
    take(app, MADE, session("ada", MADE))
    harm(path, app.keys)
    with pytest.raises(KeyFileError, match=match):
        take(opened(store, tables, path), MADE, session("bo", MADE))
    assert persons(app) == [("county-1", 1)]


def test_a_key_file_that_cannot_be_written_says_where_keys_are_made(
    store: PrivateStore, tables: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(30, "Read-only file system")

    app = opened(store, tables, tmp_path / "key.json")
    monkeypatch.setattr("nytta.ingest.keys.save", refuse)
    with pytest.raises(KeyFileError, match=r"cannot be written \(Read-only file system\): run `nytta keys rotate`"):
        take(app, MADE, session("ada", MADE))


STEPS = ("recompute", "purge", "save")
"""What a change of key does last; each may fail."""


@pytest.mark.parametrize(
    "step", [pytest.param("drawn", marks=pytest.mark.slow), *(pytest.param(s, marks=pytest.mark.soak) for s in STEPS)]
)
def test_a_change_that_failed_is_made_by_the_next_try(
    store: PrivateStore, tables: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """The process goes on, as where the disk was full, and takes events in between; nobody counts twice."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    (failing,) = drawn("rotation", STEPS) if step == "drawn" else (step,)
    path = tmp_path / "key.json"
    app = opened(store, tables, path)
    take(app, MADE, session("ada", MADE))
    aged(path, app, MADE + MADE_EVERY)
    changed = MADE + MADE_EVERY + OVERLAP
    take(app, changed, session("ada", changed), session("bo", changed))
    with monkeypatch.context() as patch:
        patch.setattr(f"nytta.service.rotation.{failing}", full)
        with pytest.raises(OSError, match="No space left"):
            list(rotate(app, changed))
    assert due(app, changed)
    take(app, changed, session("ada", changed + timedelta(days=1)), session("cy", changed + timedelta(days=1)))
    (done,) = rotate(app, changed)
    assert (done.done, done.destroyed) == (Step.CHANGE, "county-1")
    assert persons(app) == [("county-2", 3)]
    assert app.keys == load_or_make(path)
    app.bring_up_to_date(changed)
    assert app.verify().equal
