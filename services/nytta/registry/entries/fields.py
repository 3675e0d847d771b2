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
"""Numbers beyond this are typing errors; columns of the store hold 64 bits."""
_LONGEST = 2000
"""Characters of a text, and of what a message repeats of one."""
_DIGITS = 100
"""Digits of a number before its size is looked at."""


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


def _word(raw_value: object) -> str:
    if raw_value is None:
        refuse("must not be empty")
    if not isinstance(raw_value, str):
        refuse("must be one word or text, not a list or a mapping")
    return raw_value


def _text(raw_value: object) -> str:
    text = _word(raw_value).strip()
    if not text:
        refuse("must not be empty")
    if len(text) > _LONGEST:
        refuse(f"must not be longer than {_LONGEST} characters")
    return text


def _id(raw_value: object) -> str:
    identifier = _word(raw_value)
    has_length = 1 <= len(identifier) <= 200
    if not has_length or identifier != identifier.strip() or not identifier.isprintable():
        refuse(
            f"must be an id of 1 to 200 printable characters without spaces around it, not '{identifier}'"
        )
    return identifier


def _day(raw_value: object) -> date:
    word = _word(raw_value)
    try:
        day = date.fromisoformat(word) if _DAY.fullmatch(word) else None
    except ValueError:
        day = None
    if day is None:
        refuse(f"must be a date that exists, such as 2026-03-31, not '{word}'")
    if not BEGINNING <= day <= END:
        refuse(f"must lie between {BEGINNING} and {END}, not be {day}")
    return day


def _week(raw_value: object) -> date:
    try:
        return parse_week(_word(raw_value))
    except ValueError:
        refuse(f"must be an ISO week that exists, such as 2026-W07, not '{raw_value}'")


def _flag(raw_value: object) -> bool:
    # words that YAML itself would read as a boolean: here they come as text, and mean what people mean by them
    word = _word(raw_value).lower()
    if word not in {"true", "false", "yes", "no"}:
        refuse(f"must be true or false, not '{word}'")
    return word in {"true", "yes"}


def _integer(raw_value: object, scale: int, requirement: str) -> int:
    # people part thousands by a space
    digits = re.sub(r"(?<=\d)[\s_](?=\d)", "", _word(raw_value))
    # bounded before it is computed with: the work grows with the digits
    if len(digits) > _DIGITS or not _NUMBER.fullmatch(digits):
        refuse(f"must be {requirement}, not '{digits[:_LONGEST]}'")
    # decimal, for 0.1 has no exact binary form and would have too many decimals
    scaled = Decimal(digits) * scale
    if scaled != scaled.to_integral_value():
        decimals = len(str(scale)) - 1  # of a power of ten
        refuse(f"has too many decimals: '{digits}'; give at most {decimals}")
    if abs(scaled) > _LARGEST:
        refuse(f"is too large: '{digits}'")
    return int(scaled)


def _thousandths(raw_value: object) -> int:
    word = _word(raw_value)
    if word.endswith("%"):
        return _integer(word[:-1].rstrip(), 10, "a number such as 0.8 or 80 %")
    return _integer(word, 1000, "a number such as 0.8 or 80 %")


def _share(raw_value: object) -> int:
    thousandths = _thousandths(raw_value)
    if not 0 <= thousandths <= 1000:
        refuse(f"must be a share between 0 and 1 (or 0 % and 100 %), not '{raw_value}'")
    return thousandths


def _amount(raw_value: object) -> int:
    amount = _integer(raw_value, 100, "an amount such as 415 or 415.50")
    if amount < 0:
        refuse(f"must not be negative: '{raw_value}'")
    return amount


def _milliseconds(raw_value: object) -> int:
    # a tenth of a minute is as fine as anybody states working time
    tenths = _integer(raw_value, 10, "minutes such as 40 or 2.5")
    if tenths < 0:
        refuse(f"must not be negative: '{raw_value}'")
    return tenths * 6000  # milliseconds in a tenth of a minute


def _count(raw_value: object) -> int:
    count = _integer(raw_value, 1, "a whole number")
    if not 0 <= count < 2**32:
        refuse(f"must be a whole number from 0, not '{raw_value}'")
    return count


