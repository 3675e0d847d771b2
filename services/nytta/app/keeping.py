"""Backups of an installation: who must stand still for a moment, and which keys a backup goes with."""

from __future__ import annotations

import hashlib
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from nytta import contracts
from nytta.keys import Keys, load_or_make
from nytta.store import backup, client

if TYPE_CHECKING:
    from nytta.app import App


def fingerprint(keys: Keys) -> str:
    """Sixteen digits that tell whether two key files share their lasting secret, which cannot be found from them."""
    return hashlib.sha256(keys.seal(b"fingerprint of the lasting secret")).hexdigest()[:16]


def copy(app: App, target: Path, now: datetime) -> backup.Manifest:
    """Copy the embedded store as it stands into one file; senders wait only while its parts are held."""
    with ExitStack() as stack:
        with app.computing, app.private.writing:
            folder, manifest = stack.enter_context(backup.held(app.private.connection, fingerprint(app.keys), now))
        return backup.pack(folder, target, manifest)


def check(source: Path, key_file: Path) -> backup.Manifest:
    """What a backup says of itself. BackupError where this program, or this key file, is not one for it."""
    manifest = backup.read(source)
    backup.check(manifest, contracts.schemas() / "tables", client.engine())
    if fingerprint(load_or_make(key_file)) != manifest.key:
        raise backup.BackupError(
            f"{key_file} is not the key file that the pseudonyms of {source} were made with: find the one kept with it"
        )
    return manifest
