"""Reporting groups: siblings, fixed, and each unit in one at most."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import NamedTuple

from nytta.registry.dates import Span
from nytta.registry.entries.contents import Contents
from nytta.registry.entries.organisation import Place
from nytta.registry.paths import by_id
from nytta.registry.problems import Problem


class _Place(NamedTuple):
    """Where a unit lay on days on which its group exists."""

    span: Span
    unit: str
    parent: str


def groups_are_of_siblings(contents: Contents) -> Iterator[Problem]:
    """The units of a group have one parent, on every day on which two of them exist."""
    versions = by_id(version.entry for version in contents.places)
    for reporting_group in contents.reporting_groups:
        group = reporting_group.entry
        group_places: list[_Place] = []
        for position, unit in enumerate(group.units):
            unit_versions = versions.get(unit, [])
            if any(version.parent is None for version in unit_versions):
                yield reporting_group.problem(
                    f"'{unit}' is an organisation and has no siblings", "units", position
                )
                continue
            unit_places = _places(unit_versions, group.span)
            if unit_versions and not unit_places:
                message = (
                    f"'{unit}' does not exist while the group does; take it out or change the dates"
                )
                yield reporting_group.problem(message, "units", position)
            conflict = _conflict(unit_places, group_places)
            if conflict:
                place, other = conflict
                yield reporting_group.problem(
                    f"the units of '{group.id}' are not siblings: '{other.unit}' lies under "
                    f"'{other.parent}', '{unit}' under '{place.parent}'; group units of one parent only",
                    "units",
                    position,
                )
            group_places += unit_places


def _places(versions: Sequence[Place], group_span: Span) -> list[_Place]:
    """Where a unit lies while the group lasts; where it lay before is no matter of the group."""
    places = []
    for version in versions:
        shared_span = version.span.meet(group_span)
        if shared_span is not None and version.parent is not None:
            places.append(_Place(shared_span, version.id, version.parent))
    return places


def _conflict(
    unit_places: Sequence[_Place], group_places: Sequence[_Place]
) -> tuple[_Place, _Place] | None:
    """The first place of a unit that is under another parent than a unit listed before it, and that other place."""
    for place in unit_places:
        for other in group_places:
            if other.parent != place.parent and other.span.meet(place.span):
                return place, other
    return None


def units_are_in_one_group(contents: Contents) -> Iterator[Problem]:
    """Groups that share a unit would let its figures be worked out from the difference."""
    for earlier, later in combinations(contents.reporting_groups, 2):
        if earlier.entry.span.meet(later.entry.span) is None:
            continue
        if earlier.entry.id == later.entry.id:
            message = f"the group '{later.entry.id}' stands twice (first in line {earlier.node.line}); rename one"
            yield later.problem(message, "id")
        for unit in sorted(set(earlier.entry.units) & set(later.entry.units)):
            yield later.problem(
                f"'{unit}' is in two reporting groups at once, '{earlier.entry.id}' (line {earlier.node.line}) and "
                f"'{later.entry.id}'; take it out of one",
                "units",
                later.entry.units.index(unit),
            )
