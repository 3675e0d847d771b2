"""Like units among published figures: their middle, and where most of them lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Final

FEWEST: Final = 3
"""Fewest like units whose middle is told."""
FEWEST_IN_BAND: Final = 5
"""Fewest like units of which it is told between which figures most lie."""


@dataclass(frozen=True, slots=True)
class PeerBand:
    """The middle of like units and their quartiles, in the figures' unit of measure; None where they are too few."""

    middle: float | None
    low: float | None = None
    high: float | None = None


def peer_band(peer_values: Sequence[float]) -> PeerBand:
    """The band of published values of like units, the unit itself left out; nothing of it below `FEWEST`."""
    if len(peer_values) < FEWEST:
        return PeerBand(None)
    if len(peer_values) < FEWEST_IN_BAND:
        return PeerBand(median(peer_values))
    low, _, high = quantiles(peer_values, n=4, method="inclusive")
    return PeerBand(median(peer_values), low, high)
