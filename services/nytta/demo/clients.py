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


def move(scene: Scene, unit: str, clients: int, *, start: int, weeks: int, enrolled: float, activated: float) -> Move:
    """Draw the move of a unit's clients: over `weeks` weeks from `start`, the shares that are enrolled and
    activated.

    `activated` is the share of the enrolled ones. Counts are rounded, not drawn: the truth can be reckoned by
    hand.
    """
    rng = scene.rng(unit, "clients", "counts")
    joins = np.full(clients, NEVER)
    enrolled_count = round(clients * enrolled)
    joins[:enrolled_count] = start + np.sort(rng.integers(0, weeks, enrolled_count))
    lives = np.full(clients, NEVER)
    chosen_clients = rng.permutation(enrolled_count)[: round(enrolled_count * activated)]
    lives[chosen_clients] = joins[chosen_clients] + rng.integers(0, 2, len(chosen_clients))
    leaves = np.where(lives < NEVER, lives + 2, NEVER)
    return Move(unit, joins, lives, leaves)


class ClientFeed:
    """The platform's device register: a sign of life per client and week that it is used in."""

    def __init__(self, scene: Scene, system: str, moves: list[Move], presence: Floats) -> None:
        self.source = scene.source("klient/enheter")
        self._moves = moves
        self._presence = presence
        self._calendar = scene.calendar
        self._rngs = [scene.rng(move.unit, "clients") for move in moves]
        self._bases = [f'"unit":"{move.unit}","system":"{system}","client":"' for move in moves]
        self._rests = table(["", "", "", ',"legacy":true', ',"legacy":true'])
        self._names = [[f"{move.unit}-d{number:04d}" for number in range(len(move.enrolled))] for move in moves]

    def week(self, week: int) -> Lines:
        """Events of one week."""
        label = self._calendar.span.label(week)
        tails = table(
            [
                tail(f".{short}", self.source, kind)
                for short, kind in zip(("e", "a", label, "x", label), _KINDS, strict=True)
            ]
        )
        week_lines = Lines()
        for unit, rng, base, names in zip(self._moves, self._rngs, self._bases, self._names, strict=True):
            draws = rng.random((4, len(names)))
            day = self._calendar.working_day_of(week, draws[0])
            used = draws[2] < self._presence[week]
            happened = [
                (_ENROLLED, np.flatnonzero(unit.enrolled == week), 7.0),
                (_ACTIVATED, np.flatnonzero(unit.activated == week), 8.0),
                (_ALIVE, np.flatnonzero((unit.activated < week) & used), 7.5),
                (_RETIRED, np.flatnonzero(unit.retired == week), 17.0),
                (_OLD_ALIVE, np.flatnonzero((unit.retired > week) & used), 7.5),
            ]
            for code, rows, hour in happened:
                # enrolment and activation of the same week keep their order: the earlier one on the week's
                # first days
                when = (
                    day[rows]
                    if code not in (_ENROLLED, _RETIRED)
                    else np.full(len(rows), week * 7 + 4 * (code == _RETIRED))
                )
                if code == _ACTIVATED:
                    when = np.full(len(rows), week * 7 + 1)
                moments = self._calendar.moment(when, hour + draws[1][rows])
                prefix = "gammal-" if code in (_RETIRED, _OLD_ALIVE) else ""
                text = subject_lines(
                    moments,
                    [tails[code]] * len(rows),
                    [base] * len(rows),
                    [prefix + names[number] for number in rows.tolist()],
                    [self._rests[code]] * len(rows),
                )
                week_lines.add(moments, text)
        return week_lines
