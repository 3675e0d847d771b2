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
    latest = {(row["source"], row["what"]): row for row in pulls.latest_rounds(installation.private)}
    latest_fields, units = pulls.latest_fields(installation.private), pulls.fed_units(installation.private)
    return [
        _state(
            installation,
            declared,
            latest.get((declared.id, "live")) or {"state": "waiting", "started": None, "last_good": None},
            latest.get((declared.id, "reconcile")) or {},
            registry,
            current_time,
        )
        | {
            "drift": drift(pulls.known_fields(installation.private, declared.id), latest_fields.get(declared.id, {})),
            "units": units.get(declared.id, {}),
        }
        for declared in asked_sources
    ]


def standings(installation: App, sources: Sequence[Declared], current_time: datetime) -> dict[str, SourceStanding]:
    """What is measured of each source that is asked, by its id."""
    last_good = {
        row["source"]: row["last_good"] for row in pulls.latest_rounds(installation.private) if row["what"] == "live"
    }
    unplaced, fields = pulls.unplaced_events(installation.private), pulls.latest_fields(installation.private)
    day = current_time.date()
    return {
        declared.id: SourceStanding(
            read_at=_moment(last_good.get(declared.id)),
            interval=60.0 * declared.minutes,
            excused=declared.is_muted(day) or not declared.runs(day),
            unplaced=unplaced.get(declared.id, 0),
            silent_fields=len(
                drift(pulls.known_fields(installation.private, declared.id), fields.get(declared.id, {}))
            ),
        )
        for declared in sources
        if declared.is_asked
    }


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
    return {
        **live,
        "source": declared.id,
        "organisation": declared.organisation,
        "state": live["state"] if is_running else "ended",
        "message": str(live.get("message") or "") or (str(look["message"]) if look_fails else ""),
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
        "indicators": [one.id for one in fed_indicators(mapping_of(declared, registry), installation.definitions)],
    }


def drift(usual: Mapping[str, int], latest: Mapping[str, int]) -> list[str]:
    """Fields that said something in every row of the rounds before, and say nothing in any row now."""
    return [name for name, share in sorted(usual.items()) if share == 100 and latest and not latest.get(name)]


def _moment(moment: datetime | None) -> datetime | None:
    """A moment; None where the store has none, for which it says the beginning of 1970."""
    return moment if moment is not None and moment.timestamp() > 0 else None
