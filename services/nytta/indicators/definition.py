"""An indicator's definition, as one YAML file declares it."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from nytta.indicators.expressions import check_columns, columns_of, counting_condition
from nytta.indicators.subjects import SUBJECTS

Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,63}$")]
_ACTS = re.compile(r"\b(?:weeks_)?active\b")
_OF_USERS = "tier = 'user'"
LONGEST_OF_PERSONS = 20
"""Weeks over which a person is one pseudonym, whenever keys change; no window over persons is longer."""


class Kind(StrEnum):
    """How a value reads: a share of 0 to 1, a rate, a median, or a count."""

    SHARE = "share"
    RATE = "rate"
    MEDIAN = "median"
    COUNT = "count"


class Protects(StrEnum):
    """Whose act the indicator's figures tell of, and so whom the gate protects in them.

    Citizens: who turned to the body, and how. Handling: how work was done, by those who did it. Staff: what employees
    are or do. Official acts, of the body itself, are told always.
    """

    CITIZEN = "citizen"
    HANDLING = "handling"
    STAFF = "staff"
    OFFICIAL_ACT = "official-act"


class Model(BaseModel):
    """A part of a definition: frozen, and refusing what it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Texts(Model):
    """One sentence in the three languages."""

    sv: str = Field(min_length=1)
    nb: str = Field(min_length=1)
    en: str = Field(min_length=1)


class At(Model):
    """The subject belongs to the period in which this moment falls."""

    at: str


class Holds(Model):
    """The subject stands at the end of each period from the first moment until the second (open when null)."""

    holds: tuple[str, str]


class Overlaps(Model):
    """The subject counts in every period of which it covers at least a day: from the first date, before the second."""

    overlaps: tuple[str, str]


