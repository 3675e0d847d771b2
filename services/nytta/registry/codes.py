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
_Homes = Mapping[str, Sequence[tuple[Span, str]]]


def places(unit_codes: Iterable[UnitCode], units: Iterable[Unit]) -> Places:
    """A function of (code, source) that gives the units it names, each with the days on which it does.

    Codes mapped for the source come first; a code that is mapped for none is taken for a unit's id. A mapped
    code never falls back: outside its dates it names nothing. Units count on the days on which they exist. Two codes
    that no eye tells apart are one.
    """
    lives: defaultdict[str, list[Span]] = defaultdict(list)
    for unit in units:
        lives[unit.id].append(unit.span)
    units_by_id: _Homes = {keyed(unit): [(span, unit) for span in spans] for unit, spans in lives.items()}
    compiled = [(_pattern(unit_code.source), unit_code) for unit_code in unit_codes]

    # by source, of which an installation has few; bounded, for a sender may call itself anything
    @lru_cache(maxsize=256)
    def mapped(source: str) -> _Homes:
        homes: defaultdict[str, list[tuple[Span, str]]] = defaultdict(list)
        for pattern, unit_code in compiled:
            if pattern.fullmatch(source):
                meetings = (unit_code.span.meet(life) for life in lives.get(unit_code.unit, ()))
                homes[keyed(unit_code.code)] += [(span, unit_code.unit) for span in meetings if span is not None]
        return homes

    def find(code: str, source: str) -> Sequence[tuple[Span, str]]:
        homes = mapped(source)
        key = keyed(code)
        # asked with `in`: a code that is mapped to a unit that never existed names nothing, and does not fall back
        if key in homes:
            return homes[key]
        return units_by_id.get(key, ())

    return find


def resolver(find: Places) -> Callable[[str, str, date], str | None]:
    """A function of (code, source, day) that gives a unit's id; None for a code without a unit on that day."""

    def resolve(code: str, source: str, day: date) -> str | None:
        for span, unit in find(code, source):
            if day in span:
                return unit
        return None

    return resolve


def _pattern(source: str) -> re.Pattern[str]:
    literal_texts = map(re.escape, source.split("*"))
    return re.compile(".*".join(literal_texts), re.DOTALL)


def patterns_meet(pattern: str, other_pattern: str) -> bool:
    """Whether some text fits both patterns, in which `*` stands for any text."""

    # whether the rests of both from there on meet; kept, for the same two rests are come to in many ways
    @cache
    def meet(position: int, other_position: int) -> bool:
        is_end = position == len(pattern)
        is_other_end = other_position == len(other_pattern)
        if is_end and is_other_end:
            return True
        # a star stands for nothing more, or for one sign more of the other
        if not is_end and pattern[position] == "*":
            return meet(position + 1, other_position) or (not is_other_end and meet(position, other_position + 1))
        if not is_other_end and other_pattern[other_position] == "*":
            return meet(position, other_position + 1) or (not is_end and meet(position + 1, other_position))
        if is_end or is_other_end:
            return False
        return pattern[position] == other_pattern[other_position] and meet(position + 1, other_position + 1)

    return meet(0, 0)
