"""Events of one type become a table, column by column; what an array can do is not done event by event."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from nytta.ingest.events.columns import (
    ALWAYS,
    COLUMNS,
    DEFAULTS,
    KEY_ATTRIBUTE,
    KEY_EXTENSION,
    KEYED_KINDS,
    constant,
    is_filled,
)
from nytta.ingest.events.envelope import Event
from nytta.ingest.events.fields import FIRST_DATE, LAST_DATE, Extension, monday
from nytta.ingest.events.identifiers import Identifiers
from nytta.ingest.events.plans import FieldPlan, TypePlan, reader
from nytta.ingest.events.pseudonyms import SIZE, Chooser
from nytta.ingest.events.rules import Rule, kept_as, one_of, unchanged
from nytta.ingest.events.strings import layout
from nytta.ingest.events.times import EARLIEST, instants, milliseconds

Mask = NDArray[np.bool_]

# A number of so many digits always fits; what is longer is left to the models.
_NUMBERS: Final = {"sequence": 19, "revision": 18}
_DAY: Final = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _event_rule(field: str) -> Rule:
    return reader(Event.model_fields[field].rebuild_annotation())


_ID = _event_rule("id")
_SOURCE = _event_rule("source")
_SUBJECT = _event_rule("subject")
_CONTENT_TYPE = _event_rule("datacontenttype")
_SCHEMA = _event_rule("dataschema")
_EXTENSION: Rule = reader(Extension)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is given with a batch, beside its bytes."""

    received_at: datetime
    latest: datetime
    """The last time that is believed, in UTC."""
    pseudonymise: Chooser | None
    """None where only pseudonyms may pass."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Events of one type, column by column, as JSON has them: arrays of equal length, nulls where nothing is said.

    Texts are strings or words of a dictionary, times and days strings, flags booleans, numbers int64; `sequence` is
    string or int64. A column that is not there says nothing in any row.
    """

    rows: int
    envelope: Mapping[str, pa.Array]
    data: Mapping[str, pa.Array]
    """All fields of the data but the identifiers."""
    identifiers: Mapping[str, Identifiers]
    extensions: Mapping[str, pa.StringArray]
    """Extension attributes."""


def tabulate(
    plan: TypePlan,
    events: Columns,
    circumstances: Circumstances,
) -> tuple[pa.Table, Mask]:
    """The table of events of one type, and which of its rows are certain to be what the models accept.

    A row that is not certain may hold anything: the caller leaves it out and asks `validate` about its event.
    Of events that the models accepted already, every row is right.
    """
    return _Table(plan, events, circumstances).build()