class Side(Model):
    """One of the two integers of a cell: an aggregate expression over a subject's rows.

    `value` is a ClickHouse aggregate expression over the subject's columns; `where` chooses rows; `period` says in
    which periods a row counts. Subjects whose rows are already per period ('person') take no `period`.
    """

    subject: str
    value: str
    period: At | Holds | Overlaps | None = None
    where: str = "1"

    @model_validator(mode="after")
    def _known(self) -> Self:
        subject = SUBJECTS.get(self.subject)
        if subject is None:
            raise ValueError(
                f"subject '{self.subject}' is unknown; use one of {', '.join(sorted(SUBJECTS))}"
            )
        for text in (self.value, self.where):
            check_columns(text, subject)
        if subject.per_period and self.period is not None:
            raise ValueError(f"subject '{self.subject}' has one row per period; leave `period` out")
        if not subject.per_period and self.period is None:
            raise ValueError("`period` is missing: say `at`, `holds` or `overlaps`")
        unknown = [moment for moment in self.moments if moment not in subject.columns]
        if unknown:
            raise ValueError(
                f"column '{unknown[0]}' in `period` is unknown to subject '{self.subject}'"
            )
        return self

    @property
    def moments(self) -> tuple[str, ...]:
        """The columns that say in which periods a row counts."""
        match self.period:
            case At(at=moment):
                return (moment,)
            case Holds(holds=span) | Overlaps(overlaps=span):
                return span
            case None:
                return ()

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it reads."""
        return tuple(
            dict.fromkeys((*self.moments, *columns_of(self.value), *columns_of(self.where)))
        )

    @property
    def counted(self) -> str:
        """SQL condition under which a row counts in the value: is counted, or adds to the sum.

        Of what is neither (medians) every row counts; of persons, whose number may be an estimate, the eligible ones.
        """
        counted_rows = "eligible" if SUBJECTS[self.subject].per_period else "1"
        return counting_condition(self.value) or counted_rows

    @property
    def needs(self) -> tuple[tuple[str, ...], ...]:
        """The evidence that the columns need, each as the alternatives of which one is enough."""
        match self.period:
            case At(at=moment):
                moments: tuple[str, ...] = (moment,)
            case Holds(holds=(start, _)) | Overlaps(overlaps=(start, _)):
                moments = (start,)
            case None:
                moments = ()
        needs_by_column = SUBJECTS[self.subject].needs
        # that something did not happen needs no evidence
        happened = re.sub(r"\b\w+ = 0\b", "", self.where)
        named = (*moments, *columns_of(self.value), *columns_of(happened))
        return tuple(
            dict.fromkeys(needs_by_column[name] for name in named if name in needs_by_column)
        )


class Display(Model):
    """How surfaces show the indicator: trailing weeks summed or recomputed, and the unit of measure."""

    window: int = Field(ge=1, le=52)
    unit_of_measure: Literal["percent", "per 100", "days", "points", "count"] = "percent"


class Detection(Model):
    """Which lag detectors run on the weekly cells; margins in percentage points."""

    detectors: tuple[Literal["level", "relapse", "plan"], ...] = Field(min_length=1)
    margin: float = Field(default=10, gt=0, le=50)


class Definition(Model):
    """A counted indicator: what counts, in which periods, and how the two integers read as one value.

    `adds` says that cells add up over units and weeks; `capped` that the numerator is cut at its denominator;
    `needs_feed` that a system without a single row of the numerator's subject has no figure: no feed is not zero;
    `must_occur` that one without anything that the numerator counts has none either: sources that never name a thing
    cannot tell that there is none; `feed` the same as `needs_feed` of events of persons.
    `population` is the subject that is protected where neither side counts it.
    `hand` says of handling which person did it: who did the measured step, or who did most of the case or ticket.
    `pace` says how often the figure is told anew: what changes by one person at a time is told once a month.
    `minimum_denominator` asks for more than the class of whom it protects does.
    `known` is the least share of the population that the denominator must hold: below it there is no value.
    `parts` are the values of the word `part` in the expressions, each a figure of its own. `purpose` is the id of one
    in schemas/purposes.yaml, for which the registry must hold an approval.
    """

    id: Slug
    code: str
    version: int = Field(ge=1, le=65535)
    family: Literal[
        "access",
        "adoption",
        "digital-process",
        "support",
        "readiness",
        "governance",
        "benefit",
        "test",
    ]
    kind: Kind
    title: Texts
    question: Texts
    pitfalls: Texts
    direction: Literal["up", "down", "none"]
    protects: Protects
    hand: Literal["step", "most"] | None = None
    pace: Literal["week", "month"] = "week"
    numerator: Side
    denominator: Side
    adds: bool = True
    capped: bool = False
    needs_feed: bool = False
    must_occur: bool = False
    feed: Literal["", "training", "legacy"] = ""
    population: Side | None = None
    known: float = Field(default=0, ge=0, le=1)
    parts: tuple[str, ...] = ()
    scale: float = Field(default=1, gt=0)
    minimum_denominator: int = Field(default=1, ge=1)
    display: Display
    detect: Detection | Literal["none"] = "none"
    peers: Literal["peer_group", "none"] = "peer_group"
    purpose: Slug
    sources: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.kind is Kind.MEDIAN and self.adds:
            raise ValueError("a median does not add up: say `adds: false`")
        if self.adds and any(SUBJECTS[side.subject].per_period for side in self.reads):
            raise ValueError(
                "distinct persons do not add up over weeks or units: say `adds: false`"
            )
        if self.stands and self.display.window > 1:
            raise ValueError(
                "`holds` tells how things stand when a period ends, which no window sums: say `display: {window: 1}`"
            )
        if self.display.window > LONGEST_OF_PERSONS and any(
            SUBJECTS[side.subject].per_period for side in self.reads
        ):
            raise ValueError(
                f"persons are known to be the same for {LONGEST_OF_PERSONS} weeks, as long as their keys overlap: "
                "shorten the window"
            )
        self._check_class()
        # of two subjects it cannot be seen here whether one is a part of the other
        if self.kind is Kind.SHARE and self.numerator.subject == self.denominator.subject:
            same = (self.numerator.where, self.numerator.period) == (
                self.denominator.where,
                self.denominator.period,
            )
            if not same and not self.capped:
                raise ValueError(
                    "the numerator can exceed its denominator: give both sides the same `where` and `period`, "
                    "or say `capped: true`"
                )
        return self

    def _check_class(self) -> None:
        """Refuse a class whose population the indicator does not count."""
        subjects = [SUBJECTS[side.subject] for side in self.reads]
        persons = any(subject.per_period for subject in subjects)
        match self.protects:
            case Protects.STAFF if not persons:
                raise ValueError("`protects: staff` needs a side or a `population` of persons")
            case Protects.CITIZEN | Protects.HANDLING if (
                self.handled is None and not self._asks_users
            ):
                raise ValueError(f"`protects: {self.protects}` needs a side of cases or tickets")
            case Protects.OFFICIAL_ACT if persons or any(subject.hand for subject in subjects):
                raise ValueError(
                    "`protects: official-act` tells of no person, case or ticket; say whom it protects"
                )
        if (self.hand is not None) != (self.protects is Protects.HANDLING):
            raise ValueError(
                "say `hand: step` or `hand: most` where handling is protected, and only there"
            )
        if self.hand == "step" and self.hand_column == SUBJECTS[self._handled_side.subject].hand:
            raise ValueError(
                "`hand: step` needs a measured step in `value` or `where`; say `hand: most`"
            )

    @property
    def _asks_users(self) -> bool:
        """Whether it counts answers of those alone who turned to the body."""
        answers = all(side.subject == "answer" and _OF_USERS in side.where for side in self.reads)
        return answers and self.protects is Protects.CITIZEN

    @property
    def _handled_side(self) -> Side:
        assert self.handled is not None
        return self.handled

    @property
    def handled(self) -> Side | None:
        """The side whose rows are handled by somebody: cases or tickets."""
        return next((side for side in reversed(self.sides) if SUBJECTS[side.subject].hand), None)

    @property
    def tells_of_use(self) -> bool:
        """Whether it counts persons by what they did in the system: without a source of use it has nothing to tell."""
        return any(side.subject == "person" and _ACTS.search(side.value) for side in self.sides)

    @property
    def tells_of_access(self) -> bool:
        """Whether it counts persons by their access alone: without a source of access it has nothing to tell."""
        counted = any(
            side.subject == "person" and "entitled" in columns_of(side.value) for side in self.sides
        )
        return counted and not self.tells_of_use

    @property
    def counts_hands(self) -> bool:
        """Whether it matters how many persons handled, or asked."""
        side = self.handled
        return self.protects is Protects.HANDLING or (
            side is not None and bool(SUBJECTS[side.subject].requester)
        )

    @property
    def hand_column(self) -> str:
        """The column of the handled side's subject with its one hand."""
        side = self._handled_side
        subject = SUBJECTS[side.subject]
        if self.hand == "step":
            for name in (*columns_of(side.value), *columns_of(side.where)):
                if name in subject.step_hands:
                    return subject.step_hands[name]
        return subject.hand

    @property
    def sides(self) -> tuple[Side, Side]:
        """Numerator and denominator."""
        return self.numerator, self.denominator

    @property
    def reads(self) -> tuple[Side, ...]:
        """Everything that the cells count: both sides, and the population where it is another."""
        return self.sides if self.population is None else (*self.sides, self.population)

    @property
    def stands(self) -> bool:
        """Whether the value is a level at the end of a period, which no window of weeks may sum."""
        return any(isinstance(side.period, Holds) for side in self.sides)

    @property
    def window_weeks(self) -> int:
        """Weeks of the trailing window; 1 for levels."""
        return self.display.window

    @property
    def grains(self) -> tuple[str, ...]:
        """Grains whose cells are stored: what does not add up needs its windows computed from the subjects."""
        return (
            ("week", "month")
            if self.adds or self.window_weeks == 1
            else ("week", "month", "window")
        )

    @property
    def of_every_level(self) -> Definition:
        """The same, counted at every level of the tree and in its windows, as what does not add up is."""
        return self.model_copy(update={"adds": False})


class Derived(Model):
    """A derived indicator: one pure function over published rows, and the command that reads what it gives."""

    code: str
    title: Texts
    question: Texts
    pitfalls: Texts
    function: str = Field(pattern=r"^nytta(\.[a-z_]+)+$")
    read: str
