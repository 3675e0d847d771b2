"""Events of one type become a table, column by column; what an array can do is not done event by event."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import chain
from operator import attrgetter
from typing import Any, Final, Protocol

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import ValidationError

from nytta.events.columns import ALWAYS, COLUMNS, DEFAULTS, constant, is_filled
from nytta.events.envelope import Event
from nytta.events.fields import FIRST_DATE, LAST_DATE, monday
from nytta.events.plans import FieldPlan, TypePlan, reader
from nytta.events.pseudonyms import SIZE, Pseudonymiser, parse_all
from nytta.events.strings import layout, plain
from nytta.events.times import EARLIEST, instants, milliseconds

Mask = NDArray[np.bool_]

# What is public about these things is their id, so it is kept beside the digest.
_KEYED: Final = frozenset({"milestone", "decision", "benefit"})
_KEY: Final = "key"
# An extension attribute may be called `key`; none can be called this.
_KEY_EXTENSION: Final = "ce_key"
# A number of so many digits always fits.
_DIGITS: Final = 19
_FIRST_DAY, _LAST_DAY = ((day - date(1970, 1, 1)).days for day in (FIRST_DATE, LAST_DATE))


def _event_rule(field: str) -> Callable[[str], str | None]:
    return reader(Event.model_fields[field].rebuild_annotation())


_ENVELOPE: Final = ("id", "source", "time", "subject", "datacontenttype", "dataschema", "sequence", "data")
_ID = _event_rule("id")
_SOURCE = _event_rule("source")
_SUBJECT = _event_rule("subject")
_CONTENT_TYPE = _event_rule("datacontenttype")
_SCHEMA = _event_rule("dataschema")


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is given with a batch, beside its bytes."""

    received_at: datetime
    latest: datetime
    """The last time that is believed, in UTC."""
    pseudonymise: Pseudonymiser | None
    """None where only pseudonyms may pass."""


class Envelope(Protocol):
    """What the events of a table have in common, however they were read."""

    id: str
    source: str
    time: str
    subject: str | None
    datacontenttype: str | None
    dataschema: str | None
    sequence: str | int | None
    data: Any


def tabulate(
    plan: TypePlan,
    events: Sequence[Envelope],
    given: Circumstances,
    extensions: Sequence[Mapping[str, str]] = (),
) -> tuple[pa.Table, Mask]:
    """The table of events of one type, and which of its rows are certain to be what the models accept.

    `extensions` are the events' extension attributes, none at all where empty. A row that is not certain may
    hold anything: the caller leaves it out and asks `validate` about its event. Of events that the models
    accepted already, every row is right.
    """
    return _Table(plan, events, given, extensions).build()


