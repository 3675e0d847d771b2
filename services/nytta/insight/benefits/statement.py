"""What is said of an organisation's benefits at a moment: plans as they stood, figures, decisions, maturity.

A statement holds everything that a report says, in figures that may be published, so that it can be told again word for
word after plans, names or figures have changed. Hours are whole thousandths of an hour a year, money whole hundredths
(öre) of `currency`, shares whole percent, realised shares tenths of a percent of the promised change. What is not known
is None. Statements are kept as JSON (`encode`, `decode`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import msgspec

from nytta.registry.units import Names


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """A benefit as it is planned: what somebody can change in the registry. Figures as there."""

    names: Names
    unit: str
    system: str = ""
    case_type: str = ""
    kind: str
    unit_of_measure: str
    measure: str
    owner: str = ""
    baseline: int | None = None
    baseline_from: date | None = None
    baseline_to: date | None = None
    target: int | None = None
    start: date | None = None
    due: date | None = None
    method: str = ""
    value_per_unit: int | None = None
    indicator: str = ""
    adoption: str = ""
    adoption_baseline: int | None = None
    adoption_target: int | None = None
    minutes_before: int | None = None
    minutes_after: int | None = None
    confirmed_by: str = ""
    confirmed_on: date | None = None
    role: str = ""
    hourly_cost: int | None = None
    hourly_cost_source: str = ""
    decision: str = ""


class Change(msgspec.Struct, frozen=True):
    """A field of a plan that was changed, on the day when the changed registry was loaded; values as text."""

    day: date
    field: str
    before: str
    after: str


class Point(msgspec.Struct, frozen=True, array_like=True):
    """A measured period, `end` not included: value in thousandths, realised share in tenths of a percent."""

    start: date
    end: date
    value: int
    realised: int


class Ahead(msgspec.Struct, frozen=True):
    """The realised share at the due date, in tenths of a percent; `probability` of reaching the target in percent."""

    expected: int
    low: int
    high: int
    probability: int
    complete: bool


class Gap(msgspec.Struct, frozen=True):
    """What is missing to the promise, in points of it: because of too little use, and although it is used."""

    use: int
    effect: int


class Benefit(msgspec.Struct, frozen=True, kw_only=True):
    """One benefit. `lacks` are the fields without which it is not planned; `flags` what to read with care.

    `known_since` is the day when the plan was first seen, `changes` what was changed since. `word` is the status,
    `word_before` that of the weeks before `week`. `freed` and `amount` are what is booked on `account`; `amount` is
    None where money may not be shown, and `why_no_money` says why. `avoided` is a year's worth of what is not bought.
    """

    id: str
    plan: Plan
    unit_names: Names
    system_names: Names
    case_type_names: Names
    place: str
    known_since: date
    changes: tuple[Change, ...] = ()
    lacks: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    points: tuple[Point, ...] = ()
    realised: int | None = None
    ahead: Ahead | None = None
    word: str
    word_before: str = ""
    week: date
    gap: Gap | None = None
    account: str = ""
    freed: int | None = None
    amount: int | None = None
    why_no_money: str = ""
    avoided: int | None = None
    avoided_missing: int | None = None
    decision_stands: bool = False


class Pool(msgspec.Struct, frozen=True, kw_only=True):
    """Hours of a year that the cases of one kind are about, in a unit or its reporting group.

    `use_missing` is left lying because the new way is not used, `effect_missing` although it is. All are None, and
    `why` says why, where the share of use is not published or too few cases stand behind it.
    """

    place: str
    names: Names
    system: str
    case_type: str
    case_type_names: Names
    benefits: tuple[str, ...]
    share: int | None = None
    share_target: int | None = None
    cases: int | None = None
    promised: int | None = None
    freed: int | None = None
    use_missing: int | None = None
    effect_missing: int | None = None
    hourly_cost: int | None = None
    hourly_cost_source: str = ""
    amount_missing: int | None = None
    why: str = ""

    @property
    def missing(self) -> int | None:
        """Hours a year that are left lying."""
        return None if self.use_missing is None else self.use_missing + (self.effect_missing or 0)


def share_of_all(pools: Sequence[Pool]) -> int | None:
    """The share of the cases of several pools that are handled the new way, in whole percent; None where none tells."""
    told = [(pool.share, pool.cases) for pool in pools if pool.share is not None and pool.cases]
    cases = sum(count for _, count in told)
    # by cases: a mean of shares would let ten cases weigh as much as a thousand
    return round(sum(share * count for share, count in told) / cases) if cases else None


def worth_of_all(pools: Sequence[Pool]) -> int | None:
    """What the hours of several pools are worth, in hundredths; None where those of one may not be shown as money."""
    amounts = [pool.amount_missing for pool in pools]
    return None if None in amounts else sum(amount for amount in amounts if amount is not None)


class Booked(msgspec.Struct, frozen=True):
    """Hours and money on one account; `withheld` are benefits whose money may not be shown."""

    account: str
    hours: int
    amount: int
    withheld: tuple[str, ...]


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """A decision: how many of the units it concerns have acknowledged and executed it. `word` says how it stands."""

    id: str
    names: Names
    level: str
    decided: date
    due: date | None
    units: int
    acknowledged: int
    executed: int
    reversed: date | None
    weeks: int
    word: str
    system: str = ""


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """An indicator's part in a maturity score; `missing` says why it does not count."""

    indicator: str
    version: int
    weight: int
    dimension: str
    axis: str = ""
    gate: int = 0
    value: float | None = None
    score: float | None = None
    missing: str = ""


