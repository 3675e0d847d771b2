"""Support tickets and self-service: a unit's demand, by which channel it comes, and how the support handles
it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nytta.demo.lines import Lines, subject_lines, table, tail
from nytta.demo.randomness import Floats, Ints, first_of_each, noisy, pick
from nytta.demo.scene import Scene

CHANNELS = ("phone", "desk", "email", "web", "chat", "internal")
"""Channels of tickets; `internal` are tickets that the support opened itself before anybody asked."""
_CATEGORIES = ("inloggning", "utskrift", "klient", "samarbetsyta", "behörighet")
_PROACTIVE = "förebyggande"
_OPENED, _ASSIGNED, _AGAIN, _THIRD, _RESOLVED, _REOPENED, _SELF = range(7)
_WHAT = (
    ("o", "ticket.opened"),
    ("a1", "ticket.assigned"),
    ("a2", "ticket.assigned"),
    ("a3", "ticket.assigned"),
    ("r", "ticket.resolved"),
    ("u", "ticket.reopened"),
    ("s", "ticket.selfservice"),
)


@dataclass(frozen=True, slots=True)
class Demand:
    """One unit's support over the weeks: exact counts per week of opening.

    `channels` is weeks x CHANNELS, `how_to` counts questions of how to do something, `selfservice` what
    people solved alone. `first_contact` and `bounced` are shares of tickets resolved at once and passed on
    again.
    """

    unit: str
    channels: Ints
    how_to: Ints
    selfservice: Ints
    first_contact: Floats
    bounced: Floats

    @property
    def tickets(self) -> Ints:
        """Tickets per week."""
        per_week: Ints = self.channels.sum(axis=1)
        return per_week


def demand(
    scene: Scene,
    unit: str,
    *,
    per_week: Floats,
    mix: Floats,
    how_to: Floats,
    selfservice: Floats,
    first_contact: Floats,
    bounced: Floats,
) -> Demand:
    """Draw the counts of a unit: expected tickets per week, channel shares (weeks x CHANNELS), the other
    shares."""
    rng = scene.rng(unit, "tickets", "counts")
    tickets = rng.poisson(scene.scale * per_week)
    channels = np.array(
        [rng.multinomial(ticket_count, shares) for ticket_count, shares in zip(tickets, mix, strict=True)]
    )
    how_to_asked = rng.binomial(tickets, noisy(how_to, 0.1, rng))
    return Demand(unit, channels, how_to_asked, rng.poisson(scene.scale * selfservice), first_contact, bounced)


class TicketFeed:
    """The support's ticket system, week by week. `agents` handle tickets; `system` is the one that tickets
    concern."""

    def __init__(self, scene: Scene, system: str, demands: list[Demand], agents: list[str]) -> None:
        self.source = source = scene.source("it-support")
        self._demands = demands
        self._calendar = scene.calendar
        self._rngs = [scene.rng(demand.unit, "tickets") for demand in demands]
        self._before = [np.concatenate(([0], np.cumsum(demand.tickets + demand.selfservice))) for demand in demands]
        self._prefix = [f"{demand.unit}-it" for demand in demands]
        self._bases = table([f'"unit":"{demand.unit}","system":"{system}","ticket":"' for demand in demands])
        self._tails = table([tail(f".{short}", source, kind) for short, kind in _WHAT])
        self._agents = table([f',"actor":"{agent}","actor_kind":"person"' for agent in agents] + [""])
        self._rests = table(
            [
                f',"channel":"{channel}","category":"{_PROACTIVE if channel == "internal" else category}",'
                f'"how_to":{how_to},"team":"servicedesk","line":1'
                for channel in CHANNELS
                for category in _CATEGORIES
                for how_to in ("false", "true")
            ]
            + [
                ',"activity":"tilldelad","team":"servicedesk","line":1',
                ',"activity":"tilldelad","team":"klientgruppen","line":2',
                ',"activity":"tilldelad","team":"driftgruppen","line":2',
                ',"activity":"löst","first_contact":true,"team":"servicedesk","line":1',
                ',"activity":"löst","first_contact":false,"team":"klientgruppen","line":2',
                ',"team":"servicedesk","line":1',
            ]
            + [f',"category":"{category}"' for category in _CATEGORIES]
        )

    def week(self, week: int) -> Lines:
        """Events of the tickets opened in one week, and of that week's self-service."""
        tickets = np.array([demand.channels[week].sum() for demand in self._demands])
        alone = np.array([demand.selfservice[week] for demand in self._demands])
        counts = tickets + alone
        if not counts.sum():
            return Lines()
        draws = np.concatenate(
            [rng.random((count, 10)) for rng, count in zip(self._rngs, counts.tolist(), strict=True)]
        ).T
        line = np.repeat(np.arange(len(self._demands)), counts)
        numbers_in_line = np.arange(len(line)) - (np.cumsum(counts) - counts)[line]
        number = numbers_in_line + np.array([numbers_before[week] for numbers_before in self._before])[line]
        names = [
            f"{self._prefix[line_number]}{number:06d}"
            for line_number, number in zip(line.tolist(), number.tolist(), strict=True)
        ]
        self_solved = numbers_in_line >= tickets[line]
        return self._lines(week, line, draws, names, self_solved)

    def _lines(self, week: int, line: Ints, draws: Floats, names: list[str], self_solved: np.ndarray) -> Lines:
        calendar = self._calendar
        rows = np.flatnonzero(~self_solved)
        own_lines = line[rows]
        channel = pick(own_lines, np.array([demand.channels[week] for demand in self._demands]), draws[0][rows])
        how_to = first_of_each(own_lines, np.array([demand.how_to[week] for demand in self._demands]), draws[1][rows])
        category = (draws[2][rows] * len(_CATEGORIES)).astype(np.int64)
        solved_at_first = draws[3][rows] < np.array([demand.first_contact[week] for demand in self._demands])[own_lines]
        bounced = np.where(
            solved_at_first,
            0,
            1 + (draws[4][rows] < np.array([demand.bounced[week] for demand in self._demands])[own_lines]),
        )
        day = calendar.working_day_of(week, draws[5][rows])
        hour = 7.6 + 7.5 * draws[6][rows]
        opened = calendar.moment(day, hour)
        quick = opened + 600_000 + (draws[7][rows] * 2400).astype(np.int64) * 1000
        later_on = calendar.later(day + 1, (draws[7][rows] * 6).astype(np.int64))
        resolved = np.where(solved_at_first, quick, calendar.moment(later_on, 8 + 8 * draws[8][rows]))
        agent = (draws[9][rows] * (len(self._agents) - 1)).astype(np.int64)
        nobody = len(self._agents) - 1
        fixed = len(CHANNELS) * len(_CATEGORIES) * 2

        subject, moment_parts, codes, endings, actor = [], [], [], [], []

        def put(code: int, selected: Ints, when: Ints, texts: Ints, acting: Ints) -> None:
            subject.append(rows[selected])
            moment_parts.append(when)
            codes.append(np.full(len(selected), code))
            endings.append(texts)
            actor.append(acting)

        all_rows = np.arange(len(rows))
        nobody_rows = np.full(len(rows), nobody)
        put(_OPENED, all_rows, opened, (channel * len(_CATEGORIES) + category) * 2 + how_to, nobody_rows)
        put(_ASSIGNED, all_rows, opened + 120_000, np.full(len(rows), fixed), nobody_rows)
        for code, least in ((_AGAIN, 1), (_THIRD, 2)):
            moved = np.flatnonzero(bounced >= least)
            put(
                code,
                moved,
                opened[moved] + (900 + 3600 * (least - 1)) * 1000,
                np.full(len(moved), fixed + least),
                nobody_rows[moved],
            )
        put(_RESOLVED, all_rows, resolved, np.where(solved_at_first, fixed + 3, fixed + 4), agent)
        again = np.flatnonzero(draws[8][rows] < 0.04)
        put(_REOPENED, again, resolved[again] + 3_600_000, np.full(len(again), fixed + 5), nobody_rows[again])
        solved = np.flatnonzero(self_solved)
        subject.append(solved)
        moment_parts.append(
            calendar.moment(week * 7 + (draws[5][solved] * 6).astype(np.int64), 6.5 + 15 * draws[6][solved])
        )
        codes.append(np.full(len(solved), _SELF))
        endings.append(fixed + 6 + (draws[2][solved] * len(_CATEGORIES)).astype(np.int64))
        actor.append(np.full(len(solved), nobody))

        moments = np.concatenate(moment_parts)
        whose = np.concatenate(subject)
        week_lines = Lines()
        week_lines.add(
            moments,
            subject_lines(
                moments,
                self._tails[np.concatenate(codes)].tolist(),
                self._bases[line[whose]].tolist(),
                [names[number] for number in whose.tolist()],
                (self._rests[np.concatenate(endings)] + self._agents[np.concatenate(actor)]).tolist(),
            ),
        )
        return week_lines
