"""A simulated world: what the registry says of it, the events it sends, and what is true of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nytta.demo.delivery import Feed, Silence, deliver
from nytta.demo.place import Place
from nytta.demo.registry import registry_files
from nytta.demo.weeks import Calendar, Span

Truth = dict[str, Any]
"""What is seeded and what was counted while drawing; plain JSON."""


@dataclass(frozen=True, slots=True)
class Part:
    """One story: its place, its sources (made anew for every reading), which of them fall silent, and its
    truth."""

    calendar: Calendar
    place: Place
    feeds: Callable[[], list[Feed]]
    truth: Truth
    silences: tuple[Silence, ...] = ()


@dataclass(frozen=True, slots=True)
class World:
    """One or more stories over the same weeks.

    `registry_files` holds the texts of organisation.yaml, systems.yaml and programme.yaml by name. `truth` is
    what the events were drawn from; its layout is described in the package's docstring.
    """

    story: str
    seed: int
    span: Span
    place: Place
    registry_files: dict[str, str]
    truth: Truth
    _parts: tuple[Part, ...] = field(repr=False)

    def batches(self) -> Iterator[bytes]:
        """NDJSON CloudEvents in order of arrival, one chunk per week, the same bytes at every call.

        Some events arrive up to 48 hours late, a few twice, and a silent source's not at all.
        """
        feeds = [(feed, part.calendar) for part in self._parts for feed in part.feeds()]
        silences = [silence for part in self._parts for silence in part.silences]
        return deliver(self.seed, feeds, silences, self.span.count)


def world(story: str, seed: int, span: Span, parts: dict[str, Part]) -> World:
    """Join stories into one world; `parts` by name of the story."""
    place = sum((part.place for part in parts.values()), Place())
    common = {"story": story, "seed": seed, "weeks": span.labels, "units": len(_staffed(place))}
    stories = {
        name: part.truth | {"silences": _silences(part, span)} for name, part in parts.items()
    }
    truth = common | stories.get(story, {"stories": stories})
    return World(
        story, seed, span, place, registry_files(place, span), truth, tuple(parts.values())
    )


def _staffed(place: Place) -> list[str]:
    return [unit.id for organisation in place.organisations for unit in organisation.staffed]


def _silences(part: Part, span: Span) -> list[dict[str, str]]:
    return [
        {
            "source": silence.source,
            "from_week": span.label(silence.first),
            "to_week": span.label(silence.last),
        }
        for silence in part.silences
    ]


def write(world: World, directory: Path) -> int:
    """Write registry/, events.ndjson and truth.json into `directory`, which is made if need be; events
    written.

    Files of an earlier run are replaced.
    """
    registry = directory / "registry"
    registry.mkdir(parents=True, exist_ok=True)
    for name, text in world.registry_files.items():
        (registry / name).write_text(text, encoding="utf-8")
    count = 0
    with (directory / "events.ndjson").open("wb") as file:
        for chunk in world.batches():
            count += chunk.count(b"\n")
            file.write(chunk)
    text = json.dumps(world.truth, ensure_ascii=False, indent=1)
    (directory / "truth.json").write_text(text + "\n", encoding="utf-8")
    return count
