"""Apps of an earlier platform that are still used, and the units that keep them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from nytta.surfaces.console.parts import Cell, Speaker, Table
from nytta.surfaces.console.readings import Reading


def legacy_apps(reading: Reading, language: str, places: Sequence[str]) -> Table | None:
    """Each app of the earlier platform with the units that used it in the last four weeks, most units first.

    Units above others are left out: they repeat what those below them keep. None where no app is published.
    """
    parents = {unit.parent for unit in reading.registry.units_at(reading.day).values()}
    keepers: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for place in places:
        if place in parents:
            continue
        for system in reading.systems(place):
            for fact in reading.published.evidence.facts.get(("legacy", place, system, reading.week), []):
                keepers[fact["part"], system].append(place)
    if not keepers:
        return None
    say = Speaker(language)
    ranked = sorted(keepers.items(), key=lambda item: (-len(item[1]), item[0]))
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            app,
            reading.system_names(system).text(language),
            str(len(units)),
            ", ".join(reading.unit_names(unit).text(language) for unit in units),
        )
        for (app, system), units in ranked
    )
    columns = tuple(say(f"col_{column}") for column in ("app", "replaced_by", "number", "kept_in"))
    return Table(say("legacy_caption"), columns, rows, (2,))
