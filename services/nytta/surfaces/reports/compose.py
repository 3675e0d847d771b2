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
from nytta.insight.benefits.state import UNCONFIRMED
from nytta.insight.benefits.statement import Benefit, Decided, Pool, Statement
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
        s = self.statement
        about = self.say(
            "about",
            system=self.name(s.systems[self.system]) if self.system in s.systems else self.say("every_system"),
            organisation=self.name(s.names),
            week=figures.week(s.week, self.language),
        )
        moment = f"{self.published_at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
        blocks = (*self._first(), *self._second(), Break(), *self._appendix())
        return Document(self.language, self.say("title"), about, self.say("foot", moment=moment), tuple(blocks))

    # what is told

    @cached_property
    def benefits(self) -> Sequence[Benefit]:
        return [b for b in self.statement.benefits if self.system in ("", b.plan.system)]

    @cached_property
    def pools(self) -> Sequence[Pool]:
        return [p for p in self.statement.pools if self.system in ("", p.system)]

    @cached_property
    def decisions(self) -> Sequence[Decided]:
        return [d for d in self.statement.decisions if self.system in ("", d.system) or not d.system]

    @cached_property
    def lying(self) -> list[tuple[str, Names, int, int, int | None]]:
        """Places with hours left lying: for want of use, although used, and money; most hours first."""
        found: defaultdict[str, list[Pool]] = defaultdict(list)
        for pool in self.pools:
            if pool.missing:
                found[pool.place].append(pool)
        rows = []
        for place, pools in found.items():
            amounts = [p.amount_missing for p in pools]
            amount = sum(a for a in amounts if a is not None) if None not in amounts else None
            use, effect = sum(p.use_missing or 0 for p in pools), sum(p.effect_missing or 0 for p in pools)
            rows.append((place, pools[0].names, use, effect, amount))
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
        words = [Status(b.word) for b in self.benefits]
        good, bad = sum(w in _GOOD for w in words), sum(w in _BAD for w in words)
        early = sum(w is Status.TOO_EARLY for w in words)
        lead = self.say(
            "lead",
            good=good,
            all=len(words),
            watch=sum(w in _WATCH for w in words),
            bad=bad,
            early=self.say("early", n=early) if early else "",
        )
        hours = sum(row[2] + row[3] for row in self.lying)
        amounts = [row[4] for row in self.lying]
        amount = sum(a for a in amounts if a is not None)
        if hours:
            shown = self.worth(amount) if amounts and None not in amounts else ""
            lead += self.say("lead_missing", hours=self.hours(hours), money=shown)
        yield Text(lead, "lead")
        yield Tiles(tuple(self._tiles(good, hours, amount, partly=None in amounts)))
        yield Heading(self.say("progress"))
        yield from self._progress()

    def _tiles(self, good: int, hours: int, amount: int, *, partly: bool) -> Iterator[tuple[str, str, str]]:
        planned = sum(not b.lacks for b in self.benefits)
        all_of = len(self.benefits)
        yield (self.say("benefits"), f"{good} / {all_of}", self.say("planned", n=planned, all=all_of))
        freed = sum(b.freed or 0 for b in self.benefits)
        financial = [b for b in self.benefits if b.account == Kind.FINANCIAL.value]
        note = self.say("freed_as")
        if financial:
            hours_of = sum(b.freed or 0 for b in financial)
            worth = sum(b.amount or 0 for b in financial)
            note = self.say("freed_financial", hours=self.hours(hours_of), money=self.money(worth))
        yield (self.say("freed"), self.hours(freed), note)
        priced = "missing_partly" if partly else "missing_worth"
        note = self.say(priced, money=self.money(amount)) if amount else self.say("missing_unpriced") if hours else ""
        yield (self.say("missing"), self.hours(hours), note)
        avoided = [b.avoided for b in self.benefits if b.avoided is not None]
        if avoided:
            yield (self.say("avoided"), self.money(sum(avoided)), "")
        spent = sum(v for k, v in self.statement.spent.items() if self.system in ("", k))
        if spent:
            yield (self.say("spent"), self.money(spent), self.say("spent_note"))

    def _progress(self) -> Iterator[Block]:
        drawn = [b for b in self.benefits if b.points]
        if len(drawn) > _DRAWN:
            worst = sorted(drawn, key=lambda b: (b.ahead.expected if b.ahead else b.realised or 0, b.id))[:_DRAWN]
            drawn = [b for b in drawn if b in worst]
        rows = [
            charts.Row(
                self._label(b),
                None if b.realised is None else b.realised / 10,
                *self._ahead(b),
                self.name(WORDS[Status(b.word)]),
            )
            for b in drawn
        ]
        told = "; ".join(f"{r.label} {self.percent(r.now)} ({r.status})" for r in rows)
        words = (self.say("now"), self.say("forecast"), self.say("promise"))
        if rows:
            yield Chart(charts.progress(rows, words=words, font=self.font), self.say("progress_alt", list=told))
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
        mine = [b for b in self.benefits if b.plan.unit == benefit.plan.unit]
        what = self.name(benefit.case_type_names) or self.name(benefit.plan.names)
        return f"{self.name(benefit.unit_names)}: {what}" if len(mine) > 1 else self.name(benefit.unit_names)

    def _second(self) -> Iterator[Block]:
        yield Heading(self.say("potential"))
        if self.lying:
            bars = []
            for _, names, use, effect, amount in self.lying[:_PLACES]:
                text = self.hours(use + effect) + (f" · {self.money(amount)}" if amount else "")
                bars.append(charts.Bar(self.name(names), use, effect, text))
            rest = self.lying[_PLACES:]
            if rest:
                use, effect = sum(r[2] for r in rest), sum(r[3] for r in rest)
                bars.append(charts.Bar(self.say("others"), use, effect, self.hours(use + effect)))
            told = "; ".join(f"{b.label} {b.text}" for b in bars)
            words = (self.say("by_use"), self.say("by_effect"))
            yield Chart(charts.missing(bars, words=words, font=self.font), self.say("potential_alt", list=told))
        else:
            yield Text(self.say("potential_none"))
        unsaid = [p for p in self.pools if p.missing is None]
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
                    self.name(d.names),
                    level_names(d.level).text(self.language),
                    self.say("of", n=d.acknowledged, all=d.units),
                    self.say("of", n=d.executed, all=d.units),
                    str(d.weeks),
                    self.say(f"word_{d.word}", day=figures.day(d.reversed, self.language)),
                )
                for d in self.decisions
            ),
            figures=(4,),
            widths=(4, 0.8, 1.4, 1.4, 1, 1.4),
        )
        done = [d for d in self.decisions if d.word == Word.EXECUTED.value]
        if done and self.lying:
            places = self._list([self.name(row[1]) for row in self.lying if row[2]])
            if places:
                names = self._list([self.name(d.names) for d in done])
                yield Text(self.say("executed_yet", list=names, places=places))

    def _maturity(self) -> Iterator[Block]:
        for each in self.statement.maturity:
            if each.place != self.statement.organisation or self.system not in ("", each.system):
                continue
            axes = {a.name: self.say("unknown") if a.score is None else f"{round(a.score)}" for a in each.axes}
            single = each.level.isdigit()
            line = self.say(
                "maturity_line",
                system=self._system(each.system),
                level=each.level or self.say("unknown"),
                name=f" ({self.name(LEVELS[int(each.level)])})" if single else "",
                capability=axes.get(Axis.CAPABILITY.value, self.say("unknown")),
                heritage=axes.get(Axis.HERITAGE.value, self.say("unknown")),
            )
            if each.held_by:
                line += self.say("held_by", list=self._list([self._indicator(i) for i in each.held_by]))
            yield Text(line)

    def _break_even(self) -> Iterator[Block]:
        """The digital share against what a second way costs; drawn where its course is known."""
        for even in (each for each in self.statement.break_even if self.system in ("", each.system)):
            share = self.say("never") if even.share is None else self.percent(even.share)
            told = self.say(
                "break_even",
                system=self.name(even.names),
                money=self.money(even.parallel),
                share=share,
                now=self.percent(even.now),
            )
            yield Heading(self.say("break_even_title"))
            yield Text(told)
            if len(even.course) > 1:
                labels = [figures.short_week(week, self.language) for week, _ in even.course]
                words = (self.say("digital_share"), self.say("pays_from", share=share))
                svg = charts.course(even.course, line=even.share, words=words, labels=labels, font=self.font)
                yield Chart(svg, told)

    def _points(self) -> Iterator[str]:
        """What to decide, what weighs most first."""
        for d in self.decisions:
            if d.word == Word.STUCK.value:
                yield self.say(
                    "decide_stuck",
                    name=self.name(d.names),
                    received=d.acknowledged,
                    all=d.units,
                    done=d.executed,
                    weeks=d.weeks,
                )
        yield from (text for _, text in sorted(self._of_places(), key=lambda point: -point[0]))
        freed = sum(b.freed or 0 for b in self.benefits if b.account == Kind.REDISTRIBUTION.value)
        if freed:
            yield self.say("decide_freed", hours=self.hours(freed))
        ended = [b for b in self.benefits if b.word in (Status.NOT_ACHIEVED.value, Status.PARTLY.value)]
        if ended:
            yield self.say("decide_ended", n=len(ended), list=self._list([self._label(b) for b in ended]))
        lacking = [b for b in self.benefits if b.lacks]
        if lacking:
            yield self.say("decide_owner", n=len(lacking), list=self._list([self._label(b) for b in lacking]))
        unconfirmed = [b for b in self.benefits if b.why_no_money == UNCONFIRMED]
        if unconfirmed:
            yield self.say("decide_minutes", n=len(unconfirmed))

    def _of_places(self) -> Iterator[tuple[int, str]]:
        """What to decide about the places that most depends on, with its hours."""
        floor = 0.05 * sum(row[2] + row[3] for row in self.lying)
        for place, names, use, effect, _ in self.lying[:4]:
            pools = [p for p in self.pools if p.place == place and p.missing]
            if use + effect < floor:
                continue
            if use >= effect:
                main = max(pools, key=lambda p: p.use_missing or 0)
                amounts = [p.amount_missing for p in pools]
                amount = None if None in amounts else sum(a for a in amounts if a is not None)
                yield (
                    use + effect,
                    self.say(
                        "decide_use",
                        place=self.name(names),
                        share=self.percent(main.share),
                        target=self.percent(main.share_target),
                        hours=self.hours(use + effect),
                        money=self.worth(amount),
                    ),
                )
            else:
                main = max(pools, key=lambda p: p.effect_missing or 0)
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
            tuple(self._row(b) for b in self.benefits),
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

    def _row(self, b: Benefit) -> tuple[str, ...]:
        p = b.plan
        plan = f"{self._figure(p.baseline)} → {self._figure(p.target)} {self._measure(b)}"
        ahead = "–"
        if b.ahead and b.ahead.complete:
            ahead = self.say("result", n=self.percent(b.ahead.expected / 10))
        elif b.ahead:
            ahead = f"{round(b.ahead.low / 10)}–{self.percent(b.ahead.high / 10)}"
        return (
            self.name(p.names),
            self.name(b.unit_names),
            p.owner or self.say("no_owner"),
            plan,
            figures.day(p.due, self.language),
            self.percent(None if b.realised is None else b.realised / 10),
            ahead,
            self.name(WORDS[Status(b.word)]),
        )

    def _figure(self, thousandths: int | None) -> str:
        return "–" if thousandths is None else figures.decimal(thousandths, self.language)

    def _measure(self, b: Benefit) -> str:
        measure = Measure(b.plan.measure)
        return self.name(MEASURES[measure]) if measure in MEASURES else b.plan.unit_of_measure

    def _cautions(self) -> Iterator[Block]:
        flagged = [(b, [self.say(f"flag_{f}") for f in b.flags if has_words(f"flag_{f}")]) for b in self.benefits]
        told = [f"{self._label(b)}: {', '.join(flags)}." for b, flags in flagged if flags]
        if told:
            yield Heading(self.say("flags"), 3)
            yield Text(" ".join(told), "small")
        rows = []
        for b in self.benefits:
            for c in b.changes:
                field = self.say(f"field_{c.field}") if has_words(f"field_{c.field}") else c.field
                before, after = (self._changed(c.field, each) for each in (c.before, c.after))
                what = self.say("change", field=field, before=before, after=after)
                rows.append((figures.day(c.day, self.language), self._label(b), what))
        if rows:
            yield Heading(self.say("changes"), 3)
            yield Table(
                (self.say("day"), self.say("benefit"), self.say("what")), tuple(sorted(rows)), widths=(1.2, 3, 4)
            )

    def _changed(self, field: str, value: str) -> str:
        if field in ("baseline", "target") and value.lstrip("-").isdigit():
            return self._figure(int(value))
        return value or "–"

    def _hours(self) -> Iterator[Block]:
        if not self.pools:
            return
        yield Heading(self.say("hours_table"))
        several = len({self.name(p.names) for p in self.pools}) < len(self.pools)
        yield Table(
            tuple(
                map(
                    self.say,
                    ("unit", "case_type", "share", "promised", "freed_short", "use_short", "effect_short", "value"),
                )
            ),
            tuple(
                (
                    self.name(p.names),
                    self.name(p.case_type_names) if several or p.case_type else "",
                    *(
                        (
                            f"{p.share} → {self.percent(p.share_target)}",
                            self.hours(p.promised),
                            self.hours(p.freed),
                            self.hours(p.use_missing),
                            self.hours(p.effect_missing),
                            self.money(p.amount_missing or None),
                        )
                        if p.share is not None
                        else (self.say(f"why_{p.why}") if has_words(f"why_{p.why}") else p.why, *["–"] * 5)
                    ),
                )
                for p in self.pools
            ),
            figures=(3, 4, 5, 6, 7),
            widths=(2.1, 2.1, 1.7, 1.1, 1.1, 1.2, 1.2, 1.7),
        )
        sources = sorted({(p.hourly_cost, p.hourly_cost_source) for p in self.pools if p.hourly_cost is not None})
        said = [self.say("cost_source", money=self.money(cost), source=source) for cost, source in sources if cost]
        if said:
            yield Text(" ".join(said), "small")

    def _accounts(self) -> Iterator[Block]:
        if self.system and len(self.statement.systems) > 1:
            return
        rows = [
            (
                self.say(f"account_{b.account}"),
                self.hours(b.hours) if b.account != Kind.AVOIDED_PURCHASE.value else "–",
                self.money(b.amount) if b.amount else "–",
                self.say("withheld", n=len(b.withheld)) if b.withheld else "",
            )
            for b in self.statement.booked
        ]
        if rows:
            yield Heading(self.say("accounts"))
            titles = (self.say("account"), self.say("hours"), self.say("amount"), "")
            yield Table(titles, tuple(rows), figures=(1, 2), widths=(2, 1.3, 1.7, 4))

    def _members(self) -> Iterator[Block]:
        for each in self.statement.maturity:
            if not each.members or self.system not in ("", each.system):
                continue
            yield Heading(f"{self.say('members')}: {self._system(each.system)}")
            rows = []
            for score in each.dimensions:
                inside = [m for m in each.members if m.dimension == score.name]
                for n, m in enumerate(inside):
                    total = "–" if score.score is None else f"{round(score.score)}"
                    rows.append(
                        (
                            f"{self.name(DIMENSIONS[Dimension(score.name)])}: {total}" if n == 0 else "",
                            self._indicator(m.indicator),
                            self.name(AXES[Axis(m.axis)]) if m.axis else "",
                            str(m.weight),
                            "–" if m.value is None else f"{m.value:.0f}",
                            self.say(f"missing_{m.missing}") if m.missing else f"{m.score:.0f}",
                        )
                    )
            titles = (self.say("dimension"), self.say("indicator"), "", *map(self.say, ("weight", "figure", "score")))
            yield Table(titles, tuple(rows), figures=(3, 4, 5), widths=(2.2, 2.6, 1.7, 0.7, 0.8, 1.1))

    def _surveys(self) -> Iterator[Block]:
        rows = [
            (f"{s.name} {s.year}", name, str(score), s.source)
            for s in self.statement.surveys
            for name, score in sorted(s.scores.items())
        ]
        if rows:
            yield Heading(self.say("surveys"))
            yield Table(("", "", self.say("score"), ""), tuple(rows), figures=(2,), widths=(2, 2, 0.8, 4))

    def _compared(self) -> Iterator[Block]:
        """Funnels instead of rankings: a drawing with the places beyond chance, and every place in a table."""
        own = self.statement.organisation
        every = [c for c in self.statement.compared if self.system in ("", c.system)]
        for n, c in enumerate(every):
            if n == 0:
                yield Heading(self.say("compared"))
                yield Text(self.say("compared_note"), "small")
            about = {"indicator": self._indicator(c.indicator), "system": self._system(c.system)}
            level = self.say("level_whole") if c.level == WHOLE else c.level
            yield Heading(self.say("compared_level", level=level.replace("#", self.say("level_depth")), **about), 3)
            apart = [p for p in c.points if p.word != "inside"]
            names = self._list([self.name(p.names) for p in apart])
            told = self.say("compared_apart", n=len(apart), all=len(c.points), list=names) if apart else ""
            told = told or self.say("compared_alike", all=len(c.points))
            yield Text(told)
            marked = [
                charts.Place(self.name(p.names), p.value, p.n, p.word != "inside", p.unit == own) for p in c.points
            ]
            words = (self.say("behind"), self.say("centre", share=self.percent(c.centre)))
            yield Chart(charts.funnel(marked, centre=c.centre, limits=c.limits, words=words, font=self.font), told)
            yield Table(
                tuple(map(self.say, ("unit", "figure", "behind", "where"))),
                tuple(
                    (self.name(p.names), self.percent(p.value), f"≥ {p.n}", self.say(f"where_{p.word}"))
                    for p in c.points
                ),
                figures=(1, 2),
                widths=(4, 1, 2, 1.6),
            )

    def _definitions(self) -> Iterator[Block]:
        yield Heading(self.say("definitions"))
        for name in ("def_realised", "def_words", "def_hours", "def_rounding"):
            yield Text(self.say(name), "small")
        models = {m.model for m in self.statement.maturity}
        for model in sorted(models):
            yield Text(self.say("def_maturity", version=model), "small")
        used = {b.plan.adoption for b in self.benefits} | {b.plan.indicator for b in self.benefits}
        used |= {m.indicator for each in self.statement.maturity for m in each.members if m.value is not None}
        for indicator in sorted(used & set(self.statement.definitions)):
            each = self.statement.definitions[indicator]
            yield Text(
                self.say(
                    "definition_line",
                    title=self.name(each.title),
                    version=each.version,
                    question=self.name(each.question),
                ),
                "small",
            )

    # words

    def _system(self, system: str) -> str:
        return self.name(self.statement.systems.get(system, Names.of(system)))

    def _indicator(self, indicator: str) -> str:
        own = f"own_{indicator.replace('-', '_')}"
        if has_words(own):
            return self.say(own)
        each = self.statement.definitions.get(indicator)
        return self.name(each.title) if each else indicator

    def _list(self, names: Sequence[str], most: int = 4) -> str:
        kept = list(dict.fromkeys(names))
        return ", ".join(kept[:most]) + (self.say("and_more") if len(kept) > most else "")
