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


def due(installation: App, current_time: datetime) -> frozenset[Step]:
    """What the calendar asks for; nothing where all keys stand."""
    today = current_time.date()
    steps = {
        installation.keys.step(organisation.id, today)
        for organisation in installation.intake.registry.organisations
    }
    return frozenset(steps - {Step.NONE})


def rotate(installation: App, current_time: datetime) -> Iterator[Rotated]:
    """Do what the calendar asks for, organisation by organisation; each is done when it comes out.

    Whatever dies half-way is done when this is called again. The installation's keys are in a file.
    """
    path = installation.intake.key_file
    assert path is not None
    for organisation in installation.intake.registry.organisations:
        with alone(path):
            # read under the lock: another process may have changed them
            pseudonym_keys = load_or_make(path)
            rotation_step = pseudonym_keys.step(organisation.id, current_time.date())
            if rotation_step in (Step.FIRST, Step.MAKE):
                pseudonym_keys = pseudonym_keys.with_coming(
                    organisation.id, organisation.key, current_time.date()
                )
                save(pseudonym_keys, path)
                installation.intake.rekey(pseudonym_keys)
                yield Rotated(organisation.id, rotation_step)
            elif rotation_step is Step.CHANGE:
                yield _changed(installation, pseudonym_keys, organisation.id, path, current_time)
            else:
                yield Rotated(organisation.id, rotation_step)


def _changed(
    installation: App, pseudonym_keys: Keys, root: str, path: Path, current_time: datetime
) -> Rotated:
    used_key, coming_key = pseudonym_keys.persons[root]
    changed_keys = pseudonym_keys.changed(root)
    changed_at = datetime.combine(coming_key.made, time_of_day(), UTC)
    decided = installation.intake.registry.disposal(Rule.KEYS, root)
    certificate_number = installation.private.counter("certificate") + 1
    installation.private.raise_counter("certificate", certificate_number)
    # from here on pseudonyms are made with the coming key; what was made with the used one gets time to be stored,
    # because only stored rows are renamed
    installation.intake.rekey(changed_keys)
    try:
        time.sleep(_UNDER_WAY)
        with installation.computing:
            renamed, removed = rekeying.change(
                installation.private,
                used_key.id,
                coming_key.id,
                changed_at,
                installation.definitions,
                certificate_number,
            )
            recompute(installation.private, installation.definitions)
        purge(installation.private)
        # last: a used key that is gone could rename nothing any more
        save(changed_keys, path)
    except BaseException:
        # the file has them still, and the calendar asks for the same again
        installation.intake.rekey(pseudonym_keys)
        raise
    certificate = {
        "certificate": certificate_number,
        "at": current_time,
        "rule": Rule.KEYS.value,
        "organisation": root,
        "decision": decided.decision if decided else "",
        "before": changed_at,
        "rows": removed.rows,
        "sealed": removed.sealed,
    }
    installation.private.connection.insert(
        "{open}.disposals", list(certificate), [list(certificate.values())]
    )
    return Rotated(root, Step.CHANGE, renamed, used_key.id)
