"""What an hour of work costs, per country and role, each figure with its source; local values first.

Money is whole hundredths (öre, cents) of a currency. Published figures are of wages and what the employer pays on them:
no training, sick leave or overhead.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


class NoCost(ValueError):
    """No cost of an hour is known; the message says what to give."""


@dataclass(frozen=True, slots=True)
class Factors:
    """How an hourly cost follows from monthly pay: 12 · pay / `hours` · `on_cost` / 1000.

    `hours` are working hours of a year, `on_cost` thousandths (1540 adds 54 % of on-cost). `source` says where both
    come from. `country` '' stands for every country that counts in `currency`.
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
        return _half_up(12 * monthly * self.on_cost, 1000 * self.hours)


@dataclass(frozen=True, slots=True)
class HourlyCost:
    """Cost of an hour of a role in öre. `local` marks a figure of one's own.

    `role` '' stands for all roles, `country` '' for every country that counts in `currency`.
    """

    country: str
    currency: str
    role: str
    amount: int
    source: str
    local: bool = False

    def __post_init__(self) -> None:
        """Refuse a figure without source or amount."""
        if self.amount <= 0 or not self.source:
            raise ValueError(
                f"hourly cost of '{self.role}': give a positive amount and the source it comes from"
            )


_INERA = "Inera, Ineras kalkylfaktorer (Amanda-Inera/inera-nyttoanalys, 5. Värdering)"
_SSB = "SSB, Arbeidskraftkostnader 2022"
_EUROSTAT = "Eurostat, lc_lci_lev 2024, euro area"

FACTORS = (
    # 142 hours a month; on-cost covers holiday pay, employer's contributions, insurances and tax on pensions.
    Factors("SE", "SEK", 12 * 142, 1540, _INERA),
    # All labour costs against direct ones, which hold holiday pay: 880,592 kr / 698,635 kr; 37.5 hours in 1,700 a year.
    Factors("NO", "NOK", 1700, 1260, f"{_SSB}; NPE, hva er et årsverk (1 700 timer)"),
    # 25.5 % of labour costs are no wages: 1 / (1 - 0.255). Hours by the rule for European funds.
    Factors(
        "", "EUR", 1720, 1342, f"{_EUROSTAT}; Regulation (EU) 2021/1060, Article 55 (1,720 hours)"
    ),
)
"""Published factors by country. Where there are none, a local hourly cost is needed."""

PUBLISHED = (
    *(
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
    ),
    HourlyCost("SE", "SEK", "", 45_000, "Sundsvalls kommun, schablon (utveckling.sundsvall.se)"),
    # 880,592 kr a year in 1,700 hours.
    HourlyCost("NO", "NOK", "", 51_800, f"{_SSB}, gjennomsnitt av alle næringer; 1 700 timer"),
    HourlyCost("", "EUR", "", 3_750, f"{_EUROSTAT}, mainly non-business economy"),
)
"""Published hourly costs by role, and of all roles together."""


def hourly_cost(
    role: str,
    country: str,
    currency: str,
    *,
    local: Iterable[HourlyCost] = (),
    monthly_pay: int | None = None,
    pay_source: str = "",
    published: Iterable[HourlyCost] = PUBLISHED,
) -> HourlyCost:
    """The cost of an hour of `role` in `country`, in `currency`: what is known in another one does not count.

    In order: a local figure of the role, a local figure of all roles, the role's mean monthly pay (öre; `pay_source`
    says whence) with the country's factors, the published figure of the role, the published one of all roles. Raises
    NoCost, saying what to give, where there is none.
    """

    def of(costs: Iterable[HourlyCost], names: tuple[str, ...]) -> HourlyCost | None:
        candidates = [
            cost for cost in costs if cost.country in (country, "") and cost.currency == currency
        ]
        return next(
            (
                hourly_cost
                for name in names
                for hourly_cost in candidates
                if hourly_cost.role == name
            ),
            None,
        )

    local_cost = of(local, (role, ""))
    if local_cost is not None:
        return local_cost
    factors = next(
        (
            candidate
            for candidate in FACTORS
            if candidate.country in (country, "") and candidate.currency == currency
        ),
        None,
    )
    if monthly_pay is not None and factors is not None:
        pay = pay_source or "local mean pay"
        source = f"{pay}: 12 · pay / {factors.hours} · {factors.on_cost / 1000:g}; {factors.source}"
        return HourlyCost(country, currency, role, factors.hourly(monthly_pay), source, local=True)
    published_cost = of(published, (role, ""))
    if published_cost is None:
        raise NoCost(
            f"no cost of an hour is known for role '{role}' in {country} in {currency}; give a local hourly cost with "
            "its source" + (" or the role's mean monthly pay" if factors else "")
        )
    return published_cost


def _half_up(dividend: int, divisor: int) -> int:
    return (2 * dividend + divisor) // (2 * divisor)
