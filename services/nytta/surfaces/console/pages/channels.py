"""Through which channels people ask for support, over time, and what a steering of them changed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from nytta.disclosure.published.values import OpenStore
from nytta.surfaces.console import charts, queries
from nytta.surfaces.console.figure_texts import day, number
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
    shown = queries.parts_over_time(store, MIX, definition.version, unit, system, weeks[0])
    while len(weeks) > 1 and not any(weeks[0] in values for values in shown.values()):
        weeks = weeks[1:]
    shown = {part: values for part, values in shown.items() if reading.week in values and any(values.values())}
    if len(shown) < 2:
        return None
    begun, what = _steered(reading, unit, system, weeks[0], language)
    before = _level_before(shown, weeks, begun)
    now = {part: values[reading.week] for part, values in shown.items()}
    change = {part: now[part] - before[part] for part in now if part in before}
    gained = max(change, key=lambda part: change[part], default="")
    lost = min(change, key=lambda part: change[part], default="")
    lines = [
        charts.Line(
            say(f"channel_{part}"),
            [values.get(week) for week in weeks],
            "gained" if part == gained else "lost" if part == lost else "other",
        )
        for part, values in sorted(shown.items(), key=lambda item: -now[item[0]])
    ]
    finding = _finding(say, now, before, gained, lost, what)
    rows = tuple(
        (
            say(f"channel_{part}"),
            number(before[part], "percent", language) if part in before else "–",
            number(now[part], "percent", language),
        )
        for part in sorted(now, key=lambda part: -now[part])
    )
    then = say("col_before_steering", what=what) if what else say("col_first_shown")
    return Chart(
        f"{system}-channels",
        finding,
        say("channels_title", unit=reading.unit_names(unit).text(language)),
        finding,
        charts.shares(weeks, lines, events(reading, unit, system, language), say("week_letter")),
        Table(say("channels_caption"), (say("col_channel"), then, say("col_now")), rows, (1, 2)),
        say("channels_note", n=definition.window_weeks, version=definition.version),
    )


def _steered(reading: Reading, unit: str, system: str, first: date, language: str) -> tuple[date, str]:
    """The day and the name of the last steering of channels since `first`; that day itself and '' without one."""
    above = {"", unit, reading.root}
    found = [
        (m.date, f"{m.names.text(language)}, {day(m.date, language)}")
        for m in reading.registry.milestones
        if m.what == STEERED and m.system in ("", system) and m.unit in above and first < m.date <= reading.day
    ]
    return max(found, default=(first, ""))


def _level_before(shown: Mapping[str, Mapping[date, float]], weeks: list[date], begun: date) -> dict[str, float]:
    """The last shares before a day, or the first that are shown."""
    earlier = [week for week in weeks if (begun - week).days >= 7] or weeks[:1]
    out = {}
    for part, values in shown.items():
        known = [values[week] for week in reversed(earlier) if week in values]
        if known:
            out[part] = known[0]
    return out


def _finding(
    say: Speaker, now: Mapping[str, float], before: Mapping[str, float], gained: str, lost: str, what: str
) -> str:
    def share(part: str, values: Mapping[str, float]) -> str:
        return number(values[part], "percent", say.language)

    most = max(now, key=lambda part: now[part])
    if not what or not gained or now[gained] - before[gained] < _MOVED:
        return say("channels_now", most=say(f"channel_{most}"), share=share(most, now))
    return say(
        "channels_moved",
        what=what,
        gained=say(f"channel_{gained}"),
        gained_before=share(gained, before),
        gained_now=share(gained, now),
        lost=say(f"channel_{lost}"),
        lost_before=share(lost, before),
        lost_now=share(lost, now),
    )


_MOVED = 5.0
"""Points that a channel must have gained for its gain to be told."""
