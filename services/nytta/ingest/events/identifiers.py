"""A column of ids becomes a column of pseudonyms."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from nytta.ingest.events.fields import Identifier
from nytta.ingest.events.plans import reader
from nytta.ingest.events.pseudonyms import SIZE, Chooser, Maker, parse_all
from nytta.ingest.events.rules import unchanged

_RULE = reader(Identifier)

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Identifiers:
    """Pseudonyms of a column of ids, one element per event."""

    digests: NDArray[np.uint8]
    """16 bytes a row, zeros where there is no id."""
    key_ids: pa.DictionaryArray
    """The key each was made with, empty where there is no id."""
    absent: Mask
    certain: Mask
    """Which the models would keep as they are; what stands for the others means nothing."""

    def take(self, rows: NDArray[np.int64]) -> Self:
        """Those of some rows, in ascending order."""
        if len(rows) == len(self.absent):
            return self
        return type(self)(self.digests[rows], self.key_ids.take(pa.array(rows)), self.absent[rows], self.certain[rows])


def identify_all(
    columns: Mapping[str, pa.StringArray],
    sources: pa.StringArray | None,
    units: pa.StringArray | None,
    pseudonymise: Chooser | None,
) -> dict[str, Identifiers]:
    """`identify` for columns of several fields, each event by the keys of its organisation."""
    if pseudonymise is None or not columns:
        return {name: identify(texts, None) for name, texts in columns.items()}
    pairs, codes = _pairs(len(next(iter(columns.values()))), sources, units)
    identified = {}
    for name, texts in columns.items():
        makers = [pseudonymise.of(name, *pair) for pair in pairs]
        maker_numbers = {maker: number for number, maker in enumerate(dict.fromkeys(makers))}
        if len(maker_numbers) == 1:
            identified[name] = identify(texts, makers[0])
            continue
        whose = np.array([maker_numbers[maker] for maker in makers])[codes]
        rows = [np.flatnonzero(whose == number) for number in range(len(maker_numbers))]
        parts = [
            identify(texts.take(pa.array(maker_rows)), maker)
            for maker_rows, maker in zip(rows, maker_numbers, strict=True)
        ]
        identified[name] = _joined(parts, rows)
    return identified


def _pairs(
    length: int, sources: pa.StringArray | None, units: pa.StringArray | None
) -> tuple[list[tuple[str, str]], NDArray[np.int64]]:
    """The distinct (source, unit) of the events, and for each event the place of its own."""
    words, codes = [], np.zeros(length, np.int64)
    for column in (sources, units):
        filled = pa.repeat("", length) if column is None else column.fill_null("")
        encoded = filled.dictionary_encode()
        words.append(encoded.dictionary.to_pylist())
        codes = codes * len(words[-1]) + encoded.indices.to_numpy()
    used, codes = np.unique(codes, return_inverse=True)
    return [(words[0][pair // len(words[1])], words[1][pair % len(words[1])]) for pair in used.tolist()], codes


def _joined(parts: Sequence[Identifiers], rows: Sequence[NDArray[np.int64]]) -> Identifiers:
    """Parts of a column in the order of its events."""
    back = np.argsort(np.concatenate(rows))
    keys = pa.chunked_array([part.key_ids for part in parts]).unify_dictionaries().combine_chunks()
    return Identifiers(
        np.concatenate([part.digests for part in parts])[back],
        keys.take(pa.array(back)),
        np.concatenate([part.absent for part in parts])[back],
        np.concatenate([part.certain for part in parts])[back],
    )


def identify(texts: pa.StringArray, pseudonymise: Maker | None) -> Identifiers:
    """Pseudonyms pass as they are, raw ids are pseudonymised, or are not certain where nobody can do that."""
    parsed = parse_all(texts)
    absent = texts.is_null().to_numpy(zero_copy_only=False)
    raw = np.flatnonzero(~(parsed.found | absent))
    digests = np.where(parsed.found[:, None], parsed.digests, np.uint8(0))
    certain = np.ones(len(texts), np.bool_)
    if len(raw) and pseudonymise is None:
        certain[raw] = False
    elif len(raw) and pseudonymise is not None:
        words = (texts if len(raw) == len(texts) else texts.take(pa.array(raw))).dictionary_encode()
        codes = words.indices.to_numpy()
        certain[raw] = unchanged(words.dictionary, _RULE)[codes]
        digest_bytes = pseudonymise.digests(words.dictionary.to_pylist())
        digests[raw] = np.frombuffer(digest_bytes, np.uint8).reshape(-1, SIZE)[codes]
    key_ids = _key_ids(parsed.key_ids, parsed.found, absent, pseudonymise.key_id if pseudonymise else "")
    return Identifiers(digests, key_ids, absent, certain)


def _key_ids(wire: pa.DictionaryArray, absent_key: Mask, absent: Mask, new_key: str) -> pa.DictionaryArray:
    """The key each was written with, or `new_key` where there was a raw id, or none."""
    if absent_key.all():
        return wire
    # Of what was looked at as a key id, only what is one may stay.
    names = [*wire.dictionary.to_pylist(), new_key, ""] if absent_key.any() else [new_key, ""]
    codes = wire.indices.fill_null(0).to_numpy(zero_copy_only=False)
    used, codes = np.unique(
        np.where(absent_key, codes, np.where(absent, len(names) - 1, len(names) - 2)), return_inverse=True
    )
    words = pa.array([names[code] for code in used.tolist()], pa.string())
    return pa.DictionaryArray.from_arrays(codes.astype(np.int32), words)
