"""The kinds of field that events are made of, each with its one rule."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Annotated, Any, Final

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainSerializer,
    PlainValidator,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from nytta.ingest.events.strings import LONGEST_TEXT
from nytta.ingest.events.times import TIME_PATTERN, AmbiguousTime, instant
from nytta.registry.texts import visible

_CONTROL: Final = r"\x00-\x1f\x7f-\x9f"
_NOT_BLANK: Final = f"^[^{_CONTROL}]*[^\\s{_CONTROL}][^{_CONTROL}]*$"
_ANY_TEXT: Final = f"^[^{_CONTROL}]*$"
# Characters of RFC 3986; what else a source is called must be percent-encoded.
_URI_CHARACTER: Final = r"(?:[A-Za-z0-9\-._~:/?@!$&'()*+,;=]|%[0-9A-Fa-f]{2})"
_URI: Final = rf"^(?:{_URI_CHARACTER}|[\[\]])*(?:#{_URI_CHARACTER}*)?$"
_JSON_MEDIA_TYPE: Final = r"^[A-Za-z]+/(?:[A-Za-z0-9!#$&^_.\-]+\+)?[Jj][Ss][Oo][Nn] *(?:;.*)?$"

LARGEST_SEQUENCE: Final = 2**64 - 1
LARGEST_REVISION: Final = 2**63 - 1
_SEQUENCE_DIGITS: Final = "[0-9]{1,20}"
_REVISION_DIGITS: Final = "[0-9]{1,19}"
# JSON numbers are exact up to here in every language.
LARGEST_WHOLE: Final = 2**53 - 1
# What the store can hold as a date; it keeps 1900-01-01 for "no date".
FIRST_DATE: Final = date(1901, 1, 1)
LAST_DATE: Final = date(2299, 12, 31)


PSEUDONYMISED: Final = "x-pseudonymised"
"""Marks, in a JSON Schema too, a field whose value leaves the edge as a pseudonym only."""


def _blank_is_absent(text: str | None) -> str | None:
    return text or None


def _instant(field_value: Any) -> datetime:
    if not isinstance(field_value, str):
        raise PydanticCustomError("time_text", "is not a text holding an RFC 3339 time")
    try:
        return instant(field_value)
    except AmbiguousTime as error:
        raise PydanticCustomError("ambiguous_time", "{problem}", {"problem": str(error)}) from error
    except ValueError as error:
        raise PydanticCustomError("time_form", "{problem}", {"problem": str(error)}) from error


def _sequence(field_value: Any) -> int:
    sequence = _number(field_value, _SEQUENCE_DIGITS)
    if sequence is None or sequence > LARGEST_SEQUENCE:
        raise PydanticCustomError(
            "sequence", "is not a whole number from 0 to 2^64 - 1, nor one as a text of digits"
        )
    return sequence


def _revision(field_value: Any) -> int:
    revision = _number(field_value, _REVISION_DIGITS)
    if revision is None or revision > LARGEST_REVISION:
        raise PydanticCustomError(
            "revision", "is not a whole number from 0 to 2^63 - 1, nor one as a text of digits"
        )
    return revision


def _number(field_value: Any, digits: str) -> int | None:
    """A whole number from 0, 0 for null, or one that is written as a text of `digits`; None where it is none."""
    if field_value is None:
        return 0
    if isinstance(field_value, str) and re.fullmatch(digits, field_value):
        return int(field_value)
    # `type`, for a boolean is an int to Python
    return field_value if type(field_value) is int and field_value >= 0 else None


def _retracted(field_value: Any) -> bool:
    if field_value in (None, False, "false"):
        return False
    if field_value is True or field_value == "true":
        return True
    raise PydanticCustomError("retracted", "is neither true nor false")


def _monday(week: str) -> str:
    try:
        monday(week)
    except ValueError as error:
        raise PydanticCustomError("iso_week", "is not an ISO week such as 2026-W07") from error
    return week


def monday(week: str) -> date:
    """The Monday that starts an ISO week such as `2026-W07`. Raises ValueError where there is no such one."""
    if not re.fullmatch("[0-9]{4}-W[0-9]{2}", week):
        raise ValueError(f"{week!r} is not an ISO week such as 2026-W07")
    monday_of_week = date.fromisocalendar(int(week[:4]), int(week[6:]), 1)
    if not FIRST_DATE <= monday_of_week < LAST_DATE:
        raise ValueError(f"{week!r} lies outside {FIRST_DATE.year} to {LAST_DATE.year}")
    return monday_of_week


# --- data -----------------------------------------------------------------------------------------


def _visible(field_value: Any) -> Any:
    return visible(field_value) if isinstance(field_value, str) else field_value


Name = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=LONGEST_TEXT, pattern=_NOT_BLANK
    ),
    BeforeValidator(_visible),
]
"""A text that says something: 1 to 512 visible characters (`visible`) without the white space around them."""

Text = Annotated[
    Annotated[
        str,
        StringConstraints(strip_whitespace=True, max_length=LONGEST_TEXT, pattern=_ANY_TEXT),
        BeforeValidator(_visible),
    ]
    | None,
    AfterValidator(_blank_is_absent),
]
"""A text that may be absent; null and a blank text are the same as absent."""

Identifier = Annotated[Name, Field(json_schema_extra={PSEUDONYMISED: True})]
"""The id of a person, case, ticket or client: a pseudonym `key-id:32 hex digits`, raw at the edge only."""

Day = Annotated[date, Field(ge=FIRST_DATE, le=LAST_DATE)]
"""A calendar date, `YYYY-MM-DD`, from 1901 to 2299."""

Week = Annotated[
    Name, AfterValidator(_monday), Field(json_schema_extra={"pattern": "^[0-9]{4}-W[0-9]{2}$"})
]
"""An ISO week, `2026-W07`."""

Count = Annotated[int, Field(ge=0, le=2**31 - 1)]
"""A whole number that is not negative."""

Whole = Annotated[int, Field(ge=-LARGEST_WHOLE, le=LARGEST_WHOLE)]
"""A whole number that JSON carries exactly."""

# --- envelope -------------------------------------------------------------------------------------

EventId = Annotated[
    str, StringConstraints(min_length=1, max_length=LONGEST_TEXT, pattern=_NOT_BLANK)
]
"""The id of the event: taken as it is, for it is half of the event's identity."""

