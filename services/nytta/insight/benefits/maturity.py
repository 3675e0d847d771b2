"""Maturity from measured indicators: dimension scores, a level held by gates, two axes; surveys stand beside.

All of it follows from published figures and stored anchors (`Model`). The dimensions and levels are our own; the axes
are those of DiMiOS (University of Gothenburg; SKR, Adda), measured here instead of asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nytta.registry.units import Names
from nytta.statistics import quantile_of

Array = NDArray[np.float64]

TOP = 5
"""The highest level."""

SMALL = 30
"""With fewer behind a gate's figure, the level is a range."""

LEAST_COVERED = 50.0
"""A score is stated when its present members carry at least this many percent of the weight."""


def _narrower() -> float:
    """Published intervals are 95 % (two-sided); a gate asks for the bound that holds with 80 % on its one side."""
    return quantile_of(0.60) / quantile_of(0.95)


class Dimension(StrEnum):
    """What is scored."""

    ACCESS = "access"
    USE = "use"
    PROCESS = "process"
    SUPPORT = "support"
    READINESS = "readiness"
    GOVERNANCE = "governance"
    BENEFIT = "benefit"


class Axis(StrEnum):
    """The two axes: the ability to use what is digital, and what earlier investments allow (100: nothing hinders)."""

    CAPABILITY = "capability"
    HERITAGE = "heritage"


DIMENSIONS = {
    Dimension.ACCESS: Names("Tillgång", "Tilgang", "Access"),
    Dimension.USE: Names("Användning", "Bruk", "Use"),
    Dimension.PROCESS: Names("Digital process", "Digital prosess", "Digital process"),
    Dimension.SUPPORT: Names("Stöd", "Støtte", "Support"),
    Dimension.READINESS: Names("Beredskap", "Beredskap", "Readiness"),
    Dimension.GOVERNANCE: Names("Styrning", "Styring", "Governance"),
    Dimension.BENEFIT: Names("Nytta", "Gevinst", "Benefit"),
}
"""Names of the dimensions."""

AXES = {
    Axis.CAPABILITY: Names("Digital förmåga", "Digital evne", "Digital capability"),
    Axis.HERITAGE: Names("Digitalt arv", "Digital arv", "Digital heritage"),
}
"""Names of the axes."""

LEVELS = (
    Names("Ännu inte tillgänglig", "Ennå ikke tilgjengelig", "Not yet available"),
    Names("Tillgänglig", "Tilgjengelig", "Available"),
    Names("Påbörjad", "Påbegynt", "Begun"),
    Names("Etablerad", "Etablert", "Established"),
    Names("Utnyttjad", "Utnyttet", "Exploited"),
    Names("Nytta hemtagen", "Gevinst realisert", "Benefit realised"),
)
"""Names of the levels by number; 0 where not even the first level's gates hold."""


@dataclass(frozen=True, slots=True)
class Anchors:
    """An indicator's values at score 0 and at the levels 1 to 5 (scores 20, 40, … 100), rising or falling.

    In the indicator's own unit. Raises ValueError unless there are six, each farther than the one before.
    """

    values: tuple[float, ...]

    def __post_init__(self) -> None:
        """Refuse anchors that do not go one way."""
        steps = np.diff(self.values)
        if len(self.values) != TOP + 1 or not ((steps > 0).all() or (steps < 0).all()):
            raise ValueError(
                f"anchors are six values that all rise or all fall, for 0 and levels 1 to 5: {self.values}"
            )

    @property
    def rising(self) -> bool:
        """Whether more is better."""
        return self.values[-1] > self.values[0]

    def score(self, figure_values: ArrayLike) -> Array:
        """Scores of 0 to 100, linear between the anchors (NaN stays NaN)."""
        sign = 1.0 if self.rising else -1.0
        return np.asarray(
            np.interp(
                sign * np.asarray(figure_values, float),
                sign * np.asarray(self.values),
                20.0 * np.arange(6),
            )
        )

    def level(self, figure_value: float) -> int:
        """The highest level of 0 to 5 whose anchor the value has reached."""
        reached = [
            figure_value >= anchor if self.rising else figure_value <= anchor
            for anchor in self.values[1:]
        ]
        return reached.index(False) if False in reached else TOP


@dataclass(frozen=True, slots=True)
class Member:
    """An indicator's place in the model: dimension, weight in it, and its axis if any.

    `gate` is the lowest level that it guards: a unit is on that level or a higher one only with this indicator at the
    level's anchor. 0 where it guards none.
    """

    indicator: str
    version: int
    dimension: Dimension
    anchors: Anchors
    weight: int = 1
    gate: int = 0
    axis: Axis | None = None


@dataclass(frozen=True, slots=True)
class Model:
    """Which indicators make the scores. Raises ValueError for a member twice or without weight, or wrong gates."""

    version: int
    members: tuple[Member, ...]

    def __post_init__(self) -> None:
        """Refuse a model that cannot be computed."""
        names = [member.indicator for member in self.members]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(
                f"'{twice[0]}' is named twice; an indicator has one place in the model"
            )
        light = [member.indicator for member in self.members if member.weight < 1]
        if light:
            raise ValueError(
                f"'{light[0]}' needs a weight of at least 1; leave it out where it should not count"
            )
        if not any(member.gate == 1 for member in self.members):
            raise ValueError(
                "a level needs gates; give at least one member `gate: 1`, to guard every level"
            )
        wrong = [member.indicator for member in self.members if not 0 <= member.gate <= TOP]
        if wrong:
            raise ValueError(
                f"'{wrong[0]}': a gate guards from a level of 1 to {TOP} up; 0 is no gate"
            )


