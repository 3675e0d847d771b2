"""From a statement to the document of a report: two pages to decide from, then an appendix."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from nytta.insight.benefits.benchmark import WHOLE
from nytta.insight.benefits.decided import Word
from nytta.insight.benefits.forecast import WORDS, Status
from nytta.insight.benefits.maturity import AXES, DIMENSIONS, LEVELS, Axis, Dimension
from nytta.insight.benefits.stated_benefit import UNCONFIRMED
from nytta.insight.benefits.statement import Benefit, Change, Decided, Pool, Statement, share_of_all, worth_of_all
from nytta.registry.programme import MEASURES, Kind, Measure, level_names
from nytta.registry.units import Names
from nytta.surfaces.reports import charts, figures
from nytta.surfaces.reports.document import Block, Break, Chart, Document, Heading, Items, Table, Text, Tiles
from nytta.surfaces.reports.words import has_words, say

_DRAWN, _PLACES, _DECIDED = 18, 8, 6
"""Most benefits in the first chart, places in the second, points to decide."""

_GOOD = (Status.ON_TRACK, Status.ACHIEVED)
_WATCH = (Status.AT_RISK, Status.PARTLY)
_BAD = (Status.OFF_TRACK, Status.NOT_ACHIEVED)


def document(statement: Statement, published_at: datetime, language: str, system: str = "", *, font: str) -> Document:
    """The report of an organisation's benefits, of one system or all (''), as it was stated at `published_at`."""
    return _Report(statement, published_at, language, system, font).document()


