"""From evidence, registry and the statement before to the statement of an organisation after a closed week."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import product
from statistics import fmean

import msgspec

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
    organisation: Organisation, registry: Registry, evidence: Evidence, model: Model, before: said.Statement | None
) -> said.Statement:
    """The statement of an organisation after the closed week of `evidence`; `before` is the last one there is."""
    return _StatementBuilder(organisation, registry, evidence, model, before).statement()


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
        here = {unit.id for unit in self.registry.units if unit.root == root}
        benefits = [b for b in self.registry.benefits if b.unit in here]
        measured = {b.id: self._measurement(b) for b in benefits}
        pools = self._priced(gathered(list(self._works(benefits, measured)), self.evidence), benefits)
        ledger = self._ledger(benefits, pools)
        told = tuple(self._benefit(b, measured[b.id], pools, ledger) for b in benefits)
        places = self._places(day)
        decisions = tuple(self._decisions(here))
        systems = sorted({b.system for b in benefits} | {key[2] for key in self.evidence.published})
        parallel = tuple(self._break_even(systems, pools))
        return said.Statement(
            organisation=root,
            names=self._unit(root),
            week=self.evidence.week,
            currency=self.organisation.currency,
            country=self.organisation.country,
            benefits=told,
            pools=pools,
            booked=tuple(self._booked(ledger, told)),
            decisions=decisions,
            maturity=tuple(
                scores(self.model, self.evidence, places, systems, self._own(benefits, measured, places), whole=root)
            ),
            surveys=tuple(
                said.Surveyed(s.name, s.year, s.unit, dict(s.scores), s.source)
                for s in self.registry.surveys
                if s.unit in here
            ),
            break_even=parallel,
            compared=tuple(
                compared(
                    root, {(b.adoption.indicator, b.system) for b in benefits if b.adoption}, places, self.evidence
                )
            ),
            spent=self._spent(here),
            places=places,
            systems={system: self._system(system) for system in systems},
            definitions=dict(self.evidence.definitions),
        )

    # names

    def _unit(self, unit: str) -> Names:
        group = next((g for g in self.registry.groups if g.id == unit), None)
        if group is not None:
            return group.names
        versions = [u for u in self.registry.units if u.id == unit]
        return next((u.names for u in versions if self.day in u.span), versions[-1].names)

    def _system(self, system: str) -> Names:
        known = self.registry.system(system)
        return known.names if known else Names.of(system)

    def _case_type(self, system: str, case_type: str) -> Names:
        known = self.registry.case_type(system, case_type)
        return known.names if known else Names.of(case_type)

    def _places(self, day: date) -> dict[str, Names]:
        """Units, and reporting groups before their first member, in tree order."""
        groups = {g.units[0]: g for g in self.registry.groups if day in g.span}
        found: dict[str, Names] = {}
        for unit, _ in self.registry.tree(day):
            if unit.root != self.organisation.id:
                continue
            if unit.id in groups:
                found[groups[unit.id].id] = groups[unit.id].names
            found[unit.id] = unit.names
        return found

    def _place(self, unit: str) -> str:
        group = self.registry.group(unit, self.day)
        return group.id if group else unit

    # measured

    def _measurement(self, benefit: Benefit) -> Measurement:
        live = self.registry.go_live(benefit.system, benefit.unit) if benefit.system else None
        return measurement(benefit, self._measured(benefit), self.organisation.calendar, go_live=live)

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
        known = self.evidence.definitions.get(indicator)
        return 10 if known and known.unit_of_measure == "percent" else 1000

    def _minutes(self, benefit: Benefit, case_type: str) -> Minutes | None:
        known = self.registry.case_type(benefit.system, case_type)
        return benefit.minutes or (known.minutes if known else None)

    # hours

    def _works(self, benefits: Sequence[Benefit], measured: Mapping[str, Measurement]) -> Iterator[Work]:
        """One per place and case type, in tree order of the places."""
        found: defaultdict[tuple[str, str, str], list[Benefit]] = defaultdict(list)
        for benefit in benefits:
            if not counts_hours(benefit) or not benefit.system:
                continue
            known = self.registry.system(benefit.system)
            every = [c.id for c in known.case_types if c.minutes or benefit.minutes] if known else []
            for case_type in [benefit.case_type] if benefit.case_type else every:
                found[benefit.unit, benefit.system, case_type].append(benefit)
        order = {place: n for n, place in enumerate(self._places(self.day))}
        for place, system, case_type in sorted(found, key=lambda key: (order.get(key[0], 0), key)):
            about = tuple(found[place, system, case_type])
            realised = [m.now for b in about if (m := measured[b.id]).now is not None]
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
                realised=round(fmean(r for r in realised if r is not None)) if realised else None,
            )

    def _below(self, benefits: Sequence[Benefit]) -> list[str]:
        """The units of the benefits with all units below them."""
        units: dict[str, None] = {}
        for benefit in benefits:
            units[benefit.unit] = None
            if any(u.id == benefit.unit and self.day in u.span for u in self.registry.units):
                units |= {u.id: None for u in self.registry.descendants(benefit.unit, self.day)}
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
        known = {b.id: b for b in benefits}
        priced = []
        for pool in pools:
            about = known[pool.benefits[0]]
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
        freed = {Key(p.place, p.system, p.case_type): p.freed for p in pools if p.freed is not None}
        claims = []
        for benefit in benefits:
            mine = tuple(
                Key(p.place, p.system, p.case_type) for p in pools if benefit.id in p.benefits and p.freed is not None
            )
            if mine:
                claims.append(
                    Claim(
                        benefit.id,
                        benefit.kind,
                        mine,
                        decided=None if self._stands(benefit) else 0,
                        cost=self._cost(benefit),
                        confirmed=self._confirmed(benefit),
                    )
                )
        return book(freed, claims)

    def _stands(self, benefit: Benefit) -> bool:
        """Whether a recorded decision turns the benefit's hours into money."""
        decision = next((d for d in self.registry.decisions if d.id == benefit.decision), None)
        if decision is None:
            return False
        within = {benefit.unit}
        if any(u.id == benefit.unit and self.day in u.span for u in self.registry.units):
            within |= {u.id for u in self.registry.ancestors(benefit.unit, self.day)}
        back = reversed_on(decision, self.evidence.acts, self.day)
        return stands(decision, self.day, within=within, reversed_on=back)

    def _booked(self, ledger: Ledger, benefits: Sequence[said.Benefit]) -> Iterator[said.Booked]:
        for kind in Kind:
            if kind is Kind.AVOIDED_PURCHASE:
                mine = [b for b in benefits if b.plan.kind == kind.value]
                amount = sum(b.avoided for b in mine if b.avoided is not None)
                withheld = tuple(sorted(b.id for b in mine if b.avoided is None))
                if mine:
                    yield said.Booked(kind.value, 0, amount, withheld)
                continue
            of = total(ledger.bookings, kind)
            if of.hours or of.withheld:
                yield said.Booked(kind.value, of.hours, of.amount, of.withheld)

    # one benefit

    def _benefit(
        self, benefit: Benefit, measured: Measurement, pools: Sequence[said.Pool], ledger: Ledger
    ) -> said.Benefit:
        plan, past = self._plan(benefit), said.by_id(self.before).get(benefit.id)
        changed = said.changes(past.plan, plan, self.day) if past else ()
        promise = {"baseline", "target", "start", "due", "unit_of_measure"}
        kept = past if past and not promise & {each.field for each in changed} else None
        word_before = "" if kept is None else kept.word if kept.week < self.evidence.week else kept.word_before
        word = next_status(Status(word_before) if word_before else None, measured.ahead)
        ahead = measured.ahead
        mine = by_benefit(pools).get(benefit.id, ())
        account = next((b.account.value for b in ledger.bookings if b.benefit == benefit.id), "")
        freed = [b for b in ledger.bookings if b.benefit == benefit.id]
        amounts = [b.amount for b in freed]
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
            freed=sum(b.hours for b in freed) if mine and any(p.freed is not None for p in mine) else None,
            amount=sum(a for a in amounts if a is not None) if amounts and None not in amounts else None,
            why_no_money=self._why_no_money(benefit, amounts, mine, measured),
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
        return next((p.why for p in pools if p.why), "")

    def _avoided(self, benefit: Benefit, measured: Measurement) -> tuple[int | None, int | None]:
        """What of a year's purchases is avoided, and what is not yet, in öre."""
        price, level, before = benefit.value_per_unit, measured.level, measured.before
        baseline, target = benefit.baseline, benefit.target
        if benefit.kind is not Kind.AVOIDED_PURCHASE or price is None or level is None or before is None:
            return None, None
        if baseline is None or target is None:
            return None, None
        worth = value_of_change(round(level), round(before), baseline, target, price)
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

    def _plan(self, b: Benefit) -> said.Plan:
        span, about, minutes = b.baseline_span, b.adoption, self._minutes(b, b.case_type)
        return said.Plan(
            names=b.names,
            unit=b.unit,
            system=b.system,
            case_type=b.case_type,
            kind=b.kind.value,
            unit_of_measure=b.unit_of_measure,
            measure=b.measure.value,
            owner=b.owner.name if b.owner else "",
            baseline=b.baseline,
            baseline_from=span.valid_from if span else None,
            baseline_to=span.valid_to if span else None,
            target=b.target,
            start=b.start,
            due=b.due,
            method=b.method,
            value_per_unit=b.value_per_unit,
            indicator=b.indicator,
            adoption=about.indicator if about else "",
            adoption_baseline=about.baseline if about else None,
            adoption_target=about.target if about else None,
            minutes_before=minutes.before_ms if minutes else None,
            minutes_after=minutes.after_ms if minutes else None,
            confirmed_by=minutes.confirmed_by if minutes else "",
            confirmed_on=minutes.confirmed_on if minutes else None,
            role=b.role,
            hourly_cost=b.hourly_cost,
            hourly_cost_source=b.hourly_cost_source,
            decision=b.decision,
        )

    # the rest

    def _decisions(self, here: set[str]) -> Iterator[said.Decided]:
        for decision in self.registry.decisions:
            units = self._concerned(decision, here)
            if decision.decided <= self.day and units:
                yield standing(decision, self.evidence.acts, units, self.day)

    def _concerned(self, decision: Decision, units: set[str]) -> list[str]:
        """Units of the organisation that must carry it out: those named, else every unit that reported on it."""
        if decision.units:
            return [unit for unit in decision.units if unit in units]
        return sorted({a.unit for a in self.evidence.acts if a.decision == decision.id and a.unit in units})

    def _own(
        self, benefits: Sequence[Benefit], measured: Mapping[str, Measurement], places: Mapping[str, Names]
    ) -> dict[tuple[str, str], dict[str, float]]:
        """Plan coverage and mean realised share of the benefits in and below each place, by system."""
        above = {place: {place} for place in places}
        for benefit in benefits:
            place = self._place(benefit.unit)
            if any(u.id == benefit.unit and self.day in u.span for u in self.registry.units):
                over = {u.id for u in self.registry.ancestors(benefit.unit, self.day)}
                above.setdefault(place, {place}).update(over)
        found: defaultdict[tuple[str, str], list[Benefit]] = defaultdict(list)
        for benefit in benefits:
            for place in above.get(self._place(benefit.unit), ()):
                found[place, benefit.system].append(benefit)
        own: dict[tuple[str, str], dict[str, float]] = {}
        for key, mine in found.items():
            own[key] = {COVERAGE: round(100 * sum(b.planned for b in mine) / len(mine))}
            shares = [now for b in mine if (now := measured[b.id].now) is not None]
            if shares:
                own[key][REALISED] = round(fmean(shares))
        return own

    def _break_even(self, systems: Sequence[str], pools: Sequence[said.Pool]) -> Iterator[said.BreakEven]:
        root = self.organisation.id
        for system in systems:
            yearly = sum(
                cost.amount * 365 // max(1, (cost.span.valid_to - cost.span.valid_from).days)
                for cost in self.registry.costs
                if cost.system == system and cost.kind == PARALLEL and self.day in cost.span
                if any(u.id == cost.unit and u.root == root for u in self.registry.units)
            )
            worth = [
                (p.cases, p.hourly_cost * (minutes.before_ms - minutes.after_ms) / 3_600_000)
                for p in pools
                if p.system == system and p.cases is not None and p.hourly_cost is not None
                if (minutes := self._minutes_of(p)) is not None
            ]
            if not yearly or not worth:
                continue
            cases = sum(n for n, _ in worth)
            saved = round(sum(n * each for n, each in worth) / cases)
            now = self.evidence.published.get((DIGITAL, root, system, "*"))
            yield said.BreakEven(
                system=system,
                names=self._system(system),
                share=break_even_share(yearly, cases, saved),
                now=round(now.value) if now and now.value is not None else None,
                parallel=yearly,
                course=tuple((week, round(value)) for week, value in self.evidence.digital.get(system, ())),
            )

    def _minutes_of(self, pool: said.Pool) -> Minutes | None:
        benefit = next(b for b in self.registry.benefits if b.id == pool.benefits[0])
        return self._minutes(benefit, pool.case_type)

    def _spent(self, units: set[str]) -> dict[str, int]:
        """What was spent until the end of the week, by system; costs run evenly over their days."""
        found: defaultdict[str, int] = defaultdict(int)
        for cost in self.registry.costs:
            if cost.unit not in units or cost.kind == PARALLEL:
                continue
            days = (cost.span.valid_to - cost.span.valid_from).days
            gone = min(max((self.day - cost.span.valid_from).days + 1, 0), days)
            found[cost.system] += cost.amount * gone // max(1, days)
        return dict(sorted(found.items()))
