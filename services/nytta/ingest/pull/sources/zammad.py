"""Zammad: tickets by its search, beside the webhook that tells the same as it happens.

Zammad sends whole tickets; all but the fields that are named here is dropped before anything is made of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final, NamedTuple

from pydantic import Field

from nytta.ingest.pull.ask import Ask, ForbiddenError, GoneError, PullError
from nytta.ingest.pull.keyset import OVERLAP_SECONDS, Fetched, changed_time, pages, text
from nytta.ingest.pull.source import Finding, Findings, Page, Place, SourceSettings

_SEARCH: Final = "api/v1/tickets/search"
_TICKETS: Final = "api/v1/tickets"
_STATES: Final = "api/v1/ticket_states"
_CLOSED: Final = 4
"""The id of the state that Zammad comes with for closed tickets, whatever it is called."""
_LOOKS: Final = 4
"""Times that the search is asked before it is believed that it finds nothing."""
_BEGINNING: Final = "1970-01-01T00:00:00.000Z"
_END: Final = "9999-12-31T23:59:59.999Z"
"""Zammad deletes asterisks from queries, so a range has two ends."""


class ZammadSettings(SourceSettings):
    """`query` narrows the tickets in the words of Zammad's search, such as `group.name:Helpdesk`."""

    query: str = Field(default="", max_length=1000)
    page: int = Field(default=100, ge=1, le=200)


class _Reach(NamedTuple):
    """How far a round is, which reads what changed since a time by ids."""

    since: str
    latest: str
    """The latest change when it began; '' where it is not known yet."""
    after: int
    """The id of the last ticket."""


