"""Makes of something good something bad: bytes as a line may garble them, and values as a program may confuse them."""

from __future__ import annotations

import codecs
import copy
import json
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Final

DEPTHS: Final = (50, 199, 200, 201, 253, 254, 1000, 1023, 1024, 3000)

FRAGMENTS: Final = (
    *(
        b"NaN",
        b"Infinity",
        b"-Infinity",
        b"1e400",
        b"-1e999",
        b"9" * 30,
        b"9" * 5000,
        b"1e-400",
        b"01",
        b"0x1",
        b".5",
    ),
    *(b'"\\ud800"', b'"\\udc00\\ud800"', b'"\xed\xa0\x80"', b'"\xc0\x80"', b'"\xff"', b'"\x00"', b'"\\u0000"'),
    *(b'"\x01"', b'"a\nb"', b'"\\x"', b"'a'", b"nothing", b'"a', b"{", b"}", b"[", b"]", b"", b"/* */ 1", b'""'),
    *(b"[" * depth + b"]" * depth for depth in DEPTHS),
    *(b'{"a":' * depth + b"1" + b"}" * depth for depth in DEPTHS),
    b"[" * 20_000 + b"]" * 20_000,
    b'{"a":1,"a":2}',
    b'"' + b"x" * 100_000 + b'"',
    b"[" + b"0," * 10_000 + b"0]",
    b"{" + b",".join(b'"f%d":%d' % (n, n) for n in range(10_000)) + b"}",
)
"""JSON, and what is almost JSON, that no program writes of itself."""

BALANCED: Final = tuple(f for f in FRAGMENTS if f not in (b'"a', b"{", b"}", b"[", b"]", b"", b'"a\nb"', b"/* */ 1"))
"""Those after which whatever follows can still be told."""

WRONG: Final[tuple[Any, ...]] = (
    *(None, True, False, 0, -1, 1.5, 2**31, 2**53 + 1, 2**64, -(2**63), 1e308, "", " ", "a", "0", "-1", "true", "null"),
    *(
        "x" * 513,
        "x" * 5000,
        "é" * 300,
        "\u0000",
        "\u0085",
        "\u2028",
        "\ufeff",
        "\U0001f600" * 200,
        "\n",
        "\t",
        "%",
        "\\",
    ),
    *("0000-00-00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59.999999999-23:59", "2024-02-30", "2024-13-01"),
    *("2024-03-02", "2024-03-02T10:00:00", "2016-12-31T23:59:60Z", "2024-W60", "-2024-01-01", "10:00", "1e5", "١٢٣"),
    *([], {}, [None], [[]], {"": None}, {"a": {"b": {}}}, [1] * 1000, "k1:" + "0" * 32, "k1:" + "ab" * 16, "../../etc"),
    *("'; DROP TABLE x --", "=1+1", "<x>&amp;", "{constant: 1}", "*", "?", "(", "(a+)+$", "http://[", "#", "a b"),
)
"""What stands where something else was expected."""

