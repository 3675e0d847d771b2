"""What a single word of the registry's files may be. Every error says what to write instead."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, NoReturn
from zoneinfo import available_timezones

from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from nytta.registry.calendars import is_country
from nytta.registry.dates import BEGINNING, END, Span, is_zone, parse_week
from nytta.registry.problems import nearest
from nytta.registry.units import LANGUAGES, Names

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
_EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>]+")
_URL = re.compile(r"https://[^\s/]+(/\S*)?")
_KEY = re.compile(r"[A-Za-z0-9._-]{1,64}")
_CURRENCY = re.compile(r"[A-Z]{3}")
_LARGEST = 10**15
_LONGEST = 2000
_DIGITS = 100


@dataclass(frozen=True, slots=True)
class KnownIds:
    """Ids that entries may name; None where nothing is known and anything goes.

    The models' validation context.

    `case_types` holds the case types of each system, `versions` the current version of each indicator.
    """

    units: frozenset[str] | None = None
    organisations: frozenset[str] | None = None
    systems: frozenset[str] | None = None
    decisions: frozenset[str] | None = None
    indicators: frozenset[str] | None = None
    purposes: frozenset[str] | None = None
    alerts: frozenset[str] | None = None
    case_types: dict[str, frozenset[str]] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)


def refuse(message: str) -> NoReturn:
    """Reject the value that is being validated, with a message for a person."""
    raise PydanticCustomError("registry", "{message}", {"message": message})


def _word(field_value: object) -> str:
    if field_value is None:
        refuse("must not be empty")
    if not isinstance(field_value, str):
        refuse("must be one word or text, not a list or a mapping")
    return field_value


def _text(field_value: object) -> str:
    field_text = _word(field_value).strip()
    if not field_text:
        refuse("must not be empty")
    if len(field_text) > _LONGEST:
        refuse(f"must not be longer than {_LONGEST} characters")
    return field_text


def _id(field_value: object) -> str:
    field_text = _word(field_value)
    has_length = 1 <= len(field_text) <= 200
    if not has_length or field_text != field_text.strip() or not field_text.isprintable():
        refuse(f"must be an id of 1 to 200 printable characters without spaces around it, not '{field_text}'")
    return field_text


def _day(field_value: object) -> date:
    field_text = _word(field_value)
    try:
        day = date.fromisoformat(field_text) if _DAY.fullmatch(field_text) else None
    except ValueError:
        day = None
    if day is None:
        refuse(f"must be a date that exists, such as 2026-03-31, not '{field_text}'")
    if not BEGINNING <= day <= END:
        refuse(f"must lie between {BEGINNING} and {END}, not be {day}")
    return day


def _week(field_value: object) -> date:
    try:
        return parse_week(_word(field_value))
    except ValueError:
        refuse(f"must be an ISO week that exists, such as 2026-W07, not '{field_value}'")


def _flag(field_value: object) -> bool:
    # words that YAML itself would read as a boolean: here they come as text, and mean what people mean by them
    field_text = _word(field_value).lower()
    if field_text not in {"true", "false", "yes", "no"}:
        refuse(f"must be true or false, not '{field_text}'")
    return field_text in {"true", "yes"}


def _integer(field_value: object, scale: int, requirement: str) -> int:
    # people part thousands by a space
    field_text = re.sub(r"(?<=\d)[\s_](?=\d)", "", _word(field_value))
    # bounded before it is computed with: the work grows with the digits
    if len(field_text) > _DIGITS or not _NUMBER.fullmatch(field_text):
        refuse(f"must be {requirement}, not '{field_text[:_LONGEST]}'")
    # decimal, for 0.1 has no exact binary form and would have too many decimals
    scaled = Decimal(field_text) * scale
    if scaled != scaled.to_integral_value():
        decimals = len(str(scale)) - 1  # of a power of ten
        refuse(f"has too many decimals: '{field_text}'; give at most {decimals}")
    if abs(scaled) > _LARGEST:
        refuse(f"is too large: '{field_text}'")
    return int(scaled)


def _thousandths(field_value: object) -> int:
    field_text = _word(field_value)
    if field_text.endswith("%"):
        return _integer(field_text[:-1].rstrip(), 10, "a number such as 0.8 or 80 %")
    return _integer(field_text, 1000, "a number such as 0.8 or 80 %")


def _share(field_value: object) -> int:
    thousandths = _thousandths(field_value)
    if not 0 <= thousandths <= 1000:
        refuse(f"must be a share between 0 and 1 (or 0 % and 100 %), not '{field_value}'")
    return thousandths


def _amount(field_value: object) -> int:
    amount = _integer(field_value, 100, "an amount such as 415 or 415.50")
    if amount < 0:
        refuse(f"must not be negative: '{field_value}'")
    return amount


def _milliseconds(field_value: object) -> int:
    # Six seconds are the finest step that reads as a decimal of a minute.
    tenths = _integer(field_value, 10, "minutes such as 40 or 2.5")
    if tenths < 0:
        refuse(f"must not be negative: '{field_value}'")
    return tenths * 6000


def _count(field_value: object) -> int:
    count = _integer(field_value, 1, "a whole number")
    if not 0 <= count < 2**32:
        refuse(f"must be a whole number from 0, not '{field_value}'")
    return count


def _country(field_value: object) -> str:
    field_text = _word(field_value).upper()
    if not is_country(field_text):
        refuse(f"must be a two-letter country code such as SE or NO, not '{field_value}'")
    return field_text


def _language(field_value: object) -> str:
    field_text = _word(field_value)
    if field_text not in LANGUAGES:
        refuse(f"must be one of {', '.join(LANGUAGES)}, not '{field_text}'")
    return field_text


def _zone(field_value: object) -> str:
    field_text = _word(field_value)
    if not is_zone(field_text):
        hint = nearest(field_text, available_timezones())
        refuse(f"must be an IANA time zone such as Europe/Stockholm, not '{field_text}'{hint}")
    return field_text


def _matching(pattern: re.Pattern[str], requirement: str) -> Callable[[object], str]:
    def match(field_value: object) -> str:
        field_text = _word(field_value)
        if len(field_text) > _LONGEST or not pattern.fullmatch(field_text):
            refuse(f"must be {requirement}, not '{field_text[:_LONGEST]}'")
        return field_text

    return match


def _names(field_value: object) -> Names:
    if isinstance(field_value, str):
        return Names.of(_text(field_value))
    if not isinstance(field_value, dict) or not field_value:
        refuse("must be a name, or names by language: {sv: …, nb: …, en: …}")
    unknown = sorted(set(field_value) - set(LANGUAGES))
    if unknown:
        refuse(f"has the language '{unknown[0]}'; use {', '.join(LANGUAGES)}")
    texts = {language: _text(field_text) for language, field_text in field_value.items()}
    # A missing language borrows English, else the first that is given.
    spare = texts.get("en") or next(iter(texts.values()))
    return Names(*(texts.get(language, spare) for language in LANGUAGES))


def _reference(noun: str, section: str) -> Callable[[object, ValidationInfo], str]:
    def refer(field_value: object, validation: ValidationInfo) -> str:
        referred_id = _word(field_value)
        # None where the file that would name them cannot be read: then nothing is held against the entry
        known_names: frozenset[str] | None = getattr(validation.context, section)
        if known_names is not None and referred_id not in known_names:
            refuse(f"names an unknown {noun} '{referred_id}'{nearest(referred_id, known_names)}")
        return referred_id

    return refer


def _false_rate(field_value: object) -> float:
    thousandths = _integer(field_value, 1000, "a number such as 0.05")
    if not 5 <= thousandths <= 500:
        refuse(
            "must lie between 0.005 and 0.5 false alarms per unit and year "
            f"(0.05 is one in twenty units each year), not be '{field_value}'"
        )
    return thousandths / 1000


Text = Annotated[str, PlainValidator(_text)]
Id = Annotated[str, PlainValidator(_id)]
Day = Annotated[date, PlainValidator(_day)]
Week = Annotated[date, PlainValidator(_week)]
Flag = Annotated[bool, PlainValidator(_flag)]
Thousandths = Annotated[int, PlainValidator(_thousandths)]
Share = Annotated[int, PlainValidator(_share)]
FalseRate = Annotated[float, PlainValidator(_false_rate)]
Amount = Annotated[int, PlainValidator(_amount)]
Milliseconds = Annotated[int, PlainValidator(_milliseconds)]
Count = Annotated[int, PlainValidator(_count)]
Country = Annotated[str, PlainValidator(_country)]
Language = Annotated[str, PlainValidator(_language)]
Zone = Annotated[str, PlainValidator(_zone)]
Email = Annotated[str, PlainValidator(_matching(_EMAIL, "an e-mail address such as anna@example.org"))]
Url = Annotated[str, PlainValidator(_matching(_URL, "an address that begins with https://"))]
KeyId = Annotated[str, PlainValidator(_matching(_KEY, "1 to 64 letters, digits, dots, hyphens or underscores"))]
Currency = Annotated[str, PlainValidator(_matching(_CURRENCY, "three capital letters such as SEK or NOK"))]
Naming = Annotated[Names, PlainValidator(_names)]
UnitRef = Annotated[str, PlainValidator(_reference("unit", "units"))]
OrganisationRef = Annotated[str, PlainValidator(_reference("organisation", "organisations"))]
SystemRef = Annotated[str, PlainValidator(_reference("system", "systems"))]
DecisionRef = Annotated[str, PlainValidator(_reference("decision", "decisions"))]
IndicatorRef = Annotated[str, PlainValidator(_reference("indicator", "indicators"))]
AlertRef = Annotated[str, PlainValidator(_reference("kind of alert", "alerts"))]
PurposeRef = Annotated[str, PlainValidator(_reference("purpose", "purposes"))]


class Entry(BaseModel):
    """One mapping of a file. Unknown words are refused; known words that hold nothing count as absent."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _without_nothing(cls, raw_entry: object) -> object:
        if not isinstance(raw_entry, dict):
            return raw_entry
        # unknown words stay, so that they are refused though they hold nothing
        field_names = {*cls.model_fields, "name", "names"}
        entry = {}
        for key, field_value in raw_entry.items():
            if field_value is not None or key not in field_names:
                entry[key] = field_value
        return entry


