"""Lines that are written alike: what repeats is compared, and only what differs is read.

A program that writes JSON puts the same bytes between its values each time. A form is all of a line but its values. It
is parsed on the line where it was seen first; where the other bytes of a line are the same, only its values differ.
Values are texts without escapes, whole numbers and booleans; what is written otherwise is left to a reader of any JSON.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from nytta.ingest.events.lines import Lines

Places = NDArray[np.int64]
Mask = NDArray[np.bool_]
Bound = tuple[Places, Places]
"""Where a value starts and where it ends, in each of some lines."""
Event = Mapping[str, Any]

CONSTANT: Final = frozenset({"specversion", "type"})
"""Attributes whose values belong to the form: its lines share them."""

_FEWEST: Final = 512
"""Lines of a form from which on columns of their own pay."""
_SAMPLE: Final = 64
_LONGEST_NUMBER: Final = 18  # digits that always fit
_LARGEST: Final = 2**31 - 1  # bytes that Arrow's offsets reach
_NEWLINE, _QUOTE, _BACKSLASH, _SPACE, _ZERO, _BEYOND_ASCII = b'\n"\\ 0\x80'
_SCALAR: Final = re.compile(rb"([ \t]*:[ \t]*)(?:true|false|0|[1-9][0-9]{0,17})([ \t]*[,}].*)")
"""A boolean or a whole number behind the quotation mark that closes its key, up to the next mark."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A place of a form where a value stands."""

    name: str
    is_data: bool
    """Whether it is a field of the data; else it is an attribute of the event."""
    kind: type
    """str, int or bool."""
    mark: int
    """The quotation mark before it, counted from 0 in its line: the one that opens a text, or closes a scalar's key."""
    lead: int
    """Bytes between this mark and the value."""
    trail: int
    """Bytes between the value and the next mark, or the end of the line."""


@dataclass(frozen=True, slots=True)
class Form:
    """All of a line but its values."""

    example: Event
    """The event in which it was seen first."""
    slots: tuple[Slot, ...]
    spans: tuple[bytes, ...]
    """The bytes before, between and behind the values."""
    marks: int
    """How many quotation marks a line has."""
    type_mark: int
    """The one that opens the type."""


@dataclass(frozen=True, slots=True)
class Alike:
    """Lines of one form, with their values."""

    form: Form
    rows: Places
    """The indices of the lines, ascending."""
    attributes: Mapping[str, pa.Array]
    data: Mapping[str, pa.Array]
    """Strings, words of a dictionary, int64 or booleans, none of them null."""


