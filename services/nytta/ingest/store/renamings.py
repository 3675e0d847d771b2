"""Which pseudonym of a used key becomes which of the coming one, noted while both keys live."""

from __future__ import annotations

from collections.abc import Sequence

from nytta.ingest.keys import Note
from nytta.ingest.store.private import PrivateStore


def note(store: PrivateStore, notes: Sequence[Note]) -> None:
    """Keep which pseudonym of the used key becomes which of the coming one; before anything is acknowledged."""
    store.connection.insert(
        "{private}.renamings",
        ["old_key", "new_key", "old_digest", "new_digest"],
        [[note.used_key, note.coming_key, note.used, note.coming] for note in notes],
    )
