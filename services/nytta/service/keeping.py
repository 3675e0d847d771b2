"""What goes with a store: the keys its pseudonyms were made with, its backups, and that its files are private."""

from __future__ import annotations

import hashlib
import logging
import shutil
from contextlib import ExitStack, closing
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from nytta.ingest.keys import KeyFileError, Keys, load_or_make, lock_of
from nytta.registry import declarations
from nytta.storage import backup, client, permissions, portable

if TYPE_CHECKING:
    from nytta.ingest.store.private import PrivateStore
    from nytta.service import App
    from nytta.service.settings import Settings

_log = logging.getLogger(__name__)
_FINGERPRINT = "fingerprint of the key file"


def protect(settings: Settings) -> None:
    """See to it that data folder, keys and tokens are their owner's alone; the log says what was not.

    What belongs to another user stays as it is, and is said too.
    """
    closed_count, open_count = permissions.close(private_places(settings))
    if closed_count:
        _log.warning(
            "%s: other users could read %d files and folders; now only their owner can",
            settings.data,
            closed_count,
        )
    if open_count:
        _log.warning(
            "%s: other users can read %d files and folders that belong to another user or are shared: nytta doctor "
            "says what to do",
            settings.data,
            open_count,
        )


def private_places(settings: Settings) -> list[Path]:
    """The data folder, and the files of keys and tokens that lie elsewhere."""
    files = (settings.key_place, lock_of(settings.key_place), settings.token_place)
    data = settings.data.resolve()
    return [settings.data, *(file for file in files if not file.resolve().is_relative_to(data))]


def fingerprint(pseudonym_keys: Keys) -> str:
    """Sixteen digits that tell whether two key files share their lasting secret, which cannot be found from them."""
    return hashlib.sha256(pseudonym_keys.seal(b"fingerprint of the lasting secret")).hexdigest()[
        :16
    ]


def recognised(path: Path, store: PrivateStore) -> Keys:
    """The keys of `path`, made where store and file are new. KeyFileError where they are not those of the store."""
    stored_fingerprint = store.counter(_FINGERPRINT)
    if stored_fingerprint and not path.exists():
        raise KeyFileError(
            f"{path} is missing, and there is a store: put the store's key file there; with another one each person "
            "would count twice"
        )
    pseudonym_keys = load_or_make(path)
    own_fingerprint = int(fingerprint(pseudonym_keys), 16)
    if not stored_fingerprint:
        store.raise_counter(_FINGERPRINT, own_fingerprint)
    elif stored_fingerprint != own_fingerprint:
        raise KeyFileError(
            f"{path} is not the key file that the store's pseudonyms were made with: put that one there; with another "
            "one each person would count twice"
        )
    return pseudonym_keys


def copy(installation: App, target: Path, current_time: datetime) -> backup.Manifest:
    """Copy the embedded store as it stands into one file; senders wait only while its parts are held."""
    with ExitStack() as stack:
        # both locks until the links are there, and no longer: packing takes as long as reading the whole store
        with installation.computing, installation.private.writing:
            folder, manifest = stack.enter_context(
                backup.hold(
                    installation.private.connection, fingerprint(installation.keys), current_time
                )
            )
        return backup.pack(folder, target, manifest, installation.private.connection.check_room)


def copy_rows(installation: App, target: Path, current_time: datetime) -> backup.Manifest:
    """Copy the rows of a store of either kind into one file; nothing is stored or computed here meanwhile."""
    with installation.computing, installation.private.writing:
        return portable.pack(
            installation.private.connection, target, fingerprint(installation.keys), current_time
        )


def load_rows(source: Path, settings: Settings) -> None:
    """Put the rows of a file into the empty store that the settings name."""
    tables = declarations.schemas() / "tables"
    if settings.clickhouse:
        with closing(client.server(settings.clickhouse)) as connection:
            portable.load(source, connection, tables, settings.cluster)
        return
    store = settings.data / "store"
    if store.exists():
        raise backup.BackupError(
            f"{store} is there already: restore into an empty folder, and never over a store"
        )
    try:
        with closing(client.embedded(store, memory=settings.memory)) as connection:
            portable.load(source, connection, tables, settings.cluster)
    except BaseException:  # an interruption too: half a store must not be taken for one
        shutil.rmtree(store, ignore_errors=True)
        raise


def check(source: Path, key_file: Path) -> backup.Manifest:
    """What a backup says of itself. BackupError where this program, or this key file, is not one for it."""
    manifest = backup.read(source)
    backup.check(manifest, declarations.schemas() / "tables", client.engine)
    if fingerprint(load_or_make(key_file)) != manifest.key:
        raise backup.BackupError(
            f"{key_file} is not the key file that the pseudonyms of {source} were made with: find the one kept with it"
        )
    return manifest
