"""Which unit lay under which, and when: the closure of the tree over all dated versions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol, TypeVar

from nytta.registry.dates import Span


class Placed(Protocol):
    """Something with a place in the tree on the days of its span."""

    @property
    def id(self) -> str:
        """What other versions name as their parent."""

    @property
    def parent(self) -> str | None:
        """The id above; None at a root."""

    @property
    def span(self) -> Span:
        """The days on which the place holds."""


P = TypeVar("P", bound=Placed)


@dataclass(frozen=True, slots=True, order=True)
class Path:
    """`unit` lay `depth` steps under `ancestor` from `valid_from` up to, not including, `valid_to`."""

    unit: str
    ancestor: str
    depth: int
    valid_from: date
    valid_to: date


def by_id(placed: Iterable[P]) -> dict[str, list[P]]:
    """All versions of each id."""
    versions: defaultdict[str, list[P]] = defaultdict(list)
    for place in placed:
        versions[place.id].append(place)
    return dict(versions)


def chains(place: P, versions: Mapping[str, Sequence[P]]) -> Iterator[tuple[Span, tuple[P, ...]]]:
    """The versions above `place`, itself first, with the days on which that line held, in order of time.

    A line ends at a root. It also ends where an id would come a second time: then its last element is that
    second one, and the tree has a cycle on those days. Days on which a parent does not exist give no line.
    """
    # lines that have not come to a root yet; at each version above, a line parts into those days on which it held
    unfinished: list[tuple[Span, tuple[P, ...]]] = [(place.span, (place,))]
    finished: list[tuple[Span, tuple[P, ...]]] = []
    while unfinished:
        span, chain = unfinished.pop()
        highest = chain[-1]
        is_cycle = any(ancestor.id == highest.id for ancestor in chain[:-1])
        if highest.parent is None or is_cycle:
            finished.append((span, chain))
            continue
        for parent in versions.get(highest.parent, ()):
            shared_span = span.meet(parent.span)
            if shared_span is not None:
                unfinished.append((shared_span, (*chain, parent)))
    # by days alone: versions themselves have no order
    return iter(sorted(finished, key=lambda line: line[0]))


def paths(units: Sequence[Placed]) -> list[Path]:
    """Every unit under each of its ancestors, itself at depth 0, on the days on which that was so; sorted.

    On each day of a unit's life it has exactly one row per ancestor.
    """
    versions = by_id(units)
    spans: defaultdict[tuple[str, str, int], list[Span]] = defaultdict(list)
    for unit in units:
        for span, chain in chains(unit, versions):
            for depth, ancestor in enumerate(chain):
                spans[unit.id, ancestor.id, depth].append(span)
    path_rows: list[Path] = []
    for (unit_id, ancestor_id, depth), path_spans in spans.items():
        # joined, because a line parts too where something changed that has nothing to do with this ancestor
        for span in joined(path_spans):
            path_rows.append(Path(unit_id, ancestor_id, depth, span.valid_from, span.valid_to))
    return sorted(path_rows)


def joined(spans: Iterable[Span]) -> list[Span]:
    """The same days in as few spans as possible, in order."""
    merged: list[Span] = []
    for span in sorted(spans):
        # a span ends before its last day, so one that begins on that day goes on without a gap
        if merged and span.valid_from <= merged[-1].valid_to:
            previous = merged[-1]
            merged[-1] = Span(previous.valid_from, max(previous.valid_to, span.valid_to))
        else:
            merged.append(span)
    return merged