class _Table:
    """The columns of a table while they are being made, and the mask of the rows that are certain."""

    def __init__(
        self,
        plan: TypePlan,
        events: Columns,
        circumstances: Circumstances,
    ) -> None:
        self.plan = plan
        self.events = events
        self.circumstances = circumstances
        self.rows = events.rows
        self.certain = np.ones(self.rows, np.bool_)
        self.columns: dict[str, pa.Array] = {}
        self.keys: list[str | None] = [None] * self.rows
        """The public ids of what the events are about, of `KEYED_KINDS` alone."""

    def build(self) -> tuple[pa.Table, Mask]:
        """The table, in the order of `COLUMNS`, and the mask."""
        self._envelope(self.events.envelope)
        field_arrays = dict(self.events.data)
        self._actor_kind(field_arrays)
        for field in self.plan.fields:
            if field.role == "identifier":
                self._identifier_field(field)
            elif field.name in field_arrays:
                if field.required:
                    self._required(field_arrays[field.name])
                self._field(field, field_arrays[field.name])
            elif field.required:
                # a field that no row has is no column: so no row is what the model wants
                self.certain[:] = False
            elif field.default is not None:
                self._field(field, pa.repeat(pa.scalar(field.default, field.arrow), self.rows))
        self._entitled()
        self._attributes()
        names = [
            column_name
            for column_name in COLUMNS
            if column_name in self.columns or column_name in ALWAYS
        ]
        arrays = [self._column(column_name) for column_name in names]
        return pa.table(arrays, names=names), self.certain

    def _column(self, column_name: str) -> pa.Array:
        if column_name in self.columns:
            return self.columns[column_name]
        return constant(column_name, DEFAULTS[column_name], self.rows)

    def _identifier_field(self, field: FieldPlan) -> None:
        identifiers = self.events.identifiers.get(field.name)
        if field.required:
            self.certain &= ~identifiers.absent if identifiers else np.False_
        if identifiers:
            self._identifier(field.name, identifiers)

    # --- envelope ---------------------------------------------------------------------------------

    def _envelope(self, attribute_arrays: Mapping[str, pa.Array]) -> None:
        if not {"id", "source", "time"} <= attribute_arrays.keys():
            self.certain[:] = False
            return
        for attribute_name in ("id", "source", "time"):
            self._required(attribute_arrays[attribute_name])
        ids = attribute_arrays["id"]
        self._check(ids, _ID)
        self.columns["id"] = ids
        source = self._words(attribute_arrays["source"], _SOURCE)
        if source is not None:
            self.columns["source"] = source
        self.columns["type"] = constant("type", self.plan.model.name, self.rows)
        self.columns["kind"] = constant("kind", self.plan.model.kind, self.rows)
        self.columns["received_at"] = constant(
            "received_at", milliseconds(self.circumstances.received_at), self.rows
        )
        self._time(attribute_arrays["time"])
        for attribute_name, digits in _NUMBERS.items():
            if attribute_name not in attribute_arrays:
                continue
            self._number(attribute_name, attribute_arrays[attribute_name], digits)
            # columns beyond ALWAYS are there only where some event fills them
            is_optional = attribute_name not in ALWAYS and attribute_name in self.columns
            if is_optional and not is_filled(attribute_name, self.columns[attribute_name]):
                del self.columns[attribute_name]
        # These three are not kept, but an event is refused for what is wrong in them.
        if "subject" in attribute_arrays:
            self._check(attribute_arrays["subject"], _SUBJECT)
        for attribute_name, rule in (("datacontenttype", _CONTENT_TYPE), ("dataschema", _SCHEMA)):
            if attribute_name in attribute_arrays:
                self._words(attribute_arrays[attribute_name], rule)

    def _required(self, values: pa.Array) -> None:
        if values.null_count:
            self.certain &= values.is_valid().to_numpy(zero_copy_only=False)

    def _time(self, time_texts: pa.StringArray) -> None:
        moments, are_read = instants(time_texts)
        earliest = milliseconds(EARLIEST)
        latest = milliseconds(self.circumstances.latest)
        # Moments are rounded down to milliseconds: a time within the last one may be too late.
        self.certain &= are_read & (moments >= earliest) & (moments < latest)
        self.columns["time"] = pa.array(moments, COLUMNS["time"])

    def _number(self, column_name: str, number_array: pa.Array, digits: int) -> None:
        column_type = COLUMNS[column_name]
        if number_array.null_count == self.rows:
            return
        if number_array.type == column_type:
            self.columns[column_name] = number_array
            return
        if pa.types.is_integer(number_array.type):
            negative = pc.less(number_array, 0).fill_null(False)
            self.certain &= ~negative.to_numpy(zero_copy_only=False)
            self.columns[column_name] = (
                pc.if_else(negative, 0, number_array).fill_null(0).cast(column_type)
            )
            return
        digit_texts = number_array.fill_null("0")
        text_bytes, offsets = layout(digit_texts)
        lengths = np.diff(offsets)
        are_numbers = (lengths > 0) & (lengths <= digits)
        # one comparison for both sides: a byte below the digit 0 wraps around and is above 9
        digit_values = text_bytes - np.uint8(ord("0"))
        other_bytes = np.flatnonzero(digit_values > 9)
        # the text of a byte is the last one that starts at it or before
        texts_with_others = np.searchsorted(offsets, other_bytes, side="right") - 1
        are_numbers[texts_with_others] = False
        self.certain &= are_numbers
        self.columns[column_name] = pc.if_else(pa.array(are_numbers), digit_texts, "0").cast(
            column_type
        )

    # --- data -------------------------------------------------------------------------------------

    def _field(self, field: FieldPlan, field_array: pa.Array) -> None:
        if field_array.null_count and field.default is not None:
            field_array = field_array.fill_null(field.default)
        is_subject = field is self.plan.subject
        match field.role:
            case "text" | "choice":
                rule = field.read if field.role == "text" else one_of(field.choices)
                field_words = self._words(field_array, rule)
                if field_words is not None:
                    self._worded(field, field_words, is_subject)
            case "flag":
                self._filled(field.column, field_array)
            case "number":
                self._filled(field.column, self._ranged(field, field_array))
            case "day":
                self._days(field.column, field_array)

    def _ranged(self, field: FieldPlan, number_array: pa.Int64Array) -> pa.Int64Array:
        """The numbers that the field's range has; others are not certain."""
        within_limits = np.ones(self.rows, np.bool_)
        for limit, is_outside in ((field.least, pc.less), (field.most, pc.greater)):
            if limit is not None:
                outside = is_outside(number_array, limit).fill_null(False)
                within_limits &= ~outside.to_numpy(zero_copy_only=False)
        self.certain &= within_limits
        # Numbers that do not fit go: the column may be narrower, and a cast would fail for the good rows too.
        return (
            number_array
            if within_limits.all()
            else pc.if_else(pa.array(within_limits), number_array, None)
        )

    def _worded(self, field: FieldPlan, field_words: pa.DictionaryArray, is_subject: bool) -> None:
        if field.column == "week":
            self._week(field_words)
        elif field.column in COLUMNS:
            self.columns[field.column] = field_words
        if is_subject:
            self.columns["subject"] = _digests(field_words)
            if self.plan.model.kind in KEYED_KINDS:
                self.keys = field_words.to_pylist()

    def _filled(self, column: str, cell_array: pa.Array) -> None:
        if cell_array.null_count == self.rows:
            return
        # `account` and `licence` have no column of their own: they become one, as flags, at the end
        column_type = COLUMNS.get(column, pa.int8())
        default = DEFAULTS.get(column, -1)
        filled = cell_array.cast(column_type).fill_null(default)
        if column not in COLUMNS or is_filled(column, filled):
            self.columns[column] = filled

    def _identifier(self, field_name: str, identifiers: Identifiers) -> None:
        if identifiers.absent.all():
            return
        self.certain &= identifiers.certain
        # the digests lie in memory as Arrow would have them: no object is made for each
        digests = pa.py_buffer(identifiers.digests)
        pseudonyms = pa.Array.from_buffers(COLUMNS["subject"], self.rows, [None, digests])
        if field_name == self.plan.subject.name:
            self.columns["subject"] = pseudonyms
        if field_name == "actor":
            self.columns["actor"] = pseudonyms
            self.columns["actor_key"] = identifiers.key_ids

    def _actor_kind(self, field_arrays: dict[str, pa.Array]) -> None:
        actors = self.events.identifiers.get("actor")
        if actors is None or "actor_kind" not in self.plan.names:
            return
        actor_kinds = field_arrays.get("actor_kind", pa.nulls(self.rows, pa.string()))
        if actor_kinds.null_count:
            # an actor of whom nothing else is said is a person; where there is no actor, nobody is
            person = pc.if_else(pa.array(actors.absent), None, "person")
            field_arrays["actor_kind"] = pc.coalesce(actor_kinds, person)

    def _days(self, column: str, day_texts: pa.StringArray) -> None:
        if day_texts.null_count == self.rows:
            return
        # many events share a day: each distinct text is read once
        encoded = day_texts.dictionary_encode()
        distinct_days = [_day(day_text) for day_text in encoded.dictionary.to_pylist()]
        days = pa.array(distinct_days, pa.date32()).take(encoded.indices)
        are_read = pc.or_(days.is_valid(), day_texts.is_null())
        self.certain &= are_read.to_numpy(zero_copy_only=False)
        self.columns[column] = days

    def _week(self, weeks: pa.DictionaryArray) -> None:
        mondays = [_monday(week) for week in weeks.dictionary.to_pylist()]
        following_mondays = [first_day and first_day + timedelta(days=7) for first_day in mondays]
        self.columns["valid_from"] = pa.array(mondays, pa.date32()).take(weeks.indices)
        self.columns["valid_to"] = pa.array(following_mondays, pa.date32()).take(weeks.indices)

    def _entitled(self) -> None:
        answers = [
            self.columns.pop(column_name)
            for column_name in ("account", "licence")
            if column_name in self.columns
        ]
        if answers:
            # entitled is whose known answers all say yes; unknown (-1) where neither is known
            # nulls are passed over by the smallest of several, as -1 would not be
            known_answers = [pc.if_else(pc.less(answer, 0), None, answer) for answer in answers]
            self.columns["entitled"] = pc.min_element_wise(*known_answers).fill_null(-1)

    def _attributes(self) -> None:
        # by name, because a map is a list: the same attributes in another order would be another content
        extensions = sorted(self.events.extensions.items())
        for _, extension_array in extensions:
            self._check(extension_array, _EXTENSION)
        are_empty = all(
            extension_array.null_count == self.rows for _, extension_array in extensions
        )
        if are_empty and self.plan.model.kind not in KEYED_KINDS:
            return
        texts_by_attribute: dict[str, list[str | None]] = {}
        for attribute_name, extension_array in extensions:
            kept_name = KEY_EXTENSION if attribute_name == KEY_ATTRIBUTE else attribute_name
            texts_by_attribute[kept_name] = extension_array.to_pylist()
        texts_by_attribute[KEY_ATTRIBUTE] = self.keys
        maps: list[list[tuple[str, str]]] = [[] for _ in range(self.rows)]
        for kept_name, texts in texts_by_attribute.items():
            for event_map, text in zip(maps, texts, strict=True):
                if text is not None:
                    event_map.append((kept_name, text))
        self.columns["attributes"] = pa.array(maps, COLUMNS["attributes"])

    # --- texts ------------------------------------------------------------------------------------

    def _check(self, texts: pa.StringArray, rule: Rule) -> None:
        """A row is not certain where the rule does not leave its text as it is; nulls say nothing."""
        if texts.null_count < self.rows:
            self.certain &= unchanged(texts, rule)

    def _words(self, word_array: pa.Array, rule: Rule) -> pa.Array | None:
        """Texts that repeat: each distinct one is judged once, and the rows refer to what it is kept as.

        None where no row says anything.
        """
        if word_array.null_count == self.rows:
            return None
        encoded = (
            word_array
            if pa.types.is_dictionary(word_array.type)
            else word_array.dictionary_encode()
        )
        distinct_texts = encoded.dictionary.to_pylist()
        kept_texts = [kept_as(rule, word_text) for word_text in distinct_texts]
        if kept_texts == distinct_texts and not encoded.null_count:
            return encoded if any(kept_texts) else None
        # nulls refer to one more word, which is blank and always right
        word_codes = encoded.indices.fill_null(len(distinct_texts)).to_numpy(zero_copy_only=False)
        if None in kept_texts:
            are_kept = np.array([word_text is not None for word_text in kept_texts] + [True])
            self.certain &= are_kept[word_codes]
        kept_words = [word_text or "" for word_text in kept_texts] + [""]
        if not any(kept_words):
            return None
        words = pa.DictionaryArray.from_arrays(word_codes, pa.array(kept_words, pa.string()))
        # a dictionary has each word once, and two texts may be kept as the same word, or both as blank
        are_distinct = len(set(kept_words)) == len(kept_words)
        return words if are_distinct else words.cast(pa.string()).dictionary_encode()


def _digests(words: pa.DictionaryArray) -> pa.Array:
    """The first 16 bytes of the BLAKE2b digest of each row's text, for things whose id is no secret."""
    distinct_words = words.dictionary.to_pylist()
    word_digests = [hashlib.blake2b(word.encode()).digest()[:SIZE] for word in distinct_words]
    digest_rows = np.frombuffer(b"".join(word_digests), np.uint8).reshape(-1, SIZE)
    digests = digest_rows[words.indices.to_numpy()]
    return pa.Array.from_buffers(COLUMNS["subject"], len(words), [None, pa.py_buffer(digests)])


def _day(text: str) -> date | None:
    """The date of `YYYY-MM-DD`; None where the text is anything else or too far away."""
    # `fromisoformat` takes other ways to write a day as well, which the models refuse
    if not _DAY.fullmatch(text):
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if FIRST_DATE <= day <= LAST_DATE else None


def _monday(week: str) -> date | None:
    try:
        return monday(week)
    except ValueError:
        return None
