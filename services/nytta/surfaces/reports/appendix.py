"""The appendix of a report: the register, and everything on which its figures rest."""

from __future__ import annotations

from collections.abc import Iterator

from nytta.insight.benefits.benchmark import WHOLE
from nytta.insight.benefits.forecast import WORDS, Status
from nytta.insight.benefits.maturity import AXES, DIMENSIONS, Axis, Dimension
from nytta.insight.benefits.statement import Benefit, Change, Compared, Maturity, Member, Pool
from nytta.registry.programme import MEASURES, Kind, Measure
from nytta.surfaces.reports import charts, figures, words
from nytta.surfaces.reports.content import Content
from nytta.surfaces.reports.document import Block, Chart, Heading, Table, Text


def blocks(content: Content) -> Iterator[Block]:
    """The whole appendix."""
    yield Heading(content.say("appendix"), 1)
    yield from _register(content)
    yield from _cautions(content)
    yield from _hours(content)
    yield from _accounts(content)
    yield from _members(content)
    yield from _surveys(content)
    yield from _compared(content)
    yield from _definitions(content)


def _register(content: Content) -> Iterator[Block]:
    yield Heading(content.say("register"))
    yield Table(
        content.heads("benefit", "unit", "owner", "from_to", "due", "realised", "ahead", "status"),
        tuple(_register_row(content, benefit) for benefit in content.benefits),
        figures=(5, 6),
        widths=(2.5, 1.6, 1.6, 2.3, 1.45, 1.35, 1.5, 1.3),
    )


def _register_row(content: Content, benefit: Benefit) -> tuple[str, ...]:
    plan = benefit.plan
    measure = Measure(plan.measure)
    unit_of_measure = (
        content.name(MEASURES[measure]) if measure in MEASURES else plan.unit_of_measure
    )
    return (
        content.name(plan.names),
        content.name(benefit.unit_names),
        plan.owner or content.say("no_owner"),
        f"{content.decimal(plan.baseline)} → {content.decimal(plan.target)} {unit_of_measure}",
        figures.day(plan.due, content.language),
        content.percent(None if benefit.realised is None else benefit.realised / 10),
        _forecast(content, benefit),
        content.name(WORDS[Status(benefit.word)]),
    )


def _forecast(content: Content, benefit: Benefit) -> str:
    ahead = benefit.ahead
    if ahead is None:
        return "–"
    if ahead.complete:
        return content.say("result", n=content.percent(ahead.expected / 10))
    return f"{round(ahead.low / 10)}–{content.percent(ahead.high / 10)}"


def _cautions(content: Content) -> Iterator[Block]:
    """With which caution figures are to be read, and what was changed in the plans."""
    cautions = []
    for benefit in content.benefits:
        # flags of a later version have no words here, and are left out
        flag_keys = [
            key for key in (f"flag_{flag}" for flag in benefit.flags) if words.has_words(key)
        ]
        if flag_keys:
            flags = ", ".join(content.say(key) for key in flag_keys)
            cautions.append(f"{content.label(benefit)}: {flags}.")
    if cautions:
        yield Heading(content.say("flags"), 3)
        yield Text(" ".join(cautions), "small")
    changes = [
        (
            figures.day(change.day, content.language),
            content.label(benefit),
            _change(content, change),
        )
        for benefit in content.benefits
        for change in benefit.changes
    ]
    if changes:
        yield Heading(content.say("changes"), 3)
        yield Table(
            content.heads("day", "benefit", "what"), tuple(sorted(changes)), widths=(1.2, 3, 4)
        )


def _change(content: Content, change: Change) -> str:
    """What a plan said before and says now."""
    return content.say(
        "change",
        field=words.word_or(f"field_{change.field}", content.language, change.field),
        before=_field_value(content, change.field, change.before),
        after=_field_value(content, change.field, change.after),
    )


def _field_value(content: Content, field: str, field_text: str) -> str:
    # changes are kept as texts, figures of a plan in thousandths
    if field in ("baseline", "target") and field_text.lstrip("-").isdigit():
        return content.decimal(int(field_text))
    return field_text or "–"