class Zammad:
    """The tickets that an account may read.

    A page is ordered by ids, for these do not change while it is read. The search finds a ticket by the time that its
    index knows, and shows the ticket as it is by now; in an order of times, one that changed in between would lead
    past all the others.
    """

    mappings: ClassVar = ("zammad",)
    fetched: ClassVar = (
        *("id", "created_at", "updated_at", "close_at", "last_close_at", "state", "state_id"),
        *("group", "organization", "create_article_type"),
    )
    not_fetched: ClassVar = (
        *(
            "customer",
            "owner",
            "title",
            "number",
            "note",
            "articles",
            "tags",
            "created_by",
            "updated_by",
        ),
        "attachments",
    )

    def __init__(self, settings: ZammadSettings) -> None:
        self._settings = settings

    def pull(self, ask: Ask, cursor: str) -> Iterator[Page]:
        """Tickets changed since `cursor`: a time of Zammad's clock, or how far a round came that was broken off."""
        since, latest, after = _reach(cursor)
        latest = latest or self._latest(ask, since) or cursor
        for ticket_rows, place in self._pages(ask, since, after):
            yield Page({"zammad": ticket_rows}, json.dumps(_Reach(since, latest, int(place.after))))
        # what changed since the round began may have been behind its place already
        yield Page({}, latest)

    def _latest(self, ask: Ask, since: str) -> str:
        """The latest change that the search knows of, up to now; '' where there is none.

        A ticket may bear any time, such as the end of 9999: all changes until then would be missed.
        """
        tickets = self._found(
            ask, f'updated_at:["{since}" TO "{_written(ask.source_time)}"]', "updated_at", "desc", 1
        )
        return changed_time(tickets[0], "updated_at", datetime.fromisoformat) if tickets else ""

    def listing(self, ask: Ask) -> Iterator[Sequence[dict[str, Any]]]:
        """The ids of all tickets."""
        for ticket_rows, _ in self._pages(ask, _BEGINNING, 0):
            yield [{"id": ticket_row["id"]} for ticket_row in ticket_rows]

    def _pages(
        self, ask: Ask, since: str, after: int
    ) -> Iterator[tuple[Sequence[dict[str, Any]], Place]]:
        def fetch(place: Place) -> Fetched:
            condition = f'updated_at:["{since}" TO "{_END}"] AND id:>{int(place.after or 0)}'
            return Fetched(self._found(ask, condition, "id", "asc", self._settings.page), None)

        yield from pages(fetch, Place("", _written_id(after) if after else ""), lambda _: "", _id)
        self._check_search(ask)

    def _found(
        self, ask: Ask, condition: str, column: str, order: str, limit: int
    ) -> list[dict[str, Any]]:
        own = self._settings.query
        params = {
            "query": f"({own}) AND {condition}" if own else condition,
            "sort_by": column,
            "order_by": order,
            "per_page": str(limit),
            "page": "1",
            "expand": "true",
        }
        return [
            {name: ticket_row.get(name) for name in self.fetched}
            for ticket_row in ask.get(_SEARCH, params).body
        ]

    def _has_tickets(self, ask: Ask) -> bool:
        return bool(
            self._found(ask, f'updated_at:["{_BEGINNING}" TO "{_END}"] AND id:>0', "id", "asc", 1)
        )

    def _check_search(self, ask: Ask) -> None:
        """PullError where the search finds nothing because it does not work: it answers then as if there was nothing.

        The list without a search comes from Zammad's database.
        """
        every = Zammad(ZammadSettings())
        if any(every._has_tickets(ask) for _ in range(_LOOKS)):
            return
        if ask.get(_TICKETS, {"per_page": "1", "page": "1", "expand": "true"}).body:
            raise PullError(
                "Zammad's search finds no ticket though there are some: look whether its Elasticsearch runs and its "
                "index is built, and whether Zammad is a current version; it is tried again next round"
            )

    def probe(self, ask: Ask, current_time: datetime) -> Findings:
        """Whether tickets can be read, and whether the search works by which they are."""
        params = {"per_page": "1", "page": "1", "expand": "true"}
        try:
            response = ask.get(_TICKETS, params)
        except ForbiddenError as error:
            return Findings((Finding("tickets", False, f"{error} (ticket.agent, read)"),))
        clock_ahead = (response.clock - current_time).total_seconds() if response.clock else None
        try:
            self._check_search(ask)
            has_tickets = self._has_tickets(ask)
            detail = "" if has_tickets else "no ticket"
        except PullError as error:
            has_tickets, detail = False, str(error)
        return Findings((Finding("tickets", has_tickets, detail), *_states(ask)), clock_ahead)


def _states(ask: Ask) -> Iterator[Finding]:
    """Whether tickets end in states alone that the shipped mapping knows; nothing where the states are not shown."""
    try:
        states = ask.get(_STATES, {"expand": "true"}).body
    except (ForbiddenError, GoneError):
        return
    closed = [
        state
        for state in states
        if state.get("state_type") == "closed" and state.get("active", True)
    ]
    own_names = [
        str(state["name"])
        for state in closed
        if state["id"] != _CLOSED and state["name"] != "closed"
    ]
    detail = f"closed too, and not counted as resolved: {', '.join(own_names)}; name them in a mapping of your own"
    yield Finding("states", not own_names, detail if own_names else "")


def _reach(cursor: str) -> _Reach:
    """Where a round begins: where another was broken off, or some time before the latest change that it knew of."""
    if cursor.startswith("["):
        return _Reach(*json.loads(cursor))
    if not cursor:
        return _Reach(_BEGINNING, "", 0)
    return _Reach(
        _written(datetime.fromisoformat(cursor) - timedelta(seconds=OVERLAP_SECONDS)), "", 0
    )


def _written(moment: datetime) -> str:
    """A time as Zammad writes it."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _written_id(number: int) -> str:
    """An id as a text that is ordered as numbers are."""
    return str(number).rjust(20, "0")


def _id(ticket_row: dict[str, Any]) -> str:
    """The id of a ticket, as a text that is ordered as numbers are; '' where it has none."""
    number = text(ticket_row, "id")
    return _written_id(int(number)) if number else ""