class _Table:
    """The columns of a table while they are being made, and the mask of the rows that are certain."""

    def __init__(
        self,
        plan: TypePlan,
        events: Sequence[Envelope],
        given: Circumstances,
        extensions: Sequence[Mapping[str, str]],
    ) -> None:
        self.plan = plan
        self.events = events
        self.given = given
        self.extensions = extensions
        self.rows = len(events)
        self.certain = np.ones(self.rows, np.bool_)
        self.columns: dict[str, pa.Array] = {}
        self.keys: list[str | None] = [None] * self.rows

    def build(self) -> tuple[pa.Table, Mask]:
        envelope = _by_field(self.events, _ENVELOPE)
        self._envelope(envelope)
        values: dict[str, Sequence[Any]] = dict(_by_field(envelope["data"], self.plan.names))
        self._actor_kind(values)
        for field in self.plan.fields:
            self._field(field, values[field.name])
        self._entitled()
        self._attributes()
        names = [name for name in COLUMNS if name in self.columns or name in ALWAYS]
        arrays = [
            self.columns[name] if name in self.columns else constant(name, DEFAULTS[name], self.rows) for name in names
        ]
        return pa.table(arrays, names=names), self.certain

    # --- envelope ---------------------------------------------------------------------------------

    def _envelope(self, values: Mapping[str, Sequence[Any]]) -> None:
        ids = pa.array(values["id"], pa.string())
        self._check(ids, _ID)
        self.columns["id"] = ids
        source = self._words(values["source"], _SOURCE)
        if source is not None:
            self.columns["source"] = source
        self.columns["type"] = constant("type", self.plan.model.name, self.rows)
        self.columns["kind"] = constant("kind", self.plan.model.kind, self.rows)
        self.columns["received_at"] = constant("received_at", milliseconds(self.given.received_at), self.rows)
        self._time(values["time"])
        self._sequence(values["sequence"])
        # These three are not kept, but an event is refused for what is wrong in them.
        self._check(pa.array(values["subject"], pa.string()), _SUBJECT)
        self._words(values["datacontenttype"], _CONTENT_TYPE)
        self._words(values["dataschema"], _SCHEMA)

    def _time(self, texts: Sequence[str]) -> None:
        found, read = instants(pa.array(texts, pa.string()))
        earliest, latest = milliseconds(EARLIEST), milliseconds(self.given.latest)
        # `found` is rounded down to milliseconds: a time within the last one may be too late.
        self.certain &= read & (found >= earliest) & (found < latest)
        self.columns["time"] = pa.array(found, COLUMNS["time"])

    def _sequence(self, values: Sequence[str | int | None]) -> None:
        kind = COLUMNS["sequence"]
        kinds = set(map(type, values))
        if kinds == {int}:
            self.columns["sequence"] = pa.array(values, kind)
        elif kinds != {type(None)}:
            if kinds != {str}:
                values = ["0" if value is None else str(value) for value in values]
            texts = pa.array(values, pa.string())
            data, offsets = layout(texts)
            lengths = np.diff(offsets)
            number = (lengths > 0) & (lengths <= _DIGITS)
            strange = np.flatnonzero(data - np.uint8(ord("0")) > 9)  # what is below wraps to above
            number[np.searchsorted(offsets, strange, side="right") - 1] = False
            self.certain &= number
            self.columns["sequence"] = pc.if_else(pa.array(number), texts, "0").cast(kind)

    # --- data -------------------------------------------------------------------------------------

    def _field(self, field: FieldPlan, values: Sequence[Any]) -> None:
        if field.default is not None and None in values:
            values = [field.default if value is None else value for value in values]
        is_subject = field is self.plan.subject
        match field.role:
            case "identifier":
                self._identifier(field, values, is_subject)
            case "text" | "choice":
                words = self._words(values, field.read if field.role == "text" else None)
                if words is not None:
                    self._worded(field, words, is_subject)
            case "flag":
                self._filled(field.column, pa.array(values, pa.bool_()))
            case "number":
                self._filled(field.column, pa.array(values, COLUMNS[field.column]))
            case "day":
                self._days(field.column, pa.array(values, pa.date32()))

    def _worded(self, field: FieldPlan, words: pa.DictionaryArray, is_subject: bool) -> None:
        if field.column == "week":
            self._week(words)
        elif field.column in COLUMNS:
            self.columns[field.column] = words
        if is_subject:
            self.columns["subject"] = _digests(words)
            if self.plan.model.kind in _KEYED:
                self.keys = words.to_pylist()

    def _filled(self, column: str, values: pa.Array) -> None:
        if values.null_count < self.rows:
            kind, default = COLUMNS.get(column, pa.int8()), DEFAULTS.get(column, -1)
            filled = values.cast(kind).fill_null(default)
            if column not in COLUMNS or is_filled(column, filled):
                self.columns[column] = filled

    def _identifier(self, field: FieldPlan, values: Sequence[Any], is_subject: bool) -> None:
        texts = pa.array(values, pa.string())
        if texts.null_count == self.rows:
            return
        parsed = parse_all(texts)
        absent = texts.is_null().to_numpy(zero_copy_only=False)
        raw = np.flatnonzero(~(parsed.found | absent))
        digests = np.where(parsed.found[:, None], parsed.digests, np.uint8(0))
        if len(raw):
            pseudonymise = self.given.pseudonymise
            if pseudonymise is None:
                self.certain[raw] = False
            else:
                self._check(texts, field.read)
                chosen = values if len(raw) == self.rows else [values[row] for row in raw.tolist()]
                made = pseudonymise.digests(chosen)
                digests[raw] = np.frombuffer(made, np.uint8).reshape(-1, SIZE)
        pseudonyms = pa.Array.from_buffers(COLUMNS["subject"], self.rows, [None, pa.py_buffer(digests)])
        if is_subject:
            self.columns["subject"] = pseudonyms
        if field.name == "actor":
            self.columns["actor"] = pseudonyms
            self.columns["actor_key"] = self._key_ids(parsed.key_ids, parsed.found, absent)

    def _key_ids(self, wire: pa.DictionaryArray, found: Mask, absent: Mask) -> pa.Array:
        if found.all():
            return wire
        made = self.given.pseudonymise.key_id if self.given.pseudonymise else ""
        if not (found | absent).any():
            return constant("actor_key", made, self.rows)
        names = [*wire.dictionary.to_pylist(), made, ""]
        codes = wire.indices.fill_null(0).to_numpy(zero_copy_only=False)
        codes = np.where(found, codes, np.where(absent, len(names) - 1, len(names) - 2))
        return pa.array([names[code] for code in codes], pa.string()).dictionary_encode()

    def _actor_kind(self, values: dict[str, Sequence[Any]]) -> None:
        kinds, actors = values.get("actor_kind"), values.get("actor")
        if kinds is not None and actors is not None and None in kinds:
            values["actor_kind"] = [
                "person" if kind is None and actor is not None else kind
                for kind, actor in zip(kinds, actors, strict=True)
            ]

    def _days(self, column: str, days: pa.Date32Array) -> None:
        if days.null_count < self.rows:
            numbers = days.cast(pa.int32()).fill_null(_FIRST_DAY).to_numpy(zero_copy_only=False)
            self.certain &= (numbers >= _FIRST_DAY) & (numbers <= _LAST_DAY)
            self.columns[column] = days

    def _week(self, weeks: pa.DictionaryArray) -> None:
        mondays = [_monday(week) for week in weeks.dictionary.to_pylist()]
        after = [first and first + timedelta(days=7) for first in mondays]
        self.columns["valid_from"] = pa.array(mondays, pa.date32()).take(weeks.indices)
        self.columns["valid_to"] = pa.array(after, pa.date32()).take(weeks.indices)

    def _entitled(self) -> None:
        account, licence = self.columns.pop("account", None), self.columns.pop("licence", None)
        if account is not None and licence is not None:
            self.columns["entitled"] = pc.min_element_wise(account, licence)

    def _attributes(self) -> None:
        extensions = self.extensions or [{}] * self.rows
        if not any(extensions) and self.plan.model.kind not in _KEYED:
            return
        rows = [
            [(_KEY_EXTENSION if name == _KEY else name, value) for name, value in kept.items()]
            + ([] if key is None else [(_KEY, key)])
            for key, kept in zip(self.keys, extensions, strict=True)
        ]
        self.columns["attributes"] = pa.array(rows, COLUMNS["attributes"])

    # --- texts ------------------------------------------------------------------------------------

    def _check(self, texts: pa.StringArray, rule: Callable[[str], str | None]) -> None:
        """A row is not certain where the rule does not leave its text as it is; nulls say nothing."""
        if texts.null_count == self.rows:
            return
        unusual = ~plain(texts)
        if texts.null_count:
            unusual &= texts.is_valid().to_numpy(zero_copy_only=False)
        for row in np.flatnonzero(unusual):
            text = texts[row].as_py()
            if _kept(rule, text) != text:
                self.certain[row] = False

    def _words(self, values: Sequence[str | None], rule: Callable[[str], str | None] | None) -> pa.Array | None:
        """Texts that repeat: each distinct one is judged once, and the rows refer to what it is kept as.

        None where no row says anything.
        """
        texts = pa.array(values, pa.string())
        if texts.null_count == self.rows:
            return None
        encoded = texts.dictionary_encode()
        said = encoded.dictionary.to_pylist()
        kept = [_kept(rule, text) for text in said] if rule else said
        if kept == said and not encoded.null_count:
            return encoded if any(kept) else None
        codes = encoded.indices.fill_null(len(said)).to_numpy(zero_copy_only=False)
        if None in kept:
            self.certain &= np.array([text is not None for text in kept] + [True])[codes]
        words = [text or "" for text in kept] + [""]
        if not any(words):
            return None
        array = pa.DictionaryArray.from_arrays(codes, pa.array(words, pa.string()))
        # Two texts may be kept as the same word, and nobody may say nothing at all.
        return array if len(set(words)) == len(words) else array.cast(pa.string()).dictionary_encode()


