"""What a sender hears: every refusal is a precise problem, nothing durable is lost, nothing inside is shown."""

from __future__ import annotations

import gzip
import socket
import time
import zlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import orjson
import pytest
from prometheus_client import generate_latest

from nytta.ingest.events.encode import to_ndjson
from nytta.ingest.http.acceptance import Busy, Unavailable
from nytta.ingest.http.limits import Limits
from tests.ingest.http.conftest import KEYS, NOW, Place, event, of_unit

BATCH = "application/cloudevents-batch+json"
NDJSON = "application/x-ndjson"


def problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    """The problem details of an answer, which must be whole."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told: dict[str, Any] = answer.json()
    assert told["status"] == status
    assert told["title"]
    assert "Traceback" not in answer.text
    return told


# --- what is accepted -----------------------------------------------------------------------------


def test_ids_are_pseudonyms_before_they_are_put(place: Place) -> None:
    place.post(event())
    (row,) = place.kept.rows
    pseudonymiser = KEYS.pseudonymiser()
    assert row["actor"] == pseudonymiser.digest("ada@county.example")
    assert row["subject"] == pseudonymiser.digest("c1")
    assert row["received_at"] == NOW


def test_ndjson_is_taken_line_by_line(place: Place) -> None:
    body = to_ndjson([event(1)]) + b"\n{\n" + to_ndjson([event(2)])
    answer = place.post(body, NDJSON)
    assert answer.status_code == 202
    assert answer.json()["accepted"] == 2
    # places are lines, the blank one too
    assert [(r["index"], r["reason"]) for r in answer.json()["rejected"]] == [(2, "malformed_json")]
    assert [r.position for r in place.kept.rejects] == ["line 3"]


def test_gzip_is_undone(place: Place) -> None:
    one, two = gzip.compress(to_ndjson([event(1)])), gzip.compress(to_ndjson([event(2)]))
    assert place.post(one + two, NDJSON, content_encoding="gzip").json()["accepted"] == 2


def test_a_retry_gets_the_same_answer(place: Place) -> None:
    first, again = place.post([event(1), event(2)], BATCH), place.post([event(1), event(2)], BATCH)
    assert first.json() == again.json() == {"read": 2, "accepted": 2, "rejected": []}
    assert place.kept.tables[0].select(["source", "id"]).equals(place.kept.tables[1].select(["source", "id"]))


def test_rejects_are_kept_whole_and_name_the_sender(place: Place) -> None:
    bad = event(type="nytta.unheard.of.v1")
    answer = place.post([event(1), bad, 5], BATCH)
    assert answer.status_code == 202
    assert [r.position for r in place.kept.rejects] == ["event 2", "event 3"]
    assert [r.source for r in place.kept.rejects] == ["/cases", "desk"]
    assert orjson.loads(place.kept.rejects[0].body) == bad


# --- bodies that are refused ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        (b"", 400, "malformed_json"),
        (b"{", 400, "malformed_json"),
        (b'{"a": NaN}', 400, "malformed_json"),
        (b'{"id": "a\nb"}', 400, "malformed_json"),
        (b"[" * 100_000, 400, "malformed_json"),
        (b'"\xff"', 400, "invalid_encoding"),
        (b"5", 400, "not_cloudevent"),
        (b"{}", 400, "not_cloudevent"),
    ],
)
def test_bodies_that_are_no_event(place: Place, body: bytes, status: int, reason: str) -> None:
    told = problem(place.post(body), status)
    assert told["reason"] == reason
    assert [r.reason for r in place.kept.rejects] == [reason]
    assert place.kept.rows == []


def test_an_event_of_the_future_is_refused(place: Place) -> None:
    later = (NOW + timedelta(days=2)).isoformat()
    told = problem(place.post(event(time=later)), 422)
    assert told["reason"] == "future_time"
    assert told["rejected"] == [{"index": 0, "reason": "future_time", "detail": told["detail"]}]


def test_an_event_of_an_unknown_unit_is_refused_and_kept(place: Place) -> None:
    told = problem(place.post(of_unit("nowhere")), 422)
    assert told["reason"] == "unknown_unit"
    assert orjson.loads(place.kept.rejects[0].body) == of_unit("nowhere")


@pytest.mark.parametrize("media", ["application/json", "text/html", "application/cloudevents+protobuf", "x"])
def test_other_media_types(place: Place, media: str) -> None:
    problem(place.post(event(), media), 415)


def test_other_charsets_and_encodings(place: Place) -> None:
    problem(place.post(event(), "application/cloudevents+json; charset=iso-8859-1"), 415)
    answer = place.post(event(), content_encoding="br")
    problem(answer, 415)
    assert answer.headers["accept-encoding"] == "gzip"


@pytest.mark.parametrize("body", [b"no gzip", gzip.compress(b"{}" * 1000, mtime=0)[:-20]])
def test_broken_gzip(place: Place, body: bytes) -> None:
    problem(place.post(body, content_encoding="gzip"), 400)


def test_a_body_of_100_mb(place: Place) -> None:
    def chunks() -> Any:
        for _ in range(100):
            yield b" " * 1_000_000

    headers = {"Authorization": f"Bearer {place.token}", "Content-Type": NDJSON}
    assert problem(place.client.post("/events", content=chunks(), headers=headers), 413)["reason"] == "too_large"
    assert problem(place.client.post("/events", content=b" " * 100_000_000, headers=headers), 413)
    assert place.post(event()).status_code == 202


def test_a_zip_bomb_is_no_memory(place: Place) -> None:
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join(packer.compress(bytes(1 << 20)) for _ in range(500)) + packer.flush()
    assert len(bomb) < 1 << 20
    assert problem(place.post(bomb, NDJSON, content_encoding="gzip"), 413)["reason"] == "too_large"


def test_a_line_that_is_too_long_is_one_reject(place: Place) -> None:
    answer = place.post([event(1), event(2, subject="x" * (1 << 20))], BATCH)
    assert answer.json()["rejected"][0]["reason"] == "too_large"
    assert answer.json()["accepted"] == 1


# --- who may send ---------------------------------------------------------------------------------


@pytest.mark.parametrize("header", [None, "Basic YTpi", "Bearer", "Bearer wrong", "Bearer nytta_x_é"])
def test_without_a_token_nothing_is_read(place: Place, header: str | None) -> None:
    headers = {"Content-Type": "application/cloudevents+json"} | ({"Authorization": header} if header else {})
    shown = {name.encode(): value.encode() for name, value in headers.items()}
    answer = place.client.post("/events", content=orjson.dumps(event()), headers=shown)
    problem(answer, 401)
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert (place.kept.rows, place.kept.rejects) == ([], [])


def test_two_tokens_are_one_too_many(place: Place) -> None:
    headers = {"Authorization": f"Bearer {place.token}", "Content-Type": NDJSON}
    problem(place.client.post(f"/events?access_token={place.token}", content=b"", headers=headers), 400)


def test_a_token_for_another_unit(place: Place) -> None:
    only_south = place.tokens.add("south", NOW, units=["south"])[1]
    told = problem(place.post(of_unit("north"), token=only_south), 403)
    assert told["reason"] == "forbidden_unit"
    answer = place.post([of_unit("south", 1), of_unit("north", 2), of_unit("south", 3)], BATCH, token=only_south)
    assert answer.json()["accepted"] == 2
    assert [(r["index"], r["reason"]) for r in answer.json()["rejected"]] == [(1, "forbidden_unit")]
    assert [row["id"] for row in place.kept.rows] == ["1", "3"]


def test_one_identity_twice_is_judged_event_by_event(place: Place) -> None:
    only_south = place.tokens.add("south", NOW, units=["south"])[1]
    answer = place.post([of_unit("south"), of_unit("north"), of_unit("south")], BATCH, token=only_south)
    assert [r["index"] for r in answer.json()["rejected"]] == [1]
    assert [row["unit"] for row in place.kept.rows] == ["south", "south"]


def test_a_revoked_token_is_refused_at_once(place: Place) -> None:
    token, text = place.tokens.add("short", NOW)
    assert place.post(event(), token=text).status_code == 202
    place.tokens.revoke(token.id)
    problem(place.post(event(), token=text), 401)


def test_several_tokens_of_a_source_are_valid_beside_each_other(place: Place) -> None:
    old, new = place.tokens.add("rotating", NOW)[1], place.tokens.add("rotating", NOW)[1]
    assert [place.post(event(), token=t).status_code for t in (old, new)] == [202, 202]


# --- limits ---------------------------------------------------------------------------------------


def test_a_token_that_sends_too_much_waits(places: Callable[[Limits], Place]) -> None:
    place = places(Limits(rate=1, burst=5))
    assert place.post([event(n) for n in range(20)], BATCH).status_code == 202
    answer = place.post(event())
    problem(answer, 429)
    assert 10 <= int(answer.headers["retry-after"]) <= 16
    other = place.tokens.add("other", NOW)[1]
    assert place.post(event(), token=other).status_code == 202


@pytest.mark.parametrize(
    ("refusal", "status"),
    [(Busy("more is waiting than may wait", 2), 429), (Unavailable("the broker is away", 7), 503)],
)
def test_backpressure(place: Place, refusal: Exception, status: int) -> None:
    place.kept.refusal = refusal
    answer = place.post(event())
    problem(answer, status)
    assert int(answer.headers["retry-after"]) in (2, 7)
    problem(place.client.get("/readyz"), 503)


def test_a_fault_shows_nothing_of_the_inside(place: Place) -> None:
    place.kept.refusal = RuntimeError("ada@county.example")
    told = problem(place.post(event()), 500)
    assert "ada" not in str(told)


def test_a_slow_body_ends(places: Callable[[Limits], Place]) -> None:
    place = places(Limits(seconds=0.5))
    head = (
        f"POST /events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {place.token}\r\n"
        "Content-Type: application/cloudevents+json\r\nContent-Length: 1000\r\n\r\n{"
    )
    answer = spoken(place.port, head.encode())
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"application/problem+json" in answer


def test_a_slow_head_ends(places: Callable[[Limits], Place]) -> None:
    place = places(Limits(seconds=0.5))
    assert spoken(place.port, b"POST /events HTTP/1.1\r\nHost: x\r\nX-Slow: ") == b""
    assert spoken(place.port, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /healthz HTT").startswith(b"HTTP/1.1 200 ")


def test_a_body_announced_too_large_is_refused_before_it_is_sent(place: Place) -> None:
    head = (
        f"POST /events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {place.token}\r\nExpect: 100-continue\r\n"
        "Content-Type: application/cloudevents+json\r\nContent-Length: 100000000\r\n\r\n"
    )
    assert spoken(place.port, head.encode()).startswith(b"HTTP/1.1 413 ")


def spoken(port: int, said: bytes) -> bytes:
    """What a server answers to bytes, until it hangs up."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as wire:
        wire.sendall(said)
        heard = b""
        while more := wire.recv(65536):
            heard += more
    return heard


