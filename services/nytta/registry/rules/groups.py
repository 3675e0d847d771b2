"""Reporting groups: siblings, fixed, and each unit in one at most."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from nytta.registry.dates import Span
from nytta.registry.entries.contents import Contents
from nytta.registry.paths import by_id
from nytta.registry.problems import Problem


def groups_are_of_siblings(contents: Contents) -> Iterator[Problem]:
    """The units of a group have one parent, on every day on which two of them exist."""
    versions = by_id(version.entry for version in contents.places)
    for reporting_group in contents.reporting_groups:
        homes: list[tuple[Span, str, str]] = []
        for unit_number, unit in enumerate(reporting_group.entry.units):
            lives = [
                (version.span.meet(reporting_group.entry.span), version.parent) for version in versions.get(unit, ())
            ]
            if any(parent is None for _, parent in lives):
                yield reporting_group.problem(f"'{unit}' is an organisation and has no siblings", "units", unit_number)
                continue
            # its places while the group lasts: where it lay before is no matter of the group
            parent_spans = [(span, parent) for span, parent in lives if span is not None and parent is not None]
            if lives and not parent_spans:
                message = f"'{unit}' does not exist while the group does; take it out or change the dates"
                yield reporting_group.problem(message, "units", unit_number)
            for span, parent in parent_spans:
                strangers = [home for home in homes if home[0].meet(span) and home[2] != parent]
                if strangers:
                    _, other_unit, other_parent = strangers[0]
                    yield reporting_group.problem(
                        f"the units of '{reporting_group.entry.id}' are not siblings: '{other_unit}' lies under "
                        f"'{other_parent}', '{unit}' under '{parent}'; group units of one parent only",
                        "units",
                        unit_number,
                    )
                    break  # one such sentence for a unit is enough
            homes += [(span, unit, parent) for span, parent in parent_spans]


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
