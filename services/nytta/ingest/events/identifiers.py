"""A column of ids becomes a column of pseudonyms."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from nytta.ingest.events.columns import numbered
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
        # ascending and as many: all of them
        if len(rows) == len(self.absent):
            return self
        return type(self)(
            digests=self.digests[rows],
            key_ids=self.key_ids.take(pa.array(rows)),
            absent=self.absent[rows],
            certain=self.certain[rows],
        )

    def part(self, start: int, end: int) -> Self:
        """Those of the rows from `start` until before `end`."""
        return type(self)(
            digests=self.digests[start:end],
            key_ids=self.key_ids[start:end],
            absent=self.absent[start:end],
            certain=self.certain[start:end],
        )


class CachedChooser:
    """Asks a chooser once for each field, source and unit of a body: events of all types share them."""

    def __init__(self, chooser: Chooser) -> None:
        # for as long as one body lasts: keys change
        self.of = cache(chooser.of)


class Pairs(NamedTuple):
    """The sources and units of events, by which keys are chosen."""

    known: Sequence[tuple[str, str]]
    """Source and unit; the same pair may be there twice."""
    numbers: NDArray[np.int64]
    """For each event the place of its own pair."""


def identify_all(
    columns: Mapping[str, pa.StringArray], pairs: Pairs, pseudonymise: Chooser | None
) -> dict[str, Identifiers]:
    """`identify` for columns of several fields of the same events, each event by the keys of its organisation."""
    if pseudonymise is None:
        return {name: identify(texts, None) for name, texts in columns.items()}
    identified = {}
    for name, texts in columns.items():
        makers = [pseudonymise.of(name, *pair) for pair in pairs.known]
        maker_numbers = {maker: number for number, maker in enumerate(dict.fromkeys(makers))}
        # most bodies are of one organisation: nothing has to be parted and put together again
        if len(maker_numbers) == 1:
            identified[name] = identify(texts, makers[0])
            continue
        number_by_pair = np.array([maker_numbers[maker] for maker in makers])
        number_by_event = number_by_pair[pairs.numbers]
        rows_by_maker = [
            np.flatnonzero(number_by_event == number) for number in range(len(maker_numbers))
        ]
        identified_parts = [
            identify(texts.take(pa.array(rows)), maker)
            for rows, maker in zip(rows_by_maker, maker_numbers, strict=True)
        ]
        identified[name] = _joined(identified_parts, rows_by_maker)
    return identified


def pairs_of(length: int, sources: pa.Array | None, units: pa.Array | None) -> Pairs:
    """The pairs of events whose sources and units these are, as strings or as words of a dictionary."""
    vocabularies: list[list[str]] = []
    codes = np.zeros(length, np.int64)
    # A pair is one number, the source's times the number of units plus the unit's: numbers are told apart at once.
    for column in (sources, units):
        filled = pa.repeat("", length) if column is None else column
        if not pa.types.is_dictionary(filled.type):
            filled = filled.fill_null("").dictionary_encode()
        words = filled.dictionary.to_pylist()
        vocabularies.append(words)
        codes = codes * len(words) + filled.indices.to_numpy()
    source_words, unit_words = vocabularies
    distinct_codes, pair_numbers = numbered(codes, len(source_words) * len(unit_words))
    known = []
    for code in distinct_codes.tolist():
        source_code, unit_code = divmod(code, len(unit_words))
        known.append((source_words[source_code], unit_words[unit_code]))
    return Pairs(known, pair_numbers)


def joined_pairs(portions: Sequence[Pairs]) -> Pairs:
    """The pairs of the events of all portions, one portion after the other."""
    known: list[tuple[str, str]] = []
    numbers = []
    for portion in portions:
        # its pairs stand behind those of the portions before
        numbers.append(portion.numbers + len(known))
        known += portion.known
    return Pairs(known, np.concatenate(numbers))


def _joined(portions: Sequence[Identifiers], rows: Sequence[NDArray[np.int64]]) -> Identifiers:
    """Parts of a column in the order of its events."""
    # where each event went, turned around: where each place of the column is taken from
    origins = np.argsort(np.concatenate(rows))
    chunked_keys = pa.chunked_array([portion.key_ids for portion in portions])
    # each portion has a dictionary of its own, and chunks that differ in them cannot become one
    key_ids = chunked_keys.unify_dictionaries().combine_chunks()
    digests = np.concatenate([portion.digests for portion in portions])
    absent = np.concatenate([portion.absent for portion in portions])
    certain = np.concatenate([portion.certain for portion in portions])
    return Identifiers(
        digests=digests[origins],
        key_ids=key_ids.take(pa.array(origins)),
        absent=absent[origins],
        certain=certain[origins],
    )


def identify(texts: pa.StringArray, pseudonymise: Maker | None) -> Identifiers:
    """Pseudonyms pass as they are, raw ids are pseudonymised, or are not certain where nobody can do that."""
    parsed = parse_all(texts)
    absent = texts.is_null().to_numpy(zero_copy_only=False)
    raw_rows = np.flatnonzero(~(parsed.are_pseudonyms | absent))
    digests = parsed.digests
    if not parsed.are_pseudonyms.all():
        digests = np.where(parsed.are_pseudonyms[:, None], parsed.digests, np.uint8(0))
    certain = np.ones(len(texts), np.bool_)
    if len(raw_rows) and pseudonymise is None:
        certain[raw_rows] = False
    elif len(raw_rows) and pseudonymise is not None:
        # a pseudonym costs microseconds, and an id comes in many events: each distinct one is made once
        raw_texts = texts if len(raw_rows) == len(texts) else texts.take(pa.array(raw_rows))
        encoded = raw_texts.dictionary_encode()
        codes = encoded.indices.to_numpy()
        certain[raw_rows] = unchanged(encoded.dictionary, _RULE)[codes]
        digest_bytes = pseudonymise.digests(encoded.dictionary.to_pylist())
        # each digest as one element: looked up by row, it would be copied byte by byte
        text_digests = np.frombuffer(digest_bytes, f"V{SIZE}")
        digest_elements = digests.view(text_digests.dtype)
        digest_elements[raw_rows, 0] = text_digests[codes]
    key_id = pseudonymise.key_id if pseudonymise else ""
    key_ids = _key_ids(parsed.key_ids, parsed.are_pseudonyms, absent, key_id)
    return Identifiers(digests, key_ids, absent, certain)


def _key_ids(
    written: pa.DictionaryArray, are_pseudonyms: Mask, absent: Mask, new_key: str
) -> pa.DictionaryArray:
    """The key each was written with, or `new_key` where there was a raw id, or none."""
    if are_pseudonyms.all():
        return written
    # Of what was looked at as a key id, only what is one may stay: else a part of a raw id would be kept.
    written_keys = written.dictionary.to_pylist() if are_pseudonyms.any() else []
    keys = [*written_keys, new_key, ""]
    new_code, blank_code = len(keys) - 2, len(keys) - 1
    written_codes = written.indices.fill_null(0).to_numpy(zero_copy_only=False)
    other_codes = np.where(absent, blank_code, new_code)
    all_codes = np.where(are_pseudonyms, written_codes, other_codes)
    # numbered anew, so that no key stays in the dictionary to which no row refers
    used_codes, codes = np.unique(all_codes, return_inverse=True)
    used_keys = pa.array([keys[code] for code in used_codes.tolist()], pa.string())
    return pa.DictionaryArray.from_arrays(codes.astype(np.int32), used_keys)
