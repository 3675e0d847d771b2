"""A Zammad of a test: tickets behind its search, in the words of Elasticsearch that the source uses."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from tests.ingest.pull.faults import Fake, Given

BEGIN = datetime(2026, 3, 2, 6)
OPEN, CLOSED = 2, 4
"""Ids of the states that Zammad comes with."""
CHANNELS = {"phone": "phone", "email": "email", "web": "web"}
_LATER = re.compile(r'updated_at:\["([^"]+)" TO \*\]')
_BEHIND = re.compile(r'\(updated_at:\{"([^"]+)" TO \*\]\) OR \(updated_at:"([^"]+)" AND id:>(\d+)\)')
_IDS = re.compile(r"id:>(\d+)")


class FakeZammad(Fake):
    """`tickets` by id; between two requests, `busy` of them change."""

    def __init__(self, tickets: int, *, in_one_moment: int = 0, busy: int = 0, **more: Any) -> None:
        super().__init__(**more)
        self.busy = busy
        self.closed = "closed"
        """What the state is called in which tickets end."""
        self.more_states: tuple[tuple[int, str, str], ...] = ()
        self._now = BEGIN + timedelta(days=10)
        self.tickets: dict[int, dict[str, Any]] = {}
        for number in range(1, tickets + 1):
            at = BEGIN + timedelta(seconds=0 if number <= in_one_moment else 30 * number)
            self.tickets[number] = {
                "id": number,
                "number": f"10{number}",
                "title": "printer of Ann",
                "customer": "emily@example.com",
                "owner": "agent@example",
                "group": "Service Desk",
                "organization": self.random.choice(["north", "south"]),
                "state": "open",
                "state_id": OPEN,
                "create_article_type": self.random.choice(sorted(CHANNELS)),
                "created_at": text(at - timedelta(hours=5)),
                "updated_at": text(at),
                "close_at": None,
                "last_close_at": None,
            }

    def change(self, number: int) -> dict[str, Any]:
        """The ticket after something happened to it."""
        row = self.tickets[number]
        at = text(self._now)
        if row["state_id"] == OPEN:
            row |= {"state": self.closed, "state_id": CLOSED, "close_at": row["close_at"] or at, "last_close_at": at}
        else:
            row |= {"state": "open", "state_id": OPEN}
        row["updated_at"] = at
        return row

    def tick(self) -> None:
        """A second passes."""
        self._now += timedelta(seconds=1)
        for number in self.random.sample(sorted(self.tickets), min(self.busy, len(self.tickets))):
            self.change(number)

    def answer(self, path: str, query: dict[str, str]) -> Given:
        if self.requests[-1][2].get("Authorization") != "Token token=secret":
            return Given({"error": "Authentication required"}, 401)
        if path.endswith("ticket_states"):
            named = ((OPEN, "open", "open"), (CLOSED, self.closed, "closed"), *self.more_states)
            return Given([dict(zip(("id", "name", "state_type"), state, strict=True)) for state in named])
        asked, rows = query["query"], list(self.tickets.values())
        if found := _BEHIND.search(asked):
            since, same, after = found[1], found[2], int(found[3])
            rows = [r for r in rows if r["updated_at"] > since or (r["updated_at"] == same and r["id"] > after)]
        elif found := _LATER.search(asked):
            rows = [row for row in rows if row["updated_at"] >= found[1]]
        elif found := _IDS.search(asked):
            rows = [row for row in rows if row["id"] > int(found[1])]
        order = query.get("sort_by", "id").split(",")
        return Given(sorted(rows, key=lambda row: [row[name] for name in order])[: int(query["per_page"])])

    def emptied(self, given: Given) -> Given:
        return Given([])

    def expected(self) -> list[tuple[Any, ...]]:
        """By hand, of each ticket: unit, opened, channel, and when it was closed, if it is."""
        return sorted(
            (
                row["organization"],
                row["created_at"][:19].replace("T", " "),
                CHANNELS[row["create_article_type"]],
                (row["last_close_at"] or "")[:19].replace("T", " ") if row["state_id"] == CLOSED else "",
            )
            for row in self.tickets.values()
        )


def text(moment: datetime) -> str:
    """A time as Zammad writes it."""
    return f"{moment.isoformat(timespec='milliseconds')}Z"
