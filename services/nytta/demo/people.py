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
        for one in people:
            for system, role, opens in systems.get(one.unit.id, []):
                self._entered(one, system, role, opens)

    def week(self, week: int) -> Lines:
        """Events of one week."""
        out = Lines()
        self._eligibility(out, week)
        self._presence(out, week)
        return out

    def _eligibility(self, out: Lines, week: int) -> None:
        entries = self._entries.get(week, [])
        at = np.full(len(entries), self._calendar.moment(np.array([week * 7]), np.array([5.0]))[0])
        mark = tail("", self.source, "people.eligibility")
        out.add(at, plain_lines(at, mark, [i for i, _ in entries], [data for _, data in entries]))

    def _entered(self, people: Staff, system: str, role: str, opens: date) -> None:
        """Enter, once per person, from when until when the system is theirs to use."""
        span = self._calendar.span
        first = max(0, (opens - span.start).days // 7)
        for n, name in enumerate(people.ids):
            joined, left = int(people.joined[n]), int(people.left[n])
            if left <= first:
                continue
            start = max(span.monday(joined), opens) if joined else opens
            until = f',"valid_to":"{span.monday(left)}"' if left < span.count else ""
            granted = "true" if people.entitled[n] else "false"
            data = (
                f'"unit":"{people.unit.id}","system":"{system}","actor":"{name}","actor_kind":"person",'
                f'"role":"{role}","tier":"{people.tier[n]}","fte":{people.fte[n]},"valid_from":"{start}"{until},'
                f'"account":true,"licence":{granted}'
            )
            self._entries.setdefault(max(joined, first), []).append((f"{name}-{system}", data))

    def _presence(self, out: Lines, week: int) -> None:
        label = self._calendar.span.label(week)
        ids, data = [], []
        for people in self._people:
            unit = people.unit.id
            if self._aggregate:
                ids.append(f"{unit}-{label}")
                data.append(
                    f'"unit":"{unit}","week":"{label}","persons":{int(people.at_work[:, week].sum())},'
                    f'"present_days":{int(people.present[:, week].sum())},'
                    f'"contract_days":{int(people.contract[:, week].sum())}'
                )
                continue
            present, contract = people.present[:, week].tolist(), people.contract[:, week].tolist()
            for n in np.flatnonzero(people.employed[:, week]).tolist():
                ids.append(f"{people.ids[n]}-{label}")
                data.append(
                    f'"unit":"{unit}","actor":"{people.ids[n]}","actor_kind":"person","week":"{label}",'
                    f'"persons":{int(present[n] > 0)},"present_days":{present[n]},'
                    f'"contract_days":{contract[n]}'
                )
        at = np.full(len(ids), self._calendar.moment(np.array([week * 7 + 4]), np.array([18.0]))[0])
        out.add(at, plain_lines(at, tail("", self.source, "people.presence"), ids, data))
