"""What the personnel system reports: who belongs to which unit and system, and who was at work."""

from __future__ import annotations

from datetime import date

import numpy as np

from nytta.demo.lines import Lines, plain_lines, tail
from nytta.demo.scene import Scene
from nytta.demo.staff import Staff


class PeopleFeed:
    """Eligibility and presence, as the personnel system reports them every Friday evening.

    `systems` are (system, role, first day on which the system can be used) of each unit. With `aggregate`,
    presence is one event per unit and week, without persons.
    """

    def __init__(
        self,
        scene: Scene,
        people: list[Staff],
        systems: dict[str, list[tuple[str, str, date]]],
        *,
        aggregate: bool = False,
    ) -> None:
        self.source = scene.source("personal")
        self._people = people
        self._calendar = scene.calendar
        self._aggregate = aggregate
        self._entries: dict[int, list[tuple[str, str]]] = {}
        for team in people:
            for system, role, opens in systems.get(team.unit.id, []):
                self._entered(team, system, role, opens)

    def week(self, week: int) -> Lines:
        """Events of one week."""
        week_lines = Lines()
        self._eligibility(week_lines, week)
        self._presence(week_lines, week)
        return week_lines

    def _eligibility(self, week_lines: Lines, week: int) -> None:
        entries = self._entries.get(week, [])
        ids = [event_id for event_id, _ in entries]
        data = [event_data for _, event_data in entries]
        self._add(week_lines, "people.eligibility", week * 7, 5.0, ids, data)

    def _add(
        self,
        week_lines: Lines,
        kind: str,
        day: int,
        hour: float,
        ids: list[str],
        data: list[str],
    ) -> None:
        """Add what the personnel system reports at one moment."""
        moment = self._calendar.moment(np.array([day]), np.array([hour]))[0]
        moments = np.full(len(ids), moment)
        week_lines.add(moments, plain_lines(moments, tail("", self.source, kind), ids, data))

    def _entered(self, people: Staff, system: str, role: str, opens: date) -> None:
        """Enter, once per person, from when until when the system is theirs to use."""
        span = self._calendar.span
        first_week = max(0, (opens - span.start).days // 7)
        for number, name in enumerate(people.ids):
            joined, left = int(people.joined[number]), int(people.left[number])
            # who left before the system opened was never to use it
            if left <= first_week:
                continue
            start = max(span.monday(joined), opens) if joined else opens
            until = f',"valid_to":"{span.monday(left)}"' if left < span.count else ""
            licence = "true" if people.entitled[number] else "false"
            data = (
                f'"unit":"{people.unit.id}","system":"{system}","actor":"{name}","actor_kind":"person",'
                f'"role":"{role}","tier":"{people.tier[number]}","fte":{people.fte[number]},"valid_from":"{start}"{until},'
                f'"account":true,"licence":{licence}'
            )
            entry_week = max(joined, first_week)
            self._entries.setdefault(entry_week, []).append((f"{name}-{system}", data))

    def _presence(self, week_lines: Lines, week: int) -> None:
        label = self._calendar.span.label(week)
        ids, data = [], []
        for people in self._people:
            unit = people.unit.id
            present, contract = people.present[:, week], people.contract[:, week]
            if self._aggregate:
                at_work = int(people.at_work[:, week].sum())
                ids.append(f"{unit}-{label}")
                data.append(
                    f'"unit":"{unit}","week":"{label}","persons":{at_work},'
                    f'"present_days":{int(present.sum())},"contract_days":{int(contract.sum())}'
                )
                continue
            for number in np.flatnonzero(people.employed[:, week]).tolist():
                person, days = people.ids[number], int(present[number])
                ids.append(f"{person}-{label}")
                data.append(
                    f'"unit":"{unit}","actor":"{person}","actor_kind":"person","week":"{label}",'
                    f'"persons":{int(days > 0)},"present_days":{days},"contract_days":{int(contract[number])}'
                )
        # Friday evening, when the week's presence is known
        self._add(week_lines, "people.presence", week * 7 + 4, 18.0, ids, data)
