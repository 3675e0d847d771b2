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
        acts: list[Flags],
    ) -> None:
        self.source = scene.source(source)
        self._people = people
        self._acts = acts
        self._calendar = scene.calendar
        self._often = app.often * scene.scale
        self._rngs = [scene.rng(p.unit.id, app.system, app.name, "sessions") for p in people]
        self._bases = [f'"unit":"{p.unit.id}","system":"{app.system}","actor":"' for p in people]
        flag = ',"legacy":true' if app.legacy else ""
        self._rests = [
            f'","actor_kind":"person","app":"{app.name}","feature":"{f}"{flag},"actions":' for f in app.features
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
        for people, acts, rng, base in zip(self._people, self._acts, self._rngs, self._bases, strict=True):
            persons = np.flatnonzero(acts[:, week])
            each = 1 + rng.poisson(self._often, len(persons))
            who = np.repeat(persons, each).tolist()
            times.append(each)
            drawn.append(rng.random((len(who), 4)))
            names += [people.ids[n] for n in who]
            starts += [base] * len(who)
        out = Lines()
        mark = tail("", self.source, "platform.session")
        if names:
            u = np.concatenate(drawn).T
            many = np.concatenate(times)
            nth = (np.arange(len(names)) - np.repeat(np.cumsum(many) - many, many)).tolist()
            at = self._calendar.moment(self._calendar.working_day_of(week, u[0]), 7.5 + 9 * u[1])
            features = (u[2] * len(self._rests)).astype(np.int64).tolist()
            actions = (1 + u[3] * 12).astype(np.int64).tolist()
            ids = [f"{name}-{self._app}-{label}-{k}" for name, k in zip(names, nth, strict=True)]
            data = [
                f"{base}{name}{self._rests[f]}{a}"
                for base, name, f, a in zip(starts, names, features, actions, strict=True)
            ]
            out.add(at, plain_lines(at, mark, ids, data))
        if self._robot:
            at = self._calendar.moment(np.array([week * 7 + 6]), np.array([4.0]))
            rest = self._rests[0].replace('"actor_kind":"person"', '"actor_kind":"robot"')
            data = [f"{self._bases[0]}{self._robot}{rest}500"]
            out.add(at, plain_lines(at, mark, [f"{self._robot}-{label}"], data))
        return out
