"""What the columns of a log mean: the model of a mapping.

A mapping is a short YAML file. At its top stand what holds for the whole file (format, zone, identity, nulls)
and the fields that all events share; under `events` stand the events that one row becomes. The names of
fields are those of the event types (`nytta.ingest.events`), so what a field means is said there.
`schemas/mappings/README.md` explains all of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping as Lookup
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator

from nytta.ingest.files.contract import subject_field, targets
from nytta.ingest.files.specs import (
    Dates,
    Entries,
    FieldName,
    Moment,
    Spec,
    Table,
    Test,
    TextList,
    Texts,
    Value,
    Zone,
)
from nytta.registry.calendars import is_country
from nytta.registry.units import ANY_PURPOSE, Approval

Source = Value | Test | Moment | bool
"""Where one field of an event comes from; a flag may be the same for every row."""


def _size(given_size: Any) -> int | dict[str, int]:
    def number(text: Any) -> int:
        if not re.fullmatch("[0-9]{1,9}", str(text)) or int(text) < 1:
            raise ValueError(
                "declared_size is a number of persons, or one for each unit: {unit: persons}"
            )
        return int(text)

    return (
        {unit: number(text) for unit, text in given_size.items()}
        if isinstance(given_size, dict)
        else number(given_size)
    )


def _unit_id(text: str) -> str:
    if not 1 <= len(text) <= 200 or text != text.strip() or not text.isprintable():
        raise ValueError("write an id of 1 to 200 printable characters without spaces around it")
    return text


def _country(text: str) -> str:
    if text and not is_country(text):
        raise ValueError(
            f"'{text[:200]}' is no country; write a code of two letters such as SE or NO, or leave it out"
        )
    return text


class Organisation(Spec):
    """The root unit under which the log's units stand where there is no registry."""

    id: Annotated[str, AfterValidator(_unit_id)]
    name: str = ""
    country: Annotated[str, AfterValidator(_country)] = ""
    language: str = ""


class Approved(Spec):
    """What is in place before figures are made of a log without a registry: `approvals` of the registry, for all."""

    legal_basis: FieldName
    dpia: FieldName
    consulted_on: date

    def given(self, root: str) -> Approval:
        """The approval of the organisation `root`, for any purpose."""
        return Approval(ANY_PURPOSE, root, self.legal_basis, self.dpia, self.consulted_on)