@dataclass(frozen=True)
class _Report:
    statement: Statement
    published_at: datetime
    language: str
    system: str
    font: str

    def document(self) -> Document:
        statement = self.statement
        about = self.say(
            "about",
            system=self.name(statement.systems[self.system])
            if self.system in statement.systems
            else self.say("every_system"),
            organisation=self.name(statement.names),
            week=figures.week(statement.week, self.language),
        )
        moment = f"{self.published_at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
        blocks = (*self._first(), *self._second(), Break(), *self._appendix())
        return Document(self.language, self.say("title"), about, self.say("foot", moment=moment), tuple(blocks))

    # what is told

    @cached_property
    def benefits(self) -> Sequence[Benefit]:
        return [benefit for benefit in self.statement.benefits if self.system in ("", benefit.plan.system)]

    @cached_property
    def pools(self) -> Sequence[Pool]:
        return [pool for pool in self.statement.pools if self.system in ("", pool.system)]

    @cached_property
    def decisions(self) -> Sequence[Decided]:
        return [
            decision
            for decision in self.statement.decisions
            if self.system in ("", decision.system) or not decision.system
        ]

    @cached_property
    def lying(self) -> list[tuple[str, Names, int, int, int | None]]:
        """Places with hours left lying: for want of use, although used, and money; most hours first."""
        pools_by_place: defaultdict[str, list[Pool]] = defaultdict(list)
        for pool in self.pools:
            if pool.missing:
                pools_by_place[pool.place].append(pool)
        rows = []
        for place, pools in pools_by_place.items():
            amounts = [pool.amount_missing for pool in pools]
            amount = sum(amount for amount in amounts if amount is not None) if None not in amounts else None
            use_hours, effect = (
                sum(pool.use_missing or 0 for pool in pools),
                sum(pool.effect_missing or 0 for pool in pools),
            )
            rows.append((place, pools[0].names, use_hours, effect, amount))
        return sorted(rows, key=lambda row: (-(row[2] + row[3]), row[0]))

    def say(self, key: str, /, **filled: object) -> str:
        return say(key, self.language, **filled)

    def name(self, names: Names) -> str:
        return names.text(self.language)

    def hours(self, thousandths: int | None) -> str:
        return figures.hours(thousandths, self.language)

    def money(self, hundredths: int | None) -> str:
        return figures.money(hundredths, self.statement.currency, self.language)

    def worth(self, hundredths: int | None) -> str:
        return self.say("worth", money=self.money(hundredths)) if hundredths else ""

    def percent(self, value: float | None) -> str:
        return "–" if value is None else figures.percent(value, self.language)

    # the first two pages

    def _first(self) -> Iterator[Block]:
        if not self.benefits:
            yield Text(self.say("nothing"), "lead")
            return
        words = [Status(benefit.word) for benefit in self.benefits]
        good, bad = sum(word in _GOOD for word in words), sum(word in _BAD for word in words)
        early = sum(word is Status.TOO_EARLY for word in words)
        lead_text = self.say(
            "lead",
            good=good,
            all=len(words),
            watch=sum(word in _WATCH for word in words),
            bad=bad,
            early=self.say("early", n=early) if early else "",
        )
        hours = sum(row[2] + row[3] for row in self.lying)
        amounts = [row[4] for row in self.lying]
        amount = sum(amount for amount in amounts if amount is not None)
        if hours:
            money_text = self.worth(amount) if amounts and None not in amounts else ""
            lead_text += self.say("lead_missing", hours=self.hours(hours), money=money_text)
        yield Text(lead_text, "lead")
        yield Tiles(tuple(self._tiles(good, hours, amount, partly=None in amounts)))
        yield Heading(self.say("progress"))
        yield from self._progress()

    def _tiles(self, good: int, hours: int, amount: int, *, partly: bool) -> Iterator[tuple[str, str, str]]:
        planned = sum(not benefit.lacks for benefit in self.benefits)
        all_of = len(self.benefits)
        yield (self.say("benefits"), f"{good} / {all_of}", self.say("planned", n=planned, all=all_of))
        freed = sum(benefit.freed or 0 for benefit in self.benefits)
        financial = [benefit for benefit in self.benefits if benefit.account == Kind.FINANCIAL.value]
        note = self.say("freed_as")
        if financial:
            hours_of = sum(benefit.freed or 0 for benefit in financial)
            worth = sum(benefit.amount or 0 for benefit in financial)
            note = self.say("freed_financial", hours=self.hours(hours_of), money=self.money(worth))
        yield (self.say("freed"), self.hours(freed), note)
        priced = "missing_partly" if partly else "missing_worth"
        note = self.say(priced, money=self.money(amount)) if amount else self.say("missing_unpriced") if hours else ""
        yield (self.say("missing"), self.hours(hours), note)
        avoided = [benefit.avoided for benefit in self.benefits if benefit.avoided is not None]
        if avoided:
            yield (self.say("avoided"), self.money(sum(avoided)), "")
        spent = sum(amount for system, amount in self.statement.spent.items() if self.system in ("", system))
        if spent:
            yield (self.say("spent"), self.money(spent), self.say("spent_note"))

    def _progress(self) -> Iterator[Block]:
        drawn = [benefit for benefit in self.benefits if benefit.points]
        if len(drawn) > _DRAWN:
            worst = sorted(
                drawn,
                key=lambda benefit: (benefit.ahead.expected if benefit.ahead else benefit.realised or 0, benefit.id),
            )[:_DRAWN]
            drawn = [benefit for benefit in drawn if benefit in worst]
        rows = [
            charts.Row(
                self._label(benefit),
                None if benefit.realised is None else benefit.realised / 10,
                *self._ahead(benefit),
                self.name(WORDS[Status(benefit.word)]),
            )
            for benefit in drawn
        ]
        row_texts = "; ".join(f"{row.label} {self.percent(row.now)} ({row.status})" for row in rows)
        words = (self.say("now"), self.say("forecast"), self.say("promise"))
        if rows:
            drawing = charts.progress(rows, words=words, font=self.font, language=self.language)
            yield Chart(drawing, self.say("progress_alt", list=row_texts))
        yield Text(self.say("progress_note"), "small")
        if len(rows) < len(self.benefits):
            yield Text(self.say("shown", n=len(rows), all=len(self.benefits)), "small")

    def _ahead(self, benefit: Benefit) -> tuple[float | None, float | None, float | None]:
        """The forecast's interval with its middle; past the due date, the result."""
        ahead = benefit.ahead
        if ahead is None:
            return None, None, None
        if ahead.complete:
            return ahead.expected / 10, ahead.expected / 10, ahead.expected / 10
        return ahead.low / 10, ahead.expected / 10, ahead.high / 10

    def _label(self, benefit: Benefit) -> str:
        """Short enough for a chart: the unit, and what it does where the unit has several benefits."""
        own_benefits = [candidate for candidate in self.benefits if candidate.plan.unit == benefit.plan.unit]
        subject = self.name(benefit.case_type_names) or self.name(benefit.plan.names)
        return f"{self.name(benefit.unit_names)}: {subject}" if len(own_benefits) > 1 else self.name(benefit.unit_names)

    def _second(self) -> Iterator[Block]:
        yield Heading(self.say("potential"))
        if self.lying:
            bars = []
            for _, names, use_hours, effect, amount in self.lying[:_PLACES]:
                text = self.hours(use_hours + effect) + (f" · {self.money(amount)}" if amount else "")
                bars.append(charts.Bar(self.name(names), use_hours, effect, text))
            remaining = self.lying[_PLACES:]
            if remaining:
                use_hours, effect = sum(place[2] for place in remaining), sum(place[3] for place in remaining)
                bars.append(charts.Bar(self.say("others"), use_hours, effect, self.hours(use_hours + effect)))
            bar_texts = "; ".join(f"{bar.label} {bar.text}" for bar in bars)
            words = (self.say("by_use"), self.say("by_effect"))
            yield Chart(charts.missing(bars, words=words, font=self.font), self.say("potential_alt", list=bar_texts))
        else:
            yield Text(self.say("potential_none"))
        unsaid = [pool for pool in self.pools if pool.missing is None]
        note = self.say("potential_note")
        if unsaid:
            note += " " + self.say("unsaid", n=len(unsaid), all=len(self.pools))
        yield Text(note, "small")
        yield Break()
        yield Heading(self.say("decisions"))
        yield from self._decided()
        yield Heading(self.say("maturity"))
        yield from self._maturity()
        yield from self._break_even()
        yield from self._transactions()
        yield Heading(self.say("decide"))
        points = [*self._points()][:_DECIDED]
        yield Items(tuple(points)) if points else Text(self.say("decide_none"))

    def _decided(self) -> Iterator[Block]:
        if not self.decisions:
            yield Text(self.say("no_decisions"))
            return
        yield Table(
            tuple(map(self.say, ("decision", "level", "acknowledged", "executed", "age", "standing"))),
            tuple(
                (
                    self.name(decision.names),
                    level_names(decision.level).text(self.language),
                    self.say("of", n=decision.acknowledged, all=decision.units),
                    self.say("of", n=decision.executed, all=decision.units),
                    str(decision.weeks),
                    self.say(f"word_{decision.word}", day=figures.day(decision.reversed, self.language)),
                )
                for decision in self.decisions
            ),
            figures=(4,),
            widths=(3.2, 1.8, 1.2, 1.2, 1, 1.4),
        )
        executed = [decision for decision in self.decisions if decision.word == Word.EXECUTED.value]
        if executed and self.lying:
            places = self._list([self.name(row[1]) for row in self.lying if row[2]])
            if places:
                names = self._list([self.name(decision.names) for decision in executed])
                yield Text(self.say("executed_yet", list=names, places=places))

    def _maturity(self) -> Iterator[Block]:
        for maturity in self.statement.maturity:
            if maturity.place != self.statement.organisation or self.system not in ("", maturity.system):
                continue
            axes = {
                axis.name: self.say("unknown") if axis.score is None else f"{round(axis.score)}"
                for axis in maturity.axes
            }
            single = maturity.level.isdigit()
            line = self.say(
                "maturity_line",
                system=self._system(maturity.system),
                level=maturity.level or self.say("unknown"),
                name=f" ({self.name(LEVELS[int(maturity.level)])})" if single else "",
                capability=axes.get(Axis.CAPABILITY.value, self.say("unknown")),
                heritage=axes.get(Axis.HERITAGE.value, self.say("unknown")),
            )
            if maturity.held_by:
                line += self.say(
                    "held_by", list=self._list([self._indicator(indicator) for indicator in maturity.held_by])
                )
            yield Text(line)

    def _break_even(self) -> Iterator[Block]:
        """The digital share against what a second way costs; drawn where its course is known."""
        for even in (break_even for break_even in self.statement.break_even if self.system in ("", break_even.system)):
            share = self.say("never") if even.share is None else self.percent(even.share)
            sentence = self.say(
                "break_even",
                system=self.name(even.names),
                money=self.money(even.parallel),
                share=share,
                now=self.percent(even.now),
            )
            yield Heading(self.say("break_even_title"))
            yield Text(sentence)
            if len(even.course) > 1:
                labels = [figures.short_week(week, self.language) for week, _ in even.course]
                words = (self.say("digital_share"), self.say("pays_from", share=share))
                drawing = charts.course(
                    even.course, line=even.share, words=words, labels=labels, font=self.font, language=self.language
                )
                yield Chart(drawing, sentence)

    def _transactions(self) -> Iterator[Block]:
        """What a completed case costs, of each system whose service costs the registry knows."""
        transactions = [one for one in self.statement.transactions if self.system in ("", one.system)]
        if transactions:
            yield Heading(self.say("cost_per_case_title"))
        for transaction in transactions:
            yield Text(
                self.say(
                    "cost_per_case",
                    system=self.name(transaction.names),
                    cases=figures.whole_number(transaction.cases, self.language),
                    cost=self.money(transaction.cost),
                    each=self.money(transaction.per_case),
                )
            )

    def _points(self) -> Iterator[str]:
        """What to decide, what weighs most first."""
        for decision in self.decisions:
            if decision.word == Word.STUCK.value:
                yield self.say(
                    "decide_stuck" if decision.executed else "decide_stuck_none",
                    name=self.name(decision.names),
                    received=decision.acknowledged,
                    all=decision.units,
                    done=decision.executed,
                    weeks=decision.weeks,
                )
        yield from (text for _, text in sorted(self._of_places(), key=lambda point: -point[0]))
        freed = sum(benefit.freed or 0 for benefit in self.benefits if benefit.account == Kind.REDISTRIBUTION.value)
        if freed:
            yield self.say("decide_freed", hours=self.hours(freed))
        for status, key in ((Status.NOT_ACHIEVED, "decide_ended"), (Status.PARTLY, "decide_partly")):
            ended = [benefit for benefit in self.benefits if benefit.word == status.value]
            if ended:
                yield self.say(key, n=len(ended), list=self._list([self._label(benefit) for benefit in ended]))
        lacking = [benefit for benefit in self.benefits if benefit.lacks]
        if lacking:
            yield self.say(
                "decide_owner", n=len(lacking), list=self._list([self._label(benefit) for benefit in lacking])
            )
        unconfirmed = [benefit for benefit in self.benefits if benefit.why_no_money == UNCONFIRMED]
        if unconfirmed:
            yield self.say("decide_minutes", n=len(unconfirmed))

    def _of_places(self) -> Iterator[tuple[int, str]]:
        """What to decide about the places that most depends on, with its hours."""
        floor = 0.05 * sum(row[2] + row[3] for row in self.lying)
        for place, names, use_hours, effect, _ in self.lying[:4]:
            pools = [pool for pool in self.pools if pool.place == place and pool.missing]
            if use_hours + effect < floor:
                continue
            if use_hours >= effect:
                main = max(pools, key=lambda pool: pool.use_missing or 0)
                yield (
                    use_hours + effect,
                    self.say(
                        "decide_use",
                        place=self.name(names),
                        share=self.percent(share_of_all([pool for pool in self.pools if pool.place == place])),
                        target=self.percent(main.share_target),
                        hours=self.hours(use_hours + effect),
                        money=self.worth(worth_of_all(pools)),
                    ),
                )
            else:
                main = max(pools, key=lambda pool: pool.effect_missing or 0)
                yield (
                    main.missing or 0,
                    self.say(
                        "decide_effect",
                        place=self.name(names),
                        type=self.name(main.case_type_names),
                        hours=self.hours(main.missing),
                        money=self.worth(main.amount_missing),
                    ),
                )

    # the appendix

    def _appendix(self) -> Iterator[Block]:
        yield Heading(self.say("appendix"), 1)
        yield Heading(self.say("register"))
        yield Table(
            tuple(map(self.say, ("benefit", "unit", "owner", "from_to", "due", "realised", "ahead", "status"))),
            tuple(self._row(benefit) for benefit in self.benefits),
            figures=(5, 6),
            widths=(2.5, 1.6, 1.6, 2.3, 1.45, 1.35, 1.5, 1.3),
        )
        yield from self._cautions()
        yield from self._hours()
        yield from self._accounts()
        yield from self._members()
        yield from self._surveys()
        yield from self._compared()
        yield from self._definitions()

    def _row(self, benefit: Benefit) -> tuple[str, ...]:
        benefit_plan = benefit.plan
        plan = f"{self._figure(benefit_plan.baseline)} → {self._figure(benefit_plan.target)} {self._measure(benefit)}"
        ahead = "–"
        if benefit.ahead and benefit.ahead.complete:
            ahead = self.say("result", n=self.percent(benefit.ahead.expected / 10))
        elif benefit.ahead:
            ahead = f"{round(benefit.ahead.low / 10)}–{self.percent(benefit.ahead.high / 10)}"
        return (
            self.name(benefit_plan.names),
            self.name(benefit.unit_names),
            benefit_plan.owner or self.say("no_owner"),
            plan,
            figures.day(benefit_plan.due, self.language),
            self.percent(None if benefit.realised is None else benefit.realised / 10),
            ahead,
            self.name(WORDS[Status(benefit.word)]),
        )

    def _figure(self, thousandths: int | None) -> str:
        return "–" if thousandths is None else figures.decimal(thousandths, self.language)

    def _measure(self, benefit: Benefit) -> str:
        measure = Measure(benefit.plan.measure)
        return self.name(MEASURES[measure]) if measure in MEASURES else benefit.plan.unit_of_measure

    def _cautions(self) -> Iterator[Block]:
        cautions: list[str] = []
        for benefit in self.benefits:
            # flags of a later version have no words here, and are left out
            flags = [self.say(f"flag_{flag}") for flag in benefit.flags if has_words(f"flag_{flag}")]
            if flags:
                cautions.append(f"{self._label(benefit)}: {', '.join(flags)}.")
        if cautions:
            yield Heading(self.say("flags"), 3)
            yield Text(" ".join(cautions), "small")
        changes = [
            (figures.day(change.day, self.language), self._label(benefit), self._change(change))
            for benefit in self.benefits
            for change in benefit.changes
        ]
        if changes:
            yield Heading(self.say("changes"), 3)
            head = (self.say("day"), self.say("benefit"), self.say("what"))
            yield Table(head, tuple(sorted(changes)), widths=(1.2, 3, 4))

    def _change(self, change: Change) -> str:
        """What a plan said before and says now."""
        word = f"field_{change.field}"
        return self.say(
            "change",
            field=self.say(word) if has_words(word) else change.field,
            before=self._changed(change.field, change.before),
            after=self._changed(change.field, change.after),
        )

    def _changed(self, field: str, value: str) -> str:
        if field in ("baseline", "target") and value.lstrip("-").isdigit():
            return self._figure(int(value))
        return value or "–"

    def _hours(self) -> Iterator[Block]:
        if not self.pools:
            return
        yield Heading(self.say("hours_table"))
        # where a unit has several pools, only the case type tells them apart
        several = len({self.name(pool.names) for pool in self.pools}) < len(self.pools)
        head = ("unit", "case_type", "share", "promised", "freed_short", "use_short", "effect_short", "value")
        yield Table(
            tuple(map(self.say, head)),
            tuple(
                (
                    self.name(pool.names),
                    self.name(pool.case_type_names) if several or pool.case_type else "",
                    *self._pool_hours(pool),
                )
                for pool in self.pools
            ),
            figures=(3, 4, 5, 6, 7),
            widths=(2.1, 2.1, 1.7, 1.1, 1.1, 1.2, 1.2, 1.7),
        )
        sources = sorted(
            {(pool.hourly_cost, pool.hourly_cost_source) for pool in self.pools if pool.hourly_cost is not None}
        )
        cost_sources = [
            self.say("cost_source", money=self.money(cost), source=source) for cost, source in sources if cost
        ]
        if cost_sources:
            yield Text(" ".join(cost_sources), "small")

    def _pool_hours(self, pool: Pool) -> tuple[str, ...]:
        """The figures of a pool; in place of them why there are none."""
        if pool.share is None:
            word = f"why_{pool.why}"
            reason = self.say(word) if has_words(word) else pool.why
            return (reason, *["–"] * 5)
        return (
            f"{pool.share} → {self.percent(pool.share_target)}",
            self.hours(pool.promised),
            self.hours(pool.freed),
            self.hours(pool.use_missing),
            self.hours(pool.effect_missing),
            self.money(pool.amount_missing or None),
        )

    def _accounts(self) -> Iterator[Block]:
        if self.system and len(self.statement.systems) > 1:
            return
        rows = [
            (
                self.say(f"account_{booked.account}"),
                self.hours(booked.hours) if booked.account != Kind.AVOIDED_PURCHASE.value else "–",
                self.money(booked.amount) if booked.amount else "–",
                self.say("withheld", n=len(booked.withheld)) if booked.withheld else "",
            )
            for booked in self.statement.booked
        ]
        if rows:
            yield Heading(self.say("accounts"))
            titles = (self.say("account"), self.say("hours"), self.say("amount"), "")
            yield Table(titles, tuple(rows), figures=(1, 2), widths=(2, 1.3, 1.7, 4))

    def _members(self) -> Iterator[Block]:
        for maturity in self.statement.maturity:
            if not maturity.members or self.system not in ("", maturity.system):
                continue
            yield Heading(f"{self.say('members')}: {self._system(maturity.system)}")
            rows = []
            for score in maturity.dimensions:
                inside = [member for member in maturity.members if member.dimension == score.name]
                for number, member in enumerate(inside):
                    total = "–" if score.score is None else f"{round(score.score)}"
                    rows.append(
                        (
                            f"{self.name(DIMENSIONS[Dimension(score.name)])}: {total}" if number == 0 else "",
                            self._indicator(member.indicator),
                            self.name(AXES[Axis(member.axis)]) if member.axis else "",
                            str(member.weight),
                            "–" if member.value is None else f"{member.value:.0f}",
                            self.say(f"missing_{member.missing}") if member.missing else f"{member.score:.0f}",
                        )
                    )
            titles = (self.say("dimension"), self.say("indicator"), "", *map(self.say, ("weight", "figure", "score")))
            yield Table(titles, tuple(rows), figures=(3, 4, 5), widths=(2.2, 2.6, 1.7, 0.7, 0.8, 1.1))

    def _surveys(self) -> Iterator[Block]:
        rows = [
            (f"{survey.name} {survey.year}", name, str(score), survey.source)
            for survey in self.statement.surveys
            for name, score in sorted(survey.scores.items())
        ]
        if rows:
            yield Heading(self.say("surveys"))
            yield Table(("", "", self.say("score"), ""), tuple(rows), figures=(2,), widths=(2, 2, 0.8, 4))

    def _compared(self) -> Iterator[Block]:
        """Funnels instead of rankings: a drawing with the places beyond chance, and every place in a table."""
        own_unit = self.statement.organisation
        comparisons = [comparison for comparison in self.statement.compared if self.system in ("", comparison.system)]
        for number, comparison in enumerate(comparisons):
            if number == 0:
                yield Heading(self.say("compared"))
                yield Text(self.say("compared_note"), "small")
            about = {"indicator": self._indicator(comparison.indicator), "system": self._system(comparison.system)}
            level = self.say("level_whole") if comparison.level == WHOLE else comparison.level
            yield Heading(self.say("compared_level", level=level.replace("#", self.say("level_depth")), **about), 3)
            apart = [self.name(point.names) for point in comparison.points if point.word != "inside"]
            if apart:
                names = self._list(apart)
                sentence = self.say("compared_apart", n=len(apart), all=len(comparison.points), list=names)
            else:
                sentence = self.say("compared_alike", all=len(comparison.points))
            yield Text(sentence)
            marked = [
                charts.Place(
                    label=self.name(point.names),
                    value=point.value,
                    n=point.n,
                    apart=point.word != "inside",
                    mine=point.unit == own_unit,
                )
                for point in comparison.points
            ]
            words = (self.say("behind"), self.say("centre", share=self.percent(comparison.centre)))
            drawing = charts.funnel(
                marked,
                centre=comparison.centre,
                limits=comparison.limits,
                words=words,
                font=self.font,
                language=self.language,
            )
            # whoever cannot see the drawing hears the sentence that stands above it
            yield Chart(drawing, sentence)
            yield Table(
                tuple(map(self.say, ("unit", "figure", "behind", "where"))),
                tuple(
                    (self.name(point.names), self.percent(point.value), f"≥ {point.n}", self.say(f"where_{point.word}"))
                    for point in comparison.points
                ),
                figures=(1, 2),
                widths=(4, 1, 2, 1.6),
            )

    def _definitions(self) -> Iterator[Block]:
        yield Heading(self.say("definitions"))
        for name in ("def_realised", "def_words", "def_hours", "def_rounding"):
            yield Text(self.say(name), "small")
        models = {maturity.model for maturity in self.statement.maturity}
        for model in sorted(models):
            yield Text(self.say("def_maturity", version=model), "small")
        for indicator in sorted(self._used_indicators() & set(self.statement.definitions)):
            definition = self.statement.definitions[indicator]
            yield Text(
                self.say(
                    "definition_line",
                    title=self.name(definition.title),
                    version=definition.version,
                    question=self.name(definition.question),
                ),
                "small",
            )

    def _used_indicators(self) -> set[str]:
        """The indicators on which a figure of this report rests."""
        of_benefits = {benefit.plan.indicator for benefit in self.benefits}
        of_use = {benefit.plan.adoption for benefit in self.benefits}
        of_maturity = {
            member.indicator
            for maturity in self.statement.maturity
            for member in maturity.members
            if member.value is not None
        }
        return of_benefits | of_use | of_maturity

    # words

    def _system(self, system: str) -> str:
        return self.name(self.statement.systems.get(system, Names.of(system)))

    def _indicator(self, indicator: str) -> str:
        own_key = f"own_{indicator.replace('-', '_')}"
        if has_words(own_key):
            return self.say(own_key)
        definition = self.statement.definitions.get(indicator)
        return self.name(definition.title) if definition else indicator

    def _list(self, names: Sequence[str], most: int = 4) -> str:
        unique_names = list(dict.fromkeys(names))
        return ", ".join(unique_names[:most]) + (self.say("and_more") if len(unique_names) > most else "")
