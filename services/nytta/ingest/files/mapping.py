"""What the columns of a log mean: the model of a mapping, and its loader.

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
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, ValidationError

from nytta.ingest.files import mapping_file
from nytta.ingest.files.contract import Target, subject_field, targets
from nytta.ingest.files.errors import MappingError
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
from nytta.registry import declarations
from nytta.registry.calendars import is_country
from nytta.registry.problems import Problem, nearest
from nytta.registry.units import ANY_PURPOSE, Approval

Source = Value | Test | Moment | bool
"""Where one field of an event comes from; a flag may be the same for every row."""

_TIME = Target("day", required=True)
_NESTED = ("json", "lines", "object", "xml")
"""Formats whose rows may hold lists."""
_Model = TypeVar("_Model", bound=BaseModel)


def _size(given_size: Any) -> int | dict[str, int]:
    def number(text: Any) -> int:
        if not re.fullmatch("[0-9]{1,9}", str(text)) or int(text) < 1:
            raise ValueError("declared_size is a number of persons, or one for each unit: {unit: persons}")
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
        raise ValueError(f"'{text[:200]}' is no country; write a code of two letters such as SE or NO, or leave it out")
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


class _Head(BaseModel):
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
        BeforeValidator(lambda short_form: [short_form] if isinstance(short_form, dict) else short_form),
    ] = ()
    """Lists of named values within a row."""
    organisation: Annotated[
        Organisation,
        BeforeValidator(lambda short_form: {"id": short_form} if isinstance(short_form, str) else short_form),
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
        BeforeValidator(lambda short_form: {"field": short_form} if isinstance(short_form, str) else short_form),
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


class Mapping(_Head):
    """A mapping, checked."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    common: Lookup[str, Source]
    """Fields that every event has whose type takes them, and `time`."""
    rules: tuple[Rule, ...]

    def fields_of(self, rule: Rule, type_name: str) -> dict[str, Source]:
        """Everything that an event of this type gets under this rule, `time` included."""
        # common fields are given to every event, of which not each takes all; a rule's own stand above them
        target_names = targets()[type_name].keys() | {"time"}
        return {name: source for name, source in {**self.common, **rule.fields}.items() if name in target_names}

    @property
    def columns(self) -> frozenset[str]:
        """Every field of the file that the mapping reads."""
        sources: list[Source | None] = [*self.common.values()]
        for rule in self.rules:
            sources += [rule.choice, rule.when, *rule.fields.values()]
        read = [name for source in sources if isinstance(source, Value | Test | Moment) for name in source.fields]
        read += [name for rule in self.rules for name in rule.identity or ()]
        read += [*(self.identity or ()), *(self.revision.fields if self.revision else ())]
        return frozenset(read)

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
                for name in ("time", "unit", subject_field(type_name)):
                    source = fields.get(name)
                    # the mapping itself says what stands in for an absent text
                    if isinstance(source, Value) and source.missing is not None and not optional:
                        continue
                    # a derived event without a time is left out, and takes nothing with it
                    if isinstance(source, Value | Moment) and (name != "time" or not rule.also):
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


def shipped() -> list[str]:
    """The names of the mappings that come with Nytta, in order."""
    return sorted(path.stem for path in _folder().glob("*.yaml"))


def load(name: str | Path) -> Mapping:
    """The shipped mapping of that name, or the one in that file. `MappingError` lists all that is wrong."""
    path = Path(name)
    if path.suffix not in (".yaml", ".yml"):
        path = _folder() / f"{name}.yaml"
        if not path.is_file():
            known_names = shipped()
            message = (
                f"no mapping comes with that name{nearest(str(name), known_names)} Known: {', '.join(known_names)}; "
            )
            raise MappingError([Problem(str(name), 1, message + "or name a .yaml file")])
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise MappingError([Problem(str(path), 1, f"the mapping cannot be opened: {error.strerror}")]) from error
    except UnicodeDecodeError as error:
        raise MappingError([Problem(str(path), 1, "the mapping is not UTF-8; save it as UTF-8")]) from error
    return parse(text, str(path))


def parse(text: str, file: str) -> Mapping:
    """The mapping in YAML `text`; `file` is its name in messages. `MappingError` lists all that is wrong."""
    document = mapping_file.parse(text, file)
    mapping = _Builder(document).build() if document.data is not None else None
    # all of them at once: whoever mends a mapping should not meet them one by one
    if document.problems:
        raise MappingError(sorted(document.problems))
    assert mapping is not None
    return mapping


