"""Keyed pseudonyms: what stands for a person, a case, a ticket or a device behind the edge."""

import re
from collections.abc import Callable, Iterable
from hashlib import sha256
from typing import Final, NamedTuple, Protocol, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from nytta.ingest.events.strings import byte_rows, layout

SIZE: Final = 16
"""Bytes of a pseudonym."""
NOBODY: Final = bytes(SIZE)
"""What stands where there is no actor; never a pseudonym."""
SHORTEST_KEY: Final = 16
REMEMBERED: Final = 65_536
"""Digests that are kept beside a key."""
_BLOCK: Final = 64  # bytes that SHA-256 takes at a time

_KEY_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_TAIL: Final = 1 + 2 * SIZE  # a colon and the hexadecimal digits
_WIRE: Final = re.compile(rf"{_KEY_ID.pattern}:[0-9A-Fa-f]{{{2 * SIZE}}}")

_NO_DIGIT: Final = 255
# the value of each byte as a hexadecimal digit: many digits are read by one look-up of an array
_HEXADECIMAL: Final = np.full(256, _NO_DIGIT, np.uint8)
for _value, _digit in enumerate("0123456789abcdef"):
    _HEXADECIMAL[[ord(_digit), ord(_digit.upper())]] = _value


class Pseudonym(NamedTuple):
    """A pseudonym and the id of the key it was made with."""

    key_id: str
    digest: bytes


def parse(written_id: str) -> Pseudonym | None:
    """The pseudonym that a text `key-id:32 hex digits` writes; None where the text is anything else."""
    if not _WIRE.fullmatch(written_id):
        return None
    key_id, _, hex_digits = written_id.rpartition(":")
    digest = bytes.fromhex(hex_digits)
    # it would be taken for an event without an actor
    if digest == NOBODY:
        return None
    return Pseudonym(key_id, digest)


class Parsed(NamedTuple):
    """Texts read as pseudonyms; where `are_pseudonyms` is False the other two say nothing."""

    digests: NDArray[np.uint8]
    """One row of 16 bytes per text."""
    key_ids: pa.DictionaryArray
    are_pseudonyms: NDArray[np.bool_]


def parse_all(written_ids: pa.StringArray) -> Parsed:
    """`parse` for an array of texts; nulls are not found."""
    text_bytes, offsets = layout(written_ids)
    matches = np.diff(offsets) > _TAIL
    if not matches.any():
        no_digests = np.zeros((len(written_ids), SIZE), np.uint8)
        blank_codes = np.zeros(len(written_ids), np.int32)
        no_keys = pa.DictionaryArray.from_arrays(blank_codes, pa.array([""]))
        return Parsed(no_digests, no_keys, matches)
    tails = _tails(text_bytes, offsets, matches)
    hex_digits = np.take(_HEXADECIMAL, tails[:, 1:])
    digests = hex_digits[:, 0::2] << 4 | hex_digits[:, 1::2]
    matches &= tails[:, 0] == ord(":")
    matches &= (hex_digits != _NO_DIGIT).all(axis=1)
    matches &= digests.any(axis=1)  # all zeros stand for nobody
    # Cut in characters: where the tail is found it is ASCII, so characters and bytes agree.
    key_ids = pc.utf8_slice_codeunits(written_ids, 0, -_TAIL).dictionary_encode()
    are_key_ids = np.array(
        [bool(_KEY_ID.fullmatch(key_id)) for key_id in key_ids.dictionary.to_pylist()]
    )
    if not are_key_ids.all():
        indices = key_ids.indices.fill_null(0).to_numpy(zero_copy_only=False)
        matches &= are_key_ids[indices]
    return Parsed(digests.astype(np.uint8, copy=False), key_ids, matches)


def _tails(
    text_bytes: NDArray[np.uint8], offsets: NDArray[np.int64], are_long: NDArray[np.bool_]
) -> NDArray[np.uint8]:
    """The last `_TAIL` bytes of each long text, one row per text; of a shorter one, any bytes."""
    lengths = np.diff(offsets)
    # pseudonyms of one key are of one length, and then lie side by side: no byte is copied
    if (lengths == lengths[0]).all():
        whole_texts = byte_rows(text_bytes, offsets[:-1], int(lengths[0]))
        return whole_texts[:, -_TAIL:]
    tail_starts = np.where(are_long, offsets[1:] - _TAIL, 0)
    return byte_rows(text_bytes, tail_starts, _TAIL)


class Digests(dict[str, bytes]):
    """Digests already made by `make`; forgotten all at once when there are too many, so that memory stays bounded."""

    def __init__(self, make: Callable[[str], bytes], size: int = REMEMBERED) -> None:
        super().__init__()
        self._make = make
        self._size = size

    def __missing__(self, written_id: str) -> bytes:
        digest = self._make(written_id)
        if len(self) >= self._size:
            self.clear()
        self[written_id] = digest
        return digest


class Maker(Protocol):
    """Makes the 16 bytes that stand for a text; may be shared by threads."""

    key_id: str

    def digests(self, written_ids: Iterable[str]) -> bytes:
        """The digests of many texts, one after the other."""
        ...


class Chooser(Protocol):
    """Says who makes pseudonyms: the key belongs to a root unit, and persons have keys that change."""

    def of(self, field: str, source: str, unit: str, /) -> Maker:
        """Who makes the pseudonyms of field `field` in events of `source` about the unit that it calls `unit`."""
        ...


class Pseudonymiser:
    """Makes pseudonyms with one key: the first 16 bytes of HMAC-SHA-256 over the UTF-8 text.

    The key belongs to a root unit and has an id that travels with every pseudonym. Raises ValueError for a
    key id that cannot be written on the wire and for a key shorter than 16 bytes. May be shared by threads.
    """

    def __init__(self, key_id: str, key: bytes, *, cache_size: int = REMEMBERED) -> None:
        if not _KEY_ID.fullmatch(key_id):
            raise ValueError(
                f"key id {key_id!r}: use 1 to 64 ASCII letters, digits, dots, hyphens or underscores"
            )
        if len(key) < SHORTEST_KEY:
            raise ValueError(f"key {key_id!r} has {len(key)} bytes: use at least {SHORTEST_KEY}")
        self.key_id = key_id
        # HMAC as RFC 2104 writes it, with the key's two blocks hashed once: `hmac.digest` hashes them for
        # every text, which takes four times as long.
        short_key = sha256(key).digest() if len(key) > _BLOCK else key
        padded = short_key.ljust(_BLOCK, b"\0")
        self._inner = sha256(bytes(byte ^ 0x36 for byte in padded))
        self._outer = sha256(bytes(byte ^ 0x5C for byte in padded))
        self._digests = Digests(self._made, cache_size)

    def __repr__(self) -> str:
        return f"Pseudonymiser({self.key_id!r})"

    def of(self, _field: str, _source: str, _unit: str, /) -> Self:
        """Itself: one key for everything, as where nothing is kept."""
        return self

    def digest(self, written_id: str) -> bytes:
        """The 16 bytes that stand for `written_id`."""
        return self._digests[written_id]

    def digests(self, written_ids: Iterable[str]) -> bytes:
        """The digests of many texts, one after the other."""
        return b"".join(map(self._digests.__getitem__, written_ids))

    def _made(self, written_id: str) -> bytes:
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(written_id.encode())
        outer.update(inner.digest())
        return outer.digest()[:SIZE]

    def wire(self, written_id: str) -> str:
        """`key-id:32 hex digits` for `written_id`; a text that is a pseudonym already stays as it is."""
        return written_id if parse(written_id) else f"{self.key_id}:{self.digest(written_id).hex()}"
