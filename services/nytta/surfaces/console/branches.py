"""Which places of an organisation a page lists: all of a small one, else a branch of its tree, or what a word finds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import ceil
from typing import Final, TypeVar
from urllib.parse import urlencode

from nytta.surfaces.console.parts import Link, Refused, Speaker, page_number
from nytta.surfaces.console.readings import Reading
from nytta.surfaces.reports import figures

MOST: Final = 100
"""Places that a page lists at most, beside the one that they lie below. An organisation of no more is shown whole."""
T = TypeVar("T")
_ANCHOR: Final = "#units"
"""Where a page says which places it lists."""


@dataclass(frozen=True, slots=True)
class Guide:
    """Which places the lists of a page show, and the way to the others, ready in one language.

    `action` and `hidden` are those of the form that looks for a name.
    """

    sentence: str
    above: tuple[Link, ...]
    page: int
    pages: int
    previous: str
    next: str
    find: str
    action: str
    hidden: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Branch:
    """The places that a page lists, in tree order, and which places lie below them that it does not list.

    `above` are the places above the opened one, `left_out` all that are not listed. `guide` is None where all are.
    """

    places: tuple[str, ...]
    unlisted: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    """Addresses that list what lies below a place."""
    above: tuple[str, ...] = ()
    left_out: frozenset[str] = frozenset()
    guide: Guide | None = None

    def rows(self, entries: Iterable[T], place_of: Callable[[T], str]) -> list[T]:
        """Those of the entries that are about a listed place, or about one that the organisation has no more."""
        return [entry for entry in entries if place_of(entry) not in self.left_out]

    def listed(self, shown: int, all_: int, say: Speaker) -> str:
        """That a list has `shown` of `all_` rows; '' where it has all that there are of the organisation."""
        if self.guide is None:
            return ""
        return say("listed_here", shown=_count(shown, say), all=_count(all_, say))

    def below(self, place: str, say: Speaker, alerted: int = 0) -> Link | None:
        """How many places below one are not listed, `alerted` of them with an open alert; it leads to them."""
        unlisted = len(self.unlisted.get(place, ()))
        if not unlisted:
            return None
        key = "branch_below_alerts" if alerted else "branch_below"
        return Link(
            say(key, n=_count(unlisted, say), alerts=_count(alerted, say)), self.links[place]
        )


@dataclass(frozen=True, slots=True)
class Way:
    """How a page is asked for other places: its path, what its query holds besides, and the field of an opened place.

    `query` is that with which it was asked for.
    """

    path: str
    fixed: Mapping[str, str]
    query: Mapping[str, str]
    opens: str = "under"

    def address(self, **fields: str) -> str:
        """The page with these fields in its query."""
        query = urlencode({name: text for name, text in {**self.fixed, **fields}.items() if text})
        return f"{self.path}?{query}{_ANCHOR}"


def every_place(places: Sequence[str]) -> Branch:
    """Every place."""
    return Branch(tuple(places))


def branch(reading: Reading, language: str, places: Sequence[str], way: Way) -> Branch:
    """The places that a page lists of those that a visitor may see, which stand in tree order.

    Of more than `MOST` it is those whose name holds a word, else the opened place (the topmost where none is) and as
    many levels below it as there is room for; where one level has no room, a page of it. Refused where the opened
    place is not among them.
    """
    if len(places) <= MOST:
        return every_place(places)
    if find := way.query.get("find", "").strip():
        return _matching(reading, language, places, way, find)
    tree = _Tree.of(reading, places)
    opened = way.query.get(way.opens, "")
    if not opened and len(tree.level("")) == 1:
        (opened,) = tree.level("")
    elif opened and opened not in tree.parents:
        raise Refused(404, "no_unit", unit=opened[:80])
    return _opened(reading, Speaker(language), tree, way, opened)


@dataclass(frozen=True, slots=True)
class _Tree:
    """The places that a visitor may see: what lies directly below each ('' above the topmost), and above each."""

    places: Sequence[str]
    children: Mapping[str, Sequence[str]]
    parents: Mapping[str, str]

    @classmethod
    def of(cls, reading: Reading, places: Sequence[str]) -> _Tree:
        units = reading.registry.units_at(reading.day)
        visible = {*places}
        # of what lies below a member of a group, the group is above
        group_by_member = {
            member: place for place in places for member in reading.registry.members(place)
        }
        children: defaultdict[str, list[str]] = defaultdict(list)
        parents: dict[str, str] = {}
        for place in places:
            above = units[reading.published.member(place)].parent
            # between two places that are seen there may be one that is not
            while above is not None and group_by_member.get(above, above) not in visible:
                above = units[above].parent
            parent = "" if above is None else group_by_member.get(above, above)
            parents[place] = parent
            children[parent].append(place)
        return cls(places, dict(children), parents)

    def level(self, place: str) -> Sequence[str]:
        """The places directly below one; the topmost for ''."""
        return self.children.get(place, ())

    def below(self, place: str) -> tuple[str, ...]:
        """All places below one."""
        below: list[str] = []
        waiting = [*self.level(place)]
        while waiting:
            below.append(waiting.pop())
            waiting += self.level(below[-1])
        return tuple(below)

    def above(self, place: str) -> list[str]:
        """The places above one, the topmost first."""
        above: list[str] = []
        while place := self.parents.get(place, ""):
            above.insert(0, place)
        return above


def page_of(links: Sequence[Link], say: Speaker, way: Way) -> tuple[tuple[Link, ...], Guide | None]:
    """The links that a page has room for, and the way to the others; no guide where it has room for all."""
    if len(links) <= MOST:
        return tuple(links), None
    pages = ceil(len(links) / MOST)
    page = _page(way, pages, 1)
    shown = tuple(links[(page - 1) * MOST : page * MOST])
    sentence = say("branch_list", shown=_count(len(shown), say), all=_count(len(links), say))
    guide = Guide(sentence, (), page, pages, "", "", "", "/", tuple(way.fixed.items()))
    return shown, _paged(guide, way, {})


def _opened(reading: Reading, say: Speaker, tree: _Tree, way: Way, own_place: str) -> Branch:
    # a place without any below it is shown among those beside it
    opened = own_place if tree.level(own_place) else tree.parents[own_place]
    level = tree.level(opened)
    pages = ceil(len(level) / MOST)
    # the page with one's own place, where none is asked for
    own_page = level.index(own_place) // MOST + 1 if own_place in level else 1
    page = _page(way, pages, own_page)
    listed = {*level[(page - 1) * MOST : page * MOST]}
    if pages == 1:
        listed = _levels(tree, level)
    filled = {"shown": _count(len(listed), say), "all": _count(len(tree.below(opened)), say)}
    if opened:
        sentence = say("branch_under", unit=reading.unit_names(opened).text(say.language), **filled)
        listed |= {opened}
    else:
        sentence = say("branch_tops", **filled)
    places_above = tree.above(opened)
    above = [
        Link(reading.unit_names(place).text(say.language), way.address(**{way.opens: place}))
        for place in places_above
    ]
    guide = Guide(
        sentence, tuple(above), page, pages, "", "", "", way.path, tuple(way.fixed.items())
    )
    lowest = [place for place in listed - {opened} if listed.isdisjoint(tree.level(place))]
    unlisted = {place: below for place in lowest if (below := tree.below(place))}
    return Branch(
        tuple(place for place in tree.places if place in listed),
        unlisted,
        {place: way.address(**{way.opens: place}) for place in unlisted},
        tuple(places_above),
        frozenset(tree.places) - listed,
        _paged(guide, way, {way.opens: own_place}),
    )


def _levels(tree: _Tree, level: Sequence[str]) -> set[str]:
    """A level of places, and as many whole levels below it as there is room for."""
    listed: set[str] = set()
    while level and len(listed) + len(level) <= MOST:
        listed |= {*level}
        level = [child for place in level for child in tree.level(place)]
    return listed


def _matching(
    reading: Reading, language: str, places: Sequence[str], way: Way, find: str
) -> Branch:
    say = Speaker(language)
    matches = [place for place in places if holds(reading.unit_names(place).text(language), find)]
    pages = max(1, ceil(len(matches) / MOST))
    page = _page(way, pages, 1)
    listed = matches[(page - 1) * MOST : page * MOST]
    key = "branch_found" if matches else "branch_none"
    sentence = say(key, shown=_count(len(listed), say), all=_count(len(matches), say), find=find)
    topmost = places[0]
    top = Link(reading.unit_names(topmost).text(language), way.address(**{way.opens: topmost}))
    guide = Guide(sentence, (top,), page, pages, "", "", find, way.path, tuple(way.fixed.items()))
    left_out = frozenset(places).difference(listed)
    return Branch(tuple(listed), left_out=left_out, guide=_paged(guide, way, {"find": find}))


def holds(name: str, text: str) -> bool:
    """Whether a text stands in a name, in capitals or not."""
    return text.casefold() in name.casefold()


def _page(way: Way, pages: int, otherwise: int) -> int:
    """The page that is asked for, or the nearest that there is."""
    page_text = way.query.get("page")
    return otherwise if page_text is None else min(max(1, page_number(page_text)), pages)


def _paged(guide: Guide, way: Way, fields: Mapping[str, str]) -> Guide:
    """The guide with the addresses of the pages beside it."""
    before = way.address(**fields, page=str(guide.page - 1)) if guide.page > 1 else ""
    after = way.address(**fields, page=str(guide.page + 1)) if guide.page < guide.pages else ""
    return replace(guide, previous=before, next=after)


def _count(number: int, say: Speaker) -> str:
    return figures.whole_number(number, say.language)
