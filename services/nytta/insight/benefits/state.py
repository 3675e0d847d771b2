"""From evidence, registry and the statement before to the statement of an organisation after a closed week."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import product
from statistics import fmean

import msgspec

from nytta.disclosure.rounding import rounded_cases, two_digits
from nytta.insight.benefits import statement as said
from nytta.insight.benefits.compared import compared
from nytta.insight.benefits.costs import HourlyCost, NoCost, hourly_cost
from nytta.insight.benefits.decided import reversed_on, standing
from nytta.insight.benefits.evidence import Evidence, Measured
from nytta.insight.benefits.forecast import Status, next_status
from nytta.insight.benefits.maturity import Model
from nytta.insight.benefits.measured import Measurement, measurement
from nytta.insight.benefits.money import Claim, Ledger, book, stands, total, value_of_change
from nytta.insight.benefits.money import Pool as Key
from nytta.insight.benefits.pools import Work, by_benefit, counts_hours, gathered, share_of
from nytta.insight.benefits.realised import break_even_share, leakage
from nytta.insight.benefits.scored import COVERAGE, REALISED, scores
from nytta.insight.benefits.transactions import SERVICE, cost_per_case, yearly_cost
from nytta.registry.programme import PLANNED, Benefit, Decision, Kind
from nytta.registry.registry import Registry
from nytta.registry.systems import Minutes
from nytta.registry.units import Names, Organisation

UNCONFIRMED, NO_COST, NOT_MEASURED = "minutes_unconfirmed", "no_hourly_cost", "not_measured"
"""Why there is no money: the owner has not confirmed the minutes, no hourly cost is known, nothing was measured."""

DIGITAL = "digital-intake"
"""The indicator of the digital share that is held against the break-even."""

PARALLEL = "parallel"
"""The kind of a cost that a second way of working has whether used or not."""


def state(
    organisation: Organisation, registry: Registry, evidence: Evidence, model: Model, previous: said.Statement | None
) -> said.Statement:
    """The statement of an organisation after the closed week of `evidence`; `previous` is the last one there is."""
    return _StatementBuilder(organisation, registry, evidence, model, previous).statement()


@dataclass(frozen=True)
class _StatementBuilder:
    """What everything is looked up in."""

    organisation: Organisation
    registry: Registry
    evidence: Evidence
    model: Model
    before: said.Statement | None

    @property
    def day(self) -> date:
        """The last day of the closed week."""
        return self.evidence.week + timedelta(days=6)

    def statement(self) -> said.Statement:
        root, day = self.organisation.id, self.day
        unit_ids = {unit.id for unit in self.registry.units if unit.root == root}
        benefits = [benefit for benefit in self.registry.benefits if benefit.unit in unit_ids]
        measured = {benefit.id: self._measurement(benefit) for benefit in benefits}
        pools = self._priced(gathered(list(self._works(benefits, measured)), self.evidence), benefits)
        ledger = self._ledger(benefits, pools)
        stated = tuple(self._benefit(benefit, measured[benefit.id], pools, ledger) for benefit in benefits)
        places = self._places(day)
        decisions = tuple(self._decisions(unit_ids))
        systems = sorted({benefit.system for benefit in benefits} | {key[2] for key in self.evidence.published})
        parallel = tuple(self._break_even(systems, pools))
        return said.Statement(
            organisation=root,
            names=self._unit(root),
            week=self.evidence.week,
            currency=self.organisation.currency,
            country=self.organisation.country,
            benefits=stated,
            pools=pools,
            booked=tuple(self._booked(ledger, stated)),
            decisions=decisions,
            maturity=tuple(
                scores(
                    self.model, self.evidence, places, systems, self._own(benefits, measured, places), whole_place=root
                )
            ),
            surveys=tuple(
                said.Surveyed(survey.name, survey.year, survey.unit, dict(survey.scores), survey.source)
                for survey in self.registry.surveys
                if survey.unit in unit_ids
            ),
            break_even=parallel,
            transactions=tuple(self._transactions(systems, unit_ids)),
            compared=tuple(
                compared(
                    root,
                    {(benefit.adoption.indicator, benefit.system) for benefit in benefits if benefit.adoption},
                    places,
                    self.evidence,
                )
            ),
            spent=self._spent(unit_ids),
            places=places,
            systems={system: self._system(system) for system in systems},
            definitions=dict(self.evidence.definitions),
        )

    # names

    def _unit(self, unit: str) -> Names:
        group = next((group for group in self.registry.groups if group.id == unit), None)
        if group is not None:
            return group.names
        versions = [version for version in self.registry.units if version.id == unit]
        return next((version.names for version in versions if self.day in version.span), versions[-1].names)

    def _system(self, system: str) -> Names:
        registered = self.registry.system(system)
        return registered.names if registered else Names.of(system)

    def _case_type(self, system: str, case_type: str) -> Names:
        registered = self.registry.case_type(system, case_type)
        return registered.names if registered else Names.of(case_type)

    def _places(self, day: date) -> dict[str, Names]:
        """Units, and reporting groups before their first member, in tree order."""
        groups = {group.units[0]: group for group in self.registry.groups if day in group.span}
        places: dict[str, Names] = {}
        for unit, _ in self.registry.tree(day):
            if unit.root != self.organisation.id:
                continue
            if unit.id in groups:
                places[groups[unit.id].id] = groups[unit.id].names
            places[unit.id] = unit.names
        return places

    def _place(self, unit: str) -> str:
        group = self.registry.group(unit, self.day)
        return group.id if group else unit

    # measured

    def _measurement(self, benefit: Benefit) -> Measurement:
        go_live = self.registry.go_live(benefit.system, benefit.unit) if benefit.system else None
        return measurement(benefit, self._measured(benefit), self.organisation.calendar, go_live=go_live)

    def _measured(self, benefit: Benefit) -> Sequence[Measured]:
        if not benefit.indicator:
            return self.evidence.measured.get(benefit.id, ())
        places = (benefit.unit, self._place(benefit.unit))
        for place, case_type in product(places, filter(None, (benefit.case_type, "*"))):
            rows = self.evidence.series.get((benefit.indicator, place, benefit.system, case_type))
            if rows:
                scale = self._scale(benefit.indicator)
                return [Measured(week, week + timedelta(weeks=1), round(scale * value)) for week, value in rows]
        return ()

    def _scale(self, indicator: str) -> int:
        """From a published value to thousandths; a percent is ten thousandths of a share."""
        definition = self.evidence.definitions.get(indicator)
        return 10 if definition and definition.unit_of_measure == "percent" else 1000

    def _minutes(self, benefit: Benefit, case_type: str) -> Minutes | None:
        registered = self.registry.case_type(benefit.system, case_type)
        return benefit.minutes or (registered.minutes if registered else None)

    # hours

    def _works(self, benefits: Sequence[Benefit], measured: Mapping[str, Measurement]) -> Iterator[Work]:
        """One per place and case type, in tree order of the places."""
        benefits_by_place: defaultdict[tuple[str, str, str], list[Benefit]] = defaultdict(list)
        for benefit in benefits:
            if not counts_hours(benefit) or not benefit.system:
                continue
            registered = self.registry.system(benefit.system)
            case_types = (
                [case_type.id for case_type in registered.case_types if case_type.minutes or benefit.minutes]
                if registered
                else []
            )
            for case_type in [benefit.case_type] if benefit.case_type else case_types:
                benefits_by_place[benefit.unit, benefit.system, case_type].append(benefit)
        order = {place: number for number, place in enumerate(self._places(self.day))}
        for place, system, case_type in sorted(benefits_by_place, key=lambda key: (order.get(key[0], 0), key)):
            about = tuple(benefits_by_place[place, system, case_type])
            realised = [measurement.now for benefit in about if (measurement := measured[benefit.id]).now is not None]
            yield Work(
                place=place,
                group=self._place(place),
                names=self._unit(place),
                units=tuple(self._below(about)),
                system=system,
                case_type=case_type,
                case_type_names=self._case_type(system, case_type),
                benefits=about,
                minutes=self._minutes(about[0], case_type),
                realised=round(fmean(value for value in realised if value is not None)) if realised else None,
            )

    def _below(self, benefits: Sequence[Benefit]) -> list[str]:
        """The units of the benefits with all units below them."""
        units: dict[str, None] = {}
        for benefit in benefits:
            units[benefit.unit] = None
            if any(unit.id == benefit.unit and self.day in unit.span for unit in self.registry.units):
                units |= {descendant.id: None for descendant in self.registry.descendants(benefit.unit, self.day)}
        return list(units)

    def _cost(self, benefit: Benefit) -> HourlyCost | None:
        local = []
        country = self.organisation.country
        if benefit.hourly_cost is not None and benefit.hourly_cost_source:
            local.append(
                HourlyCost(country, benefit.currency, "", benefit.hourly_cost, benefit.hourly_cost_source, local=True)
            )
        try:
            return hourly_cost(
                benefit.role,
                country,
                self.organisation.currency,
                local=local,
                monthly_pay=benefit.monthly_pay,
                pay_source=benefit.hourly_cost_source,
            )
        except NoCost:
            return None

    def _confirmed(self, benefit: Benefit) -> bool:
        """Whether money may be shown: who stands for the minutes has confirmed them; a benefit's own, its owner."""
        minutes = self._minutes(benefit, benefit.case_type)
        if minutes is None or not minutes.confirmed(self.day):
            return False
        owner = benefit.owner.name if benefit.owner else ""
        return benefit.minutes is None or minutes.confirmed_by == owner

    def _priced(self, pools: Sequence[said.Pool], benefits: Sequence[Benefit]) -> tuple[said.Pool, ...]:
        benefits_by_id = {benefit.id: benefit for benefit in benefits}
        priced = []
        for pool in pools:
            about = benefits_by_id[pool.benefits[0]]
            cost = self._cost(about)
            if pool.missing is None or cost is None or not self._confirmed(about):
                priced.append(pool)
                continue
            amount = (pool.missing * cost.amount + 500) // 1000
            priced.append(
                msgspec.structs.replace(
                    pool, hourly_cost=cost.amount, hourly_cost_source=cost.source, amount_missing=amount
                )
            )
        return tuple(priced)

    def _ledger(self, benefits: Sequence[Benefit], pools: Sequence[said.Pool]) -> Ledger:
        freed = {Key(pool.place, pool.system, pool.case_type): pool.freed for pool in pools if pool.freed is not None}
        claims = []
        for benefit in benefits:
            own_pools = tuple(
                Key(pool.place, pool.system, pool.case_type)
                for pool in pools
                if benefit.id in pool.benefits and pool.freed is not None
            )
            if own_pools:
                claims.append(
                    Claim(
                        benefit.id,
                        benefit.kind,
                        own_pools,
                        decided=None if self._stands(benefit) else 0,
                        cost=self._cost(benefit),
                        confirmed=self._confirmed(benefit),
                    )
                )
        return book(freed, claims)

    def _stands(self, benefit: Benefit) -> bool:
        """Whether a recorded decision turns the benefit's hours into money."""
        decision = next((decision for decision in self.registry.decisions if decision.id == benefit.decision), None)
        if decision is None:
            return False
        within = {benefit.unit}
        if any(unit.id == benefit.unit and self.day in unit.span for unit in self.registry.units):
            within |= {ancestor.id for ancestor in self.registry.ancestors(benefit.unit, self.day)}
        back = reversed_on(decision, self.evidence.acts, self.day)
        return stands(decision, self.day, within=within, reversed_on=back)

    def _booked(self, ledger: Ledger, benefits: Sequence[said.Benefit]) -> Iterator[said.Booked]:
        for kind in Kind:
            if kind is Kind.AVOIDED_PURCHASE:
                kind_benefits = [benefit for benefit in benefits if benefit.plan.kind == kind.value]
                amount = sum(benefit.avoided for benefit in kind_benefits if benefit.avoided is not None)
                withheld = tuple(sorted(benefit.id for benefit in kind_benefits if benefit.avoided is None))
                if kind_benefits:
                    yield said.Booked(kind.value, 0, amount, withheld)
                continue
            kind_total = total(ledger.bookings, kind)
            if kind_total.hours or kind_total.withheld:
                yield said.Booked(kind.value, kind_total.hours, kind_total.amount, kind_total.withheld)

    # one benefit

    def _benefit(
        self, benefit: Benefit, measured: Measurement, pools: Sequence[said.Pool], ledger: Ledger
    ) -> said.Benefit:
        plan, past = self._plan(benefit), said.by_id(self.before).get(benefit.id)
        changed = said.changes(past.plan, plan, self.day) if past else ()
        promise = {"baseline", "target", "start", "due", "unit_of_measure"}
        previous = past if past and not promise & {change.field for change in changed} else None
        word_before = (
            "" if previous is None else previous.word if previous.week < self.evidence.week else previous.word_before
        )
        word = next_status(Status(word_before) if word_before else None, measured.ahead)
        ahead = measured.ahead
        own_pools = by_benefit(pools).get(benefit.id, ())
        account = next((booking.account.value for booking in ledger.bookings if booking.benefit == benefit.id), "")
        freed = [booking for booking in ledger.bookings if booking.benefit == benefit.id]
        amounts = [booking.amount for booking in freed]
        avoided, missing = self._avoided(benefit, measured)
        return said.Benefit(
            id=benefit.id,
            plan=plan,
            unit_names=self._unit(benefit.unit),
            system_names=self._system(benefit.system) if benefit.system else Names.of(""),
            case_type_names=self._case_type(benefit.system, benefit.case_type),
            place=self._place(benefit.unit),
            known_since=past.known_since if past else self.day,
            changes=(*(past.changes if past else ()), *changed),
            lacks=tuple(name for name in PLANNED if getattr(benefit, name) in (None, "")),
            flags=measured.flags,
            points=measured.points,
            realised=None if measured.now is None else round(10 * measured.now),
            ahead=None
            if ahead is None
            else said.Ahead(
                round(10 * ahead.expected),
                round(10 * ahead.low),
                round(10 * ahead.high),
                round(100 * ahead.probability),
                ahead.complete,
            ),
            word=word.value,
            word_before=word_before,
            week=self.evidence.week,
            gap=self._gap(benefit, measured),
            account=account,
            freed=sum(booking.hours for booking in freed)
            if own_pools and any(pool.freed is not None for pool in own_pools)
            else None,
            amount=sum(amount for amount in amounts if amount is not None) if amounts and None not in amounts else None,
            why_no_money=self._why_no_money(benefit, amounts, own_pools, measured),
            avoided=avoided,
            avoided_missing=missing,
            decision_stands=self._stands(benefit),
        )

    def _why_no_money(
        self, benefit: Benefit, amounts: Sequence[int | None], pools: Sequence[said.Pool], measured: Measurement
    ) -> str:
        if benefit.kind is Kind.AVOIDED_PURCHASE:
            return "" if measured.level is not None and benefit.value_per_unit is not None else NOT_MEASURED
        if not counts_hours(benefit) or (amounts and None not in amounts):
            return ""
        if not self._confirmed(benefit):
            return UNCONFIRMED
        if self._cost(benefit) is None:
            return NO_COST
        return next((pool.why for pool in pools if pool.why), "")

    def _avoided(self, benefit: Benefit, measured: Measurement) -> tuple[int | None, int | None]:
        """What of a year's purchases is avoided, and what is not yet, in öre."""
        price, level, level_before = benefit.value_per_unit, measured.level, measured.before
        baseline, target = benefit.baseline, benefit.target
        if benefit.kind is not Kind.AVOIDED_PURCHASE or price is None or level is None or level_before is None:
            return None, None
        if baseline is None or target is None:
            return None, None
        worth = value_of_change(round(level), round(level_before), baseline, target, price)
        return worth, max(0, value_of_change(target, baseline, baseline, target, price) - worth)

    def _gap(self, benefit: Benefit, measured: Measurement) -> said.Gap | None:
        """Use and effect, where the unit's own share of use is published."""
        about = benefit.adoption
        if about is None or about.baseline is None or about.target is None or measured.now is None:
            return None
        place = self._place(benefit.unit)
        share = share_of(self.evidence, about.indicator, place, benefit.system, benefit.case_type)
        if place != benefit.unit or isinstance(share, str) or about.target == about.baseline:
            return None
        split = leakage(measured.now, share, about.baseline / 10, about.target / 10)
        return said.Gap(round(split.use), round(split.effect))

    def _plan(self, benefit: Benefit) -> said.Plan:
        span, about, minutes = benefit.baseline_span, benefit.adoption, self._minutes(benefit, benefit.case_type)
        return said.Plan(
            names=benefit.names,
            unit=benefit.unit,
            system=benefit.system,
            case_type=benefit.case_type,
            kind=benefit.kind.value,
            unit_of_measure=benefit.unit_of_measure,
            measure=benefit.measure.value,
            owner=benefit.owner.name if benefit.owner else "",
            baseline=benefit.baseline,
            baseline_from=span.valid_from if span else None,
            baseline_to=span.valid_to if span else None,
            target=benefit.target,
            start=benefit.start,
            due=benefit.due,
            method=benefit.method,
            value_per_unit=benefit.value_per_unit,
            indicator=benefit.indicator,
            adoption=about.indicator if about else "",
            adoption_baseline=about.baseline if about else None,
            adoption_target=about.target if about else None,
            minutes_before=minutes.before_ms if minutes else None,
            minutes_after=minutes.after_ms if minutes else None,
            confirmed_by=minutes.confirmed_by if minutes else "",
            confirmed_on=minutes.confirmed_on if minutes else None,
            role=benefit.role,
            hourly_cost=benefit.hourly_cost,
            hourly_cost_source=benefit.hourly_cost_source,
            decision=benefit.decision,
        )

    # the rest

    def _decisions(self, unit_ids: set[str]) -> Iterator[said.Decided]:
        for decision in self.registry.decisions:
            units = self._concerned(decision, unit_ids)
            if decision.decided <= self.day and units:
                yield standing(decision, self.evidence.acts, units, self.day)

    def _concerned(self, decision: Decision, units: set[str]) -> list[str]:
        """Units of the organisation that must carry it out: those named, else every unit that reported on it."""
        if decision.units:
            return [unit for unit in decision.units if unit in units]
        return sorted({act.unit for act in self.evidence.acts if act.decision == decision.id and act.unit in units})

    def _own(
        self, benefits: Sequence[Benefit], measured: Mapping[str, Measurement], places: Mapping[str, Names]
    ) -> dict[tuple[str, str], dict[str, float]]:
        """Plan coverage and mean realised share of the benefits in and below each place, by system."""
        above = {place: {place} for place in places}
        for benefit in benefits:
            place = self._place(benefit.unit)
            if any(unit.id == benefit.unit and self.day in unit.span for unit in self.registry.units):
                ancestors = {ancestor.id for ancestor in self.registry.ancestors(benefit.unit, self.day)}
                above.setdefault(place, {place}).update(ancestors)
        benefits_by_place: defaultdict[tuple[str, str], list[Benefit]] = defaultdict(list)
        for benefit in benefits:
            for place in above.get(self._place(benefit.unit), ()):
                benefits_by_place[place, benefit.system].append(benefit)
        own_figures: dict[tuple[str, str], dict[str, float]] = {}
        for key, place_benefits in benefits_by_place.items():
            own_figures[key] = {
                COVERAGE: round(100 * sum(benefit.planned for benefit in place_benefits) / len(place_benefits))
            }
            shares = [realised for benefit in place_benefits if (realised := measured[benefit.id].now) is not None]
            if shares:
                own_figures[key][REALISED] = round(fmean(shares))
        return own_figures

    def _break_even(self, systems: Sequence[str], pools: Sequence[said.Pool]) -> Iterator[said.BreakEven]:
        root = self.organisation.id
        for system in systems:
            yearly = sum(
                cost.amount * 365 // max(1, (cost.span.valid_to - cost.span.valid_from).days)
                for cost in self.registry.costs
                if cost.system == system and cost.kind == PARALLEL and self.day in cost.span
                if any(unit.id == cost.unit and unit.root == root for unit in self.registry.units)
            )
            worth = [
                (pool.cases, pool.hourly_cost * (minutes.before_ms - minutes.after_ms) / 3_600_000)
                for pool in pools
                if pool.system == system and pool.cases is not None and pool.hourly_cost is not None
                if (minutes := self._minutes_of(pool)) is not None
            ]
            if not yearly or not worth:
                continue
            cases = sum(count for count, _ in worth)
            saved = round(sum(count * minutes_saved for count, minutes_saved in worth) / cases)
            published = self.evidence.published.get((DIGITAL, root, system, "*"))
            yield said.BreakEven(
                system=system,
                names=self._system(system),
                share=break_even_share(yearly, cases, saved),
                now=round(published.value) if published and published.value is not None else None,
                parallel=yearly,
                course=tuple((week, round(value)) for week, value in self.evidence.digital.get(system, ())),
            )

    def _transactions(self, systems: Sequence[str], units: set[str]) -> Iterator[said.Transaction]:
        for system in systems:
            costs = [
                cost
                for cost in self.registry.costs
                if cost.kind == SERVICE and cost.system == system and cost.unit in units
            ]
            cost, completed = yearly_cost(costs, self.day), self.evidence.completed.get(system, 0)
            per_case, cases = cost_per_case(cost, completed), rounded_cases(completed)
            if cost is not None and cases is not None and per_case is not None:
                yield said.Transaction(
                    system=system,
                    names=self._system(system),
                    cases=cases,
                    cost=100 * two_digits(cost / 100),
                    per_case=per_case,
                )

    def _minutes_of(self, pool: said.Pool) -> Minutes | None:
        benefit = next(benefit for benefit in self.registry.benefits if benefit.id == pool.benefits[0])
        return self._minutes(benefit, pool.case_type)

    def _spent(self, units: set[str]) -> dict[str, int]:
        """What was spent until the end of the week, by system; costs run evenly over their days."""
        spent: defaultdict[str, int] = defaultdict(int)
        for cost in self.registry.costs:
            if cost.unit not in units or cost.kind in (PARALLEL, SERVICE):
                continue
            days = (cost.span.valid_to - cost.span.valid_from).days
            days_gone = min(max((self.day - cost.span.valid_from).days + 1, 0), days)
            spent[cost.system] += cost.amount * days_gone // max(1, days)
        return dict(sorted(spent.items()))
