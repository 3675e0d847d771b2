"""What an hour of work costs, per country and role, each figure with its source; local values first.

Money is whole hundredths (öre) of a currency.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

CURRENCIES = ("SEK", "NOK", "EUR")
"""Currencies that benefits are counted in."""


class NoCost(ValueError):
    """No cost of an hour is known; the message says what to give."""


@dataclass(frozen=True, slots=True)
class Factors:
    """How an hourly cost follows from monthly pay: pay / `hours` · `on_cost` / 1000.

    `hours` are working hours of a month, `on_cost` thousandths (1540 adds 54 % of on-cost). `source` says where both
    come from.
    """

    country: str
    currency: str
    hours: int
    on_cost: int
    source: str

    def hourly(self, monthly: int) -> int:
        """Cost of an hour, in öre, of a mean (not median) monthly pay in öre; rounded half up."""
        if monthly <= 0:
            raise ValueError(f"a monthly pay must be positive, not {monthly}")
        return _half_up(monthly * self.on_cost, 1000 * self.hours)


@dataclass(frozen=True, slots=True)
class HourlyCost:
    """Cost of an hour of a role in öre. `role` '' stands for all roles; `local` for a figure of one's own."""

    country: str
    currency: str
    role: str
    amount: int
    source: str
    local: bool = False

    def __post_init__(self) -> None:
        """Refuse a figure without source, amount, or a currency that is counted in."""
        if self.currency not in CURRENCIES:
            raise ValueError(f"hourly cost of '{self.role}': {self.currency} is not one of {', '.join(CURRENCIES)}")
        if self.amount <= 0 or not self.source:
            raise ValueError(f"hourly cost of '{self.role}': give a positive amount and the source it comes from")


_INERA = "Inera, Ineras kalkylfaktorer (Amanda-Inera/inera-nyttoanalys, 5. Värdering)"

FACTORS = {
    # 1,700 hours a year; on-cost covers holiday pay, employer's contributions, insurances and tax on pensions, but no
    # training, sick leave or overhead.
    "SE": Factors("SE", "SEK", 142, 1540, _INERA),
}
"""Published factors by country. Where a country is missing, a local hourly cost is needed."""

PUBLISHED = tuple(
    HourlyCost("SE", "SEK", role, 100 * kronor, f"{_INERA}; {statistics}")
    for role, kronor, statistics in (
        ("biståndsbedömare", 415, "SCB 2024"),
        ("enhetschef äldreomsorg", 551, "SCB 2024"),
        ("inköpare", 502, "SCB 2024"),
        ("medicinsk sekreterare", 341, "SCB 2024"),
        ("sjuksköterska", 453, "SCB 2024"),
        ("systemadministratör", 502, "SCB 2024"),
        ("systemförvaltare", 530, "SCB 2024"),
        ("undersköterska", 359, "SCB 2024"),
        ("verksamhetsutvecklare", 635, "Allalöner.se"),
        ("vårdbiträde", 311, "SCB 2024"),
    )
)
"""Published hourly costs by role."""


def hourly_cost(
    role: str,
    country: str,
    *,
    local: Iterable[HourlyCost] = (),
    monthly_pay: int | None = None,
    published: Iterable[HourlyCost] = PUBLISHED,
) -> HourlyCost:
    """The cost of an hour of `role` in `country`.

    In order: a local figure of the role, a local figure of all roles, the role's mean monthly pay (öre) with the
    country's factors, the published figure of the role. Raises NoCost, saying what to give, where there is none.
    """
    own = {each.role: each for each in local if each.country == country}
    factors = FACTORS.get(country)
    if role in own or "" in own:
        return own.get(role) or own[""]
    if monthly_pay is not None and factors is not None:
        source = f"local mean pay / {factors.hours} · {factors.on_cost / 1000:g}; {factors.source}"
        return HourlyCost(country, factors.currency, role, factors.hourly(monthly_pay), source, local=True)
    for each in published:
        if (each.country, each.role) == (country, role):
            return each
    raise NoCost(
        f"no cost of an hour is known for role '{role}' in {country}; give a local hourly cost with its source"
        + (" or the role's mean monthly pay" if factors else "")
    )


def _half_up(dividend: int, divisor: int) -> int:
    return (2 * dividend + divisor) // (2 * divisor)
