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
        event_kind: str,
        day: int,
        hour: float,
        event_ids: list[str],
        event_data: list[str],
    ) -> None:
        """Add what the personnel system reports at one moment."""
        moment = self._calendar.moment(np.array([day]), np.array([hour]))[0]
        moments = np.full(len(event_ids), moment)
        week_lines.add(
            moments, plain_lines(moments, tail("", self.source, event_kind), event_ids, event_data)
        )

    def _entered(self, people: Staff, system: str, role: str, opens: date) -> None:
        """Enter, once per person, from when until when the system is theirs to use."""
        span = self._calendar.span
        first_week = max(0, (opens - span.start).days // 7)
        for person_number, person_id in enumerate(people.ids):
            joining_week, leaving_week = (
                int(people.joined[person_number]),
                int(people.left[person_number]),
            )
            # who left before the system opened was never to use it
            if leaving_week <= first_week:
                continue
            first_day = max(span.monday(joining_week), opens) if joining_week else opens
            valid_to_field = (
                f',"valid_to":"{span.monday(leaving_week)}"' if leaving_week < span.count else ""
            )
            licence = "true" if people.entitled[person_number] else "false"
            membership_data = (
                f'"unit":"{people.unit.id}","system":"{system}","actor":"{person_id}","actor_kind":"person",'
                f'"role":"{role}","tier":"{people.tier[person_number]}","fte":{people.fte[person_number]},"valid_from":"{first_day}"{valid_to_field},'
                f'"account":true,"licence":{licence}'
            )
            entry_week = max(joining_week, first_week)
            self._entries.setdefault(entry_week, []).append(
                (f"{person_id}-{system}", membership_data)
            )

    def _presence(self, week_lines: Lines, week: int) -> None:
        label = self._calendar.span.label(week)
        event_ids, event_data = [], []
        for people in self._people:
            unit = people.unit.id
            present, contract = people.present[:, week], people.contract[:, week]
            if self._aggregate:
                at_work = int(people.at_work[:, week].sum())
                event_ids.append(f"{unit}-{label}")
                event_data.append(
                    f'"unit":"{unit}","week":"{label}","persons":{at_work},'
                    f'"present_days":{int(present.sum())},"contract_days":{int(contract.sum())}'
                )
                continue
            for person_number in np.flatnonzero(people.employed[:, week]).tolist():
                person, days = people.ids[person_number], int(present[person_number])
                event_ids.append(f"{person}-{label}")
                event_data.append(
                    f'"unit":"{unit}","actor":"{person}","actor_kind":"person","week":"{label}",'
                    f'"persons":{int(days > 0)},"present_days":{days},"contract_days":{int(contract[person_number])}'
                )
        # Friday evening, when the week's presence is known
        self._add(week_lines, "people.presence", week * 7 + 4, 18.0, event_ids, event_data)
