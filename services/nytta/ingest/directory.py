"""Who belongs to which unit on which day, where a directory only says how things stand today.

A directory is met with dates: somebody who is found in another unit changed it on the day on which that was seen, and
somebody who is found no more left on that day. What was said of earlier days stays.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

LOOKED_UP: Final = "@lookup"
"""As the unit of an event: that of its actor on its day, else that of its case or ticket as it was opened."""
TYPE: Final = "nytta.people.eligibility.v1"
SAID_AGAIN: Final = timedelta(days=60)
"""Age at which a membership that stands is stored anew: rows of persons are disposed of by the age of their receipt."""

_DATES: Final = ("valid_from", "valid_to")

Event = dict[str, Any]
"""A CloudEvent of a membership, its actor a pseudonym."""


@dataclass(frozen=True, slots=True)
class Membership:
    """A person in a unit from one day until the day before another, in a system; '' for all systems."""

    unit: str
    system: str
    valid_from: date
    valid_to: date | None


@dataclass(frozen=True, slots=True)
class Standing:
    """The latest membership of a row of a directory, as it is stored."""

    event: Event
    received_at: datetime


def unit_on(memberships: Iterable[Membership], system: str, day: date) -> str:
    """The unit on a day, '' where there is none: of several, one of the same system, the one that began last."""

    def rank(membership: Membership) -> tuple[bool, date, str]:
        # the unit's name last: of equals, the same one whatever their order
        return membership.system == system, membership.valid_from, membership.unit

    current_memberships = [membership for membership in memberships if _holds(membership, day)]
    best = max(current_memberships, key=rank, default=None)
    return best.unit if best else ""


def _holds(membership: Membership, day: date) -> bool:
    if day < membership.valid_from:
        return False
    return membership.valid_to is None or day < membership.valid_to


def dated(
    states: Sequence[Event],
    gone: Collection[str],
    standing: Mapping[str, Standing],
    day: date,
    current_time: datetime,
) -> list[Event]:
    """What is to be stored so that a directory says from `day` on what was seen of it.

    `states` are events as a mapping makes them, their ids those of their rows; `gone` are ids of rows that tell of
    nobody any more. `standing` has the latest membership of each of these rows, of which there may be none.
    """
    events: list[Event] = []
    # of a row that stands twice on a page, the last counts
    for list_row, list_event in {
        str(list_event["id"]): list_event for list_event in states
    }.items():
        latest = standing.get(list_row)
        if latest is None or _has_ended(latest.event, day):
            # who was never met may have come before; who left and is met again comes today
            started = (
                day if latest else min(day, date.fromisoformat(list_event["data"]["valid_from"]))
            )
            events.append(
                _membership(list_event, _next_id(list_row, latest), started, current_time, latest)
            )
        elif _content(latest.event) != _content(list_event):
            started = date.fromisoformat(latest.event["data"]["valid_from"])
            # changed on the day on which it began: it is corrected, for it held on no day before
            if started >= day:
                events.append(
                    _membership(list_event, str(latest.event["id"]), started, current_time, latest)
                )
            else:
                events.append(_ended(latest, day, current_time))
                events.append(
                    _membership(list_event, _next_id(list_row, latest), day, current_time, latest)
                )
        elif current_time - latest.received_at > SAID_AGAIN:
            events.append(latest.event | {"revision": _revision(latest, current_time)})
    gone_memberships = [standing[list_row] for list_row in gone if list_row in standing]
    ending = [latest for latest in gone_memberships if not _has_ended(latest.event, day)]
    return events + [_ended(latest, day, current_time) for latest in ending]


def _content(event: Event) -> dict[str, Any]:
    """What a membership says, but for its days: a directory knows no other day than today."""
    return {name: value for name, value in event["data"].items() if name not in _DATES}


def _has_ended(event: Event, day: date) -> bool:
    ends = event["data"].get("valid_to")
    return ends is not None and date.fromisoformat(ends) <= day


def _ended(latest: Standing, day: date, current_time: datetime) -> Event:
    # never before it began: such an event would be refused
    ends = max(day, date.fromisoformat(latest.event["data"]["valid_from"]))
    membership_data = latest.event["data"] | {"valid_to": ends.isoformat()}
    changes = {
        "time": current_time.isoformat(),
        "revision": _revision(latest, current_time),
        "data": membership_data,
    }
    return latest.event | changes


def _membership(
    list_event: Event,
    membership_id: str,
    started: date,
    current_time: datetime,
    latest: Standing | None,
) -> Event:
    """A membership that has begun and not ended, as a row says that it stands."""
    membership_data = {
        name: value for name, value in list_event["data"].items() if name != "valid_to"
    }
    membership_data["valid_from"] = started.isoformat()
    return list_event | {
        "id": membership_id,
        "revision": _revision(latest, current_time),
        "data": membership_data,
    }


def _revision(latest: Standing | None, current_time: datetime) -> str:
    latest_revision = int(latest.event.get("revision", 0)) if latest else 0
    # by the clock, and above the last one though the clock was set back
    return str(max(latest_revision + 1, int(current_time.timestamp() * 1000)))


def _next_id(list_row: str, latest: Standing | None) -> str:
    """The id of the next membership of a row: the row's, then with one letter behind it, from a to z, then with two."""
    if latest is None:
        return list_row
    word = str(latest.event["id"]).removeprefix(list_row).removeprefix(".")
    # numbers to the base of 26 whose digits go from 1 to 26: a, …, z, aa, ab, …
    number = 0
    for letter in word:
        number = number * 26 + ord(letter) - ord("a") + 1
    number += 1
    letters = ""
    while number:
        number, remainder = divmod(number - 1, 26)
        letters = chr(ord("a") + remainder) + letters
    return f"{list_row}.{letters}"