class Head(BaseModel):
    """What holds for the whole file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: FieldName
    """The name by which the mapping is called."""
    title: str = ""
    format: Literal["xes", "table", "ocel", "json", "lines", "object", "xml"]
    """`json` is one list of a document, `object` one object, `lines` an object a line, `xml` elements of a document."""
    records: str = ""
    """Where in a document the rows are: "Resources", or "result/items"; empty where it is the document itself."""
    each: str = ""
    """A list within a row whose items are the rows instead; fields of the row around them are `../NAME`."""
    entries: Annotated[
        tuple[Entries, ...],
        BeforeValidator(
            lambda short_form: [short_form] if isinstance(short_form, dict) else short_form
        ),
    ] = ()
    """Lists of named values within a row."""
    organisation: Annotated[
        Organisation,
        BeforeValidator(
            lambda short_form: {"id": short_form} if isinstance(short_form, str) else short_form
        ),
    ]
    timezone: Zone
    """The time zone of the organisation: its calendar, and the zone of times without an offset."""
    purpose: Literal["public_data"] | None = None
    """`public_data`: a published log without a register of persons; what is shown of it is labelled so."""
    approval: Approved | None = None
    """Without `public_data`: the legal basis, impact assessment and consultation under which figures may be made."""
    declared_size: Annotated[int | dict[str, int] | None, PlainValidator(_size)] = None
    """Persons in every unit, or in each named unit, where no register says it."""
    source: Annotated[str, Field(pattern="^[A-Za-z0-9][A-Za-z0-9._~:/@-]*$")] | None = None
    """The name of the source of rows that have an identity of their own."""
    identity: Texts | None = None
    """The fields that together name a row, the same in every export; without it, file and number do."""
    snapshot: bool = False
    """Whether each export holds the whole list, so that a later one supersedes what an earlier one said."""
    complete: bool = False
    """Whether a snapshot holds every row there is, so that what it lacks is taken back."""
    revision: Annotated[
        Moment | None,
        BeforeValidator(
            lambda short_form: {"field": short_form} if isinstance(short_form, str) else short_form
        ),
    ] = None
    """The field that grows with each change of a row, a whole number or a time: the greatest counts."""
    nulls: TextList = ()
    """Texts that stand for "nothing", beside the empty text."""
    table: Table = Table()
    dates: Dates = Dates()
    notes: TextList = ()
    """What the log can and cannot support, for those who read its figures."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One event that a row becomes.

    The rule without `also` is the row's own event. An event with `also` ("opened") is derived from the row:
    it has the row's id with "." and that word behind it, and is left out where its time is absent.
    """

    types: tuple[str, ...]
    """Short names of the types it may have; one, unless `choice` chooses."""
    also: str = ""
    choice: Value | None = None
    """The value whose results are the short names."""
    when: Test | None = None
    """Rows for which the answer is no do not become this event."""
    once: bool = False
    """Only at the first of consecutive rows about the same subject."""
    identity: tuple[str, ...] | None = None
    """The fields that name this event, where those of the row do not."""
    fields: Lookup[str, Source] = field(default_factory=dict)


class Mapping(Head):
    """A mapping, checked."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    common: Lookup[str, Source]
    """Fields that every event has whose type takes them, and `time`."""
    rules: tuple[Rule, ...]

    def fields_of(self, rule: Rule, type_name: str) -> dict[str, Source]:
        """Everything that an event of this type gets under this rule, `time` included."""
        # common fields are given to every event, of which not each takes all; a rule's own stand above them
        target_names = targets()[type_name].keys() | {"time"}
        return {
            field_name: source
            for field_name, source in {**self.common, **rule.fields}.items()
            if field_name in target_names
        }

    @property
    def columns(self) -> frozenset[str]:
        """Every field of the file that the mapping reads."""
        sources: list[Source | None] = [*self.common.values()]
        for rule in self.rules:
            sources += [rule.choice, rule.when, *rule.fields.values()]
        read = [
            field_name
            for source in sources
            if isinstance(source, Value | Test | Moment)
            for field_name in source.fields
        ]
        read += [field_name for rule in self.rules for field_name in rule.identity or ()]
        read += [*(self.identity or ()), *(self.revision.fields if self.revision else ())]
        return frozenset(read)

    @property
    def shared(self) -> frozenset[tuple[str, str]]:
        """Fields that rows share (`within`), each with the field that names of what the rows are."""
        sources = [
            *self.common.values(),
            *(source for rule in self.rules for source in rule.fields.values()),
        ]
        values = (source for source in sources if isinstance(source, Value))
        return frozenset(
            (value.field, value.within) for value in values if value.field and value.within
        )

    @property
    def needed(self) -> frozenset[str]:
        """Fields without which a row is no event of its kind: its identity, its revision, its times and its subject."""
        return self._needed(optional=True)

    @property
    def indispensable(self) -> frozenset[str]:
        """Of these, the fields without which a row is rejected: for others the mapping says what stands in."""
        return self._needed(optional=False)

    def _needed(self, *, optional: bool) -> frozenset[str]:
        needed_fields = [*(self.identity or ()), *(self.revision.fields if self.revision else ())]
        for rule in self.rules:
            for type_name in rule.types:
                fields = self.fields_of(rule, type_name)
                for field_name in ("time", "unit", subject_field(type_name)):
                    source = fields.get(field_name)
                    # the mapping itself says what stands in for an absent text
                    if isinstance(source, Value) and source.missing is not None and not optional:
                        continue
                    # a derived event without a time is left out, and takes nothing with it
                    if isinstance(source, Value | Moment) and (
                        field_name != "time" or not rule.also
                    ):
                        needed_fields += source.fields
        return frozenset(needed_fields)

    @property
    def corrects(self) -> bool:
        """Whether a row that comes again may say something else than before."""
        return self.identity is not None and (self.snapshot or self.revision is not None)


def supports(mapping: Mapping) -> dict[str, frozenset[str]]:
    """Short event type → the data fields that the mapping can fill. What needs others finds nothing."""
    supported: dict[str, frozenset[str]] = {}
    for rule in mapping.rules:
        for type_name in rule.types:
            fields = frozenset(mapping.fields_of(rule, type_name)) - {"time"}
            supported[type_name] = supported.get(type_name, frozenset()) | fields
    return supported
