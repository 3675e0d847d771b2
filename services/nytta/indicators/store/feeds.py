"""Which systems have what indicators need: subjects of a kind, or events of persons. Kept by rounds, not searched.

A system whose first subject came, or whose last one went, has figures in all weeks of its people, or none. What systems
had before a round is noted with what it touches, so that a round that dies and is repeated still knows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final

from nytta.indicators.subjects import STORED
from nytta.ingest.store.private import PrivateStore

Feeds = Mapping[str, frozenset[str]]
"""The systems of each feed; of those of all systems together, '' where there is any."""

OF_PERSONS: Final = {
    "training": ("kind = 'training'", "events.system"),
    "legacy": ("kind = 'session' AND legacy = 1 AND actor_kind = 'person'", "events.system"),
    "presence": ("kind = 'presence'", "''"),
    "answer": ("kind = 'pulse'", "''"),
}
"""SQL of the raw events that are a feed of persons, and of whose; the other feeds are the kinds of stored subjects."""

_NOTE: Final = "fed "
_EPOCH: Final = date(1970, 1, 1)


def kept(store: PrivateStore) -> tuple[Feeds, Feeds | None]:
    """What rounds have kept, and what there was before the first try of a round that died; None where none did."""
    feed_rows = store.connection.rows(
        f"""SELECT feed, system FROM {{private}}.feeds FINAL
        UNION ALL SELECT subject, system FROM {{private}}.round_touched WHERE startsWith(subject, '{_NOTE}')"""
    )
    kept_rows = [(feed, system) for feed, system in feed_rows if not feed.startswith(_NOTE)]
    notes = [
        (feed.removeprefix(_NOTE), system) for feed, system in feed_rows if feed.startswith(_NOTE)
    ]
    if not notes:
        return _gathered(kept_rows), None
    # the note without a feed says that there was a first try, though systems had nothing then
    return _gathered(kept_rows), _gathered((feed, system) for feed, system in notes if feed)


def note(store: PrivateStore, feeds: Feeds) -> None:
    """Note what systems have before a round."""
    noted_feeds = [("", ""), *((feed, system) for feed in feeds for system in sorted(feeds[feed]))]
    store.connection.insert(
        "{private}.round_touched",
        ["subject", "unit", "system", "day", "onwards"],
        [[_NOTE + feed, "", system, _EPOCH, False] for feed, system in noted_feeds],
    )


def looked_for(store: PrivateStore, visible: str, only: Iterable[str] | None = None) -> Feeds:
    """The systems of all feeds, or of `only` some, as subject rows and visible raw events say."""
    branches = [
        f"SELECT '{subject.name}' AS feed, system FROM {{private}}.{subject.table} FINAL GROUP BY system"
        for subject in STORED
    ]
    branches += [
        f"SELECT '{feed}' AS feed, {system} AS system FROM {{private}}.events "
        f"WHERE {where} AND retracted = 0 AND {visible} GROUP BY system"
        for feed, (where, system) in OF_PERSONS.items()
    ]
    wanted = None if only is None else set(only)
    selected = [branch for branch in branches if wanted is None or branch.split("'")[1] in wanted]
    return _gathered(store.connection.rows(" UNION ALL ".join(selected))) if selected else {}


def keep(store: PrivateStore, earlier: Feeds, later: Feeds, version: int) -> None:
    """Keep what differs between two states."""
    feed_rows = [
        [feed, system, version, int(system not in later.get(feed, ()))]
        for feed in sorted({*earlier, *later})
        for system in sorted(earlier.get(feed, frozenset()) ^ later.get(feed, frozenset()))
    ]
    store.connection.insert(
        "{private}.feeds", ["feed", "system", "version", "is_deleted"], feed_rows
    )


def _gathered(rows: Iterable[tuple[str, ...]]) -> Feeds:
    gathered: dict[str, set[str]] = {}
    for feed, system in rows:
        gathered.setdefault(feed, set()).add(system)
    return {feed: frozenset(systems) for feed, systems in gathered.items()}
