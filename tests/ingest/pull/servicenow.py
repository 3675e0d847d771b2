"""A ServiceNow of a test: incidents behind the Table API's documented form, which change while they are read."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from tests.ingest.pull.faults import Fake, Given

FORM = "%Y-%m-%d %H:%M:%S"
BEGIN = datetime(2026, 3, 2, 6)
CHANNELS = {"phone": "phone", "email": "email", "self-service": "web", "walk-in": "desk"}
DEPARTMENTS = ("north", "south")


class FakeServiceNow(Fake):
    """`incidents` by sys_id. Between two requests, `busy` of them change, some of these seen late."""

    def __init__(
        self,
        incidents: int,
        *,
        in_one_second: int = 0,
        busy: int = 0,
        history: bool = False,
        seed: int = 1,
        faults: Mapping[str, float] | None = None,
        clock: int = 0,
    ) -> None:
        super().__init__(seed, faults, clock)
        self.busy = busy
        self.history = history
        self.renamed: tuple[str, str] | None = None
        self.hides: Callable[[dict[str, str]], bool] = lambda _: False
        self._now = BEGIN + timedelta(days=10)
        self._late: list[tuple[int, dict[str, str]]] = []
        self.incidents: dict[str, dict[str, str]] = {}
        second = BEGIN + timedelta(days=3)
        for number in range(incidents):
            self.add(second if number < in_one_second else BEGIN + timedelta(seconds=40 * number))

    def add(self, changed: datetime | None = None) -> str:
        """A new incident; its id."""
        changed = changed or self._now
        sys_id = f"{self.random.getrandbits(128):032x}"
        opened = changed - timedelta(minutes=self.random.randrange(60, 6000))
        self.incidents[sys_id] = {
            "sys_id": sys_id,
            "sys_updated_on": changed.strftime(FORM),
            "sys_mod_count": "0",
            "opened_at": opened.strftime(FORM),
            "resolved_at": "",
            "reopened_time": "",
            "state": "1",
            "contact_type": self.random.choice(sorted(CHANNELS)),
            "category": "software",
            "assignment_group": "g1",
            "opened_by": "agent1@example",
            "resolved_by": "",
            "reassignment_count": "0",
            "reopen_count": "0",
            "caller_id.department": self.random.choice(DEPARTMENTS),
            "caller_id": "somebody@example",
            "short_description": "printer of Ann",
        }
        return sys_id

    def change(self, sys_id: str) -> dict[str, str]:
        """The incident after something happened to it."""
        row = dict(self.incidents[sys_id])
        row["sys_updated_on"] = self._now.strftime(FORM)
        row["sys_mod_count"] = str(int(row["sys_mod_count"]) + 1)
        what = self.random.randrange(4)
        if what == 0:
            row["contact_type"] = self.random.choice(sorted(CHANNELS))
        elif what == 1:
            row["reassignment_count"] = str(int(row["reassignment_count"]) + 1)
        elif row["resolved_at"]:
            row |= {"resolved_at": "", "reopened_time": self._now.strftime(FORM), "state": "2"}
            row["reopen_count"] = str(int(row["reopen_count"]) + 1)
        else:
            row |= {"resolved_at": self._now.strftime(FORM), "resolved_by": "agent2@example", "state": "6"}
        return row

    def tick(self) -> None:
        """A second passes: incidents change, some of them seen some requests later than their time says."""
        self._now += timedelta(seconds=1)
        for due, row in [one for one in self._late if one[0] <= len(self.requests)]:
            self._late.remove((due, row))
            known = self.incidents.get(row["sys_id"])
            if known is not None and int(known["sys_mod_count"]) < int(row["sys_mod_count"]):
                self.incidents[row["sys_id"]] = row
        under_way = {row["sys_id"] for _, row in self._late}
        free = sorted(self.incidents.keys() - under_way) if self.busy else []
        for sys_id in self.random.sample(free, min(self.busy, len(free))):
            row = self.change(sys_id)
            if self.random.random() < 0.2:
                self._late.append((len(self.requests) + 3, row))
            else:
                self.incidents[sys_id] = row

    def settle(self) -> None:
        """Nothing changes any more, and what was late is seen."""
        self.busy = 0
        for _ in range(5):
            self.requests.append(("", {}, {}))
            self.tick()
        assert not self._late

    def delete(self, count: int) -> None:
        """So many incidents are gone, and no list says so."""
        for sys_id in self.random.sample(sorted(self.incidents), count):
            del self.incidents[sys_id]

    def answer(self, path: str, query: dict[str, str]) -> Given:
        if path.endswith("sys_audit") and not self.history:
            return Given({"error": {"message": "User Not Authorized"}, "status": "failure"}, 403)
        conditions, orders = [], []
        for part in query.get("sysparm_query", "").split("^NQ"):
            words = [word for word in part.split("^") if word]
            orders += [word.removeprefix("ORDERBY") for word in words if word.startswith("ORDERBY")]
            conditions.append([_condition(word) for word in words if not word.startswith("ORDERBY")])
        matching = [row for row in self.incidents.values() if any(all(c(row) for c in one) for one in conditions)]
        limit = int(query["sysparm_limit"])
        rows = heapq.nsmallest(limit, matching, key=lambda row: [row[name] for name in orders])
        fields = query["sysparm_fields"].split(",")
        shown = [{name: row[name] for name in fields} for row in rows if not self.hides(row)]
        if self.renamed:
            old, new = self.renamed
            shown = [{new if name == old else name: value for name, value in row.items()} for row in shown]
        return Given({"result": shown}, headers={"X-Total-Count": str(len(matching))})

    def emptied(self, given: Given) -> Given:
        return Given({"result": []}, headers=given.headers)

    def expected(self) -> list[tuple[Any, ...]]:
        """By hand, of each incident: unit, opened, channel, resolved, times passed on, times reopened."""
        return sorted(
            (
                row["caller_id.department"],
                row["opened_at"],
                CHANNELS[row["contact_type"]],
                row["resolved_at"],
                int(row["reassignment_count"]),
                int(row["reopen_count"]),
            )
            for row in self.incidents.values()
        )


def _condition(word: str) -> Callable[[Mapping[str, str]], bool]:
    for sign in (">=", ">", "="):
        if sign in word:
            name, _, text = word.partition(sign)
            match sign:
                case ">=":
                    return lambda row: row[name] >= text
                case ">":
                    return lambda row: row[name] > text
                case _:
                    return lambda row: row[name] == text
    raise AssertionError(word)


TICKETS = """
    SELECT unit, toString(toDateTime(opened_at, 'UTC')), channel,
           ifNull(toString(toDateTime(resolved_at, 'UTC')), ''), toInt64(assignments), toInt64(reopened)
    FROM {private}.tickets FINAL ORDER BY ALL"""
"""SQL of what `expected` says, as the store has it."""
