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
    keepers: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for place in places:
        if place in reading.parents:
            continue
        for system in reading.systems(place):
            for fact in reading.published.evidence.facts.get(("legacy", place, system, reading.week), []):
                keepers[fact["part"], system].append(place)
    if not keepers:
        return None
    say = Speaker(language)
    ranked = sorted(keepers.items(), key=lambda item: (-len(item[1]), item[0]))
    rows: list[tuple[Cell, ...]] = []
    for (app, system), units in ranked:
        unit_names = [reading.unit_names(unit).text(language) for unit in units]
        system_name = reading.system_names(system).text(language)
        rows.append((app, system_name, str(len(units)), ", ".join(unit_names)))
    columns = say.columns("app", "replaced_by", "number", "kept_in")
    return Table(say("legacy_caption"), columns, tuple(rows), (2,))
