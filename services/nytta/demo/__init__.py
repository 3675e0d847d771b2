"""Invented organisations and stories: what the registry says of them, their usage events, and what is true of
them.

`simulate` makes a `World` from a story's name and a seed; the same arguments give the same bytes on every
machine and day. `World.truth` (written as truth.json) tells what was seeded and what was counted while
drawing:

- `weeks`: the ISO weeks, in order; every list of a series has one entry per week.
- `faults`: what is wrong, where (`unit`, and `reported_as`, its reporting group or itself), from which week,
  with the seeded share and the hours at stake; `control_units` have nothing wrong, but the one that is `helped`.
- `series`: per indicator and unit the numerators and denominators as drawn, which the events hold exactly.
- `silences`: sources that deliver nothing for some weeks.
- of the world `all`, `stories` holds the truth of each story.

`bulk` makes plain events for measuring load.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from nytta.demo.bulk import bulk
from nytta.demo.stories.anchoring import anchoring
from nytta.demo.stories.case_system import case_system
from nytta.demo.stories.client_platform import client_platform
from nytta.demo.stories.digital_not_exploited import digital_not_exploited
from nytta.demo.stories.support_channels import support_channels
from nytta.demo.weeks import Span, span
from nytta.demo.world import Part, World, world, write

__all__ = ["STORIES", "World", "bulk", "simulate", "write"]

_PARTS: dict[str, Callable[[int, Span, float], Part]] = {
    "client-platform": client_platform,
    "case-system": case_system,
    "support-channels": support_channels,
    "digital-not-exploited": digital_not_exploited,
    "anchoring": anchoring,
}

STORIES = (*_PARTS, "all")
"""The names of the stories; `all` is the others together in one county."""


def simulate(
    story: str, seed: int, *, until: date | str, weeks: int = 80, scale: float = 1.0
) -> World:
    """The world of a story over the `weeks` ISO weeks that end with `until`.

    `until` is an ISO week ("2026-W07") or a date, which gives the last week that had ended by then. `scale`
    multiplies what is registered (cases, tickets, sessions), not organisations and persons. A story is the
    same alone and in `all`. Raises ValueError for an unknown story, a text that is no week, fewer than 60
    weeks, or a scale that is not positive.
    """
    if story not in STORIES:
        raise ValueError(f"there is no story '{story}'; use one of {', '.join(STORIES)}")
    if not 0 < scale <= 1000:
        raise ValueError(f"scale {scale} makes no world; use a number above 0, at most 1000")
    weeks_span = span(until, weeks)
    names = _PARTS if story == "all" else [story]
    return world(
        story, seed, weeks_span, {name: _PARTS[name](seed, weeks_span, scale) for name in names}
    )