Subject = Annotated[
    str, StringConstraints(min_length=1, max_length=LONGEST_TEXT, pattern=_ANY_TEXT)
]
"""The subject of the event in the source's own words: if it is there, it says something."""

UriReference = Annotated[
    str, StringConstraints(min_length=1, max_length=LONGEST_TEXT, pattern=_URI)
]
"""A URI or relative reference of RFC 3986, taken as it is."""

JsonMediaType = Annotated[str, StringConstraints(max_length=LONGEST_TEXT, pattern=_JSON_MEDIA_TYPE)]
"""The media type of JSON, or of a format that is JSON."""

Time = Annotated[
    datetime,
    PlainValidator(_instant),
    PlainSerializer(
        lambda moment: moment.astimezone(UTC).isoformat().replace("+00:00", "Z"), return_type=str
    ),
    WithJsonSchema({"type": "string", "format": "date-time", "pattern": TIME_PATTERN}),
]
"""An RFC 3339 time with its offset."""


def _number_schema(digits: str, largest: int) -> WithJsonSchema:
    text = {"type": "string", "pattern": f"^{digits}$"}
    number = {"type": "integer", "minimum": 0, "maximum": largest}
    return WithJsonSchema({"anyOf": [text, number, {"type": "null"}]})


Sequence = Annotated[
    int, PlainValidator(_sequence), _number_schema(_SEQUENCE_DIGITS, LARGEST_SEQUENCE)
]
"""A number that orders the events of one source: a text of digits, as CloudEvents has it, or a number."""

Revision = Annotated[
    int, PlainValidator(_revision), _number_schema(_REVISION_DIGITS, LARGEST_REVISION)
]
"""Which of several contents of one event is the newest: a whole number, or one as a text of digits."""

Retracted = Annotated[
    bool,
    PlainValidator(_retracted),
    WithJsonSchema({"anyOf": [{"type": "boolean"}, {"enum": ["true", "false"]}, {"type": "null"}]}),
]
"""Whether the event is taken back: true or false, or one of these as a text, as headers have it."""

Extension = (
    bool
    | Annotated[int, Field(ge=-(2**31), le=2**31 - 1)]
    | Annotated[str, StringConstraints(max_length=LONGEST_TEXT, pattern=_ANY_TEXT)]
    | None
)
"""An extension attribute: a boolean, a 32-bit integer or a text; null is absent."""

EXTENSION_NAME: Final = re.compile("[a-z0-9]+")


def is_extension(attribute_name: str) -> bool:
    """Whether an attribute of this name, which no model has, may be an extension attribute."""
    return bool(EXTENSION_NAME.fullmatch(attribute_name)) and attribute_name != "data_base64"


def kept_extensions(attributes: Mapping[str, bool | int | str | None]) -> dict[str, str]:
    """Extension attributes as texts, in the order of their names, as CloudEvents writes them in headers."""
    texts = {}
    for name, value in sorted(attributes.items()):
        if value is not None:
            text = str(value)
            texts[name] = text.lower() if isinstance(value, bool) else text
    return texts