def _hours(content: Content) -> Iterator[Block]:
    if not content.pools:
        return
    yield Heading(content.say("hours_table"))
    # where a unit has several pools, only the case type tells them apart
    has_several = len({content.name(pool.names) for pool in content.pools}) < len(content.pools)
    hour_rows = []
    for pool in content.pools:
        case_type = content.name(pool.case_type_names) if has_several or pool.case_type else ""
        hour_rows.append((content.name(pool.names), case_type, *_pool_hours(content, pool)))
    heads = content.heads(
        *("unit", "case_type", "share", "promised"),
        *("freed_short", "use_short", "effect_short", "value"),
    )
    yield Table(
        heads,
        tuple(hour_rows),
        figures=(3, 4, 5, 6, 7),
        widths=(2.1, 2.1, 1.7, 1.1, 1.1, 1.2, 1.2, 1.7),
    )
    costs = {
        (pool.hourly_cost, pool.hourly_cost_source)
        for pool in content.pools
        if pool.hourly_cost is not None
    }
    sentences = [
        content.say("cost_source", money=content.money(cost), source=source)
        for cost, source in sorted(costs)
        if cost
    ]
    if sentences:
        yield Text(" ".join(sentences), "small")


def _pool_hours(content: Content, pool: Pool) -> tuple[str, ...]:
    """The figures of a pool; in place of them why there are none."""
    if pool.share is None:
        reason = words.word_or(f"why_{pool.why}", content.language, pool.why)
        return (reason, *["–"] * 5)
    return (
        f"{pool.share} → {content.percent(pool.share_target)}",
        content.hours(pool.promised),
        content.hours(pool.freed),
        content.hours(pool.use_missing),
        content.hours(pool.effect_missing),
        content.money(pool.amount_missing or None),
    )


def _accounts(content: Content) -> Iterator[Block]:
    # what is booked is of the whole organisation, and belongs to no system alone
    if content.system and len(content.statement.systems) > 1:
        return
    account_rows = []
    for booked in content.statement.booked:
        has_hours = booked.account != Kind.AVOIDED_PURCHASE.value
        account_rows.append(
            (
                content.say(f"account_{booked.account}"),
                content.hours(booked.hours) if has_hours else "–",
                content.money(booked.amount) if booked.amount else "–",
                content.say("withheld", n=len(booked.withheld)) if booked.withheld else "",
            )
        )
    if account_rows:
        yield Heading(content.say("accounts"))
        heads = (*content.heads("account", "hours", "amount"), "")
        yield Table(heads, tuple(account_rows), figures=(1, 2), widths=(2, 1.3, 1.7, 4))


def _members(content: Content) -> Iterator[Block]:
    """The figures of which each dimension of maturity is made."""
    for maturity in content.statement.maturity:
        if not maturity.members or not content.is_about(maturity.system):
            continue
        yield Heading(f"{content.say('members')}: {content.system_name(maturity.system)}")
        heads = (
            *content.heads("dimension", "indicator"),
            "",
            *content.heads("weight", "figure", "score"),
        )
        rows = tuple(_member_rows(content, maturity))
        yield Table(heads, rows, figures=(3, 4, 5), widths=(2.2, 2.6, 1.7, 0.7, 0.8, 1.1))


def _member_rows(content: Content, maturity: Maturity) -> Iterator[tuple[str, ...]]:
    for score in maturity.dimensions:
        total = "–" if score.score is None else f"{round(score.score)}"
        title = f"{content.name(DIMENSIONS[Dimension(score.name)])}: {total}"
        for member in maturity.members:
            if member.dimension == score.name:
                yield title, *_member_cells(content, member)
                # a dimension is named once, above its first figure
                title = ""


def _member_cells(content: Content, member: Member) -> tuple[str, ...]:
    return (
        content.indicator_name(member.indicator),
        content.name(AXES[Axis(member.axis)]) if member.axis else "",
        str(member.weight),
        "–" if member.value is None else f"{member.value:.0f}",
        content.say(f"missing_{member.missing}") if member.missing else f"{member.score:.0f}",
    )


