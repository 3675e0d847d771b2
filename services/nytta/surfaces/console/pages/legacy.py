"""Apps of an earlier platform that are still used, and the units that keep them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from nytta.surfaces.console.branches import Branch
from nytta.surfaces.console.parts import Cell, Speaker, Table
from nytta.surfaces.console.readings import Reading


def legacy_apps(
    reading: Reading, language: str, places: Sequence[str], listed: Branch
) -> Table | None:
    """Each app of the earlier platform with the units that used it in the last four weeks, most units first.

    Units above others are left out: they repeat what those below them keep. All are counted, and those that are listed
    are named. None where no app is published.
    """
    keepers: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    facts = reading.published.facts_of_week("legacy", reading.week)
    keeping = {unit for unit, _ in facts}
    for place in places:
        if place in reading.parents or place not in keeping:
            continue
        for system in reading.systems(place):
            for fact in facts.get((place, system), ()):
                keepers[fact["part"], system].append(place)
    if not keepers:
        return None
    say = Speaker(language)
    ranked = sorted(keepers.items(), key=lambda item: (-len(item[1]), item[0]))
    rows: list[tuple[Cell, ...]] = []
    for (app, system), units in ranked:
        unit_names = [reading.unit_names(unit).text(language) for unit in listed.rows(units, str)]
        others = (
            ""
            if len(unit_names) == len(units)
            else say("named_of", named=len(unit_names), n=len(units))
        )
        system_name = reading.system_names(system).text(language)
        rows.append(
            (app, system_name, str(len(units)), ", ".join(filter(None, (*unit_names, others))))
        )
    columns = say.columns("app", "replaced_by", "number", "kept_in")
    return Table(say("legacy_caption"), columns, tuple(rows), (2,))
