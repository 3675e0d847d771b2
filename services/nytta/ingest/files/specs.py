"""Where the value of one field comes from: the small language of mappings.

Bare text names a field of the file. Everything else is written out: a constant, a part of the file's name,
several values joined, a sum. Texts are looked up in `values` (exactly) or `patterns` (regular expressions,
the first that is found).
"""

from __future__ import annotations

import codecs
import re
from contextlib import suppress
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from nytta.ingest.files.tables import Dialect
from nytta.ingest.files.times import Order, Years
from nytta.registry.dates import is_zone


def _field_name(short_form: Any) -> Any:
    return {"field": short_form} if isinstance(short_form, str) else short_form


def _one_text(short_form: Any) -> Any:
    return [short_form] if isinstance(short_form, str) else short_form


def _pattern(pattern_text: str) -> str:
    try:
        re.compile(pattern_text)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"'{pattern_text[:200]}' is no regular expression: {error}") from error
    return pattern_text


def _sign(text: str) -> str:
    if len(text) > 1 or text in ("\n", "\r", "\0"):
        raise ValueError("write one sign, which is no line break")
    return text


def _zone(text: str) -> str:
    if not is_zone(text):
        raise ValueError(
            f"'{text[:80]}' is no time zone; write one such as Europe/Stockholm or UTC"
        )
    return text


def _codec(encoding_name: str) -> str:
    try:
        codec = codecs.lookup(encoding_name)
        with suppress(UnicodeError):
            # there are codecs of other things than text
            b"a".decode(encoding_name)
    except (LookupError, ValueError) as error:
        raise ValueError(
            f"'{encoding_name}' is no encoding; write one such as utf-8, cp1252 or iso-8859-1"
        ) from error
    if codec.name in _NOT_OF_FILES:
        raise ValueError(
            f"no file is written in '{encoding_name}'; write an encoding such as utf-8, cp1252 or iso-8859-1"
        )
    return encoding_name


def _date_format(format_text: str) -> str:
    if not any(code in format_text for code in ("%Y", "%y", "%c", "%x", "%s", "%G")):
        raise ValueError(f"'{format_text}' has no year (%Y, or %y where years have two digits)")
    if stated := _STATED.search(format_text):
        raise ValueError(
            f"'{format_text}' has the zone {stated[0]} in it; write %z for offsets, %Z for zones by letters"
        )
    try:
        datetime.strptime("", format_text)
    except ValueError as error:
        if "does not match" not in str(error):
            raise ValueError(f"'{format_text}' is no form of a date: {error}") from error
    except re.error as error:
        raise ValueError(f"'{format_text}' says something twice: {error}") from error
    return format_text


_STATED = re.compile(
    r"\b(?<!%)(?:CES?T|MES?T|MEZ|MESZ|EES?T|WES?T)\b|(?<=%[SfM])\s*[+-]\d{2}:?\d{2}\b"
)
"""An offset that a pattern has for all texts alike; UTC, GMT and Z are understood."""

DateFormats = Annotated[
    tuple[Annotated[str, AfterValidator(_date_format)], ...], BeforeValidator(_one_text)
]
"""Patterns of strptime, tried in order."""
_NOT_OF_FILES = frozenset(
    {"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape", "utf-7"}
)
"""Codecs of Python and of mail, which make texts of what are no characters."""
Pattern = Annotated[str, AfterValidator(_pattern)]
Zone = Annotated[str, AfterValidator(_zone)]
FieldName = Annotated[str, Field(min_length=1)]
Texts = Annotated[tuple[str, ...], BeforeValidator(_one_text), Field(min_length=1)]
TextList = Annotated[tuple[str, ...], BeforeValidator(_one_text)]


_CENTURY = 36_525  # days
_MILLIARD = 10**9
_YEAR_MINUTES = 366 * 24 * 60


