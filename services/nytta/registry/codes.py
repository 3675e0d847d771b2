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


def places(codes: Iterable[UnitCode], units: Iterable[Unit]) -> Places:
    """A function of (code, source) that gives the units it names, each with the days on which it does.

    Codes mapped for the source come first; a code that is mapped for none is taken for a unit's id. A mapped
    code never falls back: outside its dates it names nothing. Units count on the days on which they exist. Two codes
    that no eye tells apart are one.
    """
    lives: defaultdict[str, list[Span]] = defaultdict(list)
    for unit in units:
        lives[unit.id].append(unit.span)
    units_by_id: _Homes = {keyed(unit): [(span, unit) for span in spans] for unit, spans in lives.items()}
    compiled = [(_pattern(code.source), code) for code in codes]

    # by source, of which an installation has few; bounded, for a sender may call itself anything
    @lru_cache(maxsize=256)
    def mapped(source: str) -> _Homes:
        homes: defaultdict[str, list[tuple[Span, str]]] = defaultdict(list)
        for pattern, code in compiled:
            if pattern.fullmatch(source):
                meetings = (code.span.meet(life) for life in lives.get(code.unit, ()))
                homes[keyed(code.code)] += [(span, code.unit) for span in meetings if span is not None]
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
    def meet(place: int, other_place: int) -> bool:
        is_end = place == len(pattern)
        is_other_end = other_place == len(other_pattern)
        if is_end and is_other_end:
            return True
        # a star stands for nothing more, or for one sign more of the other
        if not is_end and pattern[place] == "*":
            return meet(place + 1, other_place) or (not is_other_end and meet(place, other_place + 1))
        if not is_other_end and other_pattern[other_place] == "*":
            return meet(place, other_place + 1) or (not is_end and meet(place + 1, other_place))
        if is_end or is_other_end:
            return False
        return pattern[place] == other_pattern[other_place] and meet(place + 1, other_place + 1)

    return meet(0, 0)
