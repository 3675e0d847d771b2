"""The first two pages of a report: how far the benefits have come, what is not realised, and what to decide."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nytta.insight.benefits.decided import Word
from nytta.insight.benefits.forecast import WORDS, Status
from nytta.insight.benefits.maturity import LEVELS, Axis
from nytta.insight.benefits.stated_benefit import UNCONFIRMED
from nytta.insight.benefits.statement import (
    Benefit,
    BreakEven,
    Maturity,
    share_of_all,
    worth_of_all,
)
from nytta.registry.programme import Kind, level_names
from nytta.surfaces.reports import charts, figures
from nytta.surfaces.reports.content import Content, UnrealisedPlace
from nytta.surfaces.reports.document import Block, Break, Chart, Heading, Items, Table, Text, Tiles

_DRAWN = 18
"""Most benefits in the chart of progress."""
_PLACES = 8
"""Most places in the chart of unrealised hours."""
_DECIDED = 6
"""Most points to decide."""
_PLACES_DECIDED = 4
"""Most places about which there is something to decide."""
_WORTH_DECIDING = 0.05
"""Of all unrealised hours, the share from which a place is worth a decision."""

_GOOD = (Status.ON_TRACK, Status.ACHIEVED)
_WATCH = (Status.AT_RISK, Status.PARTLY)
_BAD = (Status.OFF_TRACK, Status.NOT_ACHIEVED)


def blocks(content: Content) -> Iterator[Block]:
    """Both pages."""
    yield from _progress_page(content)
    yield from _decision_page(content)


def _progress_page(content: Content) -> Iterator[Block]:
    say = content.say
    if not content.benefits:
        yield Text(say("nothing"), "lead")
        return
    yield Text(_lead(content), "lead")
    yield Tiles(tuple(_tiles(content)))
    yield Heading(say("progress"))
    yield from _progress(content)


def _lead(content: Content) -> str:
    """How many benefits are where, and what is not realised."""
    say = content.say
    status_words = [Status(benefit.word) for benefit in content.benefits]
    early = sum(status_word is Status.TOO_EARLY for status_word in status_words)
    lead_text = say(
        "lead",
        good=sum(status_word in _GOOD for status_word in status_words),
        all=len(status_words),
        watch=sum(status_word in _WATCH for status_word in status_words),
        bad=sum(status_word in _BAD for status_word in status_words),
        early=say("early", n=early) if early else "",
    )
    hours = sum(place.hours for place in content.unrealised)
    if hours:
        # money stands there only where all of it is known
        money = "" if _is_partly_priced(content) else content.worth(_priced(content))
        lead_text += say("lead_missing", hours=content.hours(hours), money=money)
    return lead_text


def _priced(content: Content) -> int:
    """The worth of the unrealised hours whose minutes are confirmed."""
    return sum(place.amount or 0 for place in content.unrealised)


def _is_partly_priced(content: Content) -> bool:
    return any(place.amount is None for place in content.unrealised)


def _tiles(content: Content) -> Iterator[tuple[str, str, str]]:
    say, benefits = content.say, content.benefits
    good = sum(Status(benefit.word) in _GOOD for benefit in benefits)
    planned = sum(not benefit.lacks for benefit in benefits)
    yield (
        say("benefits"),
        f"{good} / {len(benefits)}",
        say("planned", n=planned, all=len(benefits)),
    )
    freed = sum(benefit.freed or 0 for benefit in benefits)
    yield (say("freed"), content.hours(freed), _freed_note(content))
    hours = sum(place.hours for place in content.unrealised)
    yield (say("missing"), content.hours(hours), _missing_note(content, hours))
    # purchases and costs are told only where there are any: most organisations have neither
    avoided = [benefit.avoided for benefit in benefits if benefit.avoided is not None]
    if avoided:
        yield (say("avoided"), content.money(sum(avoided)), "")
    spent = sum(
        amount for system, amount in content.statement.spent.items() if content.is_about(system)
    )
    if spent:
        yield (say("spent"), content.money(spent), say("spent_note"))


def _freed_note(content: Content) -> str:
    """Whether any of the freed hours is money that was saved."""
    financial = [benefit for benefit in content.benefits if benefit.account == Kind.FINANCIAL.value]
    if not financial:
        return content.say("freed_as")
    hours = sum(benefit.freed or 0 for benefit in financial)
    worth = sum(benefit.amount or 0 for benefit in financial)
    return content.say("freed_financial", hours=content.hours(hours), money=content.money(worth))


def _missing_note(content: Content, hours: int) -> str:
    amount = _priced(content)
    if amount:
        key = "missing_partly" if _is_partly_priced(content) else "missing_worth"
        return content.say(key, money=content.money(amount))
    return content.say("missing_unpriced") if hours else ""


def _progress(content: Content) -> Iterator[Block]:
    say = content.say
    progress_rows = [_progress_row(content, benefit) for benefit in _drawn_benefits(content)]
    if progress_rows:
        row_texts = "; ".join(
            f"{progress_row.label} {content.percent(progress_row.now)} ({progress_row.status})"
            for progress_row in progress_rows
        )
        legend_words = (say("now"), say("forecast"), say("promise"))
        drawing = charts.progress(
            progress_rows, legend_words=legend_words, font=content.font, language=content.language
        )
        yield Chart(drawing, say("progress_alt", list=row_texts))
    yield Text(say("progress_note"), "small")
    if len(progress_rows) < len(content.benefits):
        yield Text(say("shown", n=len(progress_rows), all=len(content.benefits)), "small")


def _drawn_benefits(content: Content) -> list[Benefit]:
    """Benefits that were measured, in the order of the statement; where they are many, those that go worst."""
    measured = [benefit for benefit in content.benefits if benefit.points]
    if len(measured) <= _DRAWN:
        return measured

    def promise(benefit: Benefit) -> tuple[float, str]:
        return (benefit.ahead.expected if benefit.ahead else benefit.realised or 0, benefit.id)

    # those that go worst are what a steering group can do something about
    worst = sorted(measured, key=promise)[:_DRAWN]
    return [benefit for benefit in measured if benefit in worst]


def _progress_row(content: Content, benefit: Benefit) -> charts.Row:
    realised = None if benefit.realised is None else benefit.realised / 10
    status = content.name(WORDS[Status(benefit.word)])
    return charts.Row(content.label(benefit), realised, *_forecast(benefit), status)


def _forecast(benefit: Benefit) -> tuple[float | None, float | None, float | None]:
    """The forecast's interval with its middle; past the due date, the result."""
    ahead = benefit.ahead
    if ahead is None:
        return None, None, None
    if ahead.complete:
        return ahead.expected / 10, ahead.expected / 10, ahead.expected / 10
    return ahead.low / 10, ahead.expected / 10, ahead.high / 10


