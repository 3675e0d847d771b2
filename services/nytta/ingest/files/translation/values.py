"""Values of a row, as a mapping says where they come from and what each text becomes."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from nytta.ingest.events.fields import LARGEST_WHOLE
from nytta.ingest.events.reasons import Reason
from nytta.ingest.files.contract import Target
from nytta.ingest.files.errors import RowError
from nytta.ingest.files.rows import Row
from nytta.ingest.files.specs import Value
from nytta.ingest.files.translation.descriptions import described
from nytta.ingest.files.translation.numbers import number_of, total_of
from nytta.ingest.files.translation.texts import TextGetter, Texts, folded
from nytta.registry.texts import keyed

Getter = Callable[[Row], Any]
"""What a field of an event holds by a row; None for nothing. RowError where the row's text cannot stand there."""

_REMEMBERED: Final = 10_000
"""Texts whose pattern is remembered: bounded, so that a field with a new text in every row cannot fill the memory."""


class Values:
    """What gets values of rows."""

    def __init__(self, texts: Texts, decimal: str, file_name: str) -> None:
        """`decimal` is the mark before a fraction."""
        self._texts = texts
        self._decimal = decimal
        self._file_name = file_name

    def for_target(self, value: Value, target: Target) -> Getter:
        """A value as a field of an event takes it: one of its choices, a whole number, or a text."""
        # a list of choices that knows an `other` has a place for every text
        default = (
            "other" if "other" in target.choices and (value.values or value.patterns) else None
        )
        getter = self.text(value, default)
        if value.capitals == "same":
            getter = folded(getter, str.lower)
        if target.kind == "whole":
            return self._whole(getter, value)
        return _choice(getter, target, value) if target.choices and value.passes_through else getter

    def text(self, value: Value, default: str | None = None) -> TextGetter:
        """A value as a text; `default` stands for texts for which the mapping has none."""
        getter = self._origin(value)
        missing = value.missing
        if value.values or value.patterns:
            getter = _looked_up(getter, value, value.otherwise or default)
        if missing is None:
            return getter

        def with_missing(row: Row) -> str | None:
            text = getter(row)
            return missing if text is None else text

        return with_missing

    def _origin(self, value: Value) -> TextGetter:
        """What a value is before texts are looked up; a value says one of these, which its model checks."""
        if value.field is not None and value.within is not None:
            return self._texts.of_shared(value.field, value.within)
        if value.field is not None:
            return self._texts.of_field(value.field)
        if value.coalesce is not None:
            return self._texts.of_first(value.coalesce)
        if value.constant is not None:
            return _always(value.constant)
        if value.file is not None:
            return _always(_from_file_name(value.file, value.template, self._file_name))
        if value.join is not None:
            return self._joined(value.join)
        assert value.sum is not None
        return self._summed(value.sum)

    def _joined(self, values: tuple[Value, ...]) -> TextGetter:
        parts = [self.text(value) for value in values]

        def joined(row: Row) -> str | None:
            texts: list[str] = []
            for part in parts:
                text = part(row)
                # half a key would name another thing
                if text is None:
                    return None
                texts.append(text)
            return "/".join(texts)

        return joined

    def _summed(self, fields: tuple[str, ...]) -> TextGetter:
        total = total_of(fields, self._texts, self._decimal)

        def summed(row: Row) -> str | None:
            number = total(row)
            return None if number is None else format(number, "f")

        return summed

    def _whole(self, getter: TextGetter, value: Value) -> Getter:
        description = described(value)
        factor = value.times
        # a sum, or what the mapping says for a text, is written by us and not as the file writes
        mark = self._decimal if value.sum is None and value.passes_through else "."

        def whole(row: Row) -> int | None:
            text = getter(row)
            if text is None:
                return None
            number = number_of(text, mark, description) * factor
            if abs(number) > LARGEST_WHOLE or number != number.to_integral_value():
                raise RowError(Reason.INVALID_FIELD, f"{description} is not a whole number", text)
            return int(number)

        return whole


def _always(text: str | None) -> TextGetter:
    return lambda _row: text


def _from_file_name(pattern: str, template: str, file_name: str) -> str | None:
    match = re.search(pattern, file_name)
    if match is None:
        return None

    def group(place: re.Match[str]) -> str:
        name = place[1]
        return match[int(name) if name.isdigit() else name] or ""

    return re.sub(r"\{([^{}]*)\}", group, template).strip() or None


def _looked_up(getter: TextGetter, value: Value, otherwise: str | None) -> TextGetter:
    results = {keyed(text): result for text, result in value.values.items()}
    patterns = [(re.compile(pattern), result) for pattern, result in value.patterns.items()]
    description = described(value)
    remembered: dict[str, str] = {}

    def look_up(row: Row) -> str | None:
        text = getter(row)
        if text is None:
            return None
        # exact texts stand above patterns, which cost more and may be found in them too
        result = results.get(text) or remembered.get(text)
        if result is not None:
            return result
        result = next((result for pattern, result in patterns if pattern.search(text)), otherwise)
        if result is None:
            raise RowError(
                Reason.MISSING_MAPPING_VALUE,
                f"the mapping has no value for what {description} says; add it to values or set otherwise",
                text,
            )
        if len(remembered) < _REMEMBERED:
            remembered[text] = result
        return result

    return look_up


def _choice(getter: TextGetter, target: Target, value: Value) -> Getter:
    choices = frozenset(map(str, target.choices))
    description = described(value)

    def checked(row: Row) -> str | None:
        text = getter(row)
        if text is None or text in choices:
            return text
        # a choice written in capitals is the same choice
        lower = text.lower()
        if lower not in choices:
            raise RowError(
                Reason.MISSING_MAPPING_VALUE,
                f"{description} says none of {', '.join(target.choices)}; add what it says to values",
                text,
            )
        return lower

    return checked
