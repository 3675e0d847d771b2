"""Sessions in applications: what a usage log reports, without durations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nytta.demo.lines import Lines, plain_lines, tail
from nytta.demo.randomness import Flags, Floats, Ints
from nytta.demo.scene import Scene
from nytta.demo.staff import Staff


@dataclass(frozen=True, slots=True)
class App:
    """An application of a system, and among which features its sessions spread.

    A person who acts in a week has one session and on average `often` more. `robot` is a scheduled job that
    acts every week in the first unit, and never counts; '' for none.
    """

    system: str
    name: str
    features: tuple[str, ...]
    often: float
    legacy: bool = False
    robot: str = ""


class UseFeed:
    """Sessions with a meaningful action in an app, from its usage log.

    `acts` says per unit who acts in which week (persons x weeks); each person who acts has a session or more.
    """

    def __init__(
        self,
        scene: Scene,
        source: str,
        app: App,
        people: list[Staff],
        acting_weeks: list[Flags],
    ) -> None:
        self.source = scene.source(source)
        self._people = people
        self._acts = acting_weeks
        self._calendar = scene.calendar
        self._often = app.often * scene.scale
        self._rngs = [scene.rng(team.unit.id, app.system, app.name, "sessions") for team in people]
        self._bases = [f'"unit":"{team.unit.id}","system":"{app.system}","actor":"' for team in people]
        flag = ',"legacy":true' if app.legacy else ""
        self._rests = [
            f'","actor_kind":"person","app":"{app.name}","feature":"{feature}"{flag},"actions":'
            for feature in app.features
        ]
        self._app = app.name
        self._robot = app.robot

    def week(self, week: int) -> Lines:
        """Events of one week."""
        label = self._calendar.span.label(week)
        names: list[str] = []
        starts: list[str] = []
        times: list[Ints] = []
        drawn: list[Floats] = []
        for people, acting_weeks, rng, base in zip(self._people, self._acts, self._rngs, self._bases, strict=True):
            persons = np.flatnonzero(acting_weeks[:, week])
            sessions_each = 1 + rng.poisson(self._often, len(persons))
            acting_persons = np.repeat(persons, sessions_each).tolist()
            times.append(sessions_each)
            drawn.append(rng.random((len(acting_persons), 4)))
            names += [people.ids[number] for number in acting_persons]
            starts += [base] * len(acting_persons)
        week_lines = Lines()
        mark = tail("", self.source, "platform.session")
        if names:
            draws = np.concatenate(drawn).T
            session_counts = np.concatenate(times)
            session_numbers = (
                np.arange(len(names)) - np.repeat(np.cumsum(session_counts) - session_counts, session_counts)
            ).tolist()
            moments = self._calendar.moment(self._calendar.working_day_of(week, draws[0]), 7.5 + 9 * draws[1])
            features = (draws[2] * len(self._rests)).astype(np.int64).tolist()
            actions = (1 + draws[3] * 12).astype(np.int64).tolist()
            ids = [
                f"{name}-{self._app}-{label}-{session_number}"
                for name, session_number in zip(names, session_numbers, strict=True)
            ]
            data = [
                f"{base}{name}{self._rests[feature_number]}{action_count}"
                for base, name, feature_number, action_count in zip(starts, names, features, actions, strict=True)
            ]
            week_lines.add(moments, plain_lines(moments, mark, ids, data))
        if self._robot:
            moments = self._calendar.moment(np.array([week * 7 + 6]), np.array([4.0]))
            robot_ending = self._rests[0].replace('"actor_kind":"person"', '"actor_kind":"robot"')
            data = [f"{self._bases[0]}{self._robot}{robot_ending}500"]
            week_lines.add(moments, plain_lines(moments, mark, [f"{self._robot}-{label}"], data))
        return week_lines
