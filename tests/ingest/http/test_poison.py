"""What a sender wrote is never answered "send the same again": it is accepted, or refused with its reason.

One event that cannot be read harms neither its neighbours in the body nor other requests that are judged with it.
"""

from __future__ import annotations

import asyncio
import base64
import gzip
import time
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from nytta.ingest.http.limits import Limits, gunzip
from nytta.ingest.http.modes import Mode
from nytta.ingest.http.problems import Problem
from nytta.ingest.http.validation import judge
from tests.ingest.http.conftest import Place, event, of_unit
from tests.ingest.http.test_conformance import BATCH, binary, send
from tests.ingest.http.test_routes import spoken
from tests.ingest.http.test_validation import GIVEN, TOKENS, sent

NDJSON = "application/x-ndjson"
STRUCTURED = "application/cloudevents+json"

DEPTHS = [200, 253, 254, 1000, 1023, 1024, 100_000]


def nested(depth: int) -> bytes:
    """JSON nested so deep, on one line."""
    return b'{"a":' * depth + b"1" + b"}" * depth


def with_nested(depth: int) -> bytes:
    """An event whose data are nested so deep."""
    return orjson.dumps(event("deep") | {"data": 0})[:-2] + nested(depth - 1) + b"}"


POISON = {
    "nested 253 deep": with_nested(253),
    "nested 1,023 deep": with_nested(1023),
    "nested 100,000 deep": with_nested(100_000),
    "not a number": orjson.dumps(event("nan"))[:-1] + b',"ext":NaN}',
    "half a surrogate": orjson.dumps(event("half"))[:-1] + b',"ext":"\\ud800"}',
    "control character": orjson.dumps(event("control"))[:-1] + b',"ext":"\x00"}',
    "cut off": orjson.dumps(event("cut"))[:-2],
}


@pytest.mark.parametrize("depth", DEPTHS)
def test_deep_json_is_malformed_in_every_mode(place: Place, depth: int) -> None:
    answers = {
        "structured": place.post(with_nested(depth)),
        "batch": place.post(b"[" + with_nested(depth) + b"]", BATCH),
        "ndjson": place.post(with_nested(depth), NDJSON),
        "binary": send(place, binary(), nested(depth)),
    }
    told = {mode: (answer.status_code, answer.json().get("reason")) for mode, answer in answers.items()}
    if depth <= 200:  # readable, but no data of ours
        assert {status for status, _ in told.values()} <= {400, 422}
    else:
        assert set(told.values()) == {(400, "malformed_json")}
    assert (place.kept.rows, len(place.kept.rejects)) == ([], 4)


@pytest.mark.parametrize("bad", POISON.values(), ids=POISON.keys())
@pytest.mark.parametrize("media", [BATCH, NDJSON])
def test_its_neighbours_in_the_body_go_in(place: Place, bad: bytes, media: str) -> None:
    lines = [orjson.dumps(event(1)), bad, orjson.dumps(event(2))]
    body = b"[" + b",".join(lines) + b"]" if media == BATCH else b"\n".join(lines)
    answer = place.post(body, media)
    assert (answer.status_code, answer.json()["accepted"]) == (202, 2)
    assert [(r["index"], r["reason"]) for r in answer.json()["rejected"]] == [(1, "malformed_json")]
    assert [row["id"] for row in place.kept.rows] == ["1", "2"]
    assert [reject.body.rstrip(b",") for reject in place.kept.rejects] == [bad]


def test_bytes_that_are_no_text_are_one_events(place: Place) -> None:
    bad = orjson.dumps(event("latin"))[:-1] + b',"ext":"\xe5"}'
    answer = place.post(b"[" + b",".join([orjson.dumps(event(1)), bad]) + b"]", BATCH)
    assert [(r["index"], r["reason"]) for r in answer.json()["rejected"]] == [(1, "invalid_encoding")]
    assert answer.json()["accepted"] == 1


def test_its_neighbours_in_the_group_go_in() -> None:
    requests = [sent(TOKENS[0], [event(n)]) for n in range(4)]
    for mode in (Mode.STRUCTURED, Mode.NDJSON):
        requests.append(type(requests[0])(TOKENS[0], mode, [], with_nested(1000)))
    table, judged = judge(requests, GIVEN)
    assert sorted(table["id"].to_pylist()) == ["0", "1", "2", "3"]
    assert [(its.read, its.accepted) for its in judged] == [(1, 1)] * 4 + [(1, 0)] * 2


def test_a_line_break_inside_a_text_is_not_mended(place: Place) -> None:
    """JSON has none: an event on several lines is read, one with such a text is refused."""
    torn = orjson.dumps(event(1) | {"ext": "a-b"}, option=orjson.OPT_INDENT_2).replace(b"a-b", b"a\nb")
    assert place.post(torn).json()["reason"] == "malformed_json"
    assert place.post(b"[" + torn + b"]", BATCH).json()["reason"] == "malformed_json"
    assert send(place, binary(), b'{"unit": "nor\nth"}').json()["reason"] == "malformed_json"