def _country(raw_value: object) -> str:
    country_code = _word(raw_value).upper()
    if not is_country(country_code):
        refuse(f"must be a two-letter country code such as SE or NO, not '{raw_value}'")
    return country_code


def _language(raw_value: object) -> str:
    language = _word(raw_value)
    if language not in LANGUAGES:
        refuse(f"must be one of {', '.join(LANGUAGES)}, not '{language}'")
    return language


def _zone(raw_value: object) -> str:
    zone_name = _word(raw_value)
    if not is_zone(zone_name):
        hint = nearest(zone_name, available_timezones())
        refuse(f"must be an IANA time zone such as Europe/Stockholm, not '{zone_name}'{hint}")
    return zone_name


def _matching(pattern: re.Pattern[str], requirement: str) -> Callable[[object], str]:
    def match(raw_value: object) -> str:
        word = _word(raw_value)
        if len(word) > _LONGEST or not pattern.fullmatch(word):
            refuse(f"must be {requirement}, not '{word[:_LONGEST]}'")
        return word

    return match


def _names(raw_value: object) -> Names:
    if isinstance(raw_value, str):
        return Names.of(_text(raw_value))
    if not isinstance(raw_value, dict) or not raw_value:
        refuse("must be a name, or names by language: {sv: …, nb: …, en: …}")
    unknown = sorted(set(raw_value) - set(LANGUAGES))
    if unknown:
        refuse(f"has the language '{unknown[0]}'; use {', '.join(LANGUAGES)}")
    texts = {language: _text(name) for language, name in raw_value.items()}
    # A missing language borrows English, else the first that is given.
    spare = texts.get("en") or next(iter(texts.values()))
    return Names(*(texts.get(language, spare) for language in LANGUAGES))


def _reference(noun: str, section: str) -> Callable[[object, ValidationInfo], str]:
    def refer(raw_value: object, validation: ValidationInfo) -> str:
        referred_id = _word(raw_value)
        # None where the file that would name them cannot be read: then nothing is held against the entry
        known_ids: frozenset[str] | None = getattr(validation.context, section)
        if known_ids is not None and referred_id not in known_ids:
            refuse(f"names an unknown {noun} '{referred_id}'{nearest(referred_id, known_ids)}")
        return referred_id

    return refer


def _false_rate(raw_value: object) -> float:
    thousandths = _integer(raw_value, 1000, "a number such as 0.05")
    if not 5 <= thousandths <= 500:
        refuse(
            "must lie between 0.005 and 0.5 false alarms per unit and year "
            f"(0.05 is one in twenty units each year), not be '{raw_value}'"
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
Email = Annotated[
    str, PlainValidator(_matching(_EMAIL, "an e-mail address such as anna@example.org"))
]
Url = Annotated[str, PlainValidator(_matching(_URL, "an address that begins with https://"))]
KeyId = Annotated[
    str, PlainValidator(_matching(_KEY, "1 to 64 letters, digits, dots, hyphens or underscores"))
]
Currency = Annotated[
    str, PlainValidator(_matching(_CURRENCY, "three capital letters such as SEK or NOK"))
]
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
        for key, raw_value in raw_entry.items():
            if raw_value is not None or key not in field_names:
                entry[key] = raw_value
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
    stated_names: Naming | None = Field(
        default=None, validation_alias=AliasChoices("names", "name")
    )

    @property
    def names(self) -> Names:
        """The name in each language."""
        return self.stated_names or Names.of(self.id)


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
        refuse(
            f"names an unknown case type '{case_type}' of system '{system}'{nearest(case_type, case_types)}"
        )
    return case_type


def once(values: Iterable[Any], noun: str) -> None:
    """Refuse a list in which something stands twice; `noun` is what the values are, for the message."""
    # the first repetition alone is reported: the others are found when it is mended
    earlier_values: set[Any] = set()
    for value in values:
        if value in earlier_values:
            refuse(f"has the {noun} '{value}' twice; remove one")
        earlier_values.add(value)