def _folder() -> Path:
    return declarations.schemas() / "mappings"


class _Builder:
    """Turns the texts of a document into a mapping and notes every problem on the way."""

    def __init__(self, document: mapping_file.Document) -> None:
        self._document = document
        self._known = {name for fields in targets().values() for name in fields} | {"time"}

    def build(self) -> Mapping | None:
        data = self._document.data
        if not isinstance(data, dict):
            self._document.add((), "a mapping is a list of `name: value` lines")
            return None
        head = self._model(_Head, {name: data[name] for name in data if name in _Head.model_fields}, ())
        rules = self._rules(data.get("events"))
        types = {type_name for rule in rules for type_name in rule.types}
        remaining = {
            name: given_value
            for name, given_value in data.items()
            if name not in _Head.model_fields and name != "events"
        }
        common = self._fields(remaining, (), types)
        mapping = None
        if head is not None:
            head_fields = {name: getattr(head, name) for name in _Head.model_fields}
            mapping = Mapping.model_construct(**head_fields, common=MappingProxyType(common), rules=tuple(rules))
            self._check_whole(mapping)
        return mapping

    def _rules(self, given_rules: Any) -> list[Rule]:
        if not isinstance(given_rules, list) or not given_rules:
            self._document.add(
                ("events",), "events: list at least one event that a row becomes, such as `- type: case.step`"
            )
            return []
        rules = [rule for index, entry in enumerate(given_rules) if (rule := self._rule(entry, ("events", index)))]
        # events of a row are told apart by that word: two with the same would have one id
        seen_rules: set[tuple[str, tuple[str, ...] | None]] = set()
        for index, rule in enumerate(rules):
            if (rule.also, rule.identity) in seen_rules:
                rule_name = f"also: {rule.also}" if rule.also else "an event without also"
                self._document.add(
                    ("events", index), f"{rule_name} stands here a second time; give each event its own word"
                )
            seen_rules.add((rule.also, rule.identity))
        return rules

    def _rule(self, entry: Any, path: mapping_file.Path) -> Rule | None:
        if not isinstance(entry, dict):
            self._document.add(path, "an event is a list of `name: value` lines, first of all `type:`")
            return None
        head = self._model(_RuleHead, {name: entry[name] for name in entry if name in _RuleHead.model_fields}, path)
        types = self._types(head.type, (*path, "type")) if head is not None else ()
        remaining = {name: given_value for name, given_value in entry.items() if name not in _RuleHead.model_fields}
        fields = self._fields(remaining, path, set(types))
        if head is None or not types:
            return None
        # a type that is the same for every row is known now, and looked up no more
        choice = head.type if head.type.constant is None else None
        return Rule(types, head.also, choice, head.when, head.once, head.identity, MappingProxyType(fields))

    def _types(self, value: Value, path: mapping_file.Path) -> tuple[str, ...]:
        type_names = tuple(dict.fromkeys(value.results))
        if value.constant is None and value.passes_through:
            self._document.add(path, "say which text means which type: {field: …, values: {text: case.step}}")
        for name in type_names:
            if name not in targets():
                self._document.add(path, f"there is no event type '{name}'{nearest(name, targets())}")
        return tuple(name for name in type_names if name in targets())

    def _fields(self, given_fields: Lookup[str, Any], path: mapping_file.Path, types: set[str]) -> dict[str, Source]:
        sources: dict[str, Source] = {}
        for name, value in given_fields.items():
            place = (*path, name)
            if name not in self._known:
                known_names = self._known | (_RuleHead.model_fields.keys() if path else _Head.model_fields.keys())
                self._document.add(place, f"there is no field '{name}'{nearest(name, known_names)}")
                continue
            taking = (
                [_TIME]
                if name == "time"
                else [targets()[type_name][name] for type_name in sorted(types) if name in targets()[type_name]]
            )
            if not taking:
                if types:
                    self._document.add(place, f"{' and '.join(sorted(types))} cannot have '{name}'; remove it")
                continue
            source = self._source(taking[0], value, place)
            if source is not None:
                sources[name] = source
        return sources

    def _source(self, target: Target, given_source: Any, path: mapping_file.Path) -> Source | None:
        if target.kind == "day":
            return self._model(Moment, {"field": given_source} if isinstance(given_source, str) else given_source, path)
        if target.kind == "flag":
            if given_source in ("true", "false"):
                return bool(given_source == "true")
            if isinstance(given_source, str):
                self._document.add(path, "a flag is true, false, or a question such as {field: …, is: …}")
                return None
            return self._model(Test, given_source, path)
        value = self._model(Value, {"field": given_source} if isinstance(given_source, str) else given_source, path)
        if value is None:
            return None
        for text in value.results:
            if target.kind == "choice" and text not in target.choices:
                self._document.add(path, f"'{text}' is none of {', '.join(target.choices)}")
            if target.kind == "whole" and not text.lstrip("-").isdigit():
                self._document.add(path, f"'{text}' is not a whole number")
        if target.kind != "whole" and (value.sum is not None or value.times != 1):
            self._document.add(path, "sum and times are for numbers; this field takes text")
        return value

    def _check_whole(self, mapping: Mapping) -> None:
        """Say what its parts, each right by itself, contradict together."""
        self._check_identity(mapping)
        self._check_form(mapping)
        for index, rule in enumerate(mapping.rules):
            self._check_rule(mapping, rule, index)

    def _check_identity(self, mapping: Mapping) -> None:
        if mapping.source is not None and mapping.identity is None:
            self._document.add(("source",), "source belongs to identity; remove it, or say which fields name a row")
        if mapping.identity is not None and mapping.source is None:
            self._document.add(
                ("identity",), "identity needs the name of its source, the same for every export: source: …"
            )
        if mapping.snapshot and mapping.identity is None:
            self._document.add(
                ("snapshot",),
                "a snapshot needs identity: the fields by which rows of two exports are the same",
            )
        if mapping.complete and not mapping.snapshot:
            self._document.add(("complete",), "complete belongs to snapshot: true, for it is about the whole list")
        if mapping.revision is not None and mapping.identity is None:
            self._document.add(("revision",), "a revision needs identity: the fields by which a row is the same again")

    def _check_form(self, mapping: Mapping) -> None:
        if mapping.format != "table" and mapping.table != Table():
            self._document.add(
                ("table",), "table is for format: table; other formats say themselves how they are written"
            )
        nested = mapping.format in _NESTED
        if mapping.records and (not nested or mapping.format == "lines"):
            self._document.add(("records",), "records is for format: json, object or xml; others have one list only")
        for name in ("each", "entries"):
            if getattr(mapping, name) and not nested:
                self._document.add((name,), f"{name} is for format: json, lines, object or xml; others have no lists")

    def _check_rule(self, mapping: Mapping, rule: Rule, index: int) -> None:
        if rule.identity is not None and mapping.identity is None:
            self._document.add(
                ("events", index), "an event's own identity needs source and identity of the rows beside it"
            )
        for type_name in rule.types:
            fields = mapping.fields_of(rule, type_name)
            required = [name for name, target in targets()[type_name].items() if target.required]
            for name in [*required, "time"]:
                if name not in fields:
                    self._document.add(("events", index), f"{type_name} needs '{name}'; say where it comes from")

    def _model(self, model: type[_Model], given_value: Any, path: mapping_file.Path) -> _Model | None:
        try:
            return model.model_validate(given_value)
        except ValidationError as error:
            for detail in error.errors():
                self._document.add(*_in_words(detail, path, model))
            return None


