"""Which actions were followed by what, over all units that tried them, and the order of suggestions by it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Final, TypeVar

FEWEST: Final = 8
"""Fewest units that tried an action, with an effect that can be told, for a number of it."""

Proposal = TypeVar("Proposal")


@dataclass(frozen=True, slots=True)
class Tried:
    """How many units tried an action, and by how many points more than like units they rose after it, on average."""

    units: int
    points: float


def tried_actions(effects: Iterable[tuple[str, int | None]]) -> dict[str, Tried]:
    """What followed each action, from pairs of its id and its points; effects that cannot be told are None."""
    by_action: defaultdict[str, list[int]] = defaultdict(list)
    for action, points in effects:
        if points is not None:
            by_action[action].append(points)
    return {
        action: Tried(len(points), fmean(points))
        for action, points in by_action.items()
        if len(points) >= FEWEST
    }


def in_order_of_effect(
    proposals: Mapping[str, Proposal], tried: Mapping[str, Tried]
) -> dict[str, Proposal]:
    """The proposals, best effect first; what was tried too seldom stands between what helped and what did not."""
    return dict(
        sorted(
            proposals.items(), key=lambda item: -tried[item[0]].points if item[0] in tried else 0.0
        )
    )