def _decision_page(content: Content) -> Iterator[Block]:
    say = content.say
    yield Heading(say("potential"))
    yield _unrealised_block(content)
    unknown = [pool for pool in content.pools if pool.missing is None]
    note = say("potential_note")
    if unknown:
        note += " " + say("unsaid", n=len(unknown), all=len(content.pools))
    yield Text(note, "small")
    yield Break()
    yield Heading(say("decisions"))
    yield from _decisions(content)
    yield Heading(say("maturity"))
    yield from _maturity(content)
    for even in content.statement.break_even:
        if content.is_about(even.system):
            yield from _break_even(content, even)
    yield from _transactions(content)
    yield Heading(say("decide"))
    points = tuple(_points(content))[:_DECIDED]
    yield Items(points) if points else Text(say("decide_none"))


def _unrealised_block(content: Content) -> Block:
    """The places with most unrealised hours as bars, all others as one."""
    say = content.say
    if not content.unrealised:
        return Text(say("potential_none"))
    bars = []
    for place in content.unrealised[:_PLACES]:
        money = f" · {content.money(place.amount)}" if place.amount else ""
        place_text = content.hours(place.hours) + money
        bars.append(
            charts.Bar(content.name(place.names), place.by_use, place.by_effect, place_text)
        )
    # together, so that the bars add up to the figure above
    others = content.unrealised[_PLACES:]
    if others:
        by_use = sum(place.by_use for place in others)
        by_effect = sum(place.by_effect for place in others)
        bars.append(charts.Bar(say("others"), by_use, by_effect, content.hours(by_use + by_effect)))
    bar_texts = "; ".join(f"{bar.label} {bar.text}" for bar in bars)
    drawing = charts.missing(
        bars, legend_words=(say("by_use"), say("by_effect")), font=content.font
    )
    return Chart(drawing, say("potential_alt", list=bar_texts))


