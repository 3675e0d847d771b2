"""Support tickets and self-service: a unit's demand, by which channel it comes, and how the support handles
it."""

from __future__ import annotations

from dataclasses import dataclass, field

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


# where the endings of the other events, and of self-service, begin among `_ending_texts`
_OTHER_ENDINGS = len(CHANNELS) * len(_CATEGORIES) * 2
_SELFSERVICE_ENDINGS = _OTHER_ENDINGS + 6


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
        [
            rng.multinomial(ticket_count, shares)
            for ticket_count, shares in zip(tickets, mix, strict=True)
        ]
    )
    how_to_asked = rng.binomial(tickets, noisy(how_to, 0.1, rng))
    return Demand(
        unit, channels, how_to_asked, rng.poisson(scene.scale * selfservice), first_contact, bounced
    )


@dataclass(slots=True)
class _Draft:
    """Events of one week's tickets before they are text; one array per column, one entry per event."""

    subjects: list[Ints] = field(default_factory=list)
    moments: list[Ints] = field(default_factory=list)
    codes: list[Ints] = field(default_factory=list)
    endings: list[Ints] = field(default_factory=list)
    agents: list[Ints] = field(default_factory=list)

    def put(self, code: int, subject: Ints, moments: Ints, ending: Ints, agent: Ints) -> None:
        """Add one event of each of these tickets."""
        self.subjects.append(subject)
        self.moments.append(moments)
        self.codes.append(np.full(len(subject), code))
        self.endings.append(ending)
        self.agents.append(agent)


def _ending_texts() -> list[str]:
    """What the lines of events end with: of openings, of the other events, of self-service."""
    texts = []
    for channel in CHANNELS:
        for category in _CATEGORIES:
            # what the desk opens by itself is about nothing that anybody asked
            subject = _PROACTIVE if channel == "internal" else category
            for how_to in ("false", "true"):
                opening = f',"channel":"{channel}","category":"{subject}","how_to":{how_to}'
                texts.append(f'{opening},"team":"servicedesk","line":1')
    texts += [
        ',"activity":"tilldelad","team":"servicedesk","line":1',
        ',"activity":"tilldelad","team":"klientgruppen","line":2',
        ',"activity":"tilldelad","team":"driftgruppen","line":2',
        ',"activity":"löst","first_contact":true,"team":"servicedesk","line":1',
        ',"activity":"löst","first_contact":false,"team":"klientgruppen","line":2',
        ',"team":"servicedesk","line":1',
    ]
    return texts + [f',"category":"{category}"' for category in _CATEGORIES]


