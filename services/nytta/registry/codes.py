"""From the codes that sources use to the units of the registry."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from functools import cache, lru_cache

from nytta.registry.dates import Span
from nytta.registry.texts import keyed
from nytta.registry.units import Unit, UnitCode

Places = Callable[[str, str], Sequence[tuple[Span, str]]]
"""The units that (code, source) names, each with its days."""
_UnitsByCode = Mapping[str, Sequence[tuple[Span, str]]]
"""The units that each code names, with the days on which it does. Codes are as `keyed` makes them."""


def places(unit_codes: Iterable[UnitCode], units: Iterable[Unit]) -> Places:
    """A function of (code, source) that gives the units it names, each with the days on which it does.

    Codes mapped for the source come first; a code that is mapped for none is taken for a unit's id. A mapped
    code never falls back: outside its dates it names nothing. Units count on the days on which they exist. Two codes
    that no eye tells apart are one.
    """
    unit_spans: defaultdict[str, list[Span]] = defaultdict(list)
    for unit in units:
        unit_spans[unit.id].append(unit.span)
    units_by_id: _UnitsByCode = {
        keyed(unit): [(span, unit) for span in spans] for unit, spans in unit_spans.items()
    }
    codes_with_pattern = [(_pattern(unit_code.source), unit_code) for unit_code in unit_codes]

    # by source, of which an installation has few; bounded, for a sender may call itself anything
    @lru_cache(maxsize=256)
    def mapped(source: str) -> _UnitsByCode:
        units_by_code: defaultdict[str, list[tuple[Span, str]]] = defaultdict(list)
        for pattern, unit_code in codes_with_pattern:
            if not pattern.fullmatch(source):
                continue
            shared_spans = (
                unit_code.span.meet(span) for span in unit_spans.get(unit_code.unit, ())
            )
            named_units = [(span, unit_code.unit) for span in shared_spans if span is not None]
            units_by_code[keyed(unit_code.code)] += named_units
        return units_by_code

    def named_units(code: str, source: str) -> Sequence[tuple[Span, str]]:
        units_by_code = mapped(source)
        key = keyed(code)
        # asked with `in`: a code that is mapped to a unit that never existed names nothing, and does not fall back
        if key in units_by_code:
            return units_by_code[key]
        return units_by_id.get(key, ())

    return named_units


def resolver(named_units: Places) -> Callable[[str, str, date], str | None]:
    """A function of (code, source, day) that gives a unit's id; None for a code without a unit on that day."""

    def resolve(code: str, source: str, day: date) -> str | None:
        for span, unit in named_units(code, source):
            if day in span:
                return unit
        return None

    return resolve


def _pattern(source: str) -> re.Pattern[str]:
    literal_texts = map(re.escape, source.split("*"))
    return re.compile(".*".join(literal_texts), re.DOTALL)


def patterns_meet(pattern: str, other_pattern: str) -> bool:
    """Whether some text fits both patterns, in which `*` stands for any text."""

    # Whether some text fits what remains of both patterns. Remembered, for the same two remainders are reached in
    # many ways, and two stars would try all of them.
    @cache
    def meet(position: int, other_position: int) -> bool:
        is_end = position == len(pattern)
        is_other_end = other_position == len(other_pattern)
        if is_end and is_other_end:
            return True
        # a star stands for nothing more, or for one character more of the other pattern
        if not is_end and pattern[position] == "*":
            star_ends = meet(position + 1, other_position)
            return star_ends or (not is_other_end and meet(position, other_position + 1))
        if not is_other_end and other_pattern[other_position] == "*":
            other_star_ends = meet(position, other_position + 1)
            return other_star_ends or (not is_end and meet(position + 1, other_position))
        if is_end or is_other_end:
            return False
        is_same_character = pattern[position] == other_pattern[other_position]
        return is_same_character and meet(position + 1, other_position + 1)

    return meet(0, 0)
