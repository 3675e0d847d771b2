"""Six tickets that are corrected from phone to web: web in all six, by whichever door the correction comes."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from nytta.indicators.store.recompute import recompute
from nytta.ingest.events import decode, to_ndjson
from nytta.ingest.events.encode import encode
from nytta.ingest.http.modes import Mode
from nytta.ingest.http.tokens import Token
from nytta.ingest.http.validation import Circumstances, EventRequest, judge
from nytta.ingest.intake import Intake
from nytta.ingest.keys import Keys
from nytta.ingest.store.private import PrivateStore
from tests.organisations import county, small_county

pytestmark = pytest.mark.slow

NOW = datetime(2026, 6, 1, tzinfo=UTC)
SENDER = Token(id="desk", source="desk", hash="", created=NOW)
Door = Callable[[Intake, Sequence[dict[str, Any]], Path], None]


def ticket(number: int, channel: str, revision: int) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"t{number}",
        "source": "/desk",
        "type": "nytta.ticket.opened.v1",
        "time": "2026-03-02T10:00:00Z",
        "revision": str(revision),
        "data": {"unit": "north", "system": "cases", "ticket": f"t{number}", "channel": channel, "actor": "a@b"},
    }


def over_http(intake: Intake, events: Sequence[dict[str, Any]], _folder: Path) -> None:
    circumstances = Circumstances(intake.registry, intake.choice(), NOW)
    for event in events:
        request = EventRequest(SENDER, Mode.BATCH, [], orjson.dumps([event]))
        table, (judged,) = judge([request], circumstances)
        assert not judged.rejects
        intake.store(table, (), NOW)


def over_kafka(intake: Intake, events: Sequence[dict[str, Any]], _folder: Path) -> None:
    """As a gateway puts them on the topic, and a worker takes them from it."""
    for event in events:
        put = decode(to_ndjson([event]), received_at=NOW, pseudonymise=intake.choice())
        taken = intake.judge(b"".join(encode(put.table)), NOW)
        assert not taken.rejects
        intake.private.write(taken.table, (), seal=intake.keys.seal, received_at=NOW)


def by_file(intake: Intake, events: Sequence[dict[str, Any]], folder: Path) -> None:
    for number, event in enumerate(events):
        path = folder / f"{number}.ndjson"
        path.write_bytes(to_ndjson([event]))
        intake.import_file(path, None, NOW)


@pytest.mark.parametrize("door", [over_http, over_kafka, by_file])
@pytest.mark.parametrize("late", [False, True])
def test_a_corrected_channel_is_the_corrected_one(store: PrivateStore, tmp_path: Path, door: Door, late: bool) -> None:
    small_county(store.connection)
    intake = Intake(store, Keys("k1", bytes(32)), county())
    told = [
        ticket(number, channel, revision) for number in range(6) for revision, channel in ((1, "phone"), (2, "web"))
    ]
    random.Random(4).shuffle(told)
    if late:  # every correction before what it corrects
        told.sort(key=lambda event: event["revision"], reverse=True)
    door(intake, told, tmp_path)
    recompute(store, ())
    assert store.connection.rows("SELECT channel, count() FROM {private}.tickets FINAL GROUP BY channel") == [
        ("web", 6)
    ]
