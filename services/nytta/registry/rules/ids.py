"""Ids and key ids stand once."""

from __future__ import annotations

from collections.abc import Iterator

from nytta.registry.entries.contents import Contents
from nytta.registry.problems import Problem


def ids_are_single(contents: Contents) -> Iterator[Problem]:
    """One id, one thing. Versions of one unit share its id and are another rule's matter."""
    for section in ("systems", "milestones", "benefits", "decisions"):
        first_lines: dict[str, int] = {}
        for identifier, file, line in contents.ids.get(section, ()):
            if identifier in first_lines:
                yield Problem(
                    file,
                    line,
                    f"{section} has the id '{identifier}' twice (first in line {first_lines[identifier]}); rename one",
                )
            first_lines.setdefault(identifier, line)
    # a group's figures stand beside those of units, under its id: one id would mean two things
    unit_ids = [*contents.ids.get("units", ()), *contents.ids.get("organisations", ())]
    unit_lines = {identifier: line for identifier, _, line in unit_ids}
    for identifier, file, line in contents.ids.get("reporting_groups", ()):
        if identifier in unit_lines:
            unit_line = unit_lines[identifier]
            message = f"the group has the id of the unit '{identifier}' in line {unit_line}; rename the group"
            yield Problem(file, line, message)


def keys_are_own(contents: Contents) -> Iterator[Problem]:
    """Two organisations never share a key: the same person in both would get the same pseudonym."""
    owners: dict[str, str] = {}
    for organisation in contents.organisations:
        key = organisation.entry.key or organisation.entry.id
        if owners.setdefault(key, organisation.entry.id) != organisation.entry.id:
            message = f"'{organisation.entry.id}' has the same key '{key}' as '{owners[key]}'; give each its own `key`"
            yield organisation.problem(message, "key")