def alike(
    lines: Lines, rows: Places, *, fits: Callable[[Event], bool], repeats: Callable[[Slot], bool]
) -> Iterator[Alike]:
    """Of the lines with these indices, ascending, the many that share a form whose example `fits` says yes to.

    What comes out is what a parser of JSON would read of these lines. A line comes at most once. Texts of slots that
    `repeats` says yes to come as words of a dictionary.
    """
    if len(rows) < _FEWEST or lines.ends[rows[-1]] - lines.starts[rows[0]] > _LARGEST:
        return
    text = _Text(lines, rows)
    is_waiting = text.are_clean
    # forms that many lines have show among a few of them
    for place in range(0, len(rows), max(1, len(rows) // _SAMPLE)):
        if not is_waiting[place]:
            continue
        form = form_of(lines[int(rows[place])])
        if form is None or not fits(form.example):
            continue
        candidates = np.flatnonzero(is_waiting & (text.counts == form.marks))
        group = text.alike(form, candidates, repeats)
        if group is not None:
            is_waiting[np.searchsorted(rows, group.rows)] = False
            yield group


def form_of(line: bytes) -> Form | None:
    """The form of a line; None where it is no event, or is written in a way that no form has."""
    try:
        event = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    data = event.get("data") if isinstance(event, dict) else None
    if not isinstance(data, dict) or _BACKSLASH in line:
        return None
    # in turn what stands outside and inside quotation marks: each part behind the first has its mark before it
    parts = line.split(b'"')
    part_lengths = [len(part) + 1 for part in parts]
    starts = np.cumsum([0, *part_lengths]).tolist()
    values: list[_Value] = []
    key, is_data = "", False
    key_count, type_mark = 0, 0
    # every second part is inside: a key, or a text
    for number in range(1, len(parts) - 1, 2):
        preceding, text, following = parts[number - 1 : number + 2]
        if preceding.rstrip().endswith(b":"):
            if is_data or key not in CONSTANT:
                slot = Slot(key, is_data, str, number - 1, 0, 0)
                values.append(_Value(slot, starts[number], starts[number] + len(text)))
            elif key == "type":
                type_mark = number - 1
        else:
            key = text.decode()
            key_count += 1
            # a brace before a key closes the data, one behind it opens them
            is_data &= b"}" not in preceding
            scalar = _scalar(key, is_data, number, following, starts[number + 1])
            if scalar:
                values.append(scalar)
            is_data |= b"{" in following
    slots = tuple(value.slot for value in values)
    form = Form(event, slots, _spans(line, values), len(parts) - 1, type_mark)
    # a key that comes twice, or a place that was not understood, makes no form
    has_each_key_once = key_count == len(event) + len(data)
    return form if has_each_key_once and _is_understood(form) else None


class _Value(NamedTuple):
    """A value of the line of which a form is made, with the bytes of the line where it starts and ends."""

    slot: Slot
    start: int
    end: int


def _scalar(
    key: str, is_data: bool, mark: int, following: bytes, following_start: int
) -> _Value | None:
    """The boolean or number behind a key, whose closing quotation mark is `mark`; None where something else stands."""
    scalar = _SCALAR.fullmatch(following)
    if scalar is None:
        return None
    lead, trail = len(scalar[1]), len(scalar[2])
    kind = bool if following[lead] in b"tf" else int
    slot = Slot(key, is_data, kind, mark, lead, trail)
    return _Value(slot, following_start + lead, following_start + len(following) - trail)


def _spans(line: bytes, values: Sequence[_Value]) -> tuple[bytes, ...]:
    """The bytes before, between and behind the values."""
    span_starts = [0, *(value.end for value in values)]
    span_ends = [*(value.start for value in values), len(line)]
    return tuple(line[start:end] for start, end in zip(span_starts, span_ends, strict=True))


def _is_understood(form: Form) -> bool:
    """Whether the slots are all values of the example but nulls and those that belong to the form."""
    attributes = {
        name: value
        for name, value in form.example.items()
        if name != "data" and name not in CONSTANT
    }
    data = form.example["data"]
    kinds = {(False, name): type(value) for name, value in attributes.items() if value is not None}
    kinds |= {(True, name): type(value) for name, value in data.items() if value is not None}
    slot_kinds = {(slot.is_data, slot.name): slot.kind for slot in form.slots}
    return kinds == slot_kinds


class _Text:
    """The bytes of some lines, with where their quotation marks stand. A place is a number of a line among them."""

    def __init__(self, lines: Lines, rows: Places) -> None:
        first_byte, last_byte = int(lines.starts[rows[0]]), int(lines.ends[rows[-1]])
        self.rows = rows
        self.starts = lines.starts[rows] - first_byte
        self.ends = lines.ends[rows] - first_byte
        self.bytes = pa.py_buffer(memoryview(lines.body)[first_byte:last_byte])
        self.data = np.frombuffer(self.bytes, np.uint8)
        self.marks = np.flatnonzero(self.data == _QUOTE)
        self.first_marks = np.searchsorted(self.marks, self.starts)
        # Where no line is left out, only blank ones lie between two: the marks of one end where the next one's begin.
        is_whole = rows[-1] - rows[0] == len(rows) - 1
        if is_whole:
            end_marks = np.append(self.first_marks[1:], len(self.marks))
        else:
            end_marks = np.searchsorted(self.marks, self.ends)
        self.counts = end_marks - self.first_marks
        """Quotation marks of each line."""
        self.are_clean = np.ones(len(rows), np.bool_)
        """Which lines have no escape, no control character and nothing that is not UTF-8."""
        if lines.body.find(b"\\", first_byte, last_byte) >= 0:
            self._leave(self.data == _BACKSLASH)
        are_control = self.data < _SPACE
        are_breaks = self.data == _NEWLINE
        if np.count_nonzero(are_control) > np.count_nonzero(are_breaks):
            self._leave(are_control & ~are_breaks)
        if not _is_utf8(self.bytes):
            self._leave(self.data >= _BEYOND_ASCII)

    def _leave(self, are_unclean: Mask) -> None:
        """Leave the lines in which one of these bytes stands."""
        unclean = np.flatnonzero(are_unclean)
        if len(unclean):
            # as many of these bytes before the end of a line as before its start: none within
            self.are_clean &= np.searchsorted(unclean, self.starts) == np.searchsorted(
                unclean, self.ends
            )

    def alike(self, form: Form, places: Places, repeats: Callable[[Slot], bool]) -> Alike | None:
        """Those of these lines, each with as many marks as the form, that have it; None where they are too few."""
        # lines of another type are most of those that do not match: they go before anything costs more
        opening = self.first_marks[places] + form.type_mark
        type_lengths = self.marks[opening + 1] - self.marks[opening] - 1
        places = places[type_lengths == len(form.example["type"])]
        # Between marks there may be less than the form has there: then a value would end before it starts.
        bounds = self._bounds(form, places)
        are_ordered = np.ones(len(places), np.bool_)
        for slot, (start, end) in zip(form.slots, bounds, strict=True):
            if slot.kind is not str:
                are_ordered &= start <= end
        places, bounds = _chosen(are_ordered, places, bounds)
        if len(places) < _FEWEST:
            return None
        are_same = self._are_written_as(form, places, bounds)
        scalars: dict[Slot, pa.Array] = {}
        for slot, (start, end) in zip(form.slots, bounds, strict=True):
            if slot.kind is not str:
                read = self._flags if slot.kind is bool else self._numbers
                scalars[slot], are_read = read(start, end)
                are_same &= are_read
        if not are_same.all():
            places, bounds = _chosen(are_same, places, bounds)
            scalars = {slot: values.filter(pa.array(are_same)) for slot, values in scalars.items()}
        if len(places) < _FEWEST:
            return None
        attributes: dict[str, pa.Array] = {}
        data: dict[str, pa.Array] = {}
        for slot, (start, end) in zip(form.slots, bounds, strict=True):
            columns = data if slot.is_data else attributes
            columns[slot.name] = (
                scalars[slot] if slot in scalars else self._strings(start, end, repeats(slot))
            )
        return Alike(form, self.rows[places], attributes, data)

    def _bounds(self, form: Form, places: Places) -> list[Bound]:
        """Where each value of the form starts and ends in these lines."""
        first_marks = self.first_marks[places]
        bounds = []
        for slot in form.slots:
            preceding = self.marks[first_marks + slot.mark]
            is_last = slot.mark + 1 == form.marks
            following = self.ends[places] if is_last else self.marks[first_marks + slot.mark + 1]
            bounds.append((preceding + 1 + slot.lead, following - slot.trail))
        return bounds

    def _are_written_as(self, form: Form, places: Places, bounds: list[Bound]) -> Mask:
        """Which lines have the form's bytes before, between and behind their values."""
        are_same = np.ones(len(places), np.bool_)
        span_start = self.starts[places]
        for span, (start, end) in zip(form.spans, bounds, strict=False):
            are_same &= self._equal(span_start, start, span)
            span_start = end
        return are_same & self._equal(span_start, self.ends[places], form.spans[-1])

    def _cut(self, starts: Places, ends: Places, kind: pa.DataType) -> pa.Array:
        """What stands from each start to its end, and between that and the next start; no byte is copied.

        Each end is at or after its start, and at or before the next start.
        """
        offsets = np.empty(2 * len(starts), np.int32)
        offsets[0::2] = starts
        offsets[1::2] = ends
        buffers = [None, pa.py_buffer(offsets), self.bytes]
        return pa.Array.from_buffers(kind, len(offsets) - 1, buffers)

    def _joined(self, starts: Places, length: int) -> bytes:
        """So many bytes from each start on, one after the other."""
        # every place of the text as an element of that size: one look-up of an array copies all
        windows = np.ndarray((len(self.data) - length + 1,), f"V{length}", self.bytes, strides=(1,))
        return windows[starts].tobytes()

    def _equal(self, starts: Places, ends: Places, text: bytes) -> Mask:
        """Which of these are this text, of one byte or more."""
        are_equal: Mask = ends - starts == len(text)
        # all at once, for mostly all are
        if are_equal.all() and self._joined(starts, len(text)) == text * len(starts):
            return are_equal
        matches = pc.equal(self._cut(starts, ends, pa.binary()), pa.scalar(text, pa.binary()))
        return np.asarray(matches.to_numpy(zero_copy_only=False)[0::2], np.bool_)

    def _strings(self, starts: Places, ends: Places, are_words: bool) -> pa.Array:
        return self._words(starts, ends) if are_words else self._texts(starts, ends)

    def _texts(self, starts: Places, ends: Places) -> pa.StringArray:
        length = int(ends[0] - starts[0])
        if length and (ends - starts == length).all():
            offsets = np.arange(len(starts) + 1, dtype=np.int32) * np.int32(length)
            buffers = [None, pa.py_buffer(offsets), pa.py_buffer(self._joined(starts, length))]
            return pa.Array.from_buffers(pa.string(), len(starts), buffers)
        cut = self._cut(starts, ends, pa.string())
        return cut.take(pa.array(np.arange(0, len(cut), 2)))

    def _words(self, starts: Places, ends: Places) -> pa.DictionaryArray:
        first = self.data[starts[0] : ends[0]].tobytes()
        # the same in all of them, as names of systems and steps mostly are
        if first and self._equal(starts, ends, first).all():
            word = pa.array([first.decode()], pa.string())
            return pa.DictionaryArray.from_arrays(np.zeros(len(starts), np.int32), word)
        return self._texts(starts, ends).dictionary_encode()

    def _flags(self, starts: Places, ends: Places) -> tuple[pa.BooleanArray, Mask]:
        """Booleans, and which of them are some."""
        are_true = self._equal(starts, ends, b"true")
        return pa.array(are_true), are_true | self._equal(starts, ends, b"false")

    def _numbers(self, starts: Places, ends: Places) -> tuple[pa.Int64Array, Mask]:
        """Whole numbers from 0, and which of them are written as JSON wants them; the others mean nothing."""
        lengths = ends - starts
        are_read = (lengths > 0) & (lengths <= _LONGEST_NUMBER)
        numbers = np.zeros(len(starts), np.int64)
        longest = int(lengths[are_read].max(initial=0))
        # digit by digit, for all numbers at once
        for position in range(longest):
            has_digit = are_read & (position < lengths)
            digit_bytes = self.data[np.where(has_digit, starts + position, starts)]
            # what is no digit becomes 10 or more: bytes below the digit 0 wrap around
            digits = digit_bytes - np.uint8(_ZERO)
            are_read &= ~has_digit | (digits <= 9)
            if position == 0:
                # JSON has no leading zero
                are_read &= (digits > 0) | (lengths == 1)
            numbers = np.where(has_digit, numbers * 10 + digits, numbers)
        return pa.array(numbers), are_read


def _chosen(mask: Mask, places: Places, bounds: list[Bound]) -> tuple[Places, list[Bound]]:
    """The places, and the bounds of their values, that the mask has; nothing is copied where it has all."""
    if mask.all():
        return places, bounds
    return places[mask], [(start[mask], end[mask]) for start, end in bounds]


def _is_utf8(text: pa.Buffer) -> bool:
    """Whether the bytes are UTF-8."""
    offsets = pa.py_buffer(np.array([0, text.size], np.int32))
    try:
        pa.Array.from_buffers(pa.string(), 1, [None, offsets, text]).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True