def _decisions(content: Content) -> Iterator[Block]:
    say = content.say
    if not content.decisions:
        yield Text(say("no_decisions"))
        return
    decision_rows = []
    for decision in content.decisions:
        reversed_day = figures.day(decision.reversed, content.language)
        decision_rows.append(
            (
                content.name(decision.names),
                level_names(decision.level).text(content.language),
                say("of", n=decision.acknowledged, all=decision.units),
                say("of", n=decision.executed, all=decision.units),
                str(decision.weeks),
                say(f"word_{decision.word}", day=reversed_day),
            )
        )
    heads = content.heads("decision", "level", "acknowledged", "executed", "age", "standing")
    yield Table(heads, tuple(decision_rows), figures=(4,), widths=(3.2, 1.8, 1.2, 1.2, 1, 1.4))
    # a decision that is executed everywhere, and hours that wait for use all the same: it was not enough
    executed = [decision for decision in content.decisions if decision.word == Word.EXECUTED.value]
    places = [content.name(place.names) for place in content.unrealised if place.by_use]
    if executed and places:
        names = content.listed([content.name(decision.names) for decision in executed])
        yield Text(say("executed_yet", list=names, places=content.listed(places)))


def _maturity(content: Content) -> Iterator[Block]:
    for maturity in content.statement.maturity:
        if maturity.place == content.statement.organisation and content.is_about(maturity.system):
            yield Text(_maturity_line(content, maturity))


def _maturity_line(content: Content, maturity: Maturity) -> str:
    say = content.say
    unknown = say("unknown")
    scores = {
        axis.name: unknown if axis.score is None else f"{round(axis.score)}"
        for axis in maturity.axes
    }
    # between two levels a unit bears the name of neither
    level_name = (
        f" ({content.name(LEVELS[int(maturity.level)])})" if maturity.level.isdigit() else ""
    )
    maturity_line = say(
        "maturity_line",
        system=content.system_name(maturity.system),
        level=maturity.level or unknown,
        name=level_name,
        capability=scores.get(Axis.CAPABILITY.value, unknown),
        heritage=scores.get(Axis.HERITAGE.value, unknown),
    )
    if maturity.held_by:
        indicators = [content.indicator_name(indicator) for indicator in maturity.held_by]
        maturity_line += say("held_by", list=content.listed(indicators))
    return maturity_line


def _break_even(content: Content, even: BreakEven) -> Iterator[Block]:
    """The digital share against what a second way costs; drawn where its course is known."""
    say = content.say
    share = say("never") if even.share is None else content.percent(even.share)
    sentence = say(
        "break_even",
        system=content.name(even.names),
        money=content.money(even.parallel),
        share=share,
        now=content.percent(even.now),
    )
    yield Heading(say("break_even_title"))
    yield Text(sentence)
    # one week is no course
    if len(even.course) > 1:
        drawing = charts.course(
            even.course,
            break_even=even.share,
            legend_words=(say("digital_share"), say("pays_from", share=share)),
            labels=[figures.short_week(week, content.language) for week, _share in even.course],
            font=content.font,
            language=content.language,
        )
        yield Chart(drawing, sentence)