def _by_field(records: Sequence[Any], names: tuple[str, ...]) -> dict[str, list[Any]]:
    """The records' values, field by field."""
    if isinstance(records[0], msgspec.Struct):  # has a faster way, which takes all fields in their order
        names, rows = records[0].__struct_fields__, map(msgspec.structs.astuple, records)
    else:
        rows = map(attrgetter(*names), records)
    # One flat list, for thousands of tuples that live at once would set off the garbage collector.
    values = list(chain.from_iterable(rows))
    return {name: values[place :: len(names)] for place, name in enumerate(names)}


def _kept(rule: Callable[[str], str | None], text: str) -> str | None:
    """What a text is kept as, empty where it says nothing; None where the rule refuses it."""
    try:
        return rule(text) or ""
    except ValidationError:
        return None


def _digests(words: pa.DictionaryArray) -> pa.Array:
    """The first 16 bytes of the BLAKE2b digest of each row's text, for things whose id is no secret."""
    made = b"".join(hashlib.blake2b(word.encode()).digest()[:SIZE] for word in words.dictionary.to_pylist())
    digests = np.frombuffer(made, np.uint8).reshape(-1, SIZE)[words.indices.to_numpy()]
    return pa.Array.from_buffers(COLUMNS["subject"], len(words), [None, pa.py_buffer(digests)])


def _monday(week: str) -> date | None:
    try:
        return monday(week)
    except ValueError:
        return None
