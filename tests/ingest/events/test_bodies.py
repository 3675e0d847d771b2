"""A body cut into lines: an event that is no JSON is a line by itself, and takes none of its neighbours with it."""

from __future__ import annotations

import json
import time
from contextlib import suppress

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nytta.ingest.events import bodies

GOOD = b'{"id":"1","data":{"a":[1,{"x":2}],"b":"],[{"}}'

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(codec="utf-8"), max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)

BAD = {
    "nan": b'{"a":NaN}',
    "a number without bounds": b'{"a":1e400}',
    "half a surrogate": b'{"a":"\\ud800"}',
    "no utf-8": b'{"a":"\xff\xfe"}',
    "deep": b'{"a":' * 253 + b"1" + b"}" * 253,
    "deeper": b'{"a":' * 1023 + b"1" + b"}" * 1023,
    "deeper than any reader": b"[" * 20_000 + b"]" * 20_000,
    "control character": b'{"a":"\x01"}',
    "line break in a text": b'{"a":"x\ny"}',
    "bad escape": b'{"a":"\\x"}',
    "single quotes": b"{'a':'b'}",
    "a word": b"nothing",
    "a comment": b'{"a":1 /* one */}',
    "comma at the end": b'{"a":1,}',
    "nothing": b"",
    "a brace missing": b'{"a":{"b":1}',
    "two braces missing": b'{"a":{"b":1',
    "a brace too many": b'{"a":1}}',
    "a bracket for a brace": b'{"a":1]',
    "a bracket missing": b'{"a":[1,2}',
    "a quotation mark missing": b'{"a":"b,"c":"d"}',
    "a quotation mark missing at the end": b'{"a":"b}',
    "a quotation mark too many": b'{"a":"b"","c":"d"}',
}


@given(st.lists(JSON, max_size=6), st.sampled_from([None, 0, 2, "\t"]))
def test_what_is_json_is_cut_as_json_is(values: list[object], indent: int | str | None) -> None:
    body = json.dumps(values, ensure_ascii=False, indent=indent).encode()
    for cut in (bodies.elements(body), [bodies.one_line(each) for each in bodies._scanned(body)]):
        assert all(b"\n" not in line for line in cut)
        assert [orjson.loads(line) for line in cut] == values


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
@pytest.mark.parametrize("between", [b",", b", ", b" ,\r\n\t"])
def test_a_bad_element_is_one_and_its_neighbours_are_whole(bad: bytes, between: bytes) -> None:
    for count in (1, 3):
        body = b"[" + between.join([GOOD, *[bad] * count, GOOD]) + b"]"
        cut = bodies.elements(body)
        assert (cut[0], cut[-1]) == (GOOD, GOOD)
        assert len(cut) >= 3
        for line in cut[1:-1]:
            assert line.strip()
            if bad != BAD["deep"] and bad != BAD["deeper"]:
                with pytest.raises(ValueError):
                    orjson.loads(line)


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        (b"[]", []),
        (b" [ \n ] ", []),
        (b"[,]", [b",", b","]),
        (b"[" + GOOD, [GOOD]),
        (b"[" + GOOD + b",", [GOOD, b","]),
        (b"[" + GOOD + b"]]", [GOOD, b"]"]),
        (b"[" + GOOD + b"] " + GOOD, [GOOD, GOOD]),
        (b"[" + GOOD + b',{"id":"2', [GOOD, b'{"id":"2']),
        (b"[", [b","]),
    ],
)
def test_what_is_cut_off_or_too_much_is_an_element(body: bytes, lines: list[bytes]) -> None:
    assert bodies.elements(body) == lines


@pytest.mark.parametrize("body", [b"[" + b"0," * 300_000 + b"0]", b"[" + b"," * 16_000_000])
def test_more_elements_than_events_may_come_are_refused(body: bytes) -> None:
    with pytest.raises(bodies.TooManyError, match="200000 events"):
        bodies.elements(body)
    with pytest.raises(bodies.TooManyError):
        bodies.lines(b"\n" * 300_000)


@pytest.mark.parametrize("unit", [b"[", b"{", b'"', b"]", b'{"":[', b'\\"', b'"a" '])
def test_no_body_takes_longer_than_its_length(unit: bytes) -> None:
    """Brackets that nothing closes, quotation marks that nothing follows: each byte is looked at a few times."""
    started = time.process_time()
    with suppress(bodies.TooManyError):
        bodies.elements(b"[" + unit * ((1 << 20) // len(unit)))
    assert time.process_time() - started < 5


def test_data_cannot_close_the_event() -> None:
    assert orjson.loads(bodies.with_data({"id": "1"}, b' {"a":\n1} ')) == {"id": "1", "data": {"a": 1}}
    assert orjson.loads(bodies.with_data({"id": "1"}, b" \n")) == {"id": "1"}
    for data in (b'1},"id":"2"', b"{", b"1 2", b"\xff"):
        with pytest.raises(ValueError):
            bodies.with_data({"id": "1"}, data)
