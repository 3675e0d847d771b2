"""What a message may say. It has passed the gate: whole numbers, bands and names of units, no persons."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from nytta.registry.programme import Suggestion
from nytta.registry.units import Names


@dataclass(frozen=True, slots=True)
class Figure:
    """A published share in whole percent with its interval, and the band of the number behind it ("30-99")."""

    value: int
    low: int
    high: int
    n_band: str


@dataclass(frozen=True, slots=True)
class Peers:
    """Median of comparable units in whole percent; the band of most of them, None where it may not be drawn."""

    median: int
    low: int | None = None
    high: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """A target in whole percent and its day; the forecast for that day with its 80 % interval where there is one."""

    target: int
    due: date
    forecast: int | None = None
    low: int | None = None
    high: int | None = None


@dataclass(frozen=True, slots=True)
class Loss:
    """What is missed: whole hours and money until `until`, and in this quarter.

    Money is in whole units of `currency`, None until the benefit's owner has confirmed the minutes.
    """

    benefit: Names
    hours: int
    until: date
    money: int | None = None
    quarter_hours: int | None = None
    quarter_money: int | None = None
    currency: str = "SEK"


@dataclass(frozen=True, slots=True)
class Course:
    """Forecast of a benefit in whole percent of its target with its 80 % interval, and what the gap consists of."""

    benefit: Names
    forecast: int
    low: int
    high: int
    due: date
    use: int
    effect: int


@dataclass(frozen=True, slots=True)
class Decided:
    """How far a decision has come: units that acknowledged it, of how many, its age in weeks, the level it is at."""

    decision: Names
    acknowledged: int
    units: int
    weeks: int
    level: str


@dataclass(frozen=True, slots=True)
class Burden:
    """Support tickets per 100 employees: the unit's and, where they may be shown, comparable units'."""

    tickets: int
    peers: int | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known about one alert on the day of its message.

    `first` and `last` are the Mondays of the weeks that the figure rests on. `indicator`, `definition` and `version`
    say which figure it is. `before` is the own level before, in whole percent; `ready` the share that is trained and
    has access; `paper` the share of steps with a digital route that go by paper; `live` the day from which on it has
    been so, where that is going live; `chance` of how many units in a hundred chance gives such a finding in a year;
    `legacy` what keeps the earlier platform alive; `source` the source that fails; `scope` the share of units that a
    cause touches, in whole percent. Without `suggestions`, the catalogue's stand in.
    """

    unit: Names
    system: Names
    indicator: Names
    definition: Names
    version: int
    first: date
    last: date
    figure: Figure | None = None
    peers: Peers | None = None
    before: int | None = None
    plan: Plan | None = None
    loss: Loss | None = None
    course: Course | None = None
    decided: Decided | None = None
    burden: Burden | None = None
    ready: int | None = None
    paper: int | None = None
    live: date | None = None
    chance: int | None = None
    legacy: str = ""
    source: str = ""
    scope: int | None = None
    suggestions: tuple[Suggestion, ...] = ()
    chart: str = ""
    table: str = ""
