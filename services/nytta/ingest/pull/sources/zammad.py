"""Zammad: tickets by its search, beside the webhook that tells the same as it happens.

Zammad sends whole tickets; all but the fields that are named here is dropped before anything is made of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

from pydantic import Field

from nytta.ingest.pull.ask import Ask, ForbiddenError, GoneError
from nytta.ingest.pull.keyset import OVERLAP_SECONDS, Fetched, changed_time, pages, reached, text
from nytta.ingest.pull.source import Finding, Findings, Page, Place, SourceSettings

_SEARCH: Final = "api/v1/tickets/search"
_STATES: Final = "api/v1/ticket_states"
_CLOSED: Final = 4
"""The id of the state that Zammad comes with for closed tickets, whatever it is called."""
_BEGINNING: Final = "1970-01-01T00:00:00.000Z"


class ZammadSettings(SourceSettings):
    """`query` narrows the tickets in the words of Zammad's search, such as `group.name:Helpdesk`."""

    query: str = Field(default="", max_length=1000)
    page: int = Field(default=100, ge=1, le=200)


class Zammad:
    """The tickets that an account may read."""

    mappings: ClassVar = ("zammad",)
    fetched: ClassVar = (
        *("id", "created_at", "updated_at", "close_at", "last_close_at", "state", "state_id"),
        *("group", "organization", "create_article_type"),
    )
    not_fetched: ClassVar = (
        *("customer", "owner", "title", "number", "note", "articles", "tags", "created_by", "updated_by"),
        "attachments",
    )

    def __init__(self, settings: ZammadSettings) -> None:
        self._settings = settings

    def pull(self, ask: Ask, cursor: str) -> Iterator[Page]:
        """Tickets changed since `cursor`, a time of Zammad's clock."""
        since = cursor or _BEGINNING
        if cursor:
            since = _written(datetime.fromisoformat(cursor) - timedelta(seconds=OVERLAP_SECONDS))

        def fetch(place: Place) -> Fetched:
            updated_since = f'updated_at:["{place.since}" TO *]'
            if place.after:
                same_moment = f'(updated_at:"{place.since}" AND id:>{int(place.after)})'
                updated_since = f'(updated_at:{{"{place.since}" TO *]) OR {same_moment}'
            return self._fetched(ask, updated_since, "updated_at,id", "asc,asc")

        size = self._settings.page
        for ticket_rows, _ in pages(fetch, Place(since), _changed, _id, size):
            cursor = reached(ticket_rows, _changed, cursor, _written(ask.source_time))
            yield Page({"zammad": ticket_rows}, cursor)

    def listing(self, ask: Ask) -> Iterator[Sequence[dict[str, Any]]]:
        """The ids of all tickets."""

        def fetch(place: Place) -> Fetched:
            return self._fetched(ask, f"id:>{int(place.after or 0)}", "id", "asc")

        for ticket_rows, _ in pages(fetch, Place(""), lambda _: "", _id):
            yield [{"id": ticket_row["id"]} for ticket_row in ticket_rows]

    def _fetched(self, ask: Ask, where: str, sort: str, order: str) -> Fetched:
        own = self._settings.query
        params = {"query": f"({own}) AND ({where})" if own else where, "sort_by": sort, "order_by": order}
        response = ask.get(_SEARCH, params | {"per_page": str(self._settings.page), "page": "1", "expand": "true"})
        return Fetched([{name: ticket_row.get(name) for name in self.fetched} for ticket_row in response.body], None)

    def probe(self, ask: Ask, current_time: datetime) -> Findings:
        """Whether tickets can be read."""
        try:
            response = ask.get(_SEARCH, {"query": "id:>0", "per_page": "1", "expand": "true"})
        except ForbiddenError as error:
            return Findings((Finding("tickets", False, f"{error} (ticket.agent, read)"),))
        clock_ahead = (response.clock - current_time).total_seconds() if response.clock else None
        tickets = Finding("tickets", bool(response.body), "" if response.body else "no ticket")
        return Findings((tickets, *_states(ask)), clock_ahead)


def _states(ask: Ask) -> Iterator[Finding]:
    """Whether tickets end in states alone that the shipped mapping knows; nothing where the states are not shown."""
    try:
        states = ask.get(_STATES, {"expand": "true"}).body
    except (ForbiddenError, GoneError):
        return
    closed = [state for state in states if state.get("state_type") == "closed" and state.get("active", True)]
    own_names = [str(state["name"]) for state in closed if state["id"] != _CLOSED and state["name"] != "closed"]
    detail = f"closed too, and not counted as resolved: {', '.join(own_names)}; name them in a mapping of your own"
    yield Finding("states", not own_names, detail if own_names else "")


def _changed(ticket_row: dict[str, Any]) -> str:
    return changed_time(ticket_row, "updated_at", datetime.fromisoformat)


def _written(moment: datetime) -> str:
    """A time as Zammad writes it."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _id(ticket_row: dict[str, Any]) -> str:
    """The id of a ticket, as a text that is ordered as numbers are; '' where it has none."""
    return text(ticket_row, "id").rjust(20, "0") if ticket_row.get("id") is not None else ""