class Score(msgspec.Struct, frozen=True):
    """A score of 0 to 100, None where too much is missing, and the share of the weight that is there, in percent."""

    name: str
    score: float | None
    covered: int


class Maturity(msgspec.Struct, frozen=True, kw_only=True):
    """Scores and level of a place in a system; `members` only where the place is a whole organisation.

    `realised` is the mean realised share of the benefits in and below the place, in percent of what was promised.
    """

    place: str
    names: Names
    system: str
    model: int
    dimensions: tuple[Score, ...]
    axes: tuple[Score, ...]
    level: str
    held_by: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    members: tuple[Member, ...] = ()
    realised: int | None = None


class Surveyed(msgspec.Struct, frozen=True):
    """Scores that a unit gave itself."""

    name: str
    year: int
    unit: str
    scores: dict[str, int]
    source: str


class BreakEven(msgspec.Struct, frozen=True, kw_only=True):
    """The digital share from which two ways pay, and where it is; `parallel` is what the second costs a year.

    `course` are the published windows of the digital share by the Monday of their last week, in whole percent.
    """

    system: str
    names: Names
    share: int | None
    now: int | None
    parallel: int
    course: tuple[tuple[date, int], ...] = ()


class Transaction(msgspec.Struct, frozen=True, kw_only=True):
    """What a completed case of a system cost in the 52 weeks to the end of the week: of `cases`, rounded, `cost`."""

    system: str
    names: Names
    cases: int
    cost: int
    per_case: int


class Peer(msgspec.Struct, frozen=True, array_like=True):
    """A place in a funnel: share in percent, the least number behind it, and where it lies (`benchmark.Point`)."""

    organisation: str
    unit: str
    names: Names
    value: float
    n: int
    word: str


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """The funnel of an indicator among places of one level, `*` for whole organisations, else the type of the unit.

    `centre` and the limits (n, low, high) are percent; points are in the order of the tree, one's own first.
    """

    indicator: str
    version: int
    system: str
    level: str
    centre: float
    points: tuple[Peer, ...]
    limits: tuple[tuple[int, float, float], ...]


class Definition(msgspec.Struct, frozen=True):
    """What an indicator meant at the time."""

    version: int
    title: Names
    question: Names
    unit_of_measure: str = "percent"


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """All that is said of an organisation after the closed `week` (its Monday). `spent` is the cost until its end."""

    organisation: str
    names: Names
    week: date
    currency: str
    country: str
    benefits: tuple[Benefit, ...] = ()
    pools: tuple[Pool, ...] = ()
    booked: tuple[Booked, ...] = ()
    decisions: tuple[Decided, ...] = ()
    maturity: tuple[Maturity, ...] = ()
    surveys: tuple[Surveyed, ...] = ()
    break_even: tuple[BreakEven, ...] = ()
    transactions: tuple[Transaction, ...] = ()
    compared: tuple[Compared, ...] = ()
    spent: dict[str, int] = {}
    places: dict[str, Names] = {}
    systems: dict[str, Names] = {}
    definitions: dict[str, Definition] = {}


def encode(statement: Statement) -> bytes:
    """The statement as JSON; equal statements give equal bytes."""
    return msgspec.json.encode(statement, order="deterministic")


def decode(body: bytes) -> Statement:
    """The statement of a JSON document. msgspec.ValidationError where it is none."""
    return msgspec.json.decode(body, type=Statement)


def changes(earlier: Plan, later: Plan, day: date) -> tuple[Change, ...]:
    """What differs between two versions of a plan."""
    old, new = msgspec.structs.asdict(earlier), msgspec.structs.asdict(later)
    return tuple(
        Change(day, name, _text(old[name]), _text(new[name]))
        for name in new
        if old[name] != new[name]
    )


def _text(value: object) -> str:
    if isinstance(value, Names):
        return value.en
    return "" if value is None else str(value)


def by_id(statement: Statement | None) -> Mapping[str, Benefit]:
    """The benefits of a statement by id; none of None."""
    return {benefit.id: benefit for benefit in statement.benefits} if statement else {}
