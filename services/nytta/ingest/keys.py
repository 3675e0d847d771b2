"""The organisations' secrets: pseudonyms and sealed rejects are made with them; they never enter a database.

Ids of cases, tickets and clients are pseudonyms by a *lasting* key of their organisation: a case is no person, and
outlives any key. Persons are pseudonyms by a key that changes. It is made, for twenty weeks only prepares itself, is
used for twenty-six, and is destroyed at the age of forty-six weeks:

    made ── 20 weeks: the coming pseudonym of each person is noted beside the used one ── used ── 26 weeks ── destroyed

On the day of the change, everything of the last twenty weeks is renamed from the used key to the coming one at once,
what is older loses its persons, the notes are emptied and the old key is destroyed. So at any moment a person has one
pseudonym (never two to count), every window of up to twenty weeks lies within one key, and nothing links what is more
than forty-six weeks apart.
"""

from __future__ import annotations

import base64
import fcntl
import json
import secrets
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from nytta import Mendable
from nytta.ingest.events.pseudonyms import SIZE, Digests, Maker, Pseudonymiser
from nytta.storage import permissions

_BYTES = 32
"""Bytes of a secret."""

MADE_EVERY: Final = timedelta(weeks=26)
"""Age of the used key's preparation at which the next key is made."""

OVERLAP: Final = timedelta(weeks=20)
"""How long a key prepares itself; no window over persons may be longer."""

EXCLUDED: Final = b"\xff" * SIZE
"""What stands for a person who is not counted; never a pseudonym, and stored nowhere."""


class KeyFileError(Mendable):
    """The key file cannot be used: what to do."""


@dataclass(frozen=True, slots=True)
class PersonKey:
    """A key of persons: its id travels in every pseudonym that it makes."""

    id: str
    secret: bytes = field(repr=False)
    made: date

    def pseudonymiser(self) -> Pseudonymiser:
        """Makes pseudonyms with this key."""
        return Pseudonymiser(self.id, self.secret)


class Step(StrEnum):
    """What the calendar asks of the keys of an organisation."""

    NONE = "nothing"
    FIRST = "make the first key"
    MAKE = "make the coming key"
    CHANGE = "change to the coming key"


@dataclass(frozen=True, slots=True)
class Keys:
    """The secrets of an installation: `secret` lasts, `persons` has each organisation's used key, then the coming one.

    What is derived from the lasting secret serves one purpose each.
    """

    id: str
    secret: bytes = field(repr=False)
    persons: Mapping[str, tuple[PersonKey, ...]] = field(default_factory=dict)

    def pseudonymiser(self) -> Pseudonymiser:
        """Makes the pseudonyms of persons, cases, tickets and clients with the lasting secret alone."""
        return Pseudonymiser(self.id, self._derived(b"pseudonyms"))

    def subjects(self, root: str) -> Pseudonymiser:
        """Makes the pseudonyms of an organisation's cases, tickets and clients."""
        return Pseudonymiser(self.id, self._derived(b"subjects of " + root.encode()))

    def lasting(self, root: str) -> Pseudonymiser:
        """Recognises the persons of an organisation who are excluded, whatever key is used."""
        return Pseudonymiser(self.id, self._derived(b"exclusions of " + root.encode()))

    def persons_of(
        self, root: str, excluded: Collection[bytes] = (), notes: Notes | None = None
    ) -> Persons:
        """Makes the pseudonyms of an organisation's persons. KeyFileError where it has no key.

        `excluded` are digests by `lasting` of those who are not counted; `notes` takes what the coming key makes.
        """
        root_keys = self.persons.get(root, ())
        if not root_keys:
            raise KeyFileError(
                f"there is no key of persons for '{root}': `nytta keys rotate` makes the first one; if there was one, "
                "restore the key file from its backup"
            )
        used_key, *later_keys = root_keys
        coming_key = later_keys[0] if later_keys else None
        return Persons(used_key, coming_key, self.lasting(root), frozenset(excluded), notes)

    def seal(self, body: bytes) -> bytes:
        """Encrypt a rejected body, as ASCII; the same body becomes the same text, so that a repeat is recognised."""
        return base64.b64encode(self._rejects().encrypt(body, None))

    def unseal(self, token: bytes) -> bytes:
        """Decrypt a rejected body. KeyFileError where it was sealed with another key."""
        try:
            return self._rejects().decrypt(base64.b64decode(token), None)
        except (InvalidTag, ValueError) as error:
            raise KeyFileError(
                "the reject was sealed with another key: restore the key file of that time"
            ) from error

    def of_figures(self, root: str) -> bytes:
        """The secret of a root unit that decides the noise of its published figures, and nothing else."""
        return self._derived(b"figures " + root.encode("utf-8"))

    def _rejects(self) -> AESSIV:
        # deterministic, so that a repeat is known; twice the bytes, because SIV takes two keys in one
        return AESSIV(self._derived(b"rejects", 2 * _BYTES))

    def _derived(self, purpose: bytes, size: int = _BYTES) -> bytes:
        return HKDF(SHA256(), size, salt=None, info=b"nytta " + purpose).derive(self.secret)

    # rotation

    def newest(self, root: str) -> int:
        """The number of the organisation's newest key of persons; 0 where it has none. Numbers only grow."""
        numbers = [
            int(person_key.id.rpartition("-")[2]) for person_key in self.persons.get(root, ())
        ]
        return max(numbers, default=0)

    def step(self, root: str, day: date) -> Step:
        """What is to be done on `day`."""
        root_keys = self.persons.get(root, ())
        if not root_keys:
            return Step.FIRST
        used_key, *coming_keys = root_keys
        if not coming_keys:
            return Step.MAKE if day >= used_key.made + MADE_EVERY else Step.NONE
        return Step.CHANGE if day >= coming_keys[0].made + OVERLAP else Step.NONE

    def with_coming(self, root: str, key_name: str, day: date, secret: bytes | None = None) -> Keys:
        """With one more key for the organisation, made on `day`: its first, or its coming one."""
        number = self.newest(root) + 1
        person_key = PersonKey(f"{key_name}-{number}", secret or secrets.token_bytes(_BYTES), day)
        keys = (*self.persons.get(root, ()), person_key)
        return replace(self, persons={**self.persons, root: keys})

    def changed(self, root: str) -> Keys:
        """Without the organisation's used key: the coming one is used. ValueError where none is coming."""
        used, *coming = self.persons[root]
        if not coming:
            raise ValueError(f"no key is coming that could follow {used.id}")
        return replace(self, persons={**self.persons, root: tuple(coming)})


