"""Comparing organisations: published figures with the definition they follow, and a funnel of those that share it.

What is exchanged has passed the gate: shares with their interval and the band of the number behind them. Two figures
are comparable only where indicator, version and the definition's content are the same. Source of the funnel:
Spiegelhalter 2005 (limits instead of a ranking).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import blake2b
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from nytta.indicators.definition import Definition
from nytta.insight.benefits.maturity import least_of
from nytta.registry.dates import BEGINNING, END
from nytta.statistics.funnels import dispersion, proportion_limits, proportion_z, robust_tau2

CONFIDENCE = (0.95, 0.998)
"""The limits of a funnel: inner and outer."""

_MANY = 5
"""Places from which a middle and a width of most of them can be told."""

_Name = Annotated[str, Field(min_length=1, max_length=200)]


class BenchmarkError(ValueError):
    """A file that cannot be compared with; the message says what to change."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Figure(_Part):
    """A published figure of a unit in a system; `period` is the last week of its window."""

    indicator: _Name
    unit: _Name
    unit_name: str
    type: str = ""
    system: str
    case_type: _Name = "*"
    period: date = Field(ge=BEGINNING, le=END)
    value: float = Field(ge=0, allow_inf_nan=False)
    low: float | None = Field(None, allow_inf_nan=False)
    high: float | None = Field(None, allow_inf_nan=False)
    n_band: Annotated[str, Field(max_length=40, pattern=r"^(<?[0-9]+|[0-9]+-[0-9]+|[0-9]+\+)?$")]

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if (
            self.low is not None
            and self.high is not None
            and not self.low <= self.value <= self.high
        ):
            raise ValueError("the value does not lie in its interval")
        return self


class Meaning(_Part):
    """Which definition the figures of an indicator follow: version, and a fingerprint of what it says."""

    version: int = Field(ge=1, le=2**31)
    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]


class Benchmark(_Part):
    """What one organisation hands out."""

    format: Literal["nytta-benchmark-1"] = "nytta-benchmark-1"
    organisation: _Name
    name: str
    country: str = ""
    definitions: dict[str, Meaning]
    figures: tuple[Figure, ...]


def fingerprint(definition: Definition) -> str:
    """32 hexadecimal digits of what decides a figure: sides, kind, window, scale, and what is left out."""
    definition_json = definition.model_dump_json(
        # words may differ between installations; what is counted may not
        include={
            "id",
            "version",
            "kind",
            "numerator",
            "denominator",
            "adds",
            "capped",
            "scale",
            "display",
            "parts",
        }
    )
    return blake2b(definition_json.encode(), digest_size=16).hexdigest()


def write(benchmark: Benchmark) -> bytes:
    """The file that is handed out."""
    return benchmark.model_dump_json(indent=1).encode() + b"\n"


def take(
    body: bytes, definitions: Iterable[Definition], own_organisations: Iterable[str]
) -> Benchmark:
    """Read a file that came from another organisation.

    BenchmarkError for anything else, for an organisation that is one's own, and where a definition is another one:
    version or content differ, and figures would not mean the same.
    """
    try:
        benchmark = Benchmark.model_validate_json(body)
    except ValidationError as error:
        # one thing at a time: the rest is usually a consequence of the first
        first_error = error.errors(include_url=False)[0]
        where = ".".join(str(step) for step in first_error["loc"]) or "the file"
        raise BenchmarkError(
            f"this is no export of `nytta benchmark export`: {where}: {first_error['msg']}"
        ) from error
    if benchmark.organisation in set(own_organisations):
        raise BenchmarkError(
            f"'{benchmark.organisation}' is an organisation of this installation; its figures are here"
        )
    own_definitions = {definition.id: definition for definition in definitions}
    indicators = sorted({figure.indicator for figure in benchmark.figures})
    differences = [
        _difference(indicator, benchmark.definitions.get(indicator), own_definitions.get(indicator))
        for indicator in indicators
    ]
    wrong = [difference for difference in differences if difference]
    if wrong:
        raise BenchmarkError(
            f"the figures do not mean the same: {'; '.join(wrong)}. Both must use the same definitions; export again "
            "after the older one is brought up to date"
        )
    return benchmark


