from datetime import UTC, date, datetime

from nytta.events import Channel, decode, to_ndjson
from nytta.events.examples import full


def test_what_is_written_is_read() -> None:
    event = full("nytta.change.decision.v1") | {"time": datetime(2026, 2, 9, 8, 30, tzinfo=UTC)}
    event["data"] |= {"due": date(2026, 6, 30)}
    opened = full("nytta.case.opened.v1")
    opened["data"] |= {"channel": Channel.PHONE}
    body = to_ndjson([event, opened])
    assert body.count(b"\n") == 2
    made = decode(body, received_at=datetime(2026, 3, 1, tzinfo=UTC), pseudonymise=None)
    assert made.rejects == ()
    assert {row["channel"] for row in made.table.to_pylist()} == {"", "phone"}


def test_nothing_is_nothing() -> None:
    assert to_ndjson([]) == b""
