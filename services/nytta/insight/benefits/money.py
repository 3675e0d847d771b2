"""Hours and money: which account an hour is booked on, once, and what it is worth.

Freed hours are redistribution until a recorded decision makes them money; kronor are shown only after the owner has
confirmed the minutes. Hours are whole thousandths of an hour, money whole hundredths (öre) of one currency. Source of
the accounts: Inera, Frigjorda resurser (the same hour is never both financial and redistribution).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from nytta.insight.benefits.costs import HourlyCost
from nytta.registry.programme import Decision, Kind


class MixedCurrencies(ValueError):
    """Money of several currencies was to be added; the message names the benefits of each."""


@dataclass(frozen=True, slots=True, order=True)
class Pool:
    """The cases whose hours are freed: the finest unit, system and case type that hours are counted for."""

    unit: str
    system: str
    case_type: str = ""


@dataclass(frozen=True, slots=True)
class Confirmation:
    """The owner `by` name said on `day` that a case takes `saved` milliseconds less."""

    benefit: str
    by: str
    day: date
    saved: int

    def holds(self, *, owner: str, saved: int, day: date) -> bool:
        """Whether it stands on `day` for this owner and these milliseconds: a new owner or figure needs a new one."""
        return self.by == owner and self.saved == saved and self.day <= day


@dataclass(frozen=True, slots=True)
class Claim:
    """What a benefit claims of the hours freed in its pools.

    `decided` are the hours a recorded decision turned into money: 0 for none, None for all there are. `cost` is what
    an hour is worth (None where unknown), `confirmed` whether the owner has confirmed the minutes.
    """

    benefit: str
    kind: Kind
    pools: tuple[Pool, ...]
    decided: int | None = 0
    cost: HourlyCost | None = None
    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class Booking:
    """Hours of one pool on one account. `amount` is None until the minutes are confirmed and a cost is known."""

    benefit: str
    pool: Pool
    account: Kind
    hours: int
    amount: int | None = None
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """Hours that a benefit claimed but that `taken_by` has booked already."""

    benefit: str
    pool: Pool
    hours: int
    taken_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ledger:
    """All bookings, what was refused, and the freed hours that no benefit claims."""

    bookings: tuple[Booking, ...]
    refused: tuple[Refused, ...]
    unclaimed: Mapping[Pool, int]


@dataclass(frozen=True, slots=True)
class Total:
    """Hours and money of bookings. `withheld` are benefits whose hours are in, but whose money may not be shown."""

    hours: int
    amount: int
    currency: str
    withheld: tuple[str, ...]


def stands(
    decision: Decision | None,
    day: date,
    *,
    within: Collection[str],
    reversed_on: date | None = None,
) -> bool:
    """Whether a decision was recorded by `day`, has not been reversed, and concerns the unit.

    `within` are the unit and the units above it; a decision that names no units concerns all.
    """
    if (
        decision is None
        or decision.decided > day
        or (reversed_on is not None and reversed_on <= day)
    ):
        return False
    return not decision.units or not set(decision.units).isdisjoint(within)


def book(freed: Mapping[Pool, int], claims: Iterable[Claim]) -> Ledger:
    """Book the freed hours (thousandths per pool), each at most once.

    Hours that a decision turned into money go first, then redistribution, then quality, each in order of benefit id;
    what is gone is refused and says who took it. The order of `claims` does not matter. Raises ValueError for negative
    hours, a benefit that claims twice, or a pool that is unknown.
    """
    ordered = sorted(claims, key=lambda claim: claim.benefit)
    _check(freed, ordered)
    hours_left = dict(freed)
    bookings: list[Booking] = []
    # three passes, because an hour that became money for one benefit is not free for another one's quality
    hourly = [claim for claim in ordered if claim.kind is not Kind.QUALITY]
    for claim in hourly:
        bookings += _taken(hours_left, claim, Kind.FINANCIAL, claim.decided)
    for claim in hourly:
        bookings += _taken(hours_left, claim, Kind.REDISTRIBUTION, None)
    for claim in ordered:
        if claim.kind is Kind.QUALITY:
            bookings += _taken(hours_left, claim, Kind.QUALITY, None)
    refused = tuple(_refused(freed, ordered, bookings))
    return Ledger(
        tuple(bookings), refused, {pool: hours for pool, hours in hours_left.items() if hours}
    )


def _taken(
    hours_left: dict[Pool, int], claim: Claim, account: Kind, hours_at_most: int | None
) -> Iterator[Booking]:
    """Book what a claim's pools have of `hours_left`, `hours_at_most` of it; taken off as the bookings are read."""
    for pool in sorted(claim.pools):
        hours = hours_left[pool] if hours_at_most is None else min(hours_left[pool], hours_at_most)
        if hours:
            hours_left[pool] -= hours
            hours_at_most = None if hours_at_most is None else hours_at_most - hours
            amount, currency = _worth(claim, hours)
            yield Booking(claim.benefit, pool, account, hours, amount, currency)