def test_large_bodies_together_wait(places: Callable[[Limits], Place]) -> None:
    place = places(Limits(held=1000))
    with socket.create_connection(("127.0.0.1", place.port), timeout=20) as wire:
        wire.sendall(
            f"POST /events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {place.token}\r\n"
            f"Content-Type: {NDJSON}\r\nContent-Length: 2000\r\n\r\n".encode()
            + b" " * 900
        )
        until = time.monotonic() + 10
        while place.gateway.held < 900 and time.monotonic() < until:
            time.sleep(0.02)
        problem(place.post(event()), 429)
    until = time.monotonic() + 10
    while place.gateway.held and time.monotonic() < until:
        time.sleep(0.02)
    assert place.post(event()).status_code == 202


# --- the other resources --------------------------------------------------------------------------


def test_unknown_resources_and_methods(place: Place) -> None:
    problem(place.client.get("/nothing"), 404)
    answer = place.client.put("/events")
    problem(answer, 405)
    assert answer.headers["allow"] == "OPTIONS, POST"


def test_health_and_readiness(place: Place) -> None:
    assert place.client.get("/healthz").text == "ok\n"
    assert place.client.get("/readyz").text == "ready\n"


def counted(place: Place) -> list[str]:
    return generate_latest(place.gateway.counters.registry).decode().splitlines()