def test_a_number_stays_as_it_was_sent(place: Place) -> None:
    """A number that cannot be told exactly is no other number because of the mode in which it came."""
    line = orjson.dumps(event(1))[:-1] + b',"sequence":18446744073709551615}'
    for body, media in ((line, STRUCTURED), (b"[" + line + b"]", BATCH), (line, NDJSON)):
        place.post(body, media)
    assert [row["sequence"] for row in place.kept.rows] == [2**64 - 1] * 3


def test_data_written_as_bytes_are_read(place: Place) -> None:
    """JSON 3.1.1: an SDK that was given bytes writes them in base64, beside the media type of JSON."""
    its = event(1)
    data = base64.b64encode(orjson.dumps(its.pop("data"))).decode()
    assert place.post(its | {"data_base64": data, "datacontenttype": "application/json"}).status_code == 202
    assert [row["unit"] for row in place.kept.rows] == ["north"]
    for bad in ("é", "bm8=", 5, base64.b64encode(nested(300)).decode()):
        answer = place.post(its | {"data_base64": bad}).json()
        assert (answer["reason"], "send the data as JSON in data" in answer["detail"]) == ("invalid_field", True)


def test_more_events_than_may_come_are_one_reject(place: Place) -> None:
    for body, media in ((b"0\n" * 200_001, NDJSON), (b"[" + b"0," * 200_000 + b"0]", BATCH)):
        answer = place.post(body, media)
        assert (answer.status_code, answer.json()["read"], answer.json()["reason"]) == (413, 1, "too_large")
    assert all(len(reject.body) <= (1 << 20) + 1 for reject in place.kept.rejects)


def test_a_reject_keeps_no_more_than_a_line_may_have(place: Place) -> None:
    """Its body goes through brokers, whose messages have a bound; what is too large stays so when sent again."""
    place.post(b"x" * (3 << 20), NDJSON)
    place.post(b"x" * (3 << 20), BATCH)
    assert [len(reject.body) for reject in place.kept.rejects] == [(1 << 20) + 1] * 2


def test_many_events_of_one_identity_that_may_not_pass_are_refused_in_time(place: Place) -> None:
    token = place.tokens.add("hall", place.gateway.now(), units=["south"])[1]
    body = b"\n".join(orjson.dumps(of_unit("north", 1)) for _ in range(4_000))
    started = time.monotonic()
    answer = place.post(body, NDJSON, token)
    assert (answer.status_code, len(answer.json()["rejected"])) == (403, 4_000)
    assert time.monotonic() - started < 8


def test_gzip_of_many_members_is_no_work() -> None:
    body = gzip.compress(orjson.dumps(event(1)))
    assert gunzip(body + gzip.compress(b"\n"), 1 << 20) == orjson.dumps(event(1)) + b"\n"
    started = time.process_time()
    with pytest.raises(Problem, match="more than 1000 members"):
        gunzip(gzip.compress(b"") * 800_000, 16 << 20)
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    "parameters",
    [
        b"; charset*" + b"9" * 5000 + b"=x",
        b"; charset*0*=utf-8''x; charset*1=y",
        b';charset="',
        b"; charset=\xff",
        b";;;=;",
    ],
)
def test_no_parameter_of_a_content_type_is_a_fault(place: Place, parameters: bytes) -> None:
    said = b"POST /events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: %s\r\n" % (
        place.token.encode(),
        STRUCTURED.encode() + parameters,
    )
    answer = spoken(place.port, said + b"Content-Length: 2\r\nConnection: close\r\n\r\n{}")
    assert answer.split()[1] in (b"400", b"415")


def test_what_fails_in_the_service_itself_is_no_reject(places: Callable[[Limits], Place]) -> None:
    """An error that is not the sender's is answered as one; nothing is acknowledged."""
    place = places(Limits())

    def broken() -> Any:
        raise OSError("the key file is on a disk that is away")

    place.gateway.pseudonymise = broken
    assert place.post(event()).status_code == 500
    assert place.kept.rejects == []


def test_the_desk_answers_the_neighbours_of_a_poisoned_request(place: Place) -> None:
    async def run() -> list[Any]:
        bodies = [orjson.dumps(event(n)) for n in range(5)] + [with_nested(253)]
        loop = asyncio.get_running_loop()
        return await asyncio.gather(*(loop.run_in_executor(None, place.post, body) for body in bodies))

    answers = asyncio.run(run())
    assert [answer.status_code for answer in answers] == [202] * 5 + [400]
