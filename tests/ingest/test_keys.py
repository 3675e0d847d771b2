"""Keys and their change: one pseudonym per person at any moment, habit survives, nothing links for long."""

from __future__ import annotations

import stat
from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nytta.ingest.events.pseudonyms import parse
from nytta.ingest.keys import (
    EXCLUDED,
    MADE_EVERY,
    OVERLAP,
    Choice,
    KeyFileError,
    Keys,
    Notes,
    Step,
    load_or_make,
    read,
    save,
    written,
)

START = date(2026, 1, 5)
WEEK = timedelta(weeks=1)
PLAIN = Keys("k1", bytes(32))


def rotated(keys: Keys, day: date, root: str = "county") -> tuple[Keys, Step]:
    """What `nytta keys rotate` does with the keys on a day."""
    step = keys.step(root, day)
    match step:
        case Step.FIRST | Step.MAKE:
            return keys.with_coming(root, root, day), step
        case Step.CHANGE:
            return keys.changed(root), step
        case Step.NONE:
            return keys, step


class Store:
    """The rows of one person who acts every week, as a store keeps them: week → pseudonym."""

    def __init__(self) -> None:
        self.rows: dict[int, bytes] = {}
        self.renamings: dict[bytes, bytes] = {}

    def change(self, week: int) -> None:
        kept = {w: self.renamings[p] for w, p in self.rows.items() if w >= week - 20 and p in self.renamings}
        self.rows, self.renamings = kept, {}


def lived(weeks: int) -> tuple[Store, dict[bytes, set[int]], list[dict[int, bytes]]]:
    """A person's weeks under keys that change when they should: store, weeks ever seen per pseudonym, every state."""
    store, seen, states = Store(), defaultdict[bytes, set[int]](set), []
    keys, _ = rotated(PLAIN, START)
    for week in range(weeks):
        keys, step = rotated(keys, START + week * WEEK)
        if step is Step.CHANGE:
            store.change(week)
        notes = Notes()
        store.rows[week] = keys.persons_of("county", notes=notes).digest("anna")
        store.renamings.update({note.used: note.coming for note in notes.waiting()})
        for when, pseudonym in store.rows.items():
            seen[pseudonym].add(when)
        states.append(dict(store.rows))
    return store, seen, states


def test_a_habit_of_twelve_weeks_survives_every_change() -> None:
    _, seen, states = lived(160)
    assert len(seen) == 1 + (160 - 46) // 26 + 1  # the first key, and one more every 26 weeks from week 46 on
    for week, rows in enumerate(states):
        for window in (12, 20):
            assert len({rows[w] for w in range(max(0, week - window + 1), week + 1)}) == 1, (week, window)


def test_nothing_links_over_forty_six_weeks() -> None:
    _, seen, states = lived(160)
    for weeks in seen.values():
        assert max(weeks) - min(weeks) < 46
    # what may be read together at one moment: rows and the notes that lead from one pseudonym to the next
    for rows in states:
        assert max(rows) - min(rows) < 46 + 1


def test_a_person_has_one_pseudonym_at_any_moment() -> None:
    for rows in lived(160)[2]:
        recent = {p for w, p in rows.items() if w > max(rows) - 20}
        assert len(recent) == 1


def test_a_destroyed_key_cannot_be_used_again() -> None:
    keys = PLAIN.with_coming("county", "county", START).with_coming("county", "county", START + MADE_EVERY)
    before = keys.persons_of("county").digest("anna")
    after = keys.changed("county")
    assert after.persons_of("county").digest("anna") != before
    assert keys.persons["county"][0].secret.hex() not in written(after)
    assert after.step("county", START + MADE_EVERY + OVERLAP) is Step.NONE
    with pytest.raises(ValueError, match="no key is coming"):
        after.changed("county")


@pytest.mark.parametrize(
    ("weeks", "step"),
    [(0, Step.NONE), (25, Step.NONE), (26, Step.MAKE), (40, Step.MAKE)],
)
def test_when_a_coming_key_is_made(weeks: int, step: Step) -> None:
    assert PLAIN.step("county", START) is Step.FIRST
    assert PLAIN.with_coming("county", "county", START).step("county", START + weeks * WEEK) is step


def test_the_change_waits_for_the_overlap_however_late_the_coming_key_was_made() -> None:
    late = START + 40 * WEEK
    keys = PLAIN.with_coming("county", "county", START).with_coming("county", "county", late)
    assert keys.step("county", late + OVERLAP - timedelta(days=1)) is Step.NONE
    assert keys.step("county", late + OVERLAP) is Step.CHANGE