@dataclass(frozen=True, slots=True)
class Figure:
    """A published value with its 95 % interval: NaN where it has none, the value itself where nothing is uncertain.

    `n` is the least number that may stand behind it, the lower edge of its published band; `version` that of the
    indicator's definition.
    """

    value: float
    low: float
    high: float
    n: int
    version: int = 1


class Missing(StrEnum):
    """Why a member does not count."""

    NO_FIGURE = "no_figure"
    OTHER_VERSION = "other_version"
    NO_INTERVAL = "no_interval"


@dataclass(frozen=True, slots=True)
class Part:
    """A member with what it brings: figure and score, or why not."""

    member: Member
    figure: Figure | None
    score: float | None
    missing: Missing | None = None


@dataclass(frozen=True, slots=True)
class Score:
    """A weighted mean of 0 to 100 over the parts that are there; None where too much is missing (missing is not 0).

    `covered` is the share of the weight, in percent, that the parts that are there carry.
    """

    score: float | None
    covered: float
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Level:
    """The level, from `low` to `high`.

    They differ where fewer than 30 stand behind a gate, or a gate of the higher levels has no usable figure; both are
    None where a gate of every level has none. `held_by` are the gates that keep `low` from being higher, `missing`
    those without a usable figure.
    """

    low: int | None
    high: int | None
    held_by: tuple[str, ...] = ()
    missing: tuple[Part, ...] = ()

    @property
    def text(self) -> str:
        """As it is shown: "3", "2–3", or "" where it cannot be said."""
        if self.low is None:
            return ""
        return f"{self.low}" if self.low == self.high else f"{self.low}–{self.high}"


@dataclass(frozen=True, slots=True)
class Survey:
    """Scores that people gave themselves, such as DiMiOS of a year; never part of a measured score."""

    name: str
    year: int
    scores: Mapping[str, float]
    source: str


@dataclass(frozen=True, slots=True)
class Maturity:
    """Measured scores and level of one unit under one version of the model, and surveys beside them."""

    model: int
    dimensions: Mapping[Dimension, Score]
    axes: Mapping[Axis, Score]
    level: Level
    surveys: tuple[Survey, ...] = ()


def maturity(
    model: Model, figures: Mapping[str, Figure], surveys: Sequence[Survey] = ()
) -> Maturity:
    """M1, M2 and the axes from published figures by indicator; M3 is handed through untouched.

    Dimensions and axes without members in the model are left out.
    """
    parts = [_part(member, figures.get(member.indicator)) for member in model.members]
    dimensions = {
        dimension: _mean(inside)
        for dimension in Dimension
        if (inside := [part for part in parts if part.member.dimension is dimension])
    }
    axes = {
        axis: _mean(inside)
        for axis in Axis
        if (inside := [part for part in parts if part.member.axis is axis])
    }
    return Maturity(model.version, dimensions, axes, _level(parts), tuple(surveys))


def bounds(figure: Figure) -> tuple[float, float]:
    """The bounds of a published figure that each hold with 80 %, from its 95 % interval (normal on each side)."""
    narrower = _narrower()
    low = figure.value - (figure.value - figure.low) * narrower
    return low, figure.value + (figure.high - figure.value) * narrower


def least_of(band: str) -> int:
    """The lower edge of a published band of n, such as 10 for "10-29", 1000 for "1000+" and 0 for "<10"."""
    return 0 if band.startswith("<") else int(band.rstrip("+").split("-")[0])


def _part(member: Member, figure: Figure | None) -> Part:
    if figure is None or not np.isfinite(figure.value):
        return Part(member, None, None, Missing.NO_FIGURE)
    if figure.version != member.version:
        return Part(member, figure, None, Missing.OTHER_VERSION)
    return Part(member, figure, float(member.anchors.score(figure.value)))


def _mean(parts: Sequence[Part]) -> Score:
    weights = np.array([part.member.weight for part in parts], float)
    scores = np.array([np.nan if part.score is None else part.score for part in parts])
    is_scored = np.isfinite(scores)
    covered = 100.0 * float(weights[is_scored].sum() / weights.sum())
    enough = bool(is_scored.any()) and covered >= LEAST_COVERED
    score = float(np.average(scores[is_scored], weights=weights[is_scored])) if enough else None
    return Score(score, covered, tuple(parts))


def _level(parts: Sequence[Part]) -> Level:
    least: dict[str, int] = {}
    highest: list[int] = []
    missing: list[Part] = []
    for part in parts:
        member, figure, why_missing = part.member, part.figure, part.missing
        if not member.gate:
            continue
        if why_missing is None and figure is not None and not np.isfinite(figure.low + figure.high):
            why_missing = Missing.NO_INTERVAL
        if figure is None or why_missing is not None:
            missing.append(Part(member, figure, part.score, why_missing))
            least[member.indicator] = member.gate - 1
            continue
        low, high = bounds(figure)
        # a level is held by the worse bound, so that no unit is on one by chance
        worst, best = (low, high) if member.anchors.rising else (high, low)
        held_level = member.anchors.level(worst)
        least[member.indicator] = max(held_level, member.gate - 1)
        highest.append(
            max(member.anchors.level(best) if figure.n < SMALL else held_level, member.gate - 1)
        )
    # a gate that guards every level and tells nothing leaves no level that could be said
    if any(part.member.gate == 1 for part in missing):
        return Level(None, None, missing=tuple(missing))
    bottom = min(least.values())
    return Level(
        bottom,
        min(highest),
        tuple(name for name, level in least.items() if level == bottom < TOP),
        tuple(missing),
    )
