"""Codes of units: on each day a source's code names one unit, and that unit exists."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from nytta.registry.codes import patterns_meet
from nytta.registry.dates import until
from nytta.registry.entries.contents import Contents, Located
from nytta.registry.entries.organisation import CodeEntry, CodeMapEntry
from nytta.registry.paths import by_id
from nytta.registry.problems import Problem


def codes_are_unambiguous(contents: Contents) -> Iterator[Problem]:
    """On each day a code of a source names one unit at most, and one that exists at some time meanwhile."""
    versions = by_id(version.entry for version in contents.places)
    earlier: defaultdict[str, list[tuple[Located[CodeMapEntry], int, CodeEntry]]] = defaultdict(
        list
    )
    for code_map in contents.code_maps:
        for position, code in enumerate(code_map.entry.codes):
            unit_versions = versions.get(code.unit, ())
            if unit_versions and not any(code.span.meet(version.span) for version in unit_versions):
                yield code_map.problem(
                    f"the code '{code.code}' names '{code.unit}' on days when that unit does not exist "
                    f"(from {code.valid_from} {until(code.valid_to)}); change the dates",
                    "codes",
                    position,
                )
            for earlier_map, earlier_position, earlier_code in earlier[code.code]:
                if not earlier_code.span.meet(code.span):
                    continue
                # two patterns need not be equal to fit the same source
                if not patterns_meet(earlier_map.entry.source, code_map.entry.source):
                    continue
                yield code_map.problem(
                    f"the code '{code.code}' of source '{code_map.entry.source}' names '{code.unit}', but in "
                    f"line {earlier_map.node.at('codes', earlier_position)} (source '{earlier_map.entry.source}') "
                    f"'{earlier_code.unit}' on the same days; keep one, or end the earlier with `valid_to`",
                    "codes",
                    position,
                )
                break
            earlier[code.code].append((code_map, position, code))
