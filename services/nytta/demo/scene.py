"""What every source of one simulated organisation shares: its seed, its units, its calendar."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nytta.demo.place import Organisation
from nytta.demo.randomness import stream
from nytta.demo.weeks import Calendar, Span


@dataclass(frozen=True, slots=True)
class Scene:
    """One organisation in one world. `scale` multiplies what is registered, not persons and units."""

    seed: int
    home: Organisation
    calendar: Calendar
    scale: float

    @property
    def span(self) -> Span:
        """The simulated weeks."""
        return self.calendar.span

    def rng(self, *labels: str) -> np.random.Generator:
        """The random numbers that belong to these labels."""
        return stream(self.seed, *labels)

    def source(self, name: str) -> str:
        """The CloudEvents source of one of the organisation's systems."""
        return f"/{self.home.id}/{name}"


def scene(seed: int, home: Organisation, span: Span, scale: float) -> Scene:
    """The scene of an organisation over some weeks."""
    return Scene(seed, home, Calendar(span, home.country, home.timezone), scale)
