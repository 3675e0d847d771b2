"""Through which channels people ask for support, over time, and what a steering of them changed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from nytta.disclosure.published.values import OpenStore
from nytta.surfaces.console import charts, queries
from nytta.surfaces.console.figure_texts import day, number, percent_sign
from nytta.surfaces.console.pages.trends import events
from nytta.surfaces.console.parts import Chart, Speaker, Table
from nytta.surfaces.console.readings import Reading

MIX = "ticket-channel-mix"
"""The indicator whose parts are the channels."""

STEERED = "steering_changed"
"""Milestones that are meant to move people between channels."""


def channel_mix(store: OpenStore, reading: Reading, unit: str, system: str, language: str) -> Chart | None:
    """The mix of channels of a unit in the weeks that are shown; None where fewer than two channels are."""
    definition = reading.definitions.get(MIX)
    if definition is None:
        return None
    say, weeks = Speaker(language), reading.weeks
    parts_shown = queries.parts_over_time(store, MIX, definition.version, unit, system, weeks[0])
    while len(weeks) > 1 and not any(weeks[0] in values for values in parts_shown.values()):
        weeks = weeks[1:]
    parts_shown = {
        part: values for part, values in parts_shown.items() if reading.week in values and any(values.values())
    }
    if len(parts_shown) < 2:
        return None
    begun, steering = _steered(reading, unit, system, weeks[0], language)
    earlier = _level_before(parts_shown, weeks, begun)
    current = {part: values[reading.week] for part, values in parts_shown.items()}
    change = {part: current[part] - earlier[part] for part in current if part in earlier}
    gained = max(change, key=lambda part: change[part], default="")
    lost = min(change, key=lambda part: change[part], default="")
    lines = [
        charts.Line(
            say(f"channel_{part}"),
            [values.get(week) for week in weeks],
            "gained" if part == gained else "lost" if part == lost else "other",
        )
        for part, values in sorted(parts_shown.items(), key=lambda item: -current[item[0]])
    ]
    finding = _finding(say, current, earlier, gained, lost, steering)
    rows = tuple(
        (
            say(f"channel_{part}"),
            number(earlier.get(part), "percent", language),
            number(current[part], "percent", language),
        )
        for part in sorted(current, key=lambda part: -current[part])
    )
    earlier_heading = say("col_before_steering", what=steering) if steering else say("col_first_shown")
    return Chart(
        f"{system}-channels",
        finding,
        say("channels_title", unit=reading.unit_names(unit).text(language)),
        finding,
        charts.shares(
            weeks, lines, events(reading, unit, system, language), say("week_letter"), percent_sign(language)
        ),
        Table(say("channels_caption"), (say("col_channel"), earlier_heading, say("col_now")), rows, (1, 2)),
        say("channels_note", n=definition.window_weeks, version=definition.version),
    )


def _steered(reading: Reading, unit: str, system: str, first_day: date, language: str) -> tuple[date, str]:
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


def _level_before(parts_shown: Mapping[str, Mapping[date, float]], weeks: list[date], begun: date) -> dict[str, float]:
    """The last shares before a day, or the first that are shown."""
    earlier = [week for week in weeks if (begun - week).days >= 7] or weeks[:1]
    levels_before = {}
    for part, values in parts_shown.items():
        earlier_shares = [values[week] for week in reversed(earlier) if week in values]
        if earlier_shares:
            levels_before[part] = earlier_shares[0]
    return levels_before


def _finding(
    say: Speaker, current: Mapping[str, float], earlier: Mapping[str, float], gained: str, lost: str, steering: str
) -> str:
    def share(part: str, values: Mapping[str, float]) -> str:
        return number(values[part], "percent", say.language)

    most = max(current, key=lambda part: current[part])
    if not steering or not gained or current[gained] - earlier[gained] < _MOVED:
        return say("channels_now", most=say(f"channel_{most}"), share=share(most, current))
    return say(
        "channels_moved",
        what=steering,
        gained=say(f"channel_{gained}"),
        gained_before=share(gained, earlier),
        gained_now=share(gained, current),
        lost=say(f"channel_{lost}"),
        lost_before=share(lost, earlier),
        lost_now=share(lost, current),
    )


_MOVED = 5.0
"""Points that a channel must have gained for its gain to be told."""
