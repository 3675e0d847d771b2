"""Keys of persons as the calendar wants them: made, changed, destroyed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from datetime import time as time_of_day
from pathlib import Path
from typing import TYPE_CHECKING, Final

from nytta.indicators.disposal import rekeying
from nytta.indicators.disposal.removal import purge
from nytta.indicators.store.recompute import recompute
from nytta.ingest.keys import Keys, Step, alone, load_or_make, save
from nytta.registry.retention import Rule

if TYPE_CHECKING:
    from nytta.service import App

_UNDER_WAY: Final = 2.0
"""Seconds in which what was pseudonymised before the keys changed is stored."""


@dataclass(frozen=True, slots=True)
class Rotated:
    """What became of an organisation's keys: what the calendar asked for, events renamed, the key destroyed."""

    organisation: str
    done: Step
    renamed: int = 0
    destroyed: str = ""


def due(app: App, current_time: datetime) -> frozenset[Step]:
    """What the calendar asks for; nothing where all keys stand."""
    today = current_time.date()
    steps = {app.keys.step(organisation.id, today) for organisation in app.intake.registry.organisations}
    return frozenset(steps - {Step.NONE})


def rotate(app: App, current_time: datetime) -> Iterator[Rotated]:
    """Do what the calendar asks for, organisation by organisation; each is done when it comes out.

    Whatever dies half-way is done when this is called again. The installation's keys are in a file.
    """
    path = app.intake.key_file
    assert path is not None
    for organisation in app.intake.registry.organisations:
        with alone(path):
            # read under the lock: another process may have changed them
            keys = load_or_make(path)
            step = keys.step(organisation.id, current_time.date())
            if step in (Step.FIRST, Step.MAKE):
                keys = keys.with_coming(organisation.id, organisation.key, current_time.date())
                save(keys, path)
                app.intake.rekey(keys)
                yield Rotated(organisation.id, step)
            elif step is Step.CHANGE:
                yield _changed(app, keys, organisation.id, path, current_time)
            else:
                yield Rotated(organisation.id, step)


def _changed(app: App, keys: Keys, root: str, path: Path, current_time: datetime) -> Rotated:
    used, coming = keys.persons[root]
    changed_keys = keys.changed(root)
    since = datetime.combine(coming.made, time_of_day(), UTC)
    decided = app.intake.registry.disposal(Rule.KEYS, root)
    number = app.private.counter("certificate") + 1
    app.private.raise_counter("certificate", number)
    # from here on pseudonyms are made with the coming key; what was made with the used one gets time to be stored,
    # because only stored rows are renamed
    app.intake.rekey(changed_keys)
    try:
        time.sleep(_UNDER_WAY)
        with app.computing:
            renamed, removed = rekeying.change(app.private, used.id, coming.id, since, app.definitions, number)
            recompute(app.private, app.definitions)
        purge(app.private)
        # last: a used key that is gone could rename nothing any more
        save(changed_keys, path)
    except BaseException:
        app.intake.rekey(keys)  # the file has them still, and the calendar asks for the same again
        raise
    app.private.connection.insert(
        "{open}.disposals",
        ["certificate", "at", "rule", "organisation", "decision", "before", "rows", "sealed"],
        [
            [
                number,
                current_time,
                Rule.KEYS.value,
                root,
                decided.decision if decided else "",
                since,
                removed.rows,
                removed.sealed,
            ]
        ],
    )
    return Rotated(root, Step.CHANGE, renamed, used.id)
