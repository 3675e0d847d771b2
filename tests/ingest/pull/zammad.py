"""A Zammad of a test: tickets behind its search, in the words of Elasticsearch that the source uses.

As Zammad 6 does, it deletes asterisks from a query, answers a query that its search does not understand with nothing,
sorts by columns that there are and else by the latest change, finds tickets by what its index knows of them, and shows
them as they stand.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from tests.ingest.pull.faults import Fake, Given

BEGIN = datetime(2026, 3, 2, 6)
OPEN, CLOSED = 2, 4
"""Ids of the states that Zammad comes with."""
CHANNELS = {"phone": "phone", "email": "email", "web": "web"}
_CHANGED = re.compile(r'updated_at:\["([^"]+)" TO "([^"]+)"\]')
_BEHIND = re.compile(r"id:>(\d+)")
_COLUMNS = ("id", "created_at", "updated_at")


class FakeZammad(Fake):
    """`tickets` by id; between two requests, `busy` of them change. Its index is `lag` requests behind."""

    def __init__(self, tickets: int, *, in_one_moment: int = 0, busy: int = 0, lag: int = 0, **more: Any) -> None:
        super().__init__(**more)
        self.lag = lag
        self.searches = True
        """Whether its search works; else it answers as if there was nothing."""
        self._indexed: list[dict[int, str]] = []
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
        self._indexed.append({number: str(row["updated_at"]) for number, row in self.tickets.items()})
        del self._indexed[: -self.lag - 1]

    def answer(self, path: str, query: dict[str, str]) -> Given:
        if self.requests[-1][2].get("Authorization") != "Token token=secret":
            return Given({"error": "Authentication required"}, 401)
        if path.endswith("ticket_states"):
            named = ((OPEN, "open", "open"), (CLOSED, self.closed, "closed"), *self.more_states)
            return Given([dict(zip(("id", "name", "state_type"), state, strict=True)) for state in named])
        limit = int(query["per_page"])
        if not path.endswith("search"):
            return Given(list(self.tickets.values())[:limit])
        ids = self._found(query["query"].replace("*", ""), query.get("sort_by", ""), query.get("order_by", ""))
        # those that are gone are in the index yet
        return Given([self.tickets[number] for number in ids[:limit] if number in self.tickets])

    def _found(self, asked: str, column: str, order: str) -> list[int]:
        changed, behind = _CHANGED.search(asked), _BEHIND.search(asked)
        if not (self.searches and changed):
            return []
        since, until, after = changed[1], changed[2], int(behind[1]) if behind else 0
        index = self._indexed[0]
        found = [number for number, at in index.items() if since <= at <= until and number > after]
        if column not in _COLUMNS:
            return sorted(found, key=lambda number: index[number], reverse=True)
        return sorted(found, key=lambda number: number if column == "id" else index[number], reverse=order == "desc")

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