class Spec(BaseModel):
    """A part of a mapping."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Value(Spec):
    """A text or a number."""

    field: FieldName | None = None
    """The field of the row; of a trace with "case:" before it."""
    coalesce: Texts | None = None
    """Fields of which the first counts that says something."""
    constant: FieldName | None = None
    """The same text for every row."""
    file: Pattern | None = None
    """A regular expression found in the file's name."""
    template: str = "{0}"
    """What to make of the groups of `file`: "municipality {1}"; {0} is all that was found."""
    join: (
        Annotated[tuple[Annotated[Value, BeforeValidator(_field_name)], ...], Field(min_length=2)]
        | None
    ) = None
    """Several values with "/" between them; nothing where one of them is absent."""
    sum: Texts | None = None
    """Fields whose numbers are added; absent ones count as 0, and nothing comes out where all are absent."""
    values: dict[str, str] = Field(default_factory=dict)
    """What each text becomes."""
    patterns: dict[Pattern, str] = Field(default_factory=dict)
    """What a text becomes in which this regular expression is found; tried in order, after `values`."""
    otherwise: FieldName | None = None
    """What a text becomes that neither names. Without it such a row is rejected (missing_mapping_value)."""
    within: FieldName | None = None
    """The field that names what several rows are of, such as a case: where `field` is absent, what the first row of the
    file says that has the same there."""
    missing: FieldName | None = None
    """What stands for an absent text. Without it the field stays absent."""
    capitals: Literal["same", "other"] | None = None
    """`same` where a text in capitals is the same text; `other` where it is another. Without it, only addresses of
    persons (a.b@town.example) are the same in capitals."""
    times: Annotated[int, Field(ge=-_MILLIARD, le=_MILLIARD)] = 1
    """Factor of a number, for fields that count in tenths or thousandths."""

    @model_validator(mode="after")
    def _one_origin(self) -> Value:
        origin_names = ("field", "coalesce", "constant", "file", "join", "sum")
        origins = [
            origin_name for origin_name in origin_names if getattr(self, origin_name) is not None
        ]
        if len(origins) != 1:
            raise ValueError(
                "say where the value comes from, once: field, coalesce, constant, file, join or sum"
                + (f"; here stand {' and '.join(origins)}" if origins else "")
            )
        if "template" in self.model_fields_set:
            if self.file is None:
                raise ValueError("template belongs to file")
            groups = re.compile(self.file)
            group_names = {*map(str, range(groups.groups + 1)), *groups.groupindex}
            wrong = [
                origin_name
                for origin_name in re.findall(r"\{([^{}]*)\}", self.template)
                if origin_name not in group_names
            ]
            if wrong:
                raise ValueError(
                    f"template names {{{wrong[0]}}}, but the expression has no such group"
                )
        if self.otherwise is not None and not (self.values or self.patterns):
            raise ValueError("otherwise belongs to values or patterns")
        if self.within is not None and self.field is None:
            raise ValueError("within belongs to field")
        return self

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields of the file that it reads."""
        joined = (name for part in self.join or () for name in part.fields)
        named = (self.field, self.within, *(self.coalesce or ()), *(self.sum or ()), *joined)
        return tuple(name for name in named if name is not None)

    @property
    def results(self) -> tuple[str, ...]:
        """Every text that the mapping itself puts in."""
        texts = (
            *self.values.values(),
            *self.patterns.values(),
            self.constant,
            self.otherwise,
            self.missing,
        )
        return tuple(text for text in texts if text is not None)

    @property
    def passes_through(self) -> bool:
        """Whether texts of the file come out as they are."""
        return self.constant is None and not (self.values or self.patterns)


class Test(Spec):
    """A question, answered yes or no. An absent text is none of the texts and less than every number."""

    __test__ = False  # no test case, whatever pytest makes of the name

    field: FieldName | None = None
    sum: Texts | None = None
    texts: Texts | None = Field(default=None, alias="is")
    """Yes where the text is one of these."""
    other_texts: Texts | None = Field(default=None, alias="is_not")
    """Yes where the text is none of these, or absent."""
    at_least: Annotated[float, Field(allow_inf_nan=False)] | None = None
    """Yes where the number is this or more."""
    present: bool | None = None
    """Yes where the text is there (true) or absent (false)."""
    same_as: FieldName | None = None
    """Yes where this other field says the same, and both say something."""
    before: FieldName | None = None
    """Yes where the time is before that of this other field, and both are there."""
    after: FieldName | None = None
    """Yes where the time is after that of this other field, and both are there."""
    lasts_to: date | None = None
    """Yes where the time is not before this day, or absent: what has no end lasts."""
    plus_minutes: Annotated[int, Field(ge=-_YEAR_MINUTES, le=_YEAR_MINUTES)] = 0
    """Minutes added to the time of the other field."""
    where: Test | None = None
    """No unless this is a yes too."""
    alternative: Test | None = Field(default=None, alias="or")
    """Yes too where this is a yes."""

    @model_validator(mode="after")
    def _one_question(self) -> Test:
        if (self.field is None) == (self.sum is None):
            raise ValueError("say what is looked at, once: field or sum")
        questions = (
            self.texts,
            self.other_texts,
            self.at_least,
            self.present,
            self.same_as,
            self.before,
            self.after,
            self.lasts_to,
        )
        if sum(question is not None for question in questions) != 1:
            raise ValueError(
                "say what is asked, once: is, is_not, at_least, present, same_as, before, after or lasts_to"
            )
        if self.sum is not None and self.at_least is None:
            raise ValueError("a sum is asked with at_least")
        if self.plus_minutes and self.before is None and self.after is None:
            raise ValueError("plus_minutes belongs to before or after")
        return self

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields of the file that it reads."""
        own_fields = (self.field,) if self.field is not None else self.sum or ()
        other = tuple(name for name in (self.same_as, self.before, self.after) if name is not None)
        more = (test for test in (self.where, self.alternative) if test is not None)
        return (*own_fields, *other, *(name for test in more for name in test.fields))


