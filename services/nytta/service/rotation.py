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


def due(app: App, now: datetime) -> bool:
    """Whether the calendar asks for anything."""
    return any(app.keys.step(o.id, now.date()) is not Step.NONE for o in app.intake.registry.organisations)


def rotate(app: App, now: datetime) -> Iterator[Rotated]:
    """Do what the calendar asks for, organisation by organisation; each is done when it comes out.

    Whatever dies half-way is done when this is called again. The installation's keys are in a file.
    """
    path = app.intake.key_file
    assert path is not None
    for organisation in app.intake.registry.organisations:
        with alone(path):
            keys = load_or_make(path)
            step = keys.step(organisation.id, now.date())
            if step in (Step.FIRST, Step.MAKE):
                keys = keys.with_coming(organisation.id, organisation.key, now.date())
                save(keys, path)
                app.intake.rekey(keys)
                yield Rotated(organisation.id, step)
            elif step is Step.CHANGE:
                yield _changed(app, keys, organisation.id, path, now)
            else:
                yield Rotated(organisation.id, step)


def _changed(app: App, keys: Keys, root: str, path: Path, now: datetime) -> Rotated:
    used, coming = keys.persons[root]
    after = keys.changed(root)
    since = datetime.combine(coming.made, time_of_day(), UTC)
    decided = app.intake.registry.disposal(Rule.KEYS, root)
    number = app.private.counter("certificate") + 1
    app.private.raise_counter("certificate", number)
    app.intake.rekey(after)
    try:
        time.sleep(_UNDER_WAY)
        with app.computing:
            renamed, gone = rekeying.change(app.private, used.id, coming.id, since, app.definitions, number)
            recompute(app.private, app.definitions)
        purge(app.private)
        save(after, path)
    except BaseException:
        app.intake.rekey(keys)  # the file has them still, and the calendar asks for the same again
        raise
    app.private.connection.insert(
        "{open}.disposals",
        ["certificate", "at", "rule", "organisation", "decision", "before", "rows", "sealed"],
        [[number, now, Rule.KEYS.value, root, decided.decision if decided else "", since, gone.rows, gone.sealed]],
    )
    return Rotated(root, Step.CHANGE, renamed, used.id)
