"""Ids and key ids stand once."""

from __future__ import annotations

from collections.abc import Iterator

from nytta.registry.entries.contents import Contents
from nytta.registry.problems import Problem


def ids_are_single(contents: Contents) -> Iterator[Problem]:
    """One id, one thing. Versions of one unit share its id and are another rule's matter."""
    for section in ("systems", "milestones", "benefits", "decisions"):
        first: dict[str, int] = {}
        for name, file, line in contents.ids.get(section, ()):
            if name in first:
                yield Problem(
                    file,
                    line,
                    f"{section} has the id '{name}' twice (first in line {first[name]}); rename one",
                )
            first.setdefault(name, line)
    units = {name: line for s in ("units", "organisations") for name, _, line in contents.ids.get(s, ())}
    for name, file, line in contents.ids.get("reporting_groups", ()):
        if name in units:
            message = f"the group has the id of the unit '{name}' in line {units[name]}; rename the group"
            yield Problem(file, line, message)


def keys_are_own(contents: Contents) -> Iterator[Problem]:
    """Two organisations never share a key: the same person in both would get the same pseudonym."""
    first: dict[str, str] = {}
    for each in contents.organisations:
        key = each.entry.key or each.entry.id
        if first.setdefault(key, each.entry.id) != each.entry.id:
            message = f"'{each.entry.id}' has the same key '{key}' as '{first[key]}'; give each its own `key`"
            yield each.problem(message, "key")
