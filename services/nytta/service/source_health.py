"""How the sources stand that are asked: what operations sees of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from nytta.ingest.pull.declared import Declared
from nytta.ingest.store import pulls
from nytta.service.installation import App
from nytta.service.metrics import SourceStanding
from nytta.service.pulls import fed_indicators, mapping_of

_FAILS: Final = ("failed", "held")


def state_of_sources(
    installation: App, sources: Sequence[Declared], registry: Path | None, current_time: datetime
) -> list[dict[str, Any]]:
    """How each source that is asked stands: its latest round, what it feeds, and its own count beside ours.

    `next` is None where it is asked no more, or was not asked yet; `age` is the time since it was last read well, None
    where it never was; `looked` tells how the last look for what is gone ended, where that failed. `drift` are fields
    that fell silent.
    """
    asked_sources = [declared for declared in sources if declared.is_asked]
    if not asked_sources:  # then nothing need be read
        return []
    store = installation.private
    latest = {(row["source"], row["what"]): row for row in pulls.latest_rounds(store)}
    latest_fields, units = pulls.latest_fields(store), pulls.fed_units(store)
    never_asked = {"state": "waiting", "started": None, "last_good": None}
    states = []
    for declared in asked_sources:
        live = latest.get((declared.id, "live"), never_asked)
        look = latest.get((declared.id, "reconcile"), {})
        state = _state(installation, declared, live, look, registry, current_time)
        state["drift"] = drift(
            pulls.known_fields(store, declared.id), latest_fields.get(declared.id, {})
        )
        state["units"] = units.get(declared.id, {})
        states.append(state)
    return states


def standings(
    installation: App, sources: Sequence[Declared], current_time: datetime
) -> dict[str, SourceStanding]:
    """What is measured of each source that is asked, by its id."""
    store = installation.private
    live_rounds = [row for row in pulls.latest_rounds(store) if row["what"] == "live"]
    last_good = {row["source"]: row["last_good"] for row in live_rounds}
    unplaced, latest_fields = pulls.unplaced_events(store), pulls.latest_fields(store)
    day = current_time.date()
    measured = {}
    for declared in sources:
        if not declared.is_asked:
            continue
        silent_fields = drift(
            pulls.known_fields(store, declared.id), latest_fields.get(declared.id, {})
        )
        measured[declared.id] = SourceStanding(
            read_at=_moment(last_good.get(declared.id)),
            interval=60.0 * declared.minutes,
            excused=declared.is_muted(day) or not declared.runs(day),
            unplaced=unplaced.get(declared.id, 0),
            silent_fields=len(silent_fields),
        )
    return measured


def _state(
    installation: App,
    declared: Declared,
    live: Mapping[str, Any],
    look: Mapping[str, Any],
    registry: Path | None,
    current_time: datetime,
) -> dict[str, Any]:
    began, last_good = live["started"], _moment(live["last_good"])
    day = current_time.date()
    is_running = declared.runs(day)
    look_fails = look.get("state") in _FAILS
    look_message = str(look["message"]) if look_fails else ""
    return {
        **live,
        "source": declared.id,
        "organisation": declared.organisation,
        "state": live["state"] if is_running else "ended",
        "message": str(live.get("message") or "") or look_message,
        "looked": look["state"] if look_fails else "",
        "next": began + timedelta(minutes=declared.minutes) if began and is_running else None,
        "age": current_time - last_good if last_good and is_running else None,
        "last_good": last_good,
        "muted_until": declared.muted_until if declared.is_muted(day) else None,
        "ended_on": declared.ended_on,
        "verified_on": declared.verified_on,
        "listed": look.get("listed"),
        "standing": look.get("standing"),
        "compared": _moment(look.get("compared")),
        "indicators": [
            definition.id
            for definition in fed_indicators(
                mapping_of(declared, registry), installation.definitions
            )
        ],
    }


def drift(usual: Mapping[str, int], latest: Mapping[str, int]) -> list[str]:
    """Fields that said something in every row of the rounds before, and say nothing in any row now."""
    return [
        name
        for name, share in sorted(usual.items())
        if share == 100 and latest and not latest.get(name)
    ]


def _moment(moment: datetime | None) -> datetime | None:
    """A moment; None where the store has none, for which it says the beginning of 1970."""
    return moment if moment is not None and moment.timestamp() > 0 else None