def _surveys(content: Content) -> Iterator[Block]:
    survey_rows = [
        (f"{survey.name} {survey.year}", name, str(score), survey.source)
        for survey in content.statement.surveys
        for name, score in sorted(survey.scores.items())
    ]
    if survey_rows:
        yield Heading(content.say("surveys"))
        yield Table(
            ("", "", content.say("score"), ""),
            tuple(survey_rows),
            figures=(2,),
            widths=(2, 2, 0.8, 4),
        )


def _compared(content: Content) -> Iterator[Block]:
    """Funnels instead of rankings: a drawing with the places beyond chance, and every place in a table."""
    comparisons = [
        comparison
        for comparison in content.statement.compared
        if content.is_about(comparison.system)
    ]
    if comparisons:
        yield Heading(content.say("compared"))
        yield Text(content.say("compared_note"), "small")
    for comparison in comparisons:
        yield from _comparison(content, comparison)


def _comparison(content: Content, comparison: Compared) -> Iterator[Block]:
    say = content.say
    level = say("level_whole") if comparison.level == WHOLE else comparison.level
    title = say(
        "compared_level",
        level=level.replace("#", say("level_depth")),
        indicator=content.indicator_name(comparison.indicator),
        system=content.system_name(comparison.system),
    )
    yield Heading(title, 3)
    sentence = _comparison_sentence(content, comparison)
    yield Text(sentence)
    # whoever cannot see the drawing hears the sentence that stands above it
    yield Chart(_funnel(content, comparison), sentence)
    comparison_rows = []
    for point in comparison.points:
        # n as a lower bound, which is all that is published of it
        position = say(f"where_{point.word}")
        comparison_rows.append(
            (content.name(point.names), content.percent(point.value), f"≥ {point.n}", position)
        )
    heads = content.heads("unit", "figure", "behind", "where")
    yield Table(heads, tuple(comparison_rows), figures=(1, 2), widths=(4, 1, 2, 1.6))


def _comparison_sentence(content: Content, comparison: Compared) -> str:
    apart = [content.name(point.names) for point in comparison.points if point.word != "inside"]
    if not apart:
        return content.say("compared_alike", all=len(comparison.points))
    return content.say(
        "compared_apart", n=len(apart), all=len(comparison.points), list=content.listed(apart)
    )


def _funnel(content: Content, comparison: Compared) -> str:
    funnel_places = [
        charts.Place(
            label=content.name(point.names),
            value=point.value,
            n=point.n,
            apart=point.word != "inside",
            mine=point.unit == content.statement.organisation,
        )
        for point in comparison.points
    ]
    centre_name = content.say("centre", share=content.percent(comparison.centre))
    return charts.funnel(
        funnel_places,
        centre=comparison.centre,
        limits=comparison.limits,
        axis_words=(content.say("behind"), centre_name),
        font=content.font,
        language=content.language,
    )


def _definitions(content: Content) -> Iterator[Block]:
    statement = content.statement
    yield Heading(content.say("definitions"))
    # what is the same in every report comes first, then what this one uses
    for key in ("def_realised", "def_words", "def_hours", "def_rounding"):
        yield Text(content.say(key), "small")
    for model in sorted({maturity.model for maturity in statement.maturity}):
        yield Text(content.say("def_maturity", version=model), "small")
    for indicator in sorted(_used_indicators(content) & set(statement.definitions)):
        definition = statement.definitions[indicator]
        definition_line = content.say(
            "definition_line",
            title=content.name(definition.title),
            version=definition.version,
            question=content.name(definition.question),
        )
        yield Text(definition_line, "small")


def _used_indicators(content: Content) -> set[str]:
    """The indicators on which a figure of this report rests."""
    of_benefits = {benefit.plan.indicator for benefit in content.benefits}
    of_use = {benefit.plan.adoption for benefit in content.benefits}
    of_maturity = {
        member.indicator
        for maturity in content.statement.maturity
        for member in maturity.members
        if member.value is not None
    }
    return of_benefits | of_use | of_maturity