def _transactions(content: Content) -> Iterator[Block]:
    """What a completed case costs, of each system whose service costs the registry knows."""
    transactions = [
        transaction
        for transaction in content.statement.transactions
        if content.is_about(transaction.system)
    ]
    if transactions:
        yield Heading(content.say("cost_per_case_title"))
    for transaction in transactions:
        sentence = content.say(
            "cost_per_case",
            system=content.name(transaction.names),
            cases=figures.whole_number(transaction.cases, content.language),
            cost=content.money(transaction.cost),
            each=content.money(transaction.per_case),
        )
        yield Text(sentence)


def _points(content: Content) -> Iterator[str]:
    """What to decide, what weighs most first."""
    yield from _stuck_points(content)
    # a place of which one case type is told counts by the hours of that one
    weighed_points = [
        point
        for place in content.unrealised[:_PLACES_DECIDED]
        for point in _place_points(content, place)
    ]
    for _hours, text in sorted(weighed_points, key=lambda point: -point[0]):
        yield text
    yield from _benefit_points(content)


def _stuck_points(content: Content) -> Iterator[str]:
    for decision in content.decisions:
        if decision.word == Word.STUCK.value:
            yield content.say(
                "decide_stuck" if decision.executed else "decide_stuck_none",
                name=content.name(decision.names),
                received=decision.acknowledged,
                all=decision.units,
                done=decision.executed,
                weeks=decision.weeks,
            )


def _place_points(content: Content, place: UnrealisedPlace) -> Iterator[tuple[int, str]]:
    """What to decide about a place on which much depends, with its hours."""
    all_hours = sum(other.hours for other in content.unrealised)
    if place.hours < _WORTH_DECIDING * all_hours:
        return
    own_pools = [pool for pool in content.pools if pool.place == place.id]
    pools = [pool for pool in own_pools if pool.missing]
    # what weighs more decides what is asked for
    if place.by_use >= place.by_effect:
        main = max(pools, key=lambda pool: pool.use_missing or 0)
        point_text = content.say(
            "decide_use",
            place=content.name(place.names),
            share=content.percent(share_of_all(own_pools)),
            target=content.percent(main.share_target),
            hours=content.hours(place.hours),
            money=content.worth(worth_of_all(pools)),
        )
        yield place.hours, point_text
    else:
        main = max(pools, key=lambda pool: pool.effect_missing or 0)
        point_text = content.say(
            "decide_effect",
            place=content.name(place.names),
            type=content.name(main.case_type_names),
            hours=content.hours(main.missing),
            money=content.worth(main.amount_missing),
        )
        yield main.missing or 0, point_text


def _benefit_points(content: Content) -> Iterator[str]:
    say = content.say

    def labels(benefits: Sequence[Benefit]) -> str:
        return content.listed([content.label(benefit) for benefit in benefits])

    redistributed = [
        benefit for benefit in content.benefits if benefit.account == Kind.REDISTRIBUTION.value
    ]
    freed = sum(benefit.freed or 0 for benefit in redistributed)
    if freed:
        yield say("decide_freed", hours=content.hours(freed))
    for status, key in ((Status.NOT_ACHIEVED, "decide_ended"), (Status.PARTLY, "decide_partly")):
        ended = [benefit for benefit in content.benefits if benefit.word == status.value]
        if ended:
            yield say(key, n=len(ended), list=labels(ended))
    lacking = [benefit for benefit in content.benefits if benefit.lacks]
    if lacking:
        yield say("decide_owner", n=len(lacking), list=labels(lacking))
    unconfirmed = [benefit for benefit in content.benefits if benefit.why_no_money == UNCONFIRMED]
    if unconfirmed:
        yield say("decide_minutes", n=len(unconfirmed))
