import hashlib
import hmac

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nytta.ingest.events.pseudonyms import NOBODY, Pseudonym, Pseudonymiser, parse, parse_all

KEY = bytes(range(32))
DIGITS = "00112233445566778899aabbccddeeff"


def test_a_pseudonym_is_the_first_half_of_the_hmac() -> None:
    expected = hmac.new(KEY, "Åsa".encode(), hashlib.sha256).digest()[:16]
    pseudonymiser = Pseudonymiser("north-2026a", KEY)
    assert pseudonymiser.digest("Åsa") == expected
    assert pseudonymiser.wire("Åsa") == f"north-2026a:{expected.hex()}"
    assert pseudonymiser.digests(["Åsa", "Bo", "Åsa"]) == expected + pseudonymiser.digest("Bo") + expected


@given(st.binary(min_size=16, max_size=200), st.text())
def test_it_is_the_hmac_of_the_standard_library(key: bytes, text: str) -> None:
    assert Pseudonymiser("k", key).digest(text) == hmac.digest(key, text.encode(), "sha256")[:16]


def test_a_known_vector() -> None:
    # RFC 4231, test case 2, with the key made long enough by the zeros HMAC pads it with.
    made = Pseudonymiser("k", b"Jefe".ljust(16, b"\0")).digest("what do ya want for nothing?")
    assert made.hex() == "5bdcc146bf60754e6a042426089575c7"


def test_a_pseudonym_stays_what_it_is() -> None:
    pseudonymiser = Pseudonymiser("k", KEY)
    wire = pseudonymiser.wire("anna")
    assert pseudonymiser.wire(wire) == wire
    assert parse(wire) == Pseudonym("k", pseudonymiser.digest("anna"))


def test_the_cache_is_bounded_and_changes_nothing() -> None:
    small, large = Pseudonymiser("k", KEY, cache_size=3), Pseudonymiser("k", KEY)
    names = [f"n{i % 10}" for i in range(100)]
    assert small.digests(names) == large.digests(names)
    assert len(small._digests) <= 3


def test_the_key_is_nowhere_to_be_read() -> None:
    assert repr(Pseudonymiser("k", KEY)) == "Pseudonymiser('k')"


@pytest.mark.parametrize("key_id", ["", "with space", "ö", "a:b", "x" * 65])
def test_a_key_id_must_travel(key_id: str) -> None:
    with pytest.raises(ValueError, match="key id"):
        Pseudonymiser(key_id, KEY)


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 16"):
        Pseudonymiser("k", b"short")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "anna",
        DIGITS,
        f":{DIGITS}",
        f"k:{DIGITS[:-1]}",
        f"k:{DIGITS}0",
        f"k:{DIGITS[:-1]}g",
        f"k:{DIGITS}\n",
        f" k:{DIGITS}",
        f"ö:{DIGITS}",
        f"{'x' * 65}:{DIGITS}",
        f"k:{'0' * 32}",  # what stands for nobody
        "k:٠0112233445566778899aabbccddeeff",
    ],
)
def test_what_is_no_pseudonym(text: str) -> None:
    assert parse(text) is None
    assert not parse_all(pa.array([text, f"k:{DIGITS}"])).are_pseudonyms[0]


pseudonyms = st.builds(
    "{}:{}".format,
    st.from_regex(r"[A-Za-z0-9._-]{1,64}", fullmatch=True),
    st.binary(min_size=16, max_size=16).map(bytes.hex),
).flatmap(lambda text: st.sampled_from([text, text.upper()]))


@given(st.lists(st.none() | st.text(max_size=50) | pseudonyms, min_size=1))
def test_many_are_read_as_one_is(texts: list[str | None]) -> None:
    parsed = parse_all(pa.array(texts, pa.string()))
    for row, text in enumerate(texts):
        expected = None if text is None else parse(text)
        assert bool(parsed.are_pseudonyms[row]) == (expected is not None)
        if expected:
            assert bytes(parsed.digests[row]) == expected.digest != NOBODY
            assert parsed.key_ids[row].as_py() == expected.key_id
