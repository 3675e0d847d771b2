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
    # places are named by either id, and a group's figures stand beside units': one id would mean two things
    units = {
        identifier: line
        for section in ("units", "organisations")
        for identifier, _, line in contents.ids.get(section, ())
    }
    for identifier, file, line in contents.ids.get("reporting_groups", ()):
        if identifier in units:
            message = f"the group has the id of the unit '{identifier}' in line {units[identifier]}; rename the group"
            yield Problem(file, line, message)


def keys_are_own(contents: Contents) -> Iterator[Problem]:
    """Two organisations never share a key: the same person in both would get the same pseudonym."""
    owners: dict[str, str] = {}
    for organisation in contents.organisations:
        key = organisation.entry.key or organisation.entry.id
        if owners.setdefault(key, organisation.entry.id) != organisation.entry.id:
            message = f"'{organisation.entry.id}' has the same key '{key}' as '{owners[key]}'; give each its own `key`"
            yield organisation.problem(message, "key")
