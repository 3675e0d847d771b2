"""Through which channels people ask for support, over time, and what a steering of them changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from nytta.disclosure.published.values import OpenStore
from nytta.surfaces.console import charts, queries
from nytta.surfaces.console.figure_texts import day, figure_text, percent_sign
from nytta.surfaces.console.pages.trends import Figure, events, is_clear
from nytta.surfaces.console.parts import Chart, Speaker, Table
from nytta.surfaces.console.readings import Reading

MIX = "ticket-channel-mix"
"""The indicator whose parts are the channels."""

STEERED = "steering_changed"
"""Milestones that are meant to move people between channels."""


class _Channel(NamedTuple):
    """A channel's figures: of the week that is shown, before the steering (None where none was shown), by week."""

    name: str
    current: Figure
    earlier: Figure | None
    by_week: Mapping[date, Figure]


def channel_mix(
    store: OpenStore, reading: Reading, unit: str, system: str, language: str
) -> Chart | None:
    """The mix of channels of a unit in the weeks that are shown; None where fewer than two channels are."""
    definition = reading.definitions.get(MIX)
    if definition is None:
        return None
    say, weeks = Speaker(language), reading.weeks
    figures_by_part = queries.parts_over_time(
        store, MIX, definition.version, unit, system, weeks[0]
    )
    while len(weeks) > 1 and not any(weeks[0] in figures for figures in figures_by_part.values()):
        weeks = weeks[1:]
    begun, steering = _steered(reading, unit, system, weeks[0], language)
    channels = [
        _Channel(
            say(f"channel_{part}"),
            figures[reading.week],
            _figure_before(figures, weeks, begun),
            figures,
        )
        for part, figures in figures_by_part.items()
        if reading.week in figures and any(figure["value"] for figure in figures.values())
    ]
    if len(channels) < 2:
        return None
    channels.sort(key=lambda channel: -channel.current["value"])
    gained = max(filter(_clearly_rose, channels), key=_rise, default=None)
    lost = min(filter(_clearly_fell, channels), key=_rise, default=None)

    def words_of(figure: Figure | None) -> str:
        return figure_text(figure, definition, language).text if figure else "–"

    finding = _finding(say, words_of, channels, reading.system_names(system).text(language))
    if steering and gained:
        finding = _moved(say, words_of, steering, gained, lost)
    earlier_heading = (
        say("col_before_steering", what=steering) if steering else say("col_first_shown")
    )
    rows = tuple(
        (channel.name, words_of(channel.earlier), words_of(channel.current)) for channel in channels
    )
    return Chart(
        f"{system}-channels",
        finding,
        say("channels_title", unit=reading.unit_names(unit).text(language)),
        finding,
        charts.shares(
            weeks,
            [_line(channel, weeks, gained, lost) for channel in channels],
            events(reading, unit, system, language),
            say("week_letter"),
            percent_sign(language),
        ),
        Table(
            say("channels_caption"),
            (say("col_channel"), earlier_heading, say("col_now")),
            rows,
            (1, 2),
        ),
        say("channels_note", n=definition.window_weeks, version=definition.version),
    )


def _line(
    channel: _Channel, weeks: list[date], gained: _Channel | None, lost: _Channel | None
) -> charts.Line:
    role = "gained" if channel is gained else "lost" if channel is lost else "other"
    shares = [channel.by_week[week]["value"] if week in channel.by_week else None for week in weeks]
    return charts.Line(channel.name, shares, role)


def _steered(
    reading: Reading, unit: str, system: str, first_day: date, language: str
) -> tuple[date, str]:
    """The day and the name of the last steering of channels since `first_day`; that day itself and '' without one."""
    above = {"", unit, reading.root}
    steerings = [
        (milestone.date, f"{milestone.names.text(language)}, {day(milestone.date, language)}")
        for milestone in reading.registry.milestones
        if milestone.what == STEERED
        and milestone.system in ("", system)
        and milestone.unit in above
        and first_day < milestone.date <= reading.day
    ]
    return max(steerings, default=(first_day, ""))


def _figure_before(figures: Mapping[date, Figure], weeks: list[date], begun: date) -> Figure | None:
    """The last figure before a day, or the first week's; None where that is not shown."""
    earlier_weeks = [week for week in weeks if (begun - week).days >= 7] or weeks[:1]
    return next((figures[week] for week in reversed(earlier_weeks) if week in figures), None)


def _finding(
    say: Speaker, words_of: Callable[[Figure], str], channels: Sequence[_Channel], system_name: str
) -> str:
    """Which channel is the most common, or which ones may be; `channels` are in the order of their shares."""
    most, second = channels[:2]
    if _is_clearly_above(most.current, second.current):
        return say("channels_now", most=most.name, system=system_name, share=words_of(most.current))
    leading = [
        channel for channel in channels if channel.current["value"] >= second.current["value"]
    ]
    shares = ", ".join(f"{channel.name} {words_of(channel.current)}" for channel in leading)
    return say("channels_close", list=shares, system=system_name)


def _moved(
    say: Speaker,
    words_of: Callable[[Figure | None], str],
    steering: str,
    gained: _Channel,
    lost: _Channel | None,
) -> str:
    """What a steering of channels was followed by: the channel that gained, and the one that lost where one did."""
    moves = {"what": steering}
    for role, channel in (("gained", gained), ("lost", lost)):
        if channel is not None:
            before, after = words_of(channel.earlier), words_of(channel.current)
            moves |= {role: channel.name, f"{role}_before": before, f"{role}_now": after}
    return say("channels_moved" if lost else "channels_gained", **moves)


def _is_clearly_above(figure: Figure, other: Figure) -> bool:
    """Whether two intervals do not meet: of parts of one whole one is low where another is high, so that the interval
    of their difference is wider than that of independent figures."""
    low, high = figure["low"], other["high"]
    return bool(figure["value"] > other["value"] and (low is None or high is None or low > high))


def _rise(channel: _Channel) -> float:
    return float(channel.current["value"] - channel.earlier["value"]) if channel.earlier else 0.0


def _clearly_rose(channel: _Channel) -> bool:
    return _rise(channel) >= _MOVED and is_clear(channel.earlier, channel.current)


def _clearly_fell(channel: _Channel) -> bool:
    return -_rise(channel) >= _MOVED and is_clear(channel.earlier, channel.current)


_MOVED = 5.0
"""Points that a channel must have gained or lost for it to be said."""
