"""That each organisation has the key of persons with which it was pseudonymised so far, or a first one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from nytta.ingest.keys import KeyFileError, Keys, with_first
from nytta.ingest.store.private import PrivateStore


def check_newest(store: PrivateStore, keys: Keys, key_names: Mapping[str, str]) -> None:
    """KeyFileError where an organisation (root to key name) had a newer key than the newest of `keys`."""
    for root, key_name in key_names.items():
        newest_made = store.counter(_counter_of(root))
        if keys.newest(root) < newest_made:
            raise KeyFileError(
                f"the key file has no key {key_name}-{newest_made}, with which persons of '{root}' are pseudonymised: "
                "restore the file from its backup; with another key each of them would count twice"
            )


def with_first_keys(
    keys: Keys, key_names: Mapping[str, str], key_file: Path | None, today: date
) -> Keys:
    """`keys` with a first key for each of these organisations that has none, written to the file where there is one."""
    missing = {root: key_name for root, key_name in key_names.items() if not keys.newest(root)}
    # the file is not read again where nothing is missing: this happens for every body of events
    if not missing:
        return keys
    if key_file:
        return with_first(key_file, missing, today)
    for root, key_name in missing.items():
        keys = keys.with_coming(root, key_name, today)
    return keys


def remember_newest(store: PrivateStore, keys: Keys) -> None:
    """Note the numbers of the newest keys in the store, which misses them where the key file is an older one."""
    for root in keys.persons:
        # only upwards: an older file must not make the store forget the newer key
        newest = keys.newest(root)
        if newest > store.counter(_counter_of(root)):
            store.raise_counter(_counter_of(root), newest)


def _counter_of(root: str) -> str:
    """The counter that holds the number of the newest key of an organisation's persons."""
    return f"key of persons of {root}"