class Note(NamedTuple):
    """What a person's pseudonym becomes when the key changes."""

    used_key: str
    coming_key: str
    used: bytes
    coming: bytes


class Notes:
    """Notes that are to be stored before what they are about is acknowledged; by one who stores at a time."""

    def __init__(self) -> None:
        self._waiting: list[Note] = []

    def add(self, note: Note) -> None:
        """One more, from any thread."""
        # one step of the interpreter: no lock is needed
        self._waiting.append(note)

    def waiting(self) -> Sequence[Note]:
        """What is not stored yet."""
        return list(self._waiting)

    def stored(self, notes: Sequence[Note]) -> None:
        """What `waiting` gave is stored now."""
        # notes are added at the end alone, so what was stored still stands at the beginning
        del self._waiting[: len(notes)]


class Persons:
    """Makes the pseudonyms of persons with the used key, and notes what each will be with the coming one.

    An excluded person is EXCLUDED. May be shared by threads.
    """

    def __init__(
        self,
        used: PersonKey,
        coming: PersonKey | None,
        lasting: Pseudonymiser,
        excluded: frozenset[bytes],
        notes: Notes | None,
    ) -> None:
        self.key_id = used.id
        self._coming_id = coming.id if coming else ""
        self._used = used.pseudonymiser()
        self._coming = coming.pseudonymiser() if coming else None
        self._lasting = lasting
        self._excluded = excluded
        self._notes = notes
        self._digests = Digests(self._made)

    def __repr__(self) -> str:
        return f"Persons({self.key_id!r})"

    def digest(self, raw_id: str) -> bytes:
        """The 16 bytes that stand for the person whose id at the source is `raw_id`."""
        return self._digests[raw_id]

    def digests(self, texts: Iterable[str]) -> bytes:
        """The digests of many texts, one after the other."""
        return b"".join(map(self._digests.__getitem__, texts))

    def _made(self, raw_id: str) -> bytes:
        # by the lasting key: who is excluded stays so when keys of persons change
        if self._excluded and self._lasting.digest(raw_id) in self._excluded:
            return EXCLUDED
        digest = self._used.digest(raw_id)
        if self._coming is not None and self._notes is not None:
            self._notes.add(Note(self.key_id, self._coming_id, digest, self._coming.digest(raw_id)))
        return digest


