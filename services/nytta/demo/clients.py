"""Workplace clients that move to another platform: enrolled, activated, giving signs of life; the old ones
retired."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nytta.demo.lines import Lines, subject_lines, table, tail
from nytta.demo.randomness import Floats, Ints
from nytta.demo.scene import Scene
from nytta.demo.staff import NEVER
from nytta.demo.weeks import Span

_ENROLLED, _ACTIVATED, _ALIVE, _RETIRED, _OLD_ALIVE = range(5)
_KINDS = (
    "platform.enrolled",
    "platform.activated",
    "platform.heartbeat",
    "platform.retired",
    "platform.heartbeat",
)


@dataclass(frozen=True, slots=True)
class Move:
    """One unit's clients: the week in which each is enrolled, activated, and its predecessor retired.

    NEVER stands for never. Clients that are enrolled but never activated stay in their box.
    """

    unit: str
    enrolled: Ints
    activated: Ints
    retired: Ints

    def counted(self, span: Span) -> dict[str, list[int]]:
        """Per week: clients enrolled, activated and old ones still in use, as standing at the week's end."""
        weeks = np.arange(span.count)[:, None]
        return {
            "enrolled": (self.enrolled <= weeks).sum(axis=1).tolist(),
            "activated": (self.activated <= weeks).sum(axis=1).tolist(),
            "old": (self.retired > weeks).sum(axis=1).tolist(),
        }


def move(
    scene: Scene,
    unit: str,
    clients: int,
    *,
    first_week: int,
    weeks: int,
    enrolled: float,
    activated: float,
) -> Move:
    """Draw the move of a unit's clients: over `weeks` weeks from `first_week`, the shares that are enrolled and
    activated.

    `activated` is the share of the enrolled ones. Counts are rounded, not drawn: the truth can be reckoned by
    hand.
    """
    rng = scene.rng(unit, "clients", "counts")
    enrolled_week = np.full(clients, NEVER)
    enrolled_count = round(clients * enrolled)
    enrolled_week[:enrolled_count] = first_week + np.sort(rng.integers(0, weeks, enrolled_count))
    activated_week = np.full(clients, NEVER)
    activated_count = round(enrolled_count * activated)
    activated_clients = rng.permutation(enrolled_count)[:activated_count]
    delay = rng.integers(0, 2, len(activated_clients))
    activated_week[activated_clients] = enrolled_week[activated_clients] + delay
    # the predecessor is used beside it for two weeks
    retired_week = np.where(activated_week < NEVER, activated_week + 2, NEVER)
    return Move(unit, enrolled_week, activated_week, retired_week)


class ClientFeed:
    """The platform's device register: a sign of life per client and week that it is used in."""

    def __init__(self, scene: Scene, system: str, moves: list[Move], presence: Floats) -> None:
        self.source = scene.source("klient/enheter")
        self._moves = moves
        self._presence = presence
        self._calendar = scene.calendar
        self._rngs = [scene.rng(move.unit, "clients") for move in moves]
        self._bases = [f'"unit":"{move.unit}","system":"{system}","client":"' for move in moves]
        self._endings = table(["", "", "", ',"legacy":true', ',"legacy":true'])
        self._names = [
            [f"{move.unit}-d{number:04d}" for number in range(len(move.enrolled))] for move in moves
        ]

    def week(self, week: int) -> Lines:
        """Events of one week."""
        label = self._calendar.span.label(week)
        # signs of life recur: the week is part of their ids
        endings = zip(("e", "a", label, "x", label), _KINDS, strict=True)
        tails = table([tail(f".{ending}", self.source, kind) for ending, kind in endings])
        week_lines = Lines()
        monday = week * 7
        for unit, rng, base, client_ids in zip(
            self._moves, self._rngs, self._bases, self._names, strict=True
        ):
            draws = rng.random((4, len(client_ids)))
            day_of_use = self._calendar.working_day_of(week, draws[0])
            is_used = draws[2] < self._presence[week]
            # enrolment, activation and retirement of the same week keep their order: each has a day of its own
            events = [
                (_ENROLLED, unit.enrolled == week, np.full(len(client_ids), monday), 7.0),
                (_ACTIVATED, unit.activated == week, np.full(len(client_ids), monday + 1), 8.0),
                (_ALIVE, (unit.activated < week) & is_used, day_of_use, 7.5),
                (_RETIRED, unit.retired == week, np.full(len(client_ids), monday + 4), 17.0),
                (_OLD_ALIVE, (unit.retired > week) & is_used, day_of_use, 7.5),
            ]
            for event_code, has_event, day, hour in events:
                clients = np.flatnonzero(has_event)
                moments = self._calendar.moment(day[clients], hour + draws[1][clients])
                # the old client is another one, with an id of its own
                prefix = "gammal-" if event_code in (_RETIRED, _OLD_ALIVE) else ""
                event_lines = subject_lines(
                    moments,
                    [tails[event_code]] * len(clients),
                    [base] * len(clients),
                    [prefix + client_ids[client] for client in clients.tolist()],
                    [self._endings[event_code]] * len(clients),
                )
                week_lines.add(moments, event_lines)
        return week_lines