def _difference(indicator: str, theirs: Meaning | None, own_definition: Definition | None) -> str:
    """How an indicator means something else there than here; '' where it means the same."""
    if theirs is None:
        return f"'{indicator}' comes without its definition's version"
    if own_definition is None:
        return f"'{indicator}' is not known here"
    if theirs.version != own_definition.version:
        return f"'{indicator}' has version {theirs.version} there and {own_definition.version} here"
    if theirs.digest != fingerprint(own_definition):
        return f"'{indicator}' is defined otherwise there under the same version {own_definition.version}"
    return ""


@dataclass(frozen=True, slots=True)
class Point:
    """A place in the funnel: share in percent and the least number that stands behind it; `word` says where it lies.

    Words: inside, above, below (beyond the inner limits), far_above, far_below (beyond the outer ones).
    """

    organisation: str
    unit: str
    name: str
    value: float
    n: int
    word: str


@dataclass(frozen=True, slots=True)
class Funnel:
    """Points around their common centre (percent), with limits (n, low, high in percent) of the inner confidence."""

    centre: float
    points: tuple[Point, ...]
    limits: tuple[tuple[int, float, float], ...]


WHOLE = "*"
"""The level of whole organisations; the other levels are types of units."""


def by_level(figure_rows: Iterable[Mapping[str, object]]) -> dict[str, list[Mapping[str, object]]]:
    """Rows apart by level, whole organisations first: a unit is compared with its like, never with what it is part of.

    Rows have organisation, unit and type.
    """
    levels: dict[str, list[Mapping[str, object]]] = {WHOLE: []}
    for figure_row in figure_rows:
        level = (
            WHOLE if figure_row["unit"] == figure_row["organisation"] else str(figure_row["type"])
        )
        levels.setdefault(level, []).append(figure_row)
    return {level: level_rows for level, level_rows in levels.items() if level_rows}


def funnel(figure_rows: Sequence[Mapping[str, object]]) -> Funnel | None:
    """The funnel of shares in percent; rows have organisation, unit, name, value, n_band. None of fewer than two.

    Places vary more than chance: the limits are widened by what is left after chance. From five places on the centre
    is their median, and the width that of most of them, so that a few that lag hide neither themselves nor others.
    """
    sized_rows = [
        (figure_row, least_of(str(figure_row["n_band"])))
        for figure_row in figure_rows
        if figure_row["n_band"] and figure_row["value"] is not None
    ]
    sized_rows = [(figure_row, size) for figure_row, size in sized_rows if size > 0]
    if len(sized_rows) < 2:
        return None
    sizes = np.array([size for _, size in sized_rows], float)
    shares = np.array([float(str(figure_row["value"])) for figure_row, _ in sized_rows]) / 100
    are_many = len(sized_rows) >= _MANY
    scores, errors, centre = proportion_z(
        shares * sizes, sizes, float(np.median(shares)) if are_many else None
    )
    variance = (
        robust_tau2(scores * errors, errors)
        if are_many
        else dispersion(scores, errors, winsor=0.0).tau2
    )
    bounds = [
        proportion_limits(sizes, centre, tau2=variance, confidence=confidence)
        for confidence in CONFIDENCE
    ]
    points = []
    for number, (figure_row, size) in enumerate(sized_rows):
        share = float(shares[number])
        place_bounds = [(float(lows[number]), float(highs[number])) for lows, highs in bounds]
        points.append(
            Point(
                str(figure_row["organisation"]),
                str(figure_row["unit"]),
                str(figure_row["name"]),
                round(100 * share, 1),
                size,
                _position(share, place_bounds),
            )
        )
    # forty sizes draw a smooth curve, a little beyond the smallest and the greatest place
    drawn_sizes = np.unique(
        np.linspace(max(5, sizes.min() / 2), sizes.max() * 1.05, 40).round()
    ).astype(int)
    lows, highs = proportion_limits(drawn_sizes, centre, tau2=variance, confidence=CONFIDENCE[0])
    limits = tuple(
        (int(size), round(100 * float(low_limit), 1), round(100 * float(high_limit), 1))
        for size, low_limit, high_limit in zip(drawn_sizes, lows, highs, strict=True)
    )
    return Funnel(round(100 * float(centre), 1), tuple(points), limits)


def _position(share: float, bounds: Sequence[tuple[float, float]]) -> str:
    """Where a share lies: inside, or beyond the inner or the outer limits."""
    position_word = "inside"
    for prefix, (low, high) in zip(("", "far_"), bounds, strict=True):
        if share < low:
            position_word = f"{prefix}below"
        elif share > high:
            position_word = f"{prefix}above"
    return position_word