_INSERTED: Final = (
    *(b"\x00", b"\xff", b"\xfe", b"\xc0\x80", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\xe2\x80\xa8", b"\xc2\x85", b"\x1a"),
    *(
        b"\n",
        b"\r",
        b"\r\n",
        b"\t",
        b" ",
        b'"',
        b'""',
        b"'",
        b"\\",
        b"{",
        b"}",
        b"[",
        b"]",
        b":",
        b",",
        b";",
        b"|",
        b"#",
    ),
    *(
        b"<",
        b">",
        b"&",
        b"&amp;",
        b"&x;",
        b"%",
        b"*",
        b"!",
        b"-",
        b"- ",
        b"? ",
        b"0",
        b"9" * 20,
        b"1e400",
        b"NaN",
        b"null",
    ),
    *(
        b"\\ud800",
        b"\\u0000",
        b"<!--",
        b"-->",
        b"<![CDATA[",
        b"]]>",
        b"<?x?>",
        b"~",
        b"@",
        b"`",
        b"$",
        b"=",
        b"\x1f\x8b",
    ),
)


def mangled(chance: Random, body: bytes, most: int = 4) -> bytes:
    """The bytes after one to `most` accidents."""
    for _ in range(chance.randint(1, most)):
        body = chance.choice(_ACCIDENTS)(chance, body)
    return body


def changed(chance: Random, value: Any, most: int = 3, wrong: Sequence[Any] = WRONG) -> Any:
    """A copy of a JSON value in which one to `most` things were confused; fragments stand in it as marks."""
    value = copy.deepcopy(value)
    for _ in range(chance.randint(1, most)):
        places = list(_places(value))
        if not places:
            return chance.choice(wrong)
        inside, key = chance.choice(places)
        match chance.randrange(8):
            case 0:
                del inside[key]
            case 1:
                inside[key] = None
            case 2 if isinstance(inside, dict):
                name = chance.choice([chance.choice(wrong), key.upper(), key + " ", key + "x"])
                inside[str(name)] = inside.pop(key)
            case 3 if isinstance(inside, dict):
                inside[str(chance.choice(wrong))] = copy.deepcopy(chance.choice(wrong))
            case 4 if isinstance(inside, list):
                inside[key:key] = [copy.deepcopy(inside[key])] * chance.choice([1, 2, 50])
            case 5:
                inside[key] = mark(chance.randrange(len(BALANCED)))
            case 6:
                other, place = chance.choice(places)
                if place in other if isinstance(other, dict) else place < len(other):
                    inside[key] = copy.deepcopy(other[place])
            case _:
                inside[key] = copy.deepcopy(chance.choice(wrong))
    return value


def mark(number: int) -> str:
    """What stands in a value for a fragment until it is written."""
    return f"<fragment {number}>"


def written(value: Any, *, ascii_only: bool = False, indent: int | None = None) -> bytes:
    """A value as JSON, its marks replaced by their fragments."""
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent).encode("utf-8", "replace")
    if b"<fragment " in text:
        for number, fragment in enumerate(BALANCED):
            text = text.replace(b'"%s"' % mark(number).encode(), fragment)
    return text


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every place in a value: what holds it, and its key or index."""
    found: list[tuple[Any, Any]] = []
    waiting = [value]
    while waiting and len(found) < 2000:
        inside = waiting.pop()
        if isinstance(inside, dict | list):
            keys = list(inside) if isinstance(inside, dict) else list(range(len(inside)))
            found += [(inside, key) for key in keys]
            waiting += [inside[key] for key in keys]
    return found


def _slice(chance: Random, body: bytes, most: int = 200) -> tuple[int, int]:
    begin = chance.randint(0, len(body))
    return begin, min(len(body), begin + chance.choice([1, 2, 8, most]))


def _flip(chance: Random, body: bytes) -> bytes:
    if not body:
        return b"\x00"
    at = chance.randrange(len(body))
    return body[:at] + bytes([body[at] ^ (1 << chance.randrange(8))]) + body[at + 1 :]


def _lose(chance: Random, body: bytes) -> bytes:
    begin, end = _slice(chance, body)
    return body[:begin] + body[end:]


def _repeat(chance: Random, body: bytes) -> bytes:
    begin, end = _slice(chance, body)
    return body[:end] + body[begin:end] * chance.choice([1, 2, 10, 300]) + body[end:]


def _move(chance: Random, body: bytes) -> bytes:
    begin, end = _slice(chance, body)
    at = chance.randint(0, len(body))
    return body[:at] + body[begin:end] + body[at:]


def _insert(chance: Random, body: bytes) -> bytes:
    at = chance.randint(0, len(body))
    return body[:at] + chance.choice(_INSERTED) * chance.choice([1, 1, 1, 2, 1000]) + body[at:]


def _noise(chance: Random, body: bytes) -> bytes:
    at = chance.randint(0, len(body))
    return body[:at] + chance.randbytes(chance.choice([1, 4, 64])) + body[at:]


def _cut(chance: Random, body: bytes) -> bytes:
    return body[: chance.randint(0, len(body))]


def _nest(chance: Random, body: bytes) -> bytes:
    at, depth = chance.randint(0, len(body)), chance.choice(DEPTHS)
    opened, closed = chance.choice(
        [(b"[", b"]"), (b"{", b"}"), (b'{"a":', b"}"), (b"<a>", b"</a>"), (b"- ", b""), (b"(", b")")]
    )
    return body[:at] + opened * depth + closed * chance.choice([depth, 0]) + body[at:]


def _recoded(chance: Random, body: bytes) -> bytes:
    text = body.decode("utf-8", "replace")
    name = chance.choice(["utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1", "cp1252", "utf-8-sig"])
    return text.encode(name, "replace")


def _marked(chance: Random, body: bytes) -> bytes:
    return chance.choice([codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_LE]) + body


_ACCIDENTS: Final[tuple[Callable[[Random, bytes], bytes], ...]] = (
    *(_flip, _flip, _lose, _lose, _repeat, _move, _insert, _insert, _insert, _noise, _cut, _nest, _recoded, _marked),
)