class TicketFeed:
    """The support's ticket system, week by week. `agents` handle tickets; `system` is the one that tickets
    concern."""

    def __init__(self, scene: Scene, system: str, demands: list[Demand], agents: list[str]) -> None:
        self.source = source = scene.source("it-support")
        self._demands = demands
        self._calendar = scene.calendar
        self._rngs = [scene.rng(demand.unit, "tickets") for demand in demands]
        self._before = [
            np.concatenate(([0], np.cumsum(demand.tickets + demand.selfservice)))
            for demand in demands
        ]
        self._prefix = [f"{demand.unit}-it" for demand in demands]
        self._bases = table(
            [f'"unit":"{demand.unit}","system":"{system}","ticket":"' for demand in demands]
        )
        self._tails = table([tail(f".{short}", source, kind) for short, kind in _WHAT])
        self._agents = table(
            [f',"actor":"{agent}","actor_kind":"person"' for agent in agents] + [""]
        )
        self._endings = table(_ending_texts())

    def week(self, week: int) -> Lines:
        """Events of the tickets opened in one week, and of that week's self-service."""
        tickets = np.array([demand.channels[week].sum() for demand in self._demands])
        alone = np.array([demand.selfservice[week] for demand in self._demands])
        counts = tickets + alone
        if not counts.sum():
            return Lines()
        # every unit draws from a stream of its own: one more unit shifts none of the others
        draws_by_unit = zip(self._rngs, counts.tolist(), strict=True)
        draws = np.concatenate([rng.random((count, 10)) for rng, count in draws_by_unit]).T
        line = np.repeat(np.arange(len(self._demands)), counts)
        first_in_week = np.cumsum(counts) - counts
        number_in_week = np.arange(len(line)) - first_in_week[line]
        tickets_before = np.array([numbers_before[week] for numbers_before in self._before])
        number = number_in_week + tickets_before[line]
        numbered = zip(line.tolist(), number.tolist(), strict=True)
        names = [f"{self._prefix[line_number]}{ticket:06d}" for line_number, ticket in numbered]
        # a unit's tickets come first, what people solved alone after them
        self_solved = number_in_week >= tickets[line]
        return self._lines(week, line, draws, names, self_solved)

    def _lines(
        self, week: int, line: Ints, draws: Floats, names: list[str], self_solved: np.ndarray
    ) -> Lines:
        draft = _Draft()
        self._draft_tickets(draft, week, line, draws, np.flatnonzero(~self_solved))
        self._draft_selfservice(draft, week, draws, np.flatnonzero(self_solved))
        moments = np.concatenate(draft.moments)
        subject = np.concatenate(draft.subjects)
        ending_texts = self._endings[np.concatenate(draft.endings)]
        agent_texts = self._agents[np.concatenate(draft.agents)]
        week_lines = Lines()
        week_lines.add(
            moments,
            subject_lines(
                moments,
                self._tails[np.concatenate(draft.codes)].tolist(),
                self._bases[line[subject]].tolist(),
                [names[ticket] for ticket in subject.tolist()],
                (ending_texts + agent_texts).tolist(),
            ),
        )
        return week_lines

    def _draft_tickets(
        self, draft: _Draft, week: int, line: Ints, draws: Floats, rows: Ints
    ) -> None:
        """Tickets of a week, from opening to resolution, and those that are opened again."""
        calendar = self._calendar
        drawn, unit = draws[:, rows], line[rows]
        channel_counts = np.array([demand.channels[week] for demand in self._demands])
        how_to_counts = np.array([demand.how_to[week] for demand in self._demands])
        first_contact = np.array([demand.first_contact[week] for demand in self._demands])
        bounced_share = np.array([demand.bounced[week] for demand in self._demands])
        channel = pick(unit, channel_counts, drawn[0])
        how_to = first_of_each(unit, how_to_counts, drawn[1])
        category = (drawn[2] * len(_CATEGORIES)).astype(np.int64)
        is_first_contact = drawn[3] < first_contact[unit]
        # what is not solved at once is passed on once, and a part of it once more
        passed_on = np.where(is_first_contact, 0, 1 + (drawn[4] < bounced_share[unit]))
        day = calendar.working_day_of(week, drawn[5])
        opened = calendar.moment(day, 7.6 + 7.5 * drawn[6])
        resolved_at_once = opened + 600_000 + (drawn[7] * 2400).astype(np.int64) * 1000
        later_day = calendar.later(day + 1, (drawn[7] * 6).astype(np.int64))
        resolved_later = calendar.moment(later_day, 8 + 8 * drawn[8])
        resolved = np.where(is_first_contact, resolved_at_once, resolved_later)
        nobody = self._nobody
        agent = (drawn[9] * nobody).astype(np.int64)

        def put_unnamed(code: int, selected: Ints, moments: Ints, ending: int) -> None:
            same_ending = np.full(len(selected), ending)
            draft.put(code, rows[selected], moments, same_ending, np.full(len(selected), nobody))

        opening = (channel * len(_CATEGORIES) + category) * 2 + how_to
        draft.put(_OPENED, rows, opened, opening, np.full(len(rows), nobody))
        put_unnamed(_ASSIGNED, np.arange(len(rows)), opened + 120_000, _OTHER_ENDINGS)
        for code, times in ((_AGAIN, 1), (_THIRD, 2)):
            moved = np.flatnonzero(passed_on >= times)
            moved_at = opened[moved] + (900 + 3600 * (times - 1)) * 1000
            put_unnamed(code, moved, moved_at, _OTHER_ENDINGS + times)
        resolution = np.where(is_first_contact, _OTHER_ENDINGS + 3, _OTHER_ENDINGS + 4)
        draft.put(_RESOLVED, rows, resolved, resolution, agent)
        reopened = np.flatnonzero(drawn[8] < 0.04)
        put_unnamed(_REOPENED, reopened, resolved[reopened] + 3_600_000, _OTHER_ENDINGS + 5)

    def _draft_selfservice(self, draft: _Draft, week: int, draws: Floats, rows: Ints) -> None:
        """What people solved alone, on any day but Sundays."""
        day = week * 7 + (draws[5][rows] * 6).astype(np.int64)
        moments = self._calendar.moment(day, 6.5 + 15 * draws[6][rows])
        category = (draws[2][rows] * len(_CATEGORIES)).astype(np.int64)
        draft.put(
            _SELF, rows, moments, _SELFSERVICE_ENDINGS + category, np.full(len(rows), self._nobody)
        )

    @property
    def _nobody(self) -> int:
        # the last text of the agents is empty: nobody is named
        return len(self._agents) - 1