def test_organisations_and_purposes_share_nothing() -> None:
    keys = PLAIN.with_coming("a", "a", START).with_coming("b", "b", START)
    made = {
        keys.persons_of("a").digest("x"),
        keys.persons_of("b").digest("x"),
        keys.subjects("a").digest("x"),
        keys.subjects("b").digest("x"),
        keys.lasting("a").digest("x"),
        keys.pseudonymiser().digest("x"),
    }
    assert len(made) == 6
    assert [k.id for k in (*keys.persons["a"], *keys.persons["b"])] == ["a-1", "b-1"]


def test_ids_of_cases_outlive_every_key_of_persons() -> None:
    keys = PLAIN.with_coming("a", "a", START)
    later = keys.with_coming("a", "a", START + MADE_EVERY).changed("a")
    assert keys.subjects("a").digest("case 7") == later.subjects("a").digest("case 7")


def test_an_excluded_person_has_no_pseudonym_under_any_key() -> None:
    keys = PLAIN.with_coming("a", "a", START)
    gone = {keys.lasting("a").digest("anna")}
    for each in (keys, keys.with_coming("a", "a", START + MADE_EVERY), keys.with_coming("a", "a", START).changed("a")):
        notes = Notes()
        persons = each.persons_of("a", gone, notes)
        assert persons.digests(["anna", "bo"]) == EXCLUDED + persons.digest("bo")
        assert {note.used for note in notes.waiting()} <= {persons.digest("bo")}


def test_the_choice_goes_by_organisation_and_by_field() -> None:
    keys = PLAIN.with_coming("a", "a", START).with_coming("b", "b", START)
    choice = Choice(keys, lambda unit, _: {"north": "a", "south": "b"}.get(unit, ""))
    assert choice.of("actor", "hr", "north").digests(["x"]) == keys.persons_of("a").digest("x")
    assert choice.of("case", "hr", "south").digests(["x"]) == keys.subjects("b").digest("x")
    assert choice.of("actor", "hr", "north") is choice.of("actor", "else", "north")
    assert choice.of("actor", "hr", "nowhere").key_id == "k1"


def test_an_organisation_without_a_key_is_told_what_to_do() -> None:
    with pytest.raises(KeyFileError, match=r"no key of persons for 'a': `nytta keys rotate`"):
        PLAIN.persons_of("a")


def test_key_files_are_the_owners_alone_and_come_back_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "key.json"
    made = load_or_make(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    more = made.with_coming("county", "county", START)
    save(more, path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_or_make(path) == more == read(written(more))
    assert made.secret.hex() not in repr(more)
    assert more.persons["county"][0].secret.hex() not in repr(more)
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"id": "k1", "secret": "xyz"}', '{"id": 1, "secret": "", "persons": 3}', "[" * 100_000]
)
def test_what_is_no_key_file_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "key.json"
    path.write_text(text)
    with pytest.raises(KeyFileError, match=r"key\.json: not a key file.*Restore it from its backup"):
        load_or_make(path)


@given(st.text(min_size=1, max_size=40))
def test_pseudonyms_of_persons_are_those_of_their_key(text: str) -> None:
    keys = PLAIN.with_coming("a", "a", START, bytes(range(32)))
    persons = keys.persons_of("a")
    assert persons.digest(text) == keys.persons["a"][0].pseudonymiser().digest(text)
    assert parse(f"{persons.key_id}:{persons.digest(text).hex()}") is not None


@given(st.binary(max_size=300))
def test_a_sealed_body_comes_back_and_the_same_body_is_the_same_text(body: bytes) -> None:
    keys = Keys("k1", bytes(32))
    sealed = keys.seal(body)
    assert sealed.isascii()
    assert keys.unseal(sealed) == body
    assert keys.seal(body) == sealed
    assert Keys("k1", bytes(31) + b"1").seal(body) != sealed


def test_another_key_opens_no_body() -> None:
    sealed = Keys("k1", bytes(31) + b"1").seal(b"ada@county.example")
    for token in (sealed, b"", b"rubbish"):
        with pytest.raises(KeyFileError, match="sealed with another key"):
            Keys("k1", bytes(32)).unseal(token)


def test_a_key_file_is_there_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process dies, or the disk is full, while the first one is being written."""

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    path = tmp_path / "key.json"
    with monkeypatch.context() as patch:
        patch.setattr("nytta.storage.permissions.os.fsync", full)
        with pytest.raises(KeyFileError, match="No space left"):
            load_or_make(path)
    assert list(tmp_path.iterdir()) == []
    assert load_or_make(path) == load_or_make(path)