@dataclass(frozen=True, slots=True)
class Choice:
    """Chooses who makes the pseudonyms of an event: by its organisation, and by whether the field names a person.

    `root_of` tells the organisation behind (unit code, source); '' where nobody knows it: such an event is rejected
    later, and its ids are hidden by the lasting secret.
    """

    keys: Keys
    root_of: Callable[[str, str], str]
    excluded: frozenset[bytes] = frozenset()
    notes: Notes = field(default_factory=Notes)
    _made: dict[tuple[str, bool], Maker] = field(default_factory=dict)

    def of(self, field: str, source: str, unit: str, /) -> Maker:
        """Who makes the pseudonyms of field `field` in events of `source` about the unit that it calls `unit`."""
        root, person = self.root_of(unit, source), field == "actor"
        maker = self._made.get((root, person))
        if maker is None:
            # two threads may make it at once: the first one's is kept by both, with the digests that it remembers
            maker = self._made.setdefault((root, person), self._maker(root, person))
        return maker

    def _maker(self, root: str, person: bool) -> Maker:
        if not root:
            return self.keys.pseudonymiser()
        if person:
            return self.keys.persons_of(root, self.excluded, self.notes)
        return self.keys.subjects(root)


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Held by the one process that changes the key file."""
    permissions.make_folder(path.parent)
    with permissions.create(lock_of(path), anew=True) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def lock_of(path: Path) -> Path:
    """The file that is locked while the key file `path` changes."""
    return path.with_name(f"{path.name}.lock")


def with_first(path: Path, key_names: Mapping[str, str], day: date) -> Keys:
    """The keys of `path` with a first key of persons for each of these organisations (root to key name).

    KeyFileError where the file cannot be written.
    """
    try:
        with alone(path):
            # read again under the lock: another process may have made them meanwhile
            first_keys = load_or_make(path)
            for root, key_name in key_names.items():
                if not first_keys.newest(root):
                    first_keys = first_keys.with_coming(root, key_name, day)
            save(first_keys, path)
            return first_keys
    except OSError as error:
        raise KeyFileError(
            f"{path} has no key of persons for '{next(iter(key_names))}' and cannot be written ({error.strerror}): run "
            "`nytta keys rotate` where the file is kept"
        ) from error


def load_or_make(path: Path) -> Keys:
    """The keys of `path`; a random secret is made, readable by the owner alone, where there is no file."""
    try:
        if not path.exists():
            _make(path)
        return read(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise KeyFileError(f"{path}: {error}") from error


def _make(path: Path) -> None:
    """A file with a random secret, there whole or not at all; of several that make it, the first one's stands."""
    permissions.make_folder(path.parent)
    temporary_path = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    try:
        new_keys = Keys("k1", secrets.token_bytes(_BYTES))
        permissions.replace(temporary_path, written(new_keys).encode())
        # a link fails where the name is taken, and a renaming would replace what another process has made
        with suppress(FileExistsError):
            path.hardlink_to(temporary_path)
    finally:
        temporary_path.unlink(missing_ok=True)


def read(keys_text: str) -> Keys:
    """Keys from the text of a key file. ValueError where it is none."""
    try:
        document = json.loads(keys_text)
        keys_by_root = document.get("persons", {})
        persons = {
            root: tuple(_person_key(entry) for entry in entries)
            for root, entries in keys_by_root.items()
        }
        return Keys(str(document["id"]), bytes.fromhex(document["secret"]), persons)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(
            'not a key file; it holds {"id": …, "secret": 64 hexadecimal digits}. Restore it from its '
            "backup: with another key, persons already stored would count twice"
        ) from error


def _person_key(entry: Mapping[str, Any]) -> PersonKey:
    return PersonKey(entry["id"], bytes.fromhex(entry["secret"]), date.fromisoformat(entry["made"]))


def written(keys: Keys) -> str:
    """The text of a key file."""
    document: dict[str, Any] = {"id": keys.id, "secret": keys.secret.hex()}
    if keys.persons:
        document["persons"] = {
            root: [_entry(key) for key in root_keys] for root, root_keys in keys.persons.items()
        }
    return json.dumps(document, indent=1)


def _entry(person_key: PersonKey) -> dict[str, str]:
    return {
        "id": person_key.id,
        "secret": person_key.secret.hex(),
        "made": person_key.made.isoformat(),
    }


def save(keys: Keys, path: Path) -> None:
    """Replace the key file as one step; a key that `keys` does not hold is gone then, but for copies of the file."""
    # always under the same name beside: what a crash leaves of it is overwritten, and keeps no destroyed key
    permissions.replace(path, written(keys).encode(), temporary_name=f"{path.name}.new")
