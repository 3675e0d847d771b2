"""What goes with a store: the keys its pseudonyms were made with, and its backups."""

from __future__ import annotations

import hashlib
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from nytta import contracts
from nytta.keys import KeyFileError, Keys, load_or_make
from nytta.store import backup, client

if TYPE_CHECKING:
    from nytta.app import App
    from nytta.store.private import PrivateStore

_FINGERPRINT = "fingerprint of the key file"


def fingerprint(keys: Keys) -> str:
    """Sixteen digits that tell whether two key files share their lasting secret, which cannot be found from them."""
    return hashlib.sha256(keys.seal(b"fingerprint of the lasting secret")).hexdigest()[:16]


def recognised(path: Path, store: PrivateStore) -> Keys:
    """The keys of `path`, made where store and file are new. KeyFileError where they are not those of the store."""
    known = store.counter(_FINGERPRINT)
    if known and not path.exists():
        raise KeyFileError(
            f"{path} is missing, and there is a store: put the store's key file there; with another one each person "
            "would count twice"
        )
    keys = load_or_make(path)
    here = int(fingerprint(keys), 16)
    if not known:
        store.raise_counter(_FINGERPRINT, here)
    elif known != here:
        raise KeyFileError(
            f"{path} is not the key file that the store's pseudonyms were made with: put that one there; with another "
            "one each person would count twice"
        )
    return keys


def copy(app: App, target: Path, now: datetime) -> backup.Manifest:
    """Copy the embedded store as it stands into one file; senders wait only while its parts are held."""
    with ExitStack() as stack:
        with app.computing, app.private.writing:
            folder, manifest = stack.enter_context(backup.held(app.private.connection, fingerprint(app.keys), now))
        return backup.pack(folder, target, manifest, app.private.connection.check)


def check(source: Path, key_file: Path) -> backup.Manifest:
    """What a backup says of itself. BackupError where this program, or this key file, is not one for it."""
    manifest = backup.read(source)
    backup.check(manifest, contracts.schemas() / "tables", client.engine())
    if fingerprint(load_or_make(key_file)) != manifest.key:
        raise backup.BackupError(
            f"{key_file} is not the key file that the pseudonyms of {source} were made with: find the one kept with it"
        )
    return manifest
