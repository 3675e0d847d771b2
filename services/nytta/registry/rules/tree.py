"""The tree of units: on each day every unit has one place, under a unit that exists, and no circle."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

from nytta.registry.dates import END, gaps, until
from nytta.registry.entries.contents import ORGANISATION, Contents
from nytta.registry.paths import by_id, chains
from nytta.registry.problems import Problem


def tree_has_roots(contents: Contents) -> Iterator[Problem]:
    """Without an organisation there is no time zone, no key and no calendar."""
    if not contents.ids.get("organisations") and ORGANISATION not in contents.unreadable:
        yield Problem(
            ORGANISATION,
            1,
            "`organisations` is missing or empty; list at least one with its time zone and country",
        )


def versions_do_not_overlap(contents: Contents) -> Iterator[Problem]:
    """A unit has at most one version on each day."""
    versions_by_unit = defaultdict(list)
    for version in contents.places:
        versions_by_unit[version.entry.id].append(version)
    for unit, versions in versions_by_unit.items():
        versions.sort(key=lambda version: (version.entry.span, version.node.line))
        for earlier, later in pairwise(versions):
            overlap = earlier.entry.span.meet(later.entry.span)
            if overlap is not None:
                # reported at the one that is written later in the file, whichever begins later
                first_written, last_written = sorted(
                    (earlier, later), key=lambda version: version.node.line
                )
                yield last_written.problem(
                    f"'{unit}' is given twice for the days from {overlap.valid_from} {until(overlap.valid_to)} "
                    f"(first in line {first_written.node.line}); let one version end with `valid_to` before the "
                    "other begins, or rename one",
                    "id",
                )


def tree_has_no_cycle(contents: Contents) -> Iterator[Problem]:
    """No unit lies under itself."""
    versions = by_id(located.entry for located in contents.places)
    # by identity: versions of one unit may be equal, and the problem belongs to one line
    located_entries = {id(located.entry): located for located in contents.places}
    reported: set[tuple[str, ...]] = set()
    for located in contents.places:
        for span, chain in chains(located.entry, versions):
            chain_ids = [version.id for version in chain]
            # a chain that runs in a circle ends with an id that it had come to before
            start = chain_ids.index(chain_ids[-1])
            circle = chain[start:-1]
            if not circle:
                continue
            # begun at its smallest id, for each unit of a circle finds the same circle from its own place on
            smallest = min(range(len(circle)), key=lambda position: circle[position].id)
            circle = circle[smallest:] + circle[:smallest]
            unit_ids = tuple(version.id for version in circle)
            if unit_ids not in reported:
                reported.add(unit_ids)
                yield located_entries[id(circle[0])].problem(
                    f"units lie under each other in a circle from {span.valid_from}: "
                    f"{' → '.join([*unit_ids, unit_ids[0]])}; give one of them another `parent`",
                    "parent",
                )


def parents_outlive_units(contents: Contents) -> Iterator[Problem]:
    """A unit's parent exists on every day on which the unit does."""
    versions = by_id(located.entry for located in contents.places)
    for located in contents.places:
        version = located.entry
        # a parent whose place cannot be read, or that is named wrongly, is another rule's problem
        if (
            version.parent is None
            or version.parent in contents.unplaced
            or version.parent not in versions
        ):
            continue
        parent_spans = (parent.span for parent in versions[version.parent])
        missing_spans = gaps(version.span, parent_spans)
        if not missing_spans:
            continue
        gap = missing_spans[0]
        # a parent that ends too early is mended at the unit's end, one that begins too late at its beginning
        if gap.valid_to == version.valid_to:
            end = f"`valid_to: {gap.valid_from}`"
            yield located.problem(
                f"'{version.id}' is valid {until(version.valid_to)}, but its parent '{version.parent}' ends on "
                f"{gap.valid_from}; end the unit with {end} or give it another parent from that day",
                "valid_to" if version.valid_to != END else "parent",
            )
        else:
            yield located.problem(
                f"'{version.id}' is valid from {version.valid_from}, but its parent '{version.parent}' does not "
                f"exist from {gap.valid_from} until {gap.valid_to}; change `valid_from` of one of them",
                "valid_from",
            )


def peer_groups_have_members(contents: Contents) -> Iterator[Problem]:
    """A unit that is alone in its peer group is compared with nobody."""
    # a member may be among the units that cannot be read
    if len(contents.units) < len(contents.ids.get("units", ())):
        return
    members = defaultdict(list)
    for unit in contents.units:
        if unit.entry.peer_group:
            members[unit.entry.peer_group].append(unit)
    for group, units in members.items():
        if len({unit.entry.id for unit in units}) == 1:
            yield units[0].problem(
                f"'{units[0].entry.id}' is alone in the peer group '{group}' and is compared with nobody; "
                "check the spelling, or leave `peer_group` out",
                "peer_group",
                warning=True,
            )
