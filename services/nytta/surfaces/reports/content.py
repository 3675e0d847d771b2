"""What a report has to tell: a statement, of one system or of all, with its figures and names in one language."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from nytta.insight.benefits.statement import Benefit, Decided, Pool, Statement
from nytta.registry.units import Names
from nytta.surfaces.reports import figures, words

_LISTED = 4
"""Names that a sentence lists."""


class UnrealisedPlace(NamedTuple):
    """A place with hours of a year, in thousandths, that it does not realise."""

    id: str
    names: Names
    by_use: int
    """For want of cases on the new way."""
    by_effect: int
    """Though the cases come on the new way: it saves less than was promised."""
    amount: int | None
    """Their worth in hundredths; None where the minutes of any of them are not confirmed."""

    @property
    def hours(self) -> int:
        """Both together."""
        return self.by_use + self.by_effect


@dataclass(frozen=True)
class Content:
    """A statement as a report reads it; `system` is '' for all."""

    statement: Statement
    language: str
    system: str
    font: str

    # What is told

    def is_about(self, system: str) -> bool:
        """Whether the report is about this system."""
        return self.system in ("", system)

    @cached_property
    def benefits(self) -> Sequence[Benefit]:
        """Benefits of the system."""
        return [
            benefit for benefit in self.statement.benefits if self.is_about(benefit.plan.system)
        ]

    @cached_property
    def pools(self) -> Sequence[Pool]:
        """Pools of hours of the system."""
        return [pool for pool in self.statement.pools if self.is_about(pool.system)]

    @cached_property
    def decisions(self) -> Sequence[Decided]:
        """Decisions about the system, and about none."""
        return [
            decision
            for decision in self.statement.decisions
            if self.is_about(decision.system) or not decision.system
        ]

    @cached_property
    def unrealised(self) -> list[UnrealisedPlace]:
        """Places with hours that are not realised; most hours first."""
        pools_by_place: defaultdict[str, list[Pool]] = defaultdict(list)
        for pool in self.pools:
            if pool.missing:
                pools_by_place[pool.place].append(pool)
        places = [_unrealised_place(place, pools) for place, pools in pools_by_place.items()]
        return sorted(places, key=lambda place: (-place.hours, place.id))

    # How it is told

    def say(self, key: str, /, **filled: object) -> str:
        """A word or sentence of the report."""
        return words.say(key, self.language, **filled)

    def heads(self, *keys: str) -> tuple[str, ...]:
        """The titles of a table's columns."""
        return tuple(self.say(key) for key in keys)

    def name(self, names: Names) -> str:
        """A name in the language of the report."""
        return names.text(self.language)

    def hours(self, thousandths: int | None) -> str:
        """Hours, or a dash."""
        return figures.hours(thousandths, self.language)

    def money(self, hundredths: int | None) -> str:
        """Money of the statement's currency, or a dash."""
        return figures.money(hundredths, self.statement.currency, self.language)

    def worth(self, hundredths: int | None) -> str:
        """Money as it stands behind hours; '' where there is none."""
        return self.say("worth", money=self.money(hundredths)) if hundredths else ""

    def percent(self, value: float | None) -> str:
        """Whole percent, or a dash."""
        return figures.percent(value, self.language)

    def decimal(self, thousandths: int | None) -> str:
        """A figure of a plan, or a dash."""
        return "–" if thousandths is None else figures.decimal(thousandths, self.language)

    def label(self, benefit: Benefit) -> str:
        """Short enough for a chart: the unit, and what it does where the unit has several benefits."""
        unit_name = self.name(benefit.unit_names)
        own_benefits = [
            candidate for candidate in self.benefits if candidate.plan.unit == benefit.plan.unit
        ]
        if len(own_benefits) == 1:
            return unit_name
        subject = self.name(benefit.case_type_names) or self.name(benefit.plan.names)
        return f"{unit_name}: {subject}"

    def system_name(self, system: str) -> str:
        """The name of a system as it was stated; its id where it was not."""
        return self.name(self.statement.systems.get(system, Names.of(system)))

    def indicator_name(self, indicator: str) -> str:
        """The title of an indicator; what belongs to no indicator has a word of the report's own."""
        own_key = f"own_{indicator.replace('-', '_')}"
        if words.has_words(own_key):
            return self.say(own_key)
        # as it was stated: an earlier report must come out the same
        definition = self.statement.definitions.get(indicator)
        return self.name(definition.title) if definition else indicator

    def listed(self, names: Sequence[str]) -> str:
        """The first names, and that there are others."""
        # several benefits of a unit may bear one name
        unique_names = list(dict.fromkeys(names))
        others = self.say("and_more") if len(unique_names) > _LISTED else ""
        return ", ".join(unique_names[:_LISTED]) + others


def _unrealised_place(place: str, pools: Sequence[Pool]) -> UnrealisedPlace:
    amounts = [pool.amount_missing for pool in pools]
    # a sum of some of them would be read as the worth of all hours
    amount = None if None in amounts else sum(amount for amount in amounts if amount is not None)
    return UnrealisedPlace(
        place,
        pools[0].names,
        sum(pool.use_missing or 0 for pool in pools),
        sum(pool.effect_missing or 0 for pool in pools),
        amount,
    )