class _RuleHead(Spec):
    type: Annotated[
        Value,
        BeforeValidator(lambda short_form: {"constant": short_form} if isinstance(short_form, str) else short_form),
    ]
    also: Annotated[str, Field(pattern="^[a-z][a-z_]*$")] = ""
    when: Test | None = None
    once: bool = False
    identity: Texts | None = None


def _in_words(detail: Any, path: mapping_file.Path, model: type[BaseModel]) -> tuple[mapping_file.Path, str]:
    """Where pydantic's complaint belongs, and the complaint as a sentence that says what to change."""
    place = (*path, *detail["loc"])
    name = detail["loc"][-1] if detail["loc"] else ""
    kind, message = detail["type"], str(detail["msg"])
    if kind == "missing":
        return path, f"'{name}' is missing"
    if kind == "extra_forbidden":
        known_names = [info.alias or field for field, info in model.model_fields.items()]
        return place, f"there is no '{name}' here{nearest(str(name), known_names)}"
    if kind == "value_error":
        return place, message.removeprefix("Value error, ")
    if kind in ("model_type", "model_attributes_type", "dict_type"):
        return place, "this is a list of `name: value` lines or {name: value, …}, not a single text"
    if kind == "literal_error":
        return place, f"'{detail['input']}' is none of {detail['ctx']['expected']}"
    if name:
        return place, f"'{name}': {message[:1].lower()}{message[1:]}"
    return place, message
