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
        self._bases = [
            f'"unit":"{team.unit.id}","system":"{app.system}","actor":"' for team in people
        ]
        flag = ',"legacy":true' if app.legacy else ""
        self._endings = [
            f'","actor_kind":"person","app":"{app.name}","feature":"{feature}"{flag},"actions":'
            for feature in app.features
        ]
        self._app = app.name
        self._robot = app.robot

    def week(self, week: int) -> Lines:
        """Events of one week."""
        label = self._calendar.span.label(week)
        actors: list[str] = []
        bases: list[str] = []
        counts_by_unit: list[Ints] = []
        draws_by_unit: list[Floats] = []
        for people, acting_weeks, rng, base in zip(
            self._people, self._acts, self._rngs, self._bases, strict=True
        ):
            persons = np.flatnonzero(acting_weeks[:, week])
            session_counts = 1 + rng.poisson(self._often, len(persons))
            session_persons = np.repeat(persons, session_counts).tolist()
            counts_by_unit.append(session_counts)
            draws_by_unit.append(rng.random((len(session_persons), 4)))
            actors += [people.ids[person] for person in session_persons]
            bases += [base] * len(session_persons)
        week_lines = Lines()
        mark = tail("", self.source, "platform.session")
        if actors:
            day_draws, hour_draws, feature_draws, action_draws = np.concatenate(draws_by_unit).T
            counts = np.concatenate(counts_by_unit)
            # a person's sessions of a week are numbered from 0, so that each has an id of its own
            first_session = np.repeat(np.cumsum(counts) - counts, counts)
            session_numbers = (np.arange(len(actors)) - first_session).tolist()
            days = self._calendar.working_day_of(week, day_draws)
            moments = self._calendar.moment(days, 7.5 + 9 * hour_draws)
            features = (feature_draws * len(self._endings)).astype(np.int64).tolist()
            actions = (1 + action_draws * 12).astype(np.int64).tolist()
            sessions = zip(actors, session_numbers, strict=True)
            event_ids = [f"{actor}-{self._app}-{label}-{number}" for actor, number in sessions]
            fields = zip(bases, actors, features, actions, strict=True)
            event_data = [
                f"{base}{actor}{self._endings[feature]}{action}"
                for base, actor, feature, action in fields
            ]
            week_lines.add(moments, plain_lines(moments, mark, event_ids, event_data))
        if self._robot:
            # Sunday at four in the morning, when nobody works
            moments = self._calendar.moment(np.array([week * 7 + 6]), np.array([4.0]))
            robot_ending = self._endings[0].replace('"actor_kind":"person"', '"actor_kind":"robot"')
            event_data = [f"{self._bases[0]}{self._robot}{robot_ending}500"]
            week_lines.add(
                moments, plain_lines(moments, mark, [f"{self._robot}-{label}"], event_data)
            )
        return week_lines