def test_counters_are_not_everybodys_to_read(place: Place) -> None:
    assert place.client.get("/metrics").status_code == 404


def test_counters_tell_reasons_and_senders(places: Callable[[Limits], Place]) -> None:
    place = places(Limits())
    place.post([event(1), event(2), event(type="nytta.unheard.of.v1")], BATCH)
    place.post(event(time="lunchtime"))
    place.post(event(), "text/html")
    lines = counted(place)
    for line in (
        'nytta_events_accepted_total{sender="desk"} 2.0',
        'nytta_events_rejected_total{reason="unknown_type",sender="desk"} 1.0',
        'nytta_events_rejected_total{reason="invalid_field",sender="desk"} 1.0',
        'nytta_requests_total{status="202"} 1.0',
        'nytta_requests_total{status="415"} 1.0',
        "nytta_request_events_count 2.0",
        "nytta_request_events_sum 4.0",
    ):
        assert line in lines, line


def test_what_the_objectives_count_stands_at_zero_before_the_first_request(places: Callable[[Limits], Place]) -> None:
    """Else the first faults make a counter appear, which has not increased for Prometheus, and no alert is sent."""
    lines = counted(places(Limits()))
    assert {f'nytta_requests_total{{status="{status}"}} 0.0' for status in (202, 500, 503)} <= set(lines)