def _refused(
    freed: Mapping[Pool, int], claims: Sequence[Claim], bookings: Sequence[Booking]
) -> Iterator[Refused]:
    """What claims did not get of their pools, and which benefits did."""
    booked_hours: defaultdict[tuple[str, Pool], int] = defaultdict(int)
    benefits_by_pool: defaultdict[Pool, set[str]] = defaultdict(set)
    for booking in bookings:
        booked_hours[booking.benefit, booking.pool] += booking.hours
        benefits_by_pool[booking.pool].add(booking.benefit)
    for claim in claims:
        for pool in sorted(claim.pools):
            missing = freed[pool] - booked_hours[claim.benefit, pool]
            if missing:
                other_benefits = tuple(sorted(benefits_by_pool[pool] - {claim.benefit}))
                yield Refused(claim.benefit, pool, missing, other_benefits)


def total(bookings: Iterable[Booking], *accounts: Kind) -> Total:
    """Hours and money on `accounts` (all accounts where none is named).

    Raises MixedCurrencies, naming the benefits, where the money is in several currencies: amounts are never converted.
    """
    account_bookings = [
        booking for booking in bookings if not accounts or booking.account in accounts
    ]
    priced = [booking for booking in account_bookings if booking.amount is not None]
    currency = one_currency((booking.benefit, booking.currency) for booking in priced)
    return Total(
        sum(booking.hours for booking in account_bookings),
        sum(booking.amount or 0 for booking in priced),
        currency,
        tuple(sorted({booking.benefit for booking in account_bookings if booking.amount is None})),
    )


def one_currency(money: Iterable[tuple[str, str]]) -> str:
    """The currency of (benefit, currency) pairs; '' for none. Raises MixedCurrencies."""
    benefits_by_currency: defaultdict[str, set[str]] = defaultdict(set)
    for benefit, currency in money:
        benefits_by_currency[currency].add(benefit)
    if len(benefits_by_currency) > 1:
        benefits_text = "; ".join(
            f"{currency}: {_names(benefits_by_currency[currency])}"
            for currency in sorted(benefits_by_currency)
        )
        raise MixedCurrencies(
            f"money in several currencies cannot be added ({benefits_text}); total each currency on its own, or give "
            "these benefits the same currency"
        )
    return next(iter(benefits_by_currency), "")


def value_of_change(
    level_now: int, level_before: int, baseline: int, target: int, value_per_unit: int
) -> int:
    """What a change in another unit than hours is worth (letters, licences), in öre; rounded half away from zero.

    `level_now` and `level_before` are the values of the same ISO weeks, `baseline` and `target` the plan, in
    thousandths of the
    unit of measure; `value_per_unit` öre per unit. Positive where the value moved the way the plan promised, negative
    where it moved the other way. Raises ValueError where the target equals the baseline.
    """
    if target == baseline:
        raise ValueError(
            f"the target equals the baseline ({baseline}); a benefit is a change, so they must differ"
        )
    worth = (level_now - level_before) * value_per_unit * (1 if target > baseline else -1)
    return (1 if worth >= 0 else -1) * ((abs(worth) + 500) // 1000)


def _worth(claim: Claim, hours: int) -> tuple[int | None, str]:
    if claim.cost is None or not claim.confirmed:
        return None, ""
    # whole numbers throughout: sums of rounded floats would not add up to the total beneath them
    return (hours * claim.cost.amount + 500) // 1000, claim.cost.currency


def _check(freed: Mapping[Pool, int], claims: Sequence[Claim]) -> None:
    for pool, hours in freed.items():
        if hours < 0:
            raise ValueError(
                f"{pool} frees {hours} hours; hours that are lost cannot be booked as a benefit"
            )
    seen_benefits: set[str] = set()
    for claim in claims:
        if claim.benefit in seen_benefits:
            raise ValueError(
                f"benefit '{claim.benefit}' claims hours twice; give one claim with all its pools"
            )
        seen_benefits.add(claim.benefit)
        if len(set(claim.pools)) != len(claim.pools):
            raise ValueError(f"benefit '{claim.benefit}' names the same pool twice")
        unknown = [pool for pool in claim.pools if pool not in freed]
        if unknown:
            raise ValueError(
                f"benefit '{claim.benefit}' claims hours of {unknown[0]}, for which none are known"
            )
        if claim.decided is not None and claim.decided < 0:
            raise ValueError(f"benefit '{claim.benefit}': the hours decided on cannot be negative")


def _names(benefits: Iterable[str]) -> str:
    return ", ".join(f"'{benefit}'" for benefit in sorted(benefits))