class Dates(Spec):
    """How the file writes dates and times, where not said otherwise beside one of them."""

    order: Order = "year-first"
    formats: DateFormats = ()
    """Patterns of strptime, tried in order, for what `order` does not cover."""
    years: Years = "four"
    """`two` where years have two digits: 1969 to 2068."""
    zone: Zone | None = None
    """The zone of times without an offset; the mapping's `timezone` where absent."""


class Moment(Spec):
    """A date or a time."""

    field: FieldName = ""
    coalesce: Texts | None = None
    """Fields of which the first counts that says something."""
    constant: date | None = None
    """The same day for every row."""
    order: Order | None = None
    formats: DateFormats | None = None
    years: Years | None = None
    zone: Zone | None = None
    add_days: Annotated[int, Field(ge=-_CENTURY, le=_CENTURY)] = 0
    """Days added to what the field says, on the local calendar."""
    not_before: date | None = None
    """A day that is taken for any before it, such as one from which figures are wanted."""

    @model_validator(mode="after")
    def _one_origin(self) -> Moment:
        if [bool(self.field), self.coalesce is not None, self.constant is not None].count(
            True
        ) != 1:
            raise ValueError("say where the time comes from, once: field, coalesce or constant")
        return self

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields of the file that it reads."""
        return self.coalesce or ((self.field,) if self.field else ())


class Entries(Spec):
    """A list of named values, such as `[{key: ExecutedBy, value: ann}]`: each becomes the field `path/NAME`."""

    path: FieldName
    """Where the list is."""
    key: FieldName
    """The field of an item that names it."""
    value: FieldName
    """The field of an item that says what it is."""


class Table(Spec):
    """How a table is written, where it should not be found out."""

    encoding: Annotated[str, AfterValidator(_codec)] | None = None
    delimiter: Annotated[str, AfterValidator(_sign)] | None = None
    quote: Annotated[str, AfterValidator(_sign)] = '"'
    skip_lines: Annotated[int, Field(ge=0, le=1000)] = 0
    header_lines: Annotated[int, Field(ge=1, le=2)] = 1
    """Rows that name the columns; with two, the first is a band of headings, each of which holds until the next."""
    surplus: Literal["reject", "last"] = "reject"
    """What becomes of cells beyond the last column: the row is rejected, or they belong to the last column."""
    objects: TextList = ()
    """Columns whose cells hold an object, as JSON writes it: its fields are `column/name`."""
    decimal: Literal[".", ","] = "."
    """The mark before the fraction of a number."""

    @field_validator("delimiter", mode="before")
    @classmethod
    def _tab(cls, separator: Any) -> Any:
        return "\t" if separator in ("tab", "\\t") else separator

    @model_validator(mode="after")
    def _two_signs(self) -> Table:
        if self.delimiter == "":
            raise ValueError("delimiter: write the sign between cells, or leave it out")
        if self.delimiter is not None and self.delimiter == self.quote:
            raise ValueError(f"delimiter and quote are both '{self.quote}'; they must differ")
        return self

    @property
    def dialect(self) -> Dialect:
        """The part of it that concerns the reader of tables."""
        surplus = self.surplus == "last"
        return Dialect(
            self.encoding, self.delimiter, self.quote, self.skip_lines, surplus, self.header_lines
        )