class Dated(Entry):
    """An entry that holds from `valid_from` up to, not including, `valid_to`."""

    valid_from: Day = BEGINNING
    valid_to: Day = END

    @field_validator("valid_to")
    @classmethod
    def _ends_later(cls, valid_to: date, validation: ValidationInfo) -> date:
        valid_from = validation.data.get("valid_from")
        if valid_from is not None and valid_to <= valid_from:
            refuse(f"must be later than valid_from ({valid_from}), not {valid_to}")
        return valid_to

    @property
    def span(self) -> Span:
        """The days on which the entry holds."""
        return Span(self.valid_from, self.valid_to)


class Named(Entry):
    """An entry with an id and a name; the id serves where no name is given.

    `name:` and `names:` mean the same.
    """

    id: Id
    given: Naming | None = Field(default=None, validation_alias=AliasChoices("names", "name"))

    @property
    def names(self) -> Names:
        """The name in each language."""
        return self.given or Names.of(self.id)


def case_type_of(case_type: str, validation: ValidationInfo) -> str:
    """Refuse a case type that the entry's `system` does not have. An entry without a system can name none."""
    system = validation.data.get("system")
    if system == "":
        refuse("names a case type but the entry has no `system`")
    case_types = None
    # a system that was refused itself stands here as nothing
    if isinstance(validation.context, KnownIds) and isinstance(system, str):
        case_types = validation.context.case_types.get(system)
    if case_types is not None and case_type not in case_types:
        refuse(f"names an unknown case type '{case_type}' of system '{system}'{nearest(case_type, case_types)}")
    return case_type


def once(field_values: Iterable[Any], noun: str) -> None:
    """Refuse a list in which something stands twice."""
    # the first repetition alone is told: the others are found when it is mended
    seen_values: set[Any] = set()
    for field_value in field_values:
        if field_value in seen_values:
            refuse(f"has the {noun} '{field_value}' twice; remove one")
        seen_values.add(field_value)
