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
    direct: _Homes = {keyed(unit): [(span, unit) for span in spans] for unit, spans in lives.items()}
    compiled = [(_pattern(code.source), code) for code in codes]

    @lru_cache(maxsize=256)
    def mapped(source: str) -> _Homes:
        homes: defaultdict[str, list[tuple[Span, str]]] = defaultdict(list)
        for pattern, code in compiled:
            if pattern.fullmatch(source):
                meetings = (code.span.meet(life) for life in lives.get(code.unit, ()))
                homes[keyed(code.code)] += [(span, code.unit) for span in meetings if span is not None]
        return homes

    def named(code: str, source: str) -> Sequence[tuple[Span, str]]:
        homes, code = mapped(source), keyed(code)
        return homes[code] if code in homes else direct.get(code, ())

    return named


def resolver(named: Places) -> Callable[[str, str, date], str | None]:
    """A function of (code, source, day) that gives a unit's id; None for a code without a unit on that day."""

    def resolve(code: str, source: str, day: date) -> str | None:
        return next((unit for span, unit in named(code, source) if day in span), None)

    return resolve


def _pattern(source: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, source.split("*"))), re.DOTALL)


def patterns_meet(one: str, other: str) -> bool:
    """Whether some text fits both patterns, in which `*` stands for any text."""

    @cache
    def meet(i: int, j: int) -> bool:
        if i == len(one) and j == len(other):
            return True
        if i < len(one) and one[i] == "*":
            return meet(i + 1, j) or (j < len(other) and meet(i, j + 1))
        if j < len(other) and other[j] == "*":
            return meet(i, j + 1) or (i < len(one) and meet(i + 1, j))
        return i < len(one) and j < len(other) and one[i] == other[j] and meet(i + 1, j + 1)

    return meet(0, 0)
