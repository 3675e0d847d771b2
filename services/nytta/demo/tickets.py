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
        each: Ints = self.channels.sum(axis=1)
        return each


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
    channels = np.array([rng.multinomial(n, p) for n, p in zip(tickets, mix, strict=True)])
    asked = rng.binomial(tickets, noisy(how_to, 0.1, rng))
    return Demand(unit, channels, asked, rng.poisson(scene.scale * selfservice), first_contact, bounced)


class TicketFeed:
    """The support's ticket system, week by week. `agents` handle tickets; `system` is the one that tickets
    concern."""

    def __init__(self, scene: Scene, system: str, demands: list[Demand], agents: list[str]) -> None:
        self.source = source = scene.source("it-support")
        self._demands = demands
        self._calendar = scene.calendar
        self._rngs = [scene.rng(d.unit, "tickets") for d in demands]
        self._before = [np.concatenate(([0], np.cumsum(d.tickets + d.selfservice))) for d in demands]
        self._prefix = [f"{d.unit}-it" for d in demands]
        self._bases = table([f'"unit":"{d.unit}","system":"{system}","ticket":"' for d in demands])
        self._tails = table([tail(f".{short}", source, kind) for short, kind in _WHAT])
        self._agents = table([f',"actor":"{a}","actor_kind":"person"' for a in agents] + [""])
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
        tickets = np.array([d.channels[week].sum() for d in self._demands])
        alone = np.array([d.selfservice[week] for d in self._demands])
        counts = tickets + alone
        if not counts.sum():
            return Lines()
        u = np.concatenate([rng.random((n, 10)) for rng, n in zip(self._rngs, counts.tolist(), strict=True)]).T
        line = np.repeat(np.arange(len(self._demands)), counts)
        nth = np.arange(len(line)) - (np.cumsum(counts) - counts)[line]
        number = nth + np.array([b[week] for b in self._before])[line]
        names = [f"{self._prefix[w]}{n:06d}" for w, n in zip(line.tolist(), number.tolist(), strict=True)]
        self_solved = nth >= tickets[line]
        return self._lines(week, line, u, names, self_solved)

    def _lines(self, week: int, line: Ints, u: Floats, names: list[str], self_solved: np.ndarray) -> Lines:
        calendar = self._calendar
        rows = np.flatnonzero(~self_solved)
        own = line[rows]
        channel = pick(own, np.array([d.channels[week] for d in self._demands]), u[0][rows])
        how_to = first_of_each(own, np.array([d.how_to[week] for d in self._demands]), u[1][rows])
        category = (u[2][rows] * len(_CATEGORIES)).astype(np.int64)
        first = u[3][rows] < np.array([d.first_contact[week] for d in self._demands])[own]
        bounced = np.where(first, 0, 1 + (u[4][rows] < np.array([d.bounced[week] for d in self._demands])[own]))
        day = calendar.working_day_of(week, u[5][rows])
        hour = 7.6 + 7.5 * u[6][rows]
        opened = calendar.moment(day, hour)
        quick = opened + 600_000 + (u[7][rows] * 2400).astype(np.int64) * 1000
        later_on = calendar.later(day + 1, (u[7][rows] * 6).astype(np.int64))
        resolved = np.where(first, quick, calendar.moment(later_on, 8 + 8 * u[8][rows]))
        agent = (u[9][rows] * (len(self._agents) - 1)).astype(np.int64)
        nobody = len(self._agents) - 1
        fixed = len(CHANNELS) * len(_CATEGORIES) * 2

        subject, at, what, rest, actor = [], [], [], [], []

        def put(code: int, chosen: Ints, when: Ints, texts: Ints, who: Ints) -> None:
            subject.append(rows[chosen])
            at.append(when)
            what.append(np.full(len(chosen), code))
            rest.append(texts)
            actor.append(who)

        every = np.arange(len(rows))
        none = np.full(len(rows), nobody)
        put(_OPENED, every, opened, (channel * len(_CATEGORIES) + category) * 2 + how_to, none)
        put(_ASSIGNED, every, opened + 120_000, np.full(len(rows), fixed), none)
        for code, least in ((_AGAIN, 1), (_THIRD, 2)):
            moved = np.flatnonzero(bounced >= least)
            put(
                code,
                moved,
                opened[moved] + (900 + 3600 * (least - 1)) * 1000,
                np.full(len(moved), fixed + least),
                none[moved],
            )
        put(_RESOLVED, every, resolved, np.where(first, fixed + 3, fixed + 4), agent)
        again = np.flatnonzero(u[8][rows] < 0.04)
        put(_REOPENED, again, resolved[again] + 3_600_000, np.full(len(again), fixed + 5), none[again])
        solved = np.flatnonzero(self_solved)
        subject.append(solved)
        at.append(calendar.moment(week * 7 + (u[5][solved] * 6).astype(np.int64), 6.5 + 15 * u[6][solved]))
        what.append(np.full(len(solved), _SELF))
        rest.append(fixed + 6 + (u[2][solved] * len(_CATEGORIES)).astype(np.int64))
        actor.append(np.full(len(solved), nobody))

        moments = np.concatenate(at)
        whose = np.concatenate(subject)
        out = Lines()
        out.add(
            moments,
            subject_lines(
                moments,
                self._tails[np.concatenate(what)].tolist(),
                self._bases[line[whose]].tolist(),
                [names[n] for n in whose.tolist()],
                (self._rests[np.concatenate(rest)] + self._agents[np.concatenate(actor)]).tolist(),
            ),
        )
        return out
