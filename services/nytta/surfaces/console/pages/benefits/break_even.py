"""Shares from which a system pays that is used beside an older way, as charts."""

from __future__ import annotations

from collections.abc import Iterator

from nytta.insight.benefits.statement import BreakEven, Statement
from nytta.surfaces.console import charts
from nytta.surfaces.console.figure_texts import percent_sign, short_week
from nytta.surfaces.console.parts import Chart, Speaker, Table
from nytta.surfaces.reports import figures
from nytta.surfaces.reports import words as report_words


def break_even_charts(last_statement: Statement, say: Speaker, system: str) -> Iterator[Chart]:
    """The digital share over time against the share from which two ways pay."""
    # one week is no course
    drawn = [
        even
        for even in last_statement.break_even
        if system in ("", even.system) and len(even.course) > 1
    ]
    for number, even in enumerate(drawn):
        yield _break_even_chart(even, last_statement.currency, say, f"break-even-{number}")


def _break_even_chart(even: BreakEven, currency: str, say: Speaker, chart_id: str) -> Chart:
    language = say.language
    system_name = even.names.text(language)
    never = report_words.say("never", language)
    share = never if even.share is None else figures.percent(even.share, language)
    money = figures.money(even.parallel, currency, language)
    finding = report_words.say(
        "break_even",
        language,
        system=system_name,
        money=money,
        share=share,
        now=figures.percent(even.now, language),
    )
    digital_share = report_words.say("digital_share", language)
    spec = charts.trend(
        charts.Trend(
            [charts.Point(week_start, value) for week_start, value in even.course],
            digital_share,
            aim=even.share,
            aim_name=report_words.say("pays_from", language, share=share),
            unit=percent_sign(language),
            week_letter=say("week_letter"),
        )
    )
    cost_rows = ((say("two_ways_cost"), money), (say("pays_from"), share))
    # the latest week first, as in every table of weeks
    week_rows = tuple(
        (short_week(week_start, language), figures.percent(week_share, language))
        for week_start, week_share in reversed(even.course)
    )
    title = f"{report_words.say('break_even_title', language)} {system_name}"
    table = Table(title, (say("col_week"), digital_share), cost_rows + week_rows, (1,))
    return Chart(chart_id, finding, title, finding, spec, table)
